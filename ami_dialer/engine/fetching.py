"""One fetch of a list: the API is asked, what came is imported, and the log says what became of it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from ami_dialer.config.filter import columns_of
from ami_dialer.config.lists import Fetching, ListApi
from ami_dialer.domain.errors import DialerError, NotFoundError, StoreError
from ami_dialer.domain.export_columns import PRIORITY, ZONE
from ami_dialer.domain.intake import FetchState
from ami_dialer.domain.merge import fields_needed
from ami_dialer.domain.phone import Normaliser
from ami_dialer.domain.web_address import shown_address
from ami_dialer.journey import intake
from ami_dialer.journey.intake import Intake, IntakeError, Target
from ami_dialer.ports import Clock, FetchFailedError, ListSource
from ami_dialer.rules.fetching import Change, changed, lost
from ami_dialer.sources.answers import SpooledAnswer
from ami_dialer.sources.columns import find_columns
from ami_dialer.sources.contacts import ContactReader, Reading
from ami_dialer.sources.json_fields import shown
from ami_dialer.sources.json_rows import JsonRows
from ami_dialer.sources.problems import SourceError
from ami_dialer.store import documents, fetches, lists, runs
from ami_dialer.store.database import Database
from ami_dialer.store.fetches import NewFetch
from ami_dialer.store.imports import Came
from ami_dialer.store.lists import Users

#: Contacts of the first page that a preview reads.
PREVIEWED = 100


class NoApiError(DialerError):
    """The list is not fetched."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class FetchedList:
    """A list that is fetched, as it is configured."""

    target: Target
    #: With its secrets, which the database does not have.
    api: ListApi

    @property
    def columns(self) -> dict[str, str]:
        """{our name: path in a contact}."""
        return {ours: path.strip() for ours, path in self.target.mapping.items() if path.strip()}

    def answer(self) -> SpooledAnswer:
        """Where an answer goes."""
        paging = self.api.paging
        return SpooledAnswer(self.columns, self.api.contacts, paging.next if paging is not None else None)


@dataclass(slots=True)
class Fetch:
    """What a fetch did."""

    id: int
    list_name: str
    at: datetime
    state: FetchState
    #: Contacts in the answer.
    contacts: int
    description: str
    #: What people should look at, also where the fetch succeeded.
    warnings: list[str] = field(default_factory=list)
    #: Campaigns with a run that goes on with the list.
    running: list[str] = field(default_factory=list)
    #: None where nothing was imported.
    intake: Intake | None = None
    #: Whether the answer can be exported.
    kept: bool = False
    #: Seconds that the API wants to be left alone.
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """How the first page would be imported; nothing was stored."""

    contacts: int
    rows: JsonRows
    #: {our name: path} of mapped fields, the same of those that are known by their names, and the names of all others.
    mapped: dict[str, str]
    guessed: dict[str, str]
    unmapped: list[str]
    #: Names of fields that cannot be taken, and why.
    left_out: dict[str, str]
    reading: Reading
    warnings: list[str]


async def fetched_list(database: Database, name: str, api: ListApi | None) -> FetchedList:
    """The list of that name, with the API as the configuration has it. Raises NotFoundError, NoApiError."""
    target = await intake.target_of(database, name)
    if api is None:
        raise NoApiError(f"list {name!r} has no `api` in the configuration; its contacts come from elsewhere")
    return FetchedList(target, api)


