"""Agents: who they are, with which PIN, and whether they are locked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Update, case, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.agents import Agent as Document
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import DialerError, NotFoundError
from ami_dialer.domain.pin import MAX_WRONG
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database, Look
from ami_dialer.store.documents import FROM_CONFIG, MADE
from ami_dialer.store.tables import agents


class AgentRefusedError(DialerError):
    """What is asked cannot be done with this agent; the text says why, and what to do."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as it is kept."""

    number: str
    name: str
    pin_hash: str | None
    phone: str | None
    server: str | None
    supervisor: bool
    #: Since when nobody can log in as this agent by phone; None where they can.
    locked_at: datetime | None
    #: `config`, or `made` at run time.
    origin: str = MADE
    #: In a row.
    wrong_pins: int = 0


_COLUMNS = (
    agents.c.number,
    agents.c.name,
    agents.c.pin_hash,
    agents.c.phone,
    agents.c.server,
    agents.c.supervisor,
    agents.c.locked_at,
    agents.c.origin,
    agents.c.wrong_pins,
)
#: What config.yaml says of an agent.
_WRITTEN = ("name", "pin_hash", "phone", "server", "supervisor")


async def load(database: Database, number: str, look: Look = None) -> Agent | None:
    """One agent; None where there is none of that number. Raises StoreError."""
    async with database.looking(look) as connection:
        row = (await connection.execute(select(*_COLUMNS).where(agents.c.number == number))).first()
    return None if row is None else Agent(*row)


async def every(database: Database) -> list[Agent]:
    """All of them, by number. Raises StoreError."""
    async with database.reading() as connection:
        return [Agent(*row) for row in await connection.execute(select(*_COLUMNS).order_by(agents.c.number))]


async def numbers(database: Database) -> frozenset[str]:
    """The numbers of all. Raises StoreError."""
    async with database.reading() as connection:
        return frozenset(await connection.scalars(select(agents.c.number)))


async def sync(database: Database, config: Config, now: datetime) -> None:
    """Bring the agents of config.yaml into SQL, and take those out that are gone from it. Others are left alone.

    One that was made at run time is taken over once config.yaml declares its number. A changed PIN unlocks.
    """
    async with database.reading() as connection:
        rows = await connection.execute(select(*_COLUMNS))
        stored = {row.number: Agent(*row) for row in rows}
    gone = [one for one in stored.values() if one.origin == FROM_CONFIG and one.number not in config.agents]
    changed = {
        number: written
        for number, written in config.agents.items()
        if number not in stored or stored[number].origin != FROM_CONFIG or _differs(stored[number], written)
    }
    if not gone and not changed:
        return
    async with database.writing() as connection:
        for one in gone:
            await _take_out(connection, one.number)
            audit.note(connection, Entry("config.remove", _subject(one.number), {"name": one.name}, now))
        for number, written in changed.items():
            await _write(connection, number, stored.get(number), written, now)


def _differs(kept: Agent, written: Document) -> bool:
    return any(getattr(kept, name) != getattr(written, name) for name in _WRITTEN)


async def _write(
    connection: AsyncConnection, number: str, before: Agent | None, written: Document, now: datetime
) -> None:
    row: dict[str, Any] = {name: getattr(written, name) for name in _WRITTEN} | {"origin": FROM_CONFIG}
    if before is None:
        await connection.execute(insert(agents).values(number=number, created_at=now, **row))
    else:
        if before.pin_hash != written.pin_hash:
            row |= {"wrong_pins": 0, "locked_at": None}
        await connection.execute(update(agents).where(agents.c.number == number).values(row))
    action = "config.add" if before is None else "config.change"
    taken_over = {"taken_over": True} if before is not None and before.origin == MADE else {}
    new_pin = {"pin": "changed"} if before is not None and before.pin_hash != written.pin_hash else {}
    audit.note(connection, Entry(action, _subject(number), {**_told(written), **new_pin, **taken_over}, now))


async def add(database: Database, number: str, new: Document, now: datetime) -> Agent:
    """Make an agent at run time. Raises AgentRefusedError where the number is taken, StoreError."""
    async with database.writing() as connection:
        if (known := await _standing(connection, number)) is not None:
            raise AgentRefusedError(f"agent {number} exists already: {known.name}")
        row = {name: getattr(new, name) for name in _WRITTEN}
        await connection.execute(insert(agents).values(number=number, origin=MADE, created_at=now, **row))
        audit.note(connection, Entry("agent.add", _subject(number), _told(new), now))
    return Agent(number, new.name, new.pin_hash, new.phone, new.server, new.supervisor, None)


