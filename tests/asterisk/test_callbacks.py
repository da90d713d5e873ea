"""A person asks in a call to be called back, and the flow gives the call a result: on a real Asterisk."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ami_dialer.adapters.speech import TtsSpeech
from ami_dialer.config.schema import Speech
from ami_dialer.lab import BY_NAME
from tests.asterisk.dialer import Dialer

pytestmark = pytest.mark.asterisk

#: Presses 2, then the end of the number: half past two.
PERSON = BY_NAME["presses-2-then-line"].number(1430)
CONFIRM = "Thank you. We will call you {{callback_day}} at {{callback_time}}."
CALLBACK = """\
        - branch: {answer: happy, when: {2: later}}
      later:
        - callback:
            prompt: Please enter the time at which we may call you again, as four digits.
            confirm: %s
        - disposition: Wants a Call
        - hangup
disposition_sets: {sales: {Wants a Call: {contacted: true}}}
campaigns:
"""
WAITING = "SELECT count(*) FROM callbacks JOIN enrolments USING (contact_id) WHERE rank = 0"


def when(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spoken(world, text):
    """Where Asterisk finds this text once it was spoken."""
    return asyncio.run(TtsSpeech(Speech(directory=world.settings.home / "sounds")).sound_for(text, "en-us"))


def test_who_enters_a_time_hears_it_confirmed_and_waits_for_it(tmp_path, world):
    made = Dialer(tmp_path, world, [PERSON])
    config = tmp_path / "config.yaml"
    text = config.read_text(encoding="utf-8").replace("campaigns:\n", CALLBACK % CONFIRM)
    config.write_text(
        text.replace("    flow: survey\n", "    flow: survey\n    dispositions: sales\n"), encoding="utf-8"
    )
    try:
        made.start()
        made.until(lambda: made.count("SELECT count(*) FROM attempts WHERE state = 'ended'"))
        made.until(lambda: made.count(WAITING))
        assert made.end() == 0, made.log
        assert made.rows("SELECT end_reason, outcome FROM attempts") == [("completed", "Wants a Call")]
        [(state, source, at, asked)] = made.rows("SELECT state, source, at, created_at FROM callbacks")
        assert (state, source) == ("waiting", "flow")
        there = when(at).astimezone(ZoneInfo("America/New_York"))
        assert f"{there:%H:%M}" == "14:30"
        assert timedelta() < when(at) - when(asked) <= timedelta(hours=25)
        assert made.rows("SELECT state, due_at FROM enrolments") == [("waiting", at)]
        day = "today" if there.date() == when(asked).astimezone(there.tzinfo).date() else "tomorrow"
        told = CONFIRM.replace("{{callback_day}}", day).replace("{{callback_time}}", "14:30")
        log = (world.settings.home / "pbx" / "log" / "full").read_text(encoding="utf-8", errors="replace")
        assert f"Playing '{spoken(world, told)}" in log
    finally:
        made.close()
