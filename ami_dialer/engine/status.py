"""Tells other processes what the engine sees: `campaign why` and `monitor` read it."""

import asyncio
import os
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from ami_dialer.domain.engine_status import (
    HEARTBEAT_SECONDS,
    EngineStatus,
    LimitSeen,
    RunSeen,
    ServerSeen,
    TrunkSeen,
)
from ami_dialer.domain.errors import StoreError
from ami_dialer.engine.agents.room import serves
from ami_dialer.engine.floor import Floor, RunDesk
from ami_dialer.engine.runs import Runs
from ami_dialer.rules.limits import CallLimit
from ami_dialer.store import engine_status

log = structlog.get_logger(__name__)

#: Seconds between two looks.
LOOK_SECONDS = 1.0
#: What stands there is written anew at this age, although nothing changed.
_OLD = timedelta(seconds=HEARTBEAT_SECONDS - LOOK_SECONDS / 2)
#: At the end a database that does not answer is waited for so long.
_CLEAR_SECONDS = 5.0


class Status:
    """Writes what changed, at most each second, and at least so often that a dead engine is told from a quiet one."""

    def __init__(self, floor: Floor, runs: Runs) -> None:
        self._floor = floor
        self._runs = runs
        self._started_at = floor.clock.now()
        self._written: EngineStatus | None = None

    async def look(self) -> None:
        """Write what is seen now, if that is new or what stands there grows old. Raises StoreError."""
        seen, before = self.seen(), self._written
        if before is not None and seen.at - before.at < _OLD and replace(before, at=seen.at) == seen:
            return
        await engine_status.write(self._floor.database, seen)
        self._written = seen

    async def clear(self) -> None:
        """The engine ends. What cannot be taken away grows old by itself."""
        if self._floor.writer.trouble is not None:
            return
        try:
            async with asyncio.timeout(_CLEAR_SECONDS):
                await engine_status.clear(self._floor.database, self._floor.clock.now())
        except (StoreError, TimeoutError) as error:
            log.debug("what the engine saw stays in the database and grows old", why=str(error))

    def seen(self) -> EngineStatus:
        """The floor as it is now."""
        floor = self._floor
        now, monotonic = floor.clock.now(), floor.clock.monotonic()
        calls: dict[int, Counter[str]] = {}
        for call in floor.calls.values():
            calls.setdefault(call.attempt.run_id, Counter())[call.attempt.state.value] += 1
        return EngineStatus(
            pid=os.getpid(),
            started_at=self._started_at,
            at=now,
            limit=_limit(floor.limit),
            servers=tuple(
                ServerSeen(name, _limit(desk.limit), desk.trouble(monotonic)) for name, desk in floor.servers.items()
            ),
            trunks=tuple(TrunkSeen(name, desk.server.name, _limit(desk.limit)) for name, desk in floor.trunks.items()),
            runs=tuple(self._run(desk, calls.get(key, Counter()), now) for key, desk in floor.runs.items()),
            taken_out=dict(self._runs.unusable),
            draining=floor.draining,
            database_trouble=floor.writer.trouble,
        )

    def _run(self, desk: RunDesk, calls: Counter[str], now: datetime) -> RunSeen:
        return RunSeen(
            run=desk.run.id,
            campaign=desk.run.campaign,
            why=desk.why,
            hopper=len(desk.hopper) + len(desk.for_own),
            all_in_calls=bool(desk.hopper)
            and not desk.for_own
            and all(self._floor.busy(claimed) for claimed in desk.hopper),
            calls=dict(calls),
            calls_per_minute=desk.tally.calls_per_minute(now),
            limit=_limit(desk.limit),
            trunks=tuple(trunk.name for trunk in desk.trunks),
            priority=desk.campaign.priority,
            emergency=desk.run.emergency,
            restraint=_restraint(desk),
            held=dict(desk.tally.held(now)),
            paced=desk.pacing is not None,
            agents=dict(Counter(seat.state.value for seat in self._floor.seats if serves(seat, desk))),
            pacing=desk.pace_told,
            for_own=len(desk.for_own),
            withdrawn=desk.tally.withdrawn,
            withdrawn_answered=desk.tally.withdrawn_answered,
        )


def _restraint(desk: RunDesk) -> str:
    """What too many abandoned calls do to a run, for people; "" where they do nothing."""
    if desk.pacing is None:
        return desk.abandonment.why
    why, power = desk.abandonment.told, desk.campaign.dialing.mode == "power"
    return f"{why}: one call for each free agent" if why and power else ""


def _limit(limit: CallLimit) -> LimitSeen:
    return LimitSeen(limit.in_progress, limit.max_calls, limit.calls_per_second)
