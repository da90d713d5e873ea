"""The way in, against ports that are not as they should be."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from ami_dialer.doctor import link
from ami_dialer.doctor.check import Check, examine
from ami_dialer.doctor.finding import Result, Status
from ami_dialer.doctor.pbx import Pbx
from tests.fakes.ami_peer import AmiPeer, answer

pytestmark = pytest.mark.unit

MakePbx = Callable[..., Pbx]


async def results(pbx: Pbx, checks: tuple[Check[Pbx], ...] = link.CHECKS) -> dict[str, Result]:
    found = {finding.check: finding.result async for finding in examine("server pbx", checks, pbx)}
    if pbx.connection is not None:
        pbx.connection.give_up("asked")
    return found


async def test_nothing_listens(pbx: MakePbx, free_port: Callable[[], int]) -> None:
    port = free_port()
    found = await results(pbx(port=port))
    assert found["manager port"].status is Status.FAILED
    assert f"`port = {port}`" in found["manager port"].mend
    assert "servers.pbx.host" in found["manager port"].mend
    assert found["log-in"].status is Status.NOT_CHECKED


async def test_a_host_name_that_nobody_knows(pbx: MakePbx) -> None:
    found = await results(pbx(host="no-such-host.invalid"))
    assert "is not known" in found["manager port"].detail
    assert found["manager port"].mend == "See servers.pbx.host."


async def test_another_program_has_the_port(pbx: MakePbx, peer: AmiPeer) -> None:
    peer.greeting = b"SSH-2.0-OpenSSH_9.2\r\n"
    found = await results(pbx(port=peer.port))
    assert "'SSH-2.0-OpenSSH_9.2'" in found["manager port"].detail


async def test_a_port_that_says_nothing_may_be_the_tls_port(
    pbx: MakePbx, tls_server: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PATIENCE", 0.2)
    async with AmiPeer(tls_server) as peer:
        found = await results(pbx(port=peer.port))
    assert "`tls: {}`" in found["manager port"].mend


async def test_a_good_certificate(pbx: MakePbx, tls_server: ssl.SSLContext, certificate: Path) -> None:
    async with AmiPeer(tls_server) as peer:
        found = await results(pbx(port=peer.port, tls={"ca_file": str(certificate)}))
    assert {result.status for result in found.values()} == {Status.OK}


async def test_a_certificate_that_is_not_checked_is_warned_of(pbx: MakePbx, tls_server: ssl.SSLContext) -> None:
    async with AmiPeer(tls_server) as peer:
        found = await results(pbx(port=peer.port, tls={"verify": False}))
    assert (found["TLS"].status, found["log-in"].status) == (Status.WARNING, Status.OK)


async def test_a_certificate_of_nobody_we_know(pbx: MakePbx, tls_server: ssl.SSLContext) -> None:
    async with AmiPeer(tls_server) as peer:
        found = await results(pbx(port=peer.port, tls={}))
        assert peer.actions == []
    assert "servers.pbx.tls.ca_file" in found["TLS"].mend
    assert found["log-in"].status is Status.NOT_CHECKED


async def test_a_ca_file_that_is_not_there(pbx: MakePbx, peer: AmiPeer) -> None:
    found = await results(pbx(port=peer.port, tls={"ca_file": "none.pem"}))
    assert "none.pem cannot be used" in found["TLS"].detail


async def test_a_port_without_tls(pbx: MakePbx, peer: AmiPeer) -> None:
    found = await results(pbx(port=peer.port, tls={}))
    assert found["TLS"].detail.startswith("no TLS on 127.0.0.1")
    assert "tlsenable = yes" in found["TLS"].mend


async def test_the_password_is_tried_once(pbx: MakePbx, peer: AmiPeer) -> None:
    peer.secret = "another"
    found = await results(pbx(port=peer.port))
    assert found["log-in"].status is Status.FAILED
    assert len(peer.taken("Login")) == 1


async def test_a_user_that_may_be_logged_in_once_only(pbx: MakePbx, peer: AmiPeer) -> None:
    peer.scripts["Login"] = lambda action: answer(action, "Error", "Login Already In Use")
    found = await results(pbx(port=peer.port))
    assert "Login Already In Use" in found["log-in"].detail
    assert "allowmultiplelogin = yes" in found["log-in"].mend


async def test_an_asterisk_that_goes_away_in_the_middle_is_told_as_that(pbx: MakePbx, peer: AmiPeer) -> None:
    def gone(_: dict[str, str]) -> None:
        asyncio.get_running_loop().call_soon(peer.drop)

    async def ask(patient: Pbx) -> list[Result]:
        await patient.variable("EPOCH")
        return []

    peer.permitted.append("Getvar")
    peer.scripts["Getvar"] = gone
    found = await results(pbx(port=peer.port), (*link.CHECKS, Check("clock", ask, needs=("log-in",))))
    assert found["clock"].status is Status.FAILED
    assert "Asterisk" in found["clock"].detail
