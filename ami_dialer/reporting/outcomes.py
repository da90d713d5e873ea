"""What came of a run: outcomes, answers to each question, durations."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from ami_dialer.domain.ending import DISPOSITION_OF, EndReason
from ami_dialer.domain.enrolment import EnrolmentState, RunState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.domain.meaning import DEFAULT, Meanings, effective_title
from ami_dialer.store import documents, progress, results
from ami_dialer.store.database import Database
from ami_dialer.store.results import DigitCount, Duration, EndCount, ExclusionCount, OrdinalCount, QuestionCount
from ami_dialer.store.runs import Run


@dataclass(frozen=True, slots=True)
class Outcome:
    """One result: how many attempts ended so, and how many contacts have it as their last. Shares are 0 to 1."""

    #: The outcome that an attempt was given, else the system's disposition.
    disposition: str
    attempts: int
    attempt_share: float
    contacts: int
    contact_share: float
    #: The technical end reasons behind it, by attempts.
    reasons: dict[EndReason, int]


@dataclass(frozen=True, slots=True)
class Worth:
    """What the latest results of the contacts are worth, by what the campaign's set says of them."""

    #: Contacts whose latest result says so.
    qualified: int
    contacted: int
    positive: int
    #: positive / contacted, 0 to 1; None where nobody was reached.
    conversion: float | None


@dataclass(frozen=True, slots=True)
class AtAttempt:
    """One line of the table of results by attempts: the contacts whose latest attempt is this one, by its result."""

    #: 1 for the first attempt.
    attempt: int
    contacts: dict[str, int]


#: Of a call that goes on.
GOING_ON = "In Progress"


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """One question of the flow."""

    question: str
    #: Contacts who heard it; of these, contacts without a valid answer.
    asked: int
    #: Contacts by the digits of their (last) valid answer.
    answers: dict[str, int]
    no_answer: int
    #: Times something wrong, or nothing, was pressed.
    invalid_tries: int
    silent_tries: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run of a campaign."""

    campaign: str
    run: int
    state: RunState
    started_at: datetime
    ended_at: datetime | None
    contacts: int
    by_state: dict[EnrolmentState, int]
    #: Contacts that no call of this run has ended for.
    not_called: int
    attempts: int
    answered: int
    outcomes: list[Outcome]
    worth: Worth
    by_attempt: list[AtAttempt]
    #: Contacts taken out: DNC Excluded, Filter Excluded, Expired, each with the entry or condition that did it.
    excluded: list[ExclusionCount]
    questions: list[QuestionReport]
    #: Seconds of ringing, and from answer to hang-up.
    ring: Duration
    talk: Duration


async def pick_run(database: Database, campaign: str, wanted: int | None) -> Run:
    """Run number `wanted` of a campaign, or its newest. Raises NotFoundError."""
    key = await documents.campaign_id(database, campaign)
    runs = await results.runs_of(database, key)
    if not runs:
        raise NotFoundError(f"campaign {campaign!r} has never run; start it with: ami-dialer campaign start {campaign}")
    if wanted is None:
        return runs[0]
    for run in runs:
        if run.id == wanted:
            return run
    known = ", ".join(str(run.id) for run in runs)
    raise NotFoundError(f"campaign {campaign!r} has no run {wanted}; its runs are: {known}")


async def run_report(database: Database, run: Run, known: Meanings = DEFAULT) -> RunReport:
    """Everything that is counted of a run; `known` are the results that its campaign knows."""
    by_state = await progress.enrolment_counts(database, run.id)
    ends = await results.end_counts(database, run.id)
    contacts = sum(by_state.values())
    ring, talk = await results.durations(database, run.id)
    return RunReport(
        campaign=run.campaign,
        run=run.id,
        state=run.state,
        started_at=run.started_at,
        ended_at=run.ended_at,
        contacts=contacts,
        by_state=by_state,
        not_called=contacts - by_state[EnrolmentState.EXCLUDED] - sum(end.contacts for end in ends),
        attempts=sum(end.attempts for end in ends),
        answered=sum(end.answered for end in ends),
        outcomes=_outcomes(ends),
        worth=worth(ends, known),
        by_attempt=_by_attempt(await results.ordinal_counts(database, run.id)),
        excluded=await results.exclusions(database, run.id),
        questions=_questions(
            await results.question_counts(database, run.id), await results.digit_counts(database, run.id)
        ),
        ring=ring,
        talk=talk,
    )


def worth(ends: list[EndCount], known: Meanings) -> Worth:
    """What results are worth, each contact counted with its latest one."""
    meant = [(known.effective(end.outcome, DISPOSITION_OF[end.end_reason]), end.contacts) for end in ends]
    contacted = sum(contacts for meaning, contacts in meant if meaning is not None and meaning.contacted)
    positive = sum(contacts for meaning, contacts in meant if meaning is not None and meaning.positive)
    return Worth(
        qualified=sum(contacts for meaning, contacts in meant if meaning is not None and meaning.qualified),
        contacted=contacted,
        positive=positive,
        conversion=round(positive / contacted, 4) if contacted else None,
    )


def result_of(end: EndCount) -> str:
    """The result that counts."""
    return end.outcome or DISPOSITION_OF[end.end_reason].value


def _by_attempt(counts: list[OrdinalCount]) -> list[AtAttempt]:
    lines: dict[int, dict[str, int]] = defaultdict(dict)
    for count in counts:
        # An outcome may be given while the call goes on: it stands for the call already.
        title = effective_title(count.outcome, count.disposition) or GOING_ON
        lines[count.ordinal][title] = lines[count.ordinal].get(title, 0) + count.contacts
    return [AtAttempt(ordinal, lines[ordinal]) for ordinal in sorted(lines)]


def _outcomes(ends: list[EndCount]) -> list[Outcome]:
    grouped: dict[str, list[EndCount]] = defaultdict(list)
    for end in ends:
        grouped[result_of(end)].append(end)
    all_attempts = sum(end.attempts for end in ends)
    all_contacts = sum(end.contacts for end in ends)
    outcomes = [
        Outcome(
            disposition=disposition,
            attempts=(attempts := sum(end.attempts for end in group)),
            attempt_share=round(attempts / all_attempts, 4),
            contacts=(contacts := sum(end.contacts for end in group)),
            contact_share=round(contacts / all_contacts, 4),
            reasons=_reasons(group),
        )
        for disposition, group in grouped.items()
    ]
    return sorted(outcomes, key=lambda outcome: (-outcome.attempts, outcome.disposition))


def _reasons(group: list[EndCount]) -> dict[EndReason, int]:
    reasons: dict[EndReason, int] = {}
    for end in group:
        reasons[end.end_reason] = reasons.get(end.end_reason, 0) + end.attempts
    return reasons


def _questions(asked: list[QuestionCount], given: list[DigitCount]) -> list[QuestionReport]:
    answers: dict[str, dict[str, int]] = defaultdict(dict)
    for count in given:
        answers[count.question][count.digits] = count.contacts
    return [
        QuestionReport(
            question=count.question,
            asked=count.asked,
            answers=answers[count.question],
            no_answer=count.asked - sum(answers[count.question].values()),
            invalid_tries=count.invalid_tries,
            silent_tries=count.silent_tries,
        )
        for count in asked
    ]
