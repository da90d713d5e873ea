"""The phones of the world on a real Asterisk, without the dialer: who talks with whom, and who hangs up first."""

import asyncio

import pytest

from ami_dialer.lab import BY_NAME
from ami_dialer.lab.phones import BYE, Plan, Press
from tests.asterisk.dialer import line
from tests.asterisk.phones import Phones
from tests.asterisk.world import World

pytestmark = pytest.mark.asterisk


@pytest.fixture
def phones(world):
    with Phones(world.settings) as made:
        yield made


async def connect(world: World, number: str, phone: int) -> None:
    """Have the PBX call a person, and dial the phone when they answer, as a member of a queue is."""
    async with world.ami("lab") as ami:
        answer = await ami.ask(
            Action="Originate", Channel=f"PJSIP/{number[1:]}@carrier", Application="Dial",
            Data=f"PJSIP/phone{phone:02},20,b(ami-dialer-member^before^1)", Async="true",
        )  # fmt: skip
        assert answer["Response"] == "Success", answer


async def test_people_and_phones_find_each_other_talk_and_hang_up_first_or_last(world, phones):
    short, long, left, waits = (
        BY_NAME[name].number(line()) for name in ("talks-2s", "talks-on", "talks-on", "impatient")
    )
    phones.plan(3, Plan(results=("",)))
    phones.plan(4, Plan(in_call=(Press(1, "*0"), Press(1, BYE))))
    phones.plan(5, Plan(in_call=(Press(1, BYE),)))
    phones.plan(6, Plan(answers=None))
    for number, phone in ((short, 3), (long, 4), (left, 5), (waits, 6)):
        await connect(world, number, phone)
    phones.start(7, extension="7100")
    everybody = lambda: all("is gone" in phones.said(phone) for phone in (3, 4, 5, 6, 7))  # noqa: E731
    await asyncio.to_thread(phones.until, everybody)
    assert phones.talks() == {short: [3], long: [4], left: [5]}
    called = ["rings", "may answer by itself"]
    assert phones.said(3) == [*called, "is up", f"talks with {short}", f"is done with {short}", "is gone"]
    assert phones.said(4)[4:] == ["presses *0", "hangs up", "is gone"]
    assert phones.said(5)[4:] == ["hangs up", "is gone"]
    assert phones.said(6) == [*called, "is gone"]
    assert phones.said(7) == ["is up", "is gone"]
    people = {deed.name: deed.what for deed in phones.deeds() if deed.who == "person"}
    assert people == {
        short: "says goodbye",
        long: "hears an agent",
        left: "hears an agent",
        waits: "hears nobody",
    }


async def test_a_phone_does_at_once_what_a_test_wants_of_it(world, phones):
    number = BY_NAME["talks-on"].number(line())
    await connect(world, number, 3)
    await asyncio.to_thread(phones.until, lambda: f"talks with {number}" in phones.said(3))
    phones.silence(3)
    await asyncio.to_thread(phones.until, lambda: "falls silent" in phones.said(3))
    assert len(phones.channels(3)) == 1
    phones.hang_up(3)
    await asyncio.to_thread(phones.until, lambda: phones.channels(3) == [])
    assert phones.said(3)[-2:] == ["falls silent", "is gone"]
