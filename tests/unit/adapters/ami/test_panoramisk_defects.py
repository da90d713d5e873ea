"""Each defect of panoramisk 1.4 that a dialer could meet, and that it does not meet here.

The numbers are those of docs/adr/0002-panoramisk-fenced.md, which also names the defects that no use of ours reaches.
"""

import asyncio
import inspect

import pytest
from panoramisk.actions import Action
from structlog.testing import capture_logs

from ami_dialer.adapters.asterisk import actions
from ami_dialer.adapters.asterisk.actions import AckAction
from ami_dialer.adapters.asterisk.connection import AmiConnection
from ami_dialer.adapters.asterisk.telephony import AmiTelephony
from ami_dialer.adapters.backoff import Backoff
from ami_dialer.domain.calls import CallAnswered, CallEnded, CallEvent
from ami_dialer.ports import OriginateRefusedError, OriginateUnknownError
from tests.fakes.ami_peer import AmiPeer, answer, event, until
from tests.unit.adapters.ami.world import (
    ATTEMPT,
    NOON,
    Dialer,
    dialing,
    hangup,
    newstate,
    outcome,
    request,
    server,
)

pytestmark = pytest.mark.unit


async def _came_back(peer: AmiPeer, logins: int) -> None:
    """The dialer has logged in that many times, and everything it meant to send has been read."""
    await peer.take("Events", logins)


