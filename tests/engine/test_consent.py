"""Consent while a run goes on: whoever revokes is not called any more, however and wherever it was recorded."""

from datetime import timedelta

import pytest

from ami_dialer.config import rulebook
from ami_dialer.domain.consent import EVERYTHING, Strength
from ami_dialer.rules.compliance.deadline import Deadlines
from ami_dialer.store import revoking
from ami_dialer.store.consent_loading import NewRecord
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

ANN, BOB, CAT = "+13015550100", "+13025550101", "+16035550110"


@pytest.fixture
def world(house):
    """A campaign that calls one after the other who has consented to surveys, which is all but Cat."""

    async def begin(**changes):
        built = house(max_calls=1, consent="express", purpose="survey", **changes)
        built.people(f"{ANN},Ann", f"{BOB},Bob", f"{CAT},Cat")
        await built.prepare()
        now = built.clock.now()
        given = [
            NewRecord(number, granted=True, scope="survey", strength=Strength.WRITTEN, source="form", at=now)
            for number in (ANN, BOB)
        ]
        await revoking.grant(built.database, given, now)
        return built

    return begin


async def revoke(world, number, scope):
    """As a command, an agent or another engine does."""
    now = world.clock.now()
    record = revoking.honoured(revoking.revocation(number, scope, "sms", now), Deadlines(rulebook.load(None)), now)
    await revoking.revoke(world.database, [record], None, now)


async def called(world):
    return [number for (number,) in await world.rows("SELECT number FROM attempts ORDER BY id")]


async def test_who_has_not_consented_is_not_called_where_the_campaign_wants_consent(world):
    built = await world()
    for number in (ANN, BOB, CAT):
        built.telephony.plans[number[1:]] = Plan(answers=True, presses=("1",))
    await built.run_until_done()
    assert await called(built) == [ANN, BOB]


@pytest.mark.parametrize("scope", [EVERYTHING, "survey", "campaign:survey"])
async def test_who_revokes_while_the_run_goes_on_is_not_called_any_more(world, scope):
    built = await world()
    built.telephony.plans[ANN[1:]] = Plan(answers=True, stays=True)
    built.telephony.plans[BOB[1:]] = Plan(answers=True, presses=("1",))
    engine = await built.start()
    await until(lambda: built.telephony.live)
    await revoke(built, BOB, scope)
    for attempt in list(built.telephony.live):
        await built.telephony.hang_up(attempt)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert await called(built) == [ANN]


@pytest.mark.parametrize(("days", "numbers"), [(0, [ANN, BOB, CAT]), (30, [ANN, BOB])])
async def test_a_consent_without_an_end_ends_after_the_days_of_the_administrator(world, days, numbers):
    built = await world()
    before = built.clock.now() - timedelta(days=31)
    said = NewRecord(CAT, granted=True, scope=EVERYTHING, strength=Strength.WRITTEN, source="form", at=before)
    await revoking.grant(built.database, [said], built.clock.now())
    compliance = built.config.compliance.model_copy(update={"consent_days": days})
    built.config = built.config.model_copy(update={"compliance": compliance})
    built.telephony.default = Plan(answers=True, presses=("1",))
    await built.run_until_done()
    assert await called(built) == numbers
