"""Orders: what an agent, or a program for them, asks the running dialer to do. It answers in the same row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.agent import Step
from ami_dialer.store import audit
from ami_dialer.store.audit import MAX_ACTOR, Entry
from ami_dialer.store.database import Database, Look
from ami_dialer.store.tables import agent_orders

#: An order that nobody took up within so long is not carried out any more: whoever asked has been told so.
STALE_SECONDS = 30.0
_MAX_ANSWER = 300


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked, and by whom."""

    id: int
    #: The agent's number; of a queue's member who is no agent of ours, its interface.
    agent: str
    step: Step
    #: By the step: {"campaigns": […]}, {"reason": …}, {"to": …}, {"title": …}, {"at": ISO 8601, "note": …}.
    argument: Mapping[str, Any]
    actor: str
    asked_at: datetime

    def stale(self, now: datetime) -> bool:
        """Whether it is too old to be carried out."""
        return now - self.asked_at > timedelta(seconds=STALE_SECONDS)


class Answer(NamedTuple):
    """What came of an order."""

    ok: bool
    #: For people.
    text: str


async def ask(database: Database, agent: str, step: Step, argument: Mapping[str, Any], now: datetime) -> int:
    """Have the running dialer do something. The order's key. Raises StoreError."""
    row = {
        "agent": agent,
        "step": step,
        "argument": dict(argument),
        "actor": database.actor[:MAX_ACTOR],
        "asked_at": now,
    }
    async with database.writing() as connection:
        key: int = (await connection.scalars(insert(agent_orders).values(row).returning(agent_orders.c.id))).one()
        detail = {"order": key, "step": step.value, **({"argument": dict(argument)} if argument else {})}
        audit.note(connection, Entry("agent.order", f"agent:{agent}", detail, now))
    return key


_WAITING = (
    select(
        agent_orders.c.id,
        agent_orders.c.agent,
        agent_orders.c.step,
        agent_orders.c.argument,
        agent_orders.c.actor,
        agent_orders.c.asked_at,
    )
    .where(agent_orders.c.done_at.is_(None))
    .order_by(agent_orders.c.id)
    .limit(100)
)


async def waiting(database: Database, look: Look = None) -> list[Order]:
    """Those that nobody has answered, in the order in which they came: by an index of them alone."""
    async with database.looking(look) as connection:
        rows = (await connection.execute(_WAITING)).all()
    return [Order(row.id, row.agent, Step(row.step), row.argument, row.actor, row.asked_at) for row in rows]


async def done(database: Database, key: int, ok: bool, answer: str, now: datetime) -> None:
    """Say what came of it. One that was answered already stays as it is. Raises StoreError."""
    async with database.writing() as connection:
        await _answer(connection, key, Answer(ok, answer), now)


async def answer(database: Database, key: int) -> Answer | None:
    """What came of it; None while it waits. Raises StoreError."""
    async with database.looking() as connection:
        return await _read(connection, key)


async def withdraw(database: Database, key: int, now: datetime, why: str) -> Answer:
    """Nobody has answered in time: it is not carried out any more. What came of it, if it was answered meanwhile."""
    async with database.writing() as connection:
        await _answer(connection, key, Answer(ok=False, text=why), now)
        return await _read(connection, key) or Answer(ok=False, text=why)


async def _answer(connection: AsyncConnection, key: int, given: Answer, now: datetime) -> None:
    still = (agent_orders.c.id == key) & agent_orders.c.done_at.is_(None)
    values = {"done_at": now, "ok": given.ok, "answer": given.text[:_MAX_ANSWER]}
    await connection.execute(update(agent_orders).where(still).values(values))


async def _read(connection: AsyncConnection, key: int) -> Answer | None:
    columns = select(agent_orders.c.ok, agent_orders.c.answer)
    row = (
        await connection.execute(columns.where(agent_orders.c.id == key, agent_orders.c.done_at.is_not(None)))
    ).first()
    return None if row is None else Answer(bool(row.ok), row.answer or "")
