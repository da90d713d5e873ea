"""Supervisors by order: their phone is called, and hears an agent as soon as it is answered."""

import asyncio
from dataclasses import dataclass, field
from typing import get_args

from ami_dialer.domain.agent import SuperviseMode
from ami_dialer.domain.attempt import new_line_id
from ami_dialer.domain.calls import LineRequest
from ami_dialer.engine.agents import phones
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.talked import StepRefusedError
from ami_dialer.engine.floor import Floor
from ami_dialer.store import agents

#: Extension of asterisk_conf/extensions.conf.
_EXTENSION = "supervise"


@dataclass(slots=True)
class Wanted:
    """A supervisor whose phone is called."""

    by: str
    seat: Seat
    mode: SuperviseMode
    #: Their line has come.
    came: asyncio.Event = field(default_factory=asyncio.Event)
    #: While the phone rang there was nothing to be heard any more.
    too_late: bool = False


class Supervising:
    """Carries the order out up to the line; the dialogue does the rest."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        #: Lines of phones that are called, by Uniqueid.
        self.wanted: dict[str, Wanted] = {}

    async def supervise(self, seat: Seat, by: str, how: str) -> str:
        """Let supervisor `by` hear an agent. Raises StepRefusedError, StoreError."""
        modes = {str(mode): mode for mode in get_args(SuperviseMode)}
        if how not in modes:
            raise StepRefusedError(f"{how!r} is no way to hear an agent; known: {', '.join(modes)}")
        supervisor = await agents.load(self._floor.database, by)
        if supervisor is None or not supervisor.supervisor:
            raise StepRefusedError(f"there is no supervisor {by}; `supervisor: true` makes an agent one")
        if supervisor.phone is None:
            raise StepRefusedError(f"supervisor {by} has no `phone` to be called; dial in from any phone instead")
        if not seat.audible:
            raise StepRefusedError(f"agent {seat.agent} has no line that could be heard now")
        server = supervisor.server or next(iter(self._floor.servers))
        if server != seat.server:
            raise StepRefusedError(
                f"agent {seat.agent} is on server {seat.server}, and the phone of supervisor {by} on {server}: "
                "no Asterisk hears another one's calls"
            )
        line, wanted = new_line_id(), Wanted(by, seat, modes[how])
        self.wanted[line] = wanted
        context = self._floor.config.agent_lines.context
        request = LineRequest(line, supervisor.phone, context, _EXTENSION, phones.RING_SECONDS)
        try:
            await phones.call(self._floor.servers[server].telephony, request, wanted.came)
        finally:
            self.wanted.pop(line, None)
        if wanted.too_late:
            raise StepRefusedError(f"agent {seat.agent} has no line any more that could be heard")
        return f"supervisor {by} hears agent {seat.agent}: {how}"
