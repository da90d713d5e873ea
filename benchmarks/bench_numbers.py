"""Numbers a second of processor time: Normaliser and region_of against phonenumbers itself, in turns on the same texts.

Each list mixes ways of writing, 3 % of its rows are no valid number. The verdicts are compared too: none may differ.
"""

import json
import random
import resource
import statistics
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, timezone

from ami_dialer.domain.area_codes import AREA_CODES
from ami_dialer.domain.phone import Normaliser, NotANumberError, normalise
from ami_dialer.domain.region import region_of

ROWS = 100_000
#: phonenumbers gets every so many rows only; it would take most of the time.
EVERY = 10
ROUNDS = 5
BAD = 0.03
REGIONS = ("US", "CA", "GB", "DE", "FR", "BR", "AU")
RESULTS = Path(__file__).parent / "results" / "numbers.json"

NORTH_AMERICAN = ("{}{}{}", "({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "1{}{}{}", "+1{}{}{}", "+1 {}-{}-{}", "{} {} {} x12")
WRONG = ("", "n/a", "555-{1}", "000-{0}-{1}", "123-{0}-{1}", "{0}{1}", "(999) {0}-{1}", "12345")


def north_american(rng: random.Random, region: str) -> list[str]:
    codes = [code for code, row in AREA_CODES.items() if row[0] == region]
    ways = cycle(NORTH_AMERICAN)
    return [
        next(ways).format(rng.choice(codes), rng.randrange(200, 1000), f"{rng.randrange(10_000):04}")
        for _ in range(ROWS)
    ]


def elsewhere(rng: random.Random, region: str) -> list[str]:
    kinds = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE)
    examples = [phonenumbers.example_number_for_type(region, kind) for kind in kinds]
    ways = cycle((PhoneNumberFormat.E164, PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL))
    found = []
    while len(found) < ROWS:
        example = rng.choice(examples)
        last = 10 ** min(6, len(str(example.national_number)) - 3)
        national = example.national_number // last * last + rng.randrange(last)
        number = phonenumbers.PhoneNumber(example.country_code, national)
        found.append(phonenumbers.format_number(number, next(ways)))
    return found


def written(region: str) -> list[str]:
    """A list as people write it, always the same."""
    rng = random.Random(region)
    rows = north_american(rng, region) if region in ("US", "CA") else elsewhere(rng, region)
    wrong = cycle(WRONG)
    for place in rng.sample(range(ROWS), int(ROWS * BAD)):
        rows[place] = next(wrong).format(rng.randrange(100, 1000), rng.randrange(1000, 10_000))
    return rows


def verdict(convert: Callable[[str], str], text: str) -> str:
    try:
        return convert(text)
    except NotANumberError as error:
        return str(error)


def rate(work: Callable[[str], object], rows: list[str]) -> float:
    begin = time.process_time()
    for row in rows:
        try:
            work(row)
        except NotANumberError:
            continue
    return len(rows) / (time.process_time() - begin)


def asked(number: str) -> tuple[str | None, tuple[str, ...]]:
    parsed = phonenumbers.parse(number)
    return phonenumbers.region_code_for_number(parsed), timezone.time_zones_for_number(parsed)


def compared(quick: Callable[[str], object], slow: Callable[[str], object], rows: list[str]) -> tuple[float, float]:
    pairs = [(rate(quick, rows), rate(slow, rows[::EVERY])) for _ in range(ROUNDS)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def main() -> None:
    result: dict[str, object] = {}
    print("                      ours/s  phonenumbers/s   ratio")
    for region in REGIONS:
        rows = written(region)
        quick = Normaliser(region)
        first = rate(quick, rows)
        ours, theirs = compared(quick, lambda text, region=region: normalise(text, region), rows)
        verdicts = [verdict(quick, text) for text in rows]
        differ = sum(
            verdicts[place] != verdict(lambda text, region=region: normalise(text, region), rows[place])
            for place in range(0, ROWS, EVERY)
        )
        numbers = [number for number in verdicts if number.startswith("+")]
        ours_region, theirs_region = compared(region_of, asked, numbers)
        result[region] = {
            "numbers_per_s": round(ours),
            "first_pass_per_s": round(first),
            "phonenumbers_per_s": round(theirs),
            "ratio": round(ours / theirs, 1),
            "verdicts_compared": ROWS // EVERY,
            "verdicts_that_differ": differ,
            "regions_per_s": round(ours_region),
            "phonenumbers_regions_per_s": round(theirs_region),
            "region_ratio": round(ours_region / theirs_region, 1),
        }
        print(f"{region} Normaliser      {ours:10,.0f}  {theirs:14,.0f}  {ours / theirs:6.1f}   {differ} differ")
        print(
            f"{region} region_of       {ours_region:10,.0f}  {theirs_region:14,.0f}  {ours_region / theirs_region:6.1f}"
        )
    result |= {
        "rows": ROWS,
        "rounds": ROUNDS,
        "phonenumbers": phonenumbers.__version__,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
