"""When the dialer tries again, and how loudly it says so."""

import pytest
from structlog.testing import capture_logs

from ami_dialer.adapters.asterisk.connection import AmiConnection
from ami_dialer.adapters.backoff import Backoff
from tests.fakes.ami_peer import AmiPeer, answer, until
from tests.unit.adapters.ami.world import dialing, server

pytestmark = pytest.mark.unit


def test_waits_lie_anywhere_below_a_ceiling_that_doubles_up_to_the_cap() -> None:
    ceilings = [1, 2, 4, 8, 10, 10, 10]
    for _ in range(200):
        backoff = Backoff(base=1, cap=10)
        waits = [backoff.next() for _ in ceilings]
        assert all(0 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=True))


def test_a_connection_that_stood_starts_the_waits_anew() -> None:
    backoff = Backoff(base=1, cap=1000)
    for _ in range(2000):
        backoff.next()
    backoff.reset()
    assert all(wait <= 1 for wait in [backoff.next()])


async def test_the_waits_start_anew_once_events_are_on_and_not_before(peer: AmiPeer) -> None:
    class Counted(Backoff):
        waits = resets = 0

        def next(self) -> float:
            self.waits += 1
            return 0.01

        def reset(self) -> None:
            self.resets += 1

    backoff = Counted()
    peer.scripts["Events"] = lambda action: answer(action, "Error", "Invalid event mask")
    async with dialing(server(peer), wait=False, backoff=backoff) as (telephony, _):
        await until(lambda: backoff.waits >= 3)
        assert backoff.resets == 0
        del peer.scripts["Events"]
        await until(lambda: backoff.resets == 1)
        assert telephony.connected


async def test_the_first_failure_is_a_warning_repeats_are_debug_and_the_return_is_told(peer: AmiPeer) -> None:
    with capture_logs() as logs:
        async with dialing(server(peer)) as (telephony, heard):
            await peer.vanish()
            await until(lambda: len([line for line in logs if line["event"] == "ami_link_failed"]) >= 4)
            assert telephony.trouble is not None
            assert not telephony.connected
            await peer.listen()
            await until(lambda: telephony.connected)
            assert telephony.trouble is None
    said = [(line["event"], line["log_level"]) for line in logs]
    assert said[0] == ("ami_connected", "info")
    assert said[1] == ("ami_link_failed", "warning")
    assert set(said[2:-1]) == {("ami_link_failed", "debug")}
    assert said[-1] == ("ami_connected", "info")
    assert logs[-1]["after_failures"] >= 4
    assert heard.links == [True, False, True]


async def test_a_missing_privilege_is_named_with_its_mend_and_not_tried_again(peer: AmiPeer) -> None:
    peer.permitted = ["Hangup", "Ping", "Events", "ListCommands"]
    with capture_logs() as logs:
        async with dialing(server(peer), wait=False) as (telephony, heard):
            assert not await telephony.wait_connected(60)
            assert telephony.trouble is not None
            assert "Add originate, reporting to its `write =` line" in telephony.trouble
    assert heard.links == []
    assert len(peer.taken("Login")) == 1
    assert [line["log_level"] for line in logs] == ["error"]


async def test_a_secret_that_cannot_be_sent_is_named_and_never_sent(peer: AmiPeer) -> None:
    async with dialing(server(peer, secret="x" * 2000), wait=False) as (telephony, _):
        assert not await telephony.wait_connected(60)
        assert telephony.trouble is not None
        assert "Secret is longer than the 1024 bytes" in telephony.trouble
    assert peer.connections == 0


async def test_a_fault_of_our_own_is_logged_and_the_link_is_tried_again(peer: AmiPeer) -> None:
    with capture_logs() as logs:
        async with dialing(server(peer), wait=False) as (telephony, _):
            assert telephony._link is not None
            make, faults = telephony._link._make, [ZeroDivisionError()]

            def faulty() -> AmiConnection:
                if faults:
                    raise faults.pop()
                return make()

            telephony._link._make = faulty
            assert await telephony.wait_connected(10)
    assert [line["event"] for line in logs] == ["ami_link_fault", "ami_link_failed", "ami_connected"]


async def test_a_login_in_use_may_pass_and_is_tried_again(peer: AmiPeer) -> None:
    peer.scripts["Login"] = lambda action: answer(action, "Error", "Login Already In Use")
    async with dialing(server(peer), wait=False) as (telephony, _):
        await until(lambda: len(peer.taken("Login")) > 1)
        assert telephony.trouble is not None
        assert "Login Already In Use" in telephony.trouble
        del peer.scripts["Login"]
        assert await telephony.wait_connected(10)


async def test_an_asterisk_that_closes_before_it_greets_is_tried_again(peer: AmiPeer) -> None:
    greeting, peer.greeting = peer.greeting, b""
    peer.reading.clear()  # an answer to the login, without the greeting, would end the connection too
    async with dialing(server(peer), wait=False) as (telephony, heard):
        await until(lambda: peer.connections == 1)
        peer.drop()
        await until(lambda: peer.connections == 2)
        peer.greeting = greeting
        peer.reading.set()
        peer.drop()
        assert await telephony.wait_connected(10)
        assert heard.links == [True]


async def test_a_refused_event_mask_gives_the_link_up(peer: AmiPeer) -> None:
    peer.scripts["Events"] = lambda action: answer(action, "Error", "Invalid event mask")
    async with dialing(server(peer), wait=False) as (telephony, heard):
        await until(lambda: heard.links[:3] == [True, False, True])
        await until(lambda: "Invalid event mask" in (telephony.trouble or ""))


async def test_a_fault_in_whoever_hears_of_the_link_does_not_cost_the_link(peer: AmiPeer) -> None:
    async with dialing(server(peer)) as (telephony, heard):
        await telephony.stop()

        def faulty(up: bool) -> None:
            raise ZeroDivisionError

        with capture_logs() as logs:
            await telephony.start(heard.hear, faulty)
            assert await telephony.wait_connected(10)
        assert "link_listener_failed" in [line["event"] for line in logs]


async def test_a_telephony_is_started_once(peer: AmiPeer) -> None:
    async with dialing(server(peer)) as (telephony, heard):
        with pytest.raises(RuntimeError, match="pbx is started already"):
            await telephony.start(heard.hear, heard.link)
