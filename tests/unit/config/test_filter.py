"""The filter of a campaign: what may be written, and what is told of what may not."""

from pathlib import Path

import pytest

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.filter import Condition, demands, told
from ami_dialer.config.load import examine
from ami_dialer.store.documents import as_json

pytestmark = pytest.mark.unit

OPERATORS = "is, contains, begins_with, ends_with, more_than, at_least, less_than, at_most, between, empty"
AROUND = """
servers: {pbx: {secret: s}}
trunks: {carrier: {server: pbx, dial: "PJSIP/{number}@carrier"}}
lists: {people: {file: people.csv}}
campaigns:
  survey:
    lists: [people]
    trunks: [carrier]
    dialplan: survey
    filter: FILTER
"""

#: What is written, with what is told of it: (key after `filter`, message).
MISTAKES = {
    "{column: state, equals: CA}": [
        (
            ".equals",
            "unknown key 'equals'; known here: column, is, contains, begins_with, ends_with, more_than, "
            "at_least, less_than, at_most, between, empty, all, any, not",
        )
    ],
    "{column: state, begin_with: C}": [(".begin_with", "unknown key 'begin_with'; did you mean 'begins_with'?")],
    "{colum: state, is: CA}": [(".colum", "unknown key 'colum'; did you mean 'column'?")],
    "{alll: [{column: state, is: CA}]}": [(".alll", "unknown key 'alll'; did you mean 'all'?")],
    "{column: state}": [("", f"has a column and no operator; write one of {OPERATORS}")],
    "{is: CA}": [("", "has is, and no column that it is about; write {column: …, is: …}")],
    "{}": [("", "has no condition; write {column: …, is: …}, or all, any or not")],
    "{column: state, is: CA, contains: A}": [
        ("", "has is and contains; a condition has one operator, join several with all")
    ],
    "{column: state, is: CA, all: [{column: age, at_least: 18}]}": [
        ("", "has column and is and all; all, any and not stand alone, write each as a condition of its own")
    ],
    "{column: age, at_least: old}": [
        (".at_least", "'old' is neither a number nor a date; write 18, 2.5 or 2026-01-31")
    ],
    "{column: since, at_least: 2026-02-30}": [(".at_least", "'2026-02-30' is no day of the calendar")],
    "{column: age, between: [18]}": [(".between", "has 1; at least 2 are needed")],
    "{column: age, between: [20, 3]}": [(".between", "has 20 before 3; write the lower one first")],
    "{column: age, between: [20, 2026-01-01]}": [
        (".between", "has a number and a date; write two numbers or two dates")
    ],
    "{column: state, is: []}": [(".is", "is empty; at least 1 is needed")],
    "{column: state, contains: ''}": [(".contains", "is empty; write a text or take the line out")],
    "{column: state, empty: perhaps}": [(".empty", "'perhaps' is neither true nor false; write one of the two")],
    "{all: []}": [(".all", "is empty; at least 1 is needed")],
    "CA": [("", "'CA' cannot stand here; write a section: keys with values, indented below this one")],
    "{all: [{column: a}, {not: {colum: b, is: c}}, {column: c, more_than: x}]}": [
        (".all[0]", f"has a column and no operator; write one of {OPERATORS}"),
        (".all[1].not.colum", "unknown key 'colum'; did you mean 'column'?"),
        (".all[2].more_than", "'x' is neither a number nor a date; write 18, 2.5 or 2026-01-31"),
    ],
    "{any: [" + "{column: a, is: b}, " * 101 + "{all: [" + "{column: a, is: b}, " * 100 + "]}]}": [
        ("", "has 203 conditions; at most 200 are possible")
    ],
    "{not: " * 10 + "{column: a, is: b}" + "}" * 10: [("", "is more than 10 conditions deep; write it flatter")],
}


def problems(tmp_path: Path, written: str) -> list[tuple[str, str]]:
    file = tmp_path / "config.yaml"
    file.write_text(AROUND.replace("FILTER", written), encoding="utf-8")
    found = examine(file, {}).problems
    return [(problem.key.removeprefix("campaigns.survey.filter"), problem.message) for problem in found]


@pytest.mark.parametrize("written", MISTAKES, ids=[text[:60] for text in MISTAKES])
def test_every_mistake_of_a_filter_is_told_at_once_with_its_place(tmp_path: Path, written: str) -> None:
    assert problems(tmp_path, written) == MISTAKES[written]


#: What is written, and how it is told.
WORDS = {
    "{column: state, is: CA}": "state is CA",
    "{column: zip, is: [02134, '']}": "zip is 02134 or empty",
    "{column: company, contains: dental}": "company contains dental",
    "{column: zip, begins_with: 94}": "zip begins with 94",
    "{column: email, ends_with: .test}": "email ends with .test",
    "{column: age, more_than: 18}": "age is more than 18",
    "{column: age, at_most: 65.5}": "age is at most 65.5",
    "{column: since, between: [2026-01-01, 2026-06-30]}": "since is between 2026-01-01 and 2026-06-30",
    "{column: plan, empty: true}": "plan is empty",
    "{column: plan, empty: false}": "plan is not empty",
    "{not: {column: state, is: CA}}": "not (state is CA)",
    "{any: [{column: a, is: b}, {all: [{column: c, is: d}, {column: e, is: f}]}]}": "a is b or (c is d and e is f)",
}


@pytest.mark.parametrize("written", WORDS)
def test_a_condition_is_told_in_a_few_words_and_comes_back_from_sql_as_it_was(tmp_path: Path, written: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(AROUND.replace("FILTER", written), encoding="utf-8")
    config = examine(file, {}).config
    assert config is not None
    campaign = config.campaigns["survey"]
    assert campaign.filter is not None
    assert told(campaign.filter) == WORDS[written]
    assert Campaign.model_validate(as_json(campaign)) == campaign


def test_a_filter_is_taken_apart_into_what_must_hold_and_what_must_not() -> None:
    a, b, c = ({"column": name, "is": "x"} for name in "abc")
    both = Condition.model_validate({"all": [a, {"not": {"any": [b, {"not": c}]}}]})
    assert [(told(one), holds) for one, holds in demands(both)] == [
        ("a is x", True),
        ("b is x", False),
        ("c is x", True),
    ]
    either = Condition.model_validate({"not": {"all": [a, b]}})
    assert [(told(one), holds) for one, holds in demands(either)] == [("a is x and b is x", False)]
