"""The verb callback: a time entered by keypad, on the clock of whoever is called."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from ami_dialer.config.flow import Flow
from ami_dialer.domain.ending import EndReason
from ami_dialer.flows import callback_time
from ami_dialer.flows.interpreter import run_flow
from tests.fakes.host import MemoryHost
from tests.fakes.leg import NOTHING, FakeLeg

pytestmark = pytest.mark.unit

#: Ten in the morning in New York.
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
NEW_YORK = ("America/New_York",)
VERB = {
    "prompt": {"play": "when"},
    "invalid": {"play": "invalid"},
    "confirm": "Until {{callback_day}} at {{callback_time}}.",
    "outside": {"play": "later"},
    "retries": 1,
    "otherwise": "bye",
}


@pytest.mark.parametrize(
    ("digits", "form", "wanted"),
    [
        ("1430", "24h", datetime(2026, 3, 2, 19, 30, tzinfo=UTC)),
        ("930", "24h", datetime(2026, 3, 3, 14, 30, tzinfo=UTC)),  # it is over today
        ("02302", "12h", datetime(2026, 3, 2, 19, 30, tzinfo=UTC)),
        ("12001", "12h", datetime(2026, 3, 3, 5, 0, tzinfo=UTC)),
        ("12002", "12h", datetime(2026, 3, 2, 17, 0, tzinfo=UTC)),
        *[(digits, "24h", None) for digits in ("", "14", "2400", "1260", "14*0", "14305")],
        *[(digits, "12h", None) for digits in ("0230", "02303", "13001", "00301")],
    ],
)
def test_a_time_is_today_if_it_is_still_to_come_and_else_tomorrow(digits, form, wanted):
    assert callback_time.entered(digits, NOW, NEW_YORK, form) == wanted


def test_where_the_zone_is_not_known_nobody_is_called_too_early():
    zones = ("America/New_York", "America/Los_Angeles")
    at = callback_time.entered("1430", NOW, zones, "24h")
    assert at == datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    assert callback_time.told(at, NOW, zones, "12h") == {"callback_day": "today", "callback_time": "2:30 PM"}


async def played(verb, presses, host):
    leg = FakeLeg(presses)
    steps = {"start": [{"callback": verb}, {"play": "thanks"}], "bye": [{"play": "bye"}]}
    result = await run_flow(Flow(steps=steps), leg, host, "closing")
    return result.end, leg.heard


async def test_a_time_is_entered_at_the_second_try_and_confirmed():
    host = MemoryHost()
    end, heard = await played(VERB, [NOTHING, "2", "5", "6", "1", NOTHING, "1", "4", "3", "0"], host)
    assert (end, heard) == (
        EndReason.COMPLETED,
        ["when", "invalid", "when", "house:Until today at 14:30.", "thanks"],
    )
    assert host.answers == [("callback", "2561", False, 1), ("callback", "1430", True, 2)]
    assert host.callbacks == [datetime(2026, 3, 2, 19, 30, tzinfo=UTC)]


async def test_a_time_at_which_no_call_is_lawful_is_moved_and_said_so():
    host = MemoryHost()
    host.moved_by = timedelta(hours=18)
    _, heard = await played({"in": "2h", "outside": {"play": "later"}, "confirm": VERB["confirm"]}, [], host)
    [wanted] = host.callbacks
    at = (wanted + host.moved_by).astimezone(callback_time.ZoneInfo(*NEW_YORK))
    assert heard == ["later", f"house:Until tomorrow at {at:%H:%M}.", "thanks"]


async def test_who_enters_no_time_or_cannot_be_called_goes_elsewhere():
    assert await played(VERB, [], MemoryHost()) == (EndReason.NO_INPUT, ["when", "when", "bye"])
    host = MemoryHost()
    host.moved_by = None
    assert await played(VERB, [NOTHING, "1", "4", "3", "0"], host) == (EndReason.COMPLETED, ["when", "bye"])


def test_a_time_is_asked_for_or_written():
    for broken in ({}, {"prompt": "When?", "in": "2h"}):
        with pytest.raises(ValidationError, match="needs either prompt"):
            Flow(steps={"start": [{"callback": broken}]})
