"""A list with an API on loopback, in a real database."""

from typing import Any

from ami_dialer.adapters.web.list_api import WebListSource
from ami_dialer.config.schema import Config
from ami_dialer.engine import fetching
from ami_dialer.engine.fetching import Fetch
from ami_dialer.ports import ListSource
from ami_dialer.store import documents, fetches
from ami_dialer.store.database import Database
from ami_dialer.store.fetches import LoggedFetch, Wanted
from tests.conftest import ManualClock
from tests.fakes.web_api import WebApi


def people(first: int, count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"phone": f"+1301555{n:04d}", "name": f"P{n}", **fields} for n in range(first, first + count)]


class FetchWorld:
    """One configuration, one database, one API."""

    def __init__(self, database: Database, clock: ManualClock, server: WebApi) -> None:
        self.database = database
        self.clock = clock
        self.server = server
        self.config = self.configured()
        self.source: ListSource = WebListSource(self.config.fetching, clock)

    def configured(self, **changes: Any) -> Config:
        columns = changes.pop("columns", {"phone": "phone", "first_name": "name"})
        fetching_limits = {"allow_hosts": ["127.0.0.1"], "keep": changes.pop("keep", 20)}
        flow = changes.pop("flow", [{"say": "Hello {{first_name}}, {{city}}."}])
        campaign = {"lists": ["sign-ups"], "trunks": ["carrier"], "flow": "hello", **changes.pop("campaign", {})}
        more = changes.pop("more", {})
        of_list = {key: changes.pop(key) for key in ("region", "dupe_days", "mapping", "batch") if key in changes}
        return Config.model_validate(
            {
                "servers": {"pbx": {"secret": "s"}},
                "trunks": {"carrier": {"server": "pbx", "dial": "PJSIP/{number}@carrier"}},
                "fetching": fetching_limits,
                "lists": {
                    "sign-ups": {"api": {"url": self.server.url(), **changes}, "columns": columns, **of_list},
                    **more,
                },
                "flows": {"hello": {"steps": {"start": flow}}},
                "campaigns": {"survey": campaign},
            }
        )

    async def configure(self, **changes: Any) -> None:
        self.config = self.configured(**changes)
        self.source = WebListSource(self.config.fetching, self.clock)
        await documents.apply_config(self.database, self.config)

    async def fetch(self, *answers: Any) -> Fetch:
        """Fetch what the API gives now."""
        if answers:
            self.server.answers("/contacts", *answers)
        self.clock.advance(1)
        wanted = await fetching.fetched_list(self.database, "sign-ups", self.config.lists["sign-ups"].api)
        fetch = await fetching.fetch_list(self.database, self.source, wanted, self.config.fetching, self.clock)
        assert fetch is not None
        return fetch

    async def preview(self, *answers: Any) -> fetching.Preview:
        self.server.answers("/contacts", *answers)
        wanted = await fetching.fetched_list(self.database, "sign-ups", self.config.lists["sign-ups"].api)
        return await fetching.preview_list(self.source, wanted, self.database)

    async def log(self, **wanted: Any) -> list[LoggedFetch]:
        return await fetches.search(self.database, Wanted(**wanted), 100)
