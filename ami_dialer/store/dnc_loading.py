"""Entries into a do-not-call list: one by one with the writer's other rows, or by the ten thousands.

Every change raises the list's revision in its own transaction and writes it into the entries, so that any engine finds
what came after its last look (store/dnc_index.py).
"""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import String, TextClause, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.bulk import handed, insert_rows, is_sqlite, stored
from ami_dialer.store.tables import Key, UtcDateTime, dnc_lists

#: Entries that go into one transaction: others who write wait for it, a second or two.
CHUNK = 50_000
#: Characters that are kept of a reason.
MAX_REASON = 200

_COLUMNS = ("list_id", "number", "reason", "source", "attempt_id", "added_at", "expires_at", "revision")
#: Taken off, or run out: whoever comes now comes anew.
_DEAD = "(dnc_entries.removed_at IS NOT NULL OR dnc_entries.expires_at <= excluded.added_at)"
#: Who is on the list already stays as they are, but for the longer of both times.
_LONGER = (
    "(dnc_entries.expires_at IS NOT NULL"
    " AND (excluded.expires_at IS NULL OR excluded.expires_at > dnc_entries.expires_at))"
)
_ANEW = ", ".join(
    f"{name} = CASE WHEN {_DEAD} THEN excluded.{name} ELSE dnc_entries.{name} END"
    for name in ("reason", "source", "attempt_id", "added_at")
)
_CONFLICT = (
    f"ON CONFLICT (list_id, number) DO UPDATE SET {_ANEW}, expires_at = excluded.expires_at, removed_at = NULL, "
    f"revision = excluded.revision WHERE {_DEAD} OR {_LONGER}"
)
_RAISE = "UPDATE dnc_lists SET revision = revision + 1, updated_at = :added_at WHERE id = :list_id"
_INSERT = f"INSERT INTO dnc_entries ({', '.join(_COLUMNS)})"
_TEMPORARY = "dnc_coming"


class NewEntry(NamedTuple):
    """A number, or the beginning of numbers with an asterisk, that is to go on a list."""

    number: str
    reason: str
    expires_at: datetime | None = None


def _typed(statement: str) -> TextClause:
    return text(statement).bindparams(
        bindparam("list_id", type_=Key), bindparam("added_at", type_=UtcDateTime(timezone=True))
    )


#: For rows of `row`: first the list's revision, then the entry with it. Doing it again changes nothing more.
WRITES: tuple[TextClause, ...] = (
    _typed(_RAISE),
    _typed(
        f"{_INSERT} VALUES (:list_id, :number, :reason, :source, :attempt_id, :added_at, :expires_at, "  # noqa: S608
        f"(SELECT revision FROM dnc_lists WHERE id = :list_id)) {_CONFLICT}"
    ).bindparams(
        bindparam("number", type_=String),
        bindparam("attempt_id", type_=String, value=None, required=False),
        bindparam("expires_at", type_=UtcDateTime(timezone=True), value=None, required=False),
    ),
)