async def fetch_list(
    database: Database, source: ListSource, wanted: FetchedList, settings: Fetching, clock: Clock
) -> Fetch | None:
    """Fetch a list now. None where another process has just begun to do so.

    What goes wrong outside is told in the result and in the log; the list keeps the contacts it has.
    Raises StoreError.
    """
    target = wanted.target
    at = clock.now()
    before = (await lists.load_list(database, target.name)).fetched_at
    if not await fetches.claim(database, target.id, before, at):
        return None
    users = await fetches.users_of(database, target.name)
    fetch = Fetch(0, target.name, at, FetchState.FAILED, 0, "", running=sorted(set(users.runs.values())))
    packed: bytes | None = None
    names: list[str] = []
    with wanted.answer() as answer:
        try:
            fetch.warnings += await source.fetch(wanted.api, answer)
            fetch.contacts, names = answer.count, answer.field_names
            packed = await asyncio.to_thread(answer.packed, lambda text: source.redacted(wanted.api, text))
            fetch.warnings += await _changes(database, wanted, answer, users)
            await _import(database, wanted, answer, fetch, clock)
            fetch.state = FetchState.COMPLETED
        except DialerError as error:  # of the database, too: if it is still away, writing the log tells
            fetch.retry_after = error.retry_after if isinstance(error, FetchFailedError) else None
            fetch.description = source.redacted(wanted.api, str(error))
    fetch.kept = packed is not None and settings.keep > 0
    if packed is None and fetch.contacts:
        fetch.warnings.append("the answer is too large to be kept for export")
    logged = NewFetch(
        list_id=target.id,
        at=at,
        ended_at=clock.now(),
        state=fetch.state,
        campaigns=users.campaigns,
        contacts=fetch.contacts,
        description=source.redacted(wanted.api, "; ".join([fetch.description, *fetch.warnings])),
        field_names=names,
        answer=packed,
        retry_after=fetch.retry_after,
    )
    fetch.id = await fetches.add(database, logged, settings.keep)
    await _mark(database, target, fetch)
    return fetch


async def _import(database: Database, wanted: FetchedList, answer: SpooledAnswer, fetch: Fetch, clock: Clock) -> None:
    """Bring the contacts into the list. Raises FetchFailedError, IntakeError, StoreError."""
    if not answer.count:
        fetch.description = "fetched no contacts"
        return
    _check_mapping(wanted, answer)
    rows = answer.rows()
    address = shown_address(wanted.api.url)
    came = Came(address, answer.digest, f"JSON, {answer.count:,} contacts", lines=0)
    fetch.intake = await intake.import_rows(
        database,
        wanted.target,
        came=came,
        header=rows.header,
        rows=rows.batches(answer.contacts()),
        clock=clock,
    )
    fetch.warnings += _left_out(answer, rows)
    fetch.description = _told(answer.count, fetch.intake)


def _check_mapping(wanted: FetchedList, answer: SpooledAnswer) -> None:
    """Where nobody has a phone where it is mapped, that is one mistake, and not one in every row."""
    phone = wanted.columns.get("phone")
    if phone is not None and phone in answer.survey.unmet():
        has = shown([*answer.survey.further, *answer.survey.left_out], 30)
        raise FetchFailedError(
            f"{shown_address(wanted.api.url)}: no contact has {phone!r}, which `columns.phone` names; they have: {has}"
        )


async def preview_list(source: ListSource, wanted: FetchedList, database: Database | None) -> Preview:
    """Fetch one page and show how it would be imported. Stores nothing; `database` is only read.

    Raises FetchFailedError, IntakeError, StoreError.
    """
    with wanted.answer() as answer:
        warnings = await source.fetch(wanted.api, answer, most_pages=1)
        if answer.count:
            _check_mapping(wanted, answer)
        if database is not None:
            users = await fetches.users_of(database, wanted.target.name)
            warnings += await _changes(database, wanted, answer, users)
        rows = answer.rows()
        reading, guessed = Reading(), dict[str, str]()
        if answer.count:
            reading, guessed = await asyncio.to_thread(_read, wanted, answer, rows)
        warnings += _left_out(answer, rows)
        mapped = wanted.columns
        unmapped = [name for name in rows.header[len(mapped) :] if name not in guessed.values()]
        return Preview(answer.count, rows, mapped, guessed, unmapped, dict(answer.survey.left_out), reading, warnings)


