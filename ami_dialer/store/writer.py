"""Write-behind: many small writes, one commit.

A call makes some five writes. One transaction each would cost more than the call (docs/performance.md), so writes are
gathered for `commit_interval` and committed together. Whoever must not go on before a write is durable awaits it; what
nobody waits for is gathered for longer, since a commit costs as much as all that is in it.
When the database refuses (locked, disk full) nothing is thrown away: the writes stay in order and are tried again,
and `trouble` says why, so that the engine starts no new calls meanwhile.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Self

import structlog
from sqlalchemy import ColumnElement, Executable, Table, and_, bindparam, case, exists, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.store import audit, callback_writes, consent_loading, dnc_loading
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.failures import may_pass, meaning
from ami_dialer.store.tables import (
    agent_sessions,
    agent_skips,
    agent_spells,
    answered_calls,
    answers,
    attempts,
    enrolments,
)

log = structlog.get_logger(__name__)

#: Tried again after a refusal: at once would only heat the machine, and a free lock is found soon enough.
_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0)
#: While nobody waits for any of them, writes are gathered for so many times `commit_interval`.
_UNHURRIED = 4
#: One commit takes at most so many units, so that a long queue does not hold the database's lock for seconds.
_MAX_BATCH = 2_000


class Kind(IntEnum):
    """What is written. Within a commit kinds go in this order, which foreign keys ask for."""

    NEW_ATTEMPT = 1
    ATTEMPT = 2
    ENROLMENT = 3
    ANSWER = 4
    DNC = 5
    CONSENT = 6
    ANSWERED = 7
    OUTCOME = 8
    CALLBACK = 9
    KEPT = 10
    SESSION = 11
    SPELL = 12
    SKIP = 13
    QUEUES = 14


@dataclass(frozen=True, slots=True)
class Write:
    """One row to write. Those of ATTEMPT, ENROLMENT, OUTCOME, SESSION and QUEUES carry `key` and what is set."""

    kind: Kind
    row: dict[str, Any]
    #: What the audit trail says of it. Entries of do-not-call lists and consents are recorded without it.
    entry: Entry | None = None


class _Durable(asyncio.Future[None]):
    """Done when a write is durable. Whoever begins to wait for it hurries the writer."""

    def __init__(self, hurry: asyncio.Event) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        super().add_done_callback(_seen)
        self._hurry = hurry

    def add_done_callback(self, fn: Callable[[Self], object], /, *, context: Context | None = None) -> None:
        """What `await`, `asyncio.wait` and all others come to."""
        self._hurry.set()
        super().add_done_callback(fn, context=context)


@dataclass(slots=True)
class _Unit:
    """Writes that are committed together or not at all."""

    writes: tuple[Write, ...]
    done: asyncio.Future[None] = field(repr=False)


def _statements(database: Database) -> dict[Kind, tuple[Executable, ...]]:
    """Each does nothing when it is carried out again: a connection may break after the commit, before its answer."""
    insert_new = sqlite.insert if database.is_sqlite else postgresql.insert
    claim_is_held = and_(
        enrolments.c.id == bindparam("key"),
        enrolments.c.state == EnrolmentState.CLAIMED.value,
        enrolments.c.claimed_at == bindparam("held_since"),
    )
    of_session = update(agent_sessions).where(agent_sessions.c.id == bindparam("key"))
    return {
        Kind.NEW_ATTEMPT: (insert_new(attempts).on_conflict_do_nothing(index_elements=["id"]),),
        Kind.ATTEMPT: (update(attempts).where(attempts.c.id == bindparam("key")),),
        Kind.ENROLMENT: (update(enrolments).where(claim_is_held).values(number=_phone_unless_taken()),),
        Kind.ANSWER: (_insert_answer(),),
        Kind.DNC: dnc_loading.WRITES,
        Kind.ANSWERED: (insert_new(answered_calls).on_conflict_do_nothing(index_elements=["attempt_id"]),),
        Kind.CONSENT: consent_loading.WRITES,
        Kind.OUTCOME: (update(attempts).where(attempts.c.id == bindparam("key")),),
        Kind.CALLBACK: callback_writes.WRITES,
        Kind.KEPT: callback_writes.KEEPS,
        Kind.SESSION: (of_session,),
        Kind.SPELL: (_insert_once(agent_spells, ("session_id", "since")),),
        Kind.SKIP: (_insert_once(agent_skips, ("enrolment_id", "at")),),
        Kind.QUEUES: (of_session,),
    }


def _phone_unless_taken() -> ColumnElement[str]:
    """The phone an enrolment goes on with. One that another enrolment of the run has got meanwhile stays with that."""
    other = enrolments.alias("other")
    new = bindparam("new_number", type_=enrolments.c.number.type)
    taken = exists().where(other.c.run_id == enrolments.c.run_id, other.c.number == new, other.c.id != enrolments.c.id)
    return case((taken.correlate(enrolments), enrolments.c.number), else_=new)


def _insert_answer() -> Executable:
    return _insert_once(answers, [column.name for column in answers.columns if column.name != "id"])


def _insert_once(table: Table, alike: Collection[str]) -> Executable:
    """Insert a row unless there is one that is alike in these columns."""
    columns = [column for column in table.columns if column.name != "id"]
    same = (column == bindparam(column.name, type_=column.type) for column in columns if column.name in alike)
    known = exists().where(and_(*same))
    values = select(*(bindparam(column.name, type_=column.type) for column in columns)).where(~known)
    return insert(table).from_select(columns, values)


class Writer:
    """Gathers writes and commits them. `start` before the first `put`; `stop` commits what is left."""

    def __init__(self, database: Database, commit_interval: float) -> None:
        self._database = database
        self._interval = commit_interval
        self._statements = _statements(database)
        self._queue: list[_Unit] = []
        self._wake = asyncio.Event()
        #: Somebody waits for what is gathered.
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        #: Why the database refuses at the moment, for people; None when it does not.
        self.trouble: str | None = None

    @property
    def waiting(self) -> int:
        """Writes that are not committed yet."""
        return len(self._queue)

    def coming(self, *kinds: Kind) -> list[Write]:
        """Writes of these kinds that are not committed yet, in order."""
        return [write for unit in self._queue for write in unit.writes if write.kind in kinds]

    def start(self) -> None:
        """Begin to commit."""
        self._task = asyncio.create_task(self._work(), name="store writer")

    async def stop(self, timeout: float) -> int:
        """Commit what is left, for at most `timeout` seconds. Returns how many writes could not be kept."""
        self._stopping = True
        self._wake.set()
        self._hurry.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        return len(self._queue)

    def put(self, *writes: Write) -> asyncio.Future[None]:
        """Write soon, all in one transaction. The future is done when they are durable; it may be left alone."""
        unit = _Unit(writes, _Durable(self._hurry))
        self._queue.append(unit)
        self._wake.set()
        return unit.done

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            if not self._stopping:
                with suppress(TimeoutError):
                    async with asyncio.timeout((_UNHURRIED - 1) * self._interval):
                        await self._hurry.wait()
                await asyncio.sleep(self._interval)
            self._wake.clear()
            self._hurry.clear()
            # What comes in meanwhile is for the next commit: else it would have a small one of its own at once.
            gathered = len(self._queue)
            while gathered > 0 or (self._stopping and self._queue):
                gathered -= await self._commit_some()
            if self._stopping:
                return

    async def _commit_some(self) -> int:
        """Commit the oldest units, as many as one commit takes; how many these were."""
        batch = self._queue[:_MAX_BATCH]
        await self._commit(batch)
        if self.trouble is not None:
            log.info("the database takes writes again", waiting=len(self._queue))
            self.trouble = None
        del self._queue[: len(batch)]
        return len(batch)

    async def _commit(self, batch: Sequence[_Unit]) -> None:
        """Commit the batch, however long the database refuses; a unit that breaks a constraint fails alone."""
        failures = 0
        while True:
            try:
                async with self._database.raw_writing() as connection:
                    for kind, rows in _grouped(batch):
                        for statement in self._statements[kind]:
                            await connection.execute(statement, rows)
                        audit.note(connection, *await _entries(connection, kind, rows))
                    audit.note(connection, *(write.entry for unit in batch for write in unit.writes if write.entry))
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, the writer must live on
                if may_pass(error):
                    await self._wait_after(error, failures)
                    failures += 1
                    continue
                await self._refused(batch, error)
                return
            for unit in batch:
                if not unit.done.done():  # whoever awaited it may have been cancelled, and it with them
                    unit.done.set_result(None)
            return

    async def _refused(self, batch: Sequence[_Unit], error: Exception) -> None:
        """Find the unit that is refused by committing halves."""
        if len(batch) > 1:
            half = len(batch) // 2
            await self._commit(batch[:half])
            await self._commit(batch[half:])
            return
        log.error("the database refused a write for good", writes=batch[0].writes, exc_info=error)
        if not batch[0].done.done():
            batch[0].done.set_exception(error)

    async def _wait_after(self, error: BaseException, failures: int) -> None:
        self.trouble = meaning(error)
        report = log.error if failures == 0 else log.debug
        report("the database takes no writes; no new calls until it does", why=self.trouble, waiting=self.waiting)
        await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])


async def _entries(connection: AsyncConnection, kind: Kind, rows: list[dict[str, Any]]) -> list[Entry]:
    """What the audit trail says of rows that nobody may write without a record."""
    if kind is Kind.DNC:
        return await dnc_loading.entries(connection, rows)
    if kind is Kind.CONSENT:
        return consent_loading.entries(rows)
    return []


def _grouped(batch: Sequence[_Unit]) -> list[tuple[Kind, list[dict[str, Any]]]]:
    """Rows by kind; a later update of the same row replaces an earlier one, since both carry all that changes."""
    groups: dict[Kind, dict[Any, dict[str, Any]]] = {}
    for number, write in enumerate(write for unit in batch for write in unit.writes):
        groups.setdefault(write.kind, {})[write.row.get("key", number)] = write.row
    if Kind.DNC in groups:  # every engine locks lists in one order, so that none waits for another in a circle
        groups[Kind.DNC] = dict(sorted(groups[Kind.DNC].items(), key=lambda item: item[1]["list_id"]))
    return [(kind, list(groups[kind].values())) for kind in sorted(groups)]


def _seen(future: asyncio.Future[None]) -> None:
    """Nobody has to await a write; a failure was logged where it happened."""
    if not future.cancelled():
        future.exception()
