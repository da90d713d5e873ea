"""How long agents did what, and how many calls they had: from their log-ins and spells."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, extract, func, literal, or_, select

from ami_dialer.domain.agent import AgentState, SeatKind
from ami_dialer.store.database import Database
from ami_dialer.store.tables import (
    agent_sessions,
    agent_skips,
    agent_spells,
    agents,
    attempts,
    campaigns,
    enrolments,
    runs,
)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Somebody who is logged in, and what they are doing."""

    session: int
    #: The agent's number; of a queue's member who is no agent of ours, its interface.
    agent: str
    name: str | None
    kind: SeatKind
    server: str
    #: None: of all that they may.
    campaigns: tuple[str, ...] | None
    #: Of a queue's member: those of running campaigns that it is in.
    queues: frozenset[str]
    began_at: datetime
    state: AgentState
    since: datetime
    #: Why the break.
    reason: str | None
    #: The call that is going on or wrapped up, or the contact that is offered: its campaign and number.
    campaign: str | None
    number: str | None
    #: Of the contact that is offered, or of the call.
    contact: int | None


@dataclass(frozen=True, slots=True)
class Times:
    """What was done before the state that goes on, in seconds."""

    #: By state.
    seconds: Mapping[AgentState, float] = field(default_factory=dict)
    #: Calls of campaigns that ended.
    calls: int = 0
    #: Seconds in calls that are none of a campaign's, which members of queues have: among those of IN_CALL.
    other_calls: float = 0.0


async def logged_in(database: Database) -> list[LoggedIn]:
    """Those who are logged in, by agent: a look-up in an index of them alone, and one for each call. Raises StoreError.

    Sessions of dialplans are not kept, and so not among them.
    """
    sessions = agent_sessions.c
    query = (
        select(
            sessions.id,
            sessions.agent,
            agents.c.name,
            sessions.kind,
            sessions.server,
            sessions.campaigns,
            sessions.queues,
            sessions.began_at,
            sessions.state,
            sessions.since,
            sessions.reason,
            campaigns.c.name,
            func.coalesce(attempts.c.number, enrolments.c.number),
            func.coalesce(attempts.c.contact_id, enrolments.c.contact_id),
        )
        .select_from(agent_sessions)
        .outerjoin(agents, agents.c.number == sessions.agent)
        .outerjoin(attempts, attempts.c.id == sessions.attempt_id)
        .outerjoin(enrolments, enrolments.c.id == sessions.enrolment_id)
        .outerjoin(runs, runs.c.id == func.coalesce(attempts.c.run_id, enrolments.c.run_id))
        .outerjoin(campaigns, campaigns.c.id == runs.c.campaign_id)
        .where(sessions.ended_at.is_(None))
        .order_by(sessions.agent, sessions.id)
    )
    async with database.reading() as connection:
        rows = await connection.execute(query)
        return [_logged_in(tuple(row)) for row in rows]


def _logged_in(row: tuple[Any, ...]) -> LoggedIn:
    session, agent, name, kind, server, names, queues, began_at, state, *rest = row
    taken = tuple(names) if isinstance(names, list) else None
    member_of = frozenset(queues or ())
    return LoggedIn(session, agent, name, SeatKind(kind), server, taken, member_of, began_at, AgentState(state), *rest)


async def since_log_in(database: Database, sessions: Collection[int]) -> dict[int, Times]:
    """What was done in these log-ins, by key. By an index: the cost is that of their spells. Raises StoreError."""
    spells = agent_spells.c
    return await _summed(database, spells.session_id, spells.session_id.in_(sessions), None)


async def since(database: Database, moment: datetime, names: Collection[str] | None = None) -> dict[str, Times]:
    """What agents did since a moment, by agent; of spells that began before it, what came after. Raises StoreError."""
    spells = agent_spells.c
    which = spells.until > moment
    if names is not None:
        which &= spells.agent.in_(names)
    return await _summed(database, spells.agent, which, moment)


