"""The CSV of a run, on both databases."""

import csv
import io

import pytest

from ami_dialer.domain.ending import EndReason
from ami_dialer.reporting.export import COLUMNS, write_csv
from ami_dialer.reporting.outcomes import pick_run
from ami_dialer.store import export as store_export
from tests.store.reporting.past import ANN, BOB, CAT, Past

pytestmark = pytest.mark.store


async def exported(past: Past) -> list[dict[str, str]]:
    out = io.StringIO(newline="")
    await write_csv(past.database, await pick_run(past.database, "survey", None), out)
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


async def test_each_contact_has_a_row_with_its_fields_and_answers(survey: Past) -> None:
    rows = await exported(survey)
    assert [row["number"] for row in rows] == [ANN, BOB, CAT, "+14015550103"]
    ann = rows[0]
    assert (ann["first_name"], ann["plan"], ann["answer_rating"], ann["answer_again"]) == ("Ann", "gold", "2", "1")
    assert (ann["state"], ann["attempts"], ann["disposition"], ann["end_reason"]) == (
        "done",
        "1",
        "Completed",
        "completed",
    )
    assert (ann["first_attempt_at"], ann["answered_at"], ann["talk_seconds"]) == (
        "2026-03-02T15:00:00Z",
        "2026-03-02T15:00:04Z",
        "12.0",
    )


async def test_a_contact_that_waits_has_its_due_time_and_no_answers(survey: Past) -> None:
    cat = (await exported(survey))[2]
    assert cat["next_due_at"].endswith("Z")
    assert (cat["state"], cat["disposition"], cat["answer_rating"], cat["talk_seconds"]) == ("waiting", "Busy", "", "")


async def test_a_question_nobody_heard_has_its_column(past: Past) -> None:
    await past.campaign({ANN: {}})
    await past.start()
    [row] = await exported(past)
    assert list(row) == [*COLUMNS, "answer_rating", "answer_again"]
    assert (row["attempts"], row["disposition"]) == ("0", "")


async def test_formulas_are_made_harmless_and_numbers_stay(survey: Past) -> None:
    bob = (await exported(survey))[1]
    assert bob["plan"] == "'=1+1"
    assert bob["number"] == BOB


async def test_a_field_named_like_a_column_of_ours_does_not_hide_it(past: Past) -> None:
    await past.campaign({ANN: {"state": "Ohio", "answer_rating": "x", "=cmd": "y"}})
    await past.start()
    [row] = await exported(past)
    assert (row["state"], row["field_state"], row["field_answer_rating"]) == ("waiting", "Ohio", "x")
    assert row["'=cmd"] == "y"


async def test_portions_make_one_whole(survey: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await exported(survey)
    monkeypatch.setattr(store_export, "_PORTION", 1)
    assert await exported(survey) == whole


async def test_an_attempt_that_called_nobody_is_not_counted(survey: Past) -> None:
    survey.clock.advance(300)
    await survey.call(CAT, EndReason.CANCELLED)
    cat = (await exported(survey))[2]
    assert (cat["attempts"], cat["disposition"]) == ("1", "Busy")
