"""How a campaign stands with its abandoned calls: from the ledger, by the rules in force."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ami_dialer.config.abandonment import measures_of, rules_of
from ami_dialer.config.campaign import Campaign
from ami_dialer.config.rulebook import load
from ami_dialer.config.schema import Config
from ami_dialer.domain.enrolment import RunState
from ami_dialer.domain.rulebook import Rulebook
from ami_dialer.rules.abandonment import (
    RESUME,
    REVIEWED,
    Standing,
    false_positive_share,
    held_back,
    standing,
    tightest,
)
from ami_dialer.store import abandonment, documents, rulebooks, runs
from ami_dialer.store.database import Database

#: A run keeps the campaign as it was when it began.
_GOING_ON = frozenset({RunState.RUNNING, RunState.PAUSED})


@dataclass(frozen=True, slots=True)
class MeasureReport:
    """One limit: the law's, or the campaign's own."""

    #: The rule of law, or `campaign`.
    rule: str
    #: Share of the calls answered live that may be abandoned, and over how many seconds.
    limit: float
    seconds: float
    #: Estimated people among the machines; with them: calls answered live, those abandoned, and their share.
    live: float
    abandoned: float
    rate: float
    over: bool
    #: So many more may be abandoned now; None: any number.
    room: int | None
    #: Where it is over: when it is under the limit if nobody else is called, and after how many calls answered live.
    under_at: datetime | None
    live_needed: int
    #: End of the law's present period, and the rate that is expected then at the pace of the last week.
    period_ends: datetime | None
    expected: float | None


@dataclass(frozen=True, slots=True)
class AbandonmentReport:
    """One campaign."""

    campaign: str
    #: Calls in the ledger within the window of the limit that is nearest: connected in time, abandoned, hung up by the
    #: person before the time was over, taken for machines by AMD.
    connected: int
    abandoned: int
    left: int
    machines: int
    #: Of the machines, the share that is estimated to be people, and how many that is.
    false_positive_share: float
    false_positives: float
    #: What the estimate rests on: calls that somebody listened to, and how many of them were people.
    reviewed: int
    reviewed_persons: int
    #: The limit that is nearest, or passed furthest.
    nearest: MeasureReport
    #: All limits, that one among them.
    measures: list[MeasureReport]
    #: At the limit: the dialer places one call at a time.
    one_at_a_time: bool
    #: Between `resumes_at` and the limit: it does so if the limit was reached before.
    near: bool
    #: It dials freely again at this rate.
    resumes_at: float


async def abandonment_report(database: Database, config: Config, name: str, now: datetime) -> AbandonmentReport:
    """How a campaign stands. Raises NotFoundError, StoreError."""
    key, campaign = await _document(database, name)
    measures = measures_of(campaign, rules_of(name, campaign, config, await _book(database, config), now.date()))
    longest = max(measure.seconds for measure in measures)
    ledger = await abandonment.load(database, key, now - timedelta(seconds=longest))
    heard = await abandonment.reviews(database, key, now - timedelta(seconds=REVIEWED))
    share = false_positive_share(config.compliance.amd_false_positives, heard.calls, heard.persons)
    standings = [standing(measure, ledger, share, now) for measure in measures]
    nearest = tightest(standings)
    held = held_back(standings, before=False)
    return AbandonmentReport(
        campaign=name,
        connected=nearest.counts.connected,
        abandoned=nearest.counts.abandoned,
        left=nearest.counts.left,
        machines=nearest.counts.machine,
        false_positive_share=round(share, 5),
        false_positives=round(nearest.false_positives, 2),
        reviewed=heard.calls,
        reviewed_persons=heard.persons,
        nearest=_told(nearest),
        measures=[_told(each) for each in standings],
        one_at_a_time=held is not None,
        near=held is None and held_back(standings, before=True) is not None,
        resumes_at=nearest.measure.most * RESUME,
    )


async def legible_report(database: Database, config: Config, name: str, now: datetime) -> AbandonmentReport | None:
    """The same beside other reports; None for a campaign that another version stored. Raises NotFoundError."""
    try:
        return await abandonment_report(database, config, name, now)
    except documents.OutdatedDocumentError:
        return None


async def _document(database: Database, name: str) -> tuple[int, Campaign]:
    """The campaign as its run has it that goes on, else as it is written now."""
    key, written = await documents.load_campaign(database, name)
    newest = await runs.newest(database, key)
    return key, newest.legible if newest is not None and newest.state in _GOING_ON else written


async def _book(database: Database, config: Config) -> Rulebook:
    """The rules that are in force; those of the files where the dialer has never run."""
    found = await rulebooks.in_force(database)
    return load(config.compliance.rules) if found is None else found[1]


def _told(each: Standing) -> MeasureReport:
    return MeasureReport(
        rule=each.measure.id,
        limit=each.measure.most,
        seconds=each.measure.seconds,
        live=round(each.live, 2),
        abandoned=round(each.abandoned, 2),
        rate=round(each.rate, 5),
        over=each.over,
        room=each.room,
        under_at=each.under_at,
        live_needed=each.live_needed,
        period_ends=each.period_ends,
        expected=None if each.expected is None else round(each.expected, 5),
    )
