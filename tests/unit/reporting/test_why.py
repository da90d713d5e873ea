"""Why nothing is being dialled: each reason there can be decides where it must."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.domain.engine_status import EngineStatus, LimitSeen, RunSeen, ServerSeen, TrunkSeen
from ami_dialer.domain.enrolment import Exclusion
from ami_dialer.reporting.why.asking import answer
from ami_dialer.reporting.why.reason import Facts, Why
from ami_dialer.store.queue import Later, Queue
from ami_dialer.store.results import ExclusionCount

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)
RUN = RunSeen(7, "survey", "", 0, False, {}, 0, LimitSeen(0, 10), ("carrier",), 3)
SEEN = EngineStatus(
    pid=1,
    started_at=NOW,
    at=NOW,
    limit=LimitSeen(0, 100),
    servers=(ServerSeen("pbx", LimitSeen(0, 50)),),
    trunks=(TrunkSeen("carrier", "pbx", LimitSeen(0, 20)),),
    runs=(RUN,),
)
FACTS = Facts("survey", NOW, CampaignStatus.RUNNING, lists=("people",), seen=SEEN, run=7, queue=Queue(due=5))


def facts(**changes):
    return replace(FACTS, **changes)


def standing(status, **changes):
    return facts(status=CampaignStatus(status), **changes)


def seen(**changes):
    return facts(seen=replace(SEEN, **changes))


def of_run(**changes):
    return seen(runs=(replace(RUN, **changes),))


def at_limit(calls):
    return seen(runs=(replace(RUN, calls=calls),), trunks=(TrunkSeen("carrier", "pbx", LimitSeen(20, 20)),))


def shown(moment):
    return f"{moment:%H:%M}"


REASONS = {
    "never started": (standing("draft"), Why.STATUS, "it was not started", "campaign start survey"),
    "lists empty at a draft": (standing("draft", anybody=False), Why.STATUS, "lists hold nobody", "list import people"),
    "starts with a dialer that is not there": (
        standing("draft", starts_with_dialer=True, dialer_running=False),
        Why.STATUS,
        "starts with the dialer",
        "ami-dialer run",
    ),
    "scheduled": (standing("scheduled", next_start_at=SOON), Why.STATUS, "its schedule starts it 16:00", ""),
    "scheduled without a dialer": (
        standing("scheduled", next_start_at=SOON, dialer_running=False),
        Why.STATUS,
        "no dialer is running",
        "ami-dialer run",
    ),
    "paused": (standing("paused"), Why.STATUS, "it is paused", "campaign resume survey"),
    "completed": (standing("completed", queue=Queue(done=4)), Why.STATUS, "4 contacts are done", "rerun"),
    "stopped": (standing("stopped"), Why.STATUS, "stopped, which is final", "rerun"),
    "failed": (standing("failed", trouble="no trunk x"), Why.STATUS, "it failed: no trunk x", "rerun"),
    "archived": (standing("archived"), Why.STATUS, "archived", "restore"),
    "no dialer": (facts(dialer_running=False, seen=None), Why.NOT_RUNNING, "no dialer is running", "ami-dialer run"),
    "a dialer that has said nothing": (facts(seen=None), Why.SILENT, "may be starting", "log"),
    "a dialer that says nothing any more": (seen(at=NOW - timedelta(seconds=14)), Why.SILENT, "for 14 s", "log"),
    "database": (seen(database_trouble="disk full"), Why.DATABASE, "takes no writes: disk full", "doctor"),
    "stopping": (seen(draining=True), Why.STOPPING, "is stopping", "run"),
    "taken out": (seen(runs=(), taken_out={7: "its flow breaks"}), Why.TAKEN_OUT, "its flow breaks", "anew"),
    "not taken up": (seen(runs=()), Why.NOT_TAKEN_UP, "next tick", ""),
    "schedule over": (facts(ends_at=NOW), Why.SCHEDULE_END, "the end of its schedule", ""),
    "emergency": (
        seen(runs=(RUN, replace(RUN, run=8, campaign="flood", emergency=True, hopper=3))),
        Why.EMERGENCY,
        "flood goes before",
        "",
    ),
    "server": (
        seen(servers=(ServerSeen("pbx", LimitSeen(), "server pbx: not connected"),)),
        Why.SERVER,
        "server pbx: not connected",
        "doctor",
    ),
    "campaign's limit": (of_run(limit=LimitSeen(10, 10)), Why.LIMIT, "it has its 10 calls", "max_calls"),
    "limit of all": (seen(limit=LimitSeen(100, 100)), Why.LIMIT, "100 of them other campaigns'", "engine.max_calls"),
    "server's limit": (
        seen(servers=(ServerSeen("pbx", LimitSeen(50, 50)),)),
        Why.LIMIT,
        "server pbx has its 50 calls",
        "max_calls of the server",
    ),
    "trunk's limit, with others": (
        at_limit({"ringing": 5}),
        Why.LIMIT,
        "carrier has its 20 calls at once, 15",
        "trunk",
    ),
    "abandonment": (of_run(restraint="4 % abandoned", calls={"ringing": 1}), Why.ABANDONMENT, "4 %", "abandonment"),
    "nobody logged in": (of_run(paced=True, pacing="no agent is logged in"), Why.NO_AGENT, "is logged in", "login"),
    "no queue": (of_run(paced=True, pacing="queue x is not there"), Why.NO_AGENT, "queue x is not there", "login"),
    "all agents busy": (
        of_run(paced=True, agents={"in_call": 2, "on_break": 1}, pacing="no agent is free: of 3 logged in 2 in call"),
        Why.NO_FREE_AGENT,
        "no agent is free: of 3 logged in 2 in call",
        "ami-dialer agent ready NUMBER ends a break",
    ),
    "no members": (
        replace(of_run(paced=True, pacing="no member of its queue is there"), member_queue="sales"),
        Why.NO_AGENT,
        "no member of its queue is there",
        "queue show sales",
    ),
    "members paused": (
        replace(of_run(paced=True, agents={"on_break": 1}, pacing="no member is free"), member_queue="sales"),
        Why.NO_FREE_AGENT,
        "no member is free",
        "by number or interface, ends a pause",
    ),
    "own agents": (
        of_run(paced=True, agents={"ready": 1}, for_own=4, why="all who are due wait"),
        Why.OWN_AGENT,
        "wait for their own agents",
        "own_agent.wait",
    ),
    "in calls of others": (of_run(all_in_calls=True, hopper=5), Why.BUSY, "in a call already or offered", ""),
    "what the engine says": (of_run(why="caller ids used up"), Why.ENGINE, "caller ids used up", ""),
    "window": (facts(queue=Queue(held=(("us.hours", Later(9, SOON)),))), Why.HELD, "us.hours, the first until 16", ""),
    "retries": (facts(queue=Queue(retries=Later(3, SOON))), Why.RETRY, "next try, the first at 16:00", ""),
    "callbacks": (facts(queue=Queue(callbacks=Later(2, SOON))), Why.CALLBACK, "callback, the first at 16:00", ""),
    "the last are in calls": (facts(queue=Queue(claimed=2), calls={"ringing": 2}), Why.CALLS, "being called", ""),
    "lists empty": (facts(queue=Queue()), Why.EMPTY, "its lists hold nobody: people", "list import"),
    "live lists run dry": (facts(queue=Queue(done=2), live=True), Why.DONE, "waits for what comes into", ""),
    "all scrubbed": (facts(queue=Queue(excluded=5)), Why.EXCLUDED, "everybody is excluded", ""),
}


@pytest.mark.parametrize("case", REASONS)
def test_each_reason_decides_in_one_sentence_with_what_to_do(case):
    known, kind, text, todo = REASONS[case]

    found = answer(known, shown)

    assert found.reasons[0].kind is kind
    assert text in found.text
    assert todo in found.todo
    assert sum(place.contacts for place in found.places) == found.contacts


def test_where_somebody_is_due_what_stops_the_engine_goes_before_those_who_wait():
    queue = Queue(due=1, held=(("us.hours", Later(900, SOON)),), retries=Later(30))
    down = replace(SEEN, servers=(ServerSeen("pbx", LimitSeen(), "server pbx: not connected"),))

    due = answer(facts(queue=queue, seen=down), shown)
    nobody = answer(facts(queue=replace(queue, due=0), seen=down), shown)

    assert [one.kind for one in due.reasons] == [Why.SERVER, Why.HELD, Why.RETRY]
    assert [one.kind for one in nobody.reasons] == [Why.HELD, Why.RETRY, Why.SERVER]


def test_a_trunk_whose_server_is_well_is_enough():
    two = replace(
        SEEN,
        servers=(*SEEN.servers, ServerSeen("old", LimitSeen(), "server old: not connected")),
        trunks=(*SEEN.trunks, TrunkSeen("spare", "old", LimitSeen())),
        runs=(replace(RUN, trunks=("carrier", "spare")),),
    )

    found = answer(facts(seen=two), shown)

    assert not found.reasons
    assert "nothing stands in its way" in found.text


def test_calls_that_go_on_are_said_first():
    found = answer(facts(calls={"ringing": 2, "in_flow": 1}, queue=Queue(claimed=3)), shown)

    assert found.text == "it is dialling: 3 calls go on; no further one starts: all that is left is being called"
    assert found.places[0].text == "in calls: 2 ringing, 1 in flow"


def test_calls_of_a_dialer_that_ended_are_no_dialling() -> None:
    left = facts(dialer_running=False, calls={"ringing": 2}, queue=Queue(claimed=2))

    assert answer(left, shown).text == (
        "no dialer is running on this database; 2 calls were going on when the dialer ended"
    )


def test_every_contact_stands_somewhere_and_exclusions_are_named():
    excluded = tuple(ExclusionCount(Exclusion.DNC, f"list {n}", 9 - n) for n in range(5))
    rules = (ExclusionCount(Exclusion.RULE, "us.kind", 2),)
    queue = Queue(due=3, claimed=4, done=5, excluded=37, held=(("us.hours", Later(6, SOON)),), retries=Later(8))
    known = facts(queue=queue, excluded=excluded + rules, calls={"ringing": 1}, dispositions={"Busy": 7})

    found = answer(known, shown)

    assert sum(place.contacts for place in found.places) == found.contacts == 63
    told = [place.text for place in found.places]
    assert "DNC Excluded: list 0 9, list 1 8, list 2 7 and 2 more" in told
    assert "Rule Excluded: us.kind 2" in told
    assert "done; attempts: Busy 7" in told
    assert "in the hopper" in told
