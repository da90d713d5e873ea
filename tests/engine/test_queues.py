"""Members of Asterisk's queues are seats: who can take a call counts, whoever has one of ours is let wrap up."""

import asyncio
from dataclasses import replace

import pytest

from ami_dialer.domain.agent import AgentState, SeatKind
from ami_dialer.domain.calls import MemberChanged, MemberConnected, MemberGone
from ami_dialer.engine.agents import queues as followed
from ami_dialer.engine.agents.members import OWN_PAUSE
from ami_dialer.engine.agents.steps import Steps
from ami_dialer.store.agent_sessions import going_on
from ami_dialer.store.database import Database
from tests.engine.hall import ANN, BOB, Hall, member
from tests.journey.conftest import until
from tests.store.world import rows

pytestmark = pytest.mark.journey


@pytest.fixture
async def opened(sqlite_settings):
    database = Database(sqlite_settings)
    yield database
    await database.close()


@pytest.fixture
async def world(opened, clock):
    built = await Hall(opened, clock).start()
    await until(lambda: built.doing() == {ANN: "ready", BOB: "ready"})
    yield built
    await built.stop()


async def test_members_of_the_queue_of_a_run_are_seats_with_a_log_in(world):
    assert world.able() == {"7", BOB}
    assert world.seat(ANN).name == "Ann"
    assert {(one.agent, one.line) for one in await going_on(world.database)} == {("7", ANN), (BOB, BOB)}
    assert world.queues.trouble(world.desks[0]) is None


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": 2}, "in_call"),
        ({"status": 6}, "in_call"),
        ({"status": 8}, "in_call"),
        ({"in_call": True}, "in_call"),
        ({"paused": True, "paused_reason": "lunch"}, "on_break"),
        ({"status": 5}, None),
        ({"status": 4}, None),
    ],
)
async def test_who_can_take_no_call_now_is_not_free_and_is_again_when_that_is_over(world, changes, state):
    before = {name: getattr(world.telephony.queues["sales"][0], name) for name in changes}
    world.becomes(**changes)
    assert (world.state(), world.able()) == (state, {BOB})
    world.becomes(**before)
    await until(lambda: world.state() == "ready")
    assert world.able() == {"7", BOB}
    assert world.seat().calls == 0


async def test_a_pause_from_outside_keeps_its_reason_and_counts_whatever_the_phone_does(world):
    world.becomes(status=2)
    world.becomes(paused=True, paused_reason="lunch")
    assert (world.state(), world.seat().reason) == ("on_break", "lunch")
    world.becomes(status=1)
    assert world.state() == "on_break"


async def test_the_queues_own_time_after_a_call_is_heeded(world):
    world.becomes(last_call=int(world.clock.now().timestamp()), wrap_up=10)
    assert (world.state(), world.able()) == ("ready", {BOB})
    await world.after(9)
    assert world.able() == {BOB}
    await world.after(1)
    assert world.able() == {"7", BOB}


async def test_a_call_of_ours_is_wrapped_up_under_a_pause_and_then_the_member_is_free_again(world):
    call = world.answered()
    world.connects(call)
    assert (world.state(), world.seat().attempt_id, call.attempt.agent) == ("in_call", "amid-1-1", "7")
    await world.paused(("pause", OWN_PAUSE))
    world.hangs_up(call)
    assert (world.state(), world.seat().attempt_id) == ("wrap_up", "amid-1-1")
    assert world.floor.seats.of_line("1700000000.42") is world.seat()  # its leg may come to be asked for the result
    world.seat().waiting = False
    await world.after(59)
    assert world.state() == "wrap_up"
    await world.after(1)
    assert (world.state(), world.able()) == ("ready", {BOB})
    await world.after(3)
    await world.paused(("pause", OWN_PAUSE), ("unpause", ""))
    assert world.able() == {"7", BOB}
    assert world.seat().calls == 1


async def test_a_result_ends_the_wrap_up_and_the_pause_follows(world):
    call = world.answered()
    world.connects(call)
    await world.paused(("pause", OWN_PAUSE))
    world.hangs_up(call)
    world.floor.seats.back(world.seat(), world.clock.now(), 3.0)  # as the step does
    await world.after(2)
    assert (world.able(), len(world.pauses())) == ({BOB}, 1)
    await world.after(1)
    await world.paused(("pause", OWN_PAUSE), ("unpause", ""))
    assert world.able() == {"7", BOB}


