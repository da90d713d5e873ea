"""People on hold: by the code that an agent presses, and by an order that has it pressed."""

import asyncio

import pytest

from ami_dialer.domain.agent import AgentState, SeatKind
from ami_dialer.engine.agents import holding
from ami_dialer.engine.agents.dialogues import codes
from ami_dialer.engine.agents.steps import StepRefusedError
from ami_dialer.ports import LinePurpose
from tests.fakes.agent_leg import Phone

pytestmark = pytest.mark.journey


@pytest.fixture
async def seat(office):
    seat = await office.ready()
    await office.talk(seat)
    return seat


@pytest.fixture
def call(office, seat):
    [call] = office.floor.calls.values()
    return call


async def code(office, name, *reactions):
    return await office.call([*reactions], purpose=LinePurpose.CODE, code=name)


async def test_on_hold_until_any_key_and_no_longer_than_the_call(office, seat, call):
    phone = await code(office, "hold", ("on hold", "#7"))
    assert (phone.said("Go on"), call.held) == (1, False)
    phone = await code(
        office, "hold", ("on hold", lambda: office.floor.seats.finish(seat, office.clock.now(), wrap_up=True))
    )
    assert (phone.said("Go on"), call.held) == (0, False)


async def test_who_forgets_that_somebody_is_on_hold_has_them_back_in_the_end(office, seat, call, monkeypatch):
    monkeypatch.setattr(codes, "HOLD_SECONDS", 0.01)
    assert (await code(office, "hold")).said("on hold") == 1
    assert (call.held, seat.state) == (False, AgentState.IN_CALL)


@pytest.mark.parametrize("kind", [SeatKind.LINE, SeatKind.MEMBER])
@pytest.mark.parametrize("in_flow", [True, False])
async def test_an_order_has_the_code_pressed_for_whoever_has_the_call(office, seat, call, kind, in_flow):
    seat.kind, call.in_flow = kind, in_flow
    phone = office.takes_codes()
    assert await office.steps.hold(seat) == "the person is on hold"
    assert (office.telephony.asked[-1], call.held) == (("code", call.attempt.id, "ami-dialer-hold"), True)
    await office.floor.writer.put()
    assert await office.rows("SELECT state, reason FROM agent_sessions") == [("in_call", "on hold")]
    with pytest.raises(StepRefusedError, match="on hold already"):
        await office.steps.hold(seat)
    assert await office.steps.resume(seat) == "the person is on the line again"
    assert (phone.said("on hold"), phone.said("Go on"), call.held, seat.reason) == (1, 0, False, None)
    with pytest.raises(StepRefusedError, match="is not on hold"):
        await office.steps.resume(seat)


async def test_what_an_order_for_hold_cannot_do_is_said(office, seat, call, monkeypatch):
    with pytest.raises(StepRefusedError, match="agent 101 has nobody on the line who can be put on hold"):
        await office.steps.hold(seat)
    monkeypatch.setattr(holding, "TAKEN_SECONDS", 0.01)
    office.telephony.on_code = lambda attempt_id, name: asyncio.sleep(0)
    with pytest.raises(StepRefusedError, match="did not take the code for hold; `ami-dialer doctor`"):
        await office.steps.hold(seat)
    office.telephony.connected = False
    with pytest.raises(StepRefusedError, match="no connection to Asterisk"):
        await office.steps.hold(seat)
    assert call.held is False


async def test_keys_of_an_order_answer_no_question_of_another_code(office, seat, call):
    office.takes_codes()
    refused = []

    async def orders():
        with pytest.raises(StepRefusedError) as error:
            await office.steps.hold(seat)
        refused.append(str(error.value))

    phone = Phone(office, [("What came", "")], purpose=LinePurpose.CODE, code="disposition")
    phone.silent = orders
    await office.lines.serve(phone)
    assert refused == ["agent 101 has pressed a code and is in its menu; ask again after it"]
    assert call.attempt.outcome is None


async def test_a_line_that_does_not_come_back_from_hold_is_said(office, seat, monkeypatch):
    monkeypatch.setattr(holding, "OVER_SECONDS", 0.01)
    stays = asyncio.Event()
    office.takes_codes().silent = stays.wait
    await office.steps.hold(seat)
    with pytest.raises(StepRefusedError, match="it does by any key"):
        await office.steps.resume(seat)
    stays.set()
