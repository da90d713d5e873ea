"""Which caller id the next call gets, and how often each was used today: a cache that a start counts from SQL."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from ami_dialer.config.caller_ids import CallerIdPool
from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.attempt import Attempt, AttemptState
from ami_dialer.domain.ending import EndReason
from ami_dialer.rules.caller_id import UNUSED, CallerNumber, Chosen, NoneLeft, Pool, Use, choose, number_shown
from ami_dialer.store import caller_ids
from ami_dialer.store.database import Database

log = structlog.get_logger(__name__)

#: Seconds from one look at what was retired to the next.
LOOK_SECONDS = 2.0
#: How far back last uses are looked for: no rest is longer.
_BACK = timedelta(days=1)


class CallerIds:
    """The pools of the configuration, with the calls of the day on each number, of whichever campaign."""

    def __init__(self, pools: dict[str, CallerIdPool], zone: str) -> None:
        """Days begin at midnight of `zone`, the machine's."""
        self._pools = {name: pool_of(name, settings) for name, settings in pools.items()}
        self._retired_in_file = frozenset(
            one.number for settings in pools.values() for one in settings.numbers if one.retired
        )
        self._retired = self._retired_in_file
        self._zone = ZoneInfo(zone)
        self._day = date.min
        self._used: dict[str, Use] = {}
        #: Of calls that go on: when their number was used before, for calls that are not placed after all.
        self._before: dict[str, datetime | None] = {}

    async def restore(self, database: Database, now: datetime) -> None:
        """Count the calls of the day that have ended; those that go on are counted as they are taken up."""
        self._turn_over(now)
        day = self._midnight(self._day)
        for one in await caller_ids.shown(database, day, min(day, now - _BACK), living=False):
            number = number_shown(one.caller_id)
            use = self._used.get(number, UNUSED)
            last = one.last if use.last is None else max(use.last, one.last)
            self._used[number] = Use(use.calls + one.calls, last)
        await self.look(database)

    async def look(self, database: Database) -> bool:
        """What was retired or restored since. Whether anything was."""
        found = self._retired_in_file | caller_ids.numbers_of(await caller_ids.retired(database))
        if found == self._retired:
            return False
        for number in sorted(found - self._retired):
            log.info("caller id retired", action="caller_id_retired", number=number)
        for number in sorted(self._retired - found):
            log.info("caller id restored", action="caller_id_restored", number=number)
        self._retired = found
        return True

    def for_call(self, campaign: Campaign, callee: str, now: datetime) -> Chosen | NoneLeft | None:
        """What a call of the campaign to `callee` (E.164) is to show; None: what the trunk has."""
        if campaign.caller_ids is None:
            shown = campaign.caller_id
            return None if shown is None else Chosen(number_shown(shown), shown, "the campaign's")
        pool = self._pools.get(campaign.caller_ids)
        if pool is None:
            return NoneLeft(
                f"there is no pool {campaign.caller_ids} under caller_ids of the configuration any more", None
            )
        self._turn_over(now)
        midnight = self._midnight(self._day + timedelta(days=1))
        chosen = choose(pool, callee, self._used, self._retired, now, midnight)
        if isinstance(chosen, NoneLeft) and chosen.until is not None:
            until = chosen.until.astimezone(self._zone)
            return chosen._replace(why=f"{chosen.why}; the next call from {until:%Y-%m-%d %H:%M:%S} ({self._zone.key})")
        return chosen

    def used(self, number: str) -> Use:
        """How a number (E.164) was used."""
        return self._used.get(number, UNUSED)

    def entered(self, attempt: Attempt) -> None:
        """A call begins, or one of the engine before is taken up."""
        if attempt.caller_id is None:
            return
        self._turn_over(attempt.claimed_at)
        number = number_shown(attempt.caller_id)
        use = self.used(number)
        self._before[attempt.id] = use.last
        last = attempt.claimed_at if use.last is None else max(use.last, attempt.claimed_at)
        self._used[number] = Use(use.calls + self._today(attempt), last)

    def left(self, attempt: Attempt) -> None:
        """A call is over. Where nobody was called after all, the number was not used."""
        if attempt.caller_id is None:
            return
        before = self._before.pop(attempt.id, None)
        if attempt.state is not AttemptState.CLAIMED and attempt.end_reason is not EndReason.CANCELLED:
            return
        number = number_shown(attempt.caller_id)
        use = self.used(number)
        last = before if use.last == attempt.claimed_at else use.last
        self._used[number] = Use(max(0, use.calls - self._today(attempt)), last)

    def _today(self, attempt: Attempt) -> bool:
        return attempt.claimed_at.astimezone(self._zone).date() == self._day

    def _turn_over(self, now: datetime) -> None:
        """With a new day the counts begin anew."""
        today = now.astimezone(self._zone).date()
        if today > self._day:
            self._day = today
            self._used = {number: use._replace(calls=0) for number, use in self._used.items()}

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self._zone)


def pool_of(name: str, settings: CallerIdPool) -> Pool:
    """A pool as the rule has it."""
    numbers = []
    for one in settings.numbers:
        called = one.name or settings.name
        shown = one.number if called is None else f"{called} <{one.number}>"
        numbers.append(CallerNumber(one.number, shown, settings.per_day if one.per_day is None else one.per_day))
    return Pool(name, numbers, settings.choose == "local", settings.rest)
