"""The steps of one contact in one run, from the rows of its enrolment, attempts and answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from ami_dialer.config.retry import decide
from ami_dialer.domain.agent import OWN_AGENT
from ami_dialer.domain.attempt import Attempt, AttemptState
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion, RunState
from ami_dialer.domain.meaning import DEFAULT, FORGOTTEN, Meanings
from ami_dialer.domain.rank import CALLBACK_RANK
from ami_dialer.reporting.causes import cause_name
from ami_dialer.rules.amd import AnsweredBy, answered_by
from ami_dialer.rules.retry import RetryVerdict
from ami_dialer.store.hopper import EXPIRED_WAITING
from ami_dialer.store.trail import Answered, Barred, Enrolled, Skip


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a contact at one station."""

    station: str
    #: None where the rows do not say when.
    at: datetime | None
    #: For people.
    what: str
    #: For programs.
    facts: dict[str, Any] = field(default_factory=dict)
    #: Number of the attempt it belongs to; None before the first.
    attempt: int | None = None


def of_enrolment(
    enrolled: Enrolled,
    attempts: Sequence[Attempt],
    answers: Mapping[str, Sequence[Answered]],
    barred: Sequence[Barred],
    meanings: Meanings = DEFAULT,
    skips: Sequence[Skip] = (),
) -> Iterator[Step]:
    """Every step after the import, in order. `meanings`: the results that the campaign knows."""
    out_later = enrolled.state is EnrolmentState.EXCLUDED and _out_later(enrolled, attempts, barred)
    if enrolled.state is EnrolmentState.EXCLUDED and not out_later:
        came_later = enrolled.created_at > enrolled.run_started_at
        when = "when it came in by live sync" if came_later else "at the start of the run"
        yield _taken_out(enrolled, enrolled.created_at, when)
    else:
        lists = ", ".join(enrolled.document.dnc)
        what = f"allowed: on none of the do-not-call lists {lists}, nor on the global one"
        yield Step("scrub", enrolled.created_at, what)
    if enrolled.agent is not None:
        yield Step("agent", enrolled.created_at, f"its own agent is {enrolled.agent}", {"own_agent": enrolled.agent})
    tries: dict[str, int] = {}
    numbers = [*(attempt.number for attempt in attempts[1:]), enrolled.number]
    told = 0
    for attempt, then in zip(attempts, numbers, strict=False):
        before = sum(skip.at <= attempt.claimed_at for skip in skips)
        yield from _skips(enrolled, skips, told, before)
        told = before
        yield from _attempt(attempt, enrolled, answers.get(attempt.id, ()), barred)
        if attempt.end_reason is None:
            continue
        if attempt.ended_at is None or attempt.end_reason is EndReason.CANCELLED:
            what = "nobody was called: due again at once, and not counted"
            yield Step("retry", attempt.ended_at, what, {}, attempt.ordinal)
            continue
        meaning = meanings.effective(attempt.outcome, attempt.disposition)
        retry = enrolled.document.retry
        tries, verdict = decide(retry, attempt.end_reason, tries, enrolled.phones, attempt.number, meaning)
        yield _retry(attempt, attempt.ended_at, enrolled, verdict, then, last=attempt is attempts[-1])
    yield from _skips(enrolled, skips, told, len(skips))
    if out_later:
        # The moment is not kept, so a scrub by hand cannot be told from the look right before a call.
        at_its_turn = enrolled.exclusion in {Exclusion.EXPIRED, Exclusion.RULE}
        yield _taken_out(enrolled, None, "at its turn" if at_its_turn else "later, by a scrub or right before a call")
    yield from _now(enrolled, attempts)


def _skips(enrolled: Enrolled, skips: Sequence[Skip], first: int, end: int) -> Iterator[Step]:
    """Those from `first` on and before `end`."""
    most = enrolled.document.dialing.preview.max_skips
    for times, skip in enumerate(skips[first:end], first + 1):
        what = f"offered to agent {skip.agent} and skipped: {times} of at most {most} times"
        yield Step("agent", skip.at, what, {"skipped_by": skip.agent, "times": times})


