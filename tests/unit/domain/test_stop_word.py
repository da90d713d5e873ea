"""Texts that revoke consent."""

import pytest

from ami_dialer.domain.stop_word import STOP_WORDS, stop_word

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("word", STOP_WORDS)
def test_the_words_of_the_law_revoke_in_any_case(word):
    for text in (word, word.upper(), f" {word.title()}! ", f"\n{word}."):
        assert stop_word(text) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("OPTOUT", "opt out"),
        ("Opt-Out", "opt out"),
        ("STOPALL", "stop"),
        ("Stop all", "stop"),
        ("please stop calling me, thank you", "stop"),
        ("S T O P", "stop"),
    ],
)
def test_other_spellings_are_understood(text, word):
    assert stop_word(text) == word


@pytest.mark.parametrize("text", ["", "  ", "all", "Yes", "at the end of the month", "don't stop", "stopover", "1"])
def test_what_says_another_thing_is_left_to_a_person(text):
    assert stop_word(text) is None
