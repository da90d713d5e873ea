"""A member of a queue who hung up first is called back for the result of the call."""

import asyncio
from types import SimpleNamespace

import pytest

from ami_dialer.domain.attempt import wrap_up_line_id
from ami_dialer.domain.errors import StoreError
from ami_dialer.engine.agents import admission
from ami_dialer.engine.agents.calling_back import CallingBack
from ami_dialer.engine.agents.lines import Lines
from ami_dialer.engine.agents.members import OWN_PAUSE
from ami_dialer.engine.agents.supervising import Supervising
from ami_dialer.ports import OriginateRefusedError
from ami_dialer.store import agent_sessions
from ami_dialer.store.database import Database
from tests.engine.hall import ANN, BOB, Hall
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

#: The phone that is called back after the first call of a test.
LINE = wrap_up_line_id("amid-1-1")


class _Steps:
    """What is known of calls, and the end of wrap-ups."""

    def __init__(self, hall):
        self._hall = hall
        self.calls = SimpleNamespace(asked=set(), of=self._of)
        self.supervising = Supervising(hall.floor)
        self.settings = hall.desks[0].campaign

    async def _of(self, seat):
        return SimpleNamespace(attempt_id=seat.attempt_id, number="+12125550101", document=self.settings)

    def wrapped_up(self, seat):
        self._hall.floor.seats.back(seat, self._hall.clock.now(), 3.0)


class _Phones:
    """Phones that ring until the test, or the dialer, ends it."""

    def __init__(self, telephony):
        self.requests, self._telephony = [], telephony
        self._ends = []
        self._hang_up = telephony.hang_up_line
        telephony.call_line, telephony.hang_up_line = self._call_line, self._hang_up_line

    async def _call_line(self, request):
        self.requests.append(request)
        self._ends.append(asyncio.get_running_loop().create_future())
        if not await self._ends[-1]:
            raise OriginateRefusedError("nobody answered")

    async def _hang_up_line(self, channel):
        await self._hang_up(channel)
        self.end(answered=False)

    def end(self, *, answered):
        if not self._ends[-1].done():
            self._ends[-1].set_result(answered)

    async def ring(self, count=1):
        await until(lambda: len(self._ends) == count)


class _Shop:
    """A queue whose members are called back."""

    def __init__(self, hall):
        self.hall = hall
        self.killed = False
        self.steps, self.phones = _Steps(hall), _Phones(hall.telephony)
        self.calling_back = CallingBack(hall.floor, self.steps, hall.queues)
        hall.floor.seats.tell = lambda seat, before, at: self.calling_back.look()

    async def hung_up(self, seconds=1.0):
        """Ann has hung up on somebody, and so long ago."""
        call = self.hall.answered()
        self.hall.connects(call)
        await self.hall.paused(("pause", OWN_PAUSE))
        self.hall.hangs_up(call)
        await self.after(seconds)

    async def after(self, seconds):
        await self.hall.after(seconds)
        self.calling_back.look()


@pytest.fixture
async def shop(sqlite_settings, clock):
    database = Database(sqlite_settings)
    hall = await Hall(database, clock).start()
    await until(lambda: hall.doing() == {ANN: "ready", BOB: "ready"})
    built = _Shop(hall)
    yield built
    await built.calling_back.stop()
    if not built.killed:
        await hall.stop()
    await database.close()


async def test_the_phone_rings_for_the_rest_of_the_wrap_up_and_says_whose_result_it_is(shop):
    await shop.hung_up()
    await shop.phones.ring()
    [request] = shop.phones.requests
    assert (request.line, request.channel) == (LINE, "Local/wrap-up@ami-dialer-member")
    assert (request.context, request.extension, request.ring_seconds) == ("ami-dialer-agent", "after", 59)
    assert (request.caller_id, request.variables) == (
        '"Result of +12125550101" <ami-dialer>',
        (("AMI_DIALER_CALL", ANN),),
    )
    shop.hall.becomes(status=6)
    shop.phones.end(answered=True)
    shop.hall.becomes(status=2)
    await shop.after(20)
    assert shop.hall.floor.seats.of_line(LINE) is shop.hall.seat()
    assert (shop.hall.state(), len(shop.phones.requests)) == ("wrap_up", 1)
    shop.steps.wrapped_up(shop.hall.seat())
    await shop.after(1)  # the last sentence is still being heard: that is no other call
    assert (shop.hall.state(), shop.hall.able()) == ("ready", {BOB})
    shop.hall.becomes(status=1)
    await shop.after(3)
    await until(lambda: shop.hall.able() == {"7", BOB})


