"""The way of one contact, station by station. Derived from the rows that the stations left; nothing is kept for it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from ami_dialer.config.dispositions import meanings_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.enrolment import EnrolmentState, RunState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.domain.meaning import DEFAULT
from ami_dialer.domain.phone import NotANumberError, normalise
from ami_dialer.reporting import steps
from ami_dialer.reporting.steps import Step
from ami_dialer.store import consents, reassignments, trail
from ami_dialer.store.consents import StoredRecord
from ami_dialer.store.database import Database
from ami_dialer.store.reassignments import Reassignment
from ami_dialer.store.trail import Answered, Barred, Enrolled, Membership, Skip

#: The largest key that both databases take.
_MAX_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RunTrail:
    """A contact in one run."""

    run: int
    campaign: str
    run_state: RunState
    contact: int
    enrolment: int
    state: EnrolmentState
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Trail:
    """Everything that is known of a number."""

    number: str
    lists: list[Membership]
    #: Do-not-call entries as they are now.
    do_not_call: list[Barred]
    #: What was said about being called on this number and the contact's others, oldest first.
    consents: list[StoredRecord]
    #: Those of the numbers that their holders gave up.
    reassigned: list[Reassignment]
    runs: list[RunTrail]


async def trace(database: Database, wanted: str, regions: Collection[str], config: Config | None = None) -> Trail:
    """The trail of a contact, by phone number or key. Raises NotFoundError.

    `regions` are the countries (ISO 3166) that a number without a country code may belong to; `config` has the
    disposition sets of campaigns, by which it is told why somebody is called again or not.
    """
    found = await _find(database, wanted, regions)
    number = found[0].number
    enrolments = await trail.enrolled(database, sorted({member.contact_id for member in found}))
    attempts = await trail.attempts_of(database, [enrolled.id for enrolled in enrolments])
    answers: dict[str, list[Answered]] = defaultdict(list)
    for answer in await trail.answers_of(database, [attempt.id for attempt in attempts]):
        answers[answer.attempt_id].append(answer)
    skips = await trail.skips_of(database, [enrolled.id for enrolled in enrolments])
    barred = await trail.barred(database, number)
    runs = []
    for enrolled in enrolments:
        one = _run_trail(enrolled)
        made = [attempt for attempt in attempts if attempt.enrolment_id == enrolled.id]
        one.steps.extend(_intake(enrolled, found))
        meanings = DEFAULT if config is None else meanings_of(config, enrolled.document)
        one.steps.extend(steps.of_enrolment(enrolled, made, answers, barred, meanings, _of(skips, enrolled)))
        runs.append(one)
    stands = [entry for entry in barred if entry.removed_at is None]
    numbers = [number, *await trail.further_numbers(database, sorted({member.contact_id for member in found}))]
    said, given_up = await consents.records_of(database, *numbers), await reassignments.find(database, *numbers)
    return Trail(number, found, stands, said, given_up, runs)


async def _find(database: Database, wanted: str, regions: Collection[str]) -> list[Membership]:
    numbers: list[str] = []
    for region in regions:
        try:
            numbers.append(normalise(wanted, region))
        except NotANumberError:
            continue
    numbers = list(dict.fromkeys(numbers))
    for number in numbers:
        found = await trail.memberships(database, number=number)
        if found:
            return found
    if wanted.isdecimal() and int(wanted) <= _MAX_KEY:
        found = await trail.memberships(database, contact_id=int(wanted))
        if found:
            return await trail.memberships(database, number=found[0].number) or found
    read_as = f" (read as {', '.join(numbers)})" if numbers else ""
    raise NotFoundError(f"no list holds a contact with the number or id {wanted!r}{read_as}")


def _run_trail(enrolled: Enrolled) -> RunTrail:
    return RunTrail(
        run=enrolled.run_id,
        campaign=enrolled.campaign,
        run_state=enrolled.run_state,
        contact=enrolled.contact_id,
        enrolment=enrolled.id,
        state=enrolled.state,
    )


def _of(skips: Sequence[Skip], enrolled: Enrolled) -> list[Skip]:
    return [skip for skip in skips if skip.enrolment_id == enrolled.id]


def _intake(enrolled: Enrolled, memberships: list[Membership]) -> Iterator[Step]:
    for member in memberships:
        # Who was taken off the list may have come again, as another contact that the run does not hold.
        if member.list_name in enrolled.document.lists and member.created_at <= enrolled.created_at:
            facts = {"list": member.list_name, "contact": member.contact_id}
            yield Step("intake", member.created_at, f"came into list {member.list_name}", facts)
