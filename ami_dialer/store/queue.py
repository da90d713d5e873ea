"""Who of a run waits, and for what: counted by indexes alone, so that runs of millions answer in about a second."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal_column, select

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.callback import OPEN, CallbackState
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.domain.rank import CALLBACK_RANK
from ami_dialer.store.database import Database
from ami_dialer.store.tables import attempts, callbacks, enrolments

# Written out: with a parameter SQLite would not take the index of those whom rules hold back.
_WAITING = enrolments.c.state == literal_column(f"'{EnrolmentState.WAITING}'")


@dataclass(frozen=True, slots=True)
class Later:
    """Contacts who wait for a moment that has not come."""

    contacts: int = 0
    #: When the first of them is due; None where there is none, or a rule's is due before and it is not known.
    first: datetime | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """A run's contacts by where they stand."""

    #: Waiting and due; in the hopper or in a call; done; taken out.
    due: int = 0
    claimed: int = 0
    done: int = 0
    excluded: int = 0
    #: Whom a rule has put off, by the rule, the most frequent first.
    held: tuple[tuple[str, Later], ...] = ()
    #: Callbacks whose time has not come, and all others who wait: for their next try.
    callbacks: Later = Later()
    retries: Later = Later()

    @property
    def later(self) -> int:
        """Who waits and is not due."""
        return self.callbacks.contacts + self.retries.contacts + sum(later.contacts for _, later in self.held)

    @property
    def left(self) -> int:
        """Who is still to be called, or in a call."""
        return self.due + self.later + self.claimed

    @property
    def contacts(self) -> int:
        """All of the run."""
        return self.left + self.done + self.excluded


async def queue(database: Database, run_id: int, now: datetime) -> Queue:
    """The contacts of a run at `now`. Raises StoreError."""
    counts: dict[str, int] = {}
    later = {True: Later(), False: Later()}
    due = 0
    async with database.reading() as connection:
        for state, contacts, is_due, called_back, first_back, first in await connection.execute(_by_state(run_id, now)):
            counts[state] = contacts
            if state == EnrolmentState.WAITING:
                due = is_due
                later = {True: Later(called_back, first_back), False: Later(contacts - is_due - called_back, first)}
        held = tuple((rule, Later(n, first)) for rule, n, first in await connection.execute(_held(run_id, now)))
        if held and later[True].contacts:  # of these a rule may hold some too; they are few
            contacts, first = (await connection.execute(_callbacks(run_id, now))).one()
            free = Later(contacts, first)
        else:
            free = later[True]
    return Queue(
        due,
        counts.get(EnrolmentState.CLAIMED, 0),
        counts.get(EnrolmentState.DONE, 0),
        counts.get(EnrolmentState.EXCLUDED, 0),
        held,
        free,
        _retries(later, free, held),
    )


def _retries(later: dict[bool, Later], callbacks: Later, held: tuple[tuple[str, Later], ...]) -> Later:
    """All who are neither held back nor called back."""
    contacts = sum(one.contacts for one in later.values()) - callbacks.contacts - sum(one.contacts for _, one in held)
    first = later[False].first
    known = first is not None and all(one.first is None or first < one.first for _, one in held)
    return Later(contacts, first if known and contacts > 0 else None)


def _by_state(run_id: int, now: datetime) -> Select[Any]:
    """From the index of the hopper, in its order: grouped by more than the state SQLite would sort all rows."""
    is_due, is_callback = enrolments.c.due_at <= now, enrolments.c.rank == CALLBACK_RANK
    columns: tuple[ColumnElement[Any], ...] = (
        enrolments.c.state,
        func.count(),
        _count(is_due),
        _count(~is_due & is_callback),
        func.min(case((~is_due & is_callback, enrolments.c.due_at))),
        func.min(case((~is_due & ~is_callback, enrolments.c.due_at))),
    )
    return select(*columns).where(enrolments.c.run_id == run_id).group_by(enrolments.c.state)


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.count(case((condition, 1)))


def _held(run_id: int, now: datetime) -> Select[Any]:
    """From the index of those whom rules hold back."""
    of_run = (enrolments.c.run_id == run_id, _WAITING, enrolments.c.held_by.is_not(None), enrolments.c.due_at > now)
    columns: tuple[ColumnElement[Any], ...] = (enrolments.c.held_by, func.count(), func.min(enrolments.c.due_at))
    return select(*columns).where(*of_run).group_by(enrolments.c.held_by).order_by(func.count().desc())


def _callbacks(run_id: int, now: datetime) -> Select[Any]:
    free = (enrolments.c.rank == CALLBACK_RANK, enrolments.c.due_at > now, enrolments.c.held_by.is_(None))
    columns: tuple[ColumnElement[Any], ...] = (func.count(), func.min(enrolments.c.due_at))
    return select(*columns).where(enrolments.c.run_id == run_id, _WAITING, *free)


async def dispositions(database: Database, run_id: int) -> dict[str, int]:
    """The attempts of a run that ended, by disposition, the most frequent first: from an index. Raises StoreError."""
    counted = select(attempts.c.disposition, func.count()).where(attempts.c.run_id == run_id)
    async with database.reading() as connection:
        rows = await connection.execute(
            counted.where(attempts.c.disposition.is_not(None))
            .group_by(attempts.c.disposition)
            .order_by(func.count().desc())
        )
        return {row[0]: row[1] for row in rows}


async def calls_now(database: Database) -> dict[int, dict[str, int]]:
    """Calls that go on, by run and state, as the database knows it: from the index of living attempts."""
    living = select(attempts.c.run_id, attempts.c.state, func.count()).where(attempts.c.state != AttemptState.ENDED)
    found: dict[int, dict[str, int]] = {}
    async with database.reading() as connection:
        for run, state, count in await connection.execute(living.group_by(attempts.c.run_id, attempts.c.state)):
            found.setdefault(run, {})[state] = count
    return found


@dataclass(frozen=True, slots=True)
class Expected:
    """The callback of a contact that is still to be made."""

    at: datetime
    state: CallbackState
    agent: str | None


async def expected(database: Database, campaign_id: int, contact_id: int) -> Expected | None:
    """The newest one that a call may still keep. Raises StoreError."""
    columns = (callbacks.c.at, callbacks.c.state, callbacks.c.agent)
    of_contact = (callbacks.c.contact_id == contact_id, callbacks.c.campaign_id == campaign_id)
    wanted = select(*columns).where(*of_contact, callbacks.c.state.in_(OPEN)).order_by(callbacks.c.id.desc()).limit(1)
    async with database.reading() as connection:
        row = (await connection.execute(wanted)).first()
    return None if row is None else Expected(row.at, CallbackState(row.state), row.agent)
