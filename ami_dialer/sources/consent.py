"""A file of consents: CSV of any usual dialect, whose columns are found by their headings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ami_dialer.domain.consent import EVERYTHING, Strength
from ami_dialer.domain.phone import Normaliser, NotANumberError
from ami_dialer.domain.scope import CAMPAIGN, read_scope
from ami_dialer.sources.consent_words import COLUMNS, Answer, answer_of, strength_of
from ami_dialer.sources.moments import Moments
from ami_dialer.sources.named_columns import NamedColumns, find_named_columns
from ami_dialer.sources.problems import Fault, Kind, Rejected, SourceError, Warned
from ami_dialer.sources.quoting import Row
from ami_dialer.sources.rejects import readable
from ami_dialer.sources.rows import read_rows
from ami_dialer.store.consent_loading import MAX_EVIDENCE, MAX_SOURCE, NewRecord


class Defaults(NamedTuple):
    """What holds for rows, or whole files, that say nothing of it."""

    scope: str | None
    strength: Strength
    source: str
    evidence: str
    at: datetime | None
    #: As `Moments.end` reads it.
    expires: str | None


@dataclass(frozen=True, slots=True)
class ConsentFile:
    """How a file of consents is to be read."""

    columns: NamedColumns
    defaults: Defaults
    moments: Moments
    region: str
    now: datetime
    #: When the file was written: as of then counts a revocation that does not say when.
    written_at: datetime


@dataclass(slots=True)
class ConsentPortion:
    """Some rows of a file of consents."""

    records: list[NewRecord]
    #: Rows that say that consent was not given, which is no revocation: there is nothing to record.
    without: int
    #: Rows of which nothing could be taken.
    rejected: list[Rejected]
    #: Revocations that were taken without what else their row says.
    warned: list[Warned]
    #: Bytes of the file that were read so far.
    done: int


def look_at_consents(
    path: Path, region: str, defaults: Defaults, moments: Moments, now: datetime, mapping: Mapping[str, str]
) -> ConsentFile:
    """Find out how the file is to be read. `mapping` is {one of COLUMNS or `number`: the column's name}.

    Raises SourceError, also where the file says of no row when or for what the consent was given.
    """
    columns = find_named_columns(path, COLUMNS, mapping)
    found = columns.indexes
    if defaults.at is None and "at" not in found:
        raise SourceError(
            f"{columns.where}: has no column that says when consent was given (looked for consent_date, opt_in_date, "
            f"timestamp, date and the like); name it with --column at=NAME, or say --at for all rows"
        )
    if defaults.scope is None and "scope" not in found and "campaign" not in found:
        raise SourceError(
            f"{columns.where}: has no column that says what the consent is for (looked for scope, purpose, campaign); "
            f"say it for all rows: --scope '*' for everything, --scope sales, --scope {CAMPAIGN}NAME"
        )
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return ConsentFile(columns, defaults, moments, region, now, min(written_at, now))


def read_consents(file: ConsentFile, size: int) -> Iterator[ConsentPortion]:
    """The rows of the file, `size` at a time. Raises SourceError where it changes meanwhile."""
    reader = _Reader(file)
    for batch in read_rows(file.columns.survey, file.columns.start, size):
        portion = ConsentPortion([], 0, [], [], batch.done)
        for row in batch.rows:
            reader.read(row, portion)
        yield portion


class _RowError(Exception):
    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.fault = Fault(kind, reason)


class _Reader:
    """Makes records of rows."""

    def __init__(self, file: ConsentFile) -> None:
        self._file = file
        self._at = file.columns.indexes
        self._cell = file.columns.cell
        self._normalise = Normaliser(file.region)
        self._moment = lru_cache(maxsize=4096)(file.moments.read)
        self._scope = lru_cache(maxsize=1024)(read_scope)

    def read(self, row: Row, portion: ConsentPortion) -> None:
        """Take what the row says. A revocation is taken if only the number can be read: it must not be lost."""
        line, cells, _ = row
        if not any(cell.strip() for cell in cells):
            return
        if (fault := self._file.columns.fault_of(row)) is not None:
            portion.rejected.append(Rejected(line, fault.kind, fault.reason, cells))
            return
        revoked = False
        try:
            number = self._number(cells)
            revoked, granted = self._said(cells)
            if revoked:
                portion.records.append(self._revocation(number, line, cells, portion))
            if granted:
                portion.records.append(self._consent(number, cells))
            portion.without += not (revoked or granted)
        except _RowError as error:
            kind, reason = error.fault
            if revoked:
                portion.warned.append(Warned(line, kind, f"{readable(reason)}; the revocation alone was taken"))
            else:
                portion.rejected.append(Rejected(line, kind, reason, cells))

    def _number(self, cells: list[str]) -> str:
        text = self._cell(cells, "number")
        if not text:
            raise _RowError(Kind.PHONE_MISSING, "has no number")
        try:
            return self._normalise(text)
        except NotANumberError as error:
            raise _RowError(Kind.PHONE_BAD, str(error)) from error

    def _said(self, cells: list[str]) -> tuple[bool, bool]:
        """Whether the row tells of a revocation, and whether of a consent."""
        answer = self._answer(cells, "granted") if "granted" in self._at else Answer.GIVEN
        if self._cell(cells, "revoked_at"):
            # What was consented to before is told too, where the row says when.
            return True, answer is not Answer.NOT_GIVEN and bool(self._cell(cells, "at"))
        # The answer yes to "revoked?".
        inverse = self._answer(cells, "revoked") if self._cell(cells, "revoked") else Answer.NOT_GIVEN
        revoked = Answer.REVOKED in (answer, inverse) or inverse is Answer.GIVEN
        return revoked, answer is Answer.GIVEN and not revoked

    def _answer(self, cells: list[str], name: str) -> Answer:
        text = self._cell(cells, name)
        found = answer_of(text)
        if found is None:
            column = self._file.columns.header[self._at[name]]
            raise _RowError(
                Kind.CONSENT,
                f"{column} is {text[:40]!r}, which tells neither consent nor revocation; write yes, no or revoked, or "
                f"leave the column out: --column {name}=",
            )
        return found

    def _revocation(self, number: str, line: int, cells: list[str], portion: ConsentPortion) -> NewRecord:
        """Never fails: what cannot be read is taken in the strictest way, with a warning."""
        scope, at = EVERYTHING, self._file.defaults.at or self._file.written_at
        try:
            scope = self._scope_of(cells) or EVERYTHING
        except _RowError as error:
            reason = f"{readable(error.fault.reason)}; {number} was revoked for everything"
            portion.warned.append(Warned(line, error.fault.kind, reason))
        name = "revoked_at" if self._cell(cells, "revoked_at") else "at"
        try:
            if text := self._cell(cells, name):
                # Of a day its end: a consent of the same day came before.
                at = min(self._moment(text).end, self._file.now)
        except ValueError as error:
            reason = f"{readable(str(error))}; {number} was revoked as of when the file was written"
            portion.warned.append(Warned(line, Kind.TIME, reason))
        source, evidence = self._cell(cells, "source"), self._cell(cells, "evidence")
        defaults = self._file.defaults
        return NewRecord(
            number,
            granted=False,
            scope=scope,
            strength=Strength.EXPRESS,
            source=readable(source or defaults.source)[:MAX_SOURCE],
            at=at,
            evidence=readable(evidence or defaults.evidence)[:MAX_EVIDENCE],
        )

    def _consent(self, number: str, cells: list[str]) -> NewRecord:
        defaults = self._file.defaults
        scope = self._scope_of(cells)
        if scope is None:
            raise _RowError(
                Kind.CONSENT, "does not say what the consent is for; write it, or say --scope for such rows"
            )
        at = self._given_at(cells)
        return NewRecord(
            number,
            granted=True,
            scope=scope,
            strength=self._strength(cells),
            source=self._short(cells, "source", MAX_SOURCE) or defaults.source,
            at=at,
            expires_at=self._expires_at(cells, at),
            evidence=self._short(cells, "evidence", MAX_EVIDENCE) or defaults.evidence,
        )

    def _given_at(self, cells: list[str]) -> datetime:
        text = self._cell(cells, "at")
        if not text:
            if self._file.defaults.at is None:
                raise _RowError(Kind.TIME, "does not say when consent was given; write it, or say --at for such rows")
            return self._file.defaults.at
        try:
            at = self._moment(text).at
        except ValueError as error:
            raise _RowError(Kind.TIME, str(error)) from error
        if at > self._file.now:
            raise _RowError(
                Kind.TIME, f"{text[:40]!r} lies in the future; times without a zone are read as --zone says"
            )
        return at

    def _expires_at(self, cells: list[str], at: datetime) -> datetime | None:
        text = self._cell(cells, "expires") or self._file.defaults.expires
        if not text:
            return None
        try:
            ends = self._file.moments.end(text, at)
        except ValueError as error:
            raise _RowError(Kind.EXPIRY, str(error)) from error
        if ends <= at:
            raise _RowError(Kind.EXPIRY, f"{text[:40]!r} is not after the consent was given")
        return ends

    def _scope_of(self, cells: list[str]) -> str | None:
        text = self._cell(cells, "scope")
        if not text and (name := self._cell(cells, "campaign")):
            text = CAMPAIGN + name
        if not text:
            return self._file.defaults.scope
        try:
            return self._scope(text)
        except ValueError as error:
            raise _RowError(Kind.CONSENT, str(error)) from error

    def _strength(self, cells: list[str]) -> Strength:
        text = self._cell(cells, "strength")
        if not text:
            return self._file.defaults.strength
        found = strength_of(text)
        if found is None:
            raise _RowError(Kind.CONSENT, f"{text[:40]!r} is no strength of consent; write express or written")
        return found

    def _short(self, cells: list[str], name: str, longest: int) -> str:
        text = readable(self._cell(cells, name))
        if len(text) > longest:
            raise _RowError(Kind.TOO_LONG, f"its {name} has {len(text):,} characters, at most {longest} are kept")
        return text