async def remove(database: Database, number: str, now: datetime) -> Agent:
    """Take out one that was made at run time. What they did is kept. Raises NotFoundError, AgentRefusedError."""
    async with database.writing() as connection:
        known = await _known(connection, number)
        if known.origin == FROM_CONFIG:
            raise AgentRefusedError(f"agent {number} is written in config.yaml: take it out under `agents` there")
        await _take_out(connection, number)
        audit.note(connection, Entry("agent.remove", _subject(number), {"name": known.name}, now))
    return known


async def set_pin(database: Database, number: str, pin_hash: str, now: datetime) -> Agent:
    """Give a new PIN to one that was made at run time, which unlocks it. Raises NotFoundError, AgentRefusedError."""
    async with database.writing() as connection:
        known = await _known(connection, number)
        if known.origin == FROM_CONFIG:
            raise AgentRefusedError(
                f"agent {number} is written in config.yaml: put what `ami-dialer agent pin` prints there, as pin_hash"
            )
        await connection.execute(
            update(agents).where(agents.c.number == number).values(pin_hash=pin_hash, wrong_pins=0, locked_at=None)
        )
        detail = {"unlocked": True} if known.locked_at is not None else {}
        audit.note(connection, Entry("agent.pin", _subject(number), detail, now))
    return known


async def unlock(database: Database, number: str, now: datetime) -> Agent:
    """Let one log in again whom wrong PINs have locked. Returns it as it was. Raises NotFoundError."""
    async with database.writing() as connection:
        known = await _known(connection, number)
        if known.locked_at is not None or known.wrong_pins:
            await connection.execute(_forget_wrong(number))
            audit.note(connection, Entry("agent.unlock", _subject(number), {"locked_at": known.locked_at}, now))
    return known


async def wrong_pin(database: Database, number: str, now: datetime) -> int:
    """Count a wrong PIN; the one that is too many locks the agent. Returns how many in a row it is; 0: no agent."""
    wrong = agents.c.wrong_pins + 1
    locked_at = case((agents.c.locked_at.is_(None) & (wrong >= MAX_WRONG), now), else_=agents.c.locked_at)
    counted = update(agents).where(agents.c.number == number).values(wrong_pins=wrong, locked_at=locked_at)
    async with database.writing() as connection:
        in_a_row = await connection.scalar(counted.returning(agents.c.wrong_pins))
        if in_a_row == MAX_WRONG:
            audit.note(connection, Entry("agent.locked", _subject(number), {"wrong_pins": in_a_row}, now))
        return in_a_row or 0


async def right_pin(database: Database, number: str) -> bool:
    """The right PIN came: wrong ones are counted anew. False for one that is locked, and stays so, or is gone."""
    let_in = _forget_wrong(number).where(agents.c.locked_at.is_(None))
    async with database.writing() as connection:
        return await connection.scalar(let_in.returning(agents.c.number)) is not None


def _forget_wrong(number: str) -> Update:
    return update(agents).where(agents.c.number == number).values(wrong_pins=0, locked_at=None)


async def _standing(connection: AsyncConnection, number: str) -> Agent | None:
    row = (await connection.execute(select(*_COLUMNS).where(agents.c.number == number))).first()
    return None if row is None else Agent(*row)


async def _known(connection: AsyncConnection, number: str) -> Agent:
    """Raises NotFoundError that says what there is."""
    found = await _standing(connection, number)
    if found is None:
        known = list(await connection.scalars(select(agents.c.number).order_by(agents.c.number).limit(20)))
        there_is = f"known: {', '.join(known)}" if known else "there are none yet: ami-dialer agent add"
        raise NotFoundError(f"there is no agent {number}; {there_is}")
    return found


async def _take_out(connection: AsyncConnection, number: str) -> None:
    await connection.execute(delete(agents).where(agents.c.number == number))


def _subject(number: str) -> str:
    return f"agent:{number}"


def _told(written: Document) -> dict[str, Any]:
    """What the audit trail says of an agent: never the hash of the PIN."""
    return {**written.model_dump(exclude={"pin_hash"}, exclude_unset=True), "has_pin": written.pin_hash is not None}