async def _summed(
    database: Database, by: ColumnElement[Any], which: ColumnElement[bool], moment: datetime | None
) -> dict[Any, Times]:
    spells = agent_spells.c
    begin: ColumnElement[Any] = spells.since
    if moment is not None:
        at = literal(moment, spells.since.type)
        begin = case((spells.since < at, at), else_=spells.since)
    if database.is_sqlite:
        seconds: ColumnElement[Any] = (func.julianday(spells.until) - func.julianday(begin)) * 86_400
    else:
        seconds = extract("epoch", spells.until - begin)
    others = func.sum(case((spells.attempt_id.is_(None), seconds), else_=0.0))
    query = select(by, spells.state, func.count(spells.attempt_id), func.sum(seconds), others)
    found: dict[Any, dict[AgentState, tuple[int, float, float]]] = {}
    async with database.reading() as connection:
        for key, state, count, total, other in await connection.execute(query.where(which).group_by(by, spells.state)):
            told = int(count), round(float(total or 0), 3), round(float(other or 0), 3)
            found.setdefault(key, {})[AgentState(state)] = told
    return {
        key: Times(
            {state: total for state, (_, total, _) in states.items()},
            states.get(AgentState.IN_CALL, (0, 0.0, 0.0))[0],
            states.get(AgentState.IN_CALL, (0, 0.0, 0.0))[2],
        )
        for key, states in found.items()
    }


@dataclass(frozen=True, slots=True)
class Locked:
    """An agent whom wrong PINs have locked."""

    agent: str
    name: str
    at: datetime


async def locked(database: Database) -> list[Locked]:
    """The agents who are locked. Raises StoreError."""
    query = select(agents.c.number, agents.c.name, agents.c.locked_at).where(agents.c.locked_at.is_not(None))
    async with database.reading() as connection:
        return [Locked(*row) for row in await connection.execute(query.order_by(agents.c.number))]


@dataclass(frozen=True, slots=True)
class OfAgent:
    """Calls of a run that one agent had, and ended with one disposition."""

    agent: str
    name: str | None
    #: The result that counts.
    disposition: str
    calls: int
    #: Seconds with the agent, of all of them together.
    talked: float


async def skips_of_run(database: Database, run_id: int) -> dict[str, tuple[str | None, int]]:
    """Who skipped contacts in a run: name and how often, by agent. Raises StoreError."""
    query = (
        select(agent_skips.c.agent, agents.c.name, func.count())
        .outerjoin(agents, agents.c.number == agent_skips.c.agent)
        .where(agent_skips.c.run_id == run_id)
        .group_by(agent_skips.c.agent, agents.c.name)
    )
    async with database.reading() as connection:
        return {agent: (name, count) for agent, name, count in await connection.execute(query)}


async def wrapped_up(database: Database, run_id: int, names: Collection[str]) -> dict[str, float]:
    """Seconds of wrap-up after calls of a run that are over, by agent. By an index of the agents' spells.

    Raises StoreError.
    """
    spells = agent_spells.c
    began = select(runs.c.started_at).where(runs.c.id == run_id).scalar_subquery()
    of_run = select(attempts.c.id).where(attempts.c.run_id == run_id)
    which = spells.agent.in_(names) & (spells.since >= began) & spells.attempt_id.in_(of_run)
    found = await _summed(database, spells.agent, which & (spells.state == AgentState.WRAP_UP), None)
    return {agent: times.seconds.get(AgentState.WRAP_UP, 0.0) for agent, times in found.items()}


async def of_run(database: Database, run_id: int) -> list[OfAgent]:
    """Who talked to whom in a run: its ended calls that an agent had, by agent and disposition. Raises StoreError."""
    end, begin = attempts.c.ended_at, attempts.c.connected_at
    if database.is_sqlite:
        seconds: ColumnElement[Any] = (func.julianday(end) - func.julianday(begin)) * 86_400
    else:
        seconds = extract("epoch", end - begin)
    title = func.coalesce(attempts.c.outcome, attempts.c.disposition)
    had = or_(attempts.c.agent.is_not(None), begin.is_not(None))
    query = (
        select(attempts.c.agent, agents.c.name, title, func.count(), func.sum(seconds))
        .outerjoin(agents, agents.c.number == attempts.c.agent)
        .where(attempts.c.run_id == run_id, end.is_not(None), had)
        .group_by(attempts.c.agent, agents.c.name, title)
        .order_by(attempts.c.agent, func.count().desc(), title)
    )
    async with database.reading() as connection:
        rows = await connection.execute(query)
        return [
            OfAgent(agent or "", name, given, count, round(float(talked or 0), 3))
            for agent, name, given, count, talked in rows
        ]
