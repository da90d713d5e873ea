"""Station 5: the attempt is committed, then the call is placed, once."""

from contextlib import asynccontextmanager

import pytest

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Server, Trunk
from ami_dialer.domain.attempt import AttemptState
from ami_dialer.journey.originate import Placed, place, request
from ami_dialer.ports import OriginateRefusedError, OriginateUnknownError
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.writer import Writer
from tests.store.world import attempt_on, claimed, rows

pytestmark = pytest.mark.journey

SERVER = Server.model_validate({"secret": "s", "answered_context": "answered-here"})
TRUNK = {"server": "pbx", "dial": "PJSIP/{number}@carrier"}


def campaign(**fields):
    way = {} if "dialplan" in fields else {"flow": "survey"}
    return Campaign.model_validate({"lists": ["people"], "trunks": ["carrier"], **way, **fields})


def trunk(**fields):
    return Trunk.model_validate({**TRUNK, **fields})


@pytest.fixture
def attempt(clock):
    now = clock.now()
    return attempt_on(Claimed(1, 1, 1, "+12125550000", now, now, 0, {}, None, {"name": "${EXTEN}"}), now)


@pytest.fixture
async def stored(database, clock):
    """An attempt whose enrolment is in SQL."""
    [one] = await claimed(database, 1, clock.now())
    return attempt_on(one, clock.now())


class Exchange:
    """Takes one Originate, and looks at what SQL holds at that moment."""

    def __init__(self, database, outcome=None, connected=True):
        self._database = database
        self._outcome = outcome
        self.connected = connected
        self.trouble = None if connected else "connection refused"
        self.requests = []
        self.seen = []

    async def originate(self, wanted):
        self.requests.append(wanted)
        self.seen = await rows(self._database, "SELECT id, state FROM attempts")
        if self._outcome is not None:
            raise self._outcome


@asynccontextmanager
async def placing(database, attempt, clock, exchange, draining=lambda: False, forbidden=None):
    writer = Writer(database, 0.0)
    writer.start()
    wanted = request(attempt, campaign(), trunk(), SERVER)

    async def why():
        return forbidden

    yield await place(attempt, wanted, exchange, writer, clock, draining, why)
    await writer.stop(10)


@pytest.mark.parametrize(
    ("fields", "channel"),
    [
        ({}, "PJSIP/12125550000@carrier"),
        ({"number_format": "e164"}, "PJSIP/+12125550000@carrier"),
        ({"number_format": "national", "prefix": "9"}, "PJSIP/92125550000@carrier"),
        ({"dial": "Local/{number}@from-internal/n"}, "Local/12125550000@from-internal/n"),
    ],
)
def test_the_number_is_dialled_as_the_trunk_wants_it(attempt, fields, channel):
    assert request(attempt, campaign(), trunk(**fields), SERVER).channel == channel


def test_what_crosses_to_asterisk_is_ids_digits_and_the_administrators_words(attempt):
    attempt.caller_id = "Survey <+12125550199>"
    wanted = request(attempt, campaign(caller_ids="main", ring=20), trunk(), SERVER)
    assert (wanted.attempt_id, wanted.context, wanted.extension) == (attempt.id, "answered-here", "amd")
    assert (wanted.ring_seconds, wanted.caller_id, wanted.variables) == (20, "Survey <+12125550199>", ())


def test_without_amd_the_call_goes_straight_to_the_flow(attempt):
    assert request(attempt, campaign(amd={"enabled": False}), trunk(), SERVER).extension == "direct"


def test_a_campaign_with_a_dialplan_sends_its_context_along(attempt):
    wanted = request(attempt, campaign(dialplan="my-agents", amd={"not_sure": "machine"}), trunk(), SERVER)
    assert wanted.variables == (("AMI_DIALER_NEXT", "my-agents"), ("AMI_DIALER_NOT_SURE", "machine"))
    counted = campaign(dialplan="my-agents", sessions=2)
    assert request(attempt, counted, trunk(), SERVER).variables == (), "the dialer sends them on when one is free"


async def test_the_attempt_is_durable_before_originate_is_sent(database, clock, stored):
    exchange = Exchange(database)
    async with placing(database, stored, clock, exchange) as placed:
        assert placed is Placed.ACCEPTED
    assert [key for key, _ in exchange.seen] == [stored.id]
    assert await rows(database, "SELECT state FROM attempts") == [("originating",)]


async def test_a_refusal_is_kept_in_asterisks_words(database, clock, stored):
    exchange = Exchange(database, OriginateRefusedError("Permission denied"))
    async with placing(database, stored, clock, exchange) as placed:
        assert placed is Placed.REFUSED
    assert stored.detail == "Asterisk refused the call: Permission denied"


async def test_an_answer_that_does_not_come_leaves_the_call_to_be_asked_for(database, clock, stored):
    exchange = Exchange(database, OriginateUnknownError("no answer in 10 s"))
    async with placing(database, stored, clock, exchange) as placed:
        assert placed is Placed.UNKNOWN
    assert (stored.state, stored.detail) == (AttemptState.ORIGINATING, "no answer in 10 s")
    assert len(exchange.requests) == 1


async def test_nothing_is_sent_when_the_link_was_lost_during_the_commit(database, clock, stored):
    exchange = Exchange(database, connected=False)
    async with placing(database, stored, clock, exchange) as placed:
        assert placed is Placed.NOT_SENT
    assert (exchange.requests, stored.state, stored.detail) == ([], AttemptState.CLAIMED, "connection refused")


async def test_nothing_is_sent_when_the_dialer_was_stopped_during_the_commit(database, clock, stored):
    exchange = Exchange(database)
    async with placing(database, stored, clock, exchange, draining=lambda: True) as placed:
        assert placed is Placed.NOT_SENT
    assert exchange.requests == []


async def test_nothing_is_sent_that_is_not_lawful_any_more_behind_the_commit(database, clock, stored):
    exchange = Exchange(database)
    async with placing(database, stored, clock, exchange, forbidden="the window is shut") as placed:
        assert placed is Placed.NOT_SENT
    assert (exchange.requests, stored.state, stored.detail) == ([], AttemptState.CLAIMED, "the window is shut")
