"""Who does what, for how long, and how their time went."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from ami_dialer.config.agents import Agent
from ami_dialer.domain.agent import AgentState, SeatKind
from ami_dialer.domain.engine_status import EngineStatus, LimitSeen
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.reporting import agents as office
from ami_dialer.reporting.trace import trace
from ami_dialer.store import agent_sessions, agents, engine_status, hopper
from ami_dialer.store.agent_sessions import LogIn
from ami_dialer.store.tables import agent_sessions as sessions
from ami_dialer.store.tables import agent_spells, attempts
from ami_dialer.store.writer import Writer
from tests.store.world import attempt_on, number, run_of

pytestmark = pytest.mark.store

S = AgentState


async def spells(database, session, agent, began, *pairs):
    """What an agent did one after the other: (state, seconds)."""
    async with database.writing() as connection:
        for state, seconds in pairs:
            until = began + timedelta(seconds=seconds)
            row = {"session_id": session, "agent": agent, "state": state, "since": began, "until": until}
            row["attempt_id"] = "amid-before" if state is S.IN_CALL else None
            await connection.execute(insert(agent_spells).values(row))
            began = until
    return began


async def now_does(database, session, state, since, **more):
    async with database.writing() as connection:
        row = update(sessions).where(sessions.c.id == session)
        await connection.execute(row.values(state=state, since=since, **more))


async def test_each_is_shown_with_what_they_do_and_how_their_time_went(database, clock):
    start = clock.now()
    run = await run_of(database, 1, start, agents=["101"], flow=None)
    [one] = await hopper.claim(database, run, 1, start)
    attempt = attempt_on(one, start)
    async with database.writing() as connection:
        row = {name: getattr(attempt, name) for name in ("id", "run_id", "enrolment_id", "contact_id", "ordinal")}
        row |= {"number": attempt.number, "server": "pbx", "trunk": "carrier", "state": "connected"}
        await connection.execute(insert(attempts).values(**row, claimed_at=start, agent="101", connected_at=start))
    await agents.add(database, "101", Agent(name="One"), start)
    await agents.add(database, "102", Agent(name="Two"), start)
    first = await agent_sessions.begin(database, LogIn("101", SeatKind.LINE, "pbx", "1.1", "PJSIP/101-1"), start)
    began = (S.READY, 60), (S.RESERVED, 30), (S.IN_CALL, 100), (S.WRAP_UP, 20), (S.ON_BREAK, 40)
    since = await spells(database, first, "101", start, *began)
    await now_does(database, first, S.IN_CALL, since, attempt_id=attempt.id)
    member = LogIn("PJSIP/300", SeatKind.MEMBER, "pbx", "PJSIP/300", "PJSIP/300")
    session = await agent_sessions.begin(database, member, start)
    await now_does(database, session, S.ON_BREAK, start, reason="Lunch")
    gone = await agent_sessions.begin(database, LogIn("102", SeatKind.LINE, "pbx", "1.2", "PJSIP/102-1"), start)
    await agent_sessions.close(database, [gone], start, "hung up")
    for _ in range(5):
        await agents.wrong_pin(database, "102", start)

    now = since + timedelta(seconds=50)
    await database.lock_engine()
    found = await office.look(database, now)
    one, queued = found.agents
    assert (one.agent, one.name, one.state, one.seconds, one.number) == ("101", "One", S.IN_CALL, 50, number(0))
    assert (one.campaign, one.calls, one.talk, one.average_talk) == ("survey", 2, 150, 75)
    assert (one.wrap_up, one.idle, one.on_break, one.average_handling) == (20, 90, 40, 85)
    assert (one.served, found.dialer_running) == (True, True)
    assert (queued.agent, queued.reason, queued.on_break, queued.calls) == ("PJSIP/300", "Lunch", 300, 0)
    assert [(each.agent, each.name) for each in found.locked] == [("102", "Two")]
    assert {state: count for state, count in found.counts().items() if count} == {S.IN_CALL: 1, S.ON_BREAK: 1}

    later = await office.look(database, now, since=start + timedelta(seconds=180))
    assert (later.agents[0].calls, later.agents[0].talk, later.agents[0].idle) == (2, 60, 0)
    assert later.agents[1].on_break == 120
    of_campaign = await office.look(database, now, campaign="survey")
    assert [each.agent for each in of_campaign.agents] == ["101"]
    await now_does(database, session, S.IN_CALL, start, attempt_id=None)  # a call of the queue that is not ours
    other = (await office.look(database, now)).agents[1]
    assert (other.calls, other.talk, other.other_calls, other.number) == (0, 0, 300, None)
    with pytest.raises(NotFoundError):
        await office.look(database, now, campaign="gone")


async def test_a_member_takes_calls_of_the_campaigns_whose_queues_it_is_in(database, clock):
    start = clock.now()
    await run_of(database, 1, start, queue="support", flow=None)
    writer = Writer(database, 0.001)
    writer.start()
    for interface, queues in (("PJSIP/300", ["sales", "support"]), ("PJSIP/301", ["sales"])):
        session = await agent_sessions.begin(
            database, LogIn(interface, SeatKind.MEMBER, "pbx", interface, interface), start
        )
        await writer.put(agent_sessions.in_queues(session, queues))
    await writer.stop(5)
    assert [(one.agent, one.served) for one in (await office.look(database, start)).agents] == [
        ("PJSIP/300", True),
        ("PJSIP/301", False),
    ]
    assert [one.agent for one in (await office.look(database, start, campaign="survey")).agents] == ["PJSIP/300"]


async def test_without_a_dialer_the_clocks_stand_at_its_last_sign_of_life(database, clock):
    start = clock.now()
    await agent_sessions.begin(database, LogIn("101", SeatKind.LINE, "pbx", "1.1", "PJSIP/101-1"), start)
    await engine_status.write(database, EngineStatus(1, start, start + timedelta(seconds=20), LimitSeen()))
    an_hour_later = await office.look(database, start + timedelta(hours=1))
    assert (an_hour_later.dialer_running, an_hour_later.last_sign_at) == (False, start + timedelta(seconds=20))
    [one] = an_hour_later.agents
    assert (one.seconds, one.idle, one.served) == (20, 20, False)

    await engine_status.clear(database, start + timedelta(seconds=30))
    assert (await office.look(database, start + timedelta(hours=1))).agents[0].idle == 30
    assert await engine_status.read(database) is None


async def test_who_is_offered_is_shown_and_who_is_skipped_is_counted_and_stands_in_the_trail(database, clock):
    start = clock.now()
    run = await run_of(database, 1, start, agents="all", flow=None, dialing={"mode": "preview"})
    [one] = await hopper.claim(database, run, 1, start)
    session = await agent_sessions.begin(database, LogIn("101", SeatKind.LINE, "pbx", "1.1", "PJSIP/101-1"), start)
    await now_does(database, session, S.PREVIEWING, start, enrolment_id=one.enrolment_id)
    [offered] = (await office.look(database, start)).agents
    assert (offered.campaign, offered.number, offered.contact) == ("survey", number(0), one.contact_id)

    writer = Writer(database, 0.0)
    writer.start()
    writer.put(agent_sessions.skipped(run, one.enrolment_id, "101", start + timedelta(seconds=9)))
    writer.put(agent_sessions.skipped(run, one.enrolment_id, "102", start + timedelta(seconds=99)))
    await writer.stop(5.0)
    reports = await office.of_run(database, run)
    assert [(each.agent, each.skips, each.calls, each.average_handling) for each in reports] == [
        ("101", 1, 0, 0),
        ("102", 1, 0, 0),
    ]
    steps = (await trace(database, number(0), ["US"])).runs[0].steps
    told = [step.what for step in steps if step.station == "agent"]
    assert told == [
        f"offered to agent {agent} and skipped: {n} of at most 3 times" for agent, n in (("101", 1), ("102", 2))
    ]


async def test_a_report_by_agent_counts_the_results_of_each(database, clock):
    now = clock.now()
    run = await run_of(database, 4, now)
    for index, one in enumerate(await hopper.claim(database, run, 4, now)):
        agent, outcome = (("101", "Sale"), ("101", None), ("102", "Sale"), (None, None))[index]
        async with database.writing() as connection:
            row = {"id": f"amid-{index}", "run_id": run, "enrolment_id": one.enrolment_id, "contact_id": one.contact_id}
            row |= {"ordinal": 1, "number": one.number, "server": "pbx", "trunk": "carrier", "state": "ended"}
            row |= {"claimed_at": now, "agent": agent, "connected_at": now if agent else None, "outcome": outcome}
            row |= {
                "ended_at": now + timedelta(seconds=30 + index),
                "disposition": "Connected",
                "end_reason": "connected",
            }
            await connection.execute(insert(attempts).values(row))
    session = await agent_sessions.begin(database, LogIn("101", SeatKind.LINE, "pbx", "1.1", "PJSIP/101-1"), now)
    row = {"session_id": session, "agent": "101", "state": S.WRAP_UP, "since": now, "until": now + timedelta(seconds=9)}
    async with database.writing() as connection:
        await connection.execute(insert(agent_spells).values(**row, attempt_id="amid-1"))
        row["since"] = now + timedelta(seconds=1)  # of another run
        await connection.execute(insert(agent_spells).values(**row, attempt_id="amid-9"))
    first, second = await office.of_run(database, run)
    assert (first.wrap_up, first.average_handling, second.wrap_up) == (9, 35, 0)
    assert (first.agent, first.calls, first.talked, first.average) == ("101", 2, 61, 30.5)
    assert first.dispositions == {"Connected": 1, "Sale": 1}
    assert (second.agent, second.name, second.dispositions) == ("102", None, {"Sale": 1})
