"""A month of fifty campaigns is played in seconds; each call comes when an independent reckoning says, and no other."""

import logging
import os
from datetime import timedelta

import pytest
import structlog

from ami_dialer.store.database import Database
from tests.engine.month.expected import calls
from tests.engine.month.plan import make
from tests.engine.month.playing import Play

pytestmark = [pytest.mark.journey, pytest.mark.long]

#: MONTH_SEED plays another one.
SEED = int(os.environ.get("MONTH_SEED", "1"))
#: Events come in the same moment on the clock that stands still; commits and jobs move it by microseconds.
AT_MOST_LATE = timedelta(seconds=2)


@pytest.fixture
def quiet(plain_log):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.mark.timeout(300)
async def test_each_call_of_a_month_comes_when_it_should_and_no_other(sqlite_settings, tmp_path, quiet):
    month = make(SEED)
    database = Database(sqlite_settings)
    play = Play(month, database, tmp_path)
    try:
        await play.begin()
        await play.play()
        called = await play.called()
        await play.end()
    finally:
        await database.close()
    expected = calls(month)
    assert len(expected) > 800
    assert {call.fate for call in expected} == {"busy", "no_answer", "machine", "completed", "callback"}
    wanted = {(call.campaign, call.start, call.number, call.ordinal): call for call in expected}
    made = {(call.campaign, call.start, call.number, call.ordinal): call for call in called}
    missing = [wanted[key] for key in sorted(wanted.keys() - made.keys())]
    unwanted = [made[key] for key in sorted(made.keys() - wanted.keys())]
    otherwise = [
        (made[key], call)
        for key, call in wanted.items()
        if key in made and (made[key].fate != call.fate or not timedelta(0) <= made[key].at - call.at <= AT_MOST_LATE)
    ]
    assert len(called) == len(made), "a call was made twice"
    wrong = [*missing, *unwanted, *otherwise]
    assert not wrong, (
        f"of {len(expected)} calls {len(missing)} are missing, {len(unwanted)} should not be, "
        f"{len(otherwise)} came at another time; the first ones:\n"
        f"missing {missing[:3]}\nunwanted {unwanted[:3]}\notherwise {otherwise[:3]}"
    )
