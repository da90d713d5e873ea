"""TLS with a real handshake, against certificates made for the occasion."""

import ssl
import subprocess
from pathlib import Path

import pytest

from tests.fakes.ami_peer import AmiPeer, until
from tests.unit.adapters.ami.world import dialing, request, server

pytestmark = pytest.mark.unit


def _openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and a certificate of 127.0.0.1 that it signed."""
    folder = tmp_path_factory.mktemp("certificates")
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test authority", cwd=folder)
    _openssl("req", *new, "-keyout", "pbx.key", "-out", "pbx.csr", "-subj", "/CN=pbx", cwd=folder)
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san", "-days", "2"]
    _openssl("x509", "-req", "-in", "pbx.csr", *signed, "-out", "pbx.pem", cwd=folder)
    return folder


@pytest.fixture
def peer_context(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "pbx.pem", certificates / "pbx.key")
    return context


async def test_a_certificate_of_the_authority_connects_and_carries_a_call(
    certificates: Path, peer_context: ssl.SSLContext
) -> None:
    async with AmiPeer(peer_context) as peer:
        async with dialing(server(peer, tls={"ca_file": certificates / "ca.pem"})) as (telephony, _):
            await telephony.originate(request())
        assert len(peer.taken("Originate")) == 1


async def test_a_certificate_of_nobody_we_know_is_refused_before_the_password_is_sent(
    peer_context: ssl.SSLContext,
) -> None:
    async with AmiPeer(peer_context) as peer, dialing(server(peer, tls={}), wait=False) as (telephony, _):
        await until(lambda: "CERTIFICATE_VERIFY_FAILED" in (telephony.trouble or ""))
        assert not peer.actions


async def test_a_certificate_of_another_host_is_refused(certificates: Path, peer_context: ssl.SSLContext) -> None:
    async with AmiPeer(peer_context) as peer:
        settings = server(peer, host="localhost", tls={"ca_file": certificates / "ca.pem"})
        async with dialing(settings, wait=False) as (telephony, _):
            await until(lambda: "CERTIFICATE_VERIFY_FAILED" in (telephony.trouble or ""))
            assert not peer.actions


async def test_verify_off_takes_any_certificate(peer_context: ssl.SSLContext) -> None:
    async with AmiPeer(peer_context) as peer, dialing(server(peer, tls={"verify": False})) as (telephony, _):
        assert telephony.connected


async def test_a_ca_file_that_is_not_there_is_named(peer: AmiPeer, tmp_path: Path) -> None:
    missing = tmp_path / "none.pem"
    async with dialing(server(peer, tls={"ca_file": missing}), wait=False) as (telephony, _):
        await until(lambda: "none.pem" in (telephony.trouble or "") or "No such file" in (telephony.trouble or ""))
