"""What results mean, and how a campaign's set is laid over what the system knows."""

import pytest

from ami_dialer.config.dispositions import DispositionMeaning, laid_over
from ami_dialer.config.retry import RetryRule
from ami_dialer.domain.ending import Disposition
from ami_dialer.domain.meaning import DEFAULT, SYSTEM, Meaning

pytestmark = pytest.mark.unit


def test_each_disposition_of_the_system_means_something():
    assert set(SYSTEM) == {disposition.value for disposition in Disposition}
    assert all(title == meaning.title for title, meaning in DEFAULT.by_title.items())


def test_whoever_completes_the_flow_is_a_success_and_whoever_opts_out_is_never_called_again():
    assert SYSTEM["Completed"] == Meaning("Completed", qualified=True, contacted=True, final=True)
    assert SYSTEM["Opted Out"].do_not_call
    assert SYSTEM["Opted Out"].over
    assert not any(SYSTEM[title].contacted for title in ("Busy", "No Answer", "Answering Machine", "Failed"))


def test_the_agents_standard_results_are_known_without_a_set():
    assert {"Unresolved", "Requires Supervisor", "Resolved", "System Generated"} <= set(DEFAULT.by_title)


def test_a_set_is_laid_over_what_the_system_knows_of_the_same_title():
    set_ = laid_over({"Connected": DispositionMeaning(positive=True), "Sale": DispositionMeaning(qualified=True)})
    assert set_.by_title["Connected"] == Meaning("Connected", contacted=True, positive=True)
    assert set_.by_title["Sale"] == Meaning("Sale", qualified=True)
    assert set_.by_title["Busy"] == SYSTEM["Busy"]
    assert list(set_.by_title)[:2] == ["Connected", "Sale"]


def test_a_set_may_take_back_what_the_system_thinks_of_a_title():
    set_ = laid_over(
        {"Completed": DispositionMeaning(qualified=False), "resolved": DispositionMeaning(retry=RetryRule(after=60))}
    )
    assert set_.by_title["Completed"] == Meaning("Completed", contacted=True, final=True)
    assert set_.by_title["Resolved"].retry == (60, 3)
    assert not set_.by_title["Resolved"].final


def test_the_outcome_goes_before_the_disposition_of_the_system():
    set_ = laid_over({"Sale": DispositionMeaning(positive=True)})
    assert set_.effective("Sale", Disposition.CONNECTED) == Meaning("Sale", positive=True)
    assert set_.effective(None, Disposition.CONNECTED) == SYSTEM["Connected"]
    assert set_.effective("Sale", None) == Meaning("Sale", positive=True)
    assert set_.effective(None, None) is None


def test_a_title_that_the_set_no_longer_holds_means_nothing_but_itself():
    assert DEFAULT.effective("Sale", Disposition.COMPLETED) == Meaning("Sale")


def test_titles_are_found_whatever_their_case_and_by_key_and_near_ones_are_named():
    set_ = laid_over({"Not Interested": DispositionMeaning(key="3")})
    assert set_.get("not interested") == set_.by_key("3")
    assert set_.get("nobody") is None
    assert set_.like("Not Intrested") == "; did you mean 'Not Interested'?"
    assert set_.like("xyz").startswith("; known: Not Interested, Completed")
