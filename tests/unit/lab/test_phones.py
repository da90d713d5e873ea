"""The table of phones holds together: plans, dialplan, documentation."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ami_dialer.lab.phones import BYE, PHONES, Plan, Press, as_markdown, pjsip_conf, plans_conf

pytestmark = pytest.mark.unit


def test_every_phone_has_a_name_and_an_agent_of_its_own():
    assert len({phone.name for phone in PHONES}) == len({phone.agent for phone in PHONES}) == len(PHONES) == 20
    assert all(phone.plan.login[0] == f"{phone.agent}#" for phone in PHONES)


@pytest.mark.parametrize("phone", PHONES, ids=lambda phone: phone.name)
def test_a_plan_is_written_in_what_the_dialplan_takes_apart(phone):
    plan = phone.plan
    keys = [*plan.login, *plan.preview, *plan.results, *(press.keys for press in plan.in_call)]
    keys += plan.after[1] if plan.after else ()
    assert [one for one in keys if not re.fullmatch(r"[0-9*#wR]*|bye", one)] == []
    assert all(press.after >= 1 for press in plan.in_call)


def test_a_plan_becomes_variables_of_the_dialplan():
    plan = Plan(
        login=("101#", "2580#"),
        answers=None,
        preview=("1", "2"),
        in_call=(Press(1, "*1"), Press(2, BYE), Press(3, "*0", over=True)),
        results=("1", "", "3"),
        after=(2, ("*", "1")),
    )
    assert plan.variables("07") == {
        "P07_LOGIN": "101#-2580#",
        "P07_ANSWERS": "never",
        "P07_PREVIEW": "1-2",
        "P07_IN_CALL": "1:*1-2:bye-3:*0:over",
        "P07_RESULTS": "1--3",
        "P07_AFTER": "2:*-1",
    }
    assert replace(plan, after=None).variables("07")["P07_AFTER"] == ""


def test_the_result_goes_by_the_end_of_the_contacts_number():
    plan = Plan(results=("1", "2", "3"))
    assert [plan.result(f"+1561555{line}") for line in ("0000", "0001", "0008", "0300")] == ["1", "2", "3", "1"]


def test_each_phone_is_in_the_dialplan_and_an_endpoint_of_the_pbx():
    plans, endpoints = list(plans_conf()), list(pjsip_conf(15_062))
    for phone in PHONES:
        assert plans.count(f"exten => {phone.name},1,Set(PHONE={phone.phone})") == 2
        assert f"[{phone.name}](phone)" in endpoints
        assert f"contact = sip:{phone.name}@127.0.0.1:15062" in endpoints


def test_the_documentation_has_the_table_of_phones_as_it_is():
    assert as_markdown() in Path("docs/lab.md").read_text(encoding="utf-8")
