"""What Asterisk answers, and what doctor makes of it; the answers are scripted."""

from collections.abc import Callable, Mapping

import pytest

from ami_dialer.doctor import answered, capacity, dialplan, link, privileges
from ami_dialer.doctor.check import Check, examine
from ami_dialer.doctor.events import _not_heard
from ami_dialer.doctor.finding import Result, Status
from ami_dialer.doctor.pbx import Pbx
from ami_dialer.doctor.privileges import with_classes
from tests.fakes.ami_peer import AmiPeer, answer

pytestmark = pytest.mark.unit

LOG_IN = link.CHECKS[-1]


async def ask(pbx: Pbx, check: Check[Pbx]) -> list[Result]:
    checks = (LOG_IN, check)
    found = [finding.result async for finding in examine("server pbx", checks, pbx) if finding.check == check.name]
    pbx.link.give_up("asked")
    return found


def check(checks: tuple[Check[Pbx], ...], name: str) -> Check[Pbx]:
    [found] = [check for check in checks if check.name == name]
    return found


def knows(peer: AmiPeer, values: Mapping[str, str]) -> None:
    """The peer answers Getvar."""
    peer.permitted += ["Getvar", "CoreSettings"]
    peer.scripts["Getvar"] = lambda action: answer(
        action, "Success", "", f"Variable: {action['Variable']}", f"Value: {values.get(action['Variable'], '')}"
    )


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("16.30.1", Status.FAILED),
        ("18.20.0", Status.WARNING),
        ("certified/20.7-cert3", Status.WARNING),
        ("22.10.1+dfsg", Status.OK),
        ("GIT-master", Status.WARNING),
    ],
)
async def test_versions(pbx: Callable[..., Pbx], peer: AmiPeer, version: str, status: Status) -> None:
    knows(peer, {})
    peer.scripts["CoreSettings"] = lambda action: answer(action, "Success", "", f"AsteriskVersion: {version}")
    [result] = await ask(pbx(port=peer.port), check(privileges.CHECKS, "version"))
    assert result.status is status
    assert version in result.detail


async def test_the_limit_of_calls_of_asterisk_itself(pbx: Callable[..., Pbx], peer: AmiPeer) -> None:
    knows(peer, {})
    peer.scripts["CoreSettings"] = lambda action: answer(action, "Success", "", "CoreMaxCalls: 10")
    [result] = await ask(pbx(port=peer.port, max_calls=50), check(capacity.CHECKS, "call limits"))
    assert result.status is Status.WARNING
    assert "maxcalls" in result.detail


async def test_without_the_function_modules_nothing_is_claimed(pbx: Callable[..., Pbx], peer: AmiPeer) -> None:
    knows(peer, {})
    [result] = await ask(pbx(port=peer.port), check(dialplan.CHECKS, "modules"))
    assert result.status is Status.NOT_CHECKED
    [result] = await ask(pbx(port=peer.port), check(capacity.CHECKS, "clock"))
    assert result.status is Status.NOT_CHECKED


async def test_without_agi_no_call_is_handed_over(pbx: Callable[..., Pbx], peer: AmiPeer) -> None:
    knows(peer, {"IFMODULE(res_agi.so)": "0"})
    [result] = await ask(pbx(port=peer.port), Check("answered calls", answered.CHECKS[0].ask))
    assert (result.status, result.detail) == (Status.NOT_CHECKED, "res_agi.so is not loaded, see modules")
    assert peer.taken("Originate") == []


async def test_an_address_of_the_dialer_that_was_never_set(pbx: Callable[..., Pbx], peer: AmiPeer) -> None:
    knows(peer, {"IFMODULE(res_agi.so)": "1"})
    [result] = await ask(pbx(port=peer.port), Check("answered calls", answered.CHECKS[0].ask))
    assert "AMI_DIALER_FASTAGI is not set" in result.detail
    assert "AMI_DIALER_FASTAGI = 127.0.0.1:4573" in result.mend


@pytest.mark.parametrize(
    ("line", "missing", "whole"),
    [
        ("", {"originate", "reporting", "call"}, "originate,call,reporting"),
        ("call", {"user"}, "call,user"),
        ("system, call | agi", {"originate"}, "system,call,agi,originate"),
    ],
)
def test_a_line_of_classes_keeps_what_it_has(line: str, missing: set[str], whole: str) -> None:
    assert with_classes(line, missing) == whole


def test_with_every_class_it_can_only_be_the_filter() -> None:
    result = _not_heard(["Hangup"], "all", "dialer")
    assert "event filter" in result.detail
    assert "eventfilter" in result.mend
    assert "read =" not in result.mend


def test_where_manager_conf_cannot_be_seen_both_mends_are_told() -> None:
    result = _not_heard(["UserEvent"], "", "dialer")
    assert "`read = user`" in result.mend
    assert "eventfilter" in result.mend
