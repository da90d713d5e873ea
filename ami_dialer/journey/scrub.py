"""Station 2, scrub: who must not be called is taken out. At a run's start by `store.scrub.enrol`; here, at dial.

Also here: the verdict on each who is claimed and on each right before the call, and files of numbers that come into
do-not-call lists.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.verdict import Callee, Verdict
from ami_dialer.ports import Clock
from ami_dialer.rules.compliance.evidence import evidence
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.sources.dnc import Portion, look_at, read_dnc
from ami_dialer.sources.problems import Rejected, SourceError, Warned
from ami_dialer.sources.rejects import RejectsFile, rejects_path
from ami_dialer.store import dnc, dnc_lists, dnc_loading, giving_back, hopper
from ami_dialer.store.callees import Columns, callees
from ami_dialer.store.database import Database, Look
from ami_dialer.store.dnc import DncEntry
from ami_dialer.store.dnc_index import DncIndex
from ami_dialer.store.dnc_loading import NewEntry
from ami_dialer.store.giving_back import GivenBack, Refused
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.writer import Kind, Write, Writer

#: So many rejected rows and warnings are kept for people; the rejects file has all rejected rows.
SHOWN = 10
#: Told how many bytes of a file are done, and of how many.
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Scrubbed:
    """What became of those who were to be dialled."""

    allowed: list[Claimed] = field(default_factory=list)
    #: Not called in this run any more.
    excluded: int = 0
    #: Wait again, with another phone.
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Court:
    """By what the calls of a run are judged."""

    judge: Judge
    #: Key of the rulebook's version.
    book: int
    columns: Columns
    campaign: Campaign


class Allowed(NamedTuple):
    """A claim that a verdict allows, and what that looked at."""

    claimed: Claimed
    verdict: Verdict
    callee: Callee


@dataclass(slots=True)
class Judged:
    """The verdicts on some who are claimed, taken at one moment."""

    at: datetime
    allowed: list[Allowed] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


async def at_dial(
    database: Database,
    writer: Writer,
    index: DncIndex,
    court: Court,
    claimed: Sequence[Claimed],
    clock: Clock,
    own: Collection[str] = (),
) -> tuple[Scrubbed, Judged]:
    """What is asked of some of one run right before their calls: do-not-call lists, then the verdict on the others.

    Whoever is not held any more is left out: a final result was given by hand to their last call. `own` are the
    attempts that it is about. Raises StoreError: without an answer nobody is called.
    """
    async with database.looking() as look:
        claimed = await hopper.held(look, claimed)
        barred = await barred_at_dial(database, writer, index, court.campaign, claimed, clock.now(), look)
        allowed = [one for one in claimed if one.number not in barred]
        judged = await verdicts(database, writer, court, allowed, clock, own, look)
    # After the look: who holds one connection and waits for a second waits for ever, once all of them do so.
    return await take_out(database, court.campaign, claimed, barred, judged.at), judged


async def barred_at_dial(
    database: Database,
    writer: Writer,
    index: DncIndex,
    campaign: Campaign,
    claimed: Sequence[Claimed],
    now: datetime,
    look: Look = None,
) -> dict[str, DncEntry]:
    """Which numbers of the claimed must not be called, by which entry.

    Asked for right before dialing, so that an entry made a moment ago counts, whoever made it. Costs one small query,
    and a second one only where a number may stand on a list. Raises StoreError: without an answer nobody is called.
    """
    if not claimed or not campaign.check_on_dial:
        return {}
    coming = writer.coming(Kind.DNC)  # before the look at the database, or a commit in between would hide them
    numbers = await index.refresh(database, look)
    suspects = [one.number for one in claimed if one.number in numbers]
    barred = await dnc.forbidden(database, suspects, campaign.dnc, now, numbers.lengths, look) if suspects else {}
    barred = _on_their_way(coming, index, campaign) | barred
    return {one.number: barred[one.number] for one in claimed if one.number in barred}


async def take_out(
    database: Database, campaign: Campaign, claimed: Sequence[Claimed], barred: Mapping[str, DncEntry], now: datetime
) -> Scrubbed:
    """Those of the claimed whose number is barred are excluded, with the entry that did it, or wait for another phone.

    Raises StoreError.
    """
    allowed = [one for one in claimed if one.number not in barred]
    if len(allowed) == len(claimed):
        return Scrubbed(allowed)
    taken_out = [(one, barred[one.number]) for one in claimed if one.number in barred]
    given_back = await giving_back.barred(database, taken_out, campaign.dnc, now)
    return Scrubbed(allowed, given_back.excluded, given_back.moved)


def _on_their_way(coming: list[Write], index: DncIndex, campaign: Campaign) -> dict[str, DncEntry]:
    """Entries of this engine that the database has not taken yet: a key was pressed this very moment."""
    names = {index.keys[name]: name for name in (*campaign.dnc, index.global_name) if name in index.keys}
    found = {}
    for row in (write.row for write in coming):
        name = names.get(row["list_id"])
        if name is not None:
            found[row["number"]] = DncEntry(name, row["number"], row["reason"], row["source"], row["added_at"])
    return found


async def verdicts(
    database: Database,
    writer: Writer,
    court: Court,
    claimed: Sequence[Claimed],
    clock: Clock,
    own: Collection[str] = (),
    look: Look = None,
) -> Judged:
    """Which of the claimed, all of one run, may be called now.

    Their calls and their consent are asked for anew, and the verdicts taken at the moment at which both are known.
    `own` are the attempts that it is about: those do not count as earlier calls. Raises StoreError: without an answer
    nobody is called.
    """
    since = clock.now() - timedelta(seconds=court.judge.look_back)
    coming = writer.coming(Kind.ATTEMPT, Kind.CONSENT, Kind.ANSWERED)  # before the look at the database, as above
    known = await callees(database, claimed, court.columns, since, coming, own, look)
    judged = Judged(clock.now())
    for one, callee in zip(claimed, known, strict=True):
        verdict = court.judge.verdict(callee, judged.at)
        if verdict.allowed:
            judged.allowed.append(Allowed(one, verdict, callee))
        else:
            judged.refused.append(Refused(one, verdict))
    return judged


async def give_back(database: Database, court: Court, refused: Sequence[Refused], now: datetime) -> GivenBack:
    """Who may be called later waits until then; who never may goes on with a further phone, or is taken out.

    Does nothing to those whose claim is not held any more. Raises StoreError.
    """
    return await giving_back.refused(database, refused, court.campaign.dnc, now)


def told(allowed: Allowed, court: Court, at: datetime) -> str:
    """Why a call was allowed at a moment, as JSON for its attempt."""
    return evidence(allowed.verdict, allowed.callee, court.judge, court.book, at)


@dataclass(slots=True)
class DncImport:
    """What an import of a do-not-call file did."""

    list_name: str
    file: Path
    #: How the file was read, for people; empty where it was not.
    described: str = ""
    #: False: it had been imported already and has not changed.
    read: bool = True
    added: int = 0
    #: Stood on the list already, or twice in the file.
    known: int = 0
    rejections: int = 0
    #: The first ones.
    rejected: list[Rejected] = field(default_factory=list)
    #: Numbers that came in without what else their row says.
    warnings: int = 0
    #: The first ones.
    warned: list[Warned] = field(default_factory=list)
    rejects_file: Path | None = None
    #: Why there is none although rows were rejected.
    rejects_trouble: str | None = None


async def import_dnc_file(
    database: Database,
    list_name: str,
    path: Path,
    region: str,
    now: datetime,
    *,
    again: bool = True,
    progress: Progress = lambda _done, _of: None,
) -> DncImport:
    """Bring the numbers of a file into a do-not-call list, which is made where there is none. Raises SourceError.

    Rows that hold no number are kept beside the file, with line and reason; all others come in, some 50,000 in one
    transaction, so that nobody waits long for the list. A number whose end or reason cannot be read comes in without
    it, with a warning. Cut off in the middle it can be done again: twice changes
    nothing. Without `again` a file that was imported last is not read.
    """
    key = await dnc.ensure_list(database, list_name, now)
    file = await asyncio.to_thread(look_at, path, region)
    digest = sha256(f"{region} {file.survey.digest}".encode()).hexdigest()
    if not again and digest == await dnc_lists.file_digest(database, key):
        return DncImport(list_name, path, read=False)
    done = DncImport(list_name, path, file.describe())
    with RejectsFile(rejects_path(path), file.header or ("number",)) as rejects:
        portions = read_dnc(file, region, dnc_loading.CHUNK)
        while (portion := await asyncio.to_thread(next, portions, None)) is not None:
            await _load(database, key, portion, now, done)
            _keep_rejected(rejects, portion.rejected, done)
            done.warnings += len(portion.warned)
            done.warned += portion.warned[: SHOWN - len(done.warned)]
            progress(portion.done, file.survey.size)
        done.rejects_file = rejects.path if rejects.count else None
    await dnc_lists.keep_digest(database, key, digest, str(path))
    return done


async def _load(database: Database, key: int, portion: Portion, now: datetime, done: DncImport) -> None:
    default = f"from {done.file.name}"
    entries = [NewEntry(one.number, one.reason or default, one.expires_at) for one in portion.listed]
    if entries:
        async with database.bulk_writing() as connection:
            added = await dnc_loading.load(connection, key, entries, "file", now)
        done.added += added
        done.known += len(entries) - added


def _keep_rejected(rejects: RejectsFile, rejected: list[Rejected], done: DncImport) -> None:
    done.rejections += len(rejected)
    done.rejected += rejected[: SHOWN - len(done.rejected)]
    if done.rejects_trouble is None:
        try:
            rejects.add(rejected)
        except SourceError as error:  # a folder that nobody may write to keeps no number off the list
            done.rejects_trouble = str(error)
