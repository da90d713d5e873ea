"""Why an attempt was allowed: the verdict that is kept with it, told with the rules of the version it refers to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from ami_dialer.config.policy import policy_of
from ami_dialer.config.rulebook import as_plain
from ami_dialer.config.schema import Config
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.consent import ConsentRecord
from ami_dialer.domain.errors import NotFoundError, StoreError
from ami_dialer.domain.rulebook import Rule, RuleKind, in_force
from ami_dialer.rules.compliance import telling
from ami_dialer.rules.compliance.explain import both
from ami_dialer.rules.compliance.ground import law_of
from ami_dialer.store import consents, rulebooks, runs
from ami_dialer.store.database import Database
from ami_dialer.store.runs import Run


@dataclass(frozen=True, slots=True)
class Kept:
    """What was written down when the call was allowed; docs/compliance.md tells the keys."""

    at: datetime
    #: Version of the rules.
    book: int
    #: The rule that would have refused first, and when; empty and None: none was in sight.
    rule: str
    until: datetime | None
    kind: str
    zones: tuple[str, ...]
    #: What told the zones.
    by: str
    law: tuple[str, ...]
    exempt: tuple[str, ...]
    #: Earlier calls by the cap that counted them.
    calls: dict[str, int]
    #: Keys of the consent records that were looked at.
    consents: tuple[int, ...]
    reassigned: datetime | None


@dataclass(frozen=True, slots=True)
class ExplainedAttempt:
    """An attempt with all that its verdict looked at."""

    attempt: Attempt
    run: Run
    #: None: it was made before verdicts were kept.
    kept: Kept | None
    #: The rules of that version that were asked: in force there, about such calls.
    rules: tuple[Rule, ...] = ()
    consent: tuple[ConsentRecord, ...] = ()
    digest: str = ""


async def explain_attempt(database: Database, config: Config, key: str) -> ExplainedAttempt:
    """The attempt of this id. Raises NotFoundError, StoreError."""
    found = await runs.of_attempt(database, key)
    if found is None:
        raise NotFoundError(f"there is no attempt {key!r}; ami-dialer trace NUMBER shows those on a number")
    attempt, run = found
    if attempt.verdict is None:
        return ExplainedAttempt(attempt, run, None)
    kept = _read(attempt.verdict, key)
    book = await rulebooks.get(database, kept.book)
    days = {kept.at.astimezone(ZoneInfo(zone)).date() for zone in kept.zones or ("UTC",)}
    policy = policy_of(run.campaign_id, run.campaign, run.document, config, emergency=run.emergency)
    rules = tuple(
        rule
        for rule in law_of(book, policy, kept.law)
        if any(in_force(rule, day) for day in days) and (policy.consent or rule.kind is not RuleKind.CONSENT)
    )
    known = await consents.known(database, [attempt.number])
    said = known[attempt.number].records if attempt.number in known else ()
    return ExplainedAttempt(
        attempt, run, kept, rules, tuple(one for one in said if one.id in kept.consents), book.digest
    )


def _read(text: str, key: str) -> Kept:
    try:
        found: dict[str, Any] = orjson.loads(text)
        return Kept(
            at=datetime.fromisoformat(found["at"]),
            book=int(found["book"]),
            rule=found.get("rule", ""),
            until=_moment(found.get("until")),
            kind=found.get("kind", ""),
            zones=tuple(found.get("zones", ())),
            by=found.get("by", ""),
            law=tuple(found.get("law", ())),
            exempt=tuple(found.get("exempt", ())),
            calls=dict(found.get("calls", {})),
            consents=tuple(found.get("consents", ())),
            reassigned=_moment(found.get("reassigned")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"the verdict of attempt {key} cannot be read: {error}") from error


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def lines(found: ExplainedAttempt) -> list[str]:
    """For people."""
    attempt, run, kept = found.attempt, found.run, found.kept
    zone = kept.zones[0] if kept is not None and kept.zones else "UTC"
    ended = f"ended as {attempt.end_reason}" if attempt.end_reason else f"is {attempt.state}"
    told = [
        f"Attempt {attempt.id} called {attempt.number} for campaign {run.campaign!r}, run {run.id}, contact "
        f"{attempt.contact_id}, on {both(attempt.claimed_at, zone)}; it {ended}."
    ]
    if kept is None:
        return [*told, "No verdict is kept with it: it was made before attempts had one."]
    told.append(f"It was allowed on {both(kept.at, zone)} by version {kept.book} of the rules.")
    if kept.until is not None:
        told.append(f"That held until {both(kept.until, zone)}, when {kept.rule} would have refused.")
    told += [
        "",
        f"Whose time: {kept.by} said {telling.zones_text(kept.zones)}.",
        *(f"  there it was {telling.moment_text(kept.at, one)} ({one})" for one in kept.zones[:6]),
        f"Whose law: {', '.join(kept.law) or 'no jurisdiction that was known'}.",
        f"Kind of number: {kept.kind}.",
        _calls(kept),
    ]
    if kept.consents:
        told.append(f"Consent records it looked at: {', '.join(map(str, kept.consents))}.")
        for one in found.consent:
            what = f"{one.strength} consent" if one.granted else "revoked"
            told.append(f"  {one.id}: {what} for {one.scope} by {one.source}, {telling.moment_text(one.at, 'UTC')}")
    if kept.reassigned is not None:
        told.append(f"The number had changed hands on {telling.moment_text(kept.reassigned)}.")
    told += [
        "",
        f"Rules of version {kept.book} ({found.digest[:12]}) about such calls ({_purpose(found)}), in force there:",
    ]
    for rule in found.rules:
        mark = ", the campaign was exempt" if rule.id in kept.exempt else ""
        told += [
            f"  {rule.id}: {telling.figure_of(rule)}{mark}",
            *([] if rule.says == telling.figure_of(rule) else [f"    {rule.says}"]),
            f"    {rule.source}, {rule.url}",
        ]
    return told


def _calls(kept: Kept) -> str:
    if not kept.calls:
        return "Earlier calls that counted: none."
    counted = (f"{count} for {cap}" for cap, count in kept.calls.items())
    return f"Earlier calls that counted: {', '.join(counted)}."


def _purpose(found: ExplainedAttempt) -> str:
    return found.run.document.purpose.value


def as_json(found: ExplainedAttempt) -> dict[str, Any]:
    """For programs; docs/compliance.md tells the keys."""
    attempt, kept = found.attempt, found.kept
    return {
        "attempt": attempt.id,
        "number": attempt.number,
        "campaign": found.run.campaign,
        "run": found.run.id,
        "contact": attempt.contact_id,
        "claimed_at": attempt.claimed_at,
        "end_reason": attempt.end_reason,
        "verdict": kept,
        "digest": found.digest or None,
        "rules": [as_plain(rule) for rule in found.rules],
        "consent": [one._asdict() for one in found.consent],
    }
