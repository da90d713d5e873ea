"""Rules of law from files: what may be written, what is refused and how, and what names a version."""

import dataclasses
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ami_dialer.config.rulebook import StoredRulesError, examine, from_json, load, to_json
from ami_dialer.config.rulebook.stored import rulebook_of
from ami_dialer.domain.errors import ConfigError
from ami_dialer.domain.rulebook import Certainty, Per, Purpose, Rule, RuleKind, Scope
from tests.architecture.source import ROOT

pytestmark = pytest.mark.unit


HEAD = "jurisdiction: US-GA\nname: Georgia\nrules:\n"
RULE = """\
  - id: us-ga.hours
    kind: hours
    purposes: [sales, survey]
    spans: {mon-fri: ["9:00-12:00", "13:00-18:00"], sat: "10:00-24:00"}
    says: Calls at these hours.
    source: O.C.G.A. 46-5-27
    url: https://example.com/law
    from: 2024-07-01
    checked: 2026-11-22
    certainty: reported
"""
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A folder with `us-ga.yaml`: the head, and the text after it."""
    folder = tmp_path / "rules"

    def write(text: str = RULE, *, name: str = "us-ga.yaml", head: str = HEAD) -> Path:
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(head + text)
        return folder

    return write


def rule(kind: str, figures: str = "", **others: str) -> str:
    """A rule of this kind with these lines of its own."""
    keys = {
        "purposes": "[sales]",
        "says": "A rule.",
        "source": "A law",
        "url": "https://example.com",
        "from": "2024-07-01",
        "checked": "2026-11-22",
        "certainty": "reported",
        **others,
    }
    lines = [f"  - id: {keys.pop('id', f'us-ga.{kind}')}", f"    kind: {kind}"]
    lines += [f"    {key}: {value}" for key, value in keys.items()]
    return "\n".join([*lines, *(f"    {line}" for line in figures.splitlines())]) + "\n"


def georgia(folder: Path) -> tuple[Rule, ...]:
    return tuple(each for each in load(folder).rules if each.jurisdiction == "US-GA")


def told(folder: Path) -> list[str]:
    """Every problem, without the folder."""
    examined = examine(folder)
    assert examined.rulebook is None
    return [str(problem).removeprefix(f"{folder}/") for problem in examined.problems]


def test_a_rule_is_read_with_all_it_says(write: Write) -> None:
    (found,) = georgia(write())
    assert found == Rule(
        id="us-ga.hours",
        jurisdiction="US-GA",
        kind=RuleKind.HOURS,
        purposes=frozenset({Purpose.SALES, Purpose.SURVEY}),
        says="Calls at these hours.",
        source="O.C.G.A. 46-5-27",
        url="https://example.com/law",
        effective=date(2024, 7, 1),
        ends=None,
        checked=date(2026, 11, 22),
        certainty=Certainty.REPORTED,
        week=(((540, 720), (780, 1080)),) * 5 + (((600, 1440),), ()),
    )


def test_figures_of_every_kind_are_read(write: Write) -> None:
    found = georgia(
        write(
            rule("attempts", "most: 3\nseconds: 24h\nper: contact\nscope: campaign")
            + rule(
                "closed", 'holidays: ["*", Good Friday]\ndates: [2027-03-02, 2026-12-24]\nyearly: ["12-31", "06-14"]'
            )
            + rule("lockout", "seconds: 72h")
            + rule("conversation", "seconds: 7d\nper: contact")
            + rule("consent", "needs: written\nrecorded: true")
            + rule("abandonment", "most: 3%\nseconds: 30d\nconnect: 2\nfrom_answer: true")
            + rule("ring", "seconds: 15")
            + rule("revocation", "business_days: 10")
            + rule("duty", to="2025-01-01", note="For people.")
        )
    )
    by_kind = {each.kind: each for each in found}
    assert len(by_kind) == 9
    cap = by_kind[RuleKind.ATTEMPTS]
    assert (cap.most, cap.seconds, cap.per, cap.scope) == (3, 86_400, Per.CONTACT, Scope.CAMPAIGN)
    closed = by_kind[RuleKind.CLOSED]
    assert closed.holidays == ("*", "Good Friday")
    assert closed.dates == (date(2026, 12, 24), date(2027, 3, 2))
    assert closed.yearly == ((6, 14), (12, 31))
    abandonment = by_kind[RuleKind.ABANDONMENT]
    assert (abandonment.most, abandonment.seconds, abandonment.connect) == (0.03, 30 * 86_400, 2)
    assert abandonment.from_answer
    assert from_json(to_json(rulebook_of(found))).rules == rulebook_of(found).rules
    assert (by_kind[RuleKind.CONSENT].needs, by_kind[RuleKind.CONSENT].recorded) == ("written", True)
    assert by_kind[RuleKind.REVOCATION].business_days == 10
    assert (by_kind[RuleKind.DUTY].ends, by_kind[RuleKind.DUTY].note) == (date(2025, 1, 1), "For people.")


def test_a_file_replaces_the_packaged_one_of_its_jurisdiction_and_no_other(write: Write) -> None:
    packaged = load(None)
    folder = write(rule("ring", "seconds: 20", id="us-fl.ring"), name="us-fl.yaml", head=HEAD.replace("GA", "FL"))
    (folder / "README.txt").write_text("not a rule")
    (folder / ".us-tx.yaml.swp").write_text("not a rule")
    found = load(folder)
    assert [each.id for each in found.rules if each.jurisdiction == "US-FL"] == ["us-fl.ring"]
    assert [each for each in found.rules if each.jurisdiction != "US-FL"] == [
        each for each in packaged.rules if each.jurisdiction != "US-FL"
    ]
    assert found.digest != packaged.digest


def test_an_empty_folder_leaves_the_packaged_rules(tmp_path: Path) -> None:
    assert load(tmp_path) == load(None)


def test_layout_and_order_do_not_make_another_version(write: Write) -> None:
    one = load(write(RULE + rule("ring", "seconds: 15"))).digest
    other = rule("ring", "seconds: 15s  # seconds") + RULE.replace(
        "says: Calls at these hours.", "says: >\n      Calls at\n      these hours."
    )
    assert load(write(other.replace("[sales, survey]", "[survey, sales]"))).digest == one
    assert load(write(other.replace("15s", "16s"))).digest != one
    assert load(write(other.replace("2024-07-01", "2024-07-02"))).digest != one


def test_a_stored_rulebook_reads_back_equal(write: Write) -> None:
    rulebook = load(write())
    assert from_json(to_json(rulebook)) == rulebook
    assert to_json(from_json(to_json(rulebook))) == to_json(rulebook)


def test_a_figure_that_is_not_written_does_not_count_in_the_digest(write: Write) -> None:
    """So later versions of ami-dialer can give rules more figures."""
    assert '"recorded"' not in to_json(dataclasses.replace(load(None), rules=georgia(write())))


@pytest.mark.parametrize("text", ["", "[", "{}", '[{"id": "us.x"}]', '[{"kind": "moon"}]'])
def test_stored_rules_that_cannot_be_read_are_an_error_of_its_own(text: str) -> None:
    with pytest.raises(StoredRulesError, match="rules stored by another version cannot be read here"):
        from_json(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rule("hour"), "us-ga.yaml:5:11: rules[0].kind: 'hour' is not known here"),
        (rule("ring", "seconds: 15", purposes="[sale]"), "us-ga.yaml:6:16: rules[0].purposes[0]: 'sale' is not known"),
        (rule("ring", "seconds: 15", purposes="[]"), "rules[0].purposes: is empty; at least 1 is needed"),
        (rule("duty", "second: 15"), "us-ga.yaml:13:5: rules[0].second: unknown key 'second'; did you mean 'seconds'?"),
        (rule("ring"), "rules[0]: a rule of kind ring needs `seconds`"),
        (rule("hours"), "rules[0]: a rule of kind hours needs `spans`"),
        (rule("closed"), "rules[0]: a rule of kind closed needs `holidays` or `dates`"),
        (rule("revocation"), "a rule of kind revocation needs `seconds` or `business_days`"),
        (rule("ring", "seconds: 15\nmost: 3"), "rules[0].most: does not belong to a rule of kind ring; take it out"),
        (rule("ring", "seconds: 15\nneeds: written"), "rules[0].needs: does not belong to a rule of kind ring"),
        (rule("ring", "seconds: soon"), "rules[0].seconds: 'soon' is not a time; write seconds (30)"),
        (rule("ring", "seconds: 0"), "rules[0].seconds: '0' is out of range; write more than 0"),
        (rule("attempts", "most: 2.5\nseconds: 1d"), "rules[0].most: is a number of calls here; write a"),
        (rule("abandonment", "most: 3\nseconds: 1d\nconnect: 2"), "rules[0].most: is a share here; write it as 3%"),
        (rule("hours", "spans: {}"), "rules[0].spans: names no day, so that nobody could ever be called"),
        (rule("hours", "spans: {someday: 9:00-17:00}"), "spans.someday: 'someday' is not a weekday; write mon"),
        (rule("hours", "spans: {mon: 9-17}"), "spans.mon: '9' is not a time of day; write 9:00, 21:30 or 24:00"),
        (rule("hours", "spans: {mon: '18:00-9:00'}"), "spans.mon: '18:00-9:00' ends before it starts"),
        (rule("hours", "spans: {mon: ['9:00-12:00', '11:00-13:00']}"), "spans.mon: 09:00-12:00 and 11:00-13:00 on mon"),
        (rule("hours", "spans: {mon-fri: '9:00-12:00', tue: '9:00-10:00'}"), "spans: tue is named twice"),
        (rule("closed", 'yearly: ["02-30"]'), "rules[0].yearly[0]: '02-30': there is no such day"),
        (rule("closed", "dates: [2026-02-30]"), "rules[0].dates[0]: '2026-02-30': there is no such day"),
        (rule("closed", "dates: [1767225600]"), "rules[0].dates[0]: '1767225600' is no date; write it as 2021-07-01"),
        (rule("ring", "seconds: 15", **{"from": "July 2024"}), "us-ga.yaml:10:11: rules[0].from: 'July 2024' is"),
        (rule("ring", "seconds: 15", to="2024-07-01"), "rules[0].to: is not after `from`, so that the rule is"),
        (rule("ring", "seconds: 15", url="the statute book"), "rules[0].url: 'the statute book' is no web address"),
        (rule("ring", "seconds: 15", source=""), "rules[0].source: has no value; write one value. Statute, rule or"),
        (rule("ring", "seconds: 15", certainty="sure"), "rules[0].certainty: 'sure' is not known here"),
        (rule("ring", "seconds: 15", id="ga.ring"), "rules[0].id: 'ga.ring' is not of US-GA; write us-ga."),
        (rule("ring", "seconds: 15", id="ring"), "rules[0].id: 'ring' is no id; write the jurisdiction in"),
        (rule("closed", "holidays: [Festivus]"), "'Festivus' is no holiday of US-GA as the holidays package"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_mend(write: Write, text: str, expected: str) -> None:
    (found,) = told(write(text))
    assert found.startswith("us-ga.yaml:")
    assert expected in found


@pytest.mark.parametrize(
    ("name", "head", "text", "expected"),
    [
        ("us-tx.yaml", HEAD, "  []", "us-tx.yaml:1:15: jurisdiction: is not what the file is named by; name it us-"),
        ("us-ga.yaml", HEAD.replace("US-GA", "Georgia"), "  []", "jurisdiction: 'Georgia' is no jurisdiction;"),
        ("us-ga.yaml", "", "", "us-ga.yaml:1:1: holds no rules; write `jurisdiction:`"),
        ("us-ga.yaml", "", "- rules", "us-ga.yaml:1:1: holds no rules; write `jurisdiction:`"),
        ("us-ga.yaml", HEAD, "  - {id: us-ga.x", "is not closed"),
    ],
)
def test_a_file_that_is_none_is_told(write: Write, name: str, head: str, text: str, expected: str) -> None:
    assert expected in " ".join(told(write(text, name=name, head=head)))


def test_all_mistakes_of_all_files_are_told_at_once(write: Write) -> None:
    write(rule("ring") + rule("hour") + rule("closed", "dates: [x]"))
    folder = write(rule("ring", "seconds: x", id="us-tx.ring"), name="us-tx.yaml", head=HEAD.replace("GA", "TX"))
    assert len(told(folder)) == 4
    with pytest.raises(ConfigError) as raised:
        load(folder)
    assert len(raised.value.problems) == 4
    assert raised.value.exit_code == 2


def test_an_id_may_come_back_later_but_not_at_the_same_time(write: Write) -> None:
    first, second = rule("ring", "seconds: 15", to="2025-01-01"), rule("ring", "seconds: 20", **{"from": "2025-01-01"})
    assert len(georgia(write(first + second))) == 2
    (found,) = told(write(first.replace("2025-01-01", "2025-01-02") + second))
    assert "rules[1].id: 'us-ga.ring' in line 4 is in force at the same time; end one with `to`" in found
    (found,) = told(write(second + second))
    assert "is in force at the same time" in found


def test_two_files_of_one_name_are_refused(write: Write) -> None:
    write()
    (found,) = told(write(name="us-ga.yml"))
    assert found == "us-ga.yml: is there as us-ga.yaml too; keep one of the two"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (found,) = examine(tmp_path / "none").problems
    assert str(found).endswith(
        "none: cannot be read as a folder (No such file or directory); make it, or take the key out; then the "
        "packaged rules hold"
    )


def test_a_file_with_other_bytes_is_told(write: Write) -> None:
    folder = write()
    (folder / "us-ga.yaml").write_bytes(b"jurisdiction: \xff\n")
    assert told(folder) == ["us-ga.yaml:1:15: byte 0xFF is not UTF-8; save the file as UTF-8"]


def test_a_rule_counts_by_jurisdiction_purpose_and_day(write: Write) -> None:
    rulebook = load(write(rule("ring", "seconds: 15", to="2025-01-01", purposes="[survey]")))
    assert rulebook.for_(frozenset({"US-GA"}), Purpose.SALES) == ()
    (found,) = rulebook.for_(frozenset({"US-GA", "US-XX"}), Purpose.SURVEY)
    for day, holds in (("2024-06-30", False), ("2024-07-01", True), ("2024-12-31", True), ("2025-01-01", False)):
        assert (found in rulebook.at(date.fromisoformat(day))) is holds


def test_the_file_in_the_document_can_be_written_so(tmp_path: Path) -> None:
    text = (ROOT / "docs/compliance.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(jurisdiction:.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "us-fl.yaml").write_text(example)
    (found,) = [each for each in load(tmp_path).rules if each.jurisdiction == "US-FL"]
    assert found.ends == date(2027, 7, 1)
    kinds = set(re.findall(r"^\| `(\w+)` \| ", text, re.MULTILINE))
    assert set(RuleKind) <= kinds, "the document has a line for each kind"


KEYS = ["id", "kind", "purposes", "spans", "holidays", "dates", "most", "seconds", "says", "url", "from", "to", "note"]
WORDS = [
    "us-ga.x",
    "hours",
    "closed",
    "sales",
    "mon-fri",
    "9:00-12:00",
    "2024-07-01",
    "3%",
    "24h",
    "*",
    "~",
    "",
    "\x00",
]
values = st.recursive(
    st.sampled_from(WORDS) | st.text(max_size=8) | st.integers(-10, 10**9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS + KEYS), inner, max_size=4),
    max_leaves=8,
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rules=values | st.lists(st.dictionaries(st.sampled_from(KEYS), values, max_size=8), max_size=3))
def test_whatever_stands_in_a_file_is_read_or_told(tmp_path: Path, rules: object) -> None:
    document = {"jurisdiction": "US-GA", "name": "Georgia", "rules": rules}
    (tmp_path / "us-ga.yaml").write_text(orjson.dumps(document).decode())
    examined = examine(tmp_path)
    assert (examined.rulebook is None) is bool(examined.problems)
    assert all(problem.file.endswith("us-ga.yaml") for problem in examined.problems)