def _out_later(enrolled: Enrolled, attempts: Sequence[Attempt], barred: Sequence[Barred]) -> bool:
    """Whether it was in the run before it was taken out; the moment of that is not kept."""
    by = enrolled.excluded_by or ""
    if enrolled.exclusion is Exclusion.EXPIRED:
        return by == EXPIRED_WAITING
    if enrolled.exclusion is Exclusion.RULE:
        return True
    return bool(attempts) or any(
        by.startswith(f"{entry.list_name}:") and entry.added_at > enrolled.created_at for entry in barred
    )


def _taken_out(enrolled: Enrolled, at: datetime | None, when: str) -> Step:
    by = enrolled.excluded_by
    exclusion = enrolled.exclusion or Exclusion.DNC
    by_what = f"it does not meet: {by}" if exclusion is Exclusion.FILTER else by
    facts = {"excluded": exclusion.label, "excluded_by": by}
    return Step("scrub", at, f"{exclusion.label} {when}: {by_what}", facts)


def _attempt(
    attempt: Attempt, enrolled: Enrolled, answers: Sequence[Answered], barred: Sequence[Barred]
) -> Iterator[Step]:
    number = attempt.ordinal

    def step(station: str, at: datetime | None, what: str, **facts: object) -> Step:
        return Step(station, at, what, facts, number)

    yield step("hopper", attempt.claimed_at, f"due: attempt {number} begins", attempt_id=attempt.id)
    yield step(
        "pacing",
        attempt.claimed_at,
        f"trunk {attempt.trunk} of server {attempt.server} had room",
        trunk=attempt.trunk,
        server=attempt.server,
    )
    if attempt.verdict is not None:
        kept = orjson.loads(attempt.verdict)
        yield step("scrub", datetime.fromisoformat(kept["at"]), _verdict(kept), verdict=kept)
    if attempt.originated_at is not None:
        yield step("originate", attempt.originated_at, "call placed", number=attempt.number)
    if attempt.ringing_at is not None:
        yield step("originate", attempt.ringing_at, "it rings")
    if attempt.answered_at is not None:
        yield step("originate", attempt.answered_at, "answered")
    if attempt.amd_status is not None:
        not_sure = AnsweredBy(enrolled.document.amd.not_sure)
        yield step(
            "amd", attempt.classified_at, _amd(attempt, not_sure), status=attempt.amd_status, cause=attempt.amd_cause
        )
    if attempt.flow_at is not None:
        flow = enrolled.document.flow
        yield step("flow", attempt.flow_at, f"flow {flow} begins", flow=flow)
    if attempt.connected_at is not None:
        talked = (
            None if attempt.ended_at is None else round((attempt.ended_at - attempt.connected_at).total_seconds(), 1)
        )
        what = f"connected to {attempt.agent or 'somebody'}{'' if talked is None else f', for {talked:g} s'}"
        yield step("agent", attempt.connected_at, what, agent=attempt.agent, talk_seconds=talked)
    yield from _flow(attempt, answers, barred)
    if attempt.ended_at is not None:
        yield step("disposition", attempt.ended_at, _ended(attempt), **_end_facts(attempt))


def _verdict(kept: dict[str, Any]) -> str:
    """Why the call was allowed, in short; `ami-dialer explain` tells it at length."""
    where = f"{', '.join(kept.get('zones', ())) or 'a place that nobody knows'} by {kept['by']}"
    until = f" until {kept['until']} ({kept['rule']})" if "until" in kept else ""
    return f"verdict: may be called{until}, being in {where}, by version {kept['book']} of the rules"


def _amd(attempt: Attempt, not_sure: AnsweredBy) -> str:
    status, cause = attempt.amd_status or "", attempt.amd_cause or ""
    who = "hung up before it was known" if status == "HANGUP" else answered_by(status, cause, not_sure)
    return f"{status} ({cause or 'no cause'}): {who}"