async def test_a_result_given_in_the_call_leaves_only_the_pause(world):
    call = world.answered()
    world.connects(call)
    await world.paused(("pause", OWN_PAUSE))
    call.attempt.outcome = "Sale"
    world.hangs_up(call)
    assert (world.state(), world.able()) == ("ready", {BOB})
    await world.after(3)
    await until(lambda: world.able() == {"7", BOB})


async def test_a_leg_that_is_still_there_when_the_wrap_up_is_over_is_no_call_of_somebody_else(world):
    call = world.answered()
    world.connects(call)
    await world.paused(("pause", OWN_PAUSE))
    world.queues.call_over(call.attempt.id, world.clock.now())
    world.floor.seats.back(world.seat(), world.clock.now(), 0.0)
    await world.after(1)
    assert (world.state(), world.able()) == ("ready", {BOB})
    world.becomes(status=1, in_call=False)
    await world.settle()
    await until(lambda: world.able() == {"7", BOB})


async def test_a_pause_from_outside_during_ours_stays_when_ours_is_over(world):
    call = world.answered()
    world.connects(call)
    await world.paused(("pause", OWN_PAUSE))
    world.becomes(paused=True, paused_reason="meeting")
    world.hangs_up(call)
    assert world.state() == "wrap_up"
    await world.after(60)
    await world.after(3)
    assert (world.state(), world.seat().reason) == ("on_break", "meeting")
    assert world.pauses() == [("pause", OWN_PAUSE)]


async def test_who_was_paused_during_the_wrap_up_is_not_free_for_a_moment_after_it(world):
    call = world.answered()
    world.connects(call)
    world.hangs_up(call)
    world.becomes(paused=True, paused_reason="meeting")
    world.becomes(paused=True, paused_reason=OWN_PAUSE)
    Steps(world.floor, None, None, world.queues).wrapped_up(world.seat())
    assert (world.state(), world.seat().reason) == ("on_break", "meeting")


async def test_a_pause_of_ours_that_came_over_one_from_outside_gives_way_to_it(world):
    call = world.answered()
    world.connects(call)
    world.becomes(paused=True, paused_reason="meeting")
    world.becomes(paused=True, paused_reason=OWN_PAUSE)
    world.hangs_up(call)
    await world.after(60)
    await world.after(3)
    await world.paused(("pause", "meeting"))
    assert (world.state(), world.seat().reason) == ("on_break", "meeting")


async def test_who_is_unpaused_from_outside_has_wrapped_up(world):
    call = world.answered()
    world.connects(call)
    await world.paused(("pause", OWN_PAUSE))
    world.hangs_up(call)
    world.becomes(paused=False, paused_reason="")
    assert (world.state(), world.able()) == ("ready", {"7", BOB})
    await world.settle()
    assert world.pauses() == [("pause", OWN_PAUSE)]


async def test_a_phone_that_rings_for_somebody_of_ours_stays_free_until_they_are_connected(world):
    world.answered()
    world.becomes(status=6)
    assert (world.state(), world.able()) == ("ready", {"7", BOB})
    world.becomes(status=2)
    assert world.able() == {"7", BOB}
    await world.after(5)
    assert (world.state(), world.able()) == ("in_call", {BOB})


async def test_a_member_who_seemed_to_talk_to_others_turns_out_to_talk_to_ours(world):
    world.becomes(status=2)
    assert world.seat().attempt_id is None
    world.clock.advance(1)
    world.connects(world.answered())
    assert (world.seat().attempt_id, world.seat().calls) == ("amid-1-1", 1)


