"""Campaigns that start by their schedule: prepared a quarter of an hour before, started, or left out and told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.errors import DialerError, StoreError
from ami_dialer.engine.floor import Floor
from ami_dialer.journey.intake import IntakeError, import_list
from ami_dialer.journey.scrub import import_dnc_file
from ami_dialer.rules.schedule import SCRUB_BEFORE
from ami_dialer.sources.problems import SourceError
from ami_dialer.store import dnc_lists, documents, schedules
from ami_dialer.store.campaigns import Standing
from ami_dialer.store.imports import ImportTakenOverError
from ami_dialer.store.preview import preview
from ami_dialer.store.schedules import Begun

log = structlog.get_logger(__name__)

#: Seconds between two looks at what is due.
LOOK_SECONDS = 1.0
#: Seconds between two looks for schedules that another command has stored.
WRITTEN_SECONDS = 30.0

#: Fetches these lists anew, where they have an API; comes back when they are fetched, or could not be.
Fetch = Callable[[Sequence[str]], Awaitable[None]]


class Planned:
    """Makes the starts of schedules."""

    def __init__(self, floor: Floor, fetch: Fetch | None) -> None:
        """Without `fetch` lists with an API stay as they are."""
        self._floor = floor
        self._fetch = fetch
        #: The start that each campaign was prepared for last, by the campaign's key.
        self._prepared: dict[int, datetime] = {}
        self._preparing: dict[int, asyncio.Task[None]] = {}
        #: Why a start that has come is not made yet, by the campaign's key: said once.
        self._held_up: dict[int, str] = {}

    async def stop(self) -> None:
        """End. An import that is cut off goes on after its last batch when it is begun again."""
        tasks = list(self._preparing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def take_up(self) -> None:
        """Put schedules into force that are new or changed. Raises StoreError."""
        for name in await schedules.apply(self._floor.database, self._floor.clock.now(), self._floor.zone):
            log.info("schedule read", action="schedule_read", campaign=name)

    async def look(self) -> None:
        """Prepare what starts soon, and start what is due. Raises StoreError."""
        if self._floor.draining:
            return
        now = self._floor.clock.now()
        for standing in await schedules.due(self._floor.database, now + SCRUB_BEFORE):
            at = standing.next_start_at
            if at is None:
                continue
            if at > now:
                self._prepare_once(standing, at)
            elif standing.id not in self._preparing:
                await self._begin(standing, now)

    async def _begin(self, standing: Standing, now: datetime) -> None:
        held_up = self._held_up.get(standing.id, "")
        try:
            begun = await schedules.begin(self._floor.database, standing.id, now, self._floor.zone, held_up)
        except DialerError as error:
            if isinstance(error, StoreError) and not isinstance(error, documents.OutdatedDocumentError):
                raise
            if held_up != str(error):
                log.warning("scheduled start held up", campaign=standing.name, why=str(error))
            self._held_up[standing.id] = str(error)
            return
        self._held_up.pop(standing.id, None)
        if begun is not None:
            _say(standing.name, begun)
            self._floor.wake.set()

    def _prepare_once(self, standing: Standing, at: datetime) -> None:
        if self._prepared.get(standing.id) == at or standing.id in self._preparing:
            return
        self._prepared[standing.id] = at
        task = asyncio.create_task(self._prepare(standing, at), name=f"prepare {standing.name}")
        self._preparing[standing.id] = task
        task.add_done_callback(lambda _task: self._preparing.pop(standing.id, None))

    async def _prepare(self, standing: Standing, at: datetime) -> None:
        """Bring its lists and do-not-call lists up to date, and tell what the start will come to."""
        floor, name = self._floor, standing.name
        try:
            document = documents.read_document(Campaign, name, standing.document)
            await self._import(document)
            await self._import_dnc(document)
            found = await preview(floor.database, name, document, floor.config.lists, floor.clock.now())
        except DialerError as error:
            log.warning("scheduled campaign not prepared", campaign=name, why=str(error))
        except Exception as error:  # noqa: BLE001 - the start itself scrubs; this is not needed for it
            log.error("scheduled campaign not prepared: a fault of ours", campaign=name, why=repr(error))
        else:
            log.info(
                "scheduled campaign scrubbed",
                action="schedule_prepared",
                campaign=name,
                starts=at,
                contacts=found.contacts,
                left=found.left,
                do_not_call=sum(found.dnc_excluded.values()),
                expired=sum(found.expired.values()),
                filtered=sum(found.filter_excluded.values()),
            )

    async def _import(self, document: Campaign) -> None:
        floor = self._floor
        if self._fetch is not None:
            await self._fetch(document.lists)
        for name in document.lists:
            if name not in floor.config.lists or floor.config.lists[name].file is None:
                continue
            try:
                await import_list(floor.database, name, floor.clock)
            except (IntakeError, ImportTakenOverError) as error:
                log.error("the list keeps the contacts it has", list=name, why=str(error))

    async def _import_dnc(self, document: Campaign) -> None:
        floor = self._floor
        now = floor.clock.now()
        stored = await dnc_lists.load_lists(floor.database, now)
        heeded = {*document.dnc, *(each.name for each in stored if each.is_global)}
        for name, settings in floor.config.dnc_lists.items():
            if name not in heeded or settings.file is None:
                continue
            try:
                await import_dnc_file(floor.database, name, settings.file, settings.region, now, again=False)
            except SourceError as error:
                log.error("the do-not-call list keeps the entries it has", list=name, why=str(error))


def _say(name: str, begun: Begun) -> None:
    if begun.stopped is not None:
        log.info("run stopped by the next start", action="run_stopped", campaign=name, run=begun.stopped)
    if begun.left_out:
        log.warning(
            "scheduled starts left out",
            action="starts_missed",
            campaign=name,
            starts=[str(start.at) for start in begun.left_out],
            why=begun.why,
            next_start=begun.next_start_at,
        )
    if begun.run is not None and begun.start is not None:
        log.info(
            "run started by its schedule",
            action="run_started",
            campaign=name,
            run=begun.run,
            due=begun.start.at,
            ends=begun.start.ends_at,
            next_start=begun.next_start_at,
        )
