"""Claims whose calls may not be placed: given back with another phone or for later, or taken out of the run."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.domain.verdict import Verdict
from ami_dialer.rules.retry import is_out, put_out
from ami_dialer.store import dnc
from ami_dialer.store.database import Database
from ami_dialer.store.dnc import DncEntry
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.tables import enrolments

#: Characters that fit into `excluded_by` and `held_by`.
_MAX_LABEL = 300
_MAX_RULE = 64


class Refused(NamedTuple):
    """A claim that a verdict refuses."""

    claimed: Claimed
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What became of claims, by number."""

    #: Not called in this run any more.
    excluded: int = 0
    #: Wait with another phone, due as they were.
    moved: int = 0
    #: Wait until their verdicts allow them.
    put_off: int = 0


async def barred(
    database: Database, of: Sequence[tuple[Claimed, DncEntry]], list_names: Collection[str], now: datetime
) -> GivenBack:
    """Who stands on a do-not-call list goes on with a further phone, or is taken out, with the entry that did it.

    This and `refused` do nothing to those whose claim is not held any more.
    """
    async with database.writing() as connection:
        phones = await _further_phones(connection, [claimed for claimed, _ in of], list_names, now)
        out = [
            _taken_out(claimed, Exclusion.DNC, entry.label, None)
            for claimed, entry in of
            if claimed.enrolment_id not in phones
        ]
        await _write(connection, out, _moved(phones, [claimed for claimed, _ in of]))
    return GivenBack(len(out), len(phones))


async def refused(database: Database, of: Sequence[Refused], list_names: Collection[str], now: datetime) -> GivenBack:
    """Who may be called later waits until then, with the rule that decided; for all of them in one statement.

    Who may never be called goes on with a further phone that is on none of these do-not-call lists, or is taken out.
    """
    later = [one for one in of if one.verdict.next_at is not None]
    never = [one for one in of if one.verdict.next_at is None]
    async with database.writing() as connection:
        if later:
            rows = [
                {**_held(one.claimed), "new_due": one.verdict.next_at, "rule": one.verdict.rule[:_MAX_RULE]}
                for one in later
            ]
            await connection.execute(_PUT_OFF, rows)
        phones = await _further_phones(connection, [one.claimed for one in never], list_names, now)
        out = [
            _taken_out(one.claimed, Exclusion.RULE, one.verdict.why, one.verdict.rule)
            for one in never
            if one.claimed.enrolment_id not in phones
        ]
        await _write(connection, out, _moved(phones, [one.claimed for one in never]))
    return GivenBack(len(out), len(phones), len(later))


async def wake(database: Database, run_ids: Sequence[int], rule: str, agents: Collection[str], now: datetime) -> int:
    """Who was put off by this rule, and belongs to one of these agents, is due now. Returns how many."""
    async with database.writing() as connection:
        done = await connection.execute(
            update(enrolments)
            .where(
                enrolments.c.run_id.in_(run_ids),
                enrolments.c.state == EnrolmentState.WAITING,
                enrolments.c.held_by == rule,
                enrolments.c.due_at > now,
                enrolments.c.agent.in_(agents),
            )
            .values(due_at=now)
        )
    return done.rowcount


def _claim_is_held() -> ColumnElement[bool]:
    return and_(
        enrolments.c.id == bindparam("enrolment"),
        enrolments.c.state == EnrolmentState.CLAIMED,
        enrolments.c.claimed_at == bindparam("held_since"),
    )


_BACK = update(enrolments).where(_claim_is_held())
_PUT_OFF = _BACK.values(
    state=EnrolmentState.WAITING, claimed_at=None, due_at=bindparam("new_due"), held_by=bindparam("rule")
)
_MOVE = _BACK.values(
    state=EnrolmentState.WAITING,
    claimed_at=None,
    number=bindparam("new_number"),
    tries=bindparam("new_tries", type_=enrolments.c.tries.type),
)
_TAKE_OUT = _BACK.values(
    state=EnrolmentState.EXCLUDED,
    claimed_at=None,
    exclusion=bindparam("kind"),
    excluded_by=bindparam("label"),
    held_by=bindparam("rule"),
)


def _held(claimed: Claimed) -> dict[str, Any]:
    return {"enrolment": claimed.enrolment_id, "held_since": claimed.claimed_at}


def _taken_out(claimed: Claimed, kind: Exclusion, label: str, rule: str | None) -> dict[str, Any]:
    return {**_held(claimed), "kind": kind, "label": label[:_MAX_LABEL], "rule": rule and rule[:_MAX_RULE]}


def _moved(phones: dict[int, str], of: Sequence[Claimed]) -> list[dict[str, Any]]:
    return [
        {**_held(one), "new_number": phones[one.enrolment_id], "new_tries": put_out(one.number, one.tries)}
        for one in of
        if one.enrolment_id in phones
    ]


async def _write(connection: AsyncConnection, out: list[dict[str, Any]], moved: list[dict[str, Any]]) -> None:
    if out:
        await connection.execute(_TAKE_OUT, out)
    if moved:
        await connection.execute(_MOVE, moved)


async def _further_phones(
    connection: AsyncConnection, claimed: Sequence[Claimed], list_names: Collection[str], now: datetime
) -> dict[int, str]:
    """The phone with which each goes on, by enrolment; those who have none are not in it.

    The one they are at is marked as out when they go on, so that nobody goes round in circles.
    """
    left = {one.enrolment_id: several for one in claimed if (several := _phones_left(one))}
    if not left:
        return {}
    phones = {number for several in left.values() for number in several}
    in_run = select(enrolments.c.number).where(
        enrolments.c.run_id == claimed[0].run_id, enrolments.c.number.in_(phones)
    )
    taken = set(await connection.scalars(in_run))
    taken |= (await dnc.forbidden_on(connection, phones, list_names, now)).keys()
    found = {}
    for one in claimed:
        number = next((phone for phone in left.get(one.enrolment_id, ()) if phone not in taken), None)
        if number is not None:
            found[one.enrolment_id] = number
            taken.add(number)
    return found


def _phones_left(one: Claimed) -> list[str]:
    """The phones that may still be tried beside the one it is at: those after it, then those before it."""
    place = one.phones.index(one.number) + 1 if one.number in one.phones else 0
    turn = one.phones[place:] + one.phones[:place]
    return [number for number in turn if number != one.number and not is_out(number, one.tries)]
