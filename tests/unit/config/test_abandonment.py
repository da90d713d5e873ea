"""By which rules a campaign's abandoned calls are measured."""

from datetime import date

import pytest

from ami_dialer.config.abandonment import connect_of, measures_of, rules_of
from ami_dialer.config.rulebook import load
from ami_dialer.config.schema import Config
from ami_dialer.rules.abandonment import CONNECT, Connect, Measure

pytestmark = pytest.mark.unit

TODAY = date(2026, 3, 2)
DAY = 86_400.0


@pytest.fixture(scope="module")
def book():
    return load(None)


@pytest.fixture
def under(book):
    """The rules that a campaign is under, and what it is measured by."""

    def find(countries=("US",), today=TODAY, **campaign):
        config = Config.model_validate(
            {
                "servers": {"pbx": {"secret": "s"}},
                "trunks": {"out": {"server": "pbx", "dial": "PJSIP/{number}@c"}},
                "lists": {"people": {"file": "/people.csv"}},
                "flows": {"hello": {"steps": {"start": [{"play": "hello"}]}}},
                "campaigns": {"spring": {"lists": ["people"], "trunks": ["out"], "flow": "hello", **campaign}},
                "compliance": {"countries": list(countries)},
            }
        )
        spring = config.campaigns["spring"]
        rules = rules_of("spring", spring, config, book, today)
        return rules, {each.id: each for each in measures_of(spring, rules)}

    return find


def test_a_campaign_that_sells_in_the_united_states_is_under_their_rule_of_30_days(under):
    rules, found = under(abandonment={"limit": 0.02})
    assert found["us.abandonment"] == Measure("us.abandonment", 0.03, 30 * DAY)
    assert found["campaign"] == Measure("campaign", 0.02, 30 * DAY)
    assert {rule.jurisdiction.partition("-")[0] for rule in rules} == {"US"}


def test_what_the_rules_are_not_about_is_measured_by_the_campaign_alone(under):
    assert set(under(purpose="survey", countries=("US",))[1]) == {"campaign"}
    assert set(under(countries=("DE",))[1]) == {"campaign"}
    exempt = [{"rules": ["abandonment"], "basis": "test", "reason": "numbers of a test"}]
    assert set(under(exemptions=exempt)[1]) == {"campaign"}


def test_the_rule_of_the_day_counts(under):
    """Until October 2008 the FTC counted by the day."""
    assert under(today=date(2008, 9, 30))[1]["us.abandonment"].seconds == DAY
    assert under(today=date(2008, 10, 1))[1]["us.abandonment"].seconds == 30 * DAY


def test_the_time_to_an_agent_is_that_of_the_jurisdiction(under):
    rules, _ = under(countries=("US", "CA"))
    assert connect_of(rules, ("US", "US-NY")) == Connect(2.0)
    assert connect_of(rules, ("CA", "CA-QC")) == Connect(None, 2.0)  # from the answer
    assert connect_of(rules, ("CA", "US")) == Connect(2.0, 2.0)
    assert connect_of((), ("US",)) == CONNECT
    assert connect_of(rules, ("DE",)) == CONNECT
