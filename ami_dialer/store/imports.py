"""Imports: which file came into which list, batch by batch, and where an import that was cut off goes on."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.lists import ContactList
from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.intake import BatchState, ImportState, ListState
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.dnc import count_listed
from ami_dialer.store.loading import Duplicates, load
from ami_dialer.store.sieve import Sieve
from ami_dialer.store.tables import import_batches, imports, list_members, lists


class ImportTakenOverError(DialerError):
    """Another process goes on with the same import."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class Came:
    """A source that is to come into a list."""

    #: File name or URL, for people.
    source: str
    #: Of the source and of all settings that decide what becomes of it.
    digest: str
    #: How it is read, for people.
    described: str
    #: 0 where nobody knows.
    lines: int


_GOING_ON = {"state": ImportState.RUNNING, "ended_at": None, "trouble": None}


@dataclass(frozen=True, slots=True)
class Import:
    """A source on its way into a list, and how far it is."""

    id: int
    list_id: int
    source: str
    digest: str
    state: ImportState
    since_revision: int
    ended_at: datetime | None
    #: Batches that are in.
    batches: int
    #: What became of their rows.
    counts: Counter[str]
    #: Where reading goes on; None at the beginning.
    resume_at: str | None
    #: What it has brought in so far, where the list never held anybody before.
    sieve: Sieve | None = None


@dataclass(frozen=True, slots=True)
class BatchRead:
    """Rows of a source that were read together."""

    arrivals: Arrivals
    #: Rows that are no contacts, by kind.
    counts: Counter[str]
    first_line: int
    next_line: int
    resume_at: str | None


async def find(database: Database, list_id: int, digest: str) -> Import | None:
    """The newest import of this very source, read in this very way, into the list."""
    query = (
        select(imports).where(imports.c.list_id == list_id, imports.c.digest == digest).order_by(imports.c.id.desc())
    )
    async with database.reading() as connection:
        row = (await connection.execute(query.limit(1))).first()
        if row is None:
            return None
        batches = await connection.execute(
            select(import_batches.c.counts, import_batches.c.resume_at)
            .where(import_batches.c.import_id == row.id, import_batches.c.state == BatchState.DONE)
            .order_by(import_batches.c.ordinal)
        )
        done = batches.all()
    counts: Counter[str] = Counter()
    for batch in done:
        counts.update(batch.counts)
    resume_at = done[-1].resume_at if done else None
    return Import(
        row.id,
        list_id,
        row.source,
        digest,
        ImportState(row.state),
        row.since_revision,
        row.ended_at,
        len(done),
        counts,
        resume_at,
    )


async def begin(database: Database, list_id: int, came: Came, now: datetime, *, again: bool) -> Import:
    """Begin an import. The list is being validated until it ends; others that were cut off are given up.

    `again`: the same source may have come in before. Raises ImportTakenOverError where it comes in at this moment.
    """
    async with database.writing() as connection:
        # First of all: whoever else begins an import into the list waits here.
        since = await connection.scalar(
            update(lists)
            .where(lists.c.id == list_id)
            .values(state=ListState.VALIDATING, trouble=None)
            .returning(lists.c.revision)
        )
        running = and_(imports.c.list_id == list_id, imports.c.state == ImportState.RUNNING)
        if not again and await connection.scalar(select(imports.c.id).where(running, imports.c.digest == came.digest)):
            raise _taken_over(came.source)
        await connection.execute(
            update(imports)
            .where(running)
            .values(state=ImportState.FAILED, ended_at=now, trouble="given up: another import began")
        )
        values = {
            "list_id": list_id,
            **asdict(came),
            "state": ImportState.RUNNING,
            "since_revision": since,
            "started_at": now,
        }
        key = (await connection.scalars(insert(imports).values(values).returning(imports.c.id))).one()
    return Import(
        key,
        list_id,
        came.source,
        came.digest,
        ImportState.RUNNING,
        int(since or 0),
        None,
        0,
        Counter(),
        None,
        None if since else Sieve(),
    )