def _read(wanted: FetchedList, answer: SpooledAnswer, rows: JsonRows) -> tuple[Reading, dict[str, str]]:
    """The first contacts, and {our name: path} of what is known by its name."""
    target = wanted.target
    try:
        columns = find_columns(rows.header, target.of_rows, shown_address(wanted.api.url))
    except SourceError as error:
        raise IntakeError(f"list {target.name!r}: {error}") from error
    batch = next(rows.batches(answer.contacts(), PREVIEWED), [])
    reading = ContactReader(columns, Normaliser(target.settings.region)).read(batch)
    places = {"phone" if not phone.order else f"phone_{phone.order + 1}": phone.index for phone in columns.phones}
    places |= {name: at for name, at in ((ZONE, columns.zone), (PRIORITY, columns.priority)) if at is not None}
    mapped = len(wanted.columns)
    return reading, {name: rows.header[at] for name, at in places.items() if at >= mapped}


def _left_out(answer: SpooledAnswer, rows: JsonRows) -> list[str]:
    said = [f"no contact has {path!r}, which `columns` names" for path in answer.survey.unmet()]
    by_reason: dict[str, list[str]] = {}
    for path, why in answer.survey.left_out.items():
        by_reason.setdefault(why, []).append(path)
    said += [f"left out, since it {why}: {shown(paths)}" for why, paths in by_reason.items()]
    said += [
        f"{path}: left out of {count:,} contact{'s' * (count != 1)}, where it is longer than 300 characters"
        for path, count in list(rows.too_long.items())[:10]
    ]
    return said


async def _changes(database: Database, wanted: FetchedList, answer: SpooledAnswer, users: Users) -> list[str]:
    """A warning where a run goes on and the answer has other fields than the last one."""
    change = changed(await fetches.last_field_names(database, wanted.target.id), answer.field_names)
    if not change:
        return []
    parts = [f"{shown(change.vanished)} vanished"] if change.vanished else []
    parts += [f"{shown(change.new)} came"] if change.new else []
    said = f"the fields have changed: {', '.join(parts)}"
    if users.runs:
        said += f"; runs that go on with the list: {', '.join(sorted(set(users.runs.values())))}"
        said += await _missed(database, wanted, change, users)
    return [said]


async def _missed(database: Database, wanted: FetchedList, change: Change, users: Users) -> str:
    """What running campaigns need of the fields that vanished."""
    said = ""
    for run in await runs.load(database, list(users.runs)):
        needed: list[str] = []
        if run.legible.flow is not None:
            try:
                flow = await documents.load_flow(database, run.legible.flow)
            except (NotFoundError, StoreError):
                flow = None  # what is wrong with it is told where it is used
            texts = [prompt.say for prompt in flow.prompts() if prompt.say is not None] if flow is not None else []
            needed += [name for text in texts for name in fields_needed(text)]
        if missed := lost(needed, wanted.columns, change):
            said += f"; the flow of {run.campaign} speaks {', '.join(missed)}"
        columns = columns_of(run.legible.filter) if run.legible.filter is not None else []
        if missed := lost(columns, wanted.columns, change):
            said += f"; the filter of {run.campaign} looks at {', '.join(missed)}"
    return said


def _told(contacts: int, done: Intake) -> str:
    """`fetched 100 contacts, 3 new, 2 rejected`."""
    said = f"fetched {contacts:,} contact{'s' * (contacts != 1)}"
    if not done.read:
        return f"{said}, the same as before"
    said += f", {done.counts['added']:,} new"
    if done.counts["renewed"]:
        said += f", {done.counts['renewed']:,} came in anew"
    said += f", {done.rejections:,} rejected"
    if done.rejected:
        said += f" (the first: contact {done.rejected[0].line:,} {done.rejected[0].reason[:200]})"
    return said


async def _mark(database: Database, target: Target, fetch: Fetch) -> None:
    """Say at the list how it stands, where its import has not."""
    if fetch.state is FetchState.FAILED:
        await fetches.mark_failed(database, target.id, fetch.description)
    elif fetch.intake is None or not fetch.intake.read:
        await fetches.mark_recovered(database, target.id)
