"""What the operating system gives: open files and time zones."""

import resource
import zoneinfo
from collections.abc import Sequence

from ami_dialer.doctor.check import Check
from ami_dialer.doctor.finding import Result, ok, warning
from ami_dialer.doctor.machine import Machine

#: Python, log, database with its pool, manager connections, speech programs: some 60 together, and room.
_BESIDES_CALLS = 128
#: A zone with daylight saving time, in every copy of the zone data.
_ZONE = "America/New_York"


async def _open_files(machine: Machine) -> Sequence[Result]:
    """Each answered call holds one file: its FastAGI connection."""
    servers = machine.config.servers.values()
    calls = min(sum(server.max_calls for server in servers), machine.config.fastagi.max_calls)
    needed = calls + _BESIDES_CALLS
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or limit >= needed:
        allowed = "any number" if limit == resource.RLIM_INFINITY else str(limit)
        return [ok(f"{allowed} of open files allowed here, {calls} calls at once need {needed}")]
    return [
        warning(
            f"{limit} open files are allowed here, {calls} calls at once need {needed}",
            f"Raise the limit where the dialer is started: `LimitNOFILE={needed}` in its systemd unit, or "
            f"`ulimit -n {needed}` in its shell. Or lower servers.*.max_calls.",
        )
    ]


async def _time_zones(machine: Machine) -> Sequence[Result]:
    del machine  # the zone data is the same for every configuration
    try:
        zoneinfo.ZoneInfo(_ZONE)
    except zoneinfo.ZoneInfoNotFoundError:
        return [warning("there is no time zone data on this machine", "Debian and Ubuntu: `apt install tzdata`.")]
    return [ok(f"time zone data is there ({len(zoneinfo.available_timezones())} zones)")]


CHECKS = (Check("open files", _open_files), Check("time zones", _time_zones))
