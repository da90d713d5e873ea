"""Runs as an emergency: only by an exemption, one at a time over all campaigns, and on record."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.compliance import Exemption
from ami_dialer.domain.campaign import CampaignAction, advance
from ami_dialer.domain.enrolment import GOING_ON
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import campaigns, runs
from ami_dialer.store.campaigns import Standing
from ami_dialer.store.database import Database
from ami_dialer.store.tables import campaigns as campaign_rows
from ami_dialer.store.tables import runs as run_rows

#: PostgreSQL's advisory lock of whoever begins an emergency: two at once would not see one another's run.
_LOCK = 0x61646D65


class NoEmergencyError(DialerError):
    """The campaign cannot run as an emergency now; the text says what to do."""


async def check(database: Database, standing: Standing, document: Campaign) -> None:
    """Whether the campaign could run as an emergency now. Raises IllegalActionError, NoEmergencyError."""
    async with database.reading() as connection:
        await _check(connection, standing, document)


async def start(database: Database, campaign_key: int, document: Campaign, now: datetime) -> int:
    """Begin a run as an emergency, and take the campaign off its schedule. One transaction. Returns the run's key.

    Raises IllegalActionError, NoEmergencyError, ListsNotReadyError.
    """
    async with database.bulk_writing() as connection:
        if not database.is_sqlite:
            await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        standing = await campaigns.locked(connection, campaign_key)
        await _check(connection, standing, document)
        run = await runs.begin(connection, standing, document, now, CampaignAction.EMERGENCY)
        detail = {
            "run": run,
            "exemptions": [one.model_dump(mode="json") for one in exemptions(document)],
            "overrides": {"hours": document.hours.model_dump(mode="json"), "max_calls": document.max_calls},
            "unscheduled_from": standing.next_start_at,
        }
        campaigns.note(connection, "campaign.emergency", standing, detail, now)
        return run


def exemptions(document: Campaign) -> list[Exemption]:
    """What frees the campaign in an emergency."""
    return [one for one in document.exemptions if one.basis == "emergency"]


async def _check(connection: AsyncConnection, standing: Standing, document: Campaign) -> None:
    advance(standing.name, standing.status, CampaignAction.EMERGENCY)
    if not exemptions(document):
        raise NoEmergencyError(
            f"campaign {standing.name!r}: no exemption allows it to run as an emergency. Write one, with the rules of "
            "law that do not bind then: `exemptions: [{rules: [hours, closed], basis: emergency, reason: why it may}]`"
        )
    going_on = select(campaign_rows.c.name).join(run_rows, run_rows.c.campaign_id == campaign_rows.c.id)
    other = await connection.scalar(going_on.where(run_rows.c.emergency, run_rows.c.state.in_(GOING_ON)))
    if other is not None:
        raise NoEmergencyError(
            f"campaign {standing.name!r}: campaign {other!r} runs as an emergency, and there is one at a time; wait "
            f"for its end, or stop it: ami-dialer campaign stop {other}"
        )
