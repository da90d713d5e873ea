"""Station 1, import: rows in, numbers made E.164, doubles dropped, broken rows kept aside with their reason."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from ami_dialer.config.lists import ContactList
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.intake import ImportState, ListState
from ami_dialer.domain.phone import Normaliser
from ami_dialer.ports import Clock
from ami_dialer.sources.ahead import Ahead, Reader, Task
from ami_dialer.sources.batches import Batches, ReadBatch
from ami_dialer.sources.columns import Columns, find_columns
from ami_dialer.sources.contacts import ContactReader, Reading
from ami_dialer.sources.problems import Rejected, SourceError, Warned
from ami_dialer.sources.quoting import Row
from ami_dialer.sources.rejects import RejectsFile, rejects_path
from ami_dialer.sources.rows import Header, Position, read_header, read_rows
from ami_dialer.sources.survey import Survey, survey_file
from ami_dialer.store import imports, lists
from ami_dialer.store.cut_off import take_back
from ami_dialer.store.database import Database
from ami_dialer.store.imports import BatchRead, Came, Import
from ami_dialer.store.mappings import load_mapping

#: Told how far an import is: `reading` or `loading`, how much is done, and of how much. Any thread may call.
Progress = Callable[[str, int, int], None]
#: So many rejected rows and warnings are kept for people; the rejects file has all.
SHOWN = 10


def silent(_phase: str, _done: int, _of: int) -> None:
    """Nobody watches."""


class IntakeError(DialerError):
    """The source as a whole cannot be imported; nothing of it was, and the list keeps what it has."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class Target:
    """The list that contacts come into."""

    id: int
    name: str
    settings: ContactList
    #: Which column is what: that of the list's settings over the named mapping they name.
    mapping: Mapping[str, str]

    @property
    def of_rows(self) -> dict[str, str]:
        """The mapping of rows that have our names already."""
        return {ours: ours if theirs.strip() else "" for ours, theirs in self.mapping.items()}


@dataclass(slots=True)
class Intake:
    """What an import did."""

    list_name: str
    source: str
    #: How the source was read, for people; empty where it was not.
    described: str = ""
    #: False: the same source had been imported in the same way, so nothing was done.
    read: bool = True
    #: True: it went on where an earlier import of the source was cut off.
    resumed: bool = False
    batches: int = 0
    #: Rows by what became of them: added, renewed, known, doubles, blank, and the kinds of sources.problems.Kind;
    #: on_dnc: of those who came in, how many stand on do-not-call lists.
    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)
    rejects_file: Path | None = None
    #: Why there is none although rows were rejected.
    rejects_trouble: str | None = None
    list_state: ListState = ListState.VALIDATED

    @property
    def rejections(self) -> int:
        """How many rows were rejected."""
        return sum(count for kind, count in self.counts.items() if kind not in _NOT_REJECTED)


_NOT_REJECTED = {"added", "renewed", "known", "doubles", "blank", "bad_further_phone", "on_dnc"}


@dataclass(frozen=True, slots=True)
class Preview:
    """How a file would be read; nothing was stored."""

    survey: Survey
    columns: Columns
    #: Of the first rows.
    reading: Reading


async def target_of(database: Database, name: str) -> Target:
    """The list of that name, as the database knows it. Raises NotFoundError."""
    stored = await lists.load_list(database, name)
    settings = stored.settings
    named = await load_mapping(database, settings.mapping) if settings.mapping else {}
    return Target(stored.id, name, settings, joined(named, settings.columns))


def joined(*mappings: Mapping[str, str]) -> dict[str, str]:
    """Mappings as one: later ones go before, and take a column from an earlier one that names it too."""
    found: dict[str, str] = {}
    for mapping in mappings:
        taken = {theirs.strip().casefold() for theirs in mapping.values()} - {""}
        found = {ours: theirs for ours, theirs in found.items() if theirs.strip().casefold() not in taken}
        found.update(mapping)
    return found


def preview(target: Target, path: Path, rows: int = 100) -> Preview:
    """Read the beginning of a file as an import would. Raises IntakeError. Takes a while: for a thread."""
    try:
        survey, header, columns = _survey(target, path)
        reader = ContactReader(columns, Normaliser(target.settings.region))
        first = next(read_rows(survey, header.end, rows), None)
    except SourceError as error:
        raise IntakeError(f"list {target.name!r}: {error}") from error
    return Preview(survey, columns, reader.read(first.rows if first else []))


