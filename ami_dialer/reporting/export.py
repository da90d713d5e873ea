"""A run as CSV: one row for each contact, in the order of the lists."""

import csv
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TextIO

from ami_dialer.config.flow import Flow
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.domain.formulas import neutral
from ami_dialer.domain.meaning import effective_title
from ami_dialer.store import documents, export
from ami_dialer.store.database import Database
from ami_dialer.store.export import ContactResult
from ami_dialer.store.runs import Run

#: The columns of every export; the contact's own fields and the questions follow.
COLUMNS = (
    "contact",
    "number",
    "state",
    "attempts",
    "disposition",
    "system_disposition",
    "end_reason",
    "detail",
    "excluded",
    "excluded_by",
    "first_attempt_at",
    "last_attempt_at",
    "answered_at",
    "connected_at",
    "agent",
    "ended_at",
    "talk_seconds",
    "next_due_at",
)


async def rows(database: Database, run: Run) -> AsyncIterator[list[str]]:
    """The heading, then a row for each contact; one portion of the list is in memory at a time."""
    fields = await export.field_names(database, run.id)
    questions = await _questions(database, run)
    answer_columns = [f"answer_{question}" for question in questions]
    taken = {*COLUMNS, *answer_columns}
    field_columns = [f"field_{name}" if name in taken else name for name in fields]
    yield [neutral(name) for name in (*COLUMNS, *field_columns, *answer_columns)]
    async for result in export.contact_results(database, run.id):
        cells = [
            *_own_cells(result),
            *(result.fields.get(name, "") for name in fields),
            *(result.answers.get(question, "") for question in questions),
        ]
        yield [neutral(cell) for cell in cells]


async def write_csv(database: Database, run: Run, out: TextIO) -> int:
    """Write the export. Returns how many contacts it holds."""
    writer = csv.writer(out)
    count = -1
    async for row in rows(database, run):
        writer.writerow(row)
        count += 1
    return count


async def _questions(database: Database, run: Run) -> list[str]:
    """The questions of the flow in its order, then those asked that it does not hold any more."""
    flow = run.document.flow
    try:
        written = _asked_by(await documents.load_flow(database, flow)) if flow else []
    except NotFoundError:
        written = []
    asked = await export.question_names(database, run.id)
    return list(dict.fromkeys([*written, *asked]))


def _asked_by(flow: Flow) -> list[str]:
    return [verb.ask.name for verbs in flow.steps.values() for verb in verbs if verb.ask is not None]


def _own_cells(result: ContactResult) -> list[str]:
    last = _last_cells(result.attempts[-1]) if result.attempts else _NO_ATTEMPT
    due = result.due_at if result.state is EnrolmentState.WAITING else None
    own = {
        **last,
        "contact": str(result.contact_id),
        "number": result.number,
        "state": result.state,
        "attempts": str(len(result.attempts)),
        "excluded": result.exclusion.label if result.exclusion else "",
        "excluded_by": result.excluded_by or "",
        "first_attempt_at": _time(result.attempts[0].claimed_at if result.attempts else None),
        "next_due_at": _time(due),
    }
    return [own[column] for column in COLUMNS]


def _last_cells(attempt: Attempt) -> dict[str, str]:
    talked = ""
    if attempt.answered_at is not None and attempt.ended_at is not None:
        talked = f"{(attempt.ended_at - attempt.answered_at).total_seconds():.1f}"
    return {
        "disposition": effective_title(attempt.outcome, attempt.disposition) or "",
        "system_disposition": attempt.disposition or "",
        "end_reason": attempt.end_reason or "",
        "detail": attempt.detail or "",
        "last_attempt_at": _time(attempt.claimed_at),
        "answered_at": _time(attempt.answered_at),
        "connected_at": _time(attempt.connected_at),
        "agent": attempt.agent or "",
        "ended_at": _time(attempt.ended_at),
        "talk_seconds": talked,
    }


_NO_ATTEMPT = dict.fromkeys(
    (
        "disposition",
        "system_disposition",
        "end_reason",
        "detail",
        "last_attempt_at",
        "answered_at",
        "connected_at",
        "agent",
        "ended_at",
        "talk_seconds",
    ),
    "",
)


def _time(value: datetime | None) -> str:
    """UTC, ISO 8601, to the second."""
    return "" if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")
