from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit


def warned(looked_at: Callable, text: str, *, below: bool = True) -> list[tuple[int, str, str]]:
    examined = looked_at(text, below=below)
    assert examined.problems == ()
    return [(warning.place.line, warning.key, warning.message) for warning in examined.warnings]


def test_the_usual_configuration_is_not_warned_of(looked_at: Callable) -> None:
    assert warned(looked_at, "engine: {}\n") == []


def test_a_secret_that_every_user_may_read_is_warned_of(looked_at: Callable, tmp_path: Path) -> None:
    secret = tmp_path / "pbx.secret"
    secret.write_text("x")
    secret.chmod(0o644)
    text = 'servers: {p: {secret: {file: pbx.secret}}}\ntrunks: {o: {server: p, dial: "PJSIP/{number}@c"}}\n'
    [(line, key, message)] = warned(looked_at, text, below=False)
    assert (line, key) == (1, "servers.p.secret")
    assert message.startswith("every user of this machine may read")
    secret.chmod(0o640)
    assert warned(looked_at, text, below=False) == []


def test_an_asterisk_elsewhere_without_tls_is_warned_of(looked_at: Callable) -> None:
    text = """\
    servers:
      near: {secret: x, host: localhost}
      v6: {secret: x, host: "::1"}
      safe: {secret: x, host: pbx.example.com, tls: {}}
      far: {secret: x, host: 192.0.2.1}
    trunks: {o: {server: far, dial: "PJSIP/{number}@c"}}
    """
    [(line, key, message)] = warned(looked_at, text, below=False)
    assert (line, key) == (5, "servers.far.host")
    assert "in clear" in message


def test_one_asterisk_under_two_names_is_warned_of(looked_at: Callable) -> None:
    text = 'servers:\n  a: {secret: x}\n  b: {secret: x}\ntrunks: {o: {server: a, dial: "PJSIP/{number}@c"}}\n'
    [(line, key, message)] = warned(looked_at, text, below=False)
    assert (line, key) == (3, "servers.b")
    assert message == "is the same Asterisk as 'a'; its limits would count twice, keep one of them"


def test_fastagi_open_to_the_network_is_warned_of(looked_at: Callable) -> None:
    [(line, key, message)] = warned(looked_at, "fastagi: {host: 0.0.0.0}\n")
    assert (line, key) == (11, "fastagi.host")
    assert "no log-in" in message


def test_a_password_in_the_address_of_the_database_is_warned_of(looked_at: Callable) -> None:
    [(_, key, message)] = warned(looked_at, "database: {url: postgresql://me:pw@db/x}\n")
    assert key == "database.url"
    assert "pw" not in message.replace("password", "")


def test_a_step_that_nothing_goes_to_is_warned_of(looked_at: Callable, good: str) -> None:
    text = """\
  f:
    start: b
    steps:
      a: [{goto: b}]
      b: [{ask: {name: q, prompt: Hm, otherwise: c}}, {branch: {answer: q, when: {1: d}, otherwise: e}}]
      c: []
      d: []
      e: [{goto: b}]
"""
    assert warned(looked_at, good + text, below=False) == [
        (14, "flows.f.steps.a", "nothing goes to this step; the call begins at 'b'")
    ]


CAMPAIGN = "campaigns:\n  spring: {{lists: [people], trunks: [out], {rest}}}\n"
OPT_OUT = "  sorry: {steps: {start: [{say: This was us.}, opt_out]}}\n"


def test_a_campaign_that_sells_without_a_message_for_abandoned_calls_is_warned_of(
    looked_at: Callable, good: str
) -> None:
    [(line, key, message)] = warned(looked_at, CAMPAIGN.format(rest="flow: hello"))
    assert (line, key) == (12, "campaigns.spring")
    assert "abandonment: {message: FLOW}" in message
    for rest in ("flow: hello, purpose: survey", "dialplan: agents"):
        assert warned(looked_at, CAMPAIGN.format(rest=rest)) == []
    told = CAMPAIGN.format(rest="flow: hello, abandonment: {message: sorry}")
    assert warned(looked_at, good + OPT_OUT + told, below=False) == []


@pytest.mark.parametrize(
    ("flow", "told"),
    [
        ("{steps: {start: [opt_out]}}", "says nothing"),
        ("{steps: {start: [{play: sorry}]}}", "offers no opt_out"),
        ("{steps: {start: [{say: 'Dear {{name|default(\"you\")}}'}, opt_out]}}", "has merge fields"),
    ],
)
def test_a_message_that_lacks_something_is_warned_of(looked_at: Callable, good: str, flow: str, told: str) -> None:
    text = f"{good}  sorry: {flow}\n{CAMPAIGN.format(rest='flow: hello, abandonment: {message: sorry}')}"
    [(_, key, message)] = warned(looked_at, text, below=False)
    assert key == "campaigns.spring.abandonment.message"
    assert told in message


