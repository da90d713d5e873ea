"""What the columns of a file are: phones in dialing order, time zone, priority, and fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ami_dialer.domain.export_columns import PRIORITY, ZONE, before_fields, further_phones
from ami_dialer.domain.formulas import as_written
from ami_dialer.sources.headings import is_phone_key, label_of_key, looks_like_a_number, phone_heading, plain
from ami_dialer.sources.problems import SourceError

MAX_COLUMNS = 1_000
#: Characters of a column's name.
MAX_NAME = 64
#: Characters of a phone's label.
MAX_LABEL = 32
#: Columns that a file of rejected rows has before those of the list. They are no fields when it is imported again.
REJECT_COLUMNS = ("rejected_line", "rejected_kind", "rejected_reason")
#: Spellings that are taken for the two columns that are neither phones nor fields, where nothing is mapped.
_SPELLINGS = {
    ZONE: ("time_zone", "timezone", "tz", "time_zone_name", "tz_name", "iana_time_zone"),
    PRIORITY: ("priority", "customer_priority", "contact_priority"),
}


@dataclass(frozen=True, slots=True)
class PhoneColumn:
    """A column of phones."""

    index: int
    #: `mobile`, `work`; None where neither the mapping nor the heading says.
    label: str | None
    #: 0 is dialled first.
    order: int
    #: The column that says what each contact's phone is, in an exported list.
    labels: int | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what; numbers are indexes from 0."""

    #: All columns as the file calls them, the nameless ones named.
    names: tuple[str, ...]
    #: In dialing order.
    phones: tuple[PhoneColumn, ...]
    zone: int | None
    priority: int | None
    #: Index and name of each further column, in the file's order.
    fields: tuple[tuple[int, str], ...]
    #: This program wrote the file, with apostrophes before what a spreadsheet would take for a formula.
    mended: bool = False


def find_columns(header: Sequence[str], mapping: Mapping[str, str], where: str) -> Columns:
    """Say what each column is. Raises SourceError, which begins with `where`, the file and the header's line.

    `mapping` is {our name: the column's}: `phone`, `phone_2` … `phone_99` or `phone.label`, in dialing order;
    `time_zone` and `priority`, which an empty column name says there are none of; any other name is that of a field.
    Without a mapped phone, phones are guessed by the usual names. An exported list has our names already: no mapping
    applies to it.
    """
    if (exported := _exported(header)) is not None:
        return exported
    names = _names(header, where)
    mapped = {ours: _index(names, theirs, ours, where) for ours, theirs in mapping.items() if theirs.strip()}
    _refuse_twice(mapped, names, where)
    mended = tuple(names[: len(REJECT_COLUMNS)]) == REJECT_COLUMNS
    used = set(mapped.values()) | (set(range(len(REJECT_COLUMNS))) if mended else set())
    phones = _mapped_phones(mapped, where) or _guessed_phones(names, used)
    if not phones:
        raise SourceError(_no_phone(names, where))
    used |= {phone.index for phone in phones}
    special: dict[str, int | None] = {}
    for ours, spellings in _SPELLINGS.items():
        index = mapped.get(ours)
        if ours not in mapping:
            index = next((at for at, name in enumerate(names) if at not in used and plain(name) in spellings), None)
        special[ours] = index
        used |= {index} if index is not None else set()
    renamed = {index: ours for ours, index in mapped.items() if not is_phone_key(ours) and ours not in _SPELLINGS}
    fields = tuple((at, renamed.get(at, name)) for at, name in enumerate(names) if at not in used or at in renamed)
    _refuse_doubles([name for _, name in fields], mapping, where)
    return Columns(tuple(names), phones, special[ZONE], special[PRIORITY], fields, mended)


def _exported(header: Sequence[str]) -> Columns | None:
    """The columns of a list that this program exported, or of rows of it that were rejected; None of others."""
    names = tuple(as_written(cell.strip().strip("\ufeff")) for cell in header)
    begin = len(REJECT_COLUMNS) if names[: len(REJECT_COLUMNS)] == REJECT_COLUMNS else 0
    further = further_phones(names[begin:])
    if further is None or len(names) > MAX_COLUMNS:
        return None
    phones = tuple(PhoneColumn(begin + 2 * place, None, place, begin + 2 * place + 1) for place in range(further + 1))
    zone = begin + 2 * (further + 1)
    first = begin + len(before_fields(further))
    return Columns(names, phones, zone, zone + 1, tuple(enumerate(names[first:], first)), mended=True)


