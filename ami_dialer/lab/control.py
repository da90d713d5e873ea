"""`up`, `down` and `status` of a lab."""

import fcntl
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ami_dialer.domain.errors import AsteriskError

from . import files
from .instance import Instance
from .programs import find_asterisk
from .settings import LabSettings, Ports

#: A killed Asterisk keeps its ports until the kernel has cleared it away, which takes a moment on a busy machine.
_PORTS_FREE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class LabStatus:
    """What runs of a lab."""

    settings: LabSettings
    #: Process ids by instance; None where it does not run.
    pids: dict[str, int | None]
    #: Living channels by instance; None where it does not run.
    channels: dict[str, int | None]

    @property
    def running(self) -> bool:
        """Both Asterisks run."""
        return all(self.pids.values())


def instances(settings: LabSettings) -> dict[str, Instance]:
    """The two Asterisks of a lab: `world` and `pbx`."""
    return {name: Instance(name, settings.home / name) for name in files.INSTANCES}


def up(settings: LabSettings) -> LabStatus:
    """Start the lab.

    Where it runs with the same settings, it goes on, calls and all, and takes over changed configuration; with other
    settings it is started anew. Returns when both Asterisks are ready and the trunk is reachable. Raises AsteriskError.
    """
    asterisk = find_asterisk()
    if asterisk is None:
        raise AsteriskError("there is no Asterisk for the lab yet; fetch one with: ami-dialer lab install")
    settings.home.mkdir(parents=True, exist_ok=True)
    with _alone(settings):
        before = LabSettings.saved(settings.directory)
        if before is not None and before != settings:
            _stop(settings)
        both = instances(settings)
        # One that was killed a moment ago still has its process, but its console does not answer.
        running = all(instance.pid() and _channels(instance) is not None for instance in both.values())
        if not running:
            _stop(settings)
            _need_free(settings)
        changed = files.write(settings, asterisk)
        if running:
            for name in changed:
                both[name].console("core reload")
        else:
            visible = (settings.home, *(path.absolute() for path in settings.shared))
            asterisk.prepare(visible)
            for instance in both.values():
                instance.start(asterisk, visible, ends_with_caller=settings.ends_with_caller)
        try:
            for instance in both.values():
                instance.wait_ready()
            _wait_for_trunk(both["pbx"])
        except AsteriskError:
            _stop(settings)
            raise
    return status(settings)


def down(settings: LabSettings, *, remove: bool = False) -> None:
    """End the lab, however it was left; with `remove` its folder goes too. Harmless where nothing runs."""
    if not settings.home.exists():
        return
    with _alone(settings):
        _stop(settings)
    if remove:
        shutil.rmtree(settings.home)


def status(settings: LabSettings) -> LabStatus:
    """What runs of it now."""
    both = instances(settings)
    pids = {name: instance.pid() for name, instance in both.items()}
    return LabStatus(settings, pids, {name: _channels(instance) for name, instance in both.items()})


def taken_ports(ports: Ports) -> list[str]:
    """Which of a lab's ports something else has now, for people."""
    taken = []
    for name, kind in (
        ("ami", socket.SOCK_STREAM),
        ("fastagi", socket.SOCK_STREAM),
        ("world_ami", socket.SOCK_STREAM),
        ("pbx_sip", socket.SOCK_DGRAM),
        ("world_sip", socket.SOCK_DGRAM),
    ):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind is socket.SOCK_STREAM:  # as Asterisk does: a port whose connections linger in TIME_WAIT is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", getattr(ports, name)))
            except OSError as error:
                taken.append(f"{name} {getattr(ports, name)} ({error.strerror})")
    return taken


def _taken_by_others(settings: LabSettings) -> list[str]:
    # The FastAGI port is the dialer's, which may well be running already.
    return [said for said in taken_ports(settings.ports) if not said.startswith("fastagi ")]


def _need_free(settings: LabSettings) -> None:
    deadline = time.monotonic() + _PORTS_FREE_SECONDS
    while taken := _taken_by_others(settings):
        if time.monotonic() < deadline:
            time.sleep(0.1)
            continue
        raise AsteriskError(
            f"the lab cannot have these ports of 127.0.0.1: {', '.join(taken)}. Is another lab or PBX there? "
            "`ami-dialer lab up --help` shows how to choose others"
        )


def _stop(settings: LabSettings) -> None:
    for instance in instances(settings).values():
        instance.stop()


def _channels(instance: Instance) -> int | None:
    for line in instance.console("core show channels count").splitlines():
        count, _, rest = line.partition(" ")
        if rest.startswith("active channel"):
            return int(count)
    return None


def _wait_for_trunk(pbx: Instance, seconds: float = 20.0) -> None:
    """The PBX asks the world with OPTIONS whether it is there; until it has an answer it dials nothing."""
    deadline = time.monotonic() + seconds
    while "Avail" not in (said := pbx.console("pjsip show contacts")):
        if time.monotonic() > deadline:
            raise AsteriskError(f"the PBX of the lab does not reach the world by SIP:\n{said}\nSee {pbx.log}")
        pbx.console("pjsip qualify carrier")
        time.sleep(0.2)


@contextmanager
def _alone(settings: LabSettings) -> Iterator[None]:
    """One `up` or `down` of a lab at a time."""
    lock: Path = settings.home / "lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
