"""Who could log in, as doctor sees it: agents of config.yaml and of the database."""

from datetime import UTC, datetime, timedelta

import pytest

from ami_dialer.config.agents import Agent
from ami_dialer.config.load import load
from ami_dialer.config.schema import Database as Settings
from ami_dialer.doctor.agent_list import AGENT_LIST
from ami_dialer.doctor.finding import Result, Status
from ami_dialer.doctor.machine import Machine
from ami_dialer.domain.pin import MAX_WRONG
from ami_dialer.store import agents
from ami_dialer.store.database import Database
from tests.unit.doctor.conftest import Written

pytestmark = pytest.mark.store

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)


async def looked_at(written: Written, settings: Settings, *numbers: str) -> list[Result]:
    talk = {"lists": ["people"], "trunks": ["carrier"], "agents": list(numbers) or "all"}
    path = written(database={"url": settings.url}, campaigns={"talk": talk})
    return list(await AGENT_LIST.ask(Machine(load(path, {}), path)))


async def test_nobody_who_could_log_in_is_warned_of_until_an_agent_is_made(
    written: Written, database: Database, database_settings: Settings
) -> None:
    [result] = await looked_at(written, database_settings)
    assert (result.status, "agent add" in result.mend) == (Status.WARNING, True)
    await agents.add(database, "7", Agent(name="Seven"), NOW)
    assert [result.status for result in await looked_at(written, database_settings)] == [Status.OK]
    [result] = await looked_at(written, database_settings, "8")
    assert (result.status, result.subject) == (Status.WARNING, "talk")


async def test_a_locked_agent_is_told_with_the_way_to_unlock(
    written: Written, database: Database, database_settings: Settings
) -> None:
    await agents.add(database, "7", Agent(name="Seven"), NOW)
    for second in range(MAX_WRONG):
        await agents.wrong_pin(database, "7", NOW + timedelta(seconds=second))
    [result] = await looked_at(written, database_settings)
    assert (result.status, "agent unlock 7" in result.mend) == (Status.WARNING, True)