def _flow(attempt: Attempt, answers: Sequence[Answered], barred: Sequence[Barred]) -> Iterator[Step]:
    heard = [
        Step(
            "flow",
            answer.at,
            f"{answer.question}: {_pressed(answer)}",
            {
                "question": answer.question,
                "digits": answer.digits,
                "valid": answer.valid,
                "try": answer.try_number,
            },
            attempt.ordinal,
        )
        for answer in answers
    ]
    heard += [
        Step(
            "flow",
            entry.added_at,
            f"put on do-not-call list {entry.list_name}",
            {"do_not_call_list": entry.list_name},
            attempt.ordinal,
        )
        for entry in barred
        if entry.attempt_id == attempt.id
    ]
    yield from sorted(heard, key=lambda step: step.at or attempt.claimed_at)


def _pressed(answer: Answered) -> str:
    if not answer.digits:
        return f"nothing pressed (try {answer.try_number})"
    return f"pressed {answer.digits}{'' if answer.valid else ', which is not valid'} (try {answer.try_number})"


def _ended(attempt: Attempt) -> str:
    why = ", since nobody gave a result" if attempt.outcome == FORGOTTEN else ""
    given = f"{attempt.outcome}{why}; by the system " if attempt.outcome is not None else ""
    parts = [f"{given}{attempt.disposition} ({attempt.end_reason})"]
    if attempt.cause:  # 0: none was told
        parts.append(f"hang-up cause {attempt.cause}, {cause_name(attempt.cause)}")
    if attempt.detail:
        parts.append(attempt.detail)
    return "; ".join(parts)


def _end_facts(attempt: Attempt) -> dict[str, Any]:
    return {
        "disposition": attempt.disposition,
        "outcome": attempt.outcome,
        "end_reason": attempt.end_reason,
        "cause": attempt.cause,
        "cause_name": None if attempt.cause is None else cause_name(attempt.cause),
        "detail": attempt.detail,
    }


def _retry(
    attempt: Attempt, ended_at: datetime, enrolled: Enrolled, verdict: RetryVerdict, then: str, *, last: bool
) -> Step:
    due: datetime | None = None
    if verdict.delay is not None:
        waits = last and enrolled.state is EnrolmentState.WAITING and enrolled.held_by is None
        due = enrolled.due_at if waits else ended_at + timedelta(seconds=verdict.delay)
    what = verdict.why if due is not None else f"not called again: {verdict.why}"
    facts: dict[str, Any] = {"due_at": due, "why": verdict.why}
    if due is not None and len(enrolled.phones) > 1:
        facts["number"] = then
        if then != (verdict.number or attempt.number):  # another contact had it, or a verdict forbade it
            what += f"; in the end {then} was next"
    return Step("retry", ended_at, what, facts, attempt.ordinal)


def _now(enrolled: Enrolled, attempts: Sequence[Attempt]) -> Iterator[Step]:
    """Where the contact stands now, when that is not the end of an attempt."""
    ended = attempts[-1].ended_at if attempts else None
    calling = bool(attempts) and attempts[-1].state is not AttemptState.ENDED
    match enrolled.state:
        case EnrolmentState.WAITING if enrolled.run_state is RunState.PAUSED:
            yield Step("hopper", None, "waits until the run is resumed", {"due_at": enrolled.due_at})
        case EnrolmentState.WAITING if enrolled.run_state is not RunState.RUNNING:
            yield Step("hopper", None, f"not called any more: the run is {enrolled.run_state}")
        case EnrolmentState.WAITING:
            facts = {"due_at": enrolled.due_at, "held_by": enrolled.held_by}
            held = f": {enrolled.held_by} refused it when it was its turn" if enrolled.held_by else ""
            if enrolled.held_by == OWN_AGENT:
                held = f": its own agent {enrolled.agent} had no time when it was its turn"
            what = "is called back when that is due" if enrolled.rank == CALLBACK_RANK else "waits until it is due"
            yield Step("hopper", None, f"{what}{held}", facts)
        case EnrolmentState.CLAIMED if not calling:
            whom = "a free line" if enrolled.agent is None else f"its own agent {enrolled.agent}"
            yield Step("pacing", enrolled.claimed_at, f"claimed for dialing; waits for {whom}")
        case EnrolmentState.DONE if attempts:
            yield Step("report", ended, f"counted as {attempts[-1].outcome or attempts[-1].disposition}")
        case _:
            return
