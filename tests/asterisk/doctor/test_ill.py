"""One thing broken at a time: the right line fails, and says how to mend it."""

import asyncio
import itertools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.doctor.finding import Status
from tests.asterisk.doctor.ward import Ward
from tests.asterisk.world import until

pytestmark = pytest.mark.asterisk

DOCTOR = Path(__file__).parents[3] / "ami_dialer/doctor"


def server(**changes: Any) -> dict[str, Any]:
    return {"servers": {"pbx": changes}}


def trunk(dial: str) -> dict[str, Any]:
    return {"trunks": {"carrier": {"dial": dial}}}


@pytest.mark.parametrize(
    "wrong", [server(secret="not-this"), server(username="stranger"), server(username="far-away")], ids=str
)
async def test_a_refused_log_in_names_the_three_reasons_and_stops_the_rest(ward: Ward, wrong: dict[str, Any]):
    report = await ward.round(wrong)
    assert report.checks(Status.FAILED) == {"log-in"}
    mend = report.of("log-in").mend
    assert all(part in mend for part in ("nonexistent user", "failed to authenticate", "failed to pass IP ACL"))
    assert {"privileges", "modules", "events", "sounds", "trunks", "clock"} <= report.checks(Status.NOT_CHECKED)


async def test_what_the_mend_quotes_of_asterisks_log_is_what_asterisk_logs(ward: Ward):
    for changes, words in (
        (server(secret="not-this"), "failed to authenticate as 'ami-dialer'"),
        (server(username="stranger"), "nonexistent user 'stranger'"),
        (server(username="far-away"), "failed to pass IP ACL as 'far-away'"),
    ):
        mend = (await ward.ask(changes=changes)).of("log-in").mend
        assert words in mend
        await until(lambda words=words: words in ward.world.pbx.log.read_text(encoding="utf-8"))


async def test_a_user_who_may_not_originate_gets_the_line_to_write(ward: Ward):
    report = await ward.ask("privileges", "modules", "events", "sounds", changes=server(username="no-originate"))
    result = report.of("privileges")
    assert result.status is Status.FAILED
    assert "Originate" in result.detail
    assert "In [no-originate] of manager.conf: `write = call,reporting,originate`" in result.mend
    assert report.of("modules").status is Status.OK
    assert report.of("events").status is Status.NOT_CHECKED
    assert report.of("sounds").status is Status.NOT_CHECKED


async def test_a_user_who_may_do_nothing_is_asked_nothing(ward: Ward):
    report = await ward.ask("version", "privileges", "modules", "trunks", changes=server(username="no-write"))
    assert "`write = originate,call,reporting`" in report.of("privileges").mend
    assert report.checks(Status.FAILED) == {"privileges"}
    assert report.checks(Status.NOT_CHECKED) == {"version", "modules", "trunks"}


async def test_a_user_who_may_do_everything_is_warned_of(ward: Ward):
    result = (await ward.ask("privileges", changes=server(username="lab"))).of("privileges")
    assert result.status is Status.WARNING
    assert "command" in result.detail
    assert "`write = originate,call,reporting`" in result.mend


@pytest.mark.parametrize(
    ("user", "missing", "line"),
    [
        ("no-call-events", "Newchannel, Newstate, OriginateResponse, Hangup", "`read = user,call`"),
        ("no-user-events", "UserEvent", "`read = call,user`"),
        (
            "filtered",
            "Hangup",
            "`eventfilter(action(include),name(Hangup),header(Uniqueid),method(starts_with)) = amid-`",
        ),
    ],
)
async def test_events_that_do_not_arrive_are_told_from_one_another(ward: Ward, user: str, missing: str, line: str):
    report = await ward.ask("events", "sounds", changes=server(username=user))
    result = report.of("events")
    assert result.status is Status.FAILED
    assert f"{missing} did not arrive" in result.detail
    assert f"In [{user}] of manager.conf: {line}" in result.mend
    assert report.of("sounds").status is Status.NOT_CHECKED


@pytest.mark.parametrize(
    ("module", "status"),
    [
        ("app_amd.so", Status.FAILED),
        ("res_tonedetect.so", Status.WARNING),
        ("app_controlplayback.so", Status.WARNING),
    ],
)
async def test_a_missing_module_is_named(ward: Ward, module: str, status: Status):
    with ward.without_module(module):
        report = await ward.ask("modules", "events", "sounds")
    result = report.of("modules", module)
    assert result.status is status
    assert f"module load {module}" in result.mend
    assert f"noload = {module}" in result.mend
    assert report.of("events").status is Status.OK  # without AMD(), by the way of campaigns without it


async def test_a_missing_context_of_ours_is_to_be_installed(ward: Ward):
    report = await ward.ask("dialplan", "events", changes=server(answered_context="elsewhere"))
    result = report.of("dialplan", "elsewhere")
    assert result.status is Status.FAILED
    assert "#include ami-dialer/extensions.conf" in result.mend
    assert "servers.pbx.answered_context" in result.mend
    assert report.of("events").status is Status.NOT_CHECKED


async def test_a_dialplan_of_an_older_version_is_noticed(ward: Ward):
    with ward.with_dialplan("remove extension sound@ami-dialer-check"):
        result = (await ward.ask("dialplan")).of("dialplan")
    assert result.detail == "context ami-dialer-check has no extension sound"