async def test_a_member_of_two_queues_is_one_seat_that_takes_calls_of_where_it_is_not_paused(world):
    world.telephony.queues["service"] = [member(ANN, "service", paused=True, paused_reason="trained later")]
    world.desks.append(world.run("service"))
    await world.settle()
    await until(lambda: world.queues.trouble(world.desks[1]) is None)
    assert (world.doing(), world.seat().queues) == ({ANN: "ready", BOB: "ready"}, {"sales"})
    world.becomes(queue="service", paused=False)
    assert world.seat().queues == {"sales", "service"}
    world.connects(world.answered())
    await world.paused(("pause", OWN_PAUSE), ("pause", OWN_PAUSE))
    assert {queue for _, queue, *_ in world.telephony.asked} == {"sales", "service"}
    await world.floor.writer.put()
    kept = await rows(world.database, "SELECT agent, queues FROM agent_sessions ORDER BY agent")
    assert kept == [("7", '["sales", "service"]'), (BOB, '["sales"]')]


async def test_a_member_who_is_taken_out_leaves_and_one_who_is_put_in_comes(world):
    world.telephony.tell(MemberGone("sales", BOB, world.clock.now()))
    assert world.doing() == {ANN: "ready"}
    world.telephony.tell(MemberChanged(member("PJSIP/103"), world.clock.now()))
    await until(lambda: world.doing() == {ANN: "ready", "PJSIP/103": "ready"})
    await until(lambda: world.floor.writer.waiting == 0)
    assert {one.agent for one in await going_on(world.database)} == {"7", "PJSIP/103"}


async def test_members_leave_when_no_run_wants_their_queue_but_not_before_they_have_wrapped_up(world):
    call = world.answered()
    world.connects(call)
    await world.paused(("pause", OWN_PAUSE))
    world.desks.clear()
    await world.settle()
    world.hangs_up(call)
    assert world.doing() == {ANN: "wrap_up", BOB: "ready"}
    await world.after(60)
    await world.after(3)
    await world.paused(("pause", OWN_PAUSE), ("unpause", ""))
    await world.settle()
    assert world.doing() == {}


async def test_a_queue_that_does_not_exist_is_said_and_asked_for_again(world):
    desk = world.run("support")
    world.desks.append(desk)
    assert "being asked for" in world.queues.trouble(desk)
    await world.settle()
    await until(lambda: "has no queue support" in (world.queues.trouble(desk) or ""))
    world.telephony.queues["support"] = []
    await world.after(followed.MISSING_SECONDS)
    await until(lambda: world.queues.trouble(desk) is None)


async def test_nothing_is_asked_for_while_nothing_changes(world):
    asked = []
    members = world.telephony.members

    async def counting(queue):
        asked.append(queue)
        return await members(queue)

    world.telephony.members = counting
    await world.after(followed.REFRESH_SECONDS - 1)
    await asyncio.sleep(0)
    assert asked == []
    await world.after(1)
    await until(lambda: asked == ["sales"])


async def test_after_a_lost_link_members_are_asked_anew_and_calls_stay_with_theirs(world):
    call = world.answered()
    world.connects(call)
    await world.paused(("pause", OWN_PAUSE))
    world.telephony.link(up=False)
    world.telephony.queues["sales"] = [world.telephony.queues["sales"][0], member("PJSIP/103")]
    world.telephony.link(up=True)
    await until(lambda: world.doing() == {ANN: "in_call", "PJSIP/103": "ready"})
    assert world.seat().attempt_id == "amid-1-1"
    world.hangs_up(call)
    assert world.state() == "wrap_up"


async def test_a_call_whose_member_was_missed_keeps_that_member_from_others_and_ends_without_wrap_up(world):
    world.answered()
    world.telephony.link(up=False)
    world.becomes(status=2, in_call=True)
    world.telephony.link(up=True)
    await until(lambda: world.able() == {BOB} or world.queues.trouble(world.desks[0]) is None)
    await world.after(5)
    assert (world.state(), world.seat().attempt_id) == ("in_call", None)
    world.queues.call_over("amid-1-1", world.clock.now())
    world.becomes(status=1, in_call=False)
    assert world.able() == {"7", BOB}


async def test_what_is_heard_while_members_are_asked_for_is_newer_than_the_answer(world):
    members, told = world.telephony.members, asyncio.Event()

    async def slow(queue):
        answer = await members(queue)
        world.becomes(status=2)
        told.set()
        return answer

    world.telephony.members = slow
    await world.after(followed.REFRESH_SECONDS)
    await told.wait()
    await until(lambda: world.state() == "in_call")
    await asyncio.sleep(0)
    assert world.able() == {BOB}


