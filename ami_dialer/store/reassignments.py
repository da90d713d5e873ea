"""Numbers that their holders gave up: whoever answers there now has consented to nothing before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.bulk import insert_rows, is_sqlite, stored
from ami_dialer.store.database import Database
from ami_dialer.store.tables import reassignments

#: Numbers that go into one transaction.
CHUNK = 50_000
#: Characters, as the table has them.
MAX_SOURCE = 100

_COLUMNS = ("number", "disconnected_at", "source", "checked_at")
_TEMPORARY = "reassignments_coming"
#: A number may be given up several times: the last one counts. Else what was checked last.
_NEWER = (
    "excluded.disconnected_at > reassignments.disconnected_at"
    " OR (excluded.disconnected_at = reassignments.disconnected_at"
    " AND excluded.checked_at > reassignments.checked_at)"
)
_CONFLICT = (
    "ON CONFLICT (number) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
    + f" WHERE {_NEWER}"
)


class GivenUp(NamedTuple):
    """A number that was permanently disconnected."""

    number: str
    at: datetime
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Reassignment:
    """What is known of a number."""

    number: str
    disconnected_at: datetime
    source: str
    checked_at: datetime


async def load(connection: AsyncConnection, given_up: Sequence[GivenUp], source: str) -> int:
    """Keep when numbers were given up last, in the caller's transaction. Returns for how many that is news."""
    latest: dict[str, GivenUp] = {}
    for one in given_up:
        known = latest.get(one.number)
        if known is None or (one.at, one.checked_at) > (known.at, known.checked_at):
            latest[one.number] = one
    if not latest:
        return 0
    rows = [
        (one.number, stored(connection, one.at), source[:MAX_SOURCE], stored(connection, one.checked_at))
        for one in sorted(latest.values())
    ]
    columns = ", ".join(_COLUMNS)
    dropped = "" if is_sqlite(connection) else "ON COMMIT DROP"
    beside = f"CREATE TEMPORARY TABLE {_TEMPORARY} {dropped} AS SELECT {columns} FROM reassignments LIMIT 0"  # noqa: S608
    await connection.execute(text(beside))
    await insert_rows(connection, _TEMPORARY, _COLUMNS, rows)
    # `WHERE true`: SQLite would take ON for that of a join.
    onto_it = text(
        f"INSERT INTO reassignments ({columns}) SELECT {columns} FROM {_TEMPORARY} "  # noqa: S608 - our own names
        f"WHERE true ORDER BY number {_CONFLICT}"
    )
    changed = (await connection.execute(onto_it)).rowcount
    await connection.execute(text(f"DROP TABLE {_TEMPORARY}"))
    if changed:
        audit.note(connection, *_told(list(latest.values()), source[:MAX_SOURCE]))
    return changed


def _told(given_up: Sequence[GivenUp], source: str) -> list[Entry]:
    """What the audit trail says of these: each, or for very many of them how many."""
    if len(given_up) <= audit.MOST_EACH:
        return [
            Entry("number.reassigned", one.number, {"disconnected_at": one.at, "source": source}, one.checked_at)
            for one in given_up
        ]
    numbers = {"numbers": len(given_up), "digest": audit.digest_of([one.number for one in given_up])}
    return [Entry("number.reassigned", "reassignments", {**numbers, "source": source})]


async def find(database: Database, *numbers: str) -> list[Reassignment]:
    """Those of these numbers in E.164 that were given up, as far as anybody has asked, and when."""
    query = select(*(reassignments.c[name] for name in _COLUMNS)).order_by(reassignments.c.number)
    async with database.reading() as connection:
        return [
            Reassignment(*row) for row in await connection.execute(query.where(reassignments.c.number.in_(numbers)))
        ]
