"""Agents: where they come from, and what wrong PINs do."""

import pytest

from ami_dialer.config.agents import Agent as Document
from ami_dialer.domain import pin
from ami_dialer.domain.agent import Step
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import agent_orders, agents
from ami_dialer.store.agents import AgentRefusedError
from tests.store.world import config, rows

pytestmark = pytest.mark.store

HASH = "scrypt$" + "0" * 32 + "$" + "1" * 64
OTHER_HASH = "scrypt$" + "0" * 32 + "$" + "2" * 64


def with_agents(**agents_of):
    written = config()
    documents = {number.removeprefix("n"): Document(**one) for number, one in agents_of.items()}
    return written.model_copy(update={"agents": documents})


async def test_agents_of_the_file_are_written_changed_and_taken_out_and_others_stay(database, clock):
    now = clock.now()
    await agents.add(database, "300", Document(name="Made"), now)
    await agents.sync(database, with_agents(n101={"name": "One", "pin_hash": HASH}, n102={"name": "Two"}), now)
    for _ in range(pin.MAX_WRONG):
        await agents.wrong_pin(database, "101", now)
    again = with_agents(n101={"name": "First", "pin_hash": HASH}, n300={"name": "Taken over", "phone": "PJSIP/300"})
    await agents.sync(database, again, now)
    await agents.sync(database, again, now)
    found = {one.number: (one.name, one.origin, one.locked_at is not None) for one in await agents.every(database)}
    assert found == {"101": ("First", "config", True), "300": ("Taken over", "config", False)}
    await agents.sync(database, with_agents(n101={"name": "First", "pin_hash": OTHER_HASH}), now)
    one = await agents.load(database, "101")
    assert (one.pin_hash, one.locked_at, one.wrong_pins) == (OTHER_HASH, None, 0)
    told = await rows(
        database,
        "SELECT action, subject FROM audit_records WHERE subject LIKE 'agent:%' AND actor = 'dialer' ORDER BY id",
    )
    assert told == [
        ("agent.add", "agent:300"),
        ("config.add", "agent:101"),
        ("config.add", "agent:102"),
        ("agent.locked", "agent:101"),
        ("config.remove", "agent:102"),
        ("config.change", "agent:101"),
        ("config.change", "agent:300"),
        ("config.remove", "agent:300"),
        ("config.change", "agent:101"),
    ]
    assert not [row for row in await rows(database, "SELECT detail FROM audit_records") if "scrypt" in row[0]]


async def test_the_fifth_wrong_pin_in_a_row_locks_until_somebody_unlocks(database, clock):
    now = clock.now()
    await agents.add(database, "101", Document(name="One", pin_hash=HASH), now)
    assert [await agents.wrong_pin(database, "101", now) for _ in range(4)] == [1, 2, 3, 4]
    await agents.right_pin(database, "101")
    assert [await agents.wrong_pin(database, "101", now) for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    await agents.right_pin(database, "101")
    assert (await agents.load(database, "101")).locked_at == now
    assert (await agents.unlock(database, "101", now)).locked_at == now
    assert (await agents.load(database, "101")).locked_at is None
    locked = await rows(database, "SELECT count(*) FROM audit_records WHERE action = 'agent.locked'")
    assert locked == [(1,)]
    assert await agents.wrong_pin(database, "999", now) == 0


async def test_what_cannot_be_done_with_an_agent_is_refused(database, clock):
    now = clock.now()
    await agents.sync(database, with_agents(n101={"name": "One"}), now)
    with pytest.raises(AgentRefusedError, match="exists already: One"):
        await agents.add(database, "101", Document(name="Two"), now)
    with pytest.raises(AgentRefusedError, match=r"written in config\.yaml"):
        await agents.remove(database, "101", now)
    with pytest.raises(AgentRefusedError, match="pin_hash"):
        await agents.set_pin(database, "101", HASH, now)
    with pytest.raises(NotFoundError, match="no agent 7; known: 101"):
        await agents.remove(database, "7", now)


async def test_an_order_is_answered_once_and_one_that_is_withdrawn_is_not_carried_out(database, clock):
    now = clock.now()
    first = await agent_orders.ask(database, "101", Step.BREAK, {"reason": "Lunch"}, now)
    second = await agent_orders.ask(database, "102", Step.LOG_OUT, {}, now)
    [one, two] = await agent_orders.waiting(database)
    assert (one.id, one.step, one.argument, two.id) == (first, Step.BREAK, {"reason": "Lunch"}, second)
    assert await agent_orders.answer(database, first) is None
    await agent_orders.done(database, first, True, "on a break", now)
    await agent_orders.done(database, first, False, "too late", now)
    assert await agent_orders.answer(database, first) == (True, "on a break")
    assert await agent_orders.withdraw(database, first, now, "nobody") == (True, "on a break")
    assert await agent_orders.withdraw(database, second, now, "nobody") == (False, "nobody")
    assert await agent_orders.waiting(database) == []
    clock.advance(agent_orders.STALE_SECONDS + 1)
    assert two.stale(clock.now())
