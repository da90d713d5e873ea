"""Station 4: may one more call start, on which trunk, and if not, why not?"""

import pytest

from ami_dialer.journey import pacing
from ami_dialer.journey.pacing import Restraint, Way
from ami_dialer.rules.limits import CallLimit

pytestmark = pytest.mark.journey


def campaign(most=100, going_on=0):
    return CallLimit("survey", most, in_progress=going_on)


def next_way(*asked, overall=0, going_on=0):
    return pacing.next_way(CallLimit("engine.max_calls", overall, in_progress=going_on), *asked)


def way(name, most=10, going_on=0, rate=None, server=None, trouble=None):
    trunk = CallLimit(name, most, rate, in_progress=going_on)
    return Way(name, "pbx", trunk, server or CallLimit("pbx", 1_000), trouble)


def test_the_trunk_with_most_room_takes_the_call():
    ways = [way("a", 10, going_on=5), way("b", 10, going_on=2), way("c", 3)]
    assert next_way(campaign(), ways, 0.0).way is ways[1]


def test_the_room_of_a_trunk_ends_with_that_of_its_server():
    small = CallLimit("small", 2)
    ways = [way("a", 10, server=small), way("b", 3)]
    assert next_way(campaign(), ways, 0.0).way is ways[1]


def test_equal_trunks_share_the_calls():
    ways = [way("a", 20), way("b", 20), way("c", 20)]
    for _ in range(30):
        taken = next_way(campaign(), ways, 0.0).way
        assert taken is not None
        taken.trunk_limit.take(0.0)
    assert [each.trunk_limit.in_progress for each in ways] == [10, 10, 10]


def test_a_campaign_at_its_limit_says_so():
    paced = next_way(campaign(3, going_on=3), [way("a")], 0.0)
    assert (paced.way, paced.wait) == (None, None)
    assert paced.why == "campaign survey has its 3 calls at once"


def test_trunks_at_their_limit_wait_for_a_call_to_end():
    paced = next_way(campaign(), [way("a", 2, going_on=2), way("b", 1, going_on=1, rate=0.5)], 0.0)
    assert (paced.way, paced.wait) == (None, None)
    assert paced.why == "trunk a has its 2 calls at once; trunk b has its 1 calls at once"


def test_the_limit_over_all_campaigns_holds_whatever_room_the_others_leave():
    assert next_way(campaign(), [way("a")], 0.0, overall=30, going_on=29).way is not None
    paced = next_way(campaign(), [way("a")], 0.0, overall=30, going_on=30)
    assert (paced.way, paced.wait) == (None, None)
    assert paced.why == "all campaigns together have their 30 calls at once (engine.max_calls)"


def test_a_campaign_without_a_limit_has_that_of_its_trunks():
    assert next_way(campaign(0, going_on=5_000), [way("a", 10, going_on=9)], 0.0).way is not None
    paced = next_way(campaign(0), [way("a", server=CallLimit("pbx", 7, in_progress=7))], 0.0)
    assert paced.why == "server pbx has its 7 calls at once"


def test_a_rate_that_is_used_up_says_after_how_long_it_is_not():
    slow, slower = way("a", rate=2), way("b", rate=0.5)
    for each in (slow, slower):
        each.trunk_limit.take(0.0)
    paced = next_way(campaign(), [slow, slower], 0.1)
    assert paced.way is None
    assert paced.wait == pytest.approx(0.4)
    assert paced.why == "trunk a makes 2 calls a second and no more; trunk b makes 0.5 calls a second and no more"
    assert next_way(campaign(), [slow, slower], 0.1 + paced.wait).way is slow


def test_the_rate_of_the_server_holds_for_all_its_trunks_together():
    server = CallLimit("pbx", 100, 1.0)
    ways = [way("a", server=server, rate=50), way("b", server=server, rate=50)]
    server.take(0.0)
    paced = next_way(campaign(), ways, 0.0)
    assert (paced.way, paced.wait) == (None, pytest.approx(1.0))


def test_a_trunk_in_trouble_is_passed_over():
    ways = [way("a", 100, trouble="server far: not connected"), way("b", 1)]
    assert next_way(campaign(), ways, 0.0).way is ways[1]


def test_when_all_are_in_trouble_each_reason_is_said_once():
    ways = [
        way("a", trouble="server far: not connected"),
        way("b", trouble="server near refuses calls: no rights"),
        way("c", trouble="server far: not connected"),
    ]
    paced = next_way(campaign(), ways, 0.0)
    assert (paced.way, paced.wait) == (None, None)
    assert paced.why == "server far: not connected; server near refuses calls: no rights"


def test_a_campaign_that_is_held_back_has_one_unconnected_call_at_a_time():
    ways = [way("a")]
    assert next_way(campaign(), ways, 0.0, Restraint("one call at a time", 0)).way is ways[0]
    paced = next_way(campaign(), ways, 0.0, Restraint("one call at a time", 1))
    assert (paced.way, paced.why, paced.wait) == (None, "one call at a time", None)