async def test_who_does_not_answer_has_given_no_result_and_is_not_called_again(shop):
    await shop.hung_up()
    await shop.phones.ring()
    shop.hall.becomes(status=6)
    shop.hall.becomes(status=1)
    shop.phones.end(answered=False)
    await until(lambda: shop.hall.state() == "ready")
    await shop.after(3)
    await shop.hall.paused(("pause", OWN_PAUSE), ("unpause", ""))
    assert (shop.hall.able(), len(shop.phones.requests)) == ({"7", BOB}, 1)


async def test_a_result_that_is_given_meanwhile_ends_the_ringing(shop):
    await shop.hung_up()
    await shop.phones.ring()
    shop.hall.becomes(status=6)
    shop.steps.wrapped_up(shop.hall.seat())
    await until(lambda: ("hang up", LINE) in shop.hall.telephony.asked)
    await shop.after(0)
    assert shop.hall.state() == "ready"
    shop.hall.becomes(status=1)
    await shop.after(3)
    await until(lambda: shop.hall.able() == {"7", BOB})


async def test_a_member_whose_phone_dies_while_it_rings_is_gone_and_the_ringing_ends(shop):
    await shop.hung_up()
    await shop.phones.ring()
    shop.hall.becomes(status=5)
    await until(lambda: shop.hall.state() is None)
    await until(lambda: ("hang up", LINE) in shop.hall.telephony.asked)


async def test_nobody_is_called_back_whose_phone_is_in_use_or_who_was_asked_or_where_the_campaign_does_not_want_it(
    shop,
):
    call = shop.hall.answered()
    shop.hall.connects(call)
    await shop.hall.paused(("pause", OWN_PAUSE))
    del shop.hall.floor.calls[call.attempt.id]
    shop.hall.queues.call_over(call.attempt.id, shop.hall.clock.now())  # the leg goes on to the dialogue
    await shop.after(5)
    shop.steps.calls.asked.add("amid-1-1")
    shop.hall.becomes(status=1, in_call=False)
    await shop.after(5)
    shop.steps.calls.asked.clear()
    shop.steps.settings = shop.hall.run(call_back=False).campaign
    await shop.after(5)
    await until(lambda: shop.steps.calls.asked == {"amid-1-1"})
    assert (shop.phones.requests, shop.hall.state()) == ([], "wrap_up")


async def test_while_the_link_is_down_it_waits_and_with_an_older_dialplan_commands_alone_give_the_result(shop):
    shop.hall.telephony.missing_extensions = frozenset({"wrap-up"})
    await shop.hung_up(0)
    shop.hall.telephony.link(up=False)
    await shop.after(5)
    assert shop.steps.calls.asked == set()
    shop.hall.telephony.link(up=True)
    await shop.after(1)
    await until(lambda: shop.steps.calls.asked == {"amid-1-1"})
    assert (shop.phones.requests, shop.hall.state()) == ([], "wrap_up")


async def test_phones_that_ring_are_let_go_when_the_dialer_stops(shop):
    await shop.hung_up()
    await shop.phones.ring()
    await shop.calling_back.stop()
    assert ("hang up", LINE) in shop.hall.telephony.asked


async def test_a_wrap_up_that_a_killed_dialer_left_goes_on_and_the_phone_that_it_called_is_known(
    shop, clock, monkeypatch
):
    await shop.hung_up()
    await shop.phones.ring()
    first = shop.hall
    await until(lambda: first.floor.writer.waiting == 0)
    tasks = [*shop.calling_back._tasks, *first.queues._tasks, first.queues._admission._task, first.floor.writer._task]
    for task in tasks:  # as kill -9 would
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    shop.killed = True
    first.becomes(status=6)
    campaign = first.desks[0].campaign

    refusals = ["the database is locked"]

    async def attempt(database, key):
        if refusals:
            raise StoreError(refusals.pop())
        return SimpleNamespace(run_id=7), SimpleNamespace(legible=campaign)

    monkeypatch.setattr(admission, "_AGAIN_SECONDS", 0)
    monkeypatch.setattr(admission.runs, "of_attempt", attempt)
    second = await Hall(first.database, clock, first.telephony).start()
    await until(lambda: second.state() == "wrap_up")
    there = [one.line for one in await agent_sessions.going_on(first.database)]
    assert (refusals, there.count(ANN)) == ([], 1), "a refusal of the database costs no wrap-up, and leaves no log-in"
    again = _Shop(second)
    await again.after(2)
    assert (again.phones.requests, second.seat().run, second.seat().attempt_id) == ([], 7, "amid-1-1")  # it rings yet
    leg = SimpleNamespace(line=LINE, channel="Local/wrap-up@ami-dialer-member-00000001;1")
    assert Lines(second.floor, again.steps)._member(leg) is second.seat()
    second.becomes(status=2)
    again.steps.wrapped_up(second.seat())
    await again.after(1)
    assert (second.state(), second.able()) == ("ready", {BOB})
    await second.stop()
