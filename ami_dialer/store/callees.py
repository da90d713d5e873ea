"""Whoever is to be called, with all that a verdict looks at: place, kind of number, earlier calls, consent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ami_dialer.config.compliance import Compliance
from ami_dialer.domain.consent import NOTHING_KNOWN, ConsentFacts, ConsentRecord, Strength
from ami_dialer.domain.number_kind import kind_of
from ami_dialer.domain.place import place_of
from ami_dialer.domain.rank import CALLBACK_RANK
from ami_dialer.domain.verdict import Callee
from ami_dialer.store import callback_rows, consents
from ami_dialer.store.database import Database, Look
from ami_dialer.store.history import past_calls
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.writer import Kind, Write


@dataclass(frozen=True, slots=True)
class Columns:
    """Which of a contact's fields tell where it is."""

    postal_code: tuple[str, ...]
    state: tuple[str, ...]
    #: The zone of those whose zone nobody knows; None: there is none.
    unknown_zone: str | None
    #: A consent without an end ends so many days after it was given; 0: never.
    consent_days: int = 0


def columns_of(compliance: Compliance) -> Columns:
    """As the configuration names them."""
    return Columns(
        tuple(name.casefold() for name in compliance.postal_code_columns),
        tuple(name.casefold() for name in compliance.state_columns),
        compliance.unknown_zone,
        compliance.consent_days,
    )


def callee(
    number: str,
    contact_id: int,
    fields: Mapping[str, str],
    columns: Columns,
    *,
    time_zone: str | None = None,
    known_since: datetime | None = None,
) -> Callee:
    """The holder of a number in E.164 who is a contact with these fields and a `time_zone` of its own.

    Nothing is known yet of calls and consent.
    """
    names = tuple(fields)
    place = place_of(
        number,
        time_zone=time_zone,
        postal_code=_first(fields, _named(names, columns.postal_code)),
        state=_first(fields, _named(names, columns.state)),
        default_zone=columns.unknown_zone,
    )
    return Callee(number, kind_of(number), place, contact_id, known_since)


async def callees(
    database: Database,
    claimed: Sequence[Claimed],
    columns: Columns,
    since: datetime,
    coming: Collection[Write] = (),
    own: Collection[str] = (),
    look: Look = None,
) -> list[Callee]:
    """Those who are claimed, in their order, with their calls since then and their consent as they are known now.

    One query by indexes for all of them, and two more where something is known of consent. `coming` are the writes of
    attempts and consents that were not committed before; the attempts `own` do not count. Raises StoreError.
    """
    if not claimed:
        return []
    numbers = list({one.number for one in claimed})
    async with database.looking(look) as connection:
        history = await past_calls(connection, numbers, {one.contact_id for one in claimed}, since, coming, own)
        asked: dict[int, int] = {}
        if ahead := {one.contact_id for one in claimed if one.rank == CALLBACK_RANK}:
            latest = max(one.claimed_at for one in claimed)
            asked = await callback_rows.open_of(connection, claimed[0].run_id, ahead, latest)
        known: dict[str, ConsentFacts] = {}
        if history.spoken:
            known = await consents.known(database, list(history.spoken), columns.consent_days, connection)
    _take_in(known, coming)
    found = []
    for one in claimed:
        bare = callee(
            one.number,
            one.contact_id,
            one.fields,
            columns,
            time_zone=one.time_zone,
            known_since=one.known_since,
        )
        calls, consent = history.of(one.number, one.contact_id), known.get(one.number)
        bare = bare._replace(history=calls, consent=consent or NOTHING_KNOWN) if calls or consent else bare
        callback = asked.get(one.contact_id)
        found.append(bare if callback is None else bare._replace(callback=callback))
    return found


def _take_in(known: dict[str, ConsentFacts], coming: Collection[Write]) -> None:
    """Somebody revoked this very moment. A record that has been committed meanwhile counts twice, which is the same."""
    for write in coming:
        if write.kind is Kind.CONSENT:
            row = write.row
            record = ConsentRecord(
                0,
                row["number"],
                row["granted"],
                row["scope"],
                Strength(row["strength"]),
                row["source"],
                row["at"],
                row["expires_at"],
                row["evidence"],
            )
            facts = known.get(record.number, NOTHING_KNOWN)
            known[record.number] = facts._replace(records=(*facts.records, record))


@lru_cache(maxsize=256)
def _named(names: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a contact's columns that are wanted, the most wanted first. Contacts of a list have the same columns."""
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(name.casefold(), name)
    return tuple(by_name[name] for name in wanted if name in by_name)


def _first(fields: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """The first that is filled in."""
    return next((fields[name] for name in names if fields[name].strip()), None)
