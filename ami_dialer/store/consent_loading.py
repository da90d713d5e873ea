"""Consents and revocations into SQL: one by one with the writer's other rows, or by the ten thousands.

A record that is there already is not written again, so that whatever was cut off can be done once more.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Executable, and_, bindparam, exists, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.consent import Strength
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.bulk import insert_rows, is_sqlite, stored
from ami_dialer.store.tables import consents

#: Records that go into one transaction: others who write wait for it, a second or two.
CHUNK = 20_000
#: Characters, as the table has them.
MAX_SOURCE = 32
MAX_EVIDENCE = 500

_COLUMNS = tuple(str(column.name) for column in consents.columns if column.name != "id")
#: Two records that agree in these and in `expires_at` are one.
_SAME = ("number", "granted", "scope", "strength", "source", "at", "evidence")
_TEMPORARY = "consents_coming"


class NewRecord(NamedTuple):
    """What somebody said, to be recorded. Fields as those of the table."""

    number: str
    granted: bool
    scope: str
    strength: Strength
    source: str
    at: datetime
    expires_at: datetime | None = None
    evidence: str = ""
    honour_by: datetime | None = None
    honoured_at: datetime | None = None
    attempt_id: str | None = None


def row(record: NewRecord, now: datetime) -> dict[str, Any]:
    """A record as `WRITES` takes it, recorded at `now`."""
    return {
        **record._asdict(),
        "strength": record.strength.value,
        "evidence": record.evidence[:MAX_EVIDENCE],
        "recorded_at": now,
    }


def entries(rows: Sequence[dict[str, Any]]) -> list[Entry]:
    """What the audit trail says of these rows of `row`, which may be committed twice."""
    told = [name for name in _COLUMNS if name not in {"number", "granted"}]
    return [
        Entry(
            "consent.grant" if one["granted"] else "consent.revoke",
            one["number"],
            {name: one[name] for name in told if one[name] not in {None, ""}},
            one["recorded_at"],
            once=True,
        )
        for one in rows
    ]


def _insert() -> Executable:
    given = {name: bindparam(name, type_=consents.c[name].type) for name in _COLUMNS}
    same = [consents.c[name] == given[name] for name in _SAME]
    same.append(consents.c.expires_at.is_not_distinct_from(given["expires_at"]))
    values = select(*given.values()).where(~exists().where(and_(*same)))
    return insert(consents).from_select(list(_COLUMNS), values)


#: For rows of `row`. Doing it again changes nothing.
WRITES: tuple[Executable, ...] = (_insert(),)


async def load(connection: AsyncConnection, records: Sequence[NewRecord], now: datetime) -> int:
    """Record them in the caller's transaction, by way of a table beside. Returns how many were not there before."""
    if not records:
        return 0
    columns = ", ".join(_COLUMNS)
    recorded_at = stored(connection, now)
    times = {
        moment: stored(connection, moment) for one in records for moment in (one.at, one.expires_at, one.honour_by)
    }
    rows = [
        (
            *one[:3],
            one.strength.value,
            one.source,
            times[one.at],
            times[one.expires_at],
            one.evidence,
            times[one.honour_by],
            stored(connection, one.honoured_at),
            one.attempt_id,
            recorded_at,
        )
        for one in sorted(dict.fromkeys(records), key=lambda one: one.number)
    ]
    dropped = "" if is_sqlite(connection) else "ON COMMIT DROP"
    beside = f"CREATE TEMPORARY TABLE {_TEMPORARY} {dropped} AS SELECT {columns} FROM consents LIMIT 0"  # noqa: S608
    await connection.execute(text(beside))
    await insert_rows(connection, _TEMPORARY, _COLUMNS, rows)
    alike = "IS" if is_sqlite(connection) else "IS NOT DISTINCT FROM"
    same = " AND ".join(f"there.{name} = coming.{name}" for name in _SAME)
    onto_it = text(
        f"INSERT INTO consents ({columns}) SELECT {columns} FROM {_TEMPORARY} coming WHERE NOT EXISTS "  # noqa: S608
        f"(SELECT 1 FROM consents there WHERE {same} AND there.expires_at {alike} coming.expires_at) ORDER BY number"
    )
    added = (await connection.execute(onto_it)).rowcount
    await connection.execute(text(f"DROP TABLE {_TEMPORARY}"))
    if added:
        audit.note(connection, *_loaded(records, added, now))
    return added


def _loaded(records: Sequence[NewRecord], added: int, now: datetime) -> list[Entry]:
    """What the audit trail says of these: each, or for very many of them how many."""
    if len(records) <= audit.MOST_EACH:
        return entries([row(one, now) for one in records])
    revoked = sum(not one.granted for one in records)
    numbers = {"numbers": len(records), "digest": audit.digest_of([one.number for one in records])}
    return [Entry("consent.load", "consents", {**numbers, "revocations": revoked, "added": added}, now)]
