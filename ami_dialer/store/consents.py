"""Consents and their revocations: rows are added, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, and_, literal_column, or_, select, text

from ami_dialer.domain.consent import ConsentFacts, ConsentRecord, Strength
from ami_dialer.store.bulk import handed
from ami_dialer.store.database import Database, Look
from ami_dialer.store.tables import consents, reassignments

#: Numbers of one statement.
_AT_ONCE = 5_000
#: Of one scope the latest record holds. Where two are of one moment, a revocation outlives a consent.
_OLDEST_FIRST = (consents.c.at, consents.c.granted.desc(), consents.c.id)
_RECORDS = select(
    consents.c.id,
    consents.c.number,
    consents.c.granted,
    consents.c.scope,
    consents.c.strength,
    consents.c.source,
    consents.c.at,
    consents.c.expires_at,
    consents.c.evidence,
).order_by(*_OLDEST_FIRST)
_REASSIGNED = select(reassignments.c.number, reassignments.c.disconnected_at)


async def known(
    database: Database, numbers: Sequence[str], days: int = 0, look: Look = None
) -> dict[str, ConsentFacts]:
    """What is known of consent for these numbers in E.164; those of whom nothing is known are not in it.

    A consent without an end ends `days` after it was given; 0: never (`compliance.consent_days`). Two queries by the
    indexes for some thousand numbers, in one connection: for the dialer, right before each call. Raises StoreError.
    """
    if not numbers:
        return {}
    records: dict[str, list[ConsentRecord]] = {}
    reassigned: dict[str, datetime] = {}
    async with database.looking(look) as connection:
        for start in range(0, len(numbers), _AT_ONCE):
            # All in one parameter: a parameter for each would take longer than the search.
            given, some = handed(connection, numbers[start : start + _AT_ONCE])
            wanted = select(literal_column("value", String())).select_from(text(given))
            said = await connection.execute(_RECORDS.where(consents.c.number.in_(wanted)), {"numbers": some})
            for row in said:
                records.setdefault(row.number, []).append(_record(row, days))
            given_up = await connection.execute(
                _REASSIGNED.where(reassignments.c.number.in_(wanted)), {"numbers": some}
            )
            reassigned.update((row.number, row.disconnected_at) for row in given_up)
    return {
        number: ConsentFacts(tuple(records.get(number, ())), reassigned.get(number))
        for number in dict.fromkeys((*records, *reassigned))
    }


def _record(row: Any, days: int) -> ConsentRecord:  # noqa: ANN401 - a row
    values = {**row._mapping, "strength": Strength(row.strength)}  # noqa: SLF001 - SQLAlchemy's public name
    if row.granted:
        values["expires_at"] = end_of(row.at, row.expires_at, days)
    return ConsentRecord(**values)


def end_of(at: datetime, expires_at: datetime | None, days: int) -> datetime | None:
    """The end of a consent that was given `at`: its own, else so many days later; 0: none."""
    return at + timedelta(days=days) if expires_at is None and days else expires_at


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record with all that is kept of it."""

    id: int
    number: str
    granted: bool
    scope: str
    strength: Strength
    source: str
    at: datetime
    #: As it was recorded; where there is none, `compliance.consent_days` may give one.
    expires_at: datetime | None
    evidence: str
    #: Of a revocation: by when the law wanted it honoured, and when it was.
    honour_by: datetime | None
    honoured_at: datetime | None
    attempt_id: str | None
    recorded_at: datetime

    @property
    def is_late(self) -> bool:
        """Whether a revocation was honoured too late."""
        return self.honour_by is not None and self.honoured_at is not None and self.honoured_at >= self.honour_by


async def records_of(database: Database, *numbers: str) -> list[StoredRecord]:
    """Every record of these numbers in E.164, oldest first."""
    query = _ALL.where(consents.c.number.in_(numbers)).order_by(*_OLDEST_FIRST)
    async with database.reading() as connection:
        return [_stored(row) for row in await connection.execute(query)]


async def newest(
    database: Database,
    limit: int,
    *,
    scope: str | None = None,
    granted: bool | None = None,
    expired_at: tuple[datetime, int] | None = None,
    late: bool = False,
) -> list[StoredRecord]:
    """The records that were made last, newest first: of a scope, of consents or revocations alone.

    `expired_at`: consents that have ended at this moment, those without an end after so many days (0: never). `late`:
    revocations that were honoured after the law's deadline.
    """
    query = _ALL.order_by(consents.c.id.desc()).limit(limit)
    if scope is not None:
        query = query.where(consents.c.scope == scope)
    if granted is not None:
        query = query.where(consents.c.granted == granted)
    if late:
        query = query.where(consents.c.honoured_at >= consents.c.honour_by)
    if expired_at is not None:
        now, days = expired_at
        ended = consents.c.expires_at <= now
        if days:
            ended = or_(ended, and_(consents.c.expires_at.is_(None), consents.c.at <= now - timedelta(days=days)))
        query = query.where(consents.c.granted, ended)
    async with database.reading() as connection:
        return [_stored(row) for row in await connection.execute(query)]


_ALL = select(*(consents.c[each.name] for each in fields(StoredRecord)))


def _stored(row: Any) -> StoredRecord:  # noqa: ANN401 - a row
    return StoredRecord(**{**row._mapping, "strength": Strength(row.strength)})  # noqa: SLF001 - as above
