"""What `check` tells of campaigns by the rules of law."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ami_dialer.config import rulebook
from ami_dialer.config.compliance_advice import Findings, compliance_advice

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CAMPAIGN = "lists: [people], trunks: [out], flow: hello"
#: Line of the campaign in the file.
LINE = 12


@pytest.fixture
def findings(looked_at: Callable) -> Callable[..., Findings]:
    """Of a campaign with these keys; `others` stands beside `campaigns`."""

    def find(keys: str = "", others: str = "", *, consent: str = "written", **campaign: str) -> Findings:
        written = ", ".join([CAMPAIGN, *([f"consent: {consent}"] if consent else []), *([keys] if keys else [])])
        examined = looked_at(f"campaigns:\n  spring: {{{written}}}\n{others}", below=True)
        assert examined.config is not None, [str(one) for one in examined.problems]
        rules = rulebook.examine(examined.config.compliance.rules)
        return compliance_advice(examined.document, examined.config, rules, NOW)

    return find


def told(problems: tuple) -> list[tuple[str, str]]:
    return [(problem.key, problem.message) for problem in problems]


def test_a_campaign_with_the_usual_hours_is_not_warned_of(findings: Callable) -> None:
    found = findings()
    assert (found.problems, found.warnings, found.rule_problems) == ((), (), ())
    [note] = found.notes
    assert note.startswith("sources disagree about us-al.holidays, us-al.hours, us-ct.hours, ")
    assert findings("purpose: information").notes[0].startswith("sources disagree about us-in.recorded-hours, which")


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (
            "hours: {earliest: 21:00, latest: 22:00}",
            "calls 21:00-22:00 (campaign.hours) and calls 08:00-21:00 (us.hours); together they leave no time open",
        ),
        (
            "hours: {latest: 12:00, windows: {mon-fri: 13:00-15:00}}",
            "calls 09:00-12:00 (campaign.hours) and calls Mon-Fri 13:00-15:00, Sat-Sun never (campaign.windows); "
            "together they leave no time open",
        ),
        # Nine in the evening in London is the afternoon of America: too early for Hawaii, too late for New York.
        (
            "hours: {latest: 11:00, windows: {mon-fri: 1:00-2:00}, zone: Asia/Tokyo}",
            "",
        ),
        (
            "hours: {earliest: 20:00, latest: 21:00, windows: {mon-fri: 12:00-13:00}, zone: Europe/London}",
            "calls 20:00-21:00 (campaign.hours) and calls Mon-Fri 12:00-13:00, Sat-Sun never in Europe/London "
            "(campaign.windows); together they leave no time open",
        ),
    ],
)
def test_hours_that_meet_nowhere_are_a_problem_with_the_reason(findings: Callable, keys: str, why: str) -> None:
    [(key, message)] = told(findings(keys).problems) or [("", "")]
    assert message == (f"the campaign can never dial: {why}" if why else "")
    assert key == ("campaigns.spring.hours" if why else "")


def test_a_campaign_that_blocks_every_state_can_never_dial(findings: Callable) -> None:
    provinces = ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]
    every = ", ".join(f"CA-{code}" for code in provinces)
    found = findings(f"hours: {{blocked_states: [{every}]}}", "compliance: {countries: [CA]}\n")
    assert told(found.problems) == [
        ("campaigns.spring.hours", "the campaign can never dial: `blocked_states` holds every state of CA")
    ]
    all_but_one = every.removesuffix(", CA-YT")
    found = findings(f"hours: {{blocked_states: [{all_but_one}]}}", "compliance: {countries: [CA]}\n")
    assert found.problems == ()


@pytest.mark.parametrize(
    ("compliance", "why"),
    [
        ("countries: []", "`compliance.countries` names none"),
        ("number_kinds: []", "calls to no kind of number only (number.kind)"),
    ],
)
def test_a_dialer_that_may_call_nobody_can_never_dial(findings: Callable, compliance: str, why: str) -> None:
    found = findings(others=f"compliance: {{{compliance}}}\n")
    assert told(found.problems) == [("campaigns.spring.hours", f"the campaign can never dial: {why}")]


def test_states_in_which_nobody_can_ever_be_called_are_warned_of(findings: Callable) -> None:
    found = findings("hours: {windows: {sun: 9:00-12:00}}")
    assert found.problems == ()
    [shut] = [message for _, message in told(found.warnings) if "ever be called" in message]
    assert shut.startswith("nobody can ever be called in US-AL, US-LA, US-ME, US-MS and 6 more: calls Mon-Sat never,")
    assert "(us-al.hours); together they leave no time open (here of US-AL)" in shut
    blocked = "US-AL, US-LA, US-ME, US-MS, US-NE, US-PA, US-RI, US-SD, US-TX, US-UT"
    found = findings(f"hours: {{windows: {{sun: 9:00-12:00}}, blocked_states: [{blocked}]}}")
    assert not any("ever be called" in message for _, message in told(found.warnings))


def test_hours_beyond_the_law_are_warned_of_with_the_way_out(findings: Callable) -> None:
    found = findings("hours: {earliest: 7:00}")
    messages = [message for key, message in told(found.warnings) if key == "campaigns.spring.hours"]
    assert messages[0].startswith("beyond the law, us.hours: calls 08:00-21:00; the campaign would call 07:00-08:00")
    assert messages[0].endswith("an entry under `exemptions`, with its reason, frees the campaign of a rule")
    assert messages[1].startswith("beyond the law of us-al.hours, us-ca.recorded-hours, us-ct.hours, us-fl.hours and ")
    freed = "exemptions: [{rules: [hours], basis: test, reason: numbers of the lab}]"
    assert findings(f"hours: {{earliest: 7:00}}, {freed}").warnings == ()


def test_recorded_voice_without_consent_is_warned_of_where_the_law_wants_it(findings: Callable) -> None:
    [(key, message)] = told(findings(consent="").warnings)
    assert key == "campaigns.spring.consent"
    assert message.startswith(
        "flows speak with recorded voice, the law wants consent for that (us.recorded-sales (written), us-ca.recorded "
        "(express), us-ct.consent (written), us-fl.recorded (written) and "
    )
    freed = "exemptions: [{rules: [consent], basis: own-consent, reason: asked on the phone}]"
    assert findings(freed, consent="").warnings == ()


def test_ringing_for_less_than_the_law_wants_is_warned_of(findings: Callable) -> None:
    [(key, message)] = told(findings("ring: 14s").warnings)
    assert key == "campaigns.spring.ring"
    assert message.startswith("is less than the 15 seconds of us.ring (16 CFR")
    assert findings("ring: 15s").warnings == ()
    assert findings("ring: 14s, purpose: survey").warnings == ()


def test_what_has_no_effect_is_warned_of(findings: Callable) -> None:
    hours = "blocked_states: [US-FL], states: {US-FL: 10:00-12:00}, closed_days: [2026-03-01, 2026-03-02]"
    found = findings(
        f"hours: {{{hours}}}, caps: {{between_calls: 31m}}, "
        "exemptions: [{rules: [us-fl, hours, '*'], basis: test, reason: numbers of the lab}]"
    )
    assert told(found.warnings) == [
        ("campaigns.spring.hours.states.US-FL", "the state is blocked, so its hours have no effect"),
        ("campaigns.spring.hours.closed_days", "1 Mar 2026: past already; take what is over out"),
        (
            "campaigns.spring.retry",
            "busy, no_answer, withdrawn, congestion and 4 more: to be called again sooner, but `caps.between_calls` is "
            "31 minutes, and so long it takes",
        ),
    ]
    assert {warning.place.line for warning in found.warnings} == {LINE}


def test_an_exemption_from_what_there_is_not_is_a_problem_with_the_nearest_name(findings: Callable) -> None:
    keys = "exemptions: [{rules: [us-fl.hour, us-zz, us-fl], basis: test, reason: numbers of the lab}]"
    assert told(findings(keys).problems) == [
        (
            "campaigns.spring.exemptions[0].rules[0]",
            "no rule, jurisdiction or kind of rules is named 'us-fl.hour'; did you mean 'us-fl.hours'?",
        ),
        (
            "campaigns.spring.exemptions[0].rules[1]",
            "no rule, jurisdiction or kind of rules is named 'us-zz'; ami-dialer rules list names them",
        ),
    ]


def test_an_exemption_may_be_of_a_file_that_cannot_be_read_now(findings: Callable, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "us-zz.yaml").write_text("jurisdiction: US-ZZ\n")
    keys = "exemptions: [{rules: [us-zz], basis: test, reason: numbers of the lab}]"
    found = findings(keys, "compliance: {rules: own}\n")
    assert found.problems == ()
    assert any("is named 'us-zz'" in message for _, message in told(found.warnings))


def test_a_file_without_rules_is_warned_of_as_it_takes_a_law_away(findings: Callable, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "us-fl.yaml").write_text("jurisdiction: US-FL\nname: Florida\nrules: []\n")
    found = findings("", "compliance: {rules: own}\n")
    assert told(found.warnings) == [
        (
            "compliance.rules",
            "us-fl.yaml holds no rules, so that no law of US-FL is kept at all; take the file away to have the "
            "packaged one again",
        )
    ]


def test_mistakes_in_rule_files_are_told_with_their_places_and_the_packaged_rules_judge(
    findings: Callable, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "us-fl.yaml").write_text("jurisdiction: US-FL\nname: Florida\nrules:\n  - id: us-fl.hours\n")
    found = findings("hours: {earliest: 21:00, latest: 22:00}", "compliance: {rules: own}\n")
    [(key, message)] = told(found.warnings)
    assert key == "compliance.rules"
    assert message.endswith("in rule files; the rules adopted last stay in force until it is mended")
    assert {(Path(one.file).name, one.place and one.place.line) for one in found.rule_problems} == {("us-fl.yaml", 4)}
    assert len(found.problems) == 1
