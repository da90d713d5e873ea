"""Lists with settings and contacts with priorities and fields, for tests of who is enrolled and in which order."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ami_dialer.config.schema import Config
from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.domain.contact import NewContact
from ami_dialer.store import lists
from ami_dialer.store.database import Database
from ami_dialer.store.loading import Duplicates, load
from tests.store.world import FLOW, number, rows


def house(of: Mapping[str, Mapping[str, Any]], **campaign: Any) -> Config:
    """A campaign `survey` of these lists, each with its settings."""
    return Config.model_validate(
        {
            "servers": {"pbx": {"secret": "s"}},
            "trunks": {"carrier": {"server": "pbx", "dial": "PJSIP/{number}@carrier"}},
            "lists": {name: {**settings} for name, settings in of.items()},
            "flows": {"survey": FLOW},
            "campaigns": {"survey": {"lists": list(of), "trunks": ["carrier"], "flow": "survey", **campaign}},
        }
    )


async def add(database: Database, name: str, now: datetime, *people: int | dict[str, Any], again: bool = False) -> None:
    """Contacts into a list: an index, or {"n": index, "priority": 5, "fields": {...}}. `again`: duplicates allowed."""
    key = await lists.list_id(database, name)
    batch = []
    for line, each in enumerate(people, 2):
        one = {"n": each} if isinstance(each, int) else each
        fields = json.dumps(one.get("fields", {}))
        batch.append(NewContact(line, number(one["n"]), None, (), fields, None, one.get("priority", 0)))
    async with database.writing() as connection:
        await load(connection, key, Arrivals.of(batch, doubles_too=again), Duplicates(allowed=again, days=90), now)


async def in_order(database: Database, run_id: int) -> list[int]:
    """The people of a run, in the order in which they are called."""
    found = await rows(database, f"SELECT number FROM enrolments WHERE run_id = {run_id} ORDER BY rank, due_at, id")
    return [int(one[0][-4:]) for one in found]


async def out(database: Database, run_id: int) -> dict[int, tuple[str, str]]:
    """Who was taken out of a run: what for, and by what."""
    found = await rows(
        database,
        f"SELECT number, exclusion, excluded_by FROM enrolments WHERE run_id = {run_id} AND state = 'excluded'",
    )
    return {int(one[-4:]): (exclusion, by) for one, exclusion, by in found}
