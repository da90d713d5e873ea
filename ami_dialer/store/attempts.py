"""Attempts between memory and SQL."""

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import ColumnElement, literal_column, select

from ami_dialer.domain.attempt import Attempt, AttemptState
from ami_dialer.domain.ending import Disposition, EndReason
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.tables import attempts
from ami_dialer.store.writer import Kind, Write

#: An attempt's columns are those of the dataclass, without what only the living call needs.
_COLUMNS = tuple(column.name for column in attempts.columns)
#: Set once, with the first write.
_FIXED = {"id", "run_id", "enrolment_id", "contact_id", "ordinal", "number", "server", "trunk", "claimed_at"}
#: Whoever sets an outcome writes it themselves (`outcome`, store/outcomes.py): what the engine writes of its calls must
#: not take back what somebody set by hand.
_CHANGING = tuple(name for name in _COLUMNS if name not in {*_FIXED, "outcome"})


def new(attempt: Attempt) -> Write:
    """The first write of an attempt: what must be durable before Originate is sent."""
    return Write(Kind.NEW_ATTEMPT, {name: getattr(attempt, name) for name in _COLUMNS})


def changed(attempt: Attempt) -> Write:
    """What an attempt that goes on has become. Raises ValueError for one that has ended: that is `ended`."""
    if attempt.state is AttemptState.ENDED:
        raise ValueError(f"attempt {attempt.id} has ended, which is recorded: write it with `ended`")
    return Write(Kind.ATTEMPT, _changes(attempt))


def outcome(attempt: Attempt) -> Write:
    """The title that a flow gave it."""
    return Write(Kind.OUTCOME, {"key": attempt.id, "outcome": attempt.outcome})


def ended(attempt: Attempt, campaign: str, *, opted_out: bool = False) -> Write:
    """The last write of an attempt, and its record in the audit trail. Nothing more is written of it."""
    if attempt.state is not AttemptState.ENDED:
        raise ValueError(f"attempt {attempt.id} has not ended")
    return Write(Kind.ATTEMPT, _changes(attempt), _call(attempt, campaign, opted_out=opted_out))


def _changes(attempt: Attempt) -> dict[str, Any]:
    return {"key": attempt.id, **{name: getattr(attempt, name) for name in _CHANGING}}


def _call(attempt: Attempt, campaign: str, *, opted_out: bool) -> Entry:
    """What the audit trail says of a call. What is not known is left out."""
    detail = {
        "campaign": campaign,
        "run": attempt.run_id,
        "contact": attempt.contact_id,
        "ordinal": attempt.ordinal,
        "trunk": attempt.trunk,
        "caller_id": attempt.caller_id,
        "verdict": None if attempt.verdict is None else orjson.Fragment(attempt.verdict),
        "dialled_at": attempt.originated_at,
        "ringing_at": attempt.ringing_at,
        "answered_at": attempt.answered_at,
        "greeting_end_at": attempt.greeting_end_at,
        "connected_at": attempt.connected_at or attempt.flow_at,
        **({} if attempt.agent is None else {"agent": attempt.agent}),
        "ended_at": attempt.ended_at,
        "amd": attempt.amd_status,
        "cause": attempt.cause,
        "end_reason": attempt.end_reason,
        "disposition": attempt.disposition,
        "outcome": attempt.outcome,
        "why": attempt.detail,
        "recording": attempt.recording,
        "opted_out": opted_out or attempt.end_reason is EndReason.OPTED_OUT,
    }
    told = {name: value for name, value in detail.items() if value is not None}
    return Entry("call", attempt.number, told, attempt.ended_at, attempt.id)


async def living(database: Database) -> list[Attempt]:
    """Attempts that were going on when the last engine stopped."""
    # A literal: SQLite takes the partial index of living attempts only where the value stands in the statement.
    ended: ColumnElement[str] = literal_column(f"'{AttemptState.ENDED}'")
    async with database.reading() as connection:
        rows = await connection.execute(select(attempts).where(attempts.c.state != ended))
        # Sorted here: asked to do it, SQLite would walk the whole table by its key.
        return sorted((as_attempt(dict(row)) for row in rows.mappings()), key=lambda attempt: attempt.id)


async def known(database: Database, ids: Collection[str]) -> set[str]:
    """Which of these attempts are in this database."""
    if not ids:
        return set()
    async with database.reading() as connection:
        return set(await connection.scalars(select(attempts.c.id).where(attempts.c.id.in_(ids))))


async def load(database: Database, key: str) -> Attempt | None:
    """The attempt with this id, if it is in this database."""
    async with database.reading() as connection:
        row = (await connection.execute(select(attempts).where(attempts.c.id == key))).mappings().first()
    return None if row is None else as_attempt(dict(row))


def as_attempt(row: dict[str, Any]) -> Attempt:
    """An attempt from its row."""
    row["state"] = AttemptState(row["state"])
    row["end_reason"] = row["end_reason"] and EndReason(row["end_reason"])
    row["disposition"] = row["disposition"] and Disposition(row["disposition"])
    return Attempt(**row)