async def resume(database: Database, going_on: Import) -> None:
    """Go on with an import that was cut off or failed.

    Raises ImportTakenOverError where another process has brought it to its end since it was found.
    """
    async with database.writing() as connection:
        cut_off = and_(imports.c.id == going_on.id, imports.c.state != ImportState.DONE)
        resumed = await connection.execute(update(imports).where(cut_off).values(_GOING_ON))
        if not resumed.rowcount:
            raise _taken_over(going_on.source)
        await _set_list(connection, going_on.list_id, ListState.VALIDATING)


async def add_batch(
    database: Database, going_on: Import, ordinal: int, batch: BatchRead, duplicates: Duplicates, now: datetime
) -> Counter[str]:
    """Load a batch and note it, in one transaction. Returns what became of its rows. Raises ImportTakenOverError."""
    async with database.bulk_writing() as connection:
        loaded = await load(
            connection, going_on.list_id, batch.arrivals, duplicates, now, going_on.since_revision, going_on.sieve
        )
        # Behind the lock on the list, which `load` has taken: nobody can add one in between.
        await _refuse_when_taken_over(connection, going_on, ordinal)
        counts = Counter(batch.counts)
        counts.update(added=loaded.added, renewed=loaded.renewed, known=loaded.known, doubles=loaded.doubles)
        counts["on_dnc"] = await count_listed(connection, loaded.numbers, now)
        counts = +counts
        detail = {
            "import": going_on.id,
            "batch": ordinal,
            "source": going_on.source,
            "digest": going_on.digest,
            "counts": dict(counts),
        }
        subject = f"list:{await audit.name_of(connection, lists, going_on.list_id)}"
        audit.note(connection, Entry("list.import", subject, detail, now))
        await _note(connection, going_on, ordinal, batch, counts, now, loaded.revision if duplicates.allowed else None)
    return counts


async def _refuse_when_taken_over(connection: AsyncConnection, going_on: Import, ordinal: int) -> None:
    """Another process may have added this batch, or have begun with the same source again."""
    last = await connection.scalar(
        select(func.max(import_batches.c.ordinal)).where(
            import_batches.c.import_id == going_on.id, import_batches.c.state == BatchState.DONE
        )
    )
    newest = await connection.scalar(
        select(func.max(imports.c.id)).where(imports.c.list_id == going_on.list_id, imports.c.digest == going_on.digest)
    )
    if (last or 0) != ordinal - 1 or newest != going_on.id:
        raise _taken_over(going_on.source)


def _taken_over(source: str) -> ImportTakenOverError:
    return ImportTakenOverError(f"{source} is being imported by another process; it goes on there")


async def _note(
    connection: AsyncConnection,
    going_on: Import,
    ordinal: int,
    batch: BatchRead,
    counts: Counter[str],
    now: datetime,
    revision: int | None,
) -> None:
    of_batch = and_(import_batches.c.import_id == going_on.id, import_batches.c.ordinal == ordinal)
    # An import of another file may have taken this one for one that was cut off.
    await connection.execute(update(imports).where(imports.c.id == going_on.id).values(_GOING_ON))
    await connection.execute(import_batches.delete().where(of_batch))  # where it failed before
    await connection.execute(
        insert(import_batches).values(
            import_id=going_on.id,
            ordinal=ordinal,
            first_line=batch.first_line,
            next_line=batch.next_line,
            resume_at=batch.resume_at,
            revision=revision,
            state=BatchState.DONE,
            counts=dict(counts),
            ended_at=now,
        )
    )


async def finish(database: Database, going_on: Import, now: datetime) -> ListState:
    """The last batch is in. The list is valid if it holds anybody."""
    async with database.writing() as connection:
        await connection.execute(
            update(imports)
            .where(imports.c.id == going_on.id)
            .values(state=ImportState.DONE, ended_at=now, trouble=None)
        )
        state = await _settle(connection, going_on.list_id, going_on.source)
        await connection.execute(
            update(lists).where(lists.c.id == going_on.list_id).values(file_digest=going_on.digest, imported_at=now)
        )
    return state


