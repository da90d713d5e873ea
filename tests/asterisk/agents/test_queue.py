"""Members of a real Asterisk's queue, as the dialer follows them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ami_dialer.adapters.asterisk.telephony import AmiTelephony
from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.schema import Server
from ami_dialer.domain.attempt import new_attempt_id
from ami_dialer.domain.calls import OriginateRequest
from ami_dialer.engine.agents.members import OWN_PAUSE
from ami_dialer.lab.phones import BYE, PHONES, Plan, Press
from ami_dialer.store.database import Database
from tests.asterisk.dialer import Dialer
from tests.asterisk.phones import Phones
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


@pytest.fixture
def dialer(tmp_path: Path, world: World) -> Iterator[Dialer]:
    # People who talk for 15 s with whoever they get.
    dialer = Dialer(tmp_path, world, [f"+1585555{7_000 + index}" for index in range(4)])
    config = tmp_path / "config.yaml"
    text = config.read_text(encoding="utf-8")
    campaign = "    queue: lab-queue\n    wrap_up: {limit: 8s, pause: 500ms}\n    dispositions: sales\n"
    sets = "disposition_sets: {sales: {Sold: {key: 1}, Not Now: {key: 2}, Wrong Person: {key: 3}}}\n"
    agent = "agents: {7: {name: Ann, phone: PJSIP/phone01}}\n"
    config.write_text(agent + sets + text.replace("    flow: survey\n", campaign), encoding="utf-8")
    yield dialer
    dialer.close()


def test_a_campaign_of_a_queue_reaches_everybody_and_has_the_result_that_each_member_pressed(
    world: World, dialer: Dialer
) -> None:
    with Phones(world.settings) as phones:
        phones.plan(1, PHONES[11].plan)  # puts whom it talks to on the do-not-call list
        dialer.start()
        dialer.wait()
        talks, pressed = phones.talks(), phones.results()
    titles = {"1": "Sold", "2": "Not Now", "3": "Wrong Person"}
    rows = dialer.rows("SELECT number, agent, end_reason, outcome FROM attempts ORDER BY id")
    agents = {number: "7" if whom == [1] else f"PJSIP/phone0{whom[0]}" for number, whom in talks.items()}
    assert rows == [(number, agents[number], "connected", titles[pressed[number]]) for number, *_ in rows]
    assert (len(rows), {len(whom) for whom in talks.values()}) == (4, {1})
    barred = {number for (number,) in dialer.rows("SELECT number FROM dnc_entries")}
    assert barred == {number for number, whom in talks.items() if whom == [1]} != set()
    assert "paused" not in world.pbx.console("queue show lab-queue")


def test_a_member_who_hung_up_first_is_called_back_and_gives_the_result_on_the_phone(
    world: World, dialer: Dialer
) -> None:
    others = [f"PJSIP/phone0{number}" for number in (2, 3, 4)]
    (dialer.folder / "people.csv").write_text("phone\n+15855557009\n", encoding="utf-8")
    for other in others:
        world.pbx.console(f"queue pause member {other} queue lab-queue")
    try:
        with Phones(world.settings) as phones:
            phones.plan(1, Plan(in_call=(Press(1, BYE),)))
            dialer.start()
            phones.until(lambda: phones.said(1).count("is up") == 2)
            phones.until(lambda: phones.press(1, "2") or "is gone" in phones.said(1)[-2:])
            dialer.wait()
            assert phones.said(1).count("may answer by itself") == 2
            assert phones.said(1).count("is up") == 2
    finally:
        for other in others:
            world.pbx.console(f"queue unpause member {other} queue lab-queue")
    assert dialer.rows("SELECT agent, end_reason, outcome FROM attempts") == [("7", "connected", "Not Now")]
    assert "paused" not in world.pbx.console("queue show lab-queue")