def columns_of(name: str, settings: ContactList, mappings: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The fields that contacts get from a list's file: all columns but phones, time zone and priority.

    Raises IntakeError where the file cannot be read or has no phone column.
    """
    if settings.file is None:
        return []
    named = mappings.get(settings.mapping, {}) if settings.mapping else {}
    found = preview(Target(0, name, settings, joined(named, settings.columns)), settings.file, 1)
    return [field for _, field in found.columns.fields]


async def import_list(database: Database, name: str, clock: Clock, progress: Progress = silent) -> Intake:
    """Bring a list's own file into it, if it has one. As `import_file`."""
    target = await target_of(database, name)
    if target.settings.file is None:
        return Intake(name, "", read=False)
    return await import_file(database, target, target.settings.file, clock, progress)


async def import_file(
    database: Database, target: Target, path: Path, clock: Clock, progress: Progress = silent, *, again: bool = False
) -> Intake:
    """Bring a file into a list, in batches that are loaded whole or not at all.

    The same file a second time changes nothing, unless `again`; one that was cut off goes on after its last batch.
    Raises IntakeError, StoreError.
    """
    progress("reading", 0, 0)
    reader = await asyncio.to_thread(Reader.for_file, path)  # it comes up while the file is surveyed
    try:
        return await _import_file(database, target, path, clock, progress, reader, again=again)
    finally:
        if reader is not None:
            await asyncio.to_thread(reader.close)


async def _import_file(
    database: Database,
    target: Target,
    path: Path,
    clock: Clock,
    progress: Progress,
    reader: Reader | None,
    *,
    again: bool,
) -> Intake:
    try:
        survey, header, columns = await asyncio.to_thread(_survey, target, path)
    except SourceError as error:
        if path == target.settings.file:  # any other one was to be added to it: the list is as good as it was
            await imports.refuse(database, target.id, str(error))
        raise IntakeError(f"list {target.name!r}: {error}") from error
    intake = Intake(target.name, str(path), survey.describe())
    digest = _digest(target, survey.digest, survey.encoding.name)
    known = None if again else await imports.find(database, target.id, digest)
    if known is not None and known.state is ImportState.DONE and not _worn(known, target.settings, clock.now()):
        intake.read = False
        intake.list_state = await imports.unchanged(database, target.id, str(path))
        return intake
    if known is not None and known.state is not ImportState.DONE:
        going_on = known
        intake.resumed = known.batches > 0
        await imports.resume(database, going_on)
    else:
        came = Came(str(path), digest, intake.described, survey.lines)
        going_on = await imports.begin(database, target.id, came, clock.now(), again=again or known is not None)
    start = Position.parse(going_on.resume_at) if going_on.resume_at else header.end
    intake.counts.update(going_on.counts)
    goes_on = start.row if intake.rejections else None
    again_too = imports.duplicates_of(target.settings).allowed
    task = Task(survey, columns, target.settings.region, start, target.settings.batch, doubles_too=again_too)
    rejects = _Rejects(intake, rejects_path(path), header.cells, goes_on)
    batches = await asyncio.to_thread(task.open, reader)
    work = _Work(database, target, going_on, batches, clock)
    return await work.load(rejects, lambda done: progress("loading", done, survey.size))


async def import_rows(
    database: Database,
    target: Target,
    *,
    came: Came,
    header: list[str],
    rows: Iterable[list[Row]],
    clock: Clock,
) -> Intake:
    """Bring rows that came from elsewhere than a file into a list: the answer of an API.

    `header` holds our names. The same rows a second time change nothing unless the list allows duplicates: then what
    came in of an earlier time that was cut off is taken back first.
    Raises IntakeError, StoreError.
    """
    intake = Intake(target.name, came.source, came.described)
    try:
        columns = find_columns(header, target.of_rows, came.source)
    except SourceError as error:
        await imports.refuse(database, target.id, str(error))
        raise IntakeError(f"list {target.name!r}: {error}") from error
    digest = _digest(target, came.digest, "")
    known = await imports.find(database, target.id, digest)
    done = known if known is not None and known.state is ImportState.DONE else None
    again_too = imports.duplicates_of(target.settings).allowed
    if done and not again_too and not _worn(done, target.settings, clock.now()):
        intake.read = False
        intake.list_state = await imports.unchanged(database, target.id, came.source)
        return intake
    if again_too:
        await take_back(database, target.id, came.source, clock.now())
    # Again, even where one was cut off: its answer is not there any more.
    going_on = await imports.begin(database, target.id, replace(came, digest=digest), clock.now(), again=True)
    reader = ContactReader(columns, Normaliser(target.settings.region))
    pieces = ((batch, None, 0) for batch in rows)
    batches = Batches(reader, pieces, target.settings.batch, 1, doubles_too=again_too)
    work = _Work(database, target, going_on, batches, clock)
    return await work.load(_Rejects(intake, None, header), lambda _done: None)


@dataclass(frozen=True, slots=True)
class _Work:
    """An import that has begun."""

    database: Database
    target: Target
    going_on: Import
    batches: Batches | Ahead
    clock: Clock

    async def load(self, rejects: "_Rejects", watch: Callable[[int], None]) -> Intake:
        """Load batch after batch to the end."""
        intake = rejects.intake
        intake.batches = self.going_on.batches
        line = self.batches.line
        coming = self._ask()
        try:
            while (read := await coming) is not None:
                if self.batches.apart:
                    coming = self._ask()
                await asyncio.to_thread(rejects.keep, read.reading)
                intake.counts.update(await self._add(read, intake.batches + 1))
                intake.batches += 1
                line = read.next_line
                watch(read.done)
                if not self.batches.apart:
                    coming = self._ask()
            intake.list_state = await imports.finish(self.database, self.going_on, self.clock.now())
        except DialerError as error:
            await self._failed(intake.batches + 1, line, error)
            if isinstance(error, SourceError):
                raise IntakeError(f"list {self.target.name!r}: {error}") from error
            raise
        finally:
            rejects.close()
            await asyncio.to_thread(self.batches.close)
            await asyncio.gather(coming, return_exceptions=True)
        return intake

    def _ask(self) -> asyncio.Task[ReadBatch | None]:
        """Begin to read the next batch."""
        return asyncio.create_task(asyncio.to_thread(self.batches.read))

    async def _add(self, read: ReadBatch, ordinal: int) -> Counter[str]:
        resume_at = str(read.end) if read.end else None
        batch = BatchRead(read.arrivals, read.counts(), read.first_line, read.next_line, resume_at)
        duplicates = imports.duplicates_of(self.target.settings)
        return await imports.add_batch(self.database, self.going_on, ordinal, batch, duplicates, self.clock.now())

    async def _failed(self, ordinal: int, line: int, error: DialerError) -> None:
        """Note where the import stopped, where the database still takes notes: its own trouble may be why."""
        if isinstance(error, imports.ImportTakenOverError):
            return
        try:
            await imports.fail(self.database, self.going_on, ordinal, line, str(error), self.clock.now())
        except DialerError:
            return


def _survey(target: Target, path: Path) -> tuple[Survey, Header, Columns]:
    survey = survey_file(path, target.settings.encoding)
    header = read_header(survey)
    return survey, header, find_columns(header.cells, target.mapping, f"{path}:{header.line}")


def _digest(target: Target, source: str, encoding: str) -> str:
    """The same for a source that is read in the same way: another mapping makes other contacts of the same file."""
    how = [source, encoding, target.settings.region, *(f"{ours}={theirs}" for ours, theirs in target.mapping.items())]
    return hashlib.sha256("\0".join(how).encode("utf-8", "surrogatepass")).hexdigest()


def _worn(known: Import, settings: ContactList, now: datetime) -> bool:
    """The import is so long ago that its numbers are no duplicates any more.

    Without such a time (`dupe_days` 0, -1) nobody wants the same file again at each start of the dialer.
    """
    if settings.dupe_days <= 0 or known.ended_at is None:
        return False
    return known.ended_at < now - timedelta(days=settings.dupe_days)


class _Rejects:
    """Keeps rejected rows for people: all in a file beside the source, the first ones in the intake."""

    def __init__(self, intake: Intake, path: Path | None, header: list[str], goes_on_at: int | None = None) -> None:
        """`goes_on_at`: an import that was cut off has kept rows already, and goes on at this line."""
        self.intake = intake
        self._file = RejectsFile(path, header, goes_on_at=goes_on_at) if path else None
        if path is not None and goes_on_at is not None and path.exists():
            intake.rejects_file = path

    def keep(self, reading: Reading) -> None:
        """Write what was rejected. A folder that cannot be written to does not stop the import."""
        intake = self.intake
        intake.rejected += reading.rejected[: max(SHOWN - len(intake.rejected), 0)]
        intake.warned += reading.warned[: max(SHOWN - len(intake.warned), 0)]
        if self._file is None or not reading.rejected:
            return
        try:
            self._file.add(reading.rejected)
            self._file.flush()
            intake.rejects_file = self._file.path
        except SourceError as error:
            intake.rejects_file, intake.rejects_trouble = None, str(error)
            self.close()
            self._file = None

    def close(self) -> None:
        """Close the file. All that is in it was flushed, or said to be not kept."""
        if self._file is not None:
            with suppress(SourceError):
                self._file.close()
