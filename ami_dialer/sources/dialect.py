"""How the cells of a file are written: separator, quotation mark, escapes; found from its first lines."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log2
from typing import TypedDict

#: Separators that are looked for, the likeliest first.
DELIMITERS = ",;\t|"
#: Stands for "no separator": half of a surrogate pair. No encoding gives one, and damaged bytes become others.
_NO_DELIMITER = "\ud800"
#: Lines that are looked at.
_SAMPLE = 200
_SEP_LINE = re.compile(r"\"?sep=([^\w\s\"'\\]|\t)\"?(?:\r\n|\r|\n|\Z)", re.IGNORECASE)
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class Format(TypedDict):
    """Keyword arguments of csv.reader."""

    delimiter: str
    quotechar: str
    escapechar: str | None


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are written."""

    #: Empty: one cell a line.
    delimiter: str
    quotechar: str = '"'
    #: A backslash where quotation marks inside cells are written so, instead of doubled.
    escapechar: str | None = None

    @property
    def format(self) -> Format:
        """As csv.reader takes it."""
        return {
            "delimiter": self.delimiter or _NO_DELIMITER,
            "quotechar": self.quotechar,
            "escapechar": self.escapechar,
        }

    def describe(self) -> str:
        """For people."""
        separated = _NAMES.get(self.delimiter, repr(self.delimiter))
        said = f"separated by {separated}" if self.delimiter else "one column"
        if self.quotechar != '"':
            said += f", quoted with {self.quotechar}"
        return said + (", quotation marks escaped with a backslash" if self.escapechar else "")


def sep_line(text: str) -> tuple[str, int] | None:
    """Excel's `sep=;` in the first line: the separator, and how many characters the line takes."""
    match = _SEP_LINE.match(text)
    return (match[1], match.end()) if match else None


def find_dialect(text: str, escapes: str = "", delimiter: str | None = None) -> Dialect:
    """The dialect of a file that begins with `text`, whole lines from the header on.

    `escapes` is a piece of the file with backslashes before quotation marks; `delimiter` is known where it is given.
    """
    lines = [line for line in io.StringIO(text, newline="") if line.strip()][:_SAMPLE]
    quotechar = _quotechar(lines)
    if delimiter is None:
        delimiter = _delimiter(lines, quotechar)
    return Dialect(delimiter, quotechar, _escapechar(io.StringIO(escapes, newline="").readlines(), delimiter))


def _rows(lines: Iterable[str], dialect: Dialect) -> list[list[str]]:
    """The rows up to one that cannot be read."""
    rows = []
    try:
        for row in csv.reader(lines, **dialect.format):
            rows.append(row)  # noqa: PERF402  # what was read before an error stays
    except csv.Error:
        pass
    return rows


def _delimiter(lines: list[str], quotechar: str) -> str:
    """The separator by which most lines have as many cells as the header; many cells count for more, but less so."""
    best, most = "", 0.0
    for delimiter in DELIMITERS:
        rows = _rows(lines, Dialect(delimiter, quotechar))
        if not rows:
            continue
        width = len(rows[0])
        if width == 1:  # a header of one cell over rows of several: still told as such, not as one column
            width = _usual_width(rows)
        alike = sum(len(row) == width for row in rows) / len(rows)
        # Above the quotient of two widths that people use, so that commas in a text never beat real separators.
        worth = alike * log2(width) if width > 1 else 0.0
        if len(rows[0]) == 1:
            worth /= 1_000
        if worth > most:
            best, most = delimiter, worth
    return best


def _usual_width(rows: list[list[str]]) -> int:
    """The number of cells that nine of ten rows after the first have; 1 where there is none."""
    widths = [len(row) for row in rows[1:]]
    usual = max(set(widths), key=widths.count, default=1)
    return usual if widths.count(usual) >= 0.9 * len(widths) else 1


def _quotechar(lines: list[str]) -> str:
    """An apostrophe where four of five lines have a cell between two, and none one between quotation marks."""
    ends = "[,;\t|\r\n]"
    double = re.compile(rf'(?:^|{ends})"')
    single = re.compile(rf"(?:^|{ends})'[^'\r\n]*'(?={ends}|$)")
    if len(lines) < 2 or any(double.search(line) for line in lines):
        return '"'
    return "'" if sum(bool(single.search(line)) for line in lines) >= 0.8 * len(lines) else '"'


def _escapechar(lines: list[str], delimiter: str) -> str | None:
    """A backslash where the lines make sense with it only: fewer quotation marks in odd places."""
    if not lines:
        return None
    plain = _oddities(lines, Dialect(delimiter))
    return "\\" if _oddities(lines, Dialect(delimiter, escapechar="\\")) < plain else None


def _oddities(lines: list[str], dialect: Dialect) -> int:
    """How often the strict rules of quoting are broken. That the lines end within a cell says nothing."""
    wrong = 0
    ended = False

    def feed() -> Iterator[str]:
        nonlocal ended
        yield from lines
        ended = True

    rest = feed()
    while not ended:
        try:
            for _ in csv.reader(rest, strict=True, **dialect.format):
                pass
        except csv.Error:  # `rest` goes on with the next line
            wrong += not ended
    return wrong