def row(
    list_id: int,
    number: str,
    reason: str,
    source: str,
    now: datetime,
    *,
    attempt_id: str | None = None,
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    """An entry as `WRITES` takes it."""
    return {
        "list_id": list_id,
        "number": number,
        "reason": reason[:MAX_REASON],
        "source": source,
        "attempt_id": attempt_id,
        "added_at": now,
        "expires_at": expires_at,
    }


async def entries(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> list[Entry]:
    """What the audit trail says of these rows of `row`, which may be committed twice."""
    wanted = {one["list_id"] for one in rows}
    found = await connection.execute(select(dnc_lists.c.id, dnc_lists.c.name).where(dnc_lists.c.id.in_(wanted)))
    names: dict[int, str] = {row.id: row.name for row in found}
    return [
        added(
            names.get(one["list_id"], ""),
            NewEntry(one["number"], one["reason"], one.get("expires_at")),
            one["source"],
            one["added_at"],
            attempt=one.get("attempt_id"),
        )._replace(once=True)
        for one in rows
    ]


def added(list_name: str, entry: NewEntry, source: str, now: datetime, *, attempt: str | None = None) -> Entry:
    """What the audit trail says of a number that goes on a list."""
    detail: dict[str, Any] = {"list": list_name, "reason": entry.reason[:MAX_REASON], "source": source}
    detail |= {"expires_at": entry.expires_at} if entry.expires_at is not None else {}
    detail |= {"attempt": attempt} if attempt is not None else {}
    return Entry("dnc.add", entry.number, detail, now)


async def raise_revision(connection: AsyncConnection, list_id: int, now: datetime) -> int:
    """The list's next revision. Whoever else changes the list waits for the end of this transaction."""
    await connection.execute(WRITES[0], {"list_id": list_id, "added_at": now})
    found = await connection.scalar(text("SELECT revision FROM dnc_lists WHERE id = :key"), {"key": list_id})
    return int(found or 0)


async def load(
    connection: AsyncConnection, list_id: int, entries: Sequence[NewEntry], source: str, now: datetime
) -> int:
    """Put entries on a list, each number once, in the caller's transaction. Returns how many were not on it before."""
    revision = await raise_revision(connection, list_id, now)
    await _note(connection, list_id, entries, source, now, revision)
    added_at = stored(connection, now)
    rows = [
        (
            list_id,
            entry.number,
            entry.reason[:MAX_REASON],
            source,
            None,
            added_at,
            stored(connection, entry.expires_at),
            revision,
        )
        for entry in sorted({entry.number: entry for entry in reversed(entries)}.values(), key=itemgetter(0))
    ]
    if not rows:
        return 0
    if not is_sqlite(connection):
        return await _copy(connection, rows, now)
    known = await _known(connection, list_id, [row[1] for row in rows], now) if revision > 1 else 0
    await insert_rows(connection, "dnc_entries", _COLUMNS, rows, _CONFLICT)
    return len(rows) - known


async def _note(
    connection: AsyncConnection, list_id: int, entries: Sequence[NewEntry], source: str, now: datetime, revision: int
) -> None:
    name = await audit.name_of(connection, dnc_lists, list_id)
    if len(entries) <= audit.MOST_EACH:
        audit.note(connection, *(added(name, entry, source, now) for entry in entries))
    else:
        detail = {"list": name, "source": source, "revision": revision}
        numbers = [entry.number for entry in entries]
        audit.note(connection, *audit.of_numbers("dnc.add", numbers, f"dnc:{name}", detail, now))


async def _copy(connection: AsyncConnection, rows: list[tuple[Any, ...]], now: datetime) -> int:
    """By COPY beside the list, and from there on it; how many were not on it before."""
    columns = ", ".join(_COLUMNS)
    like_it = f"CREATE TEMPORARY TABLE {_TEMPORARY} ON COMMIT DROP AS SELECT {columns} FROM dnc_entries LIMIT 0"  # noqa: S608
    await connection.execute(text(like_it))
    await insert_rows(connection, _TEMPORARY, _COLUMNS, rows)
    # Who came anew has this moment; who stays for longer keeps their own.
    onto_it = text(
        f"WITH written AS ({_INSERT} SELECT {columns} FROM {_TEMPORARY} ORDER BY number "  # noqa: S608 - our own names
        f"{_CONFLICT} RETURNING added_at) SELECT count(*) FROM written WHERE added_at = :added_at"
    ).bindparams(bindparam("added_at", type_=UtcDateTime(timezone=True)))
    added = await connection.scalar(onto_it, {"added_at": now})
    await connection.execute(text(f"DROP TABLE {_TEMPORARY}"))
    return int(added or 0)


async def _known(connection: AsyncConnection, list_id: int, numbers: list[str], now: datetime) -> int:
    """How many of these numbers a list on SQLite forbids already."""
    given, wanted = handed(connection, numbers)
    query = _typed(
        f"SELECT count(*) FROM dnc_entries WHERE list_id = :list_id AND number IN (SELECT value FROM {given}) "  # noqa: S608
        "AND removed_at IS NULL AND (expires_at IS NULL OR expires_at > :added_at)"
    )
    found = await connection.scalar(query, {"list_id": list_id, "numbers": wanted, "added_at": now})
    return int(found or 0)
