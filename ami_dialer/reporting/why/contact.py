"""Why is one contact of a campaign not being called: the decisive reason, and what is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from ami_dialer.config.schema import Config
from ami_dialer.domain.agent import OWN_AGENT, AgentState
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.reporting.verdicts.of_number import Judged, explain_number
from ami_dialer.reporting.why.asking import Answer, why
from ami_dialer.reporting.why.own import Own, offered_to, own_agent
from ami_dialer.reporting.why.ranking import Shown
from ami_dialer.store import campaigns, queue, runs, trail
from ami_dialer.store.database import Database
from ami_dialer.store.queue import Expected
from ami_dialer.store.trail import Enrolled

#: Attempts that are told, the last ones.
_TOLD = 3


@dataclass(frozen=True, slots=True)
class ContactAnswer:
    """Where one contact stands in a campaign."""

    campaign: str
    number: str
    at: datetime
    #: The newest run of the campaign, and how the contact stands in it; None where it does not.
    run: int | None
    state: EnrolmentState | None
    #: The decisive reason, and what to do; "" where waiting is all.
    text: str
    todo: str
    #: What is known besides, for people.
    lines: tuple[str, ...]
    due_at: datetime | None = None
    held_by: str | None = None
    #: Do the rules and do-not-call lists let it be called at this moment?
    may_be_called: bool = False
    #: The agent it belongs to, or whose callback it is.
    own_agent: str | None = None


async def why_contact(
    database: Database, config: Config, name: str, number: str, now: datetime, shown: Shown
) -> ContactAnswer:
    """Why a number (E.164) is not being called by a campaign at `now`. Raises NotFoundError, StoreError."""
    whole = await why(database, name, now, shown)
    standing = await campaigns.standing(database, name)
    run = await runs.newest(database, standing.id)
    explained = await explain_number(database, config, number, now, name)
    judged = explained.judged[0]
    keys = [holder.contact for holder in explained.holders]
    known = [one for one in await trail.enrolled(database, keys) if run is not None and one.run_id == run.id]
    enrolled = known[0] if known else None
    made = await trail.attempts_of(database, [enrolled.id]) if enrolled else []
    expected = await queue.expected(database, standing.id, enrolled.contact_id) if enrolled else None
    own = None
    if enrolled is not None:
        whose = (expected.agent if expected else None) or enrolled.agent
        own = await own_agent(database, whose, enrolled.document)
        text, todo = _in_run(whole, enrolled, made, judged, _put_off(enrolled, made, expected, own), own, shown)
        if whole.dialer_running and enrolled.state is EnrolmentState.CLAIMED:
            agent = await offered_to(database, name, enrolled.contact_id)
            text, todo = (text, todo) if agent is None else (f"it is being offered to agent {agent}, who decides", "")
    else:
        text, todo = _not_in_run(whole, judged)
    return ContactAnswer(
        campaign=name,
        number=number,
        at=now,
        run=whole.run,
        state=enrolled.state if enrolled else None,
        text=text,
        todo=todo,
        lines=tuple(_lines(whole, enrolled, made, judged, expected, own, shown)),
        own_agent=own.agent if own else None,
        due_at=enrolled.due_at if enrolled and enrolled.state is EnrolmentState.WAITING else None,
        held_by=enrolled.held_by if enrolled else None,
        may_be_called=judged.may_be_called,
    )


def _not_in_run(whole: Answer, judged: Judged) -> tuple[str, str]:
    lists = judged.asking.document.lists
    on = [name for name in lists if judged.holder is not None and name in judged.holder.lists]
    if not on:
        return f"no contact on its lists ({', '.join(lists)}) has this number", f"ami-dialer list add {lists[0]}"
    if whole.run is None:
        return f"the campaign has never run: {whole.text}", whole.todo
    return (
        f"it is on its lists, but not in run {whole.run}: it came in later, or another contact has the number there",
        f"ami-dialer campaign live {whole.campaign} {on[0]} on takes in what comes later",
    )


def _in_run(
    whole: Answer,
    enrolled: Enrolled,
    made: Sequence[Attempt],
    judged: Judged,
    put_off: str,
    own: Own | None,
    shown: Shown,
) -> tuple[str, str]:
    match enrolled.state:
        case EnrolmentState.EXCLUDED:
            label = enrolled.exclusion.label if enrolled.exclusion else "excluded"
            return f"it is not called in run {enrolled.run_id}: {label}: {enrolled.excluded_by or 'unknown'}", ""
        case EnrolmentState.DONE:
            last = f", the last one ended as {made[-1].disposition}" if made else ""
            return f"it is done in run {enrolled.run_id} after {len(made)} attempts{last}", ""
        case EnrolmentState.CLAIMED if made and made[-1].end_reason is None:
            return f"it is in a call: {made[-1].state.value.replace('_', ' ')}", ""
        case EnrolmentState.CLAIMED if own is not None and not own.free and whole.status is CampaignStatus.RUNNING:
            todo = f"ami-dialer agent login {own.agent}" if own.state is AgentState.LOGGED_OUT else ""
            return f"it is its turn, and its own agent {own.who} is not free: {own.doing}; {own.then}", todo
        case EnrolmentState.CLAIMED:
            return f"it is in the hopper: {whole.text}", whole.todo
        case _:
            return _waiting(whole, enrolled, judged, put_off, shown)


def _waiting(whole: Answer, enrolled: Enrolled, judged: Judged, put_off: str, shown: Shown) -> tuple[str, str]:
    if whole.status is not CampaignStatus.RUNNING:
        return f"the campaign: {whole.text}", whole.todo
    if judged.barring:
        entry = judged.barring[0].entry
        return f"do-not-call list {entry.list_name} has {entry.number}: it is taken out when its turn comes", ""
    if enrolled.due_at > whole.at:
        return f"it is not due before {shown(enrolled.due_at)}: {put_off}", ""
    if not judged.verdict.allowed:
        return f"it is due, and may not be called now: {judged.verdict.why}", ""
    return f"it is due and may be called; the campaign: {whole.text}", whole.todo


def _put_off(enrolled: Enrolled, made: Sequence[Attempt], expected: Expected | None, own: Own | None) -> str:
    if own is not None and enrolled.held_by == OWN_AGENT:
        return f"its own agent {own.who} had no time when it was its turn; {own.doing} now"
    if enrolled.held_by is not None:
        return f"{enrolled.held_by} held it back"
    if expected is not None and expected.at >= enrolled.due_at:
        return f"that is its callback{f' for {expected.agent}' if expected.agent else ''}"
    if made:
        return f"its next try after {made[-1].disposition or 'its last call'}"
    return "it came in so"


def _lines(
    whole: Answer,
    enrolled: Enrolled | None,
    made: Sequence[Attempt],
    judged: Judged,
    expected: Expected | None,
    own: Own | None,
    shown: Shown,
) -> Iterator[str]:
    yield f"campaign      {whole.status}: {whole.text}"
    if enrolled is not None:
        rest = f", due {shown(enrolled.due_at)}" if enrolled.state is EnrolmentState.WAITING else ""
        yield f"in run        {enrolled.run_id}: {enrolled.state}{rest}; the next phone is {enrolled.number}"
    if own is not None:
        yield f"own agent     {own.who}: {own.doing}; {own.then}"
    for attempt in made[-_TOLD:]:
        ended = attempt.disposition or attempt.state.value.replace("_", " ")
        yield f"attempt {attempt.ordinal:<5} {shown(attempt.claimed_at)}  {attempt.number}  {ended}"
    if expected is not None:
        whose = f", for {expected.agent}" if expected.agent else ""
        yield f"callback      {shown(expected.at)}{whose}: {expected.state}"
    for one in judged.barring:
        yield f"do not call   list {one.entry.list_name}: {one.entry.number}"
    lines = list(takewhile(str.strip, judged.text.splitlines()))  # what it says; `explain` says why, too
    for number, line in enumerate(lines):
        yield f"{'verdict now' if number == 0 else '':<13} {line}"
