"""Who takes calls, what they are doing, and how their time went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ami_dialer.domain.agent import STATE_WORDS, AgentState, SeatKind
from ami_dialer.store import agent_times
from ami_dialer.store.agent_times import Locked, LoggedIn, OfAgent, Times
from ami_dialer.store.campaigns import standing
from ami_dialer.store.database import Database

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
    #: Of the call that goes on or is wrapped up.
    campaign: str | None
    number: str | None
    #: Calls they had, with the one that goes on.
    calls: int
    talk: float
    wrap_up: float
    idle: float
    on_break: float

    @property
    def average_talk(self) -> float:
        """How long a call took on average, with the one that goes on."""
        return self.talk / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Office:
    """All of them at a moment."""

    at: datetime
    #: From when on times and calls are counted; None: each from the log-in.
    since: datetime | None
    agents: tuple[AgentSeen, ...]
    locked: tuple[Locked, ...]

    def counts(self) -> dict[AgentState, int]:
        """How many are in each state."""
        return {state: sum(one.state is state for one in self.agents) for state in STATE_WORDS}


async def look(database: Database, now: datetime, since: datetime | None = None, campaign: str | None = None) -> Office:
    """Everybody who is logged in, or those who take calls of a campaign. Raises NotFoundError, StoreError.

    Times are those since their log-in, or since a moment, with the log-ins before.
    """
    present = await agent_times.logged_in(database)
    if campaign is not None:
        document = (await standing(database, campaign)).document
        present = [one for one in present if takes(one, campaign, document)]
    if since is None:
        by_session = await agent_times.since_log_in(database, [one.session for one in present])
        times = {one.session: by_session.get(one.session, Times()) for one in present}
    else:
        by_agent = await agent_times.since(database, since, [one.agent for one in present])
        times = {one.session: by_agent.get(one.agent, Times()) for one in present}
    seen = tuple(_seen(one, times[one.session], now, since) for one in present)
    return Office(now, since, seen, tuple(await agent_times.locked(database)))


def takes(one: LoggedIn, campaign: str, document: Mapping[str, Any]) -> bool:
    """Whether somebody takes calls of a campaign, by its document as it is stored."""
    if one.kind is SeatKind.MEMBER:
        return document.get("queue") is not None
    if one.campaigns is not None and campaign not in one.campaigns:
        return False
    named = document.get("agents")
    return named == "all" or (isinstance(named, list) and one.agent in named)


def _seen(one: LoggedIn, times: Times, now: datetime, since: datetime | None) -> AgentSeen:
    going_on = max(0.0, (now - one.since).total_seconds())
    counted = going_on if since is None else max(0.0, (now - max(one.since, since)).total_seconds())
    spent = dict(times.seconds)
    spent[one.state] = spent.get(one.state, 0.0) + counted
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
        calls=times.calls + (one.state is AgentState.IN_CALL),
        talk=round(spent.get(AgentState.IN_CALL, 0.0), 1),
        wrap_up=round(spent.get(AgentState.WRAP_UP, 0.0), 1),
        idle=round(sum(spent.get(state, 0.0) for state in _IDLE), 1),
        on_break=round(spent.get(AgentState.ON_BREAK, 0.0), 1),
    )


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What came of one agent's calls in a run."""

    agent: str
    name: str | None
    calls: int
    #: Seconds.
    talked: float
    average: float
    #: By the result that counts, the most frequent first.
    dispositions: dict[str, int]


async def of_run(database: Database, run_id: int) -> list[AgentReport]:
    """What came of the calls that agents had in a run, agent by agent. Raises StoreError."""
    rows = await agent_times.of_run(database, run_id)
    return [_report([row for row in rows if row.agent == agent]) for agent in dict.fromkeys(row.agent for row in rows)]


def _report(rows: Sequence[OfAgent]) -> AgentReport:
    calls, talked = sum(row.calls for row in rows), sum(row.talked for row in rows)
    return AgentReport(
        agent=rows[0].agent,
        name=rows[0].name,
        calls=calls,
        talked=round(talked, 1),
        average=round(talked / calls, 1),
        dispositions={row.disposition: row.calls for row in rows},
    )
