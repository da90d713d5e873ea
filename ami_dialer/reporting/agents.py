"""Who takes calls, what they are doing, and how their time went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ami_dialer.domain.agent import STATE_WORDS, AgentState, SeatKind
from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.store import agent_times, engine_status
from ami_dialer.store.agent_times import Locked, LoggedIn, OfAgent, Times
from ami_dialer.store.campaigns import standing, standings
from ami_dialer.store.database import Database
from ami_dialer.store.engine_lock import engine_running

#: States in which an agent waits for a call.
_IDLE = frozenset({AgentState.READY, AgentState.RESERVED, AgentState.PREVIEWING})


@dataclass(frozen=True, slots=True)
class AgentSeen:
    """One agent, or member of a queue, at a moment. Times in seconds."""

    agent: str
    name: str | None
    kind: SeatKind
    state: AgentState
    #: So long.
    seconds: float
    #: Why the break.
    reason: str | None
    server: str
    #: None: all that they may.
    campaigns: tuple[str, ...] | None
    logged_in_at: datetime
    #: Of the call that goes on or is wrapped up, or of the contact that is offered.
    campaign: str | None
    number: str | None
    contact: int | None
    #: A running campaign has calls for them.
    served: bool
    #: Calls they had, with the one that goes on.
    calls: int
    talk: float
    wrap_up: float
    idle: float
    on_break: float
    #: In calls that are none of a campaign's, which members of queues have too.
    other_calls: float

    @property
    def average_talk(self) -> float:
        """How long a call took on average, with the one that goes on."""
        return self.talk / self.calls if self.calls else 0.0

    @property
    def average_handling(self) -> float:
        """The same with the wrap-up: what a call takes of the agent's time."""
        return (self.talk + self.wrap_up) / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Office:
    """All of them at a moment."""

    at: datetime
    #: From when on times and calls are counted; None: each from the log-in.
    since: datetime | None
    agents: tuple[AgentSeen, ...]
    locked: tuple[Locked, ...]
    #: Without a dialer nobody knows what they do: times are counted up to its last sign of life.
    dialer_running: bool = True
    last_sign_at: datetime | None = None

    def counts(self) -> dict[AgentState, int]:
        """How many are in each state."""
        return {state: sum(one.state is state for one in self.agents) for state in STATE_WORDS}


async def look(database: Database, now: datetime, since: datetime | None = None, campaign: str | None = None) -> Office:
    """Everybody who is logged in, or those who take calls of a campaign. Raises NotFoundError, StoreError.

    Times are those since their log-in, or since a moment, with the log-ins before.
    """
    running = await engine_running(database)
    last = None if running else await engine_status.last_sign(database)
    present = await agent_times.logged_in(database)
    going_on = await standings(database, [CampaignStatus.RUNNING]) if present else []
    if campaign is not None:
        document = (await standing(database, campaign)).document
        present = [one for one in present if takes(one, campaign, document)]
    if since is None:
        by_session = await agent_times.since_log_in(database, [one.session for one in present])
        times = {one.session: by_session.get(one.session, Times()) for one in present}
    else:
        by_agent = await agent_times.since(database, since, [one.agent for one in present])
        times = {one.session: by_agent.get(one.agent, Times()) for one in present}
    until = now if running else min(last or max((one.since for one in present), default=now), now)
    seen = tuple(
        _seen(
            one, times[one.session], until, since, served=any(takes(one, each.name, each.document) for each in going_on)
        )
        for one in present
    )
    return Office(now, since, seen, tuple(await agent_times.locked(database)), running, last)


def takes(one: LoggedIn, campaign: str, document: Mapping[str, Any]) -> bool:
    """Whether somebody takes calls of a campaign, by its document as it is stored."""
    if one.kind is SeatKind.MEMBER:
        return document.get("queue") in one.queues
    if one.campaigns is not None and campaign not in one.campaigns:
        return False
    named = document.get("agents")
    return named == "all" or (isinstance(named, list) and one.agent in named)


def _seen(one: LoggedIn, times: Times, now: datetime, since: datetime | None, *, served: bool) -> AgentSeen:
    going_on = max(0.0, (now - one.since).total_seconds())
    counted = going_on if since is None else max(0.0, (now - max(one.since, since)).total_seconds())
    spent = dict(times.seconds)
    spent[one.state] = spent.get(one.state, 0.0) + counted
    ours = one.state is AgentState.IN_CALL and one.number is not None
    others = times.other_calls + (counted if one.state is AgentState.IN_CALL and not ours else 0.0)
    return AgentSeen(
        agent=one.agent,
        name=one.name,
        kind=one.kind,
        state=one.state,
        seconds=round(going_on, 1),
        reason=one.reason,
        server=one.server,
        campaigns=one.campaigns,
        logged_in_at=one.began_at,
        campaign=one.campaign,
        number=one.number,
        contact=one.contact,
        served=served,
        calls=times.calls + ours,
        talk=round(spent.get(AgentState.IN_CALL, 0.0) - others, 1),
        wrap_up=round(spent.get(AgentState.WRAP_UP, 0.0), 1),
        idle=round(sum(spent.get(state, 0.0) for state in _IDLE), 1),
        on_break=round(spent.get(AgentState.ON_BREAK, 0.0), 1),
        other_calls=round(others, 1),
    )


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What came of one agent's calls in a run."""

    agent: str
    name: str | None
    calls: int
    #: Seconds with people on the line, in all and for each call; of wrap-up, in all; both together for each call.
    talked: float
    average: float
    wrap_up: float
    average_handling: float
    #: Contacts that they skipped when they were offered.
    skips: int
    #: By the result that counts, the most frequent first.
    dispositions: dict[str, int]


async def of_run(database: Database, run_id: int) -> list[AgentReport]:
    """What came of the calls that agents had in a run, agent by agent, and of whom they skipped. Raises StoreError."""
    rows = await agent_times.of_run(database, run_id)
    skips = await agent_times.skips_of_run(database, run_id)
    names = {row.agent: row.name for row in rows} | {agent: name for agent, (name, _) in skips.items()}
    wrapped_up = await agent_times.wrapped_up(database, run_id, list(names))
    return [
        _report(
            agent,
            name,
            [row for row in rows if row.agent == agent],
            wrapped_up.get(agent, 0.0),
            skips.get(agent, (None, 0))[1],
        )
        for agent, name in sorted(names.items())
    ]


def _report(agent: str, name: str | None, rows: Sequence[OfAgent], wrap_up: float, skips: int) -> AgentReport:
    calls, talked = sum(row.calls for row in rows), sum(row.talked for row in rows)
    return AgentReport(
        agent=agent,
        name=name,
        calls=calls,
        talked=round(talked, 1),
        average=round(talked / calls, 1) if calls else 0.0,
        wrap_up=round(wrap_up, 1),
        average_handling=round((talked + wrap_up) / calls, 1) if calls else 0.0,
        skips=skips,
        dispositions={row.disposition: row.calls for row in rows},
    )
