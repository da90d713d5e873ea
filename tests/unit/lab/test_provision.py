"""Where the Debian root comes from, and what is said where it cannot be made."""

import subprocess
from pathlib import Path

import pytest

from ami_dialer.domain.errors import AsteriskError
from ami_dialer.lab import programs, provision
from ami_dialer.lab.programs import Asterisk
from ami_dialer.lab.provision import install, mirror_of_deb822, mirror_of_lines

pytestmark = pytest.mark.unit

DEB822 = """\
# a comment
Types: deb
URIs: http://security.example.org/debian-security
Suites: trixie-security
Components: main

Types: deb deb-src
URIs: http://mirror.example.org/debian
Suites: trixie trixie-updates
Components: main non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def test_the_mirror_is_the_one_of_the_machines_apt():
    assert mirror_of_deb822(DEB822) == "http://mirror.example.org/debian"
    assert mirror_of_deb822(DEB822.replace("URIs: http://mirror", "Enabled: no\nURIs: http://mirror")) is None
    assert mirror_of_deb822("") is None


@pytest.mark.parametrize(
    ("line", "mirror"),
    [
        ("deb http://mirror.example.org/debian bookworm main contrib", "http://mirror.example.org/debian"),
        ("deb [arch=amd64 trusted=yes] https://m.example.org/debian/ sid main", "https://m.example.org/debian/"),
        ("# deb http://mirror.example.org/debian bookworm main", None),
        ("deb-src http://mirror.example.org/debian bookworm main", None),
        ("deb http://mirror.example.org/debian-security bookworm-security main", None),
        ("deb cdrom:[Debian]/ bookworm main", None),
    ],
)
def test_the_mirror_is_found_in_one_line_lists(line, mirror):
    assert mirror_of_lines(f"# head\n{line}\n") == mirror


def test_without_root_and_without_asterisk_it_names_the_container(monkeypatch):
    monkeypatch.setattr(provision, "find_asterisk", lambda: None)
    monkeypatch.setattr(provision, "_tools", lambda wanted, say: None)
    monkeypatch.setattr(provision.os, "geteuid", lambda: 1000)
    with pytest.raises(AsteriskError, match=r"docker/README\.md"):
        install()


def test_an_interrupted_fetch_is_done_again_and_only_a_whole_root_is_kept(tmp_path, monkeypatch):
    root = tmp_path / "asterisk-root"
    part = tmp_path / "asterisk-root.part"
    part.joinpath("half").mkdir(parents=True)
    ran = []

    def run(command, environment):
        ran.append(command)
        assert not part.exists()
        part.joinpath("usr").mkdir(parents=True)

    monkeypatch.setattr(provision, "_run", run)
    provision._debootstrap(root, lambda text: None)
    assert [entry.name for entry in root.iterdir()] == ["usr"]
    assert not part.exists()
    assert {"debootstrap", "forky"} <= set(ran[0])


def asterisk_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    program = folder / "asterisk"
    program.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setattr(programs, "cached_root", lambda: folder / "no-root")


@pytest.mark.parametrize("says", ["Asterisk 22.10.1+dfsg", "Asterisk certified-20.7-cert3", "Asterisk 20.11.0"])
def test_the_asterisk_on_path_comes_first_when_it_is_new_enough(tmp_path, monkeypatch, says):
    asterisk_on_path(tmp_path, monkeypatch, says)
    found = programs.find_asterisk()
    assert found is not None
    assert found.root is None


def test_an_asterisk_that_is_too_old_is_passed_over(tmp_path, monkeypatch):
    asterisk_on_path(tmp_path, monkeypatch, "Asterisk 18.20.0")
    assert programs.find_asterisk() is None


def test_a_lab_below_a_folder_of_the_system_is_refused(tmp_path):
    with pytest.raises(AsteriskError, match="choose another"):
        Asterisk("22.10", tmp_path).command(["asterisk"], (Path("/etc/lab"),))


def test_paths_with_spaces_and_quotes_reach_the_mounts_unharmed(tmp_path):
    folder = Path("/srv/it's a lab")
    command = Asterisk("22.10", tmp_path).command(["printf", "%s", "a b"], (folder,))
    words = subprocess.run(["sh", "-c", f"set -n; {command[-1]}"], capture_output=True, text=True, check=False)
    assert (words.returncode, words.stderr) == (0, "")
    assert "'/srv/it'\"'\"'s a lab'" in command[-1]
