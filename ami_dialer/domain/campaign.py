"""Where a campaign stands, and what leads from one status to the next."""

from enum import StrEnum

from ami_dialer.domain.errors import DialerError


class CampaignStatus(StrEnum):
    """Where a campaign stands."""

    #: At rest: a command starts it, or the dialer's own start where it says so and has never run.
    DRAFT = "draft"
    #: At rest until the next start of its schedule.
    SCHEDULED = "scheduled"
    #: A run of it is going on.
    RUNNING = "running"
    #: Its run waits: no call starts, calls in progress finish.
    PAUSED = "paused"
    #: Its last run is over: everybody in it is done or excluded, or the end of its schedule came.
    COMPLETED = "completed"
    #: Its last run was ended by hand; who was not called is not called in it.
    STOPPED = "stopped"
    #: Its last run could not go on, or the last start of its schedule could not be made; `trouble` says why.
    FAILED = "failed"
    #: Put away: left out of lists, never started, kept with all its records.
    ARCHIVED = "archived"


class CampaignAction(StrEnum):
    """What moves a campaign: people, its schedule, or its run."""

    START = "start"
    #: A start of its schedule has come.
    FALL_DUE = "fall due"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    #: Nobody is left in its run, or the end of its schedule came.
    COMPLETE = "complete"
    #: Its run cannot go on.
    FAIL = "fail"
    RERUN = "rerun"
    #: A run that goes before all others, whatever schedule and hours say.
    EMERGENCY = "emergency"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    ARCHIVE = "archive"
    RESTORE = "restore"


_S, _A = CampaignStatus, CampaignAction

#: Statuses in which a run of the campaign is going on, called or waiting.
GOING_ON = frozenset({_S.RUNNING, _S.PAUSED})
#: Statuses in which it could be started anew.
AT_REST = frozenset({_S.DRAFT, _S.SCHEDULED, _S.COMPLETED, _S.STOPPED, _S.FAILED})

#: The whole table. A run that completes or is stopped while starts of a schedule are left leads on to SCHEDULED by
#: SCHEDULE, in the same transaction.
CAMPAIGN_TRANSITIONS: dict[tuple[CampaignStatus, CampaignAction], CampaignStatus] = {
    (_S.DRAFT, _A.START): _S.RUNNING,
    (_S.DRAFT, _A.EMERGENCY): _S.RUNNING,
    (_S.DRAFT, _A.SCHEDULE): _S.SCHEDULED,
    (_S.DRAFT, _A.ARCHIVE): _S.ARCHIVED,
    (_S.SCHEDULED, _A.FALL_DUE): _S.RUNNING,
    (_S.SCHEDULED, _A.EMERGENCY): _S.RUNNING,
    (_S.SCHEDULED, _A.SCHEDULE): _S.SCHEDULED,
    (_S.SCHEDULED, _A.UNSCHEDULE): _S.DRAFT,
    (_S.SCHEDULED, _A.FAIL): _S.FAILED,
    (_S.RUNNING, _A.PAUSE): _S.PAUSED,
    (_S.RUNNING, _A.STOP): _S.STOPPED,
    (_S.RUNNING, _A.COMPLETE): _S.COMPLETED,
    (_S.RUNNING, _A.FAIL): _S.FAILED,
    (_S.RUNNING, _A.SCHEDULE): _S.RUNNING,
    (_S.RUNNING, _A.UNSCHEDULE): _S.RUNNING,
    (_S.PAUSED, _A.RESUME): _S.RUNNING,
    (_S.PAUSED, _A.STOP): _S.STOPPED,
    (_S.PAUSED, _A.COMPLETE): _S.COMPLETED,
    (_S.PAUSED, _A.FAIL): _S.FAILED,
    (_S.PAUSED, _A.SCHEDULE): _S.PAUSED,
    (_S.PAUSED, _A.UNSCHEDULE): _S.PAUSED,
    (_S.COMPLETED, _A.RERUN): _S.RUNNING,
    (_S.COMPLETED, _A.EMERGENCY): _S.RUNNING,
    (_S.COMPLETED, _A.SCHEDULE): _S.SCHEDULED,
    (_S.COMPLETED, _A.ARCHIVE): _S.ARCHIVED,
    (_S.STOPPED, _A.RERUN): _S.RUNNING,
    (_S.STOPPED, _A.EMERGENCY): _S.RUNNING,
    (_S.STOPPED, _A.SCHEDULE): _S.SCHEDULED,
    (_S.STOPPED, _A.ARCHIVE): _S.ARCHIVED,
    (_S.FAILED, _A.RERUN): _S.RUNNING,
    (_S.FAILED, _A.EMERGENCY): _S.RUNNING,
    (_S.FAILED, _A.FALL_DUE): _S.RUNNING,
    (_S.FAILED, _A.SCHEDULE): _S.SCHEDULED,
    (_S.FAILED, _A.UNSCHEDULE): _S.FAILED,
    (_S.FAILED, _A.ARCHIVE): _S.ARCHIVED,
    (_S.ARCHIVED, _A.RESTORE): _S.DRAFT,
}


class IllegalActionError(DialerError):
    """A campaign's status has no way out by an action; the text says what to do instead."""