async def test_contexts_of_campaigns_and_trunks_must_be_there(ward: Ward):
    changes = {
        "trunks": {"routes": {"server": "pbx", "dial": "Local/{number}@my-routes"}},
        "campaigns": {"survey": {"flow": None, "dialplan": "my-people"}, "other": None},
    }
    changes["campaigns"]["other"] = {"lists": ["people"], "trunks": ["carrier"], "dialplan": "from-internal"}
    report = await ward.ask("contexts", changes=changes)
    assert "campaigns.survey.dialplan" in report.of("contexts", "my-people").mend
    assert "trunks.routes.dial" in report.of("contexts", "my-routes").mend
    assert "has no extension s" in report.of("contexts", "from-internal").detail


async def test_a_missing_sound_names_the_file_to_put_there(ward: Ward):
    flow = {"steps": {"hello": [{"play": "custom/greeting"}, {"play": "ami-dialer/closing"}]}}
    report = await ward.ask("sounds", changes={"flows": {"greeting": flow}})
    result = report.of("sounds", "custom/greeting")
    assert result.status is Status.FAILED
    assert f"{ward.world.pbx.home}/data/sounds/custom/greeting.wav" in result.mend


async def test_a_folder_that_asterisk_does_not_see_cannot_hold_spoken_texts(ward: Ward):
    result = (await ward.ask("spoken texts", changes={"speech": {"asterisk_directory": "/nowhere"}})).of("spoken texts")
    assert result.status is Status.FAILED
    assert "speech.asterisk_directory" in result.mend


async def test_a_wrong_address_of_the_dialer_in_the_dialplan_is_told(ward: Ward):
    with ward.with_dialplan("set global AMI_DIALER_FASTAGI 127.0.0.1:9"):
        result = (await ward.ask("answered calls")).of("answered calls")
    assert result.status is Status.FAILED
    assert result.detail.startswith("Asterisk hands answered calls to 127.0.0.1:9")
    assert f"AMI_DIALER_FASTAGI = 127.0.0.1:{ward.world.ports.fastagi}" in result.mend


async def test_another_program_on_the_dialers_port_is_told(ward: Ward):
    def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", ward.world.ports.fastagi):
        result = (await ward.ask("answered calls")).of("answered calls")
    assert result.status is Status.FAILED
    assert "is no ami-dialer" in result.detail
    assert "ss -ltnp" in result.mend


async def test_the_classic_script_is_run_where_the_dialplan_names_it(ward: Ward):
    socket = ward.world.settings.socket_directory / "doctor.sock"
    changes = {"fastagi": {"socket": str(socket)}}
    named, reached = "set global AMI_DIALER_AGI ami-dialer-answered.py", f"set global AMI_DIALER_SOCKET {socket}"
    with ward.with_dialplan(named, reached):
        good = (await ward.ask("answered calls", changes=changes)).of("answered calls")
        no_socket = (await ward.ask("answered calls")).of("answered calls")
    with ward.with_dialplan(named, "set global AMI_DIALER_SOCKET /nowhere"):
        elsewhere = (await ward.ask("answered calls", changes=changes)).of("answered calls")
    with ward.with_dialplan("set global AMI_DIALER_AGI gone.py"):
        gone = (await ward.ask("answered calls", changes=changes)).of("answered calls")
    assert good.status is Status.OK
    assert "fastagi.socket" in no_socket.mend
    assert f"AMI_DIALER_SOCKET = {socket}" in elsewhere.mend
    assert "agi-bin/gone.py" in gone.mend


@pytest.mark.parametrize(
    ("dial", "status", "words"),
    [
        ("PJSIP/{number}@dead", Status.FAILED, "does not answer OPTIONS"),
        ("PJSIP/dead/sip:{number}@127.0.0.1", Status.FAILED, "does not answer OPTIONS"),
        ("PJSIP/{number}@homeless", Status.FAILED, "has no contact"),
        ("PJSIP/{number}@loggedout", Status.FAILED, "registration of loggedout is"),
        ("PJSIP/{number}@missing", Status.FAILED, "no PJSIP endpoint missing"),
        ("PJSIP/{number}@sipp", Status.WARNING, "Asterisk does not ask"),
        ("DAHDI/g0/{number}", Status.NOT_CHECKED, "PJSIP and Local only"),
    ],
)
async def test_a_trunk_that_is_not_up_says_why(ward: Ward, dial: str, status: Status, words: str):
    await until(lambda: "Unavail" in ward.world.pbx.console("pjsip show contacts"))
    result = (await ward.ask("trunks", changes=trunk(dial))).of("trunks", "carrier")
    assert (result.status, words in result.detail) == (status, True), result
    assert bool(result.mend) == (status is not Status.NOT_CHECKED)


async def test_a_clock_that_goes_wrong_is_warned_of(ward: Ward):
    class Late(SystemClock):
        def now(self) -> datetime:
            return datetime.fromtimestamp(super().now().timestamp(), UTC) - timedelta(seconds=5)

    result = (await ward.ask("clock", clock=Late())).of("clock")
    assert result.status is Status.WARNING
    assert "ahead of" in result.detail


async def test_more_calls_than_asterisk_has_rtp_ports_for_are_warned_of(ward: Ward):
    result = (await ward.ask("call limits", changes=server(max_calls=500))).of("call limits")
    assert result.status is Status.WARNING
    assert "rtp.conf" in result.mend


async def test_every_console_command_that_doctor_names_exists(ward: Ward):
    source = "".join(file.read_text(encoding="utf-8") for file in DOCTOR.glob("*.py"))
    for command in set(re.findall(r"asterisk -rx '([^']+)'", source)):
        words = list(itertools.takewhile(str.isalpha, command.split()))  # up to the name of something
        assert "No such command" not in ward.world.pbx.console(f"core show help {' '.join(words)}"), command
