"""May this number be called at a moment: the verdict of each campaign that knows it, and all that it looked at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ami_dialer.config.schema import Config
from ami_dialer.domain.consent import NOTHING_KNOWN, ConsentFacts
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.domain.history import PastCall
from ami_dialer.domain.place import ZoneSource
from ami_dialer.domain.verdict import Callee, Verdict
from ami_dialer.reporting.verdicts.asking import Asking, Rules, every_campaign, one_campaign, rules_of, the_law_alone
from ami_dialer.rules.compliance.explain import asked, explain
from ami_dialer.rules.compliance.ground import zones_of
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Policy
from ami_dialer.store import consents, dnc, dnc_lists
from ami_dialer.store.callees import Columns, callee, columns_of
from ami_dialer.store.database import Database
from ami_dialer.store.dnc import DncEntry
from ami_dialer.store.history import History, past_calls
from ami_dialer.store.holders import Enrolled, Holder, holders

#: Calls are told as far back as any cap looks, and at least so far.
_SHOWN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Barring:
    """A do-not-call entry that forbids the number at the moment."""

    entry: DncEntry
    #: Heeded by all campaigns.
    is_global: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict of one campaign on one contact."""

    asking: Asking
    #: None where no contact of the campaign has the number.
    holder: Holder | None
    callee: Callee
    policy: Policy
    verdict: Verdict
    #: Entries that the campaign heeds.
    barring: tuple[Barring, ...]
    #: For people, the rules alone.
    text: str

    @property
    def may_be_called(self) -> bool:
        """By the rules, and by the do-not-call lists."""
        return self.verdict.allowed and not self.barring

    @property
    def enrolled(self) -> Enrolled | None:
        """Where the contact stands in the run that goes on."""
        run, holder = self.asking.run, self.holder
        if run is None or holder is None:
            return None
        return next((one for one in holder.runs if one.run == run.id), None)


@dataclass(frozen=True, slots=True)
class Explained:
    """All that is told of a number."""

    number: str
    at: datetime
    rules: Rules
    holders: Sequence[Holder]
    #: Names of the campaigns that heed each entry are in `judged`.
    barring: Sequence[Barring]
    consent: ConsentFacts
    #: Calls to the number and its contacts before `at`, oldest first.
    calls: Sequence[PastCall]
    #: Name of each campaign that called.
    callers: Mapping[int, str]
    judged: Sequence[Judged]

    @property
    def may_be_called(self) -> bool:
        """By every campaign that is told of."""
        return all(one.may_be_called for one in self.judged)


async def explain_number(
    database: Database, config: Config, number: str, at: datetime, campaign: str | None = None
) -> Explained:
    """The verdicts of `at` on a number in E.164: of one campaign, of all that know it, or of the law alone.

    Raises NotFoundError for a campaign that is not there, StoreError.
    """
    rules = await rules_of(database, config)
    every = await every_campaign(database, config)
    having = await holders(database, number)
    wanted = every if campaign is None else [await one_campaign(database, config, campaign)]
    pairs: list[tuple[Asking, Holder | None]] = list(_pairs(wanted, having))
    if not pairs:
        pairs = [(the_law_alone() if campaign is None else wanted[0], having[0] if having else None)]
    judges = {asking.name: Judge(rules.rulebook, asking.policy(config)) for asking, _ in pairs}
    back = max([_SHOWN, *(timedelta(seconds=judge.look_back) for judge in judges.values())])
    async with database.reading() as connection:
        history = await past_calls(connection, [number], {one.contact for one in having}, at - back)
    known = await consents.known(database, [number], config.compliance.consent_days)
    facts = known.get(number, NOTHING_KNOWN)
    barring = await _barring(database, number, at)
    columns = columns_of(config.compliance)
    judged, calls = [], set(_before(history, number, None, at))
    for asking, holder in pairs:
        one = _callee(number, holder, columns)
        one = one._replace(history=_before(history, number, holder, at), consent=facts)
        calls |= set(one.history)
        policy = asking.policy(config)
        verdict = judges[asking.name].verdict(one, at)
        heeded = tuple(each for each in barring if each.is_global or each.entry.list_name in asking.document.dnc)
        found_by = _found_by(one, holder, columns)
        text = explain(verdict, one, policy, rules.rulebook, at, found_by)
        judged.append(Judged(asking, holder, one, policy, verdict, heeded, text))
    callers = {asking.id: asking.name for asking in every}
    return Explained(number, at, rules, having, barring, facts, sorted(calls), callers, judged)


def _pairs(campaigns: Sequence[Asking], having: Sequence[Holder]) -> Iterator[tuple[Asking, Holder]]:
    """Each campaign with the contacts through which it knows the number: of its run that goes on, else of its lists."""
    for asking in campaigns:
        enrolled = [one for one in having if asking.run and asking.run.id in {each.run for each in one.runs}]
        listed = [one for one in having if set(one.lists) & set(asking.document.lists)]
        for holder in enrolled or listed:
            yield asking, holder


