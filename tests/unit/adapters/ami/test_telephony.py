"""The contract of ports.Telephony, against a scripted manager port."""

import asyncio
import socket

import pytest

from ami_dialer.domain.calls import CallAnswered, CallClassified, CallEnded, CallRinging, LiveCall
from ami_dialer.domain.errors import AsteriskError
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


async def test_an_answered_call_gives_ringing_answered_classified_and_ended_once_each(
    peer: AmiPeer, dialer: Dialer
) -> None:
    telephony, heard = dialer
    await telephony.originate(request())
    peer.send(
        event("Newchannel", ChannelState="0", Uniqueid=ATTEMPT),
        newstate(ATTEMPT, "5"),
        newstate(ATTEMPT, "5"),
        newstate(ATTEMPT, "6"),
        outcome(ATTEMPT, "Success", "4"),
        event("UserEvent", Uniqueid=ATTEMPT, UserEvent="AmiDialerAmd", Status="HUMAN", Cause="HUMAN-1-2"),
        hangup(ATTEMPT, "16", "Normal Clearing"),
    )
    await until(lambda: len(heard.events) == 4)
    assert heard.events == [
        CallRinging(ATTEMPT, NOON),
        CallAnswered(ATTEMPT, NOON),
        CallClassified(ATTEMPT, NOON, "HUMAN", "HUMAN-1-2"),
        CallEnded(ATTEMPT, NOON, 16, "Normal Clearing", None),
    ]
    assert len(telephony._calls) == 0


async def test_the_originate_is_asynchronous_names_its_channel_and_carries_every_part_of_the_request(
    peer: AmiPeer, dialer: Dialer
) -> None:
    telephony, _ = dialer
    caller = "Survey <+15550001111>"
    await telephony.originate(request(caller_id=caller, variables=(("AMI_DIALER_NEXT", "sales"), ("_TAG", "1"))))
    [sent] = peer.taken("Originate")
    assert sent == {
        "Action": "Originate",
        "ActionID": ATTEMPT,
        "Async": "true",
        "ChannelId": ATTEMPT,
        "OtherChannelId": f"{ATTEMPT};2",
        "Channel": "PJSIP/15551234567@carrier",
        "CallerID": caller,
        "Context": "ami-dialer-answered",
        "Exten": "amd",
        "Priority": "1",
        "Timeout": "30000",
        "Variable": "AMI_DIALER_NEXT=sales\n_TAG=1",
    }


async def test_an_error_of_asterisk_refuses_the_originate_with_asterisks_own_words(
    peer: AmiPeer, dialer: Dialer
) -> None:
    telephony, _ = dialer
    peer.scripts["Originate"] = lambda action: answer(action, "Error", "Extension does not exist.")
    with pytest.raises(OriginateRefusedError, match="Extension does not exist"):
        await telephony.originate(request())
    assert len(telephony._calls) == 0


async def test_a_late_answer_leaves_the_fate_unknown_and_costs_the_link(peer: AmiPeer) -> None:
    peer.scripts["Originate"] = lambda _: None
    async with dialing(server(peer), originate_timeout=0.1) as (telephony, heard):
        with pytest.raises(OriginateUnknownError, match=r"within 0\.1 s"):
            await telephony.originate(request())
        await until(lambda: heard.links == [True, False, True])
    assert len(peer.taken("Originate")) == 1


