"""What doctor says of a PBX for campaigns with agents and queues."""

from typing import Any

import pytest

from ami_dialer.doctor.finding import Status
from tests.asterisk.doctor.ward import Ward

pytestmark = pytest.mark.asterisk


def campaign(username: str = "ami-dialer", **changes: Any) -> dict[str, Any]:
    """The configuration with a campaign for agents instead of the flow's."""
    survey = {"flow": None, "agents": "all", "recording": {"enabled": True}, **changes}
    return {
        "servers": {"pbx": {"username": username}},
        "agents": {"101": {"name": "Ann"}},
        "campaigns": {"survey": survey},
    }


async def test_a_fresh_lab_has_what_agents_and_queues_need(ward: Ward):
    report = await ward.ask("agents", "recordings", changes=campaign())
    assert report.of("agents").status is Status.OK, report.of("agents")
    assert report.of("recordings").status is Status.OK, report.of("recordings")
    transfer = {"context": "from-phones", "to": {"1": {"name": "Office", "extension": "7100"}}}
    queued = campaign(agents=None, queue="lab-queue", transfer=transfer)
    report = await ward.ask("agents", "queues", changes=queued)
    assert report.checks(Status.FAILED) == set()
    assert report.of("queues", "7100").status is Status.OK


async def test_what_agents_lack_is_told_with_the_line_that_mends_it(ward: Ward):
    result = (await ward.ask("agents", changes=campaign("no-agents"))).of("agents")
    assert (result.status, "read = call,user,dtmf`" in result.mend) == (Status.FAILED, True), result
    result = (await ward.ask("agents", changes=campaign("old-filters"))).of("agents")
    assert (result.status, "name(BridgeLeave)" in result.mend) == (Status.FAILED, True), result
    with ward.with_dialplan("remove extension after@ami-dialer-agent"):
        result = (await ward.ask("agents", changes=campaign())).of("agents", "ami-dialer-agent")
    assert "has no extension after" in result.detail
    with ward.without_module("app_mixmonitor.so"):
        result = (await ward.ask("agents", changes=campaign())).of("agents", "app_mixmonitor.so")
    assert result.status is Status.FAILED


async def test_what_only_some_would_miss_is_warned_of(ward: Ward):
    changes = campaign(dialing={"waiting_music": "nowhere"})
    phones = {"101": "PJSIP/nowhere", "102": "PJSIP/carrier", "103": "PJSIP/phone03"}  # a trunk has no time-out
    changes["agents"] = {number: {"name": number, "phone": phone} for number, phone in phones.items()}
    found = (await ward.ask("agents", changes=changes)).found
    assert [(one.result.status, one.result.subject) for one in found if one.check == "agents"] == [
        (Status.WARNING, "nowhere"),
        (Status.WARNING, "101"),
        (Status.WARNING, "rtp_timeout"),
    ]
    assert found[-1].result.detail.startswith("PJSIP/carrier: a phone that dies")


async def test_a_folder_of_recordings_that_cannot_be_written_is_told_before_anybody_is_recorded(ward: Ward):
    folder = ward.world.pbx.home / "spool" / "monitor" / "ami-dialer"
    aside = folder.with_name("aside")
    if folder.exists():
        folder.rename(aside)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where the folder belongs")
    try:
        result = (await ward.ask("events", "agents", "recordings", changes=campaign())).of("recordings")
    finally:
        folder.unlink()
        if aside.exists():
            aside.rename(folder)
    assert (result.status, str(folder) in result.mend) == (Status.FAILED, True), result


async def test_a_queue_that_does_not_exist_one_without_members_and_a_transfer_to_nowhere_are_told(ward: Ward):
    transfer = {"context": "from-phones", "to": {"1": {"name": "Office", "extension": "999"}}}
    report = await ward.ask("queues", changes=campaign(agents=None, queue="no-such-queue", transfer=transfer))
    assert report.of("queues", "no-such-queue").status is Status.FAILED
    assert report.of("queues", "999").status is Status.FAILED
    transfer = {"context": "no-such-context", "any_extension": True}
    report = await ward.ask("queues", changes=campaign(agents=None, queue="lab-empty", transfer=transfer))
    assert report.of("queues", "no-such-context").status is Status.FAILED
    report = await ward.ask("queues", changes=campaign(agents=None, queue="lab-empty"))
    assert report.of("queues", "lab-empty").status is Status.WARNING
    report = await ward.ask("agents", changes=campaign("no-agents", agents=None, queue="lab-empty"))
    assert "`read = call,user,dtmf,agent`" in report.of("agents").mend