def test_a_message_of_a_campaign_that_hands_calls_to_a_dialplan_is_warned_of(looked_at: Callable, good: str) -> None:
    text = good + OPT_OUT + CAMPAIGN.format(rest="dialplan: agents, abandonment: {message: sorry}")
    [(_, key, message)] = warned(looked_at, text, below=False)
    assert key == "campaigns.spring.abandonment.message"
    assert "never heard" in message


def test_caller_ids_that_nobody_can_call_back_or_of_a_country_that_is_not_called_are_warned_of(
    looked_at: Callable,
) -> None:
    text = """\
    caller_ids:
      main:
        numbers: [+12125550100, +10005550100, +442079460100]
    campaigns: {a: {lists: [people], trunks: [out], flow: hello, caller_ids: main}}
    """
    found = warned(looked_at, text)
    found = [one for one in found if one[1].startswith("caller_ids")]
    assert [key for _, key, _ in found] == [
        "caller_ids.main.numbers[1]",
        "caller_ids.main.numbers[2]",
    ]
    assert found[0][2].endswith("whoever is called cannot call it back")
    assert "is a number of GB, and the lists of its campaigns are of US" in found[1][2]


AGENTS = """
agents: {101: {name: One}}
campaigns:
  a:"""


@pytest.mark.parametrize(
    ("written", "key", "message"),
    [
        ("{agents: [101, 102]}", "a.agents[1]", "no agent 102"),
        ("{agents: all, recording: {announce: Hello}}", "a.recording", "no effect without `enabled: true`"),
        ("{agents: all, transfer: {context: inside}}", "a.transfer", "no effect without a target"),
        ("{agents: [101], dialing: {call_ratio: 3}}", "a.dialing.call_ratio", "write mode: power"),
        ("{agents: all, dialing: {damper: {mode: waiting-stations}}}", "a.dialing.damper", "no ratio to go down"),
        ("{queue: sales, recording: {enabled: true}}", "a.recording", "has to agree"),
        ("{queue: sales, own_agent: {map: own}}", "a.own_agent.map", "the queue's own strategy"),
        ("{flow: hello, wrap_up: {limit: 5s}}", "a.wrap_up", "needs agents or a queue"),
        ("{agents: all, wrap_up: {call_back: false}}", "a.wrap_up.call_back", "it needs a queue"),
        ("{dialplan: there, dialing: {customer_wait: 6s}}", "a.dialing", "needs agents, a queue, or sessions"),
    ],
)
def test_settings_of_agents_that_have_no_effect_or_lack_something_are_warned_of(
    looked_at: Callable, written: str, key: str, message: str
) -> None:
    usual = "lists: [people], trunks: [out], purpose: survey"
    more = "" if "dialplan" in written else ", abandonment: {message: hello}"
    text = f"{AGENTS} {{{usual}{more}, {written[1:]}\n"
    found = [(each, told) for _, each, told in warned(looked_at, text) if "opt_out" not in told]
    assert [(each, message in told) for each, told in found if each.startswith("campaigns.a")] == [
        (f"campaigns.{key}", True)
    ]


def test_agents_whom_no_call_can_reach_and_phones_of_two_are_warned_of(looked_at: Callable) -> None:
    text = """
agents:
  1: {name: One}
  2: {name: Two, phone: PJSIP/2}
  3: {name: Three, phone: PJSIP/2}
  4: {name: Four, phone: PJSIP/4, supervisor: true}
"""
    assert [(key, told.partition(";")[0]) for _, key, told in warned(looked_at, text) if key.startswith("agents")] == [
        ("agents.1", "has no PIN, and so cannot log in by phone"),
        ("agents.3.phone", "is the phone of agent 2 too"),
        ("agents.4", "has no PIN, and so cannot listen to calls by phone"),
    ]


def test_agents_without_a_message_for_whom_nobody_has_time_are_warned_of(looked_at: Callable) -> None:
    usual = "lists: [people], trunks: [out], purpose: survey"
    for way, warns in (("agents: all", 1), ("dialplan: there, sessions: 2", 1), ("dialplan: there", 0)):
        found = warned(looked_at, f"{AGENTS} {{{usual}, {way}}}\n")
        assert sum("whom nobody has time for" in told for *_, told in found) == warns
