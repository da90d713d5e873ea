"""What doctor looks at on this machine."""

import resource
import zoneinfo
from collections.abc import Callable
from typing import Any

import pytest

from ami_dialer.doctor import resources
from ami_dialer.doctor.check import Check
from ami_dialer.doctor.configuration import LISTS
from ami_dialer.doctor.finding import Result, Status
from ami_dialer.doctor.machine import Machine, players, speakers
from ami_dialer.doctor.speech import SPEECH

pytestmark = pytest.mark.unit

MakeMachine = Callable[..., Machine]
OPEN_FILES, TIME_ZONES = resources.CHECKS
#: Speaks without a voice: what comes in goes out, and enough of it.
SPEAKS = ["sh", "-c", "cat; head -c 1000 /dev/zero"]


async def only(check: Check[Machine], machine: Machine) -> Result:
    [result] = await check.ask(machine)
    return result


async def test_a_list_that_can_be_read_shows_its_columns(machine: MakeMachine) -> None:
    patient = machine()
    result = await only(LISTS, patient)
    assert (result.status, result.subject) == (Status.OK, "people")
    assert result.detail == f"{patient.config.lists['people'].file} can be read: phone, first_name"


@pytest.mark.parametrize("settings", [{"file": "gone.csv"}, {"file": "people.csv", "columns": {"phone": "Tel"}}])
async def test_a_list_that_cannot_be_read_names_its_key(machine: MakeMachine, settings: dict[str, Any]) -> None:
    result = await only(LISTS, machine(lists={"people": settings}))
    assert result.status is Status.FAILED
    assert "lists.people" in result.mend


async def test_programs_that_speak_leave_no_file(machine: MakeMachine) -> None:
    patient = machine(speech={"command": SPEAKS, "convert": SPEAKS})
    assert (await only(SPEECH, patient)).status is Status.OK
    assert list(patient.config.speech.directory.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [(["no-such-program"], "not installed"), (["sh", "-c", "echo bad voice >&2; exit 3"], "bad voice")],
)
async def test_programs_that_do_not_speak_are_shown_by_hand(
    machine: MakeMachine, command: list[str], words: str
) -> None:
    result = await only(SPEECH, machine(speech={"command": command, "convert": SPEAKS}))
    assert result.status is Status.FAILED
    assert words in result.detail
    assert f"echo Hello | {' '.join(command)} |" in result.mend


async def test_each_voice_that_campaigns_use_is_tried(machine: MakeMachine) -> None:
    steps = {"hello": [{"say": "Guten Tag."}]}
    patient = machine(
        speech={
            "command": ["sh", "-c", 'test "$0" = en-us && cat && head -c 1000 /dev/zero', "{voice}"],
            "convert": SPEAKS,
        },
        flows={"english": {"steps": steps}, "german": {"voice": "de", "steps": steps}, "unused": {"steps": steps}},
        campaigns={name: {"lists": ["people"], "trunks": ["carrier"], "flow": name} for name in ("english", "german")},
    )
    results = {result.subject: result.status for result in await SPEECH.ask(patient)}
    assert results == {"en-us": Status.OK, "de": Status.FAILED}


async def test_without_a_text_nothing_is_spoken(machine: MakeMachine) -> None:
    patient = machine(flows={"greeting": {"steps": {"hello": [{"play": "hello"}]}}}, speech={"command": ["no-such"]})
    assert (await only(SPEECH, patient)).status is Status.NOT_CHECKED


async def test_all_that_is_spoken_counts_and_not_only_the_flow(machine: MakeMachine) -> None:
    usual = {"lists": ["people"], "trunks": ["carrier"]}
    spoken = {"steps": {"hello": [{"say": "Sorry."}]}}
    patient = machine(
        flows={"sorry": {"voice": "de", **spoken}, "plays": {"steps": {"hello": [{"play": "hello"}]}}},
        agent_lines={"voice": "fr"},
        do_not_call={"opt_out_line": {"confirm": False}},
        campaigns={
            "talk": {**usual, "agents": "all", "recording": {"enabled": True, "announce": "We record."}},
            "play": {**usual, "flow": "plays", "abandonment": {"message": "sorry"}},
        },
    )
    assert speakers(patient.config) == {
        "de": ["flow sorry, the message of campaign play"],
        "en-us": ["recording.announce of campaign talk", "the opt-out line"],
        "fr": ["what agents hear"],
    }
    assert players(patient.config) == {"hello": "flow plays"}


@pytest.mark.parametrize(("limit", "status"), [(100, Status.WARNING), (200, Status.OK), (-1, Status.OK)])
async def test_open_files_are_counted_against_the_calls(
    machine: MakeMachine, monkeypatch: pytest.MonkeyPatch, limit: int, status: Status
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    result = await only(OPEN_FILES, machine())  # 50 calls
    assert result.status is status
    assert status is Status.OK or "LimitNOFILE=178" in result.mend


async def test_missing_time_zones_are_warned_of(machine: MakeMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await only(TIME_ZONES, machine())).status is Status.OK

    def nowhere(name: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", nowhere)
    assert "tzdata" in (await only(TIME_ZONES, machine())).mend
