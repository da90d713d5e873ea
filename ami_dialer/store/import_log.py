"""What became of imports: of each file or fetch, and of each of its batches."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ami_dialer.domain.errors import NotFoundError
from ami_dialer.domain.intake import BatchState, ImportState
from ami_dialer.store.database import Database
from ami_dialer.store.tables import import_batches, imports


@dataclass(frozen=True, slots=True)
class LoggedBatch:
    """One batch of an import."""

    batch: int
    #: Both counted.
    first_line: int
    last_line: int
    state: BatchState
    #: Rows by what became of them: added, known, doubles, and each kind of rejection.
    counts: dict[str, int]
    trouble: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class LoggedImport:
    """One file, or one fetch of an API, brought into a list."""

    id: int
    source: str
    #: How it was read: packing, encoding, dialect.
    described: str
    state: ImportState
    #: Of the source; 0 while nobody knows.
    lines: int
    started_at: datetime
    ended_at: datetime | None
    trouble: str | None
    #: Of all batches.
    counts: dict[str, int]
    batches: tuple[LoggedBatch, ...]


async def load_imports(database: Database, list_id: int, limit: int) -> list[LoggedImport]:
    """The newest imports of a list, newest first."""
    return await _load(database, list_id, None, limit)


async def load_import(database: Database, list_id: int, name: str, key: int) -> LoggedImport:
    """One import. Raises NotFoundError; `name` is the list's, for people."""
    found = await _load(database, list_id, key, 1)
    if not found:
        raise NotFoundError(f"list {name!r} has no import {key}; `ami-dialer list imports {name}` shows those it has")
    return found[0]


async def _load(database: Database, list_id: int, key: int | None, limit: int) -> list[LoggedImport]:
    query = select(imports).where(imports.c.list_id == list_id).order_by(imports.c.id.desc()).limit(limit)
    if key is not None:
        query = query.where(imports.c.id == key)
    async with database.reading() as connection:
        rows = (await connection.execute(query)).all()
        batches: dict[int, list[LoggedBatch]] = defaultdict(list)
        of_imports = (
            select(import_batches)
            .where(import_batches.c.import_id.in_([row.id for row in rows]))
            .order_by(import_batches.c.import_id, import_batches.c.ordinal)
        )
        for row in await connection.execute(of_imports):
            batches[row.import_id].append(
                LoggedBatch(
                    row.ordinal,
                    row.first_line,
                    row.next_line - 1,
                    BatchState(row.state),
                    dict(row.counts),
                    row.trouble,
                    row.ended_at,
                )
            )
    return [
        LoggedImport(
            row.id,
            row.source,
            row.described,
            ImportState(row.state),
            row.lines,
            row.started_at,
            row.ended_at,
            row.trouble,
            _total(batches[row.id]),
            tuple(batches[row.id]),
        )
        for row in rows
    ]


def _total(batches: list[LoggedBatch]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for batch in batches:
        total.update(batch.counts)
    return dict(total)
