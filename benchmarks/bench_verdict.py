"""Verdicts a second of processor time on mixed contacts, against the bare look-ups that no verdict can do without.

100,000 contacts of the United States and Canada under the packaged rules: some placed by ZIP code, some by state, some
by the number alone, which may mean several time zones and several laws. A tenth has been called before, some a moment
ago, some said that they want no calls. Four moments of a day, so that about as many are refused as allowed. Each
hundredth contact's verdicts are compared with the naive checker of the tests: none may differ.
"""

import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1]))

from ami_dialer.config.rulebook import load
from ami_dialer.domain.area_codes import AREA_CODES
from ami_dialer.domain.consent import NOTHING_KNOWN, ConsentFacts, ConsentRecord, Strength
from ami_dialer.domain.history import PastCall
from ami_dialer.domain.number_kind import NumberKind, kind_of
from ami_dialer.domain.place import place_of
from ami_dialer.domain.rulebook import Per, RuleKind, Scope
from ami_dialer.domain.verdict import Callee
from ami_dialer.domain.zip_codes import PLACES
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Cap, Policy
from tests.naive_law import may_call

CONTACTS = 100_000
ROUNDS = 5
CALLED = 0.1
SAID = 0.02
MOVED = 0.1
COMPARED = 100
DAY = datetime(2026, 3, 6, tzinfo=UTC)
#: Early in the East, noon, evening in the East, night.
MOMENTS = [DAY + timedelta(hours=hours, minutes=7) for hours in (13, 18, 25, 30)]
RESULTS = Path(__file__).parent / "results" / "verdict.json"
POLICY = Policy(
    campaign_id=1,
    campaign="bench",
    week=(((540, 720), (780, 1230)),) * 5 + (((600, 960),), ()),
    caps=(
        Cap("campaign.per_contact_24h", 2, 86_400.0, Per.CONTACT, Scope.CAMPAIGN),
        Cap("all.per_number_7d", 6, 7 * 86_400.0, Per.NUMBER, Scope.ALL),
    ),
    skip_answered_days=3,
    countries=frozenset({"US", "CA"}),
    kinds=frozenset({NumberKind.FIXED_LINE, NumberKind.MOBILE, NumberKind.FIXED_OR_MOBILE, NumberKind.VOIP}),
)

Row = tuple[str, str | None, str | None]


def rows(rng: random.Random) -> list[Row]:
    """Numbers with a ZIP code, a state, or neither; one in ten contacts has moved since the number was given out."""
    codes = [(code, row[1] or "") for code, row in AREA_CODES.items() if row[0] in ("US", "CA")]
    zips: dict[str, list[str]] = {}
    for (state, _), spans in PLACES.items():
        zips.setdefault(state, []).extend(span[:5] for span in spans.split())
    found: list[Row] = []
    for _ in range(CONTACTS):
        code, state = rng.choice(codes)
        if rng.random() < MOVED or not state:
            state = rng.choice(sorted(zips))
        number = f"+1{code}{rng.randrange(200, 1000)}{rng.randrange(10_000):04}"
        known = rng.random()
        postal_code = rng.choice(zips[state]) if state in zips and known < 0.5 else None
        found.append((number, postal_code, state if known < 0.7 else None))
    return found


def callee_of(
    row: Row, contact_id: int, history: tuple[PastCall, ...] = (), said: ConsentFacts = NOTHING_KNOWN
) -> Callee:
    number, postal_code, state = row
    place = place_of(number, time_zone=None, postal_code=postal_code, state=state)
    return Callee(number, kind_of(number), place, contact_id, DAY, history, said)


def callees(rng: random.Random, people: list[Row]) -> list[Callee]:
    found = []
    for key, row in enumerate(people):
        history, said = (), NOTHING_KNOWN
        if rng.random() < CALLED:
            times = sorted(DAY.timestamp() + 86_400 * (1 - 8 * rng.random() ** 3) for _ in range(rng.randint(1, 4)))
            history = tuple(PastCall(at, row[0], key, rng.randint(1, 2), rng.random() < 0.2, False) for at in times)
        if rng.random() < SAID:
            ends = DAY + timedelta(days=rng.randint(-10, 300))
            scope, granted = rng.choice([("*", False), ("sales", True), ("campaign:other", False)])
            said = ConsentFacts(
                (ConsentRecord(1, row[0], granted, scope, Strength.EXPRESS, "key", DAY - timedelta(30), ends, ""),)
            )
        found.append(callee_of(row, key, history, said))
    return found


def bare(people: list[Callee], book_hours: dict[str, tuple[int, int]]) -> Callable[[Callee, datetime], bool]:
    """What no verdict can do without: the local time in each zone, each law's hours by its name."""
    zones = {zone: ZoneInfo(zone) for one in people for zone in one.place.zones}

    def look_up(callee: Callee, now: datetime) -> bool:
        place = callee.place
        for zone in place.zones:
            local = now.astimezone(zones[zone])
            minute = local.hour * 60 + local.minute
            for name in place.jurisdictions:
                start, end = book_hours.get(name, (0, 1440))
                if not start <= minute < end:
                    return False
        return True

    return look_up


def rate(work: Callable[[Callee, datetime], object], people: list[Callee]) -> float:
    begin = time.process_time()
    for now in MOMENTS:
        for one in people:
            work(one, now)
    return len(people) * len(MOMENTS) / (time.process_time() - begin)


def main() -> None:
    rng = random.Random(4)
    book = load(None)
    written = rows(rng)
    begin = time.process_time()
    people = callees(rng, written)
    made = len(people) / (time.process_time() - begin)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    places = {(one.place.zones, one.place.jurisdictions) for one in people}

    judge = Judge(book, POLICY)
    begin = time.process_time()
    for one in people:
        judge.verdict(one, MOMENTS[0])
    first = len(people) / (time.process_time() - begin)
    hours = {rule.jurisdiction: rule.week[0][0] for rule in book.rules if rule.kind is RuleKind.HOURS and rule.week[0]}
    look_up = bare(people, hours)
    pairs = [(rate(judge.verdict, people), rate(look_up, people)) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(pair[place] for pair in pairs) for place in (0, 1))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    verdicts = [judge.verdict(one, now) for now in MOMENTS for one in people]
    checked = [(one, now) for now in MOMENTS for one in people[::COMPARED]]
    differ = sum(set(judge.verdict(*one).refusing) != may_call(book, POLICY, *one) for one in checked)
    result = {
        "verdicts_per_s": round(ours),
        "look_ups_per_s": round(theirs),
        "ratio": round(ours / theirs, 2),
        "first_verdicts_per_s": round(first),
        "contacts_placed_per_s": round(made),
        "allowed_share": round(sum(one.allowed for one in verdicts) / len(verdicts), 3),
        "places": len(places),
        "timelines": judge.timelines,
        "contacts": CONTACTS,
        "rounds": ROUNDS,
        "verdicts_compared": len(checked),
        "verdicts_that_differ": differ,
        "rss_mb": after // 1024,
        "judge_mb": (after - before) // 1024,
    }
    for name, value in result.items():
        print(f"{name:22} {value:>12,}")
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
