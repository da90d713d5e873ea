"""Abandoned calls: which calls count, how a campaign stands under the law's limit, and when it must hold back.

The quantity is the law's: of the calls that a person answered, those whom nobody talked to in time. Source and reading
of each figure: docs/compliance.md, "Abandoned calls".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from typing import NamedTuple

from ami_dialer.domain.abandonment import AnswerOutcome, Counts, Ledger

#: Seconds from the end of the greeting within which somebody or something must talk, where no rule in force says.
CONNECT_SECONDS = 2.0
#: Seconds over which calls are counted, where no rule in force says: 30 days.
WINDOW = 30 * 86_400.0
#: What is known beforehand of AMD's mistakes weighs as much as so many calls that somebody listened to. Our choice:
#: a sample of 50 moves the estimate half-way to what it shows, so that one evening of listening already counts.
PRIOR_CALLS = 50.0
#: Seconds. What people heard counts as long as AMD is probably set as it was: 90 days.
REVIEWED = 90 * 86_400.0
#: The campaign dials freely again at this share of its limit. OMniLeads' dialer has the same gap; without one it would
#: go to and fro with each call, since of 1,000 live calls one is a tenth of a point.
RESUME = 0.8
#: Fewer abandoned calls than this hold nothing back: the first one of a campaign is 100 % of one, 3 % is one of 33.
LEAST = 2.0
#: The present pace is that of so many seconds: a week, since campaigns rest at weekends.
PACE = 7 * 86_400.0
#: Rates are compared with a grain of room: 3 of 100 is not more than 3 %, whatever the floating point says.
_GRAIN = 1e-9


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of a call that was answered and is over."""

    answered_at: datetime
    ended_at: datetime
    #: None where AMD did not run or could not tell: then the time runs from the answer, which is stricter.
    greeting_end_at: datetime | None
    #: When the flow was first heard or the dialplan took over; None: nobody and nothing talked to the person.
    reached_at: datetime | None
    #: AMD took it for a machine.
    machine: bool = False
    #: It was not the person who ended it: our flow broke, nobody was there to serve it, the link was lost.
    ours: bool = False


class Connect(NamedTuple):
    """How long the law gives until somebody or something must talk; where both are said, both must be kept."""

    #: Seconds from the end of the greeting; None: the answer alone counts.
    after_greeting: float | None = CONNECT_SECONDS
    #: Seconds from the answer; None: the end of the greeting alone counts.
    after_answer: float | None = None


#: Where no rule in force says.
CONNECT = Connect()


def outcome(call: Answered, connect: Connect = CONNECT) -> tuple[AnswerOutcome, int | None]:
    """What became of it, and the delay in ms, from the moment that the law counts from."""
    if call.machine:
        return AnswerOutcome.MACHINE, None
    greeted = call.greeting_end_at or call.answered_at
    limits = ((greeted, connect.after_greeting), (call.answered_at, connect.after_answer))
    # The limit that ends first, and what it counts from.
    deadline, since = min((since + timedelta(seconds=most), since) for since, most in limits if most is not None)
    if call.reached_at is not None:
        delay = max((call.reached_at - since).total_seconds(), 0.0)
        in_time = call.reached_at <= deadline
        return AnswerOutcome.CONNECTED if in_time else AnswerOutcome.ABANDONED, round(delay * 1000)
    if not call.ours and call.ended_at < deadline:
        return AnswerOutcome.LEFT, None
    return AnswerOutcome.ABANDONED, None


class Measure(NamedTuple):
    """Of the calls answered live within `seconds`, the share `most` may be abandoned."""

    #: The rule of law, or `campaign` for its own limit.
    id: str
    most: float
    seconds: float


