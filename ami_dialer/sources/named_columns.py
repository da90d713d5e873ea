"""Files with one phone and columns of known meaning, in any order, found by their headings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ami_dialer.domain.formulas import as_written
from ami_dialer.sources.columns import MAX_COLUMNS, REJECT_COLUMNS
from ami_dialer.sources.headings import looks_like_a_number, phone_heading, plain
from ami_dialer.sources.problems import Fault, Kind, SourceError
from ami_dialer.sources.rows import Position, Row, read_header
from ami_dialer.sources.survey import Survey, survey_file

#: Headings of phones besides those of `headings`: `TN` in files of number administrations.
_NUMBERS = frozenset({"tn", "number", "caller", "called_number", "to", "from"})
_NUMBER = "number"


@dataclass(frozen=True, slots=True)
class NamedColumns:
    """Which column is what."""

    survey: Survey
    header: tuple[str, ...]
    #: Where the rows begin.
    start: Position
    #: The file and the line of the header, for messages.
    where: str
    #: By the names that were looked for, and `number`; without those that are not there.
    indexes: Mapping[str, int]

    def cell(self, cells: list[str], name: str) -> str:
        """What a row says in the column of our name; empty where there is none."""
        at = self.indexes.get(name)
        return "" if at is None else as_written(cells[at].strip())

    def fault_of(self, row: Row) -> Fault | None:
        """Why nothing can be read in a row: it is broken, or its cells are not those of the header."""
        _, cells, fault = row
        if fault is not None or len(cells) == len(self.header):
            return fault
        width = f"{len(cells):,} cell{'s' * (len(cells) != 1)}"
        return Fault(Kind.CELLS, f"has {width}, the header has {len(self.header):,}")

    def describe(self) -> str:
        """For people, in one line."""
        found = ", ".join(f"{name} from {self.header[at]!r}" for name, at in self.indexes.items())
        rest = [name for at, name in enumerate(self.header) if at not in set(self.indexes.values())]
        unused = f"; not used: {', '.join(rest)}" if rest else ""
        return f"{self.survey.describe()}; {found}{unused}"


def find_named_columns(path: Path, wanted: Mapping[str, tuple[str, ...]], mapping: Mapping[str, str]) -> NamedColumns:
    """The columns of a file. `wanted` are our names with the headings that stand for each, the best first.

    `mapping` is {our name, or `number`: the column's name}, which counts before headings do; an empty name says that
    there is no such column. Raises SourceError.
    """
    survey = survey_file(path)
    header = read_header(survey)
    where = f"{path}:{header.line}"
    if len(header.cells) > MAX_COLUMNS:
        raise SourceError(f"{where}: has {len(header.cells):,} columns, at most {MAX_COLUMNS:,} are allowed")
    names = [as_written(cell.strip().strip("\ufeff")) for cell in header.cells]
    if number := next((name for name in names if looks_like_a_number(name)), None):
        raise SourceError(f"{where}: {number!r} looks like a phone number; write a first line that names the columns")
    folded = [plain(name) for name in names]
    indexes = _mapped(names, {_NUMBER: "", **wanted}, mapping, where)
    taken = set(indexes.values()) | {at for at, name in enumerate(names) if name in REJECT_COLUMNS}
    if _NUMBER not in mapping:
        indexes = {_NUMBER: _phone(names, folded, taken, where), **indexes}
        taken.add(indexes[_NUMBER])
    for ours, headings in wanted.items():
        if ours not in mapping:
            places = (at for heading in headings for at, name in enumerate(folded) if name == heading)
            if (place := next((at for at in places if at not in taken), None)) is not None:
                indexes[ours] = place
                taken.add(place)
    return NamedColumns(survey, tuple(names), header.end, where, indexes)


def _mapped(names: list[str], ours: Mapping[str, object], mapping: Mapping[str, str], where: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, theirs in mapping.items():
        if name not in ours:
            raise SourceError(f"{where}: no column is called {name!r} here; there are: {', '.join(ours)}")
        if not theirs:
            continue
        places = [at for at, each in enumerate(names) if each.casefold() == theirs.strip().casefold()]
        if len(places) != 1:
            number = "several columns" if places else "no column"
            raise SourceError(f"{where}: has {number} {theirs!r}; it has: {', '.join(names[:40])}")
        found[name] = places[0]
    return found


def _phone(names: list[str], folded: list[str], taken: set[int], where: str) -> int:
    ranked = [
        (heading.rank, at)
        for at, name in enumerate(names)
        if at not in taken and (heading := phone_heading(name)) is not None
    ]
    plainly = [at for at, name in enumerate(folded) if at not in taken and name in _NUMBERS]
    if ranked:
        return min(ranked)[1]
    if plainly:
        return plainly[0]
    raise SourceError(
        f"{where}: has no column of numbers (looked for phone, mobile, number and the like); name it with "
        f"--column number=NAME; the file has: {', '.join(names[:40])}"
    )
