"""Claims whose calls may not be placed."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from ami_dialer.domain.verdict import Verdict
from ami_dialer.store import dnc, giving_back, hopper
from ami_dialer.store.giving_back import GivenBack, Refused
from ami_dialer.store.tables import contact_phones
from tests.store.world import claimed, number, rows

pytestmark = pytest.mark.store

PHONES = ["+13105550101", "+13105550102", "+13105550103"]


def later(moment, rule="us.hours"):
    return Verdict(False, rule, None, moment, (rule,), (rule,), f"calls 08:00-21:00 ({rule})")


NEVER = Verdict(False, "number.kind", None, None, ("number.kind",), ("number.kind",), "it is a pager " + "x" * 400)


async def phones(database, one, *further):
    async with database.writing() as connection:
        for position, phone in enumerate(further, 2):
            row = {"contact_id": one.contact_id, "position": position, "number": phone}
            await connection.execute(insert(contact_phones).values(row))
    return (await hopper.load_claimed(database, [one.enrolment_id]))[one.enrolment_id]


async def refuse(database, clock, *of):
    return await giving_back.refused(
        database, [Refused(one, verdict) for one, verdict in of], ["opt-outs"], clock.now()
    )


async def test_who_may_be_called_later_waits_until_then_with_the_rule_that_decided(database, clock):
    one, two = await claimed(database, 2, clock.now())
    soon, late = clock.now() + timedelta(minutes=30), clock.now() + timedelta(hours=11)
    done = await refuse(database, clock, (one, later(late)), (two, later(soon, "calls.between")))
    assert done == GivenBack(put_off=2)
    assert await hopper.claim(database, one.run_id, 10, soon - timedelta(microseconds=1)) == []
    outlook = await hopper.outlook(database, one.run_id)
    assert (outlook.next_due, outlook.held_by, outlook.claimed) == (soon, "calls.between", False)
    [again] = await hopper.claim(database, one.run_id, 10, soon)
    assert (again.number, again.due_at, again.attempts) == (two.number, soon, 0)
    # Claimed, it is held back no more.
    assert await rows(database, "SELECT held_by FROM enrolments ORDER BY number") == [("us.hours",), (None,)]
    assert (await hopper.outlook(database, one.run_id)).held_by == "us.hours"


async def test_who_may_never_be_called_is_taken_out_with_the_sentence_and_the_rule(database, clock):
    [one] = await claimed(database, 1, clock.now())
    assert await refuse(database, clock, (one, NEVER)) == GivenBack(excluded=1)
    assert await rows(database, "SELECT state, exclusion, excluded_by, held_by, claimed_at FROM enrolments") == [
        ("excluded", "rule", NEVER.why[:300], "number.kind", None)
    ]


async def test_whoever_has_a_further_phone_goes_on_with_it_and_never_back(database, clock):
    one, other = await claimed(database, 2, clock.now())
    one = await phones(database, one, PHONES[0], other.number, *PHONES[1:])  # the other one is in the run already
    await dnc.add(database, "opt-outs", [PHONES[1]], reason="r", source="cli", now=clock.now())
    went = []
    for _ in range(4):
        await refuse(database, clock, (one, NEVER))
        went += await rows(database, f"SELECT number, state FROM enrolments WHERE id = {one.enrolment_id}")
        [*claims] = await hopper.claim(database, one.run_id, 1, clock.now())
        if not claims:
            break
        [one] = claims
    assert went == [(PHONES[0], "waiting"), (PHONES[2], "waiting"), (PHONES[2], "excluded")]


async def test_two_contacts_do_not_get_one_phone(database, clock):
    one, two = await claimed(database, 2, clock.now())
    one = await phones(database, one, PHONES[0])
    two = await phones(database, two, PHONES[0])
    assert await refuse(database, clock, (one, NEVER), (two, NEVER)) == GivenBack(excluded=1, moved=1)
    assert await rows(database, "SELECT number, state FROM enrolments ORDER BY id") == [
        (PHONES[0], "waiting"),
        (number(1), "excluded"),
    ]


async def test_a_claim_that_is_not_held_any_more_is_left_alone(database, clock):
    one, two = await claimed(database, 2, clock.now())
    await hopper.release(database, [one.enrolment_id, two.enrolment_id])
    clock.advance(1)
    [again, _] = await hopper.claim(database, one.run_id, 10, clock.now())
    before = await rows(database, "SELECT * FROM enrolments ORDER BY id")
    await refuse(database, clock, (one, later(clock.now() + timedelta(hours=1))), (two, NEVER))
    assert await rows(database, "SELECT * FROM enrolments ORDER BY id") == before
    assert again.claimed_at != one.claimed_at


async def test_done_again_it_changes_nothing(database, clock):
    one, two = await claimed(database, 2, clock.now())
    refused = (one, later(clock.now() + timedelta(hours=1))), (two, NEVER)
    await refuse(database, clock, *refused)
    before = await rows(database, "SELECT * FROM enrolments ORDER BY id")
    await refuse(database, clock, *refused)
    assert await rows(database, "SELECT * FROM enrolments ORDER BY id") == before
