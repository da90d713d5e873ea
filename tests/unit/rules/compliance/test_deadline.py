"""By when a revocation must be honoured."""

from datetime import UTC, date, datetime

import pytest

from ami_dialer.config import rulebook
from ami_dialer.domain.place import Place, ZoneSource, place_of
from ami_dialer.domain.rulebook import RuleKind
from ami_dialer.rules.compliance.deadline import Deadlines, business_days_later
from tests.unit.rules.compliance.cases import book, rule

pytestmark = pytest.mark.unit

NEW_YORK = Place(("America/New_York",), ZoneSource.NUMBER, "US", ("US", "US-NY"))
AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # a Monday


def deadline(*rules, place=NEW_YORK, at=AT):
    return Deadlines(book(*rules)).honour_by(place, at)


@pytest.mark.parametrize(
    ("day", "last"),
    [
        # Ten days from Monday, March 2, 2026 without holidays.
        (date(2026, 3, 2), date(2026, 3, 16)),
        # From a Friday, a Saturday and a Sunday: the next Monday is the first day.
        (date(2026, 3, 6), date(2026, 3, 20)),
        (date(2026, 3, 7), date(2026, 3, 20)),
        (date(2026, 3, 8), date(2026, 3, 20)),
        # Thanksgiving, November 26.
        (date(2026, 11, 16), date(2026, 12, 1)),
        # Independence Day 2026 is a Saturday, observed on Friday, July 3.
        (date(2026, 6, 29), date(2026, 7, 14)),
        # Christmas and New Year's Day, over the end of the year.
        (date(2026, 12, 18), date(2027, 1, 5)),
    ],
)
def test_weekends_and_federal_holidays_are_no_business_days(day, last):
    assert business_days_later("US", day, 10) == last


def test_the_last_business_day_counts_to_its_end_where_the_person_is():
    tenth = rule("us.revocation", RuleKind.REVOCATION, business_days=10)
    assert deadline(tenth) == datetime(2026, 3, 17, 4, tzinfo=UTC)
    # Said on Monday evening in New York, when it is Tuesday in Greenwich already.
    assert deadline(tenth, at=datetime(2026, 3, 3, 1, tzinfo=UTC)) == datetime(2026, 3, 17, 4, tzinfo=UTC)


def test_of_several_zones_the_one_in_which_the_day_ends_first_counts():
    tenth = rule("us.revocation", RuleKind.REVOCATION, business_days=10)
    somewhere = NEW_YORK._replace(zones=("America/Los_Angeles", "America/New_York"))
    assert deadline(tenth, place=somewhere) == datetime(2026, 3, 17, 4, tzinfo=UTC)
    assert deadline(tenth, place=NEW_YORK._replace(zones=())) == datetime(2026, 3, 17, tzinfo=UTC)


def test_the_strictest_rule_in_force_at_the_place_counts():
    in_30_days = rule("us.old", RuleKind.REVOCATION, seconds=30 * 86_400.0)
    at_once = rule("us-ny.revocation", RuleKind.REVOCATION, seconds=0.0)
    elsewhere = rule("us-fl.revocation", RuleKind.REVOCATION, seconds=0.0)
    over = rule("us.older", RuleKind.REVOCATION, seconds=0.0, ends=date(2026, 3, 2))
    coming = rule("us.newer", RuleKind.REVOCATION, seconds=0.0, effective=date(2026, 3, 3))
    assert deadline(in_30_days, elsewhere, over, coming) == datetime(2026, 4, 1, 15, 0, tzinfo=UTC)
    assert deadline(in_30_days, at_once) == AT
    assert deadline(elsewhere, over) is None


def test_the_packaged_law_of_the_united_states_gives_ten_business_days():
    found = Deadlines(rulebook.load(None)).honour_by(
        place_of("+12125550100", time_zone=None, postal_code=None, state=None), AT
    )
    assert found == datetime(2026, 3, 17, 4, tzinfo=UTC)
