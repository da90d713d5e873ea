"""Station 1, import: rows in, numbers made E.164, doubles dropped, broken rows kept aside with their reason."""

import asyncio
import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ami_dialer.config.lists import ContactList
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.phone import NotANumberError, normalise
from ami_dialer.store import contacts, lists
from ami_dialer.store.contacts import NewContact
from ami_dialer.store.database import Database

#: Column names taken for the phone number when the list maps none, in order of preference; compared in lower case.
PHONE_COLUMNS = ("phone", "primary_phone", "phone_number", "number", "mobile", "telephone", "msisdn")
#: Separators that are looked for in the header line.
_SEPARATORS = ",;\t|"
#: Contacts handed to the database in one statement: SQLite takes 32,766 values in one, a row has two.
_BATCH = 2_000
#: Bytes of a header line that are read for a check.
_LONGEST_HEADER = 65_536
#: A field longer than this is an error of its row (seeds/003: values to 300 characters).
MAX_FIELD = 300


#: Told how far an import is: `reading` or `storing`, how many lines or contacts, and of how many. Any thread may call.
Progress = Callable[[str, int, int], None]


def _silent(_phase: str, _done: int, _of: int) -> None:
    """Nobody watches."""


class IntakeError(DialerError):
    """The file as a whole cannot be imported; nothing of it was."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not imported."""

    line: int
    reason: str
    row: list[str]


@dataclass(slots=True)
class Reading:
    """What was found in a file."""

    digest: str
    header: list[str]
    contacts: list[NewContact] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    #: Rows whose number stood in an earlier row.
    doubles: int = 0


@dataclass(frozen=True, slots=True)
class Intake:
    """What an import did."""

    list_name: str
    #: False: the file had not changed since the last import, so nothing was done.
    read: bool
    added: int = 0
    #: Rows whose number the list held already.
    known: int = 0
    doubles: int = 0
    rejected: tuple[RejectedRow, ...] = ()
    rejects_file: Path | None = None


async def import_list(
    database: Database,
    name: str,
    settings: ContactList,
    known_digest: str | None,
    now: datetime,
    progress: Progress = _silent,
) -> Intake:
    """Bring a list's file into SQL, whole or not at all; twice changes nothing. Raises IntakeError, StoreError."""
    if settings.file is None:
        return Intake(name, read=False)
    reading = await asyncio.to_thread(_read_if_new, settings.file, name, settings, known_digest, progress)
    if reading is None:
        return Intake(name, read=False)
    key = await lists.list_id(database, name)
    batches = _batches(reading.contacts, progress)
    added = await contacts.add_to_list(database, key, batches, reading.digest, now)
    rejects_file = await asyncio.to_thread(_keep_rejects, settings.file, reading)
    return Intake(
        name,
        read=True,
        added=added,
        known=len(reading.contacts) - added,
        doubles=reading.doubles,
        rejected=tuple(reading.rejected),
        rejects_file=rejects_file,
    )


def _batches(found: list[NewContact], progress: Progress) -> Iterator[list[NewContact]]:
    for start in range(0, len(found), _BATCH):
        progress("storing", start, len(found))
        yield found[start : start + _BATCH]


def columns_of(name: str, settings: ContactList) -> list[str]:
    """The columns of a list's file as contacts get them, `phone` among them. Reads the header line alone.

    Raises IntakeError where the file cannot be read or has no phone column.
    """
    where = f"list {name!r}: {settings.file}"
    if settings.file is None:
        raise IntakeError(f"list {name!r} has no file")
    try:
        with settings.file.open("rb") as stream:
            line = stream.readline(_LONGEST_HEADER)
    except OSError as error:
        raise IntakeError(f"{where} cannot be read: {error.strerror}") from error
    header = next(_rows(where, _decode(where, line)), None)
    if header is None:
        raise IntakeError(f"{where} is empty; it needs a header line and a row for each contact")
    return _column_names(where, settings, header[1])


def _read_if_new(
    file: Path, name: str, settings: ContactList, known_digest: str | None, progress: Progress
) -> Reading | None:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise IntakeError(f"list {name!r}: {settings.file} cannot be read: {error.strerror}") from error
    # The mapping is part of the digest: another mapping makes other contacts of the same file.
    mapping = f"{settings.region}|{sorted(settings.columns.items())}".encode()
    digest = hashlib.sha256(mapping + b"\0" + data).hexdigest()
    return None if digest == known_digest else _parse(name, settings, data, digest, progress)


