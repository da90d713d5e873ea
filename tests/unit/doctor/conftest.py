"""A configuration without an Asterisk, and certificates."""

import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.load import load
from ami_dialer.doctor.machine import Machine
from ami_dialer.doctor.pbx import Pbx
from tests.fakes.ami_peer import SECRET, AmiPeer

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a configuration; each argument replaces a section."""

    def write(**sections: Any) -> Path:
        base = {
            "database": {"url": "sqlite:///dialer.db"},
            "servers": {"pbx": {"secret": SECRET}},
            "trunks": {"carrier": {"server": "pbx", "dial": "PJSIP/{number}@carrier"}},
            "flows": {"greeting": {"steps": {"hello": [{"say": "Hello."}]}}},
            "lists": {"people": {"file": "people.csv"}},
            "campaigns": {
                "survey": {
                    "lists": ["people"],
                    "trunks": ["carrier"],
                    "flow": "greeting",
                    # What the law asks of a recorded voice, so that nothing is left to warn of.
                    "purpose": "survey",
                    "consent": "written",
                }
            },
        }
        (tmp_path / "people.csv").write_text("phone,first_name\n+12125550100,Ann\n", encoding="utf-8")
        path = tmp_path / "config.yaml"
        path.write_text(json.dumps({**base, **sections}), encoding="utf-8")
        return path

    return write


@pytest.fixture
def machine(written: Written) -> Callable[..., Machine]:
    def make(**sections: Any) -> Machine:
        path = written(**sections)
        return Machine(load(path, {}), path)

    return make


@pytest.fixture
def pbx(written: Written) -> Callable[..., Pbx]:
    """A server with these settings."""

    def make(**settings: Any) -> Pbx:
        return Pbx("pbx", load(written(servers={"pbx": {"secret": SECRET, **settings}}), {}), SystemClock())

    return make


@pytest.fixture
async def peer() -> AsyncIterator[AmiPeer]:
    async with AmiPeer() as scripted:
        yield scripted


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that is its own authority, with its key in one file."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", "key.pem", "-out", "pbx.pem", "-subj", "/CN=pbx", "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "pbx.pem"


@pytest.fixture
def tls_server(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context
