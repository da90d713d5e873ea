"""Pacing: how many calls may start now, and why no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.domain.agent import AgentState as S
from ami_dialer.domain.agent import SeatKind
from ami_dialer.rules.pacing import Pacing, Power, Preview, Progressive, Snapshot, surplus

pytestmark = pytest.mark.unit


def seen(free: int, unconnected: int = 0, logged_in: int | None = None, *, restrained: bool = False) -> Snapshot:
    return Snapshot(free, unconnected, free if logged_in is None else logged_in, restrained=restrained)


@pytest.mark.parametrize("mode", [Progressive(), Preview(), Power(3.0)])
def test_without_agents_no_call_is_placed_and_the_reason_says_whether_they_are_away_or_busy(mode: Pacing) -> None:
    assert (mode.pace(seen(0)).calls, mode.pace(seen(0)).reason) == (0, "no agent is logged in")
    doing = {S.IN_CALL: 2, S.PREVIEWING: 1, S.WRAP_UP: 1, S.ON_BREAK: 3, S.READY: 0}
    busy = mode.pace(Snapshot(0, 0, 7, doing))
    told = "no agent is free: of 7 logged in 1 previewing, 2 in call, 1 in wrap-up, 3 on break"
    assert (busy.calls, busy.reason) == (0, told)


def test_of_a_queue_its_members_are_told_and_not_agents() -> None:
    assert Progressive().pace(Snapshot(0, 0, 0, kind=SeatKind.MEMBER)).reason == "no member of its queue is there"
    paused = Progressive().pace(Snapshot(0, 0, 2, {S.ON_BREAK: 2}, SeatKind.MEMBER))
    assert paused.reason == "no member of its queue is free: of 2 there 2 on break"


@pytest.mark.parametrize(
    ("mode", "rule"),
    [(Progressive(), "one call for each free agent"), (Preview(), "one contact for each free agent")],
)
def test_one_for_each_free_agent_less_those_on_their_way(mode: Pacing, rule: str) -> None:
    assert [mode.pace(seen(3, unconnected=n)).calls for n in range(5)] == [3, 2, 1, 0, 0]
    assert mode.pace(seen(3, unconnected=1)).reason == ""
    assert mode.pace(seen(3, unconnected=3)).reason == f"{rule}, and 3 are on their way"
    assert mode.ratio(seen(3)) == 1.0


@pytest.mark.parametrize(
    ("ratio", "free", "calls"), [(2, 3, 6), (1.5, 3, 4), (1.1, 10, 11), (1.1, 9, 9), (1.3, 10, 13), (10, 1, 10)]
)
def test_power_places_its_ratio_for_each_free_agent_rounded_down_as_people_reckon(
    ratio: float, free: int, calls: int
) -> None:
    assert Power(ratio).pace(seen(free)).calls == calls
    full = Power(ratio).pace(seen(free, unconnected=calls))
    assert (full.calls, full.reason) == (0, f"{ratio:g} calls for each free agent, and {calls} are on their way")


def test_power_is_progressive_while_too_many_calls_were_abandoned() -> None:
    pace = Power(4.0).pace(seen(2, unconnected=2, restrained=True))
    assert (pace.calls, Power(4.0).ratio(seen(2, restrained=True))) == (0, 1.0)
    assert pace.reason.startswith("one call for each free agent, since too many calls were abandoned, and 2")
    assert Power(4.0).pace(seen(2, unconnected=1, restrained=True)).calls == 1


@pytest.mark.parametrize(("free", "ratio"), [(2, 2.0), (3, 1.0), (4, 1.0)])
def test_the_damper_begins_at_its_share_of_idle_agents_and_not_below(free: int, ratio: float) -> None:
    damped = Power(2.0, damper=0.3)  # 0.3 times 10 is 3, whatever binary fractions make of it
    assert damped.ratio(seen(free, logged_in=10)) == ratio
    assert damped.pace(seen(free, logged_in=10)).calls == ratio * free


def test_a_damped_pace_says_so() -> None:
    pace = Power(2.0, damper=0.5).pace(seen(2, unconnected=2, logged_in=4))
    assert pace.reason == "2 of 4 agents are idle, so the call ratio is damped to 1, and 2 are on their way"


def test_calls_for_which_no_agent_is_left_are_the_surplus() -> None:
    assert [surplus(seen(free, unconnected=5), 2.0) for free in (0, 1, 2, 3)] == [5, 3, 1, 0]
    assert surplus(seen(10, unconnected=11), 1.1) == 0


snapshots = st.builds(
    Snapshot,
    free=st.integers(0, 200),
    unconnected=st.integers(0, 400),
    logged_in=st.integers(0, 200),
    restrained=st.booleans(),
).filter(lambda one: one.free <= one.logged_in)
#: As the configuration takes them: 1 to 10.
ratios = st.integers(10, 100).map(lambda tenths: tenths / 10)


@given(snapshots, ratios, st.none() | st.integers(0, 100).map(lambda percent: percent / 100))
def test_never_fewer_than_progressive_and_never_more_than_the_ratio_allows(
    one: Snapshot, ratio: float, damper: float | None
) -> None:
    power = Power(ratio, damper)
    pace, least = power.pace(one), Progressive().pace(one)
    assert pace.calls >= least.calls
    assert pace.calls == 0 or pace.calls + one.unconnected <= ratio * one.free + 1e-6
    assert 1.0 <= power.ratio(one) <= ratio
    assert bool(pace.reason) == (pace.calls == 0)
    assert not surplus(one, power.ratio(one)) or pace.calls == 0
