"""Members of a real Asterisk's queue, as the dialer follows them."""

from collections.abc import AsyncIterator

import pytest

from ami_dialer.adapters.asterisk.telephony import AmiTelephony
from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.schema import Server
from ami_dialer.domain.attempt import new_attempt_id
from ami_dialer.domain.calls import OriginateRequest
from ami_dialer.engine.agents.members import OWN_PAUSE
from ami_dialer.store.database import Database
from tests.asterisk.world import World, until
from tests.engine.hall import Hall

pytestmark = pytest.mark.asterisk

#: Has no members but those that a test puts in.
QUEUE = "lab-empty"
PHONE = "Local/member@queue-test/n"
DIALPLAN = ("s,1,Answer", "s,2,Queue(lab-empty)", "member,1,Answer", "member,2,Wait(60)")


@pytest.fixture
async def hall(world: World, sqlite_settings: object) -> AsyncIterator[Hall]:
    for step in DIALPLAN:
        world.pbx.console(f"dialplan add extension {step} into queue-test replace")
    world.pbx.console("devstate change Custom:phone NOT_INUSE")
    world.pbx.console(f"queue add member {PHONE} to {QUEUE} penalty 0 as Ann state_interface Custom:phone")
    database = Database(sqlite_settings)
    telephony = AmiTelephony("pbx", Server(port=world.ports.ami, secret=world.secret), SystemClock())
    hall = Hall(database, SystemClock(), telephony, QUEUE, limit=1, pause=0)
    try:
        await hall.start()
        await until(lambda: hall.state(PHONE) == "ready")
        yield hall
    finally:
        await hall.stop()
        await telephony.stop()
        world.pbx.console(f"queue remove member {PHONE} from {QUEUE}")
        await database.close()


async def test_a_pause_from_outside_and_a_phone_that_is_gone_are_seen_at_once(world: World, hall: Hall) -> None:
    assert (hall.seat(PHONE).name, hall.able()) == ("Ann", {PHONE})
    world.pbx.console(f"queue pause member {PHONE} queue {QUEUE} reason lunch")
    await until(lambda: hall.state(PHONE) == "on_break")
    assert hall.seat(PHONE).reason == "lunch"
    world.pbx.console(f"queue unpause member {PHONE} queue {QUEUE}")
    await until(lambda: hall.able() == {PHONE})
    world.pbx.console("devstate change Custom:phone INUSE")
    await until(lambda: hall.state(PHONE) == "in_call")
    world.pbx.console("devstate change Custom:phone UNAVAILABLE")
    await until(lambda: hall.state(PHONE) is None)
    world.pbx.console("devstate change Custom:phone NOT_INUSE")
    await until(lambda: hall.able() == {PHONE})
    world.pbx.console(f"queue remove member {PHONE} from {QUEUE}")
    await until(lambda: hall.doing() == {})


async def test_a_queue_that_does_not_exist_is_said(hall: Hall) -> None:
    desk = hall.run("no-such-queue")
    hall.desks.append(desk)
    await hall.settle()
    await until(lambda: "has no queue no-such-queue" in (hall.queues.trouble(desk) or ""))


async def test_a_member_is_paused_from_the_call_to_the_end_of_its_wrap_up(world: World, hall: Hall) -> None:
    attempt_id = new_attempt_id(hall.clock.now())
    call = hall.answered(attempt_id)
    await hall.telephony.originate(OriginateRequest(attempt_id, "Local/listen@ami-dialer-check", "queue-test", "s", 20))
    await until(lambda: hall.state(PHONE) == "in_call")
    assert (hall.seat(PHONE).attempt_id, call.attempt.agent) == (attempt_id, PHONE)
    assert hall.seat(PHONE).channel.startswith("Local/member@queue-test")
    await until(lambda: f"paused:{OWN_PAUSE}" in world.pbx.console(f"queue show {QUEUE}"))
    await hall.telephony.hang_up(attempt_id)
    hall.queues.call_over(attempt_id, hall.clock.now())
    assert hall.state(PHONE) == "wrap_up"
    await until(lambda: "in call" not in world.pbx.console(f"queue show {QUEUE}"))
    hall.queues._places["pbx", PHONE].wrap_until = hall.clock.now()
    await hall.settle()
    await until(lambda: "paused" not in world.pbx.console(f"queue show {QUEUE}"))
    await until(lambda: hall.able() == {PHONE})
