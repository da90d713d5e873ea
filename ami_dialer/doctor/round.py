"""The whole round: this machine first, then each Asterisk."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from ami_dialer.adapters.asterisk.faults import ActionRefusedError
from ami_dialer.config.load import examine as examine_file
from ami_dialer.config.schema import Config
from ami_dialer.doctor import (
    agents,
    answered,
    capacity,
    database,
    dialplan,
    events,
    link,
    privileges,
    recordings,
    resources,
    sounds,
    trunks,
)
from ami_dialer.doctor.agent_list import AGENT_LIST
from ami_dialer.doctor.check import Check, examine
from ami_dialer.doctor.configuration import CONFIGURATION, LISTS, configuration
from ami_dialer.doctor.finding import Finding, not_checked
from ami_dialer.doctor.machine import Machine
from ami_dialer.doctor.pbx import Pbx
from ami_dialer.doctor.speech import SPEECH
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.ports import Clock

MACHINE = "this machine"
MACHINE_CHECKS: tuple[Check[Machine], ...] = (*database.CHECKS, AGENT_LIST, LISTS, SPEECH, *resources.CHECKS)
PBX_CHECKS: tuple[Check[Pbx], ...] = (
    *link.CHECKS,
    *privileges.CHECKS,
    *dialplan.CHECKS,
    *events.CHECKS,
    *sounds.CHECKS,
    *answered.CHECKS,
    *agents.CHECKS,
    *recordings.CHECKS,
    *trunks.CHECKS,
    *capacity.CHECKS,
)
#: Every check, in the order in which it is asked.
NAMES = (CONFIGURATION, *(check.name for check in MACHINE_CHECKS), *(check.name for check in PBX_CHECKS))

_LOG_OFF_SECONDS = 2.0


async def findings(
    config_file: Path, environ: Mapping[str, str], clock: Clock, server: str | None = None
) -> AsyncIterator[Finding]:
    """Everything, as it is found; of the servers only `server` where it is given. Raises NotFoundError."""
    examined = examine_file(config_file, environ)
    for result in configuration(examined):
        yield Finding(MACHINE, CONFIGURATION, result)
    if examined.config is None:
        yield Finding(MACHINE, "everything else", not_checked(f"needs: {CONFIGURATION}"))
        return
    names = _servers(examined.config, server)
    async for finding in examine(MACHINE, MACHINE_CHECKS, Machine(examined.config, config_file)):
        yield finding
    for name in names:
        async for finding in _of_server(Pbx(name, examined.config, clock)):
            yield finding


def _servers(config: Config, wanted: str | None) -> list[str]:
    if wanted is None:
        return list(config.servers)
    if wanted not in config.servers:
        raise NotFoundError(f"the configuration has no server {wanted!r}; it has: {', '.join(config.servers)}")
    return [wanted]


async def _of_server(pbx: Pbx) -> AsyncIterator[Finding]:
    try:
        async for finding in examine(f"server {pbx.name}", PBX_CHECKS, pbx):
            yield finding
    finally:
        if pbx.connection is not None:
            await _leave(pbx)


async def _leave(pbx: Pbx) -> None:
    connection = pbx.link
    try:
        if connection.usable:
            await connection.log_off(_LOG_OFF_SECONDS)
    except (ConnectionError, ActionRefusedError):
        pass
    finally:
        connection.give_up("doctor has seen enough")
