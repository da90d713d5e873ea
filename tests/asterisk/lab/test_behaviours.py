"""Every behaviour of the table, called for real: what AMD finds, how the call ends, what is pressed."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ami_dialer.domain.ending import EndReason
from ami_dialer.lab import BEHAVIOURS, BY_NAME, Behaviour, behaviour_of, mixed_numbers
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


def digits_of(behaviour: Behaviour) -> int:
    return max((len(p) for p in behaviour.presses), default=1)


def check(behaviour: Behaviour, called: Called) -> None:
    assert called.amd == behaviour.amd, (behaviour.name, called)
    if behaviour.ends in CAUSES:
        assert (called.cause, called.reason) == (CAUSES[behaviour.ends], "0"), (behaviour.name, called)
    elif behaviour.ends is EndReason.NO_ANSWER:
        assert called.reason == "3", (behaviour.name, called)
    else:
        assert called.reason == "4", (behaviour.name, called)
        expected = (behaviour.answer(0), behaviour.answer(1))
        assert called.answers == expected, (behaviour.name, called)


async def test_every_behaviour_is_what_the_table_says(world: World):
    async with world.ami() as ami:
        wanted = [(behaviour, line) for behaviour in BEHAVIOURS for line in range(LINES)]
        called = await asyncio.gather(
            *(
                call(
                    ami,
                    behaviour.number(line),
                    ring=5 if behaviour.ends is EndReason.NO_ANSWER else 20,
                    digits=digits_of(behaviour),
                )
                for behaviour, line in wanted
            )
        )
        wrong = []
        for (behaviour, _), result in zip(wanted, called, strict=True):
            try:
                check(behaviour, result)
            except AssertionError as error:
                wrong.append(str(error))
        assert not wrong, "\n".join(wrong)
