"""Keeps count of the abandoned calls of a campaign while it runs, and says when it must hold back."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from ami_dialer.config.abandonment import OWN, connect_of
from ami_dialer.domain.abandonment import AnsweredCall, Ledger
from ami_dialer.domain.place import place_of
from ami_dialer.domain.rulebook import Rule
from ami_dialer.rules.abandonment import WINDOW, Connect, Measure, Standing, held_back, standing

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Guard:
    """One campaign, whichever of its runs go on. SQL has the ledger; this is its cache."""

    campaign: str = ""
    measures: tuple[Measure, ...] = (Measure(OWN, 1.0, WINDOW),)
    #: The rules of law behind the measures.
    rules: tuple[Rule, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    #: Of the calls that AMD took for machines, the share that were people.
    share: float = 0.0
    #: The measure that holds the campaign back, as it stood when it was looked at last; None where none does.
    held: Standing | None = None

    @property
    def why(self) -> str:
        """Why only one call at a time may be placed, for people; "" where nothing holds the campaign back."""
        return f"{self.told}: one call at a time" if self.told else ""

    @property
    def told(self) -> str:
        """What holds the campaign back, for people; "" where nothing does."""
        if self.held is None:
            return ""
        most = f"{100 * self.held.measure.most:.3g} %"
        whose = "the campaign's limit" if self.held.measure.id == OWN else f"the limit of {self.held.measure.id}"
        return f"{100 * self.held.rate:.3g} % of the calls answered live are abandoned and {whose} is {most}"

    def connect(self, number: str) -> Connect:
        """How soon the holder of a number (E.164) must be talked to."""
        if not self.rules:
            return connect_of((), ())
        return connect_of(self.rules, place_of(number, time_zone=None, postal_code=None, state=None).jurisdictions)

    def enter(self, call: AnsweredCall, now: datetime) -> None:
        """A call that was answered is over."""
        self.ledger.add(call.at, call.outcome)
        self.look(now)

    def look(self, now: datetime) -> None:
        """Say whether the campaign holds back from now on. Logged when it begins and when it ends."""
        before = self.held
        standings = [standing(measure, self.ledger, self.share, now) for measure in self.measures]
        self.held = held_back(standings, before=before is not None)
        if before is None and self.held is not None:
            log.warning(
                "too many calls are abandoned; the campaign holds back until fewer are",
                action="abandonment_limit_reached",
                campaign=self.campaign,
                rule=self.held.measure.id,
                **_figures(self.held),
            )
        elif before is not None and self.held is None:
            now_at = next(each for each in standings if each.measure == before.measure)
            log.info(
                "few enough calls are abandoned; the campaign dials freely again",
                action="abandonment_limit_left",
                campaign=self.campaign,
                rule=before.measure.id,
                **_figures(now_at),
            )

    def forget(self, now: datetime) -> None:
        """Drop what no window holds any more."""
        longest = max(measure.seconds for measure in self.measures)
        self.ledger.forget(now - timedelta(seconds=longest))


def _figures(found: Standing) -> dict[str, object]:
    return {
        "rate": round(found.rate, 4),
        "limit": found.measure.most,
        "live": round(found.live, 1),
        "abandoned": round(found.abandoned, 1),
    }
