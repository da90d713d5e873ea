"""asterisk_conf/manager.conf on a real Asterisk: enough for the dialer, and no more."""

import pytest

from tests.asterisk.world import World, until

pytestmark = pytest.mark.asterisk


async def test_the_dialer_may_send_every_action_it_uses(world: World):
    async with world.ami() as ami:
        allowed = await ami.ask(Action="ListCommands")
        needed = "Originate Hangup Getvar CoreShowChannels CoreStatus CoreSettings Ping Events Logoff"
        needed += " Redirect MixMonitorMute PlayDTMF QueueStatus QueuePause"
        assert set(needed.split()) <= set(allowed)


async def test_the_dialer_may_not_touch_modules_files_or_the_console(world: World):
    async with world.ami() as ami:
        for action in ("Command", "ModuleLoad", "Reload", "UpdateConfig", "DBPut", "AGI", "PJSIPShowEndpoints"):
            answer = await ami.ask(Action=action)
            assert (answer["Response"], answer["Message"]) == ("Error", "Permission denied"), (action, answer)


async def test_the_dialer_may_not_start_programs_by_originate(world: World):
    async with world.ami() as ami:
        for application in ("System", "AGI", "EXEC"):
            answer = await ami.ask(
                Action="Originate", Channel="Local/listen@ami-dialer-check", Application=application, Data="true"
            )
            assert answer["Response"] == "Error", (application, answer)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DIALPLAN_EXISTS(ami-dialer-answered,amd,1)", "1"),
        ("DIALPLAN_EXISTS(ami-dialer-answered,direct,1)", "1"),
        ("DIALPLAN_EXISTS(no-such-context,s,1)", "0"),
        ("IFMODULE(app_amd.so)", "1"),
        ("IFMODULE(no_such_module.so)", "0"),
        ("PJSIP_AOR(carrier,qualify_frequency)", "10"),
        ("DEVICE_STATE(PJSIP/carrier)", "NOT_INUSE"),
        ("DEVICE_STATE(PJSIP/no-such-trunk)", "INVALID"),
        ("AMI_DIALER_AGI", ""),
    ],
)
async def test_doctor_can_ask_by_getvar_without_the_class_system(world: World, variable: str, value: str):
    async with world.ami() as ami:
        answer = await ami.ask(Action="Getvar", Variable=variable)
        assert (answer["Response"], answer["Value"]) == ("Success", value)


async def test_getvar_tells_where_the_pbx_looks_for_the_dialer_and_what_its_clock_says(world: World):
    async with world.ami() as ami:
        where = await ami.ask(Action="Getvar", Variable="AMI_DIALER_FASTAGI")
        assert where["Value"] == f"127.0.0.1:{world.ports.fastagi}"
        clock = await ami.ask(Action="Getvar", Variable="STRFTIME(,UTC,%s)")
        assert int(clock["Value"]) > 1_700_000_000


async def test_events_of_other_calls_are_dropped_at_the_source(world: World):
    async with world.ami() as ami, world.ami("lab") as everything:
        for unique_id in ("somebody-elses", "amid-ours"):
            answer = await everything.ask(
                Action="Originate", ActionID=unique_id, ChannelId=unique_id, Channel="Local/listen@ami-dialer-check",
                Context="ami-dialer-answered", Exten="bye", Priority="1", Async="true",
            )  # fmt: skip
            assert answer["Response"] == "Success"
            await until(lambda wanted=unique_id: everything.of(wanted, "Hangup"))
        await until(lambda: ami.of("amid-ours", "Hangup"))
        assert ami.of("somebody-elses", "Newchannel") is None
        assert {e["Event"] for e in ami.events} <= {
            "Newchannel",
            "Newstate",
            "Hangup",
            "OriginateResponse",
            "UserEvent",
        }
