"""A campaign with people to call, as the store holds it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Config
from ami_dialer.domain.attempt import Attempt, AttemptState, new_attempt_id
from ami_dialer.store import documents, hopper, lists, runs
from ami_dialer.store.database import Database
from ami_dialer.store.hopper import Claimed
from tests.contacts import add_contacts

FLOW = {"steps": {"start": [{"play": "hello"}]}}


def number(index: int) -> str:
    return f"+1212555{index:04d}"


def config(lists: Sequence[str] = ("people",), **campaign: Any) -> Config:
    document = {"lists": list(lists), "trunks": ["carrier"], "flow": "survey", **campaign}
    return Config.model_validate(
        {
            "servers": {"pbx": {"secret": "s"}},
            "trunks": {"carrier": {"server": "pbx", "dial": "PJSIP/{number}@carrier"}},
            "lists": {name: {"file": f"/lists/{name}.csv"} for name in lists},
            "flows": {"survey": FLOW},
            "campaigns": {"survey": document},
        }
    )


async def fill(database: Database, list_name: str, numbers: Sequence[str], now: datetime) -> int:
    """Returns how many of them are new."""
    key = await lists.list_id(database, list_name)
    return (await add_contacts(database, key, {one: {"name": f"P {one[-4:]}"} for one in numbers}, now)).added


async def campaign(database: Database, wanted: Config) -> tuple[int, Campaign]:
    await documents.apply_config(database, wanted)
    return await documents.load_campaign(database, "survey")


async def run_of(database: Database, people: int, now: datetime, **fields: Any) -> int:
    """A run with so many people, all due now."""
    key, document = await campaign(database, config(**fields))
    await fill(database, "people", [number(index) for index in range(people)], now)
    return await runs.start(database, key, document, now)


async def claimed(database: Database, people: int, now: datetime, **fields: Any) -> list[Claimed]:
    """The same, and all of them are in a hopper."""
    return await hopper.claim(database, await run_of(database, people, now, **fields), people, now)


def attempt_on(one: Claimed, now: datetime) -> Attempt:
    return Attempt(
        id=new_attempt_id(now),
        run_id=one.run_id,
        enrolment_id=one.enrolment_id,
        contact_id=one.contact_id,
        ordinal=one.attempts + 1,
        number=one.number,
        server="pbx",
        trunk="carrier",
        state=AttemptState.CLAIMED,
        claimed_at=now,
    )


async def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.reading() as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def value(database: Database, sql: str) -> Any:
    return (await rows(database, sql))[0][0]
