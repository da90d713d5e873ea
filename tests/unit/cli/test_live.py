import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ami_dialer.cli.live import draw
from ami_dialer.cli.watch import Look, RunLook, ServerLook

pytestmark = pytest.mark.unit

RUN = RunLook(
    campaign="survey",
    run=3,
    going_on=True,
    contacts=60,
    done=25,
    excluded=2,
    calls={"ringing": 2, "in_flow": 1},
    attempts=40,
    answered=18,
    dispositions={"Completed": 12, "Busy": 6},
    calls_per_minute=34,
    why="campaign survey has its 3 calls at once",
)
SERVER = ServerLook("pbx", None, 3, 50)


def frame(width: int = 100, height: int = 30, lines: tuple[str, ...] = (), **changes: Any) -> list[str]:
    look = Look(
        **{
            "runs": (RUN,),
            "servers": (SERVER,),
            "calls": 3,
            "seconds": 61.0,
            "database_trouble": None,
            **changes,
        }
    )
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False, color_system=None)
    file = Path("/var/log/ami-dialer.log")
    with console.capture() as captured:
        console.print(draw(console, look, "ami-dialer  0:01:01  3 calls now", list(lines), file))
    return captured.get().splitlines()


def test_a_run_shows_progress_calls_rate_outcomes_and_why_nothing_starts() -> None:
    text = "\n".join(frame())
    assert "survey  run 3" in text
    assert "27/60 contacts   45 %" in text
    assert "calls now      3: 2 ringing, 1 in the flow" in text
    assert "34 calls in the last minute, 40 ended, 45 % answered" in text
    assert "Completed 12, Busy 6; 2 contacts excluded" in text
    assert "next call      campaign survey has its 3 calls at once" in text
    assert "● pbx  3 of 50 calls, connected" in text


def test_a_server_in_trouble_says_why() -> None:
    text = "\n".join(frame(servers=(ServerLook("pbx", "nothing listens", 0, 50),)))
    assert "○ pbx  0 of 50 calls, nothing listens" in text


def test_a_database_in_trouble_stands_on_top() -> None:
    assert frame(database_trouble="the disk is full")[2] == "database: the disk is full"


def test_without_a_run_it_says_how_to_start_one() -> None:
    assert "ami-dialer campaign start NAME" in "\n".join(frame(runs=()))


def test_contacts_that_were_not_counted_yet_do_not_break_the_bar() -> None:
    run = RunLook(**{name: getattr(RUN, name) for name in RunLook.__slots__} | {"contacts": None, "attempts": 0})
    assert "counting" in "\n".join(frame(runs=(run,)))


@pytest.mark.parametrize(("width", "height"), [(40, 12), (20, 5), (200, 60), (10, 3)])
def test_no_line_is_wider_and_the_log_never_makes_it_higher_than_the_terminal(width: int, height: int) -> None:
    lines = tuple(f"07:40:0{n % 10} attempt ended  attempt=amid-1a2023327a0-59eb65b3bb number {n}" for n in range(50))
    drawn = frame(width, height, lines)
    assert all(len(line) <= width for line in drawn)
    assert len(drawn) <= max(height - 1, len(frame(width, height)))


def test_the_newest_log_lines_are_shown() -> None:
    lines = tuple(f"07:40:00 line {n}" for n in range(50))
    drawn = frame(lines=lines)
    assert drawn[-1].strip() == "07:40:00 line 49"
    assert "log, whole in /var/log/ami-dialer.log" in "\n".join(drawn)
