"""How many of a whole run may be called at a moment, and by which rule the others must not."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from ami_dialer.config.schema import Config
from ami_dialer.domain.consent import NOTHING_KNOWN, ConsentFacts
from ami_dialer.domain.enrolment import Exclusion
from ami_dialer.domain.verdict import Callee, Verdict
from ami_dialer.reporting.verdicts.asking import Asking, Rules, one_campaign, rules_of
from ami_dialer.rules.compliance.explain import asked
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Policy
from ami_dialer.store import consents, waiting
from ami_dialer.store.callees import callee, columns_of
from ami_dialer.store.database import Database
from ami_dialer.store.history import History, past_calls
from ami_dialer.store.waiting import Everybody, Known, Waiting

#: Contacts that are loaded and judged together: some tens of milliseconds, and a few MB.
_PORTION = 5_000


@dataclass(slots=True)
class Refusing:
    """A rule that keeps contacts of the run from being called."""

    rule: str
    #: What it lets through.
    figure: str
    #: Of a rule of law: where it stands.
    source: str
    #: Those for whom it decides: it refuses them longest.
    decides: int = 0
    #: Those whom it refuses.
    refuses: int = 0
    #: When the first of those for whom it decides may be called, if nothing else happens; None: none of them ever.
    next_at: datetime | None = None
    #: Of those for whom it decides, how many it refuses as long as nothing of the facts changes.
    never: int = 0


@dataclass(slots=True)
class ExplainedRun:
    """What is told of a whole run."""

    campaign: str
    at: datetime
    rules: Rules
    #: The run that goes on; None: of one that would be started then.
    run: int | None
    #: The campaign is written otherwise now than in the run.
    rewritten: bool
    contacts: int = 0
    #: Those that are not done, being called or left out: they are judged.
    waiting: int = 0
    claimed: int = 0
    done: int = 0
    excluded: dict[Exclusion, dict[str, int]] = field(default_factory=dict)
    #: Of those who are judged, whose own time zone counts though number, postal code or state tell another clock.
    zone_contradicted: int = 0
    allowed: int = 0
    #: When the first of these must not be called any more.
    until: datetime | None = None
    #: By the rules they may be called; their next try is due later.
    not_due: int = 0
    #: When the first of them is.
    due_at: datetime | None = None
    #: Those who must not be called, by the rule that decides, most first.
    refused: list[Refusing] = field(default_factory=list)

    @property
    def next_at(self) -> datetime | None:
        """When the first of those who must not be called now may be, or is due."""
        moments = [one.next_at for one in self.refused if one.next_at is not None]
        return min([*moments, *([self.due_at] if self.due_at is not None else [])], default=None)


async def explain_run(
    database: Database,
    config: Config,
    campaign: str,
    at: datetime,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> ExplainedRun:
    """Judge everybody who waits in the run of a campaign, or whom a start would enrol at that moment.

    As if nobody were called before. `progress` is told how many of how many are judged. Raises NotFoundError for a
    campaign that is not there, StoreError. Memory does not grow with the run.
    """
    rules = await rules_of(database, config)
    asking = await one_campaign(database, config, campaign)
    run = asking.run
    found = ExplainedRun(campaign, at, rules, run.id if run else None, asking.rewritten)
    policy = asking.policy(config)
    count = _Count(found, Judge(rules.rulebook, policy), policy, rules)
    known = await waiting.anything_known(database, count.since)
    async with _everybody(database, config, asking, at) as everybody:
        found.contacts, found.waiting = everybody.contacts, everybody.waiting
        found.claimed, found.done, found.excluded = everybody.claimed, everybody.done, everybody.excluded
        progress(0, found.waiting)
        judged, times = 0, known.consent or run is not None
        # The next portion comes while this one is judged.
        coming = asyncio.create_task(everybody.portion(0, _PORTION, times=times))
        try:
            while rows := await coming:
                coming = asyncio.create_task(everybody.portion(rows[-1].enrolment, _PORTION, times=times))
                facts = await _facts(database, rows, known, count.since, config.compliance.consent_days)
                await asyncio.sleep(0)  # so that the query is on its way
                count.judge(rows, *facts, config)
                judged += len(rows)
                progress(judged, found.waiting)
        finally:  # the connection is given back right after
            await asyncio.gather(coming, return_exceptions=True)
    found.refused = count.refused()
    return found


def _everybody(
    database: Database, config: Config, asking: Asking, at: datetime
) -> AbstractAsyncContextManager[Everybody]:
    if asking.run is not None:
        return waiting.of_run(database, asking.run, at)
    return waiting.of_start(database, asking.name, asking.document, config.lists, at)


async def _facts(
    database: Database, rows: Sequence[Waiting], known: Known, since: datetime, days: int
) -> tuple[History, Mapping[str, ConsentFacts]]:
    """What was done and said; nothing is asked where there is nothing."""
    history, said = History(), dict[str, ConsentFacts]()
    if known.calls:
        async with database.reading() as connection:
            history = await past_calls(connection, [row.number for row in rows], [row.contact for row in rows], since)
    if known.consent:
        said = await consents.known(database, [row.number for row in rows], days)
    return history, said


class _Count:
    """Counts verdicts."""

    def __init__(self, found: ExplainedRun, judge: Judge, policy: Policy, rules: Rules) -> None:
        self._found = found
        self._judge = judge
        self._policy = policy
        self._rules = rules
        self._at = found.at
        self._moment = found.at.timestamp()
        #: No cap looks further back.
        self.since = found.at - timedelta(seconds=judge.look_back)
        #: By rule that decides and all that refuse: there are few of these. How many, how many for ever, the first end.
        self._refused: dict[tuple[str, tuple[str, ...]], tuple[int, int, datetime | None]] = {}
        self._rule: dict[str, Refusing] = {}

    def judge(
        self, rows: Sequence[Waiting], history: History, said: Mapping[str, ConsentFacts], config: Config
    ) -> None:
        """Take in these."""
        found, at, columns = self._found, self._at, columns_of(config.compliance)
        verdict_of, loads = self._judge.verdict, orjson.loads
        for row in rows:
            one = callee(
                row.number,
                row.contact,
                loads(row.fields),
                columns,
                time_zone=row.time_zone,
                known_since=row.created_at,
            )
            calls, consent = history.of(row.number, row.contact), said.get(row.number)
            if calls or consent is not None:
                before = tuple(call for call in calls if call.at <= self._moment)
                one = one._replace(history=before, consent=consent or NOTHING_KNOWN)
            if one.place.against:
                found.zone_contradicted += 1
            verdict = verdict_of(one, at)
            if not verdict.allowed:
                self._refuse(verdict, one)
            elif row.due_at is not None and row.due_at > at:
                found.not_due += 1
                found.due_at = row.due_at if found.due_at is None else min(found.due_at, row.due_at)
            else:
                found.allowed += 1
                if verdict.until is not None and (found.until is None or verdict.until < found.until):
                    found.until = verdict.until

    def _refuse(self, verdict: Verdict, one: Callee) -> None:
        key = (verdict.rule, verdict.refusing)
        count, never, first = self._refused.get(key, (0, 0, None))
        next_at = verdict.next_at
        if next_at is None:
            never += 1
        elif first is None or next_at < first:
            first = next_at
        if not count:
            self._tell(verdict, one)
        self._refused[key] = (count + 1, never, first)

    def _tell(self, verdict: Verdict, one: Callee) -> None:
        """Keep what the rules say, from the first whom they refuse."""
        if self._rule.keys() >= set(verdict.refusing):
            return
        for each in asked(verdict, one, self._policy, self._rules.rulebook, self._at):
            if each.id in verdict.refusing:
                self._rule.setdefault(each.id, Refusing(each.id, each.figure, each.source))

    def refused(self) -> list[Refusing]:
        """The rules that refuse anybody."""
        for (rule, refusing), (count, never, first) in self._refused.items():
            for name in refusing:
                self._rule[name].refuses += count
            decides = self._rule[rule]
            decides.decides += count
            decides.never += never
            if first is not None and (decides.next_at is None or first < decides.next_at):
                decides.next_at = first
        return sorted(self._rule.values(), key=lambda one: (-one.decides, -one.refuses, one.rule))


def as_json(found: ExplainedRun) -> dict[str, Any]:
    """For programs; docs/compliance.md tells the keys."""
    return {
        "campaign": found.campaign,
        "at": found.at,
        "run": found.run,
        "rulebook": {
            "version": found.rules.version,
            "digest": found.rules.rulebook.digest,
            "note": found.rules.note or None,
        },
        "contacts": found.contacts,
        "zone_contradicted": found.zone_contradicted,
        "allowed": found.allowed,
        "until": found.until,
        "next_at": found.next_at,
        "refused": found.refused,
        "not_due": {"count": found.not_due, "due_at": found.due_at},
        "claimed": found.claimed,
        "done": found.done,
        "excluded": {kind.value: by for kind, by in found.excluded.items()},
    }
