"""Why a call was allowed, as it is kept with its attempt: by which rules, on which facts. Compact JSON."""

from datetime import UTC, datetime
from functools import lru_cache

import orjson

from ami_dialer.domain.place import Place
from ami_dialer.domain.verdict import Callee, Verdict
from ami_dialer.rules.compliance.judge import Judge


def evidence(verdict: Verdict, callee: Callee, judge: Judge, book: int, now: datetime) -> str:
    """The JSON of a verdict that was taken at `now` by this version of the rulebook (its key).

    What is empty is left out: `calls` (by each cap, those that it counted), `consents` (keys of the records that were
    looked at), `reassigned`, `exempt`. docs/compliance.md tells the keys.
    """
    own: dict[str, object] = {"at": _moment(now)}
    if callee.history and (counted := judge.counted(callee, now)):
        own["calls"] = counted
    if callee.consent.records:
        own["consents"] = [record.id for record in callee.consent.records]
    if callee.callback is not None:
        own["callback"] = callee.callback
    if callee.consent.reassigned_at is not None:
        own["reassigned"] = _moment(callee.consent.reassigned_at)
    shared = _shared(book, verdict.rule, verdict.until, verdict.exempt, callee.kind.value, callee.place)
    return f"{shared[:-1]},{orjson.dumps(own).decode()[1:]}"


@lru_cache(maxsize=2**12)
def _shared(book: int, rule: str, until: datetime | None, exempt: tuple[str, ...], kind: str, place: Place) -> str:
    """What all who are called in one place at one time have in common."""
    told: dict[str, object] = {
        "book": book,
        "rule": rule,
        "until": until and _moment(until),
        "kind": kind,
        "zones": place.zones,
        "by": place.source.value,
        "law": place.jurisdictions,
        "exempt": exempt,
        "law_clocks": dict(place.law_clocks),
        "against": [source.value for source in place.against],
    }
    return orjson.dumps({name: value for name, value in told.items() if value}).decode()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
