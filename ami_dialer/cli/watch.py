"""What a run of the dialer looks like from outside: read from the engine's memory, a few times a second.

No SQL but one count for each run, when it is first seen.
"""

import time
from collections import Counter
from dataclasses import dataclass

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.errors import StoreError
from ami_dialer.engine.floor import RunDesk, ServerDesk
from ami_dialer.engine.lifecycle import Engine
from ami_dialer.store import progress


@dataclass(frozen=True, slots=True)
class RunLook:
    """One run, at this moment."""

    campaign: str
    run: int
    #: Still going on; else completed or stopped.
    going_on: bool
    #: Contacts enrolled; None until they were counted.
    contacts: int | None
    done: int
    excluded: int
    #: Calls now, by state of their attempt.
    calls: dict[str, int]
    #: Attempts that ended, and how many of them were answered.
    attempts: int
    answered: int
    dispositions: dict[str, int]
    calls_per_minute: int
    #: Why the next call does not start; "" when it does.
    why: str


@dataclass(frozen=True, slots=True)
class ServerLook:
    """One Asterisk, at this moment."""

    name: str
    #: Why no call may be placed here; None when it may.
    trouble: str | None
    calls: int
    max_calls: int


@dataclass(frozen=True, slots=True)
class Look:
    """The whole dialer, at this moment."""

    runs: tuple[RunLook, ...]
    servers: tuple[ServerLook, ...]
    calls: int
    seconds: float
    database_trouble: str | None


class Watch:
    """Remembers the runs it has seen: the engine forgets those that are over."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._desks: dict[int, RunDesk] = {}
        self._contacts: dict[int, int] = {}
        #: How many had come in by live sync when the contacts were counted.
        self._synced: dict[int, int] = {}
        self._began = time.monotonic()

    async def look(self) -> Look:
        """Everything now. Counts the contacts of runs that are new, or have got more."""
        floor = self._engine.floor
        for key, desk in floor.runs.items():
            self._desks[key] = desk
        await self._count_contacts()
        now, monotonic = floor.clock.now(), floor.clock.monotonic()
        calls: dict[int, Counter[AttemptState]] = {key: Counter() for key in self._desks}
        for call in floor.calls.values():
            calls.setdefault(call.attempt.run_id, Counter())[call.attempt.state] += 1
        return Look(
            runs=tuple(self._run(desk, calls[key], desk.tally.calls_per_minute(now)) for key, desk in self._known()),
            servers=tuple(
                ServerLook(desk.name, _trouble(desk, monotonic), desk.limit.in_progress, desk.limit.max_calls)
                for desk in floor.servers.values()
            ),
            calls=len(floor.calls),
            seconds=time.monotonic() - self._began,
            database_trouble=floor.writer.trouble,
        )

    def _known(self) -> list[tuple[int, RunDesk]]:
        return sorted(self._desks.items())

    async def _count_contacts(self) -> None:
        for key, desk in self._desks.items():
            synced = desk.tally.synced
            if self._synced.get(key) == synced:
                continue
            try:
                counts = await progress.enrolment_counts(self._engine.floor.database, key)
            except StoreError:
                continue  # the bar waits; the engine says what is wrong with the database
            self._contacts[key] = sum(counts.values())
            self._synced[key] = synced

    def _run(self, desk: RunDesk, calls: Counter[AttemptState], calls_per_minute: int) -> RunLook:
        tally = desk.tally
        going_on = desk.run.id in self._engine.floor.runs
        return RunLook(
            campaign=desk.run.campaign,
            run=desk.run.id,
            going_on=going_on,
            contacts=self._contacts.get(desk.run.id),
            done=tally.done,
            excluded=tally.excluded,
            calls={str(state): count for state, count in calls.items()},
            attempts=tally.attempts,
            answered=tally.answered,
            dispositions={str(name): count for name, count in tally.dispositions.most_common()},
            calls_per_minute=calls_per_minute,
            why=desk.why if going_on else "",
        )


def _trouble(desk: ServerDesk, monotonic: float) -> str | None:
    """The server's trouble, without its name, which stands beside it."""
    trouble = desk.trouble(monotonic)
    return None if trouble is None else trouble.removeprefix(f"server {desk.name}: ")
