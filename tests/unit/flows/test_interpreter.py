"""Flows and presses, and what comes of them."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from ami_dialer.config.flow import Flow
from ami_dialer.domain.ending import EndReason
from ami_dialer.flows.interpreter import MAX_VERBS, FlowResult, apologise, run_flow
from tests.fakes.host import MemoryHost
from tests.fakes.leg import BREAKS_OFF, HANGS_UP, NOTHING, FakeLeg

pytestmark = pytest.mark.unit

COMPLETED, HUNG_UP, NO_INPUT = EndReason.COMPLETED, EndReason.HUNG_UP, EndReason.NO_INPUT
OPTED_OUT, FLOW_FAILED, LOST = EndReason.OPTED_OUT, EndReason.FLOW_FAILED, EndReason.LOST

#: A survey of two questions with a way out of everything.
SURVEY = {
    "start": [
        {"play": "hello"},
        {
            "ask": {
                "name": "happy",
                "prompt": {"play": "happy"},
                "valid": ["1", "2", "9"],
                "retries": 1,
                "invalid": {"play": "invalid"},
                "silent": {"play": "silent"},
                "otherwise": "bye",
            }
        },
        {"branch": {"answer": "happy", "when": {"9": "out"}, "otherwise": "zip"}},
    ],
    "zip": [{"ask": {"name": "zip", "prompt": {"play": "zip"}, "min_digits": 3, "max_digits": 5, "retries": 0}}],
    "bye": [{"play": "thanks"}, {"play": "bye"}],
    "out": [{"opt_out": {"prompt": {"play": "removed"}}}],
}
SURVEY["zip"].append({"goto": "bye"})


async def run(steps: dict[str, Any], leg: FakeLeg, host: MemoryHost | None = None) -> FlowResult:
    result = await run_flow(Flow(steps=steps), leg, host or MemoryHost(), "closing")
    assert leg.over
    return result


@pytest.mark.parametrize(
    ("presses", "end", "answers"),
    [
        pytest.param(
            [NOTHING, "1", "1", "2", "3", "#"],
            COMPLETED,
            [("happy", "1", True, 1), ("zip", "123", True, 1)],
            id="both questions are answered during the prompts",
        ),
        pytest.param(
            [NOTHING, NOTHING, "2", NOTHING, "1", "2", "3", "4", "5"],
            COMPLETED,
            [("happy", "2", True, 1), ("zip", "12345", True, 1)],
            id="both questions are answered after the prompts",
        ),
        pytest.param(
            ["1", NOTHING, "1", "2", "3", NOTHING],
            COMPLETED,
            [("happy", "1", True, 1), ("zip", "123", True, 1)],
            id="a digit during the lead-in answers the question; silence ends the second",
        ),
        pytest.param(
            [NOTHING, "7", "1", "1", "2", "3", "4", "5"],
            COMPLETED,
            [("happy", "7", False, 1), ("happy", "1", True, 2), ("zip", "12345", True, 1)],
            id="a wrong digit, then a right one during the invalid prompt",
        ),
        pytest.param(
            [NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, "2", NOTHING, "1", "2", "3", "#"],
            COMPLETED,
            [("happy", "", False, 1), ("happy", "2", True, 2), ("zip", "123", True, 1)],
            id="silence, then a right digit at the second try",
        ),
        pytest.param(
            [NOTHING, "7", "7", NOTHING],
            NO_INPUT,
            [("happy", "7", False, 1), ("happy", "7", False, 2)],
            id="two wrong digits use the tries up",
        ),
        pytest.param([], NO_INPUT, [("happy", "", False, 1), ("happy", "", False, 2)], id="nothing is pressed at all"),
        pytest.param(
            [NOTHING, "1", NOTHING, "1", "2", "#"],
            NO_INPUT,
            [("happy", "1", True, 1), ("zip", "12", False, 1)],
            id="too few digits are no answer",
        ),
        pytest.param(
            [NOTHING, "1", NOTHING, "#"],
            NO_INPUT,
            [("happy", "1", True, 1), ("zip", "#", False, 1)],
            id="the ending key alone is no answer",
        ),
        pytest.param(
            [NOTHING, "1", "#", "1", "2", "3", "#"],
            COMPLETED,
            [("happy", "1", True, 1), ("zip", "123", True, 1)],
            id="an ending key pressed too late does not spoil the next question",
        ),
        pytest.param(
            [NOTHING, "1", NOTHING, "1", "*", "2", "#"],
            NO_INPUT,
            [("happy", "1", True, 1), ("zip", "1*2", False, 1)],
            id="a star is no digit",
        ),
        pytest.param([NOTHING, "9"], OPTED_OUT, [("happy", "9", True, 1)], id="opt-out"),
        pytest.param(
            [NOTHING, "9", HANGS_UP], OPTED_OUT, [("happy", "9", True, 1)], id="opt-out, hung up on the confirmation"
        ),
        pytest.param([HANGS_UP], HUNG_UP, [], id="hung up during the greeting"),
        pytest.param([NOTHING, HANGS_UP], HUNG_UP, [], id="hung up during the first question"),
        pytest.param([NOTHING, BREAKS_OFF], LOST, [], id="the connection ended during the first question"),
        pytest.param(
            [NOTHING, "1", "1", "2", "3", "#", BREAKS_OFF],
            COMPLETED,
            [("happy", "1", True, 1), ("zip", "123", True, 1)],
            id="the connection ended during the thanks, when all was answered",
        ),
        pytest.param([NOTHING, NOTHING, HANGS_UP], HUNG_UP, [], id="hung up before the first digit"),
        pytest.param(
            [NOTHING, "1", NOTHING, "1", "2", HANGS_UP],
            HUNG_UP,
            [("happy", "1", True, 1), ("zip", "12", False, 1)],
            id="hung up in the middle of an answer, whose digits are kept",
        ),
        pytest.param(
            [NOTHING, "1", "1", "2", "3", "#", HANGS_UP],
            COMPLETED,
            [("happy", "1", True, 1), ("zip", "123", True, 1)],
            id="hung up during the thanks, when all was answered",
        ),
        pytest.param(
            [NOTHING, "7", "7", HANGS_UP],
            NO_INPUT,
            [("happy", "7", False, 1), ("happy", "7", False, 2)],
            id="hung up during the good-bye after no valid answer",
        ),
    ],
)
async def test_given_presses_when_the_survey_runs_then_this_end_and_these_answers(presses, end, answers):
    host = MemoryHost()
    result = await run(SURVEY, FakeLeg(presses), host)
    assert (result.end, host.answers, result.detail) == (end, answers, None)
    assert host.opt_outs == (end is OPTED_OUT)


async def test_given_an_answered_call_then_prompts_come_in_the_order_of_the_flow():
    leg = FakeLeg([NOTHING, NOTHING, "7"])
    result = await run(SURVEY, leg)
    assert leg.verbs == [
        ("play", "hello", "0123456789*"),
        ("play", "happy", "0123456789*"),
        ("wait", "5"),
        ("play", "invalid", "0123456789*"),
        ("play", "happy", "0123456789*"),
        ("wait", "5"),
        ("play", "thanks", ""),
        ("play", "bye", ""),
        ("hang up",),
    ]
    assert result.step == "bye"


async def test_given_an_announcement_without_a_question_when_hung_up_then_it_was_not_heard_to_its_end():
    announcement = {"start": [{"play": "one"}, {"play": "two"}]}
    assert (await run(announcement, FakeLeg([NOTHING, HANGS_UP]))).end is HUNG_UP
    assert (await run(announcement, FakeLeg())).end is COMPLETED


async def test_given_a_question_asked_again_then_the_last_answer_counts():
    again = {
        "start": [{"ask": {"name": "a", "prompt": {"play": "a"}, "valid": ["1"], "retries": 0}}, {"goto": "two"}],
        "two": [{"ask": {"name": "a", "prompt": {"play": "a2"}, "valid": ["1"], "retries": 0}}],
    }
    assert (await run(again, FakeLeg(["7", "1"]))).end is COMPLETED
    assert (await run(again, FakeLeg(["1", "7"]))).end is NO_INPUT


async def test_given_answers_of_different_length_then_an_unmistakable_one_is_taken_at_once():
    steps = {"start": [{"ask": {"name": "a", "prompt": {"play": "a"}, "valid": ["1", "10", "2"]}}]}
    one, host = FakeLeg(["2"]), MemoryHost()
    await run(steps, one, host)
    assert [verb[0] for verb in one.verbs] == ["play", "hang up"]
    other = FakeLeg(["1", "0"])
    await run(steps, other, host)
    assert [answer[1] for answer in host.answers] == ["2", "10"]


async def test_given_the_hash_is_a_valid_answer_then_it_is_a_key_as_any_other():
    steps = {"start": [{"ask": {"name": "a", "prompt": {"play": "a"}, "valid": ["#", "1"]}}]}
    leg, host = FakeLeg(["#"]), MemoryHost()
    assert (await run(steps, leg, host)).end is COMPLETED
    assert host.answers == [("a", "#", True, 1)]
    assert leg.verbs[0] == ("play", "a", "0123456789*#")


async def test_given_a_digit_in_one_of_several_lead_in_prompts_then_the_others_are_skipped_across_a_goto():
    steps = {
        "start": [{"play": "one"}, {"play": "two"}, {"goto": "menu"}],
        "menu": [{"play": "three"}, {"ask": {"name": "a", "prompt": {"play": "a"}}}],
    }
    leg, host = FakeLeg([NOTHING, "4"]), MemoryHost()
    assert (await run(steps, leg, host)).end is COMPLETED
    assert leg.heard == ["one", "two"]
    assert host.answers == [("a", "4", True, 1)]


async def test_given_texts_then_fields_are_merged_and_spoken_by_the_voice_of_the_flow():
    flow = Flow(voice="own", steps={"start": [{"say": 'Hello {{name|default("you")}}'}, {"say": "Bye {{name}}"}]})
    leg = FakeLeg()
    assert (await run_flow(flow, leg, MemoryHost(name="Zoë"), "closing")).end is COMPLETED
    assert leg.heard == ["own:Hello Zoë", "own:Bye Zoë"]


@pytest.mark.parametrize(
    ("steps", "detail"),
    [
        ({"start": [{"play": "gone"}]}, "step 'start', verb 1 (play): Asterisk cannot open the sound file gone"),
        (
            {"start": [{"goto": "a"}], "a": [{"play": "hello"}, {"say": "Hi {{name}}"}]},
            "step 'a', verb 2 (say): the contact has no 'name', and the text gives no default for it",
        ),
        (
            {"start": [{"ask": {"name": "q", "prompt": {"play": "gone"}}}]},
            "step 'start', verb 1 (ask): Asterisk cannot open the sound file gone",
        ),
    ],
)
async def test_given_a_broken_flow_then_it_names_the_place_and_the_caller_hears_the_closing_prompt(steps, detail):
    leg = FakeLeg(missing=["gone"])
    result = await run(steps, leg)
    assert (result.end, result.detail) == (FLOW_FAILED, detail)
    assert leg.verbs[-2:] == [("play", "closing", ""), ("hang up",)]


async def test_given_speech_fails_then_the_flow_fails_with_the_commands_own_words():
    host = MemoryHost()
    host.speech_fails = True
    result = await run({"start": [{"say": "Hello"}]}, FakeLeg(), host)
    assert result.end is FLOW_FAILED
    assert result.detail == (
        "step 'start', verb 1 (say): the text could not be spoken: espeak-ng ended with 1: no such voice"
    )


async def test_given_the_closing_prompt_is_missing_too_then_the_call_still_ends():
    leg = FakeLeg(missing=["gone", "closing"])
    result = await run({"start": [{"play": "gone"}]}, leg)
    assert result.end is FLOW_FAILED
    assert leg.verbs[-1] == ("hang up",)


@pytest.mark.parametrize(
    "steps",
    [
        {"start": [{"goto": "start"}]},
        {"start": [{"goto": "a"}], "a": [{"goto": "start"}]},
        {"start": [{"play": "onwards"}, {"goto": "start"}]},
    ],
)
async def test_given_a_circle_then_the_flow_fails_instead_of_running_for_ever(steps):
    leg = FakeLeg()
    result = await run(steps, leg)
    assert result.end is FLOW_FAILED
    assert str(MAX_VERBS) in (result.detail or "")
    assert leg.heard[-1] == "closing"


async def test_given_a_step_that_is_not_there_then_the_flow_fails_and_the_closing_prompt_is_heard():
    leg = FakeLeg()
    result = await run({"start": [{"goto": "gone"}]}, leg)
    assert (result.end, result.detail) == (FLOW_FAILED, "step 'gone', verb 1 (end): there is no such step")
    assert leg.heard == ["closing"]


async def test_given_the_opt_out_cannot_be_stored_then_the_flow_fails_and_nothing_is_confirmed(caplog):
    host, leg = MemoryHost(), FakeLeg()
    host.store_fails = True
    result = await run({"start": [{"opt_out": {"prompt": {"play": "removed"}}}]}, leg, host)
    assert result.end is FLOW_FAILED
    assert result.detail == "step 'start', verb 1 (opt_out): RuntimeError: database is locked"
    assert leg.heard == ["closing"]


async def test_given_an_opt_out_when_the_flow_breaks_afterwards_then_it_counts_and_the_fault_is_told():
    leg = FakeLeg(missing=["removed"])
    result = await run({"start": [{"opt_out": {"prompt": {"play": "removed"}}}]}, leg)
    assert result.end is OPTED_OUT
    assert "removed" in (result.detail or "")


async def test_given_hangup_in_the_middle_of_a_step_then_what_follows_is_not_carried_out():
    leg = FakeLeg()
    assert (await run({"start": [{"play": "one"}, "hangup", {"play": "two"}]}, leg)).end is COMPLETED
    assert leg.heard == ["one"]


#: What somebody hears whose call cannot be served: who called, and a key to opt out.
MESSAGE = Flow(
    steps={
        "start": [
            {"play": "who-called"},
            {"ask": {"name": "stop", "prompt": {"play": "press-9"}, "valid": ["9"], "retries": 0}},
            {"branch": {"answer": "stop", "when": {"9": "out"}}},
        ],
        "out": [{"opt_out": {"prompt": {"play": "removed"}}}],
    }
)
BROKEN = Flow(steps={"start": [{"play": "gone"}]})


async def test_given_a_broken_flow_then_the_message_is_heard_instead_of_the_closing_prompt():
    leg, host = FakeLeg(missing=["gone"]), MemoryHost()
    result = await run_flow(BROKEN, leg, host, "closing", MESSAGE)
    assert (result.end, leg.heard, leg.over) == (FLOW_FAILED, ["gone", "who-called", "press-9"], True)
    assert "sound file gone" in result.detail
    assert host.opt_outs == 0


async def test_given_an_opt_out_in_the_message_then_it_counts_and_the_call_still_failed():
    leg, host = FakeLeg([NOTHING, "9"], missing=["gone"]), MemoryHost()
    result = await run_flow(BROKEN, leg, host, "closing", MESSAGE)
    assert result.end is FLOW_FAILED
    assert host.opt_outs == 1
    assert host.answers == [("stop", "9", True, 1)]
    assert leg.heard[-1] == "removed"


async def test_given_a_message_that_breaks_too_then_the_closing_prompt_is_heard_and_both_are_told():
    leg = FakeLeg(missing=["gone", "who-called"])
    result = await run_flow(BROKEN, leg, MemoryHost(), "closing", MESSAGE)
    assert leg.heard[-1] == "closing"
    assert leg.over
    assert "sound file gone" in result.detail
    assert "the message for abandoned calls broke too: step 'start', verb 1 (play)" in result.detail


async def test_given_an_opt_out_before_the_flow_breaks_then_the_closing_prompt_is_enough():
    leg, host = FakeLeg(missing=["gone"]), MemoryHost()
    flow = Flow(steps={"start": ["opt_out", {"play": "gone"}]})
    result = await run_flow(flow, leg, host, "closing", MESSAGE)
    assert (result.end, leg.heard) == (OPTED_OUT, ["gone", "closing"])


async def test_given_nobody_can_serve_the_call_then_the_message_is_heard_alone():
    leg, host = FakeLeg([NOTHING, "9"]), MemoryHost()
    assert await apologise(leg, host, "closing", MESSAGE) is None
    assert (leg.heard, host.opt_outs, leg.over) == (["who-called", "press-9", "removed"], 1, True)
    leg = FakeLeg()
    assert await apologise(leg, host, "closing", None) is None
    assert (leg.heard, leg.over) == (["closing"], True)
    leg = FakeLeg(missing=["who-called", "closing"])
    assert "broke too" in await apologise(leg, host, "closing", MESSAGE)
    assert leg.over


async def test_what_is_heard_is_told_but_neither_a_missing_sound_nor_the_message():
    host = MemoryHost()
    await run_flow(BROKEN, FakeLeg(missing=["gone"]), host, "closing", MESSAGE)
    assert len(host.prompts_heard) == 0
    two = Flow(steps={"start": [{"play": "one"}, {"play": "two"}]})
    await run_flow(two, FakeLeg(), host, "closing")
    assert len(host.prompts_heard) == 2
    await run_flow(two, FakeLeg([HANGS_UP]), host, "closing")  # they were gone before it began
    assert len(host.prompts_heard) == 2


class LongPrompts(FakeLeg):
    """Prompts that take some time, until the test lets them end."""

    def __init__(self) -> None:
        super().__init__([HANGS_UP])
        self.release = asyncio.Event()

    async def play(self, sound: str, escape_digits: str = "") -> str:
        await self.release.wait()
        return await super().play(sound, escape_digits)


class ListeningHost(MemoryHost):
    """Says when a prompt is heard."""

    def __init__(self) -> None:
        super().__init__()
        self.hears = asyncio.Event()

    def heard(self, since: datetime) -> None:
        super().heard(since)
        self.hears.set()


async def test_a_prompt_is_heard_while_it_plays_also_if_the_person_hangs_up_on_it():
    host, leg = ListeningHost(), LongPrompts()
    flow = asyncio.create_task(run_flow(Flow(steps={"start": [{"play": "long"}]}), leg, host, "closing"))
    await host.hears.wait()
    leg.release.set()
    assert (await flow).end is HUNG_UP
    assert len(host.prompts_heard) == 1


async def test_a_result_is_given_when_its_turn_comes():
    host = MemoryHost()
    steps = {"start": [{"play": "hello"}, {"disposition": "Reached"}, {"play": "bye"}]}
    assert (await run(steps, FakeLeg([NOTHING, NOTHING]), host)).end is COMPLETED
    assert host.result == "Reached"


@pytest.mark.parametrize(("key", "result"), [("1", "Interested"), ("2", "Not Interested")])
async def test_who_hangs_up_during_the_goodbye_has_the_result_of_the_way_they_chose(key: str, result: str):
    host = MemoryHost()
    steps = {
        "start": [
            {"ask": {"name": "offer", "prompt": {"play": "offer"}, "valid": ["1", "2"]}},
            {"branch": {"answer": "offer", "when": {"1": "yes"}}},
            {"play": "pity"},
            {"disposition": "Not Interested"},
        ],
        "yes": [{"play": "thanks"}, {"goto": "end"}],
        "end": [{"disposition": "Interested"}, {"play": "bye"}],
    }
    assert (await run(steps, FakeLeg([key, HANGS_UP]), host)).end is COMPLETED
    assert host.result == result


async def test_who_hangs_up_at_the_question_has_no_result_of_a_way_not_taken():
    host = MemoryHost()
    steps = {
        "start": [
            {"ask": {"name": "offer", "prompt": {"play": "offer"}, "valid": ["1"]}},
            {"disposition": "Interested"},
        ]
    }
    assert (await run(steps, FakeLeg([HANGS_UP]), host)).end is HUNG_UP
    assert host.result is None
