"""What `disposition set` tells of what came of a result."""

from datetime import UTC, datetime

import pytest

from ami_dialer.cli import disposition
from ami_dialer.cli.output import local
from ami_dialer.store.outcomes import Given

pytestmark = pytest.mark.unit

AT = datetime(2026, 3, 2, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("came_of_it", "told"),
    [
        ({"again_at": AT}, f"  it is called again at {local(AT)}"),
        ({"callback_at": AT}, f"  a callback waits for {local(AT)}"),
        ({"taken_out": True}, "  it waited for another try in this run, and is done now"),
        ({"do_not_call": "opt-outs"}, "  +12125550101 is on do-not-call list opt-outs"),
    ],
)
def test_each_consequence_of_a_result_is_told(capsys, came_of_it, told):
    nothing = {"before": "Busy", "do_not_call": None, "taken_out": False, "callback_at": None, "again_at": None}
    given = Given(attempt="amid-1", campaign="offer", number="+12125550101", title="Sale", **{**nothing, **came_of_it})
    disposition._print(given)
    assert capsys.readouterr().out.splitlines() == [
        "offer: the call to +12125550101 has the result Sale, before Busy",
        told,
    ]
