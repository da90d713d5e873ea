"""What `campaign status` says of who takes a campaign's calls."""

from types import SimpleNamespace

import pytest

from ami_dialer.cli.campaign.status import _way

pytestmark = pytest.mark.unit


def view(**given):
    nothing = dict.fromkeys(("flow", "agents", "queue", "dialplan", "sessions", "dialing"))
    return SimpleNamespace(**{**nothing, **given})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"flow": "survey"}, "flow survey"),
        ({"agents": "all", "dialing": "power"}, "all agents, power"),
        ({"agents": ["101", "102"], "dialing": "preview"}, "agents 101, 102, preview"),
        ({"queue": "sales", "dialing": "progressive"}, "queue sales, progressive"),
        (
            {"dialplan": "bots", "sessions": 3, "dialing": "progressive"},
            "dialplan context bots, 3 sessions, progressive",
        ),
        ({"dialplan": "mine"}, "dialplan context mine"),
    ],
)
def test_each_way_is_named_as_it_is(given, told):
    assert _way(view(**given)) == told
