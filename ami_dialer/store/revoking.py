"""Revocation of consent: the record of it with its deadline, and the number on a do-not-call list, both or neither.

The one way for all who revoke: a key in a flow and the opt-out line by `writes`, with the engine's other rows; a
command, an agent, a gateway of text messages or an API by `revoke`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Config
from ami_dialer.domain.consent import EVERYTHING, Strength
from ami_dialer.domain.place import place_of
from ami_dialer.domain.scope import CAMPAIGN
from ami_dialer.rules.compliance.deadline import NO_DEADLINES, Deadlines
from ami_dialer.store import consent_loading, dnc_loading
from ami_dialer.store.audit import Entry, note
from ami_dialer.store.consent_loading import NewRecord
from ami_dialer.store.database import Database
from ami_dialer.store.tables import consents, dnc_lists
from ami_dialer.store.writer import Kind, Write


class Barring(NamedTuple):
    """The do-not-call list that a revocation puts its number on, and what the entry says."""

    #: Key in SQL.
    list_id: int
    reason: str
    #: As those of entries: `flow`, `inbound`, `sms`, …
    source: str


@dataclass(frozen=True, slots=True)
class OptOuts:
    """Where the opt-outs of a run go to, and what they mean."""

    #: The do-not-call list: key in SQL.
    list_id: int
    #: What is revoked (`scope_of`), and by when the law wants that honoured.
    scope: str = EVERYTHING
    deadlines: Deadlines = NO_DEADLINES


def revocation(
    number: str, scope: str, source: str, at: datetime, *, evidence: str = "", attempt_id: str | None = None
) -> NewRecord:
    """The record of what somebody said `at`; `honoured` completes it."""
    return NewRecord(number, False, scope, Strength.EXPRESS, source, at, evidence=evidence, attempt_id=attempt_id)


def honoured(record: NewRecord, deadlines: Deadlines, now: datetime) -> NewRecord:
    """The same, honoured from `now` on, when no engine calls the number any more, with the deadline of the law there.

    It may take a second the first time.
    """
    place = place_of(record.number, time_zone=None, postal_code=None, state=None)
    return record._replace(honour_by=deadlines.honour_by(place, record.at), honoured_at=now)


def writes(record: NewRecord, barring: Barring | None, now: datetime) -> tuple[Write, ...]:
    """A revocation for the engine's writer, to be put together."""
    written = Write(Kind.CONSENT, consent_loading.row(record, now))
    if barring is None:
        return (written,)
    entry = dnc_loading.row(
        barring.list_id, record.number, barring.reason, barring.source, now, attempt_id=record.attempt_id
    )
    return Write(Kind.DNC, entry), written


async def revoke(database: Database, records: Sequence[NewRecord], barring: Barring | None, now: datetime) -> int:
    """Record revocations and put their numbers on the list; how many were not recorded before.

    Every engine heeds it at its next call. Done again it changes nothing. Raises StoreError.
    """
    return await _write(database, [write for one in records for write in writes(one, barring, now)])


async def grant(database: Database, records: Sequence[NewRecord], now: datetime) -> int:
    """Record consents; how many were not recorded before. Raises StoreError."""
    return await _write(database, [Write(Kind.CONSENT, consent_loading.row(one, now)) for one in records])


async def revoke_within(connection: AsyncConnection, record: NewRecord, barring: Barring, now: datetime) -> None:
    """As `revoke`, in the transaction of the caller. One attempt revokes once, however often its result is given."""
    revoked = exists().where(consents.c.attempt_id == record.attempt_id, ~consents.c.granted)
    known = record.attempt_id is not None and await connection.scalar(select(revoked))
    entry, said = writes(record, barring, now)
    await _write_within(connection, [entry] if known else [entry, said])


async def _write(database: Database, rows: Sequence[Write]) -> int:
    """The writer's rows without the writer: all in one transaction."""
    async with database.writing() as connection:
        return await _write_within(connection, rows)


async def _write_within(connection: AsyncConnection, rows: Sequence[Write]) -> int:
    statements = {Kind.DNC: dnc_loading.WRITES, Kind.CONSENT: consent_loading.WRITES}
    added = 0
    for write in rows:
        changed = 0
        for statement in statements[write.kind]:
            changed = (await connection.execute(statement, write.row)).rowcount
        if changed:
            added += write.kind is Kind.CONSENT
            note(connection, *await _entries(connection, write))
    return added


async def _entries(connection: AsyncConnection, write: Write) -> list[Entry]:
    if write.kind is Kind.DNC:
        return await dnc_loading.entries(connection, [write.row])
    return consent_loading.entries([write.row])


def list_of(config: Config, scope: str) -> str | None:
    """The do-not-call list that numbers go on whose holder revokes this scope.

    Everything: that of the opt-out line. A campaign: its own. None for a purpose, or a campaign that is not in the
    configuration: there the record alone forbids calls, as it does in any case.
    """
    if scope == EVERYTHING:
        return config.do_not_call.opt_out_line.list
    campaign = config.campaigns.get(scope.removeprefix(CAMPAIGN)) if scope.startswith(CAMPAIGN) else None
    return None if campaign is None else campaign.opt_out_list


async def scope_of(database: Database, config: Config, name: str, campaign: Campaign) -> str:
    """What somebody revokes who presses the key in a call of this campaign: as much as its opt-out list is for.

    Everything where that list is the global one or the opt-out line's, as it is by default; else this campaign alone.
    """
    async with database.reading() as connection:
        is_global = await connection.scalar(
            select(dnc_lists.c.is_global).where(dnc_lists.c.name == campaign.opt_out_list)
        )
    everything = is_global or campaign.opt_out_list == config.do_not_call.opt_out_line.list
    return EVERYTHING if everything else CAMPAIGN + name
