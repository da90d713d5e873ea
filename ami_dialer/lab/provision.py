"""Getting what the lab needs onto the machine: an Asterisk, espeak-ng, sox."""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ami_dialer.domain.errors import AsteriskError

from .programs import Asterisk, cache_directory, cached_root, find_asterisk, on_path

#: The Debian release with Asterisk 22 LTS: 12 and 13 have none.
_SUITE = "forky"
#: Python runs the classic AGI script inside the root.
_PACKAGES = "asterisk,asterisk-modules,python3-minimal,libpython3-stdlib"
_TOOLS = {"espeak-ng": "espeak-ng", "sox": "sox", "debootstrap": "debootstrap"}
_NO_WAY = (
    "There is no Asterisk 20 or later on PATH, and none can be fetched here: that needs root on Debian or Ubuntu. "
    "Install Asterisk by your own means, run this as root, or take the container: docker/README.md"
)

_FAILED = (
    "Can the mirror be reached, is there room on the disk, and may root mount here (many containers forbid it)? Mend "
    "that and do it again, install Asterisk 20 or later by your own means, or take the container: docker/README.md"
)


def install(say: Callable[[str], None] = print) -> Asterisk:
    """Make sure that an Asterisk and the programs for sounds are there; what is there stays as it is.

    Takes a minute or two and 500 MB the first time. Raises AsteriskError with what to do where it cannot.
    """
    found = find_asterisk()
    if found is None and (os.geteuid() != 0 or shutil.which("apt-get") is None):
        raise AsteriskError(_NO_WAY)
    _tools({"espeak-ng", "sox"} if found else set(_TOOLS), say)
    if found is None:
        with _only_one(cache_directory() / "install.lock"):
            if not cached_root().exists():
                _debootstrap(cached_root(), say)
        found = find_asterisk()
    if found is None:
        raise AsteriskError(
            f"the Asterisk in {cached_root()} does not start; remove that folder (no lab may run) and try again"
        )
    return found


def _tools(wanted: set[str], say: Callable[[str], None]) -> None:
    missing = sorted(_TOOLS[name] for name in wanted if on_path(name) is None)
    if not missing:
        return
    order = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise AsteriskError(f"the lab needs {' and '.join(missing)}; install with: sudo {' '.join(order)}")
    say(f"installing {', '.join(missing)}")
    environment = {**_environment(), "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(order, env=environment, capture_output=True, check=False).returncode != 0:
        _run(["apt-get", "update"], environment)
        _run(order, environment)


def _debootstrap(root: Path, say: Callable[[str], None]) -> None:
    say(f"fetching Asterisk 22 into {root}: one or two minutes, 500 MB")
    part = root.with_name(root.name + ".part")
    if part.exists():
        _remove(part)  # an interrupted run
    part.parent.mkdir(parents=True, exist_ok=True)
    # debootstrap mounts /proc and /sys in the root; in a namespace of its own they are gone when it is, even if killed.
    command = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "debootstrap",
        "--variant=minbase",
        f"--include={_PACKAGES}",
        _SUITE,
        str(part),
    ]
    command.append(_mirror() or "")  # empty: debootstrap's default
    script = Path("/usr/share/debootstrap/scripts")
    if not (script / _SUITE).exists():
        command.append(str(script / "sid"))
    _run(command, _environment())
    shutil.rmtree(part / "var/cache/apt/archives", ignore_errors=True)
    part.rename(root)


def _remove(root: Path) -> None:
    """Remove a root, but never through a mount into what is mounted there."""
    below = [line.split()[1] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    mounted = [place for place in below if place.startswith(f"{root.resolve()}/")]
    if mounted:
        raise AsteriskError(f"{root} has mounts in it ({', '.join(mounted)}); unmount them, then try again")
    shutil.rmtree(root)


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        end = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
        raise AsteriskError(f"{' '.join(command)} failed:\n{end}\n{_FAILED}")


def _environment() -> dict[str, str]:
    """Ours, with apt's proxy for debootstrap's wget, and the folders that `su` leaves out of root's PATH on Debian."""
    environment = dict(os.environ)
    environment["PATH"] = f"{environment.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
    for scheme in ("http", "https"):
        if f"{scheme}_proxy" not in environment and (proxy := _apt_proxy(scheme)):
            environment[f"{scheme}_proxy"] = proxy
    return environment


def _apt_proxy(scheme: str) -> str | None:
    said = subprocess.run(
        ["apt-config", "dump", f"Acquire::{scheme}::Proxy"], capture_output=True, text=True, check=False
    ).stdout
    match = re.search(r'Proxy "([^"]+)"', said)
    return str(match[1]) if match and match[1] != "DIRECT" else None


def _mirror() -> str | None:
    """The Debian mirror of the machine's own apt; None on other systems, where debootstrap has a default."""
    release = Path("/etc/os-release").read_text(encoding="utf-8")
    if not re.search(r"(?m)^ID=debian$", release):
        return None
    apt = Path("/etc/apt")
    for path in sorted((apt / "sources.list.d").glob("*.sources")):
        if mirror := mirror_of_deb822(path.read_text(encoding="utf-8")):
            return mirror
    for path in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))):
        if path.exists() and (mirror := mirror_of_lines(path.read_text(encoding="utf-8"))):
            return mirror
    return None


def mirror_of_deb822(text: str) -> str | None:
    """The first Debian archive in a `.sources` file: type deb, component main, not the security archive."""
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = dict(re.findall(r"(?m)^([A-Za-z-]+):[ \t]*(.*)$", stanza))
        main = "main" in fields.get("Components", "").split()
        if "deb" not in fields.get("Types", "").split() or not main or fields.get("Enabled", "yes") == "no":
            continue
        for uri in fields.get("URIs", "").split():
            if _is_archive(uri):
                return uri
    return None


def mirror_of_lines(text: str) -> str | None:
    """The same in a one-line `sources.list`."""
    for match in re.finditer(r"(?m)^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+\S+\s+(.*)$", text):
        if "main" in match[2].split() and _is_archive(match[1]):
            return str(match[1])
    return None


def _is_archive(uri: str) -> bool:
    return uri.startswith(("http://", "https://")) and uri.rstrip("/").endswith("/debian")


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
