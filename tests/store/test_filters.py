"""Filters as SQL: on both databases they say what a plain reading of them says."""

import operator
import re
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from ami_dialer.config.filter import Condition, columns_of, demands, told
from ami_dialer.store import filters
from ami_dialer.store.tables import contacts, regions

pytestmark = pytest.mark.store

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
NAMES = ["state", "city", "age", "since", "a.b", 'say "hi"', "Größe", "back\\slash", "$", "[0]", "o'clock", "%_"]
COLUMNS = [*NAMES, "phone", "priority", "time_zone", "country", "label", "nobody has this"]
WORDS = [
    "",
    " ",
    "CA",
    "ca",
    "cAlifornia",
    "50%",
    "5_0",
    "O'Brien",
    "ÄRGER",
    "ärger",
    "Ñandú",
    "/",
    "\\",
    "true",
    "null",
]
NUMBERS = ["0", "7", "-3", "+4", "18", "18.0", "18.50", "1e3", "0x1f", "007", "1" * 16, "12 ", "3.", ".5", "١٨"]
DATES = ["2026-01-31", "2026-02-01", "2026-02-01 10:00", "2026-2-1", "x2026-01-31"]
TEXT = st.sampled_from(WORDS + NUMBERS + DATES) | st.text(
    alphabet=st.characters(blacklist_characters="\0İΣ", max_codepoint=0x24F), max_size=6
)
BOUND = st.sampled_from(["-3", "0", "7", "18", "18.5", "1000", "2026-01-31", "2026-02-01"])
SOMETHING = TEXT.filter(bool)


def ordered(pair):
    dates = [bool(re.match(r"\d{4}-", one)) for one in pair]
    return dates[0] == dates[1] and (pair[0] <= pair[1] if dates[0] else float(pair[0]) <= float(pair[1]))


OPERATORS = st.one_of(
    st.fixed_dictionaries({"is": st.lists(TEXT, min_size=1, max_size=3)}),
    *(st.fixed_dictionaries({key: SOMETHING}) for key in ("contains", "begins_with", "ends_with")),
    *(st.fixed_dictionaries({key: BOUND}) for key in ("more_than", "at_least", "less_than", "at_most")),
    st.fixed_dictionaries({"between": st.tuples(BOUND, BOUND).filter(ordered).map(list)}),
    st.fixed_dictionaries({"empty": st.booleans()}),
)
LEAF = st.tuples(st.sampled_from(COLUMNS), OPERATORS).map(lambda pair: {"column": pair[0], **pair[1]})
FILTER = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=6,
)
CONTACT = st.fixed_dictionaries(
    {
        "fields": st.dictionaries(st.sampled_from(NAMES + ["priority", "country", "label"]), TEXT),
        "priority": st.integers(0, 100),
        "label": st.sampled_from([None, "mobile"]),
        "time_zone": st.sampled_from([None, "America/Phoenix"]),
        "region_id": st.sampled_from([None, 1, 2]),
    }
)
REGIONS = {1: ("US", "CA"), 2: ("DE", "")}


def plain_value(contact, column):
    if column == "phone":
        return contact["number"]
    country, state = REGIONS.get(contact["region_id"], (None, None))
    built_in = {**contact, "country": country, "state": state, "priority": str(contact["priority"])}.get(column)
    return contact["fields"].get(column, built_in if column in COLUMNS[-6:] + ["state"] and built_in else "")


def plain_order(value, bound, fits):
    if re.match(r"\d{4}-", bound):
        found = re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)
        return found is not None and fits(found[0], bound)
    return re.fullmatch(r"[+-]?[0-9]{1,15}([.][0-9]{1,15})?", value) is not None and fits(float(value), float(bound))


TEXT_TESTS = {
    "is": lambda low, operand: low in [text.lower() for text in operand],
    "contains": lambda low, operand: operand.lower() in low,
    "begins_with": lambda low, operand: low.startswith(operand.lower()),
    "ends_with": lambda low, operand: low.endswith(operand.lower()),
    "empty": lambda low, operand: (not low.strip(" ")) is operand,
}
ORDER_TESTS = {"more_than": operator.gt, "at_least": operator.ge, "less_than": operator.lt, "at_most": operator.le}


def plain(contact, written):
    [(key, operand)] = [(key, operand) for key, operand in written.items() if key != "column"]
    if key in ("all", "any"):
        return {"all": all, "any": any}[key](plain(contact, part) for part in operand)
    if key == "not":
        return not plain(contact, operand)
    value = plain_value(contact, written["column"])
    if key in TEXT_TESTS:
        return TEXT_TESTS[key](value.lower(), operand)
    if key == "between":
        return plain_order(value, operand[0], operator.ge) and plain_order(value, operand[1], operator.le)
    return plain_order(value, operand, ORDER_TESTS[key])


async def judged(database, people, condition):
    """What SQL says of each contact: whether the filter lets it through, and what kept it out."""
    async with database.reading() as connection:
        rows = [{"id": key, "country": c, "state": s, "zones": ""} for key, (c, s) in REGIONS.items()]
        await connection.execute(insert(regions), rows)
        await connection.execute(
            insert(contacts),
            [{"id": key, "created_at": NOW, **contact} for key, contact in enumerate(people, 1)],
        )
        query = select(filters.holds(condition), filters.kept_out_by(condition)).order_by(contacts.c.id)
        found = [(bool(holds), by) for holds, by in await connection.execute(query)]
        await connection.rollback()
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(CONTACT, min_size=1, max_size=8), written=FILTER)
async def test_sql_says_of_any_contact_what_the_filter_says(database, people, written):
    condition = Condition.model_validate(written)
    for index, contact in enumerate(people):
        contact["number"] = f"+1212555{index:04d}"
    found = await judged(database, people, condition)
    assert [holds for holds, _ in found] == [plain(contact, written) for contact in people]
    assert [by is None for _, by in found] == [holds for holds, _ in found]


async def test_the_first_condition_that_is_not_met_is_named(database):
    condition = Condition.model_validate(
        {
            "all": [
                {"column": "state", "is": "CA"},
                {"not": {"any": [{"column": "plan", "is": "free"}, {"column": "plan", "empty": True}]}},
            ]
        }
    )
    fields = [
        {"state": "ca", "plan": "gold"},
        {"state": "NY", "plan": "free"},
        {"state": "CA", "plan": "Free"},
        {"state": "CA"},
    ]
    people = [
        {"number": f"+1{index}", "fields": each, "priority": 0, "label": None, "time_zone": None, "region_id": None}
        for index, each in enumerate(fields)
    ]
    assert [by for _, by in await judged(database, people, condition)] == [
        None,
        "state is CA",
        "not (plan is free)",
        "not (plan is empty)",
    ]
    assert columns_of(condition) == ["state", "plan"]
    assert [told(part) for part, _ in demands(condition)] == ["state is CA", "plan is free", "plan is empty"]


async def test_what_is_written_in_a_filter_is_never_part_of_the_sql(database):
    nasty = "x') OR 1=1; DROP TABLE contacts; --"
    condition = Condition.model_validate(
        {"any": [{"column": nasty, "is": nasty}, {"column": "état" + nasty, "contains": nasty}]}
    )
    query = select(contacts.c.id).where(filters.holds(condition))
    engine = database._reader.sync_engine
    assert "DROP" not in str(query.compile(engine))
    async with database.reading() as connection:
        assert list(await connection.scalars(query)) == []