_NO_RUN = "no run of it is going on"
_INSTEAD: dict[tuple[CampaignStatus, CampaignAction], str] = {
    (_S.DRAFT, _A.RERUN): "it has no run to repeat; begin with: start",
    (_S.DRAFT, _A.UNSCHEDULE): "it is not scheduled",
    (_S.SCHEDULED, _A.START): "it is scheduled and starts by itself; to start it by hand take it off its schedule "
    "first: unschedule",
    (_S.SCHEDULED, _A.RERUN): "it is scheduled and starts by itself; to run it by hand take it off its schedule "
    "first: unschedule, then start",
    (_S.SCHEDULED, _A.STOP): f"{_NO_RUN}; to keep it from starting take it off its schedule: unschedule",
    (_S.SCHEDULED, _A.PAUSE): f"{_NO_RUN}; to keep it from starting take it off its schedule: unschedule",
    (_S.SCHEDULED, _A.ARCHIVE): "it is scheduled; take it off its schedule first: unschedule",
    (_S.RUNNING, _A.START): "it is running; a campaign has one run at a time",
    (_S.RUNNING, _A.RERUN): "it is running; stop it first, then it can be run again",
    (_S.RUNNING, _A.EMERGENCY): "it is running; stop it first, then: start --emergency",
    (_S.RUNNING, _A.RESUME): "it is running already",
    (_S.RUNNING, _A.ARCHIVE): "it is running; stop it first",
    (_S.PAUSED, _A.START): "it is paused; go on with: resume, or stop it and begin anew with: rerun",
    (_S.PAUSED, _A.RERUN): "it is paused; stop it first, then it can be run again",
    (_S.PAUSED, _A.EMERGENCY): "it is paused and goes on as what it was: resume; or stop it first, then: start "
    "--emergency",
    (_S.PAUSED, _A.PAUSE): "it is paused already",
    (_S.PAUSED, _A.ARCHIVE): "it is paused; stop it first",
    (_S.COMPLETED, _A.START): "it has run and is completed; begin a new run with: rerun",
    (_S.COMPLETED, _A.RESUME): "its run is completed; begin a new one with: rerun",
    (_S.STOPPED, _A.START): "a stop is final for its run; begin a new one with: rerun",
    (_S.STOPPED, _A.RESUME): "a stop is final for its run; begin a new one with: rerun",
    (_S.FAILED, _A.START): "its last run failed; begin a new one with: rerun",
    (_S.FAILED, _A.RESUME): "its last run failed and is over; begin a new one with: rerun",
    (_S.ARCHIVED, _A.ARCHIVE): "it is archived already",
    **{
        (_S.ARCHIVED, action): "it is archived; bring it back first: restore"
        for action in (_A.START, _A.RERUN, _A.EMERGENCY)
    },
    (_S.ARCHIVED, _A.SCHEDULE): "it is archived; bring it back first: restore",
    **{
        (status, action): f"it is not running: it is {status}"
        for status in (_S.DRAFT, _S.COMPLETED, _S.STOPPED, _S.FAILED, _S.ARCHIVED)
        for action in (_A.STOP, _A.PAUSE)
    },
}


def advance(name: str, status: CampaignStatus, action: CampaignAction) -> CampaignStatus:
    """The status that an action leads to. Raises IllegalActionError, which says what to do instead."""
    try:
        return CAMPAIGN_TRANSITIONS[status, action]
    except KeyError:
        what = _INSTEAD.get((status, action), f"it is {status}, from where {action} leads nowhere")
        raise IllegalActionError(f"campaign {name!r}: {what}") from None


#: What others call them: words that `campaign list` takes besides, and docs/campaigns.md explains.
ALIASES: dict[str, frozenset[CampaignStatus]] = {
    "idle": frozenset({_S.DRAFT}),
    "ready": frozenset({_S.DRAFT}),
    "active": frozenset({_S.RUNNING}),
    "rerun": frozenset({_S.RUNNING}),
    "ended": frozenset({_S.STOPPED}),
    "inactive": AT_REST - {_S.SCHEDULED},
}


def statuses_of(word: str) -> frozenset[CampaignStatus]:
    """The statuses that a word means, its own or somebody else's; empty where it is unknown."""
    word = word.lower()
    if word in ALIASES:
        return ALIASES[word]
    return frozenset({CampaignStatus(word)}) if word in set(CampaignStatus) else frozenset()


class Activity(StrEnum):
    """What a campaign does at this moment; derived, never stored."""

    #: It is dialing: calls are going on.
    RUNNING = "Running"
    #: It is active and contacts are left, but no call is going on.
    STOPPED = "Stopped"
    #: Everybody of its run is done or excluded.
    COMPLETED = "Completed"
    #: It is not active.
    INACTIVE = "Inactive"


def activity(status: CampaignStatus, left: int, calls: int) -> Activity:
    """The real-time status: `left` contacts of its newest run are waiting or claimed, `calls` are going on."""
    if status is CampaignStatus.COMPLETED:
        return Activity.INACTIVE if left else Activity.COMPLETED
    if status is not CampaignStatus.RUNNING:
        return Activity.INACTIVE
    if calls:
        return Activity.RUNNING
    return Activity.STOPPED if left else Activity.COMPLETED
