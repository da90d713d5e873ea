"""The contacts of a run, one after the other, with what came of each.

Read in portions, so that a list of any length fits into memory, and no long transaction stands in the way of the
dialer's writes.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.store.attempts import as_attempt
from ami_dialer.store.database import Database
from ami_dialer.store.results import CALLED
from ami_dialer.store.tables import answers, attempts, contacts, enrolments

#: Contacts read at once; their attempts and answers come with three queries.
_PORTION = 500


@dataclass(frozen=True, slots=True)
class ContactResult:
    """One contact of a run."""

    enrolment_id: int
    contact_id: int
    number: str
    fields: dict[str, str]
    state: EnrolmentState
    exclusion: Exclusion | None
    excluded_by: str | None
    due_at: datetime
    #: In order; those that called nobody are left out.
    attempts: list[Attempt] = field(default_factory=list)
    #: The last valid answer to each question.
    answers: dict[str, str] = field(default_factory=dict)


async def field_names(database: Database, run_id: int) -> list[str]:
    """Every field that a contact of the run has, in the order in which they come up."""
    names: dict[str, None] = {}
    query = select(enrolments.c.id, contacts.c.fields).join(contacts, contacts.c.id == enrolments.c.contact_id)
    after = 0
    while True:
        async with database.reading() as connection:
            portion = (
                await connection.execute(
                    query.where(enrolments.c.run_id == run_id, enrolments.c.id > after)
                    .order_by(enrolments.c.id)
                    .limit(_PORTION * 10)
                )
            ).all()
        if not portion:
            return list(names)
        for key, fields in portion:
            names.update(dict.fromkeys(fields))
            after = key


async def question_names(database: Database, run_id: int) -> list[str]:
    """Every question that was asked in the run, sorted."""
    query = (
        select(answers.c.question)
        .distinct()
        .join(attempts, attempts.c.id == answers.c.attempt_id)
        .where(attempts.c.run_id == run_id)
    )
    async with database.reading() as connection:
        return sorted(await connection.scalars(query))


async def contact_results(database: Database, run_id: int) -> AsyncIterator[ContactResult]:
    """Every contact of the run, in the order in which they were enrolled."""
    after = 0
    while portion := await _portion(database, run_id, after):
        for result in portion:
            yield result
        after = portion[-1].enrolment_id


async def _portion(database: Database, run_id: int, after: int) -> list[ContactResult]:
    query = (
        select(
            enrolments.c.id,
            enrolments.c.contact_id,
            enrolments.c.number,
            contacts.c.fields,
            enrolments.c.state,
            enrolments.c.exclusion,
            enrolments.c.excluded_by,
            enrolments.c.due_at,
        )
        .join(contacts, contacts.c.id == enrolments.c.contact_id)
        .where(enrolments.c.run_id == run_id, enrolments.c.id > after)
        .order_by(enrolments.c.id)
        .limit(_PORTION)
    )
    async with database.reading() as connection:
        found = [
            ContactResult(
                row.id,
                row.contact_id,
                row.number,
                dict(row.fields),
                EnrolmentState(row.state),
                row.exclusion and Exclusion(row.exclusion),
                row.excluded_by,
                row.due_at,
            )
            for row in await connection.execute(query)
        ]
    await _add_attempts(database, found)
    return found


async def _add_attempts(database: Database, results: Sequence[ContactResult]) -> None:
    keys = [result.enrolment_id for result in results]
    of_enrolment: dict[int, list[Attempt]] = defaultdict(list)
    given: dict[int, dict[str, str]] = defaultdict(dict)
    async with database.reading() as connection:
        made = await connection.execute(
            select(attempts).where(attempts.c.enrolment_id.in_(keys), CALLED).order_by(attempts.c.id)
        )
        for row in made.mappings():
            attempt = as_attempt(dict(row))
            of_enrolment[attempt.enrolment_id].append(attempt)
        said = await connection.execute(
            select(attempts.c.enrolment_id, answers.c.question, answers.c.digits)
            .join(attempts, attempts.c.id == answers.c.attempt_id)
            .where(attempts.c.enrolment_id.in_(keys), answers.c.valid)
            .order_by(answers.c.id)
        )
        for key, question, digits in said:
            given[key][question] = digits
    for result in results:
        result.attempts.extend(of_enrolment[result.enrolment_id])
        result.answers.update(given[result.enrolment_id])
