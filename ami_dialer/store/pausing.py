"""A run waits, and goes on with what was changed meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.campaign import CampaignAction, IllegalActionError
from ami_dialer.domain.changes import changes, digest
from ami_dialer.domain.enrolment import EnrolmentState, RunState
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import campaigns, runs, scrub
from ami_dialer.store.database import Database
from ami_dialer.store.documents import as_json, read_document
from ami_dialer.store.tables import enrolments
from ami_dialer.store.tables import runs as run_rows

#: Keys of a campaign that a run takes anew when it is resumed. The others are those of its start: whom it calls, what
#: for, and what people hear.
TAKEN_ANEW = frozenset(
    {
        "trunks",
        "caller_id",
        "caller_ids",
        "priority",
        "dialer_interval",
        "hopper",
        "dispositions",
        "callbacks",
        "hours",
        "caps",
        "consent",
        "exemptions",
        "abandonment",
        "ring",
        "max_calls",
        "amd",
        "retry",
        "dnc",
        "dnc_dispositions",
        "check_on_dial",
    }
)


#: Keys that nothing of a run that is going on depends on.
OF_NO_RUN = frozenset({"schedule", "start", "live"})


@dataclass(frozen=True, slots=True)
class Resumed:
    """What a resume did."""

    run: int
    #: What is different from before, by key: the value before and the one after.
    changes: dict[str, Any]
    #: Contacts that do-not-call lists took out.
    excluded: int
    #: Keys that the campaign says otherwise now, and that stay as they are in this run.
    kept: tuple[str, ...] = ()


async def pause(database: Database, name: str, now: datetime) -> int:
    """No new call in the run of a campaign; those in progress finish. Returns the key of the run.

    Raises NotFoundError, IllegalActionError.
    """
    async with database.writing() as connection:
        standing = await campaigns.named(connection, name)
        await campaigns.move(connection, standing, CampaignAction.PAUSE)
        run_id = await _run_of(connection, standing.id, name)
        if await connection.scalar(select(run_rows.c.emergency).where(run_rows.c.id == run_id)):
            raise IllegalActionError(f"campaign {name!r}: it runs as an emergency, which cannot be paused: stop it")
        await connection.execute(update(run_rows).where(run_rows.c.id == run_id).values(state=RunState.PAUSED))
        campaigns.note(connection, "campaign.pause", standing, {"run": run_id}, now)
        return run_id


async def resume(database: Database, name: str, now: datetime) -> Resumed:
    """Go on with the run of a campaign, by what the campaign says now of the keys that may change in a run.

    Whom do-not-call lists forbid is taken out first, and those whom a window or a limit put off are judged anew.
    Raises NotFoundError, IllegalActionError, OutdatedDocumentError.
    """
    async with database.writing() as connection:
        standing = await campaigns.named(connection, name)
        await campaigns.move(connection, standing, CampaignAction.RESUME)
        run_id = await _run_of(connection, standing.id, name)
        before = (await connection.scalars(select(run_rows.c.document).where(run_rows.c.id == run_id))).one()
        read_document(Campaign, name, before, run=run_id)
        wanted = as_json(read_document(Campaign, name, standing.document))
        document = read_document(Campaign, name, renewed(before, wanted), run=run_id)
        stored = as_json(document)
        values = {"state": RunState.RUNNING, "document": stored}
        await connection.execute(update(run_rows).where(run_rows.c.id == run_id).values(values))
        excluded = await scrub.waiting(connection, run_id, document, now)
        changed = changes(before, stored)
        if changed:
            await _judge_anew(connection, run_id, now)
        detail = {
            "run": run_id,
            "changes": changed,
            "excluded": excluded,
            "before": digest(before),
            "after": digest(stored),
        }
        campaigns.note(connection, "campaign.resume", standing, detail, now)
        kept = changes(
            {key: value for key, value in stored.items() if key not in OF_NO_RUN},
            {key: value for key, value in wanted.items() if key not in OF_NO_RUN},
        )
        return Resumed(run_id, changed, excluded, tuple(dict.fromkeys(key.partition(".")[0] for key in kept)))


def renewed(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a run with the keys that are taken anew; a key that is not written any more has its default."""
    kept = {key: value for key, value in before.items() if key not in TAKEN_ANEW}
    return kept | {key: value for key, value in wanted.items() if key in TAKEN_ANEW}


async def _run_of(connection: AsyncConnection, campaign_id: int, name: str) -> int:
    run_id = await runs.current(connection, campaign_id)
    if run_id is None:
        raise DialerError(f"campaign {name!r}: no run of it is going on")
    return run_id


async def _judge_anew(connection: AsyncConnection, run_id: int, now: datetime) -> None:
    """Whom a rule put off may be called now: the hours, caps or exemptions have changed."""
    held = (
        enrolments.c.run_id == run_id,
        enrolments.c.state == EnrolmentState.WAITING,
        enrolments.c.held_by.is_not(None),
        enrolments.c.due_at > now,
    )
    await connection.execute(update(enrolments).where(*held).values(due_at=now, held_by=None))
