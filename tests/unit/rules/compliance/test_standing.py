"""What consent there is for a scope."""

from datetime import UTC, datetime, timedelta

import pytest

from ami_dialer.domain.consent import ConsentFacts, ConsentRecord, Strength
from ami_dialer.rules.compliance.standing import Standing, standing

pytestmark = pytest.mark.unit

NUMBER = "+13015550100"
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def said(days_ago, granted=True, scope="*", strength=Strength.EXPRESS, expires=None):
    at = NOW - timedelta(days=days_ago)
    return ConsentRecord(1, NUMBER, granted, scope, strength, "form", at, expires, "")


@pytest.mark.parametrize(
    ("records", "moved_days_ago", "scope", "found"),
    [
        ([], None, "*", Standing.NONE),
        ([said(9)], None, "*", Standing.EXPRESS),
        ([said(9, strength=Strength.WRITTEN)], None, "sales", Standing.WRITTEN),
        ([said(9, scope="sales")], None, "*", Standing.NONE),
        ([said(9, expires=NOW)], None, "*", Standing.NONE),
        ([said(9), said(8, granted=False)], None, "*", Standing.REVOKED),
        ([said(9), said(8, granted=False)], None, "sales", Standing.REVOKED),
        ([said(9), said(8, granted=False, scope="sales")], None, "*", Standing.EXPRESS),
        ([said(9, granted=False), said(8)], None, "*", Standing.EXPRESS),
        ([said(9)], 5, "*", Standing.REASSIGNED),
        ([said(9), said(4)], 5, "*", Standing.EXPRESS),
    ],
)
def test_what_holds_is_what_verdicts_say(records, moved_days_ago, scope, found):
    moved = None if moved_days_ago is None else NOW - timedelta(days=moved_days_ago)
    assert standing(NUMBER, ConsentFacts(tuple(records), moved), scope, NOW) is found
