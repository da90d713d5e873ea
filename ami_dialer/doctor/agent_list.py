"""Is there anybody who could log in for campaigns with agents?"""

from collections.abc import Sequence

from ami_dialer.doctor.check import Check
from ami_dialer.doctor.database import absent, opened
from ami_dialer.doctor.finding import Result, ok, warning
from ami_dialer.doctor.machine import Machine
from ami_dialer.store import agents
from ami_dialer.store.documents import FROM_CONFIG
from ami_dialer.store.migrate import current_revision, newest_revision

_MEND = "Write them under `agents` in config.yaml, or make them: `ami-dialer agent add NUMBER --name NAME`."


async def _kept(machine: Machine) -> list[agents.Agent]:
    """Agents of the database; none where it is not of this version, which another check tells."""
    if absent(machine) is not None:
        return []
    async with opened(machine) as database:
        same = await current_revision(database) == newest_revision()
        return await agents.every(database) if same else []


async def _agent_list(machine: Machine) -> Sequence[Result]:
    wanted = {name: one.agents for name, one in machine.config.campaigns.items() if one.agents is not None}
    if not wanted:
        return []
    kept = await _kept(machine)
    known = {*machine.config.agents, *(one.number for one in kept if one.origin != FROM_CONFIG)}
    results = [
        warning(f"campaign {name}: none of its agents exists, so nobody can log in for it", _MEND, subject=name)
        for name, numbers in wanted.items()
        if not known or (isinstance(numbers, list) and not known & set(numbers))
    ]
    for one in kept:
        if one.locked_at is not None and one.number in known:
            mend = f"`ami-dialer agent unlock {one.number}`, once you know who it was."
            results.append(warning(f"agent {one.number} is locked: too many wrong PINs", mend, subject=one.number))
    return results or [ok(f"{len(known)} {'agent' if len(known) == 1 else 'agents'}")]


AGENT_LIST = Check("agent list", _agent_list, needs=("tables",))