def false_positive_share(prior: float, reviewed: int, persons: int) -> float:
    """The share of the calls that AMD took for machines that were people, as far as anybody knows.

    The mean of a beta distribution: before anybody has listened Beta(prior * n, (1 - prior) * n) with n = PRIOR_CALLS;
    of `reviewed` calls that somebody heard, `persons` were people.
    """
    return (prior * PRIOR_CALLS + persons) / (PRIOR_CALLS + reviewed)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a campaign stands by one measure."""

    measure: Measure
    #: As they are in the ledger, within the measure's window.
    counts: Counts
    #: Estimated: people whom AMD took for machines. Counted as answered live, and as abandoned.
    false_positives: float
    live: float
    abandoned: float
    #: `abandoned` over `live`; 0 where nobody answered.
    rate: float
    #: So many more may be abandoned now; None where the limit is all.
    room: int | None
    #: Where the rate is over the limit: when it falls under it if nobody else is called, and after how many calls that
    #: people answer and none of which is abandoned.
    under_at: datetime | None
    live_needed: int
    #: The law's periods follow each other from the first call on; this one ends then, and this is its expected rate at
    #: the pace of the last week. None where nobody has answered.
    period_ends: datetime | None
    expected: float | None

    @property
    def over(self) -> bool:
        """More than the law allows."""
        return self.rate > self.measure.most + _GRAIN


def standing(measure: Measure, ledger: Ledger, share: float, now: datetime) -> Standing:
    """How a campaign stands. `share`: of the calls that AMD took for machines, those that were people."""
    since = now - timedelta(seconds=measure.seconds)
    counts = ledger.since(since)
    live, abandoned = _people(counts, share)
    rate = abandoned / live if live else 0.0
    over = rate > measure.most + _GRAIN
    period_ends, expected = _period(measure, ledger, share, now)
    return Standing(
        measure=measure,
        counts=counts,
        false_positives=counts.machine * share,
        live=live,
        abandoned=abandoned,
        rate=rate,
        room=_room(live, abandoned, measure.most),
        under_at=_under_at(measure, ledger, share, since) if over else None,
        live_needed=max(0, floor(abandoned / measure.most - live + 1 - _GRAIN)) if over else 0,
        period_ends=period_ends,
        expected=expected,
    )


def _people(counts: Counts, share: float) -> tuple[float, float]:
    """Calls answered live, and those of them that were abandoned.

    Who hung up before the time was over is in neither: nobody kept them waiting, and without them the rate is higher.
    """
    mistaken = counts.machine * share
    return counts.connected + counts.abandoned + mistaken, counts.abandoned + mistaken


def _room(live: float, abandoned: float, most: float) -> int | None:
    """How many more: the greatest k with (abandoned + k) / (live + k) <= most; the first one is always let pass."""
    if most >= 1:
        return None
    more = floor((most * live - abandoned) / (1 - most) + _GRAIN)
    return max(more, 1 if abandoned < LEAST - 1 else 0)


def _under_at(measure: Measure, ledger: Ledger, share: float, since: datetime) -> datetime | None:
    """When the rate is under the limit because the oldest calls have left the window."""
    live, abandoned = _people(ledger.since(since), share)
    for end, counts in ledger.hours(since):
        more, lost = _people(counts, share)
        live, abandoned = live - more, abandoned - lost
        if abandoned <= measure.most * live + _GRAIN:
            return end + timedelta(seconds=measure.seconds)
    return None


def _period(measure: Measure, ledger: Ledger, share: float, now: datetime) -> tuple[datetime | None, float | None]:
    """The end of the law's present period, and the rate that is expected then."""
    if ledger.first_at is None:
        return None, None
    length = timedelta(seconds=measure.seconds)
    begins = ledger.first_at + length * max(0, (now - ledger.first_at) // length)
    ends = begins + length
    looked_at = min(PACE, measure.seconds)
    watched = max(ledger.first_at, now - timedelta(seconds=looked_at))
    times = (ends - now) / max(now - watched, timedelta(hours=1))
    live, abandoned = _people(ledger.since(begins), share)
    more, lost = _people(ledger.since(watched), share)
    live, abandoned = live + times * more, abandoned + times * lost
    return ends, abandoned / live if live else None


def held_back(standings: list[Standing], *, before: bool) -> Standing | None:
    """The measure that keeps the campaign at one call at a time; None where none does. `before`: it was held back."""
    held = [each for each in standings if each.abandoned >= LEAST - _GRAIN and _reached(each, before=before)]
    return max(held, key=_tightness, default=None)


def _reached(each: Standing, *, before: bool) -> bool:
    if before:
        return each.rate > each.measure.most * RESUME + _GRAIN
    return each.rate >= each.measure.most - _GRAIN


def tightest(standings: list[Standing]) -> Standing:
    """The measure whose limit is nearest, or passed furthest."""
    return max(standings, key=_tightness)


def _tightness(each: Standing) -> tuple[float, float]:
    return each.rate / each.measure.most, -each.measure.most
