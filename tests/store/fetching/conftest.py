"""A world in which lists are fetched, on each of the two databases."""

from collections.abc import AsyncIterator

import pytest

from ami_dialer.store.database import Database
from tests.conftest import ManualClock
from tests.fakes.web_api import WebApi
from tests.store.fetching.world import FetchWorld


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[FetchWorld]:
    async with WebApi() as server:
        made = FetchWorld(database, clock, server)
        await made.configure()
        yield made
