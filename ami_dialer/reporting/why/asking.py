"""Gathers what is known, and answers: why is nothing of a campaign being dialled?"""

from dataclasses import dataclass, replace
from datetime import datetime

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.domain.enrolment import GOING_ON
from ami_dialer.reporting.why.ranking import Shown, places, ranked
from ami_dialer.reporting.why.reason import Facts, Reason
from ami_dialer.store import campaigns, engine_status, lists, live, results, runs
from ami_dialer.store import queue as queues
from ami_dialer.store.database import Database
from ami_dialer.store.documents import OutdatedDocumentError, read_document
from ami_dialer.store.engine_lock import engine_running


@dataclass(frozen=True, slots=True)
class Answer:
    """Why nothing of a campaign is being dialled, or that it is."""

    campaign: str
    at: datetime
    status: CampaignStatus
    #: The newest run; None where it has never run.
    run: int | None
    #: Calls of it that go on.
    calls: int
    dialer_running: bool
    #: The decisive reason in a sentence, and what to do; "" where waiting is all.
    text: str
    todo: str
    #: Each reason, the decisive one first.
    reasons: tuple[Reason, ...]
    #: Where the contacts of the run stand: the counts add up to all of them.
    contacts: int
    places: tuple[Reason, ...]


async def why(database: Database, name: str, now: datetime, shown: Shown) -> Answer:
    """Why nothing of a campaign is being dialled at `now`; `shown` writes a time. Raises NotFoundError, StoreError."""
    facts = await gather(database, name, now)
    return answer(facts, shown)


def answer(facts: Facts, shown: Shown) -> Answer:
    """What follows from what is known."""
    found = ranked(facts, shown)
    calls = sum(facts.calls.values())
    first = found[0] if found else None
    if first is None:
        text = "nothing stands in its way: the next call starts with the next tick" if not calls else ""
    else:
        text = first.text
    if calls and facts.dialer_running:
        more = f"; no further one starts: {text}" if text else ""
        text = f"it is dialling: {calls:,} {'call goes' if calls == 1 else 'calls go'} on{more}"
    elif calls:
        was = "1 call was" if calls == 1 else f"{calls:,} calls were"
        text = f"{text}; {was} going on when the dialer ended"
    return Answer(
        campaign=facts.campaign,
        at=facts.at,
        status=facts.status,
        run=facts.run,
        calls=calls,
        dialer_running=facts.dialer_running,
        text=text,
        todo=first.todo if first else "",
        reasons=tuple(found),
        contacts=facts.queue.contacts,
        places=tuple(sorted(places(facts, shown), key=lambda one: -one.contacts)),
    )


async def gather(database: Database, name: str, now: datetime) -> Facts:
    """All that is known of a campaign. Raises NotFoundError, StoreError."""
    standing = await campaigns.standing(database, name)
    try:
        document, trouble = read_document(Campaign, name, standing.document), standing.trouble
    except OutdatedDocumentError as error:
        document, trouble = None, standing.trouble or str(error)
    names = tuple(document.lists) if document else ()
    run = await runs.newest(database, standing.id)
    dialer_running = await engine_running(database)
    facts = Facts(
        campaign=name,
        at=now,
        status=standing.status,
        trouble=trouble,
        next_start_at=standing.next_start_at,
        starts_with_dialer=document is not None and document.start == "with-dialer" and run is None,
        lists=names,
        member_queue=document.queue if document else None,
        anybody=await lists.any_contacts(database, names),
        dialer_running=dialer_running,
        seen=await engine_status.read(database) if dialer_running else None,
    )
    if run is None:
        return facts
    queue = await queues.queue(database, run.id, now)
    return replace(
        facts,
        run=run.id,
        run_over=run.state not in GOING_ON,
        ends_at=run.ends_at if run.state in GOING_ON else None,
        run_why=run.why,
        live=any(one.live for one in await live.of_run(database, run.id)),
        queue=queue,
        calls=(await queues.calls_now(database)).get(run.id, {}),
        excluded=tuple(await results.exclusions(database, run.id)) if queue.excluded else (),
        dispositions=await queues.dispositions(database, run.id),
    )