async def test_a_link_lost_after_sending_leaves_the_fate_unknown(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, _ = dialer
    peer.scripts["Originate"] = lambda _: None
    placing = asyncio.create_task(telephony.originate(request()))
    await peer.take("Originate")
    peer.drop()
    with pytest.raises(OriginateUnknownError, match="link lost"):
        await placing


async def test_nothing_is_sent_to_an_asterisk_that_does_not_read(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, _ = dialer
    connection = telephony._connection
    assert connection is not None
    connection.protocol.pause_writing()
    with pytest.raises(OriginateRefusedError, match="no working connection"):
        await telephony.originate(request())
    connection.protocol.resume_writing()
    await telephony.originate(request())
    assert len(peer.taken("Originate")) == 1


async def test_alive_lists_our_first_legs_and_nobody_elses_channels(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, _ = dialer
    peer.channels = [
        (ATTEMPT, "Local/1@from-internal-0;1", "6", "01:02:03"),
        (f"{ATTEMPT};2", "Local/1@from-internal-0;2", "6", "01:02:03"),
        ("1795331040.7", "PJSIP/desk-00000001", "6", "00:00:09"),
        (f"{ATTEMPT}-b", "PJSIP/carrier-00000002", "0", ""),
    ]
    assert await telephony.alive() == {
        ATTEMPT: LiveCall(ATTEMPT, "Local/1@from-internal-0;1", 6, 3723),
        f"{ATTEMPT}-b": LiveCall(f"{ATTEMPT}-b", "PJSIP/carrier-00000002", 0, 0),
    }


async def test_alive_with_no_channels_is_empty(dialer: Dialer) -> None:
    assert await dialer[0].alive() == {}


async def test_alive_without_the_privilege_says_so(peer: AmiPeer, dialer: Dialer) -> None:
    peer.scripts["CoreShowChannels"] = lambda action: answer(action, "Error", "Permission denied")
    with pytest.raises(AsteriskError, match="CoreShowChannels: Permission denied"):
        await dialer[0].alive()


async def test_alive_and_hang_up_without_a_link_raise_connection_error(peer: AmiPeer) -> None:
    await peer.vanish()
    async with dialing(server(peer), wait=False) as (telephony, _):
        with pytest.raises(ConnectionError, match="not connected to pbx"):
            await telephony.alive()
        with pytest.raises(ConnectionError, match="not connected to pbx"):
            await telephony.hang_up(ATTEMPT)


async def test_hang_up_names_the_channel_by_its_uniqueid_and_forgives_one_that_is_gone(
    peer: AmiPeer, dialer: Dialer
) -> None:
    telephony, _ = dialer
    peer.channels = [(ATTEMPT, "PJSIP/carrier-00000001", "6", "00:00:01")]
    await telephony.hang_up(ATTEMPT)
    peer.channels = []
    await telephony.hang_up(ATTEMPT)
    assert [action["Channel"] for action in peer.taken("Hangup")] == [ATTEMPT, ATTEMPT]


async def test_hang_up_of_anything_but_an_attempt_is_a_fault(peer: AmiPeer, dialer: Dialer) -> None:
    with pytest.raises(ValueError, match="no attempt's id"):
        await dialer[0].hang_up("/.*/")
    assert not peer.taken("Hangup")


async def test_the_link_is_told_before_any_event_of_it(peer: AmiPeer) -> None:
    def events_at_once(action: dict[str, str]) -> bytes:
        return answer(action, "Success", "", "Events: On") + newstate(ATTEMPT, "6")

    peer.scripts["Events"] = events_at_once
    async with dialing(server(peer)) as (_, heard):
        await until(lambda: heard.events)
        assert heard.order == [True, CallAnswered(ATTEMPT, NOON)]


async def test_the_mask_asks_for_what_is_read_only_and_not_before_the_login(peer: AmiPeer, dialer: Dialer) -> None:
    assert [action["Action"] for action in peer.actions] == ["Login", "ListCommands", "Events"]
    assert peer.actions[0]["Events"] == "off"
    assert peer.actions[2]["EventMask"] == "call,user,dtmf,agent"


async def test_stop_logs_off_and_leaves_nobody_connected(peer: AmiPeer) -> None:
    async with dialing(server(peer)) as (telephony, heard):
        await telephony.stop()
        assert peer.taken("Logoff")
        assert not telephony.connected
        assert telephony.trouble == "stopped"
        assert heard.links == [True]
        with pytest.raises(OriginateRefusedError):
            await telephony.originate(request())


async def test_a_stopped_telephony_can_be_started_again(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, heard = dialer
    await telephony.stop()
    await telephony.start(heard.hear, heard.link)
    assert await telephony.wait_connected(5)
    assert telephony.trouble is None


async def test_a_manager_port_that_is_none_is_named(peer: AmiPeer) -> None:
    peer.greeting = b"SSH-2.0-OpenSSH_9.2p1\r\n"
    async with dialing(server(peer), wait=False) as (telephony, _):
        await until(lambda: telephony.trouble and "no manager port: it greets with" in telephony.trouble)


async def test_nothing_listening_is_told_as_the_system_tells_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    peer = AmiPeer()
    peer.port = port
    async with dialing(server(peer), wait=False) as (telephony, _):
        await until(lambda: telephony.trouble and "Connect call failed" in telephony.trouble)
        assert not await telephony.wait_connected(0.01)
