"""States and time zones that would have a campaign call where or when it was not meant to."""

import pytest
from pydantic import ValidationError

from ami_dialer.config.compliance import Compliance, Hours

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("code", ["US-FK", "CA-FL", "US-AE", "CA-NF"])
def test_a_state_that_does_not_exist_is_no_state_that_could_be_blocked_or_have_hours(code: str) -> None:
    with pytest.raises(ValidationError, match=f"no state or province of {code[:2]} has the code {code[3:]}"):
        Hours.model_validate({"blocked_states": [code]})
    with pytest.raises(ValidationError, match=f"has the code {code[3:]}"):
        Hours.model_validate({"states": {code: "10:00-12:00"}})


@pytest.mark.parametrize("code", ["US-FL", "US-DC", "US-PR", "CA-QC"])
def test_states_territories_and_provinces_are_known(code: str) -> None:
    assert Hours.model_validate({"blocked_states": [code]}).blocked_states == [code]


@pytest.mark.parametrize("name", ["EST", "MST"])
def test_a_zone_without_summer_time_is_not_taken_for_the_place_that_has_it(name: str) -> None:
    for section, key in ((Hours, "zone"), (Compliance, "unknown_zone")):
        with pytest.raises(ValidationError, match=f"'{name}' has no summer time"):
            section.model_validate({key: name})


@pytest.mark.parametrize("name", ["Mars/Phobos", "localtime", "Factory"])
def test_of_a_zone_that_is_near_none_only_one_is_named_as_an_example(name: str) -> None:
    with pytest.raises(ValidationError, match="write one like America/New_York") as raised:
        Hours.model_validate({"zone": name})
    assert len(str(raised.value.errors()[0]["msg"])) < 200
