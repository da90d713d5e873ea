"""How a campaign stands: the campaign, its newest run, and how far that is."""

from dataclasses import dataclass
from datetime import datetime

from ami_dialer.domain.ending import DISPOSITION_OF, Disposition
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion, RunState
from ami_dialer.store import documents, hopper, live, progress, results
from ami_dialer.store.database import Database
from ami_dialer.store.engine_lock import engine_running
from ami_dialer.store.live import RunList
from ami_dialer.store.runs import Run


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One run."""

    run: int
    state: RunState
    started_at: datetime
    ended_at: datetime | None
    contacts: int
    by_state: dict[EnrolmentState, int]
    #: Those taken out, by what did it.
    excluded: dict[Exclusion, int]
    #: Its lists: which are live, and what came in by them.
    lists: list[RunList]
    #: Attempts that ended, those of them that were answered, and calls that go on.
    attempts: int
    answered: int
    calls_now: int
    outcomes: dict[Disposition, int]
    #: When the next contact falls due; None when none waits.
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """A campaign and its newest run."""

    campaign: str
    lists: list[str]
    trunks: list[str]
    flow: str | None
    dialplan: str | None
    start: str
    #: None when it has never run.
    run: RunStatus | None
    #: Every run, newest first.
    runs: list[int]
    dialer_running: bool


async def campaign_status(database: Database, name: str) -> CampaignStatus:
    """The state of a campaign. Raises NotFoundError."""
    key, document = await documents.load_campaign(database, name)
    runs = await results.runs_of(database, key)
    return CampaignStatus(
        campaign=name,
        lists=document.lists,
        trunks=document.trunks,
        flow=document.flow,
        dialplan=document.dialplan,
        start=document.start,
        run=await run_status(database, runs[0]) if runs else None,
        runs=[run.id for run in runs],
        dialer_running=await engine_running(database),
    )


async def run_status(database: Database, run: Run) -> RunStatus:
    """The state of one run."""
    by_state = await progress.enrolment_counts(database, run.id)
    ends = await results.end_counts(database, run.id)
    outcomes: dict[Disposition, int] = {}
    for end in ends:
        named = DISPOSITION_OF[end.end_reason]
        outcomes[named] = outcomes.get(named, 0) + end.attempts
    running = run.state is RunState.RUNNING
    return RunStatus(
        run=run.id,
        state=run.state,
        started_at=run.started_at,
        ended_at=run.ended_at,
        contacts=sum(by_state.values()),
        by_state=by_state,
        excluded=await progress.exclusion_counts(database, run.id),
        lists=await live.of_run(database, run.id),
        attempts=sum(end.attempts for end in ends),
        answered=sum(end.answered for end in ends),
        calls_now=await results.living_attempts(database, run.id),
        outcomes=dict(sorted(outcomes.items(), key=lambda item: (-item[1], item[0]))),
        next_due=(await hopper.outlook(database, run.id)).next_due if running else None,
    )