def _names(header: Sequence[str], where: str) -> list[str]:
    if len(header) > MAX_COLUMNS:
        raise SourceError(f"{where}: has {len(header):,} columns, at most {MAX_COLUMNS:,} are allowed")
    names = [cell.strip().strip("\ufeff") or f"column_{at}" for at, cell in enumerate(header, 1)]
    for at, name in enumerate(names, 1):
        if not name.isprintable():
            raise SourceError(f"{where}: the name of column {at}, {name[:MAX_NAME]!r}, holds a control character")
        if len(name) > MAX_NAME:
            raise SourceError(
                f"{where}: the name of column {at} has {len(name)} characters, at most {MAX_NAME} are allowed: "
                f"{name[:MAX_NAME]!r}…; is the first line really the header?"
            )
    _refuse_doubles(names, {}, where)
    return names


def _refuse_doubles(names: Sequence[str], mapping: Mapping[str, str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            mend = "map the other one to another name" if name in mapping else "rename one"
            raise SourceError(f"{where}: has the column {name!r} twice; {mend}")
        seen.add(name)


def _refuse_twice(mapped: Mapping[str, int], names: Sequence[str], where: str) -> None:
    by_index: dict[int, str] = {}
    for ours, index in mapped.items():
        if index in by_index:
            raise SourceError(
                f"{where}: the column {names[index]!r} is named by `columns.{by_index[index]}` and by `columns.{ours}`"
            )
        by_index[index] = ours


def _index(names: Sequence[str], theirs: str, ours: str, where: str) -> int:
    """The column of that name: exactly, else whatever its capitals."""
    wanted = theirs.strip()
    if wanted in names:
        return names.index(wanted)
    folded = [name.casefold() for name in names]
    alike = folded.count(wanted.casefold())
    if alike == 1:
        return folded.index(wanted.casefold())
    if alike > 1:
        raise SourceError(f"{where}: several columns are called {wanted!r}; write it with the capitals of the file")
    close = get_close_matches(wanted.casefold(), folded, 1)
    hint = f"; did you mean {names[folded.index(close[0])]!r}?" if close else ""
    raise SourceError(
        f"{where}: has no column {theirs!r}, which `columns.{ours}` names{hint} It has: {_listed(names)}"
        if hint
        else f"{where}: has no column {theirs!r}, which `columns.{ours}` names; it has: {_listed(names)}"
    )


def _mapped_phones(mapped: Mapping[str, int], where: str) -> tuple[PhoneColumn, ...]:
    keys = [ours for ours in mapped if is_phone_key(ours)]
    for ours in keys:
        if len(label_of_key(ours) or "") > MAX_LABEL:
            raise SourceError(
                f"{where}: the label of `columns.{ours}` has more than {MAX_LABEL} characters; shorten it"
            )
    return tuple(PhoneColumn(mapped[ours], label_of_key(ours), order) for order, ours in enumerate(keys))


def _guessed_phones(names: Sequence[str], used: set[int]) -> tuple[PhoneColumn, ...]:
    found = [(phone_heading(name), at) for at, name in enumerate(names) if at not in used]
    phones = sorted((heading.rank, at, heading.label) for heading, at in found if heading is not None)
    # A `number` beside a `phone` may be anything; alone, it is the phone.
    sure = [phone for phone in phones if phone[0] < (9, 0)] or phones[:1]
    return tuple(PhoneColumn(at, label or None, order) for order, (_, at, label) in enumerate(sure))


def _no_phone(names: Sequence[str], where: str) -> str:
    number = next((name for name in names if looks_like_a_number(name)), None)
    if number is not None:
        return (
            f"{where}: has no header: {number!r} looks like a phone number. Write a first line that names the columns, "
            f"such as: {','.join('phone' if name == number else f'column_{at}' for at, name in enumerate(names, 1))}"
        )
    return (
        f"{where}: has no phone column (looked for phone, mobile, cell, telephone, home_phone and the like); "
        f"name it with `columns: {{phone: …}}`; the file has: {_listed(names)}"
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:40])
    return f"{shown} and {len(names) - 40} more" if len(names) > 40 else shown
