"""The audit trail: who changed what, and each call, written in the very transaction of the change.

Whoever changes something notes it; the transaction writes what was noted at its end, chained by hashes, behind a lock
on the row that says where the chain ends. So a change and its record are one commit, several processes make one chain,
and nobody waits for another longer than the end of a transaction takes.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Executable, Table, and_, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.audit import Head, Record, detail_text, link
from ami_dialer.domain.errors import StoreError
from ami_dialer.store.bulk import is_sqlite
from ami_dialer.store.tables import UtcDateTime, audit_head, audit_records

#: Who changes things without being asked: the running dialer.
DIALER = "dialer"
#: Characters that are kept, as the table has them.
MAX_ACTOR = 100
MAX_SUBJECT = 200
#: Of more numbers that are changed together one record is made, not one for each.
MOST_EACH = 1_000
#: Values of one statement; SQLite takes 32,766.
_AT_ONCE = 5_000
_KEY = "ami_dialer audit"


class Entry(NamedTuple):
    """Something that is to be recorded."""

    #: `dnc.add`, `campaign.start`, … docs/compliance.md lists them.
    action: str
    #: What it is about: a number, `campaign:NAME`, `list:NAME`, `dnc:NAME`.
    subject: str
    #: What JSON can hold, and times.
    detail: Mapping[str, Any]
    #: When it happened; None: now, by the database's own clock.
    at: datetime | None = None
    #: Of a call. Another record of the same attempt is not written.
    attempt_id: str | None = None
    #: Not written where the same record is there: what is committed may be committed again when the answer got lost.
    once: bool = False


def of_numbers(action: str, numbers: Sequence[str], whole: str, detail: Mapping[str, Any], at: datetime) -> list[Entry]:
    """The same for many numbers: a record for each, or for more than MOST_EACH one about `whole`.

    That one has how many they are, and their digest.
    """
    if len(numbers) <= MOST_EACH:
        return [Entry(action, number, detail, at) for number in numbers]
    return [Entry(action, whole, {**detail, "numbers": len(numbers), "digest": digest_of(numbers)}, at)]


def digest_of(numbers: Iterable[str]) -> str:
    """SHA-256 of the numbers, sorted and one a line: whoever has them can show that it was these."""
    return sha256("\n".join(sorted(numbers)).encode()).hexdigest()


async def name_of(connection: AsyncConnection, table: Table, key: int) -> str:
    """The name of a list or campaign, for a record about it; its key where there is none any more."""
    found = await connection.scalar(select(table.c.name).where(table.c.id == key))
    return str(key if found is None else found)


@dataclass(slots=True)
class _Noted:
    actor: str
    entries: list[Entry] = field(default_factory=list)


@asynccontextmanager
async def recording(connection: AsyncConnection, actor: str) -> AsyncIterator[None]:
    """What is noted inside the block is added to the chain at its end; the block is all of a transaction of `actor`."""
    info = connection.info
    noted = info[_KEY] = _Noted(actor)
    try:
        yield
        if noted.entries:
            await _write(connection, noted)
    finally:
        info.pop(_KEY, None)


def note(connection: AsyncConnection, *entries: Entry) -> None:
    """Record these with the transaction: they are in the trail if it is committed, and only then.

    For connections of `Database.writing` and its sisters; raises RuntimeError for any other.
    """
    noted: _Noted | None = connection.info.get(_KEY)
    if noted is None:
        raise RuntimeError("nothing can be recorded here: this connection is for reading")
    noted.entries += entries


async def _write(connection: AsyncConnection, noted: _Noted) -> None:
    """Add to the chain. Nobody else adds until the transaction is committed."""
    head, now = await _lock_head(connection)
    entries = await _new(connection, noted.entries)
    if not entries:
        return
    rows, last = _chained(entries, noted.actor[:MAX_ACTOR], head, now)
    await connection.execute(insert(audit_records), rows)
    await connection.execute(_MOVE_HEAD, {"id_now": last.id, "hash_now": last.hash})


def _chained(entries: Sequence[Entry], actor: str, head: Head, now: datetime) -> tuple[list[dict[str, Any]], Head]:
    rows = []
    for entry in entries:
        record = Record(
            head.id + 1,
            entry.at or now,
            actor,
            entry.action,
            entry.subject[:MAX_SUBJECT],
            entry.attempt_id,
            detail_text(entry.detail),
            "",
        )
        head = Head(record.id, link(head.hash, record))
        rows.append(dict(zip(Record._fields, record._replace(hash=head.hash), strict=True)))
    return rows, head


async def _lock_head(connection: AsyncConnection) -> tuple[Head, datetime]:
    """The end of the chain, locked until the transaction ends, and the time."""
    query = _HEAD_SQLITE if is_sqlite(connection) else _HEAD_POSTGRESQL
    row = (await connection.execute(query)).first()
    if row is None:
        raise StoreError(
            "the audit trail has lost its head, so nothing can be recorded and nothing is changed; somebody emptied "
            "the table audit_head: restore it from a backup"
        )
    return Head(row.last_id, row.hash), row.now


def _head(clock: Any) -> Executable:  # noqa: ANN401 - an expression of SQL
    columns = (audit_head.c.last_id, audit_head.c.hash, clock.label("now"))
    return select(*columns).where(audit_head.c.id == 1).with_for_update()


_HEAD_POSTGRESQL = _head(func.clock_timestamp(type_=UtcDateTime(timezone=True)))
# Written as SQLAlchemy writes times: six digits after the point, of which SQLite's own function knows three.
_HEAD_SQLITE = _head(func.strftime("%Y-%m-%d %H:%M:%f000", "now", type_=UtcDateTime(timezone=True)))


_MOVE_HEAD = (
    update(audit_head).where(audit_head.c.id == 1).values(last_id=bindparam("id_now"), hash=bindparam("hash_now"))
)


async def _new(connection: AsyncConnection, entries: Sequence[Entry]) -> list[Entry]:
    """Those that are not in the trail already, where that may be."""
    calls = [entry.attempt_id for entry in entries if entry.attempt_id is not None]
    others = [entry for entry in entries if entry.once and entry.attempt_id is None]
    if not calls and not others:
        return list(entries)
    recorded: set[object] = set()
    for start in range(0, len(calls), _AT_ONCE):
        some = calls[start : start + _AT_ONCE]
        recorded.update(
            await connection.scalars(select(audit_records.c.attempt_id).where(audit_records.c.attempt_id.in_(some)))
        )
    for entry in others:
        if await connection.scalar(_SAME, _values(entry)) is not None:
            recorded.add(_name(entry))
    new = []
    for entry in entries:
        name = entry.attempt_id if entry.attempt_id is not None else _name(entry)
        if (entry.attempt_id is None and not entry.once) or name not in recorded:
            new.append(entry)
            recorded.add(name)
    return new


def _name(entry: Entry) -> tuple[object, ...]:
    return (entry.action, entry.subject, entry.at, detail_text(entry.detail))


def _values(entry: Entry) -> dict[str, object]:
    return {
        "action": entry.action,
        "subject": entry.subject[:MAX_SUBJECT],
        "at": entry.at,
        "detail": detail_text(entry.detail),
    }


_SAME = select(audit_records.c.id).where(
    and_(
        *(
            audit_records.c[name] == bindparam(name, type_=audit_records.c[name].type)
            for name in ("action", "subject", "at", "detail")
        )
    )
)