async def unchanged(database: Database, list_id: int, source: str) -> ListState:
    """The source is in already. A list that was invalid, because the source could not be read then, is it no more."""
    async with database.reading() as connection:
        state = ListState((await connection.execute(select(lists.c.state).where(lists.c.id == list_id))).scalar_one())
    if state is ListState.INVALID:
        async with database.writing() as connection:
            state = await _settle(connection, list_id, source)
    return state


async def give_up(database: Database, list_id: int, now: datetime) -> str | None:
    """End an import that was cut off and will not go on: what came in stays. Its source; None where there is none."""
    of_list = and_(imports.c.list_id == list_id, imports.c.state == ImportState.RUNNING)
    async with database.writing() as connection:
        source = await connection.scalar(select(imports.c.source).where(of_list).order_by(imports.c.id.desc()).limit(1))
        if source is None:
            return None
        ours = import_batches.c.import_id.in_(select(imports.c.id).where(of_list))
        await connection.execute(update(import_batches).where(ours).values(revision=None))
        values = {"state": ImportState.FAILED, "ended_at": now, "trouble": "given up by hand"}
        await connection.execute(update(imports).where(of_list).values(values))
        await _settle(connection, list_id, source)
        subject = f"list:{await audit.name_of(connection, lists, list_id)}"
        audit.note(connection, Entry("list.give_up", subject, {"source": source}, now))
    return str(source)


async def _settle(connection: AsyncConnection, list_id: int, source: str) -> ListState:
    """The list is valid if it holds anybody."""
    somebody = await connection.scalar(select(list_members.c.number).where(list_members.c.list_id == list_id).limit(1))
    if somebody is None:
        await _set_list(connection, list_id, ListState.INVALID, f"{source} holds nobody who can be called")
        return ListState.INVALID
    await _set_list(connection, list_id, ListState.VALIDATED)
    return ListState.VALIDATED


async def fail(database: Database, going_on: Import, ordinal: int, first_line: int, why: str, now: datetime) -> None:
    """The import stops at a batch: what came before stays, and the next import of the source goes on there."""
    async with database.writing() as connection:
        await connection.execute(
            update(imports)
            .where(imports.c.id == going_on.id)
            .values(state=ImportState.FAILED, ended_at=now, trouble=why)
        )
        of_batch = and_(import_batches.c.import_id == going_on.id, import_batches.c.ordinal == ordinal)
        await connection.execute(import_batches.delete().where(of_batch, import_batches.c.state == BatchState.FAILED))
        if await connection.scalar(select(import_batches.c.ordinal).where(of_batch)) is None:
            await connection.execute(
                insert(import_batches).values(
                    import_id=going_on.id,
                    ordinal=ordinal,
                    first_line=first_line,
                    next_line=first_line,
                    state=BatchState.FAILED,
                    counts={},
                    trouble=why,
                    ended_at=now,
                )
            )
        await _set_list(connection, going_on.list_id, ListState.INVALID, why)


async def refuse(database: Database, list_id: int, why: str) -> None:
    """The source as a whole cannot be read: the list keeps the contacts it has, and says so."""
    async with database.writing() as connection:
        await _set_list(connection, list_id, ListState.INVALID, why)


async def _set_list(connection: AsyncConnection, list_id: int, state: ListState, trouble: str | None = None) -> None:
    await connection.execute(update(lists).where(lists.c.id == list_id).values(state=state, trouble=trouble))


def duplicates_of(settings: ContactList) -> Duplicates:
    """How a list treats numbers that it holds."""
    allowed = settings.dupe_days < 0 or (settings.api is not None and settings.api.duplicates == "allow")
    return Duplicates(allowed=True) if allowed else Duplicates(days=settings.dupe_days)
