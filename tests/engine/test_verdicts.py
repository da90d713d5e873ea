"""Nobody is called without an allowing verdict, and everybody at the first moment that has one."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.compliance import Caps
from ami_dialer.domain.errors import StoreError
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.store import callees, dnc, documents, giving_back, hopper, runs
from ami_dialer.store.dnc_index import DncIndex
from ami_dialer.store.history import past_calls
from ami_dialer.store.tables import consents as consent_rows
from tests.compliance import UNRESTRICTED
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

NEW_YORK, LOS_ANGELES = "+1212555{:04d}", "+1310555{:04d}"
#: Tuesday, 3 March 2026: 9:00 and 21:00 in New York.
OPENS, SHUTS = datetime(2026, 3, 3, 14, 0, tzinfo=UTC), datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ENGAGED = Plan(cause=17)
#: The hours of a campaign as they are by default, without those of the law.
BY_DEFAULT = {"hours": {}}


@pytest.fixture
def world(house, clock):
    """A dialer on a clock that the test moves. No number that is called exists; ENGAGED is tried again."""

    def build(*people, header="phone,first_name", **campaign):
        world = house(**campaign)
        world.clock = world.telephony.clock = clock
        world.telephony.default = Plan(cause=1)
        # On a clock that stands still no rate would ever let a second call through.
        for limited in (world.config.servers, world.config.trunks):
            limited.update({name: one.model_copy(update={"calls_per_second": None}) for name, one in limited.items()})
        world.config.lists["people"].file.write_text("\n".join([header, *people, ""]), encoding="utf-8")
        return world

    return build


def comply(world, **settings):
    """Set what stands under `compliance`."""
    compliance = world.config.compliance.model_copy(update=settings)
    world.config = world.config.model_copy(update={"compliance": compliance})


def at(clock, moment):
    clock.advance((moment - clock.now()).total_seconds())


async def settled(engine):
    """The ticker has done all that it can do at this moment."""
    engine.floor.wake.set()
    wake = engine.floor.wake
    await until(lambda: not wake.is_set() and wake._waiters and not engine._ticker._dials and not engine.floor.calls)
    await until(lambda: engine.floor.writer.waiting == 0)


def called(world):
    return [request.channel.removeprefix("PJSIP/").removesuffix("@carrier") for request in world.telephony.requests]


async def waiting(world):
    rows = await world.rows("SELECT number, state, held_by, due_at FROM enrolments ORDER BY number")
    moments = [datetime.fromisoformat(due) if isinstance(due, str) else due for *_, due in rows]
    return [(*row[:3], due.replace(tzinfo=UTC)) for row, due in zip(rows, moments, strict=True)]


async def test_a_shut_window_calls_nobody_and_the_tick_at_which_it_opens_calls_all(world, clock):
    people = [NEW_YORK.format(index) for index in range(3)]
    world = world(*(f"{number},Ann" for number in people), **BY_DEFAULT)
    at(clock, OPENS - timedelta(minutes=30))
    engine = await world.start()
    [desk] = engine.floor.runs.values()
    await until(lambda: "nobody may be called before" in desk.why)
    assert desk.why.endswith(": campaign.hours holds 3 back")
    assert await waiting(world) == [(number, "waiting", "campaign.hours", OPENS) for number in people]
    at(clock, OPENS - TICK)
    await settled(engine)
    assert called(world) == []
    at(clock, OPENS)
    await settled(engine)
    assert sorted(called(world)) == [number[1:] for number in people]
    told = await world.rows("SELECT verdict FROM attempts")
    assert {json.dumps({**json.loads(verdict), "at": ""}) for (verdict,) in told} == {
        json.dumps(
            {
                "book": engine.floor.rules.id,
                "rule": "campaign.hours",
                "until": "2026-03-04T02:00:00.000Z",
                "kind": "fixed line or mobile",
                "zones": ["America/New_York"],
                "by": "number",
                "law": ["US", "US-NY"],
                "exempt": json.loads(told[0][0])["exempt"],
                "at": "",
            }
        )
    }
    assert "us.hours" in json.loads(told[0][0])["exempt"]


async def test_the_window_shuts_at_the_minute_and_a_retry_waits_for_the_next_morning(world, clock):
    world = world(f"{NEW_YORK.format(1)},Ann", **BY_DEFAULT, retry={"rules": {"busy": {"after": "1m", "max": 1}}})
    world.telephony.default = ENGAGED
    at(clock, SHUTS - timedelta(minutes=1))
    engine = await world.start()
    await until(lambda: world.telephony.requests)
    await settled(engine)
    at(clock, SHUTS)
    await settled(engine)
    assert await waiting(world) == [(NEW_YORK.format(1), "waiting", "campaign.hours", OPENS + timedelta(days=1))]
    at(clock, OPENS + timedelta(days=1))
    await settled(engine)
    assert len(called(world)) == 2


async def test_who_is_on_another_clock_does_not_keep_the_others_from_being_called(world, clock, monkeypatch):
    """The law and the campaign hold 2,000 in the west back; the three in the east come after them in the hopper."""
    west = [LOS_ANGELES.format(index) for index in range(2_000)]
    east = [NEW_YORK.format(index) for index in range(3)]
    world = world(*(f"{number},Ann" for number in [*west, *east]), **BY_DEFAULT, hopper={"size": 5})
    claims = []
    claim = hopper.claim

    async def counted(*arguments):
        found = await claim(*arguments)
        claims.append(len(found))
        return found

    monkeypatch.setattr(hopper, "claim", counted)
    at(clock, OPENS)
    engine = await world.start()
    await until(lambda: len(called(world)) == 3)
    await settled(engine)
    assert sorted(called(world)) == [number[1:] for number in east]
    assert sum(claims) == len(west) + len(east)
    assert max(claims) <= 500
    [desk] = engine.floor.runs.values()
    assert desk.why.endswith(": campaign.hours holds 2,000 back")
    # Until the window opens nobody is claimed again.
    claims.clear()
    for _ in range(5):
        clock.advance(1_800)
        await settled(engine)
    assert sum(claims) == 0
    at(clock, OPENS + timedelta(hours=3))
    await until(lambda: len(called(world)) > 3)


async def test_dangerous_numbers_are_never_called_and_the_report_has_the_reason(world, clock):
    premium, foreign, free = "+19002345678", "+442079460018", "+18002345678"
    world = world(*(f"{number},Ann" for number in (premium, foreign, free, NEW_YORK.format(1))))
    comply(world, countries=["US"])
    await world.run_until_done()
    assert called(world) == [NEW_YORK.format(1)[1:]]
    found = await world.rows(
        "SELECT number, exclusion, held_by, excluded_by FROM enrolments WHERE state = 'excluded' ORDER BY number"
    )
    assert [row[:3] for row in found] == [
        (free, "rule", "number.kind"),
        (premium, "rule", "number.kind"),
        (foreign, "rule", "number.country"),
    ]
    assert "of the kind premium rate" in found[1][3]
    assert "belongs to GB" in found[2][3]


async def test_a_blocked_state_is_never_called_but_a_further_phone_elsewhere_is(world, clock):
    california, new_york = LOS_ANGELES.format(1), NEW_YORK.format(1)
    world = world(
        f"{california},Ann,+14155550102,{new_york}",
        f"{LOS_ANGELES.format(2)},Bob,,",
        header="phone,first_name,phone_2,phone_3",
        hours={**UNRESTRICTED["hours"], "blocked_states": ["US-CA"]},
    )
    await world.run_until_done()
    assert called(world) == [new_york[1:]]
    assert await world.rows("SELECT number, state, held_by FROM enrolments ORDER BY contact_id") == [
        (new_york, "done", None),
        (LOS_ANGELES.format(2), "excluded", "campaign.blocked_state"),
    ]


async def test_the_state_and_the_zone_of_the_contact_count_before_those_of_the_number(world, clock):
    world = world(
        f"{NEW_YORK.format(1)},Ann,CA",
        f"{LOS_ANGELES.format(1)},Bob,",
        header="phone,first_name,State",
        hours={"earliest": "9:00", "latest": "21:00", "blocked_states": ["US-CA"]},
    )
    at(clock, OPENS + timedelta(hours=6))
    await world.run_until_done()
    assert called(world) == []
    assert {row[2] for row in await waiting(world)} == {"campaign.blocked_state"}


async def test_who_is_nowhere_is_not_called_unless_the_configuration_says_where_that_is(world, clock):
    world = world("+18002345678,Ann", **BY_DEFAULT)
    comply(world, number_kinds=[NumberKind.TOLL_FREE])
    await world.run_until_done()
    assert called(world) == []
    assert [row[1:3] for row in await waiting(world)] == [("excluded", "zone.unknown")]


async def test_the_zone_of_the_configuration_is_told_as_such(world, clock):
    world = world("+18002345678,Ann", **BY_DEFAULT)
    comply(world, number_kinds=[NumberKind.TOLL_FREE])
    comply(world, unknown_zone="America/New_York")
    at(clock, OPENS)
    await world.run_until_done()
    assert called(world) == ["18002345678"]
    [(verdict,)] = await world.rows("SELECT verdict FROM attempts")
    assert json.loads(verdict)["by"] == "default of the configuration"


def two_campaigns(world, **caps):
    """Both call the same list."""
    document = {"lists": ["people"], "trunks": ["carrier"], "flow": "survey", **UNRESTRICTED, "caps": caps}
    document["retry"] = {"max_attempts": 1}
    for name in ("survey", "other"):
        world.config.campaigns[name] = Campaign.model_validate(document)


async def test_a_call_of_another_campaign_counts_for_the_time_between_calls(world, clock):
    world = world(f"{NEW_YORK.format(1)},Ann")
    two_campaigns(world, between_calls="30m")
    engine = await world.start()
    await until(lambda: called(world))
    await settled(engine)
    assert len(called(world)) == 1
    await until(lambda: len(engine.floor.runs) == 1)  # the other campaign is through
    [desk] = engine.floor.runs.values()
    assert "calls.between holds 1 back" in desk.why
    begin = clock.now()
    clock.advance(1_799.9)
    await settled(engine)
    assert len(called(world)) == 1
    at(clock, begin + timedelta(minutes=30))
    await settled(engine)
    assert len(called(world)) == 2
    rows = await world.rows("SELECT verdict FROM attempts ORDER BY id")
    assert ["calls" in json.loads(verdict) for (verdict,) in rows] == [False, False]  # it lies outside the half hour


async def test_a_cap_over_all_campaigns_counts_what_each_of_them_called(world, clock):
    world = world(f"{NEW_YORK.format(1)},Ann")
    two_campaigns(world, between_calls=0, per_number_7d=5)
    comply(world, caps=Caps(per_number_24h=1))
    engine = await world.start()
    await until(lambda: called(world))
    await settled(engine)
    assert len(called(world)) == 1
    [row] = [row for row in await waiting(world) if row[1] == "waiting"]
    assert row[2:] == ("all.per_number_24h", clock.now() + timedelta(days=1))
    clock.advance(86_400)
    await settled(engine)
    assert len(called(world)) == 2


async def test_the_verdict_says_how_many_calls_each_cap_counted(world, clock):
    retry = {"max_attempts": 3, "rules": {"busy": {"after": "1m", "max": 2}}}
    world = world(f"{NEW_YORK.format(1)},Ann", caps={"between_calls": 0, "per_number_24h": 5}, retry=retry)
    world.telephony.default = ENGAGED
    engine = await world.start()
    for calls in (1, 2, 3):
        await until(lambda calls=calls: len(called(world)) == calls)
        await settled(engine)
        clock.advance(60)
    rows = await world.rows("SELECT verdict FROM attempts ORDER BY ordinal")
    counted = [json.loads(verdict).get("calls") for (verdict,) in rows]
    assert counted == [None, {"campaign.per_number_24h": 1}, {"campaign.per_number_24h": 2}]


async def test_the_time_between_calls_holds_against_a_shorter_retry_and_adds_no_attempt(world, clock):
    retry = {"max_attempts": 2, "rules": {"busy": {"after": "1m", "max": 5}}}
    world = world(f"{NEW_YORK.format(1)},Ann", **BY_DEFAULT, caps={"between_calls": "2h"}, retry=retry)
    world.telephony.default = ENGAGED
    at(clock, OPENS)
    engine = await world.start()
    moments = []
    for _ in range(200):
        await settled(engine)
        moments += [clock.now()] * (len(called(world)) - len(moments))
        clock.advance(600)
    assert moments == [OPENS, OPENS + timedelta(hours=2)]
    assert await world.rows("SELECT state, attempts FROM enrolments") == [("done", 2)]
    assert engine.idle


async def test_a_contact_is_in_one_call_at_a_time_whatever_its_phones(world, clock):
    first, second = NEW_YORK.format(1), NEW_YORK.format(2)
    world = world(f"{first},Ann,{second}", header="phone,first_name,phone_2")
    two_campaigns(world, between_calls=0)
    world.config.campaigns["other"] = world.config.campaigns["other"].model_copy(update={"dnc": ["opt-outs", "firsts"]})
    await world.prepare()
    await dnc.ensure_list(world.database, "firsts", clock.now())
    await dnc.add(world.database, "firsts", [first], reason="r", source="cli", now=clock.now())
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(engine.floor.runs) == 2 and world.telephony.live)
    await until(
        lambda: any(desk.why == "all who are due are being called already" for desk in engine.floor.runs.values())
    )
    assert len(world.telephony.live) == 1
    world.telephony.end(next(iter(world.telephony.live)), 17)
    await until(lambda: len(called(world)) == 2)
    assert set(called(world)) == {first[1:], second[1:]}


class Stall:
    """The database takes its time over the commit of new attempts."""

    def __init__(self, world, clock, seconds):
        self._put, self._writer = world.engine.floor.writer.put, world.engine.floor.writer
        self._clock, self._seconds = clock, seconds
        self._writer.put = self.put

    def put(self, *writes):
        done = self._put(*writes)
        if writes[0].kind.name == "NEW_ATTEMPT":
            self._clock.advance(self._seconds)
            self._writer.put = self._put
        return done


async def test_a_window_that_shuts_while_the_database_stalls_lets_no_call_out(world, clock):
    world = world(f"{NEW_YORK.format(1)},Ann", **BY_DEFAULT, start="by-hand")
    at(clock, SHUTS - timedelta(seconds=2))
    engine = await world.start()
    Stall(world, clock, 1.0)
    await begin(world)
    await until(lambda: not engine.floor.calls and "nobody may be called" in why(engine))
    assert called(world) == []
    [(end, detail)] = await world.rows("SELECT end_reason, detail FROM attempts")
    assert end == "cancelled"
    assert detail.startswith("refused when the call was about to be placed: calls 09:00-21:00")
    await settled(engine)
    assert await waiting(world) == [(NEW_YORK.format(1), "waiting", "campaign.hours", OPENS + timedelta(days=1))]


async def test_a_verdict_that_the_database_has_made_old_is_taken_anew(world, clock):
    """And the attempt that it is about is no earlier call."""
    world = world(f"{NEW_YORK.format(1)},Ann", caps={"between_calls": "30m"}, start="by-hand")
    engine = await world.start()
    Stall(world, clock, 7.0)
    await begin(world)
    begun = clock.now()
    await until(lambda: called(world))
    await settled(engine)
    [(verdict,)] = await world.rows("SELECT verdict FROM attempts")
    assert datetime.fromisoformat(json.loads(verdict)["at"]) == begun + timedelta(seconds=7)
    assert "calls" not in json.loads(verdict)


async def test_an_opt_out_during_a_stall_of_the_database_counts(world, clock, monkeypatch):
    world = world(f"{NEW_YORK.format(1)},Ann", start="by-hand")
    engine = await world.start()
    Stall(world, clock, 7.0)
    refresh = DncIndex.refresh

    async def opted_out(index, database, look=None):
        if engine.floor.calls and any(call.judged_at for call in engine.floor.calls.values()):
            entry = dnc.add(database, "opt-outs", [NEW_YORK.format(1)], reason="asked", source="cli", now=clock.now())
            await asyncio.create_task(entry)  # somebody else's, not within the connection that asks
        return await refresh(index, database, look)

    monkeypatch.setattr(DncIndex, "refresh", opted_out)
    await begin(world)
    await until(lambda: engine.floor.runs)
    await until(lambda: engine.idle)
    assert called(world) == []
    assert await world.rows("SELECT state, exclusion FROM enrolments") == [("excluded", "dnc")]


async def begin(world):
    key, document = await documents.load_campaign(world.database, "survey")
    await runs.start(world.database, key, document, world.clock.now())
    world.clock.advance(1)
    world.engine.floor.wake.set()


def why(engine):
    return " ".join(desk.why for desk in engine.floor.runs.values())


async def test_without_an_answer_about_earlier_calls_nobody_is_called_and_nobody_forgotten(world, clock, monkeypatch):
    people = [NEW_YORK.format(index) for index in range(3)]
    world = world(*(f"{number},Ann" for number in people))
    failures = 0

    async def away(*arguments):
        nonlocal failures
        failures += 1
        if failures <= 2:
            raise StoreError("database: nothing listens there")
        return await past_calls(*arguments)

    monkeypatch.setattr(callees, "past_calls", away)
    await world.run_until_done()
    assert failures == 3
    assert sorted(called(world)) == [number[1:] for number in people]


async def test_who_revoked_is_not_called(world, clock):
    world = world(f"{NEW_YORK.format(1)},Ann", f"{NEW_YORK.format(2)},Bob")
    said = {
        "number": NEW_YORK.format(1),
        "granted": False,
        "scope": "*",
        "strength": "express",
        "source": "api",
        "at": clock.now() - timedelta(days=1),
        "recorded_at": clock.now(),
    }
    async with world.database.writing() as connection:
        await connection.execute(insert(consent_rows), said)
    await world.run_until_done()
    assert set(called(world)) == {NEW_YORK.format(2)[1:]}
    [row] = [row for row in await waiting(world) if row[1] == "excluded"]
    assert row[:3] == (NEW_YORK.format(1), "excluded", "consent.revoked")


async def test_what_could_not_be_given_back_is_given_back_later(world, clock, monkeypatch):
    world = world(f"{NEW_YORK.format(1)},Ann", **BY_DEFAULT)
    refused, failures = giving_back.refused, 0

    async def away(*arguments):
        nonlocal failures
        failures += 1
        if failures <= 2:
            raise StoreError("database: nothing listens there")
        return await refused(*arguments)

    monkeypatch.setattr(giving_back, "refused", away)
    at(clock, OPENS - timedelta(hours=1))
    engine = await world.start()
    await until(lambda: "nobody may be called" in why(engine))
    assert await waiting(world) == [(NEW_YORK.format(1), "waiting", "campaign.hours", OPENS)]
    assert failures == 3


async def test_rules_with_a_mistake_are_not_taken_and_the_old_ones_stay_in_force(world, clock, tmp_path):
    world = world(f"{NEW_YORK.format(1)},Ann", **BY_DEFAULT)
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "us.yaml").write_text("jurisdiction: US\nrules: nonsense\n", encoding="utf-8")
    comply(world, rules=folder)
    at(clock, OPENS - timedelta(hours=1))
    engine = await world.start()
    assert "rules" in engine.floor.rules.trouble
    await until(lambda: "nobody may be called" in why(engine))
    assert called(world) == []
