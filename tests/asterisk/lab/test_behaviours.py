"""Every behaviour of the table, called for real: what AMD finds, how the call ends, what is pressed."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ami_dialer.domain.ending import EndReason
from ami_dialer.lab import BEHAVIOURS, Behaviour, behaviour_of, mixed_numbers
from tests.asterisk.world import RawAmi, World, until

pytestmark = pytest.mark.asterisk

#: Q.850 cause of the Hangup for calls that nobody answers.
CAUSES = {
    EndReason.BUSY: "17",
    EndReason.CONGESTION: "34",
    EndReason.INVALID_NUMBER: "1",
    EndReason.REJECTED: "21",
}
#: Every behaviour is called on so many lines at once.
LINES = 2


@dataclass
class Called:
    """What became of a call."""

    amd: str | None = None
    cause: str = ""
    reason: str = ""
    answers: tuple[str, str] = ("", "")
    trail: list[str] = field(default_factory=list)


async def call(ami: RawAmi, number: str, *, via: str = "PJSIP/{}@carrier", ring: float = 20, digits: int = 1) -> Called:
    """Call the number through AMD, then the two questions of the lab's PBX; returns when the channel is gone."""
    unique_id = f"amid-{number[1:]}"
    await ami.ask(
        Action="Originate",
        ActionID=unique_id,
        ChannelId=unique_id,
        Channel=via.format(number[1:]),
        Context="ami-dialer-answered",
        Exten="amd",
        Priority="1",
        Timeout=str(int(ring * 1000)),
        Async="true",
        variables=("AMI_DIALER_NEXT=lab-questions", f"LAB_DIGITS={digits}"),
    )
    hangup = await until(lambda: ami.of(unique_id, "Hangup"), 60)
    response = await until(
        lambda: next(
            (e for e in ami.events if e.get("Event") == "OriginateResponse" and e.get("ActionID") == unique_id), None
        )
    )
    amd = ami.of(unique_id, "UserEvent", UserEvent="AmiDialerAmd") or {}
    answers = ami.of(unique_id, "UserEvent", UserEvent="LabAnswers") or {}
    trail = [
        f"{e.get('Event')} {e.get('Status', '')} {e.get('Cause', '')}"
        for e in ami.events
        if e.get("Uniqueid") == unique_id
    ]
    return Called(
        amd.get("Status"),
        hangup["Cause"],
        response["Reason"],
        (answers.get("First", ""), answers.get("Second", "")),
        trail,
    )


def differences(behaviour: Behaviour, number: str, called: Called) -> list[str]:
    """What is not as the table says, in words."""
    if behaviour.ends in CAUSES:
        expected, actual = (None, CAUSES[behaviour.ends], "0"), (called.amd, called.cause, called.reason)
    elif behaviour.ends is EndReason.NO_ANSWER:
        expected, actual = (None, "3"), (called.amd, called.reason)
    else:
        expected = (behaviour.amd, "4", (behaviour.answer(0, number), behaviour.answer(1, number)))
        actual = (called.amd, called.reason, called.answers)
    return [] if expected == actual else [f"{behaviour.name}: {expected} expected, but {called}"]


async def call_all(world: World, wanted: list[tuple[Behaviour, str]]) -> None:
    """Call them all at once; fails with everything that is not as the table says."""
    async with world.ami() as ami:
        called = await asyncio.gather(
            *(
                call(
                    ami,
                    number,
                    ring=5 if behaviour.ends is EndReason.NO_ANSWER else 20,
                    digits=max(len(behaviour.answer(question, number)) for question in range(2)) or 1,
                )
                for behaviour, number in wanted
            )
        )
    both = zip(wanted, called, strict=True)
    wrong = [text for (behaviour, number), was in both for text in differences(behaviour, number, was)]
    assert not wrong, "\n".join(wrong)


async def test_every_behaviour_is_what_the_table_says(world: World):
    await call_all(world, [(behaviour, behaviour.number(line)) for behaviour in BEHAVIOURS for line in range(LINES)])


async def test_a_mixed_number_does_what_number_and_seed_say(world: World):
    await call_all(world, [(behaviour_of(number, world.settings.seed), number) for number in mixed_numbers(60)])
