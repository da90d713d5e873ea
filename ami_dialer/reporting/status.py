"""How a campaign stands: its status, its newest run, and how far that is."""

from dataclasses import dataclass
from datetime import datetime

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.dispositions import meanings_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.callback import CallbackState
from ami_dialer.domain.campaign import Activity, CampaignStatus, activity
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion, RunState
from ami_dialer.domain.meaning import DEFAULT, Meanings
from ami_dialer.reporting.outcomes import Worth, result_of, worth
from ami_dialer.store import callback_rows, campaigns, hopper, live, progress, results
from ami_dialer.store.database import Database
from ami_dialer.store.documents import OutdatedDocumentError, legible_part, read_document
from ami_dialer.store.engine_lock import engine_running
from ami_dialer.store.live import RunList
from ami_dialer.store.results import GivenUp
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
    #: Those who wait because a rule refused them when it was their turn, by the rule.
    held_by: dict[str, int]
    #: Its lists: which are live, and what came in by them.
    lists: list[RunList]
    #: Attempts that ended, those of them that were answered, and calls that go on.
    attempts: int
    answered: int
    calls_now: int
    #: Calls that were taken back since their agents had left.
    given_up: GivenUp
    #: Attempts by the result that counts: the outcome that they were given, else the system's disposition.
    outcomes: dict[str, int]
    worth: Worth
    #: When the next contact falls due; None when none waits.
    next_due: datetime | None
    #: The start of the campaign's schedule that began it, and when the schedule ends it.
    scheduled_at: datetime | None
    ends_at: datetime | None
    #: Why it ended, where neither its last contact nor a stop did it.
    why: str | None
    #: It goes before all others, whatever its schedule and hours say.
    emergency: bool

    @property
    def left(self) -> int:
        """Contacts that wait, or are in the hopper or in a call."""
        return self.by_state[EnrolmentState.WAITING] + self.by_state[EnrolmentState.CLAIMED]


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign and its newest run."""

    campaign: str
    status: CampaignStatus
    #: What it does at this moment.
    activity: Activity
    #: Why it failed, or why its document cannot be read.
    trouble: str | None
    #: `config` where config.yaml declares it, else `made`.
    origin: str
    lists: list[str]
    trunks: list[str]
    flow: str | None
    dialplan: str | None
    #: Agents by number, or `all`; a queue; sessions of the dialplan; how calls are placed for them, where they are.
    agents: list[str] | str | None
    queue: str | None
    sessions: int | None
    dialing: str | None
    start: str
    #: The next start by its schedule.
    next_start_at: datetime | None
    #: None when it has never run.
    run: RunStatus | None
    #: Its callbacks, by their state.
    callbacks: dict[CallbackState, int]
    #: Every run, newest first.
    runs: list[int]
    dialer_running: bool


async def campaign_status(database: Database, name: str, config: Config | None = None) -> CampaignView:
    """The state of a campaign, also of one that another version stored; what results mean is from `config`.

    Raises NotFoundError.
    """
    standing = await campaigns.standing(database, name)
    runs = await results.runs_of(database, standing.id)
    known = DEFAULT if config is None else meanings_of(config, legible_part(standing.document))
    run = await run_status(database, runs[0], known) if runs else None
    trouble, document = standing.trouble, None
    try:
        document = read_document(Campaign, name, standing.document)
    except OutdatedDocumentError as error:
        trouble = trouble or str(error)
    return CampaignView(
        campaign=name,
        status=standing.status,
        activity=activity(standing.status, run.left if run else 0, run.calls_now if run else 0),
        trouble=trouble,
        origin=standing.origin,
        lists=document.lists if document else [],
        trunks=document.trunks if document else [],
        flow=document.flow if document else None,
        dialplan=document.dialplan if document else None,
        agents=document.agents if document else None,
        queue=document.queue if document else None,
        sessions=document.sessions if document else None,
        dialing=document.dialing.mode if document and document.paced else None,
        start=document.start if document else "by-hand",
        next_start_at=standing.next_start_at,
        run=run,
        callbacks=await callback_rows.counts(database, standing.id),
        runs=[each.id for each in runs],
        dialer_running=await engine_running(database),
    )


async def run_status(database: Database, run: Run, known: Meanings = DEFAULT) -> RunStatus:
    """The state of one run; `known` are the results that its campaign knows."""
    by_state = await progress.enrolment_counts(database, run.id)
    ends = await results.end_counts(database, run.id)
    outcomes: dict[str, int] = {}
    for end in ends:
        named = result_of(end)
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
        held_by=await progress.held_counts(database, run.id),
        lists=await live.of_run(database, run.id),
        attempts=sum(end.attempts for end in ends),
        answered=sum(end.answered for end in ends),
        calls_now=await results.living_attempts(database, run.id),
        given_up=await results.given_up(database, run.id),
        outcomes=dict(sorted(outcomes.items(), key=lambda item: (-item[1], item[0]))),
        worth=worth(ends, known),
        next_due=(await hopper.outlook(database, run.id)).next_due if running else None,
        scheduled_at=run.scheduled_at,
        ends_at=run.ends_at,
        why=run.why,
        emergency=run.emergency,
    )
