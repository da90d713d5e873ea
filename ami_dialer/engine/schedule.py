"""Work that comes round: what, and how often. One task does it all, one after the other, beside the ticker."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from ami_dialer.domain.errors import StoreError
from ami_dialer.engine import audit_head, callbacks, caller_ids, live, outcomes
from ami_dialer.engine.callbacks import Callbacks
from ami_dialer.engine.floor import Floor
from ami_dialer.engine.outcomes import Outcomes
from ami_dialer.engine.unanswered import Unanswered

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done again and again, first when the dialer starts."""

    #: For people, in the log.
    name: str
    #: Seconds from the end of one time to the beginning of the next.
    every: float
    work: Callable[[], Awaitable[None]]


def jobs_of(floor: Floor) -> list[Job]:
    """The whole list."""
    return [
        Job("numbers that nobody answers", 60.0, Unanswered(floor).look),
        Job("callbacks", callbacks.LOOK_SECONDS, Callbacks(floor).look),
        Job("caller ids that were retired", caller_ids.LOOK_SECONDS, floor.look_at_caller_ids),
        Job("results given by hand", outcomes.LOOK_SECONDS, Outcomes(floor).look),
        Job("contacts of live lists", floor.config.engine.sync, partial(live.look, floor)),
        Job("the head of the audit trail", audit_head.EVERY, partial(audit_head.look, floor.database)),
    ]


class Schedule:
    """Does the jobs when they are due. A job that fails is tried again in its turn and stops no other."""

    def __init__(self, jobs: list[Job], monotonic: Callable[[], float]) -> None:
        self._jobs = jobs
        self._monotonic = monotonic
        #: What failed last time, and why: said once.
        self._trouble: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="schedule")

    async def stop(self) -> None:
        """End after the job that is being done; not in the middle of its transaction."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        due = [(self._monotonic(), place) for place in range(len(self._jobs))]
        while due and not self._stopping.is_set():
            at, place = heapq.heappop(due)
            try:
                async with asyncio.timeout(max(0.0, at - self._monotonic())):
                    await self._stopping.wait()
            except TimeoutError:
                await self._do(self._jobs[place])
            heapq.heappush(due, (self._monotonic() + self._jobs[place].every, place))

    async def _do(self, job: Job) -> None:
        try:
            await job.work()
        except Exception as error:  # whatever breaks, the other jobs go on
            if self._trouble.get(job.name) != str(error):
                fault = None if isinstance(error, StoreError) else error
                log.error("not done, and tried again", what=job.name, why=str(error), exc_info=fault)
            self._trouble[job.name] = str(error)
        else:
            if self._trouble.pop(job.name, None) is not None:
                log.info("done again", what=job.name)
