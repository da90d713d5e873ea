"""Lists fetched when their interval is over. A list that fails is left alone for a while and stops no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.intake import FetchState
from ami_dialer.engine.announcer import Announcer
from ami_dialer.engine.fetching import Fetch, fetch_list, fetched_list
from ami_dialer.ports import Clock, ListSource
from ami_dialer.rules.fetching import due_at
from ami_dialer.store import fetches
from ami_dialer.store.database import Database

log = structlog.get_logger(__name__)

#: Lists that are fetched at the same time: each may take a temporary file, and all take turns in the database.
AT_ONCE = 2
#: Seconds between two looks at what is due.
LOOK_SECONDS = 5.0


class Fetcher:
    """Fetches what is due in tasks of their own: neither the ticker nor other periodic work waits for an API."""

    def __init__(
        self,
        config: Config,
        database: Database,
        source: ListSource,
        clock: Clock,
        on_contacts: Callable[[], Awaitable[None]],
        announcer: Announcer | None = None,
    ) -> None:
        """`on_contacts` is called after each fetch that brought contacts the list did not have."""
        self._config = config
        self._database = database
        self._source = source
        self._clock = clock
        self._on_contacts = on_contacts
        self._announcer = announcer or Announcer()
        self._apis = {name: settings.api for name, settings in config.lists.items() if settings.api is not None}
        #: Lists that are being fetched, by name.
        self._going_on: dict[str, asyncio.Task[None]] = {}

    async def stop(self) -> None:
        """End. A fetch that is cut off is due again soon after the next start."""
        tasks = list(self._going_on.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self) -> None:
        """Begin to fetch what is due, as far as there is room. Raises StoreError."""
        if not self._apis:
            return
        now = self._clock.now()
        standing = await fetches.standing(self._database, list(self._apis))
        for name, stands in standing.items():
            if name in self._going_on or len(self._going_on) >= AT_ONCE:
                continue
            interval = self._apis[name].interval
            due = due_at(stands.fetched_at, stands.failures, interval, stands.retry_after)
            if due is None or now >= due:
                task = asyncio.create_task(self._fetch(name), name=f"fetch {name}")
                self._going_on[name] = task
                task.add_done_callback(partial(self._done, name))

    async def fetch(self, names: Sequence[str]) -> None:
        """Fetch those of these lists that have an API now, whatever their interval says, one after the other."""
        for name in names:
            if name not in self._apis:
                continue
            task = self._going_on.get(name)
            if task is None:
                task = asyncio.create_task(self._fetch(name), name=f"fetch {name}")
                self._going_on[name] = task
                task.add_done_callback(partial(self._done, name))
            await asyncio.wait([task])

    def _done(self, name: str, _task: asyncio.Task[None]) -> None:
        del self._going_on[name]

    @property
    def busy(self) -> bool:
        """Whether a list is being fetched."""
        return bool(self._going_on)

    async def settle(self) -> None:
        """Wait until nothing is being fetched any more."""
        while self._going_on:
            await asyncio.wait(list(self._going_on.values()))
            await asyncio.sleep(0)

    async def _fetch(self, name: str) -> None:
        try:
            wanted = await fetched_list(self._database, name, self._apis[name])
            fetch = await fetch_list(self._database, self._source, wanted, self._config.fetching, self._clock)
            if fetch is not None:
                self._say(fetch)
                if fetch.intake is not None and fetch.intake.read:
                    self._announcer.imported(name, fetch.intake.counts, self._clock.now())
                if fetch.intake is not None and fetch.intake.counts["added"]:
                    await self._on_contacts()
        except DialerError as error:
            log.error("list not fetched", list=name, why=str(error))
        except Exception as error:  # noqa: BLE001 - the same
            log.error("list not fetched: a fault of ours", list=name, why=repr(error))

    def _say(self, fetch: Fetch) -> None:
        if fetch.state is FetchState.FAILED:
            log.error("the list keeps the contacts it has", list=fetch.list_name, fetch=fetch.id, why=fetch.description)
            return
        log.info(
            "list fetched",
            action="list_fetched",
            list=fetch.list_name,
            fetch=fetch.id,
            contacts=fetch.contacts,
            what=fetch.description,
        )
        for warning in fetch.warnings:
            log.warning("look at this fetch", list=fetch.list_name, fetch=fetch.id, why=warning, runs=fetch.running)
