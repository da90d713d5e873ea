"""Files of consents and of numbers that changed hands, portion by portion into the database."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from ami_dialer.config.schema import Config
from ami_dialer.rules.compliance.deadline import Deadlines
from ami_dialer.sources.consent import ConsentFile, ConsentPortion, read_consents
from ami_dialer.sources.named_columns import NamedColumns
from ami_dialer.sources.problems import Rejected, SourceError, Warned
from ami_dialer.sources.reassigned import ReassignedFile, ReassignedPortion, read_reassigned
from ami_dialer.sources.rejects import RejectsFile, rejects_path
from ami_dialer.store import consent_loading, dnc, dnc_loading, reassignments, revoking
from ami_dialer.store.audit import Entry, note
from ami_dialer.store.consent_loading import NewRecord
from ami_dialer.store.database import Database
from ami_dialer.store.dnc_loading import NewEntry

#: So many rejected rows and warnings are kept for people; the rejects file has all rejected rows.
SHOWN = 10
Portion = TypeVar("Portion", ConsentPortion, ReassignedPortion)
#: Told how many bytes of a file are done, and of how many.
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Brought:
    """What an import did."""

    file: Path
    #: How the file was read, for people.
    described: str
    #: Records that were not there before: consents and revocations, or numbers that changed hands.
    added: int = 0
    #: Stood in the database already, or twice in the file.
    known: int = 0
    #: Of those in the file.
    revocations: int = 0
    #: Revocations that come after the law's deadline.
    late: int = 0
    #: Rows that there is nothing to record of: without consent, or with the same holder.
    without: int = 0
    rejections: int = 0
    #: The first ones.
    rejected: list[Rejected] = field(default_factory=list)
    warnings: int = 0
    #: The first ones.
    warned: list[Warned] = field(default_factory=list)
    rejects_file: Path | None = None
    #: Why there is none although rows were rejected.
    rejects_trouble: str | None = None


async def bring_consents(
    database: Database, config: Config, file: ConsentFile, deadlines: Deadlines, now: datetime, progress: Progress
) -> Brought:
    """Record what the file says, each portion whole or not at all. Revocations put numbers on do-not-call lists too.

    Cut off in the middle it can be done again: twice changes nothing. Raises SourceError, StoreError.
    """
    lists: dict[str, int] = {}
    loading = _Loading(database, config, deadlines, now, lists)

    async def take(portion: ConsentPortion, done: Brought) -> None:
        added = await loading.take(portion.records, file.columns.survey.path, done)
        done.added += added
        done.known += len(portion.records) - added
        done.without += portion.without
        done.warnings += len(portion.warned)
        done.warned += portion.warned[: SHOWN - len(done.warned)]

    portions = read_consents(file, consent_loading.CHUNK)
    done = await _bring(file.columns, portions, take, progress)
    await _tell(database, "consent.import", done)
    return done


async def bring_reassigned(database: Database, file: ReassignedFile, source: str, progress: Progress) -> Brought:
    """Keep when the numbers of a file were given up. Twice changes nothing. Raises SourceError, StoreError."""

    async def take(portion: ReassignedPortion, done: Brought) -> None:
        async with database.bulk_writing() as connection:
            added = await reassignments.load(connection, portion.given_up, source)
        done.added += added
        done.known += len(portion.given_up) - added
        done.without += portion.same_holder

    done = await _bring(file.columns, read_reassigned(file, reassignments.CHUNK), take, progress)
    await _tell(database, "consent.reassigned", done)
    return done


@dataclass(slots=True)
class _Loading:
    """What is the same for all portions of a file of consents."""

    database: Database
    config: Config
    deadlines: Deadlines
    now: datetime
    #: Keys of do-not-call lists by scope.
    lists: dict[str, int]

    async def take(self, records: list[NewRecord], path: Path, done: Brought) -> int:
        """Load some records; how many were not there before."""
        completed = await asyncio.to_thread(self._completed, records, done)
        barred: dict[int, list[NewEntry]] = {}
        for one in completed:
            if not one.granted and (key := await self._list_of(one.scope)) is not None:
                reason = f"revoked consent (from {path.name})"
                barred.setdefault(key, []).append(NewEntry(one.number, reason))
        if not completed:
            return 0
        async with self.database.bulk_writing() as connection:
            for key, entries in sorted(barred.items()):
                await dnc_loading.load(connection, key, entries, "file", self.now)
            return await consent_loading.load(connection, completed, self.now)

    def _completed(self, records: list[NewRecord], done: Brought) -> list[NewRecord]:
        completed = []
        for record in records:
            one = record if record.granted else revoking.honoured(record, self.deadlines, self.now)
            done.revocations += not one.granted
            done.late += one.honour_by is not None and self.now >= one.honour_by
            completed.append(one)
        return completed

    async def _list_of(self, scope: str) -> int | None:
        name = revoking.list_of(self.config, scope)
        if name is None:
            return None
        if name not in self.lists:
            self.lists[name] = await dnc.ensure_list(self.database, name, self.now)
        return self.lists[name]


async def _bring(
    columns: NamedColumns,
    portions: Iterator[Portion],
    take: Callable[[Portion, Brought], Awaitable[None]],
    progress: Progress,
) -> Brought:
    path = columns.survey.path
    done = Brought(path, columns.describe())
    with RejectsFile(rejects_path(path), columns.header) as rejects:
        while (portion := await asyncio.to_thread(next, portions, None)) is not None:
            await take(portion, done)
            _keep_rejected(rejects, portion.rejected, done)
            progress(portion.done, columns.survey.size)
        done.rejects_file = rejects.path if rejects.count else None
    return done


def _keep_rejected(rejects: RejectsFile, rejected: list[Rejected], done: Brought) -> None:
    done.rejections += len(rejected)
    done.rejected += rejected[: SHOWN - len(done.rejected)]
    if done.rejects_trouble is None:
        try:
            rejects.add(rejected)
        except SourceError as error:  # a folder that nobody may write to keeps nothing from being recorded
            done.rejects_trouble = str(error)


async def _tell(database: Database, action: str, done: Brought) -> None:
    """Into the audit trail, where anything has changed."""
    if done.added:
        detail = {"added": done.added, "known": done.known, "rejected": done.rejections}
        async with database.writing() as connection:
            note(connection, Entry(action, f"file:{done.file.name}", {**detail, "revocations": done.revocations}))
