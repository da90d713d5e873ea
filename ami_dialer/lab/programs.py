"""Finding an Asterisk for the lab: on PATH, or in a Debian root of our own, which `install` makes."""

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ami_dialer.domain.errors import AsteriskError

#: The first version with everything the lab uses (PJSIPHangup, res_tonedetect, advanced event filters).
OLDEST = 20
#: Top-level folders of a root that may be hidden by others in the lab's view; the rest is Asterisk itself.
_SYSTEM = {"bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "usr"}

#: chroot and asterisk are there, but not on the PATH of a root that became it by `su` on Debian.
_WITH_SBIN = "PATH=$PATH:/usr/sbin:/sbin"


def cache_directory() -> Path:
    """Where downloads and spoken sounds are kept between labs."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ami-dialer"


def cached_root() -> Path:
    """The Debian root that holds Asterisk where the machine has none."""
    return cache_directory() / "asterisk-root"


@dataclass(frozen=True, slots=True)
class Asterisk:
    """An Asterisk that can be started: the machine's own, or one in a root of its own."""

    version: str
    #: None for the one on PATH.
    root: Path | None = None

    @property
    def sounds(self) -> Path:
        """The core sounds, as this Asterisk sees them."""
        return self.data / "sounds"

    @property
    def data(self) -> Path:
        """`astdatadir` of the package, as this Asterisk sees it."""
        places = (Path("/usr/share/asterisk"), Path("/var/lib/asterisk"))
        for place in places:
            if (self.on_host(place) / "sounds").is_dir():
                return place
        return places[-1]

    def on_host(self, path: Path) -> Path:
        """A path of this Asterisk's package, as the host sees it."""
        return self.root / path.relative_to("/") if self.root else path

    def command(self, program: list[str], visible: tuple[Path, ...]) -> list[str]:
        """The command line that runs `program`, with the folders `visible` at the same path as outside.

        In a root, the mounts are made in a mount namespace of the process alone: they are gone when it ends, however
        it ends, and no other process, not even one that deletes the root, ever sees them.
        """
        if self.root is None:
            return [on_path(program[0]) or program[0], *program[1:]]
        run = shlex.join(["exec", "chroot", str(self.root), *program])
        script = " && ".join([_WITH_SBIN, *self._mounts(visible), run])
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]

    def _mounts(self, visible: tuple[Path, ...]) -> list[str]:
        root = self.root
        if root is None:  # pragma: no cover - only called for roots
            return []
        tops = sorted({path.parts[1] for path in visible})
        if clash := _SYSTEM.intersection(tops):
            raise AsteriskError(
                f"the lab cannot use a folder below /{min(clash)}: its Asterisk has its own; choose another --directory"
            )
        lines = [["mount", "--rbind", f"/{name}", str(root / name)] for name in ("dev", "proc", "sys")]
        if (root / "etc/resolv.conf").exists():
            # The lab asks no name server: its Asterisk stays on loopback.
            lines.append(["mount", "--bind", "/dev/null", str(root / "etc/resolv.conf")])
        # An empty folder of the namespace hides the root's, so that nothing is ever made in the shared root.
        lines += [["mount", "-t", "tmpfs", "-o", "mode=755", "lab", str(root / top)] for top in tops]
        for path in visible:
            inside = str(root / path.relative_to("/"))
            lines += [["mkdir", "-p", inside], ["mount", "--bind", str(path), inside]]
        return [shlex.join(line) for line in lines]

    def prepare(self, visible: tuple[Path, ...]) -> None:
        """Make the mount points that `command` needs."""
        if self.root is not None:
            for path in visible:
                (self.root / path.parts[1]).mkdir(exist_ok=True)


def on_path(program: str) -> str | None:
    """The program on PATH, or where Asterisk lives on machines whose users do not have /usr/sbin on theirs."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def find_asterisk() -> Asterisk | None:
    """The Asterisk the lab will use: the one on PATH if it is new enough, else the cached root; None without either."""
    for program, root in (("asterisk", None), ("asterisk", cached_root())):
        version = _version(program, root)
        if version is not None and int(version.split(".", 1)[0]) >= OLDEST:
            return Asterisk(version, root)
    return None


def _version(program: str, root: Path | None) -> str | None:
    if root is None:
        path = on_path(program)
        command = [path, "-V"] if path else None
    elif (root / "usr/sbin" / program).exists() and os.geteuid() == 0:
        command = [on_path("chroot") or "chroot", str(root), f"/usr/sbin/{program}", "-V"]
    else:
        command = None
    if command is None:
        return None
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"(\d+\.\d+(?:\.\d+)?)", said)
    return match[1] if match else None
