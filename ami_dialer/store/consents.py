"""Consents and their revocations: rows are added, never changed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from ami_dialer.domain.consent import ConsentFacts, ConsentRecord, Strength
from ami_dialer.store.database import Database
from ami_dialer.store.tables import consents, reassignments

#: Numbers of one statement; SQLite takes 32,766.
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


async def known(database: Database, numbers: Sequence[str], days: int = 0) -> dict[str, ConsentFacts]:
    """What is known of consent for these numbers in E.164; those of whom nothing is known are not in it.

    A consent without an end ends `days` after it was given; 0: never (`compliance.consent_days`). Two queries by the
    indexes for some thousand numbers, in one connection: for the dialer, right before each call. Raises StoreError.
    """
    if not numbers:
        return {}
    records: dict[str, list[ConsentRecord]] = {}
    reassigned: dict[str, datetime] = {}
    async with database.reading() as connection:
        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            for row in await connection.execute(_RECORDS.where(consents.c.number.in_(some))):
                records.setdefault(row.number, []).append(_record(row, days))
            given_up = await connection.execute(_REASSIGNED.where(reassignments.c.number.in_(some)))
            reassigned.update((row.number, row.disconnected_at) for row in given_up)
    return {
        number: ConsentFacts(tuple(records.get(number, ())), reassigned.get(number))
        for number in dict.fromkeys((*records, *reassigned))
    }


def _record(row: Any, days: int) -> ConsentRecord:  # noqa: ANN401 - a row
    values = {**row._mapping, "strength": Strength(row.strength)}  # noqa: SLF001 - SQLAlchemy's public name
    if days and row.granted and row.expires_at is None:
        values["expires_at"] = row.at + timedelta(days=days)
    return ConsentRecord(**values)
