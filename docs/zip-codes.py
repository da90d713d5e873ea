"""Writes ami_dialer/domain/zip_codes.py from zipcodes (`make zip-codes`).

tests/unit/domain/test_postal.py fails where the file and what the library says now differ. The library itself takes
0.3 s and 38 MB to answer for the first code (version 3.0.0), which is too much for each command.

A ZIP code has the one zone that the library knows. Military ones have none, and what is no zone of the tz database
counts as none. CORRECTIONS are places for which the library is known to be wrong.
"""
# ruff: noqa: INP001 - a script beside the documents, no package

from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from textwrap import wrap
from zoneinfo import available_timezones

import zipcodes

FILE = Path(__file__).parent.parent / "ami_dialer/domain/zip_codes.py"

#: West Wendover, Nevada, has kept mountain time since 1999 (64 FR 56705; 49 CFR 71.9).
CORRECTIONS = {"89883": "America/Denver"}

_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_WIDTH = 108

_HEAD = '''\
"""ZIP codes: state and zone of each, and which exist. Written by docs/zip-codes.py, which tells the rules.

Source: zipcodes {zipcodes}.
"""

#: State or territory (USPS; AA, AE and AP are military) and zone, and the ZIP codes from one to another that have them.
PLACES: dict[tuple[str, str], str] = {{
'''

_MIDDLE = """\
}

#: First three digits, and for the last two a number to base 32 whose bit N is set where N exists.
EXISTING = (
"""


def places() -> dict[str, tuple[str, str]]:
    """State and zone of each ZIP code, sorted; without a zone that is empty."""
    known = available_timezones()
    rows = {}
    for row in zipcodes.list_all():
        zone = CORRECTIONS.get(row["zip_code"], row["timezone"])
        rows[row["zip_code"]] = (row["state"], zone if zone in known else "")
    return dict(sorted(rows.items()))


def text() -> str:
    """The text of ami_dialer/domain/zip_codes.py."""
    found = places()
    spans = defaultdict(list)
    for place, run in groupby(found, key=found.__getitem__):
        first, *rest = run
        spans[place].append(f"{first}-{rest[-1]}" if rest else first)
    lines = []
    for (state, zone), ranges in sorted(spans.items()):
        lines += _entry(f'    ("{state}", "{zone}"): ', ranges)
    existing = [f"{beginning}={_base_32(mask)}" for beginning, mask in _masks(found).items()]
    masks = [f'    "{line} "\n' for line in wrap(" ".join(existing), _WIDTH)]
    return _HEAD.format(zipcodes=version("zipcodes")) + "".join(lines) + _MIDDLE + "".join(masks) + ")\n"


def _entry(key: str, ranges: list[str]) -> Iterator[str]:
    one = f'{key}"{" ".join(ranges)}",\n'
    if len(one) <= 120:
        yield one
        return
    yield f"{key}(\n"
    *before, last = wrap(" ".join(ranges), _WIDTH, break_on_hyphens=False)
    yield from (f'        "{line} "\n' for line in before)
    yield f'        "{last}"\n    ),\n'


def _masks(found: Iterable[str]) -> dict[str, int]:
    masks: dict[str, int] = defaultdict(int)
    for code in found:
        masks[code[:3]] |= 1 << int(code[3:])
    return masks


def _base_32(number: int) -> str:
    return (_base_32(number // 32) if number >= 32 else "") + _DIGITS[number % 32]


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
