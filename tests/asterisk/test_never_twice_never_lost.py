"""Killed, stopped, cut off from Asterisk: nobody is called twice for one attempt, nobody is forgotten.

The world's own log says how often each number was called; the dialer's word is not taken for it.
"""

import os
import random
import signal
import time
from collections import Counter

import pytest

from ami_dialer.lab import BY_NAME
from tests.asterisk.dialer import Dialer, line

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]


@pytest.fixture
def dialer(tmp_path, world):
    made = []

    def build(people, **changes):
        made.append(Dialer(tmp_path, world, people, **changes))
        return made[-1]

    yield build
    for one in made:
        one.close()


def people(**counts):
    return [BY_NAME[name.replace("_", "-")].number(line()) for name, count in counts.items() for _ in range(count)]


def nobody_twice_nobody_lost(dialer, contacts):
    assert dialer.count("SELECT count(*) FROM enrolments WHERE state = 'done'") == contacts
    assert dialer.count("SELECT count(*) FROM attempts WHERE end_reason IS NULL") == 0
    made = Counter(number for (number,) in dialer.rows("SELECT number FROM attempts WHERE end_reason != 'cancelled'"))
    for number, calls in dialer.received().items():
        assert calls <= made[number], f"{number} was called {calls} times in {made[number]} attempts"


def test_killed_at_any_moment_and_started_again(dialer):
    chance = random.Random(7)
    it = dialer(people(presses_1=12, busy=6, hangs_up_at_once=3, unallocated=3), max_calls=6)
    for _ in range(6):
        it.start()
        it.until(lambda: it.process.poll() is not None or it.count("SELECT count(*) FROM attempts"))
        time.sleep(chance.uniform(0.2, 2.5))
        it.end(signal.SIGKILL)
    it.start()
    assert it.wait() == 0
    nobody_twice_nobody_lost(it, 24)
    assert "Traceback" not in it.log


def test_sigterm_lets_calls_finish_and_the_rest_waits_for_the_next_start(dialer):
    it = dialer(people(presses_1=8), max_calls=3)
    it.start()
    it.until(lambda: it.count("SELECT count(*) FROM attempts WHERE state = 'in_flow'"))
    assert it.end(signal.SIGTERM) == 0
    assert it.count("SELECT count(*) FROM attempts WHERE state != 'ended'") == 0
    assert it.count("SELECT count(*) FROM enrolments WHERE state = 'claimed'") == 0
    assert it.count("SELECT count(*) FROM enrolments WHERE state = 'waiting'") >= 1
    first = it.count("SELECT count(*) FROM attempts WHERE end_reason = 'completed'")
    assert first >= 1
    it.start()
    assert it.wait() == 0
    assert it.rows("SELECT end_reason, count(*) FROM attempts GROUP BY 1") == [("completed", 8)]
    assert set(it.received().values()) == {1}


def test_calls_that_outlast_the_grace_time_are_hung_up(dialer, world):
    it = dialer(people(answers_1s=2), grace="500ms", prompt="This is a long question. " * 12)
    it.start()
    it.until(lambda: it.count("SELECT count(*) FROM attempts WHERE state = 'in_flow'") == 2)
    assert it.end(signal.SIGTERM) == 0
    assert it.rows("SELECT DISTINCT end_reason, detail FROM attempts") == [
        ("flow_failed", "hung up because the dialer was stopped")
    ]
    assert world.channels() == []


def test_asterisk_killed_in_the_middle_and_started_again(dialer, world):
    from ami_dialer.lab import up

    it = dialer(people(presses_1=5, busy=2), max_calls=4)
    it.start()
    it.until(lambda: it.count("SELECT count(*) FROM attempts WHERE state = 'in_flow'"))
    world.pbx.stop()
    it.until(lambda: "ami_link_lost" in it.log or "ami_link_failed" in it.log)
    up(world.settings)
    assert it.wait() == 0
    nobody_twice_nobody_lost(it, 7)
    assert "Traceback" not in it.log


def test_a_call_that_ends_with_asterisk_is_lost_and_not_taken_for_hung_up(dialer, world):
    from ami_dialer.lab import up

    it = dialer(people(presses_1=1), prompt="This is a long question. " * 12)
    it.start()
    it.until(lambda: it.count("SELECT count(*) FROM attempts WHERE state = 'in_flow'"))
    os.kill(world.pbx.pid() or 0, signal.SIGKILL)
    up(world.settings)
    assert it.wait() == 0
    first, *others = it.rows("SELECT end_reason, detail FROM attempts ORDER BY id")
    assert first == ("lost", "the dialer was not connected to Asterisk when the call ended")
    assert others == [("completed", None)]
    assert set(it.received().values()) == {2}


def test_asterisk_down_at_the_start_is_waited_for(dialer, world):
    from ami_dialer.lab import up

    world.pbx.stop()
    it = dialer(people(presses_1=2))
    try:
        it.start()
        it.until(lambda: "ami_link_failed" in it.log)
        assert it.process.poll() is None
        assert it.count("SELECT count(*) FROM attempts") == 0
    finally:
        up(world.settings)
    assert it.wait() == 0
    # An Asterisk that still loads its modules may refuse calls at first, which reach nobody and cost no try.
    called = "SELECT end_reason, count(*) FROM attempts WHERE end_reason != 'cancelled' GROUP BY 1"
    assert it.rows(called) == [("completed", 2)]


def test_through_the_routes_of_the_pbx_it_ends_the_same(dialer):
    it = dialer(
        people(presses_1=1, busy=1, unallocated=1, congestion=1, declined=1, no_answer=1, machine_long=1, fax=1),
        trunk="routes",
        amd="true",
    )
    it.start()
    assert it.wait() == 0
    ends = {number[2:5]: end for number, end in it.rows("SELECT number, end_reason FROM attempts")}
    expected = {
        BY_NAME[name].area: str(BY_NAME[name].ends)
        for name in ("presses-1", "busy", "unallocated", "congestion", "declined", "no-answer", "machine-long", "fax")
    }
    assert ends == expected
