"""A mapping list as a file: CSV with a number, the agent whose contact it is, and a priority where it has one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ami_dialer.config.agents import AGENT_NUMBER_PATTERN
from ami_dialer.domain.phone import Normaliser, NotANumberError
from ami_dialer.domain.rank import HIGHEST_PRIORITY
from ami_dialer.sources.named_columns import NamedColumns, find_named_columns
from ami_dialer.sources.problems import Fault, Kind, Rejected, SourceError
from ami_dialer.sources.quoting import Row
from ami_dialer.sources.rows import read_rows
from ami_dialer.store.agent_maps import Mapped

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "agent": (
        *("agent", "agent_number", "agent_id", "agent_no", "extension", "ext", "owner", "account_manager", "rep"),
        *("sales_rep", "user", "assigned_to"),
    ),
    "priority": ("priority", "prio", "customer_priority", "contact_priority", "rank"),
}
_AGENT = re.compile(AGENT_NUMBER_PATTERN)
_PRIORITIES = {str(each): each for each in range(HIGHEST_PRIORITY + 1)}


@dataclass(frozen=True, slots=True)
class AgentMapFile:
    """How the file is to be read."""

    columns: NamedColumns
    region: str


@dataclass(slots=True)
class AgentMapPortion:
    """Some rows of the file."""

    entries: list[Mapped]
    rejected: list[Rejected]
    #: Bytes of the file that were read so far.
    done: int


def look_at_agent_map(path: Path, region: str, mapping: Mapping[str, str]) -> AgentMapFile:
    """Find out how the file is to be read. Raises SourceError."""
    columns = find_named_columns(path, COLUMNS, mapping)
    if "agent" not in columns.indexes:
        raise SourceError(
            f"{columns.where}: has no column of agents; name it with --column agent=NAME, or give it one of these "
            f"headings: {', '.join(COLUMNS['agent'])}; the file has: {', '.join(columns.header[:40])}"
        )
    return AgentMapFile(columns, region)


def read_agent_map(file: AgentMapFile, size: int) -> Iterator[AgentMapPortion]:
    """The rows of the file, `size` at a time; each number once. Raises SourceError where it changes meanwhile."""
    normalise = Normaliser(file.region)
    taken: dict[str, tuple[int, Mapped]] = {}
    for batch in read_rows(file.columns.survey, file.columns.start, size):
        portion = AgentMapPortion([], [], batch.done)
        for row in batch.rows:
            _read(file, normalise, row, taken, portion)
        yield portion


def _read(
    file: AgentMapFile,
    normalise: Normaliser,
    row: Row,
    taken: dict[str, tuple[int, Mapped]],
    portion: AgentMapPortion,
) -> None:
    line, cells, _ = row
    if not any(cell.strip() for cell in cells):
        return
    found = file.columns.fault_of(row) or _entry(file, normalise, cells)
    if isinstance(found, Mapped):
        before = taken.setdefault(found.number, (line, found))
        if before == (line, found):
            portion.entries.append(found)
            return
        if before[1] == found:
            return
        found = Fault(Kind.DOUBLE, f"{found.number} stands in line {before[0]} already, for agent {before[1].agent}")
    portion.rejected.append(Rejected(line, found.kind, found.reason, cells))


def _entry(file: AgentMapFile, normalise: Normaliser, cells: list[str]) -> Mapped | Fault:
    try:
        number = normalise(file.columns.cell(cells, "number"))
    except NotANumberError as error:
        return Fault(Kind.PHONE_BAD, str(error))
    agent = file.columns.cell(cells, "agent")
    if not _AGENT.match(agent):
        what = f"{agent[:40]!r} is no number of an agent" if agent else "names no agent"
        return Fault(Kind.AGENT, f"{what}; write 1 to 10 digits")
    written = file.columns.cell(cells, "priority")
    if not written:
        return Mapped(number, agent)
    if written not in _PRIORITIES:
        return Fault(
            Kind.PRIORITY, f"{written[:40]!r} is no priority; write a whole number from 0 to {HIGHEST_PRIORITY}"
        )
    return Mapped(number, agent, _PRIORITIES[written])
