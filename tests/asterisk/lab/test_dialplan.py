"""asterisk_conf/extensions.conf on a real Asterisk: which leg runs it, and what a person hears when we fail."""

import pytest

from ami_dialer.lab import BY_NAME
from tests.asterisk.world import RawAmi, World, until

pytestmark = pytest.mark.asterisk


async def originate(ami: RawAmi, unique_id: str, channel: str, exten: str, *variables: str, **headers: str) -> None:
    answer = await ami.ask(
        Action="Originate",
        ActionID=unique_id,
        ChannelId=unique_id,
        Channel=channel,
        Context=headers.get("Context", "ami-dialer-answered"),
        Exten=exten,
        Priority="1",
        Timeout="20000",
        Async="true",
        variables=variables,
    )
    assert answer["Response"] == "Success", answer


async def ends(ami: RawAmi, unique_id: str) -> dict[str, str]:
    return await until(lambda: ami.of(unique_id, "Hangup"), 40)


def digits(name: str, line: int = 100) -> str:
    return BY_NAME[name].number(line)[1:]


async def test_behind_a_local_channel_the_leg_with_our_id_runs_the_dialplan(world: World):
    async with world.ami() as ami:
        await originate(ami, "amid-local", f"Local/{digits('answers-1s')}@from-internal", "amd")
        hangup = await ends(ami, "amid-local")
        assert hangup["Channel"].endswith(";1")
        said = ami.of("amid-local", "UserEvent", UserEvent="AmiDialerAmd")
        assert said, ami.events
        assert (said["Status"], said["Channel"]) == ("HUMAN", hangup["Channel"])


@pytest.mark.parametrize(
    ("name", "cause"), [("busy", "17"), ("congestion", "34"), ("unallocated", "1"), ("declined", "21")]
)
async def test_the_cause_of_a_refusal_comes_through_a_local_channel(world: World, name: str, cause: str):
    async with world.ami() as ami:
        await originate(ami, f"amid-local-{name}", f"Local/{digits(name)}@from-internal", "amd")
        assert (await ends(ami, f"amid-local-{name}"))["Cause"] == cause


async def test_when_the_dialer_is_down_the_person_hears_the_closing_prompt(world: World):
    async with world.ami("lab") as ami:
        await originate(ami, "amid-nobody", f"PJSIP/{digits('answers-1s')}@carrier", "amd")
        await ends(ami, "amid-nobody")
        failed = ami.of("amid-nobody", "UserEvent", UserEvent="AmiDialerFailed")
        assert failed, ami.events
        assert failed["Detail"] == "AGI ended with FAILURE"
        played = [e["AppData"] for e in ami.events if e.get("Event") == "Newexten" and e["Application"] == "Playback"]
        assert played == ["ami-dialer/closing"]
        assert ami.of("amid-nobody", "VarSet", Variable="PLAYBACKSTATUS", Value="SUCCESS")


async def test_without_amd_a_person_goes_straight_to_the_dialplan_of_the_campaign(world: World):
    async with world.ami() as ami:
        number = digits("presses-3")
        await originate(ami, "amid-direct", f"PJSIP/{number}@carrier", "direct", "AMI_DIALER_NEXT=lab-questions")
        await ends(ami, "amid-direct")
        assert ami.of("amid-direct", "UserEvent", UserEvent="AmiDialerAmd") is None
        answers = ami.of("amid-direct", "UserEvent", UserEvent="LabAnswers")
        assert answers, ami.events
        assert (answers["First"], answers["Second"]) == ("3", "3")


async def test_a_machine_is_hung_up_on_where_the_campaign_has_a_dialplan(world: World):
    async with world.ami("lab") as ami:
        number = digits("machine-short")
        await originate(ami, "amid-machine", f"PJSIP/{number}@carrier", "amd", "AMI_DIALER_NEXT=lab-questions")
        await ends(ami, "amid-machine")
        said = ami.of("amid-machine", "UserEvent", UserEvent="AmiDialerAmd")
        assert said, ami.events
        assert said["Status"] == "MACHINE"
        assert "lab-questions" not in {e.get("Context") for e in ami.events}


@pytest.mark.parametrize(("sound", "status"), [("ami-dialer/closing", "SUCCESS"), ("ami-dialer/missing", "FAILED")])
async def test_the_check_context_tells_whether_a_sound_can_be_played(world: World, sound: str, status: str):
    unique_id = f"amid-check-{status.lower()}"
    async with world.ami() as ami:
        await originate(
            ami,
            unique_id,
            "Local/listen@ami-dialer-check",
            "sound",
            f"AMI_DIALER_SOUND={sound}",
            Context="ami-dialer-check",
        )
        said = await until(lambda: ami.of(unique_id, "UserEvent", UserEvent="AmiDialerCheck"))
        assert (said["What"], said["Status"]) == ("sound", status)
        await ends(ami, unique_id)


async def test_the_check_context_tells_that_nobody_answers_on_the_fastagi_port(world: World):
    async with world.ami() as ami:
        await originate(ami, "amid-agi", "Local/listen@ami-dialer-check", "fastagi", Context="ami-dialer-check")
        said = await until(lambda: ami.of("amid-agi", "UserEvent", UserEvent="AmiDialerCheck"))
        assert (said["What"], said["Status"]) == ("fastagi", "FAILURE")
        await ends(ami, "amid-agi")
