"""Wrong values for agents and what campaigns have with them: each is told in one line that names the mend."""

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.unit

_WHO = "write all, or the numbers of agents as a list: [101, 102]"
_NUMBER = "write the number of an agent: 1 to 10 digits"

WRONG = {
    "agents: []": [("agents", f"is an empty list, and so nobody could take the calls; {_WHO}")],
    "agents: everybody": [("agents", f"'everybody' cannot stand here; {_WHO}")],
    "agents: {101: Ann}": [("agents", f"a section with keys cannot stand here; {_WHO}")],
    "agents: ALL": [("agents", "'ALL' cannot stand here; did you mean all?")],
    "agents: 101": [("agents", "'101' cannot stand here; did you mean [101]?")],
    "agents: '101, 102'": [("agents", "'101, 102' cannot stand here; did you mean [101, 102]?")],
    "agents: [Ann, all, 7, 7, ]": [
        ("agents[0]", f"'Ann' cannot stand here; {_NUMBER}"),
        ("agents[1]", "all stands alone, without brackets: agents: all"),
        ("agents[3]", "7 stands here twice; take one of them out"),
    ],
    "agents: [[7], {a: b}, null]": [
        ("agents[0]", f"a list cannot stand here; {_NUMBER}"),
        ("agents[1]", f"a section with keys cannot stand here; {_NUMBER}"),
        ("agents[2]", f"has no value; {_NUMBER}"),
    ],
    "queue: sales, dialing: {mode: preview}": [
        ("dialing.mode", "preview asks an agent on the line: it needs `agents`; write progressive or power")
    ],
    "agents: all, transfer: {to: {1: {name: A}, 2: {name: B, extension: 1, queue: b}}}": [
        ("transfer.to.1", "has neither extension nor queue; write one of the two: where the call goes to"),
        ("transfer.to.2", "has both extension and queue; take one of the two out"),
    ],
    "agents: all, recording: {enabled: true, announce: ''}": [
        ("recording.announce", "is empty; write a text or take the line out")
    ],
    "agents: all, recording: {enabled: true, announce: 'Dear {{name}}'}": [
        ("recording.announce", "is the same for everybody; leave the {{fields}} out")
    ],
    "agents: all, dialing: {preview: {say: '{{name'}}": [
        ("dialing.preview.say", "a merge field is not closed; write {{field}}")
    ],
}


@pytest.mark.parametrize(("written", "told"), WRONG.items(), ids=WRONG)
def test_a_wrong_value_of_a_campaign_with_agents_is_told_with_its_mend(
    problems_in: Callable, written: str, told: list[tuple[str, str]]
) -> None:
    found = problems_in(f"campaigns: {{a: {{lists: [people], trunks: [out], {written}}}}}\n", below=True)
    assert [each.split(": ", 1)[1] for each in found] == [f"campaigns.a.{key}: {text}" for key, text in told]


def test_a_pin_that_stands_where_its_hash_belongs_is_not_shown(problems_in: Callable) -> None:
    found = problems_in("agents: {101: {name: One, pin_hash: 2580}}\n", below=True)
    mend = "the value cannot stand here; write what `ami-dialer agent pin` prints, not the PIN itself"
    assert found == [f"config.yaml:11:37: agents.101.pin_hash: {mend}"]
