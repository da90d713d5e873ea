"""Waiting for what the database says."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.journey.conftest import House


async def until_rows(world: House, sql: str, wanted: Sequence[tuple[Any, ...]]) -> None:
    """Wait until a query gives these rows; fails after 20 seconds."""
    async with asyncio.timeout(20):
        while await world.rows(sql) != wanted:  # noqa: ASYNC110 - a row of the database tells nobody
            await asyncio.sleep(0.01)
