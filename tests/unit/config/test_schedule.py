"""A schedule as it is written: mistakes with their place and mend, and what is probably not meant."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.campaign_document import from_file, with_settings
from ami_dialer.config.plans import plan_of, schedule_advice
from ami_dialer.config.schedule import CampaignSchedule
from ami_dialer.domain.errors import ConfigError
from tests.store.world import config

pytestmark = pytest.mark.unit

DOCUMENT = {"lists": ["people"], "trunks": ["carrier"], "flow": "survey"}
KNOWN = {"list": ["people"], "trunk": ["carrier"], "flow": ["survey"]}


def written(**keys: str) -> CampaignSchedule:
    return CampaignSchedule.model_validate(keys)


@pytest.mark.parametrize("text", ["2026-12-01 09:00", "2026-12-01 9:00", "2026-12-01T09:00", "2026-12-01 09:00:00"])
def test_a_time_is_taken_as_people_write_it(text):
    assert written(start=text).start == "2026-12-01 09:00:00"
    assert written(start=written(start=text).start).start == "2026-12-01 09:00:00"


def test_until_may_be_a_day():
    assert written(start="2026-12-01 09:00", every="day", until="2026-12-24").until == "2026-12-24 23:59:59"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"start": "2026-12-01"}, "has no time of day"),
        ({"start": "tomorrow"}, "is no day and time"),
        ({"start": "2026-02-30 09:00"}, "write it like 2026-12-01 09:00"),
        ({"start": "2026-12-01 09:00", "end": "2026-12-01 08:00"}, "is not after `start`"),
        ({"start": "2026-12-01 09:00", "every": "day", "until": "2026-11-01"}, "is before `start`"),
        ({"start": "2026-12-01 09:00", "until": "2026-12-09"}, "ends a recurrence, and there is none"),
        ({"start": "2026-12-01 09:00", "interval": "2"}, "say which: `every: day`"),
        ({"start": "2026-12-01 09:00", "precedence": "true"}, "needs `end`"),
        ({"start": "2026-12-01 09:00", "zone": "Mars"}, "no time zone is named 'Mars'"),
    ],
)
def test_a_mistake_is_told_with_its_mend(keys, told):
    with pytest.raises(ValidationError, match=told):
        written(**keys)


def test_its_zone_is_that_of_the_contactable_timings_and_else_the_machines():
    schedule = {"start": "2026-12-01 09:00"}
    plain = Campaign.model_validate({**DOCUMENT, "schedule": schedule})
    timed = Campaign.model_validate({**DOCUMENT, "schedule": schedule, "hours": {"zone": "America/Denver"}})
    own = Campaign.model_validate({**DOCUMENT, "schedule": {**schedule, "zone": "Asia/Tokyo"}})
    zones = [plan.zone for campaign in (plain, timed, own) if (plan := plan_of(campaign, "Europe/Berlin"))]
    assert zones == ["Europe/Berlin", "America/Denver", "Asia/Tokyo"]
    assert plan_of(Campaign.model_validate(DOCUMENT), "UTC") is None


def test_a_schedule_that_lies_wholly_in_the_past_is_warned_of():
    past = config(schedule={"start": "2026-03-01 09:00"})
    [(path, text)] = schedule_advice(past, datetime(2026, 3, 2, tzinfo=UTC), "UTC")
    assert (path, text[:25]) == (("campaigns", "survey", "schedule"), "lies wholly in the past a")
    assert list(schedule_advice(past, datetime(2026, 2, 28, tzinfo=UTC), "UTC")) == []


def test_mistakes_of_a_file_have_their_lines(tmp_path):
    file = tmp_path / "doc.yaml"
    file.write_text("lists: [people]\ntrunks: [carier]\nflow: survey\n")
    with pytest.raises(ConfigError, match=r"doc\.yaml:2:10: trunks\[0\]: no trunk is named 'carier'; did you mean"):
        from_file(file, KNOWN, config())
    file.write_text("lists: [people]\ntrunks: [carrier]\nflow: survey\nring: 1h\nschedule: {every: day}\n")
    with pytest.raises(ConfigError, match=r"(?s)doc\.yaml:4:7: ring: .*doc\.yaml:5:1.*: schedule\.start: is missing"):
        from_file(file, KNOWN, config())


def test_settings_are_put_in_key_by_key_and_null_is_the_default():
    found = with_settings(
        {**DOCUMENT, "ring": 20.0},
        ["ring=null", "retry.max_attempts=5", "retry.rules.busy={after: 5m}", "caller_id=+12125550100"],
        KNOWN,
        config(),
    )
    assert (found.ring, found.retry.max_attempts, found.caller_id) == (30.0, 5, "+12125550100")
    with pytest.raises(ConfigError, match=r"(?s)--set ring: write it like.*|--set ring"):
        with_settings(DOCUMENT, ["ring"], KNOWN, config())
    with pytest.raises(ConfigError, match=r"--set foo: unknown key 'foo'"):
        with_settings(DOCUMENT, ["foo=1"], KNOWN, config())