async def test_a_pause_that_asterisk_refuses_is_not_asked_for_again_and_again(world):
    call = world.answered()
    world.telephony.queues["sales"] = []  # `tell` still speaks of a member that the next request does not find
    line = "1700000000.42", f"{ANN}-0000002a"
    world.telephony.tell(MemberConnected(call.attempt.id, "sales", ANN, *reversed(line), world.clock.now()))
    await world.paused(("pause", OWN_PAUSE))
    await world.settle()
    await world.settle()
    assert (world.state(), world.pauses()) == ("in_call", [("pause", OWN_PAUSE)])


async def test_a_member_of_a_queue_that_a_person_was_sent_on_to_gets_neither_the_call_nor_its_wrap_up(world):
    call = world.answered()
    call.attempt.agent = "7"
    call.transfer = ("ami-dialer-queue", "sales")
    world.connects(call, BOB)
    await world.settle()
    assert (call.attempt.agent, world.seat(BOB).attempt_id) == ("7", None)
    world.hangs_up(call, BOB)
    await world.settle()
    assert (world.state(BOB), world.pauses(BOB)) == ("ready", [])


async def test_the_steps_of_agents_pause_members_in_asterisk(world):
    await world.queues.pause(world.seat(), "Lunch")
    assert (world.state(), world.seat().reason) == ("on_break", "Lunch")
    await world.queues.unpause(world.seat())
    assert world.able() == {"7", BOB}


async def test_a_restart_takes_up_who_is_there_and_undoes_pauses_that_were_left(opened, clock):
    first = await Hall(opened, clock).start()
    await until(lambda: len(first.doing()) == 2)
    call = first.answered()
    first.connects(call, BOB)
    await first.paused(("pause", OWN_PAUSE), interface=BOB)
    first.becomes(ANN, paused=True, paused_reason=OWN_PAUSE)
    began = {one.agent: one.id for one in await going_on(opened)}
    await until(lambda: first.floor.writer.waiting == 0)
    for task in [*first.queues._tasks, first.queues._admission._task, first.floor.writer._task]:  # as kill -9 would
        task.cancel()

    second = Hall(opened, clock, first.telephony)
    second.floor.calls[call.attempt.id] = call
    await second.start()
    await until(lambda: second.doing() == {ANN: "ready", BOB: "in_call"})
    assert second.seat(BOB).attempt_id == call.attempt.id
    assert {one.agent: one.id for one in await going_on(opened)} == began
    await second.paused(("unpause", ""), interface=ANN)
    assert second.pauses(BOB) == [("pause", OWN_PAUSE)]
    second.hangs_up(call, BOB)
    assert second.state(BOB) == "wrap_up"
    await second.stop()
    assert second.pauses(BOB)[-1] == ("unpause", "")
    assert await going_on(opened) == []


async def test_who_is_gone_when_the_dialer_comes_back_is_logged_out(opened, clock):
    first = await Hall(opened, clock).start()
    await until(lambda: len(first.doing()) == 2)
    for task in [*first.queues._tasks, first.queues._admission._task, first.floor.writer._task]:
        task.cancel()
    first.telephony.queues["sales"] = [member(BOB)]
    second = await Hall(opened, clock, first.telephony).start()
    await until(lambda: second.able() == {BOB})
    await second.settle()
    async with asyncio.timeout(20):
        while {one.agent for one in await going_on(opened)} != {BOB}:  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.01)
    await second.stop()


async def test_an_agent_who_is_on_a_line_has_no_second_seat_in_a_queue(world):
    seat = world.seat(ANN)
    line = replace(seat, key="line:1", kind=SeatKind.LINE, state=AgentState.READY, session=None)
    world.floor.seats.enter(line, world.clock.now())
    await world.settle()
    assert world.doing() == {"line:1": "ready", BOB: "ready"}
    world.floor.seats.leave(line, world.clock.now(), "logged out")
    await world.settle()
    await until(lambda: world.doing() == {ANN: "ready", BOB: "ready"})
