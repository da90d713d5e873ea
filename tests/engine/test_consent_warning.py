"""The log says which consent the law wants of a run that asks for none."""

from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from ami_dialer.config.rulebook import load
from ami_dialer.engine import runs
from ami_dialer.rules.compliance.policy import Exemption
from tests.unit.rules.compliance.cases import policy, utc

pytestmark = pytest.mark.unit

RUN = SimpleNamespace(campaign="spring", id=7)
FREED = (Exemption(("consent",), "own-consent", "They asked."),)
TODAY = utc("2026-11-22 12:00").date()


@pytest.mark.parametrize(
    ("wishes", "warned"), [({}, True), ({"consent": "express"}, False), ({"exemptions": FREED}, False)]
)
def test_a_run_without_consent_is_warned_of_where_the_law_wants_it(wishes, warned):
    with capture_logs() as logs:
        runs._warn_of_consent(RUN, policy(**wishes, countries=frozenset({"US"})), load(None), TODAY)
    assert bool(logs) is warned
    if warned:
        [line] = logs
        assert (line["action"], line["campaign"], line["run"]) == ("consent_not_asked", "spring", 7)
        assert "us.recorded-sales" in line["rules"]
        assert not any(rule.startswith("ca.") for rule in line["rules"])
