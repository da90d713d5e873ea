"""What goes on at the moment, campaign by campaign and in sum, for whoever looks from another process each second."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ami_dialer.config.schema import Config
from ami_dialer.domain.campaign import GOING_ON, CampaignStatus
from ami_dialer.domain.ending import Disposition
from ami_dialer.domain.engine_status import EngineStatus
from ami_dialer.reporting import agents
from ami_dialer.reporting.abandonment import legible_report
from ami_dialer.reporting.agents import Office
from ami_dialer.reporting.why.asking import answer
from ami_dialer.reporting.why.ranking import Shown
from ami_dialer.reporting.why.reason import Facts
from ami_dialer.store import campaigns, engine_status, pulse, runs
from ami_dialer.store import queue as queues
from ami_dialer.store.campaigns import Standing
from ami_dialer.store.database import Database
from ami_dialer.store.engine_lock import engine_running
from ami_dialer.store.pulse import Ended
from ami_dialer.store.queue import Queue
from ami_dialer.store.runs import Run

#: What took so many seconds to count is counted again after so many times that: a twentieth of one processor at most.
_REST = 20
#: All attempts of a run are counted anew so often (seconds): what was written late is found then.
_COUNT_ANEW = 60.0
#: An attempt is written at most so long (seconds) after its end, as a rule.
_LATE = timedelta(seconds=10)
#: Nobody was talked to.
FAILED = (
    Disposition.BUSY,
    Disposition.NO_ANSWER,
    Disposition.CONGESTION,
    Disposition.FAILED,
    Disposition.INVALID_NUMBER,
    Disposition.ANSWERING_MACHINE,
)


@dataclass(frozen=True, slots=True)
class Going:
    """One campaign's newest run, or all that are shown together."""

    campaign: str
    run: int | None
    status: CampaignStatus | None
    #: Contacts who wait and are due, who wait for later, who are in the hopper or in a call, done and excluded.
    due: int
    later: int
    claimed: int
    done: int
    excluded: int
    #: Calls that go on, by state.
    calls: dict[str, int]
    #: Attempts that ended, those of them that were answered, by whatever, and how they ended.
    attempts: int
    answered: int
    dispositions: dict[Disposition, int]
    #: Seconds that those were talked to together.
    talked: float
    #: Attempts begun in the last minute, and on average each minute since the run began.
    last_minute: int
    each_minute: float
    #: Why its next call does not start, and what to do; "" while one does.
    why: str = ""
    todo: str = ""
    #: Those who take its calls, by what they do; empty where nobody has to be there.
    agents: dict[str, int] = field(default_factory=dict)
    #: Calls given up while they rang, since their agents had left; and how many somebody picked up just then.
    withdrawn: int = 0
    withdrawn_answered: int = 0
    #: Share of the calls answered live that were abandoned, and what it may be, by the limit that is nearest: the same
    #: as `campaign status` and `abandonment` tell. None where nobody has answered, and over several campaigns.
    abandoned_rate: float | None = None
    abandoned_limit: float | None = None

    @property
    def mean_seconds(self) -> float:
        """How long an answered call took on average."""
        return self.talked / self.answered if self.answered else 0.0

    @property
    def answer_rate(self) -> float:
        """Share of the attempts that were answered."""
        return self.answered / self.attempts if self.attempts else 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything at a moment."""

    at: datetime
    dialer_running: bool
    #: What the engine saw last; None where it is silent.
    seen: EngineStatus | None
    campaigns: tuple[Going, ...]
    sum: Going
    #: Who is logged in, and what they do.
    office: Office


@dataclass(slots=True)
class _Counted:
    """Counts of a run, kept from one look to the next."""

    queue: Queue = field(default_factory=Queue)
    queue_due: float = 0.0
    #: Of attempts that ended up to then.
    ended: dict[Disposition, Ended] = field(default_factory=dict)
    until: datetime | None = None
    ended_due: float = 0.0


@dataclass(frozen=True, slots=True)
class _Abandoned:
    """The share of abandoned calls of a campaign, kept from one look to the next."""

    rate: float | None
    limit: float | None
    due: float


class Monitor:
    """Looks again and again, and counts whole only now and then what is long."""

    def __init__(
        self,
        database: Database,
        config: Config,
        monotonic: Callable[[], float],
        shown: Shown,
        campaign: str | None,
    ) -> None:
        """`shown` writes a time; `campaign` is the only one that is shown, whatever its status."""
        self._config = config
        self._abandoned: dict[str, _Abandoned] = {}
        self._database = database
        self._monotonic = monotonic
        self._shown = shown
        self._campaign = campaign
        self._counted: dict[int, _Counted] = {}

    async def look(self, now: datetime) -> Picture:
        """Everything at `now`. Raises NotFoundError for a campaign that is not there, StoreError."""
        database = self._database
        running = await engine_running(database)
        seen = await engine_status.read(database) if running else None
        pairs = await self._runs()
        keys = [run.id for _, run in pairs if run is not None]
        new = await self._ended(keys, now)
        calls, begun = await queues.calls_now(database), await pulse.begun(database, now)
        found = []
        for standing, run in pairs:
            facts = Facts(
                campaign=standing.name,
                at=now,
                status=standing.status,
                trouble=standing.trouble,
                next_start_at=standing.next_start_at,
                lists=tuple(standing.document.get("lists", ())),
                member_queue=standing.document.get("queue"),
                dialer_running=running,
                seen=seen,
                live=True,  # any other run would have been completed when its last contact was done
            )
            if run is not None:
                facts = replace(
                    facts,
                    run=run.id,
                    ends_at=run.ends_at,
                    run_why=run.why,
                    queue=await self._queue(run.id, now),
                    calls=calls.get(run.id, {}),
                )
            share = await self._share(standing.name, now)
            going = _going(facts, run, new, begun, self._shown)
            found.append(replace(going, abandoned_rate=share.rate, abandoned_limit=share.limit))
        office = await agents.look(database, now, campaign=self._campaign)
        return Picture(now, running, seen, tuple(found), together(found), office)

    async def _runs(self) -> list[tuple[Standing, Run | None]]:
        if self._campaign is not None:
            standing = await campaigns.standing(self._database, self._campaign)
            return [(standing, await runs.newest(self._database, standing.id))]
        going_on = await campaigns.standings(self._database, GOING_ON)
        return [(standing, await runs.newest(self._database, standing.id)) for standing in going_on]

    async def _queue(self, key: int, now: datetime) -> Queue:
        counted = self._counted.setdefault(key, _Counted())
        began = self._monotonic()
        if began >= counted.queue_due:
            counted.queue = await queues.queue(self._database, key, now)
            took = self._monotonic() - began
            counted.queue_due = began + took * _REST
        return counted.queue

    async def _share(self, name: str, now: datetime) -> _Abandoned:
        began = self._monotonic()
        kept = self._abandoned.get(name)
        if kept is None or began >= kept.due:
            report = await legible_report(self._database, self._config, name, now)
            took = self._monotonic() - began
            nearest = None if report is None or not report.nearest.live else report.nearest
            rate, limit = (None, None) if nearest is None else (nearest.rate, nearest.limit)
            kept = self._abandoned[name] = _Abandoned(rate, limit, began + took * _REST)
        return kept

    async def _ended(self, keys: Sequence[int], now: datetime) -> dict[tuple[int, Disposition], Ended]:
        """Attempts that ended, by run and disposition: those counted before, and those since."""
        began = self._monotonic()
        for key in keys:
            counted = self._counted.setdefault(key, _Counted())
            if began >= counted.ended_due:
                until = now - _LATE
                rows = await pulse.ended(self._database, [key], until=until)
                counted.ended, counted.until = {row.disposition: row for row in rows}, until
                counted.ended_due = began + max(_COUNT_ANEW, (self._monotonic() - began) * _REST)
        found = {(key, name): row for key in keys for name, row in self._counted[key].ended.items()}
        by_moment: dict[datetime, list[int]] = {}
        for key in keys:
            if (until_then := self._counted[key].until) is not None:
                by_moment.setdefault(until_then, []).append(key)
        for after, several in by_moment.items():
            for row in await pulse.ended(self._database, several, after=after):
                before = found.get((row.run, row.disposition))
                found[row.run, row.disposition] = row if before is None else before + row
        return found


def _going(
    facts: Facts,
    run: Run | None,
    ended: Mapping[tuple[int, Disposition], Ended],
    begun: Mapping[int, int],
    shown: Shown,
) -> Going:
    rows = [] if run is None else [row for (key, _), row in ended.items() if key == run.id]
    attempts = sum(row.attempts for row in rows)
    found = answer(facts, shown)
    first = found.reasons[0] if found.reasons else None
    queue, calls = facts.queue, facts.calls
    seen = None if facts.seen is None or run is None else facts.seen.run(run.id)
    minutes = 0.0 if run is None else ((run.ended_at or facts.at) - run.started_at).total_seconds() / 60
    return Going(
        campaign=facts.campaign,
        run=None if run is None else run.id,
        status=facts.status,
        due=queue.due,
        later=queue.later,
        claimed=queue.claimed,
        done=queue.done,
        excluded=queue.excluded,
        calls=calls,
        attempts=attempts,
        answered=sum(row.answered for row in rows),
        dispositions={row.disposition: row.attempts for row in sorted(rows, key=lambda row: -row.attempts)},
        talked=sum(row.talked for row in rows),
        last_minute=0 if run is None else begun.get(run.id, 0),
        each_minute=(attempts + sum(calls.values())) / max(minutes, 1.0),
        why=first.text if first else "",
        todo=first.todo if first else "",
        agents={} if seen is None else dict(seen.agents),
        withdrawn=0 if seen is None else seen.withdrawn,
        withdrawn_answered=0 if seen is None else seen.withdrawn_answered,
    )


def together(several: Iterable[Going]) -> Going:
    """The sum over campaigns."""
    rows = list(several)
    calls: dict[str, int] = {}
    dispositions: dict[Disposition, int] = {}
    for row in rows:
        for state, count in row.calls.items():
            calls[state] = calls.get(state, 0) + count
        for name, count in row.dispositions.items():
            dispositions[name] = dispositions.get(name, 0) + count
    return Going(
        campaign="all",
        run=None,
        status=None,
        due=sum(row.due for row in rows),
        later=sum(row.later for row in rows),
        claimed=sum(row.claimed for row in rows),
        done=sum(row.done for row in rows),
        excluded=sum(row.excluded for row in rows),
        calls=calls,
        attempts=sum(row.attempts for row in rows),
        answered=sum(row.answered for row in rows),
        dispositions=dispositions,
        talked=sum(row.talked for row in rows),
        last_minute=sum(row.last_minute for row in rows),
        each_minute=sum(row.each_minute for row in rows),
    )