def _parse(name: str, settings: ContactList, data: bytes, digest: str, progress: Progress) -> Reading:
    where = f"list {name!r}: {settings.file}"
    rows = _rows(where, _decode(where, data))
    try:
        _, header = next(rows)
    except StopIteration:
        raise IntakeError(f"{where} is empty; it needs a header line and a row for each contact") from None
    names = _column_names(where, settings, header)
    phone = names.index("phone")
    reading = Reading(digest, header)
    seen: set[str] = set()
    lines = data.count(b"\n")
    for line, row in rows:
        if line % _BATCH == 0:
            progress("reading", line, lines)
        if not any(cell.strip() for cell in row):
            continue
        problem = _problem(row, names)
        if problem is None:
            try:
                number = normalise(row[phone].strip(), settings.region)
            except NotANumberError as error:
                problem = str(error)
        if problem is not None:
            reading.rejected.append(RejectedRow(line, problem, row))
        elif number in seen:
            reading.doubles += 1
        else:
            seen.add(number)
            fields = {key: cell.strip() for key, cell in zip(names, row, strict=True) if key != "phone"}
            reading.contacts.append(NewContact(number, fields))
    return reading


def _decode(where: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise IntakeError(f"{where}:{line}: is not UTF-8; save the file as UTF-8 and import it again") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise IntakeError(f"{where}:{line}: holds a NUL byte, so it is no CSV file")
    return text


def _rows(where: str, text: str) -> Iterator[tuple[int, list[str]]]:
    # newline="" ends lines at CR and LF alone; str.splitlines would break rows at form feeds and other separators too.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise IntakeError(f"{where}:{line}: {error}; is a quotation mark opened there and never closed?") from None
        yield line, row


def _separator(text: str) -> str:
    """The separator that makes most cells of the header line, commas where none does."""
    header = io.StringIO(text, newline=None).readline(_LONGEST_HEADER)
    return max(_SEPARATORS, key=lambda separator: len(next(csv.reader([header], delimiter=separator), [])))


def _column_names(where: str, settings: ContactList, header: list[str]) -> list[str]:
    written = [cell.strip() for cell in header]
    names = list(written)
    for ours, theirs in settings.columns.items():
        if theirs not in written:
            raise IntakeError(
                f"{where}:1: has no column {theirs!r}, which `columns.{ours}` names; it has: {', '.join(written)}"
            )
        names[written.index(theirs)] = ours
    if "phone" not in names:
        lower = [name.lower().replace(" ", "_") for name in names]
        found = next((column for column in PHONE_COLUMNS if column in lower), None)
        if found is None:
            raise IntakeError(
                f"{where}:1: has no phone column (looked for {', '.join(PHONE_COLUMNS)}); "
                f"name it with `columns: {{phone: …}}`; the file has: {', '.join(names)}"
            )
        names[lower.index(found)] = "phone"
    twice = next((column for column in names if names.count(column) > 1), None)
    if twice is not None:
        mend = "map the other one to another name" if twice in settings.columns else "rename one"
        raise IntakeError(f"{where}:1: has the column {twice!r} twice; {mend}")
    return names


def _problem(row: list[str], names: list[str]) -> str | None:
    if len(row) != len(names):
        return f"has {len(row)} cells, the header has {len(names)}"
    for column, cell in zip(names, row, strict=True):
        if len(cell) > MAX_FIELD:
            return f"{column} has {len(cell)} characters, at most {MAX_FIELD} are allowed"
    return None


def _keep_rejects(source: Path, reading: Reading) -> Path | None:
    """Write the broken rows beside the list, with line and reason, so that they can be mended and imported."""
    if not reading.rejected:
        return None
    path = source.with_name(f"{source.stem}.rejected.csv")
    try:
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["line", "reason", *reading.header])
            writer.writerows([reject.line, reject.reason, *reject.row] for reject in reading.rejected)
    except OSError:
        return None  # the caller shows every rejected row anyhow
    return path
