"""`ami-dialer abandonment`, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.abandonment import AnsweredCall, AnswerOutcome
from ami_dialer.store import abandonment, attempts
from ami_dialer.store.database import Database
from ami_dialer.store.writer import Writer
from tests.store.cli.conftest import Folder
from tests.store.world import attempt_on, campaign, claimed, config

pytestmark = pytest.mark.store

O = AnswerOutcome  # noqa: E741 - short for tables


async def _enter(url: str, counts: dict[AnswerOutcome, int], hours_ago: float) -> list[str]:
    database = Database(Settings(url=url))
    writer = Writer(database, 0.0)
    writer.start()
    now = SystemClock().now()
    made = []
    try:
        if not counts:
            await campaign(database, config())
            return []
        people = await claimed(database, sum(counts.values()), now)
        outcomes = [outcome for outcome, calls in counts.items() for _ in range(calls)]
        writes = []
        for one, outcome in zip(people, outcomes, strict=True):
            attempt = attempt_on(one, now)
            attempt.amd_cause = "MAXWORDS-3-2"
            made.append(attempt.id)
            at = now - timedelta(hours=hours_ago)
            writes += [attempts.new(attempt), abandonment.entered(AnsweredCall(attempt.id, 1, at, outcome, None))]
        await writer.put(*writes)
    finally:
        await writer.stop(10)
        await database.close()
    return made


@pytest.fixture
def answered(house: Folder):
    """Puts answered calls into the ledger; returns the ids of their attempts."""

    def enter(hours_ago: float = 1.0, **counts: int) -> list[str]:
        return asyncio.run(_enter(house.database, {O(name): calls for name, calls in counts.items()}, hours_ago))

    return enter


def test_a_table_shows_live_abandoned_machines_rate_limit_and_forecast(house: Folder, answered) -> None:
    answered(connected=97, abandoned=1, left=2, machine=100)
    heading, row = house.invoke("abandonment").stdout.splitlines()
    assert heading.split()[:4] == ["campaign", "live", "abandoned", "machines"]
    # One abandoned, and of 100 machines 2 % people: 3 of 100.
    cells = row.split("  ")
    assert [cell.strip() for cell in cells if cell.strip()][:8] == [
        "survey", "98", "1", "100", "2.0", "3 %", "3 %", "0",
    ]  # fmt: skip
    assert "one call at a time until it is 2.4 %" in row
    [found] = house.json("abandonment")
    assert (found["connected"], found["abandoned"], found["left"], found["machines"]) == (97, 1, 2, 100)
    assert (found["nearest"]["rate"], found["nearest"]["over"], found["one_at_a_time"]) == (0.03, False, True)


def test_a_campaign_alone_shows_each_limit_and_the_way_back(house: Folder, answered) -> None:
    answered(connected=46, abandoned=4)
    text = house.invoke("abandonment", "survey").stdout
    assert "own limit: 8 % of 50 answered live in 30 days, 3 % may be over the limit" in text
    assert "us.abandonment: 8 % of 50 answered live in 30 days, 3 % may be over the limit" in text
    assert "if nobody else is called, or after 84 calls that people answer" in text
    assert "at its limit: the dialer places one call at a time until 2.4 % are abandoned" in text
    found = house.json("abandonment", "survey")
    assert [each["rule"] for each in found["measures"]] == ["campaign", "us.abandonment"]
    assert found["nearest"]["under_at"].endswith("Z")
    assert found["measures"] == house.json("abandonment", "show", "survey")["measures"]


def test_a_campaign_that_nobody_answered_says_so(house: Folder, answered) -> None:
    answered()
    assert "nobody has answered yet" in house.invoke("abandonment").stdout
    assert house.json("abandonment", "survey")["nearest"]["rate"] == 0


def test_a_campaign_that_is_not_there_is_told_with_those_that_are(house: Folder, answered) -> None:
    answered()
    result = house.invoke("abandonment", "sruvey")
    assert result.exit_code == 5
    assert result.stderr == "ami-dialer: no campaign is named 'sruvey'; there are: survey\n"


def test_machines_are_drawn_heard_and_counted(house: Folder, answered) -> None:
    answered(connected=100, machine=50)
    drawn = house.json("abandonment", "review", "survey", "--count", "10")["calls"]
    assert len({one["attempt_id"] for one in drawn}) == 10
    first = drawn[0]["attempt_id"]
    said = house.invoke("abandonment", "heard", first, "person").stdout
    assert said == (
        f"kept: {first} was a person; of 1 call of survey that somebody listened to 1 were people, so that 3.92 % of "
        "its machines count as abandoned\n"
    )
    found = house.json("abandonment", "heard", first, "machine")  # I was wrong
    assert (found["reviewed"], found["reviewed_persons"]) == (1, 0)
    assert "of 1 that somebody listened to 0 were people" in house.invoke("abandonment", "survey").stdout
    text = house.invoke("abandonment", "review", "survey", "--count", "100")
    assert len(text.stdout.splitlines()) == 50  # the heading, and all but the one that was heard
    assert first not in text.stdout
    assert "docs/compliance.md" in text.stderr


def test_only_machines_are_heard(house: Folder, answered) -> None:
    [attempt] = answered(connected=1)
    result = house.invoke("abandonment", "heard", attempt, "person")
    assert result.exit_code == 1
    assert "AMD took" in result.stderr
    result = house.invoke("abandonment", "heard", "amid-0", "person")
    assert result.exit_code == 5
    assert house.invoke("abandonment", "heard", attempt, "nobody").exit_code == 2
    assert "AMD took no call for a machine" in house.invoke("abandonment", "review", "survey").stdout


def test_status_and_report_of_the_campaign_tell_it_too(house: Folder, answered) -> None:
    answered(connected=46, abandoned=4)
    told = (
        "8 % of 50 answered live in 30 days, 3 % may be; at its limit: the dialer places one call at a time until 2.4 %"
    )
    assert f"  abandoned {told}" in house.invoke("campaign", "status", "survey").stdout
    assert f"abandoned calls of the campaign: {told}" in house.invoke("report", "survey").stdout
    for words in (("campaign", "status", "survey"), ("report", "survey")):
        assert house.json(*words)["abandonment"]["nearest"]["rate"] == 0.08


def test_near_the_limit_it_says_what_that_means(house: Folder, answered) -> None:
    answered(connected=140, abandoned=4)  # 2.78 %
    assert "near its limit: if it was reached" in house.invoke("abandonment", "survey").stdout
    found = house.json("abandonment", "survey")
    assert (found["one_at_a_time"], found["near"]) == (False, True)
    assert found["resumes_at"] == pytest.approx(0.024)


def test_monitor_and_status_show_the_same_share_and_no_line_is_cut_in_a_pipe(house: Folder, answered) -> None:
    answered(connected=96, abandoned=4, machine=100)
    nearest = house.json("abandonment", "survey")["nearest"]
    [seen] = house.json("monitor", "--once", "--campaign", "survey")["campaigns"]
    status = house.json("campaign", "status", "survey")["abandonment"]["nearest"]
    assert seen["abandoned_rate"] == status["rate"] == nearest["rate"] > 0.04
    assert (seen["abandoned_limit"], status["limit"]) == (nearest["limit"], nearest["limit"])
    drawn = house.invoke("monitor", "--once", "--campaign", "survey").stdout.splitlines()
    [heading] = [line for line in drawn if "abandoned %  may be %" in line]
    assert (heading.split()[0], len(heading) > 80) == ("campaign", True)
