"""Log-ins of agents between memory and SQL: what they are doing, and what they did."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from ami_dialer.domain.agent import AgentState, SeatKind
from ami_dialer.store.audit import Entry, note
from ami_dialer.store.database import Database
from ami_dialer.store.tables import agent_sessions
from ami_dialer.store.writer import Kind, Write


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in as it is kept."""

    id: int
    agent: str
    kind: SeatKind
    server: str
    line: str
    channel: str
    campaigns: tuple[str, ...] | None
    began_at: datetime
    state: AgentState
    since: datetime
    reason: str | None
    attempt_id: str | None
    enrolment_id: int | None


@dataclass(frozen=True, slots=True)
class LogIn:
    """Who logs in, and where."""

    agent: str
    kind: SeatKind
    server: str
    #: Uniqueid and name of the line's channel; of a queue's member, its interface.
    line: str
    channel: str
    #: Names of the campaigns whose calls they take; None: of all that they may.
    campaigns: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Doing:
    """What an agent does from a moment on."""

    state: AgentState
    since: datetime
    reason: str | None = None
    attempt_id: str | None = None
    #: Who is offered to them, or was and is being called.
    enrolment_id: int | None = None


async def begin(database: Database, new: LogIn, now: datetime) -> int:
    """Keep that an agent logged in, and is ready. The session's key."""
    row = {
        "agent": new.agent,
        "kind": new.kind,
        "server": new.server,
        "line": new.line,
        "channel": new.channel,
        "campaigns": None if new.campaigns is None else list(new.campaigns),
        "began_at": now,
        "state": AgentState.READY,
        "since": now,
    }
    async with database.writing() as connection:
        key = await connection.scalar(insert(agent_sessions).values(row).returning(agent_sessions.c.id))
        note(
            connection, Entry("agent.login", f"agent:{new.agent}", {"kind": str(new.kind), "channel": new.channel}, now)
        )
        return int(key or 0)


def moved(session: int, agent: str, before: Doing, after: Doing) -> tuple[Write, ...]:
    """What is written when an agent does something else: what it did until then, and what it does now.

    A state that lasted no time is not kept: the next one has the same beginning, by which spells are told apart.
    """
    change = Write(Kind.SESSION, {"key": session, **_doing(after)})
    if before.since == after.since:
        return (change,)
    spell = {
        "session_id": session,
        "agent": agent,
        "state": before.state.value,
        "since": before.since,
        "until": after.since,
        "reason": before.reason,
        "attempt_id": before.attempt_id,
    }
    return Write(Kind.SPELL, spell), change


def ended(session: int, agent: str, before: Doing, now: datetime, why: str) -> tuple[Write, ...]:
    """What is written when an agent is logged out."""
    *spell, change = moved(session, agent, before, Doing(AgentState.LOGGED_OUT, now))
    entry = Entry("agent.logout", f"agent:{agent}", {"why": why}, now)
    return *spell, Write(Kind.SESSION, {**change.row, "ended_at": now, "why": why[:300]}, entry)


def _doing(doing: Doing) -> dict[str, object]:
    return {
        "state": doing.state.value,
        "since": doing.since,
        "reason": doing.reason,
        "attempt_id": doing.attempt_id,
        "enrolment_id": doing.enrolment_id,
        "ended_at": None,
        "why": None,
    }


def in_queues(session: int, queues: Collection[str]) -> Write:
    """What is written when a member is in other queues than before."""
    return Write(Kind.QUEUES, {"key": session, "queues": sorted(queues)})


def skipped(run: int, enrolment: int, agent: str, now: datetime) -> Write:
    """What is written when an agent does not want to call who is offered."""
    return Write(Kind.SKIP, {"run_id": run, "enrolment_id": enrolment, "agent": agent, "at": now})


async def supervised(database: Database, agent: str, by: str, mode: str, now: datetime) -> None:
    """Record that a supervisor hears an agent: `mode` is `listen`, `whisper` or `barge`. Raises StoreError."""
    async with database.writing() as connection:
        note(connection, Entry("agent.supervise", f"agent:{agent}", {"by": by, "mode": mode}, now))


async def going_on(database: Database) -> list[Session]:
    """Those who are logged in, as they were seen last."""
    columns = [column for column in agent_sessions.columns if column.name not in {"ended_at", "why", "queues"}]
    query = select(*columns).where(agent_sessions.c.ended_at.is_(None)).order_by(agent_sessions.c.id)
    async with database.reading() as connection:
        found = (await connection.execute(query)).mappings().all()
    return [_session(dict(row)) for row in found]


def _session(row: dict[str, object]) -> Session:
    campaigns = row["campaigns"]
    row |= {
        "kind": SeatKind(str(row["kind"])),
        "state": AgentState(str(row["state"])),
        "campaigns": tuple(campaigns) if isinstance(campaigns, list) else None,
    }
    return Session(**row)  # type: ignore[arg-type]


async def close(database: Database, sessions: Collection[int], now: datetime, why: str) -> None:
    """End log-ins whose lines are gone, without the engine that knew them."""
    if not sessions:
        return
    async with database.writing() as connection:
        done = update(agent_sessions).where(agent_sessions.c.id.in_(sessions), agent_sessions.c.ended_at.is_(None))
        ended_now = done.values(
            ended_at=now, state=AgentState.LOGGED_OUT, since=now, why=why[:300], attempt_id=None, enrolment_id=None
        )
        for agent in await connection.scalars(ended_now.returning(agent_sessions.c.agent)):
            note(connection, Entry("agent.logout", f"agent:{agent}", {"why": why}, now))