async def test_01_an_originate_in_flight_is_not_sent_again_after_a_reconnect(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, heard = dialer
    peer.scripts["Originate"] = lambda _: None
    placing = asyncio.create_task(telephony.originate(request()))
    await peer.take("Originate")
    peer.drop()
    with pytest.raises(OriginateUnknownError):
        await placing
    await _came_back(peer, 2)
    peer.send(event("FullyBooted", Status="Fully Booted"))
    await telephony.alive()
    assert len(peer.taken("Originate")) == 1
    assert heard.links == [True, False, True]


async def test_02_an_originate_while_disconnected_is_refused_and_never_sent(peer: AmiPeer) -> None:
    await peer.vanish()
    async with dialing(server(peer), wait=False) as (telephony, _):
        with pytest.raises(OriginateRefusedError, match="not connected"):
            await telephony.originate(request())
        await peer.listen()
        await _came_back(peer, 1)
        await telephony.alive()
        assert not peer.taken("Originate")
        await peer.vanish()


async def test_03_an_acknowledged_originate_leaves_nothing_waiting_when_the_link_is_lost(
    peer: AmiPeer, dialer: Dialer
) -> None:
    telephony, _ = dialer
    await telephony.originate(request())
    assert telephony._connection is not None
    assert telephony._connection.protocol.responses == {}
    assert len(telephony._calls) == 1
    peer.drop()
    await _came_back(peer, 2)
    assert len(telephony._calls) == 0


async def test_04_a_fault_in_a_listener_costs_one_event_and_not_the_link(peer: AmiPeer) -> None:
    async with dialing(server(peer)) as (telephony, heard):

        def faulty(event: CallEvent) -> None:
            heard.hear(event)
            if len(heard.events) == 1:
                raise ZeroDivisionError

        await telephony.stop()
        await telephony.start(faulty, heard.link)
        await telephony.wait_connected(5)
        with capture_logs() as logs:
            peer.send(newstate(ATTEMPT, "6"), hangup(ATTEMPT, "16", "Normal Clearing"))
            await until(lambda: len(heard.events) == 2)
        assert [line["event"] for line in logs] == ["event_listener_failed"]
        assert peer.connections == 2


async def test_04_an_answer_that_panoramisk_cannot_read_costs_itself_and_not_the_link(
    peer: AmiPeer, dialer: Dialer
) -> None:
    telephony, heard = dialer
    connection = telephony._connection
    assert connection is not None
    peer.scripts["CoreShowChannels"] = lambda action: (
        answer(action, "Success", "one", "ActionID: two") + b"no header at all\r\n\r\n" + newstate(ATTEMPT, "6")
    )
    with capture_logs() as logs:
        with pytest.raises(ConnectionError, match="no answer"):
            await connection.request(Action({"Action": "CoreShowChannels"}), 0.2)
        await until(lambda: heard.events)
    assert heard.events == [CallAnswered(ATTEMPT, NOON)]
    assert [line["event"] for line in logs] == ["ami_message_failed", "ami_message_failed"]
    assert peer.connections == 1


async def test_05_every_originate_is_asynchronous() -> None:
    assert actions.originate(request())["Async"] == "true"


async def test_06_an_action_whose_answer_sounds_like_a_list_ends_with_its_answer(peer: AmiPeer, dialer: Dialer) -> None:
    connection = dialer[0]._connection
    assert connection is not None
    peer.scripts["QueueAdd"] = lambda action: answer(action, "Success", "Added interface to queue")
    [added] = await connection.request(AckAction({"Action": "QueueAdd"}), 5)
    assert added.message == "Added interface to queue"


def _pinging_quickly(telephony: AmiTelephony, timeout: float) -> None:
    """From the next connection on; a configuration cannot ask for less than a second."""
    assert telephony._link is not None
    make = telephony._link._make

    def impatient() -> AmiConnection:
        connection = make()
        connection.ping_delay = connection.ping_interval = 0.02
        connection._ping_timeout = timeout
        return connection

    telephony._link._make = impatient


async def test_07_a_half_open_link_is_noticed_by_a_ping_without_answer(peer: AmiPeer) -> None:
    peer.scripts["Ping"] = lambda _: None
    async with dialing(server(peer), wait=False) as (telephony, heard):
        _pinging_quickly(telephony, 0.05)
        with capture_logs() as logs:
            await until(lambda: heard.links[:3] == [True, False, True])
        assert any("did not answer a Ping" in line.get("reason", "") for line in logs)


async def test_07_a_link_that_answers_is_asked_again_and_again_and_kept(peer: AmiPeer) -> None:
    async with dialing(server(peer), wait=False) as (telephony, heard):
        _pinging_quickly(telephony, 10)
        await peer.take("Ping", 5)
        assert heard.links == [True]


async def test_08_an_action_without_answer_is_forgotten_at_its_deadline(peer: AmiPeer) -> None:
    peer.scripts["QueueStatus"] = lambda _: None
    async with dialing(server(peer)) as (telephony, _):
        connection = telephony._connection
        assert connection is not None
        for _ in range(3):
            with pytest.raises(ConnectionError, match="no answer to QueueStatus"):
                await connection.request(AckAction({"Action": "QueueStatus"}), 0.01)
        assert connection.protocol.responses == {}


async def test_09_an_originate_response_is_an_event_though_it_carries_our_action_id(
    peer: AmiPeer, dialer: Dialer
) -> None:
    telephony, heard = dialer
    peer.scripts["Originate"] = lambda action: (
        answer(action, "Success", "Originate successfully queued") + outcome(ATTEMPT, "Success", "4")
    )
    await telephony.originate(request())
    await until(lambda: heard.events)
    assert heard.events == [CallAnswered(ATTEMPT, NOON)]


async def test_09_an_event_that_comes_before_the_answer_is_not_taken_for_it(peer: AmiPeer, dialer: Dialer) -> None:
    connection = dialer[0]._connection
    assert connection is not None
    peer.scripts["Redirect"] = lambda action: (
        event("Newexten", ActionID=action["ActionID"]) + answer(action, "Success", "Redirect successful")
    )
    [answered] = await connection.request(AckAction({"Action": "Redirect"}), 5)
    assert answered.message == "Redirect successful"


async def test_10_a_failed_originate_response_is_no_success(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, heard = dialer
    await telephony.originate(request())
    peer.send(outcome(ATTEMPT, "Failure", "0"))
    await until(lambda: heard.events)
    assert heard.events == [CallEnded(ATTEMPT, NOON, None, "", 0)]


async def test_11_a_wrong_password_is_said_once_and_not_tried_again(peer: AmiPeer) -> None:
    with capture_logs() as logs:
        async with dialing(server(peer, secret="Tr0ub4dor"), wait=False) as (telephony, heard):
            assert not await telephony.wait_connected(60)
            assert telephony.trouble is not None
            assert "manager.conf" in telephony.trouble
            assert telephony._task is not None
            await telephony._task
    assert len(peer.taken("Login")) == 1
    assert heard.links == []
    assert [(line["event"], line["log_level"]) for line in logs] == [("ami_login_refused", "error")]
    assert "Tr0ub4dor" not in str(logs)


async def test_12_a_session_without_fully_booted_works_after_a_reconnect(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, _ = dialer
    peer.drop()
    await _came_back(peer, 2)
    await telephony.originate(request())
    assert len(peer.taken("Originate")) == 1


async def test_13_a_character_split_over_two_reads_stays_whole(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, _ = dialer
    connection = telephony._connection
    assert connection is not None
    whole = b"Response: Success\r\nActionID: 1\r\nMessage: " + "Zoë José 日本".encode() + b"\r\n\r\n"
    for at in range(1, len(whole)):
        action = AckAction({"Action": "Ping", "ActionID": "1"})
        connection.protocol.responses["1"] = action
        connection.protocol.data_received(whole[:at])
        connection.protocol.data_received(whole[at:])
        assert (await action.future).message == "Zoë José 日本"


async def test_14_line_breaks_and_nul_do_not_get_out(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, _ = dialer
    for breach in ("\r\n", "\n", "\r", "\x00"):
        with pytest.raises(OriginateRefusedError, match="line break or NUL"):
            await telephony.originate(request(caller_id=f"Eve{breach}Application: System <1>"))
    await telephony.alive()
    assert not peer.taken("Originate")
    assert b"System" not in peer.raw


async def test_15_stopping_between_two_tries_leaves_no_try_behind(peer: AmiPeer) -> None:
    await peer.vanish()
    async with dialing(server(peer), wait=False, backoff=Backoff(base=60, cap=60, seed=1)) as (telephony, _):
        await until(lambda: telephony.trouble and "Connect call failed" in telephony.trouble)
        task = telephony._task
        assert task is not None
        await telephony.stop()
        assert task.done()


async def test_16_two_calls_of_one_second_are_two_calls(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, heard = dialer
    twin = ATTEMPT[:-1] + "a"
    await asyncio.gather(telephony.originate(request()), telephony.originate(request(twin)))
    peer.send(newstate(ATTEMPT, "6"), hangup(twin, "17", "User busy", "0"), outcome(twin, "Failure", "0"))
    await until(lambda: len(heard.events) == 2)
    assert heard.events == [CallAnswered(ATTEMPT, NOON), CallEnded(twin, NOON, 17, "User busy", 0)]


async def test_17_events_are_heard_in_the_order_in_which_they_came(peer: AmiPeer, dialer: Dialer) -> None:
    _, heard = dialer
    attempts = [f"{ATTEMPT}-{number}" for number in range(500)]
    peer.send(*(newstate(attempt, "6") for attempt in attempts))
    await until(lambda: len(heard.events) == len(attempts))
    assert [event.attempt_id for event in heard.events] == attempts


def test_the_fence_has_no_coroutine_among_its_handlers(dialer: Dialer) -> None:
    handlers = dialer[0]._calls.handlers.values()
    assert not any(inspect.iscoroutinefunction(handler) for handler in handlers)


async def test_panoramisk_still_collects_lists_and_matches_answers_out_of_order(peer: AmiPeer, dialer: Dialer) -> None:
    """The part of panoramisk that we do rely on."""
    telephony, _ = dialer
    connection = telephony._connection
    assert connection is not None
    held: list[bytes] = []
    peer.scripts["First"] = lambda action: held.append(answer(action, "Success", "one"))
    peer.scripts["Second"] = lambda action: answer(action, "Success", "two") + held.pop()
    first = asyncio.create_task(connection.request(AckAction({"Action": "First"}), 5))
    await peer.take("First")
    [second] = await connection.request(AckAction({"Action": "Second"}), 5)
    assert (second.message, (await first)[0].message) == ("two", "one")
    peer.channels = [(ATTEMPT, "PJSIP/a", "6", "00:00:01")]
    listed = await connection.request(Action({"Action": "CoreShowChannels"}), 5)
    assert [entry.event for entry in listed] == ["", "CoreShowChannel", "CoreShowChannelsComplete"]