def _callee(number: str, holder: Holder | None, columns: Columns) -> Callee:
    if holder is None:
        return callee(number, 0, {}, columns)
    zone, since = holder.time_zone, holder.created_at
    return callee(number, holder.contact, holder.fields, columns, time_zone=zone, known_since=since)


def _before(history: History, number: str, holder: Holder | None, at: datetime) -> tuple[PastCall, ...]:
    """What had happened by then: who asks about the past is told what held in it."""
    moment = at.timestamp()
    return tuple(call for call in history.of(number, holder.contact if holder else 0) if call.at <= moment)


async def _barring(database: Database, number: str, at: datetime) -> list[Barring]:
    """The entries that forbade the number then, or will, as far as is known: the global list's first."""
    marks = await dnc_lists.load_marks(database)
    found = [
        Barring(entry, marks.get(entry.list_name, False))
        for entry in await dnc.entries(database, numbers=[number], removed=True)
        if entry.added_at <= at
        and (entry.expires_at is None or entry.expires_at > at)
        and (entry.removed_at is None or entry.removed_at > at)
    ]
    return sorted(found, key=lambda one: (not one.is_global, one.entry.added_at))


def _found_by(one: Callee, holder: Holder | None, columns: Columns) -> str:
    """What told the zone, with its value."""
    fields = {name.casefold(): value for name, value in (holder.fields if holder else {}).items()}
    match one.place.source:
        case ZoneSource.CONTACT:
            return "the contact's own time zone"
        case ZoneSource.POSTAL_CODE:
            return f"ZIP or postal code {_first(fields, columns.postal_code)!r}"
        case ZoneSource.STATE:
            return f"state or province {_first(fields, columns.state)!r}"
        case ZoneSource.NUMBER:
            return "the number"
        case _:
            return ""


def _first(fields: Mapping[str, str], names: Sequence[str]) -> str:
    return next((fields[name] for name in names if fields.get(name, "").strip()), "")


def as_json(found: Explained) -> dict[str, Any]:
    """For programs; docs/compliance.md tells the keys."""
    return {
        "number": found.number,
        "at": found.at,
        "allowed": found.may_be_called,
        "rulebook": {
            "version": found.rules.version,
            "digest": found.rules.rulebook.digest,
            "note": found.rules.note or None,
        },
        "contacts": found.holders,
        "do_not_call": [
            {
                "list": one.entry.list_name,
                "number": one.entry.number,
                "reason": one.entry.reason,
                "source": one.entry.source,
                "added_at": one.entry.added_at,
                "expires_at": one.entry.expires_at,
                "global": one.is_global,
            }
            for one in found.barring
        ],
        "consent": [one._asdict() for one in found.consent.records],
        "reassigned_at": found.consent.reassigned_at,
        "calls": [
            {**call._asdict(), "at": _utc(call, found.at), "campaign": found.callers.get(call.campaign_id)}
            for call in found.calls
        ],
        "verdicts": [_verdict_json(one, found) for one in found.judged],
    }


def _utc(call: PastCall, like: datetime) -> datetime:
    return datetime.fromtimestamp(call.at, like.tzinfo)


def _verdict_json(one: Judged, found: Explained) -> dict[str, Any]:
    verdict, place = one.verdict, one.callee.place
    zones = zones_of(place, one.policy)
    enrolled = one.enrolled
    return {
        "campaign": one.asking.name or None,
        "run": one.asking.run.id if one.asking.run else None,
        "contact": one.holder.contact if one.holder else None,
        "allowed": one.may_be_called,
        "barred_by": [each.entry.label for each in one.barring],
        "rules": {
            "allowed": verdict.allowed,
            "rule": verdict.rule or None,
            "why": verdict.why or None,
            "until": verdict.until,
            "next_at": verdict.next_at,
            "refusing": verdict.refusing,
            "exempt": verdict.exempt,
            "asked": list(asked(verdict, one.callee, one.policy, found.rules.rulebook, found.at)),
        },
        "zones": zones,
        "zones_from": place.source.value,
        "jurisdictions": place.jurisdictions,
        "kind": one.callee.kind.value,
        "notes": place.notes,
        "enrolment": None if enrolled is None else enrolled,
    }


def standing(enrolled: Enrolled) -> str:
    """Where a contact stands in its run, for people."""
    if enrolled.state is EnrolmentState.EXCLUDED:
        why = f"{enrolled.exclusion.label}: {enrolled.excluded_by}" if enrolled.exclusion else "taken out"
        return f"it will not be called in it ({why})"
    if enrolled.state is EnrolmentState.WAITING:
        return f"it waits, held back by {enrolled.held_by}" if enrolled.held_by else "it waits"
    return f"it is {enrolled.state}"
