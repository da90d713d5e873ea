"""Who is named in the audit trail for a command."""

import os
import pwd

import pytest

from ami_dialer.cli import actor as module
from ami_dialer.cli.actor import actor

pytestmark = pytest.mark.unit


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> str:
    """Nobody is behind the user; their name."""
    monkeypatch.setattr(module, "_logged_in", lambda: "")
    monkeypatch.delenv("SUDO_USER", raising=False)
    return pwd.getpwuid(os.getuid()).pw_name


def test_it_is_the_user_of_the_machine(alone: str) -> None:
    assert actor() == alone


def test_whoever_called_sudo_is_named_too(alone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ann")
    assert actor() == f"{alone} (ann)"
    monkeypatch.setattr(module, "_logged_in", lambda: "bob")  # the kernel knows better
    assert actor() == f"{alone} (bob)"
    monkeypatch.setattr(module, "_logged_in", lambda: alone)
    assert actor() == alone


def test_a_user_without_a_name_has_a_number(alone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert actor() == "uid 4000000"
