"""By when a revocation must be honoured."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ami_dialer.domain.place import Place
from ami_dialer.domain.rulebook import Rule, Rulebook, RuleKind, in_force
from ami_dialer.rules.compliance import closed_days

_SATURDAY = 5


class Deadlines:
    """The deadlines of a rulebook."""

    def __init__(self, book: Rulebook) -> None:
        self._rules = tuple(rule for rule in book.rules if rule.kind is RuleKind.REVOCATION)

    def prepare(self, day: date) -> None:
        """Load the calendars, which takes up to a second, so that nobody waits for them later."""
        for country in {rule.jurisdiction.partition("-")[0] for rule in self._rules if rule.business_days}:
            business_days_later(country, day, 1)

    def honour_by(self, place: Place, at: datetime) -> datetime | None:
        """The first moment at which a revocation of `at` would be honoured too late; None where no rule says.

        Of several rules the strictest counts, whatever purpose it is for: who revokes does not tell purposes apart.
        Where the place may be in several time zones the one in which the day ends first counts. The first time takes
        up to a second: see `prepare`.
        """
        return min(
            (
                _end(rule, ZoneInfo(zone), at)
                for rule in self._rules
                if rule.jurisdiction in place.jurisdictions
                for zone in place.zones or ("UTC",)
                if in_force(rule, at.astimezone(ZoneInfo(zone)).date())
            ),
            default=None,
        )


#: Where no law is known.
NO_DEADLINES = Deadlines(Rulebook((), ""))


def _end(rule: Rule, zone: ZoneInfo, at: datetime) -> datetime:
    ends = []
    if rule.seconds is not None:
        ends.append(at + timedelta(seconds=rule.seconds))
    if rule.business_days is not None:
        country = rule.jurisdiction.partition("-")[0]
        last = business_days_later(country, at.astimezone(zone).date(), rule.business_days)
        ends.append(datetime.combine(last + timedelta(days=1), time(), zone))
    return min(ends, default=at).astimezone(UTC)


@lru_cache(maxsize=4096)
def business_days_later(country: str, day: date, number: int) -> date:
    """The day that is so many business days later: Saturdays, Sundays and the country's public holidays are none.

    Days that are holidays in one of its states alone count, which is stricter.
    """
    while number > 0:
        day += timedelta(days=1)
        if day.weekday() < _SATURDAY and day not in closed_days.public_holidays(country, day.year):
            number -= 1
    return day
