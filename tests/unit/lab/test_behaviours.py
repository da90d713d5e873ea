"""The table of behaviours holds together: numbers, shares, documentation."""

import random
import re
from collections import Counter
from pathlib import Path

import phonenumbers
import pytest

from ami_dialer.lab.behaviours import (
    BEHAVIOURS,
    BY_NAME,
    MIXED,
    MIXED_AREA,
    behaviour_of,
    mixed_numbers,
    numbers_conf,
)

pytestmark = pytest.mark.unit


def test_every_behaviour_has_a_name_and_an_area_code_of_its_own():
    areas = [behaviour.area for behaviour in BEHAVIOURS] + [MIXED_AREA]
    assert len(set(areas)) == len(areas)
    assert len(BY_NAME) == len(BEHAVIOURS)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda b: b.name)
def test_numbers_are_valid_and_lead_back_to_their_behaviour(behaviour):
    for line in (0, 1, 4711, 9999):
        number = behaviour.number(line)
        assert phonenumbers.is_valid_number(phonenumbers.parse(number))
        assert behaviour_of(number) is behaviour


def test_mixed_numbers_are_valid_and_all_on_eastern_time_like_the_others():
    from phonenumbers import timezone

    for number in [*mixed_numbers(3), *(behaviour.number(5) for behaviour in BEHAVIOURS)]:
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_valid_number(parsed)
        assert timezone.time_zones_for_number(parsed) == ("America/New_York",), number


@pytest.mark.parametrize("number", ["+12015540000", "+442015550000", "+1201555000", "+1201555000x", "+19995550000", ""])
def test_other_numbers_are_none_of_the_lab(number):
    with pytest.raises(KeyError):
        behaviour_of(number)


@pytest.mark.parametrize("line", [-1, 10_000])
def test_a_line_has_four_digits(line):
    with pytest.raises(ValueError, match="0 and 9999"):
        BEHAVIOURS[0].number(line)


def test_shares_add_up_and_are_kept_over_many_numbers_for_any_seed():
    assert sum(share for _, share in MIXED) == 100
    for seed in (1, 2, random.Random(3).randrange(10_000)):
        drawn = Counter(behaviour_of(number, seed).name for number in mixed_numbers(10_000))
        for name, share in MIXED:
            assert abs(drawn[name] / 100 - share) < 1.5, (seed, name)


def test_a_mixed_number_keeps_its_behaviour_until_the_seed_changes():
    numbers = mixed_numbers(200)
    first = [behaviour_of(number, 1).name for number in numbers]
    assert first == [behaviour_of(number, 1).name for number in numbers]
    assert first != [behaviour_of(number, 2).name for number in numbers]


def test_answers_of_a_person_go_on_with_the_last_one():
    person = BY_NAME["presses-1-then-2"]
    assert [person.answer(question) for question in range(4)] == ["1", "2", "2", "2"]
    assert BY_NAME["answers-1s"].answer(0) == ""


def test_a_person_may_press_the_end_of_their_number():
    person = BY_NAME["presses-2-then-line"]
    assert [person.answer(question, person.number(930)) for question in range(3)] == ["2", "0930", "0930"]


def test_each_behaviour_calls_a_subroutine_that_the_world_has():
    lines = list(numbers_conf())
    template = Path("ami_dialer/lab/templates/world/extensions.conf").read_text(encoding="utf-8")
    called = {match[1] for line in lines if (match := re.search(r"Gosub\(([a-z-]+),s,1", line))}
    assert called
    assert called <= set(re.findall(r"(?m)^\[([a-z-]+)\]", template))


def test_the_documentation_has_the_table_as_it_is():
    from ami_dialer.lab.behaviours import as_markdown

    assert as_markdown() in Path("docs/lab.md").read_text(encoding="utf-8")
