"""Station 3: who is due is claimed for dialing, in groups."""

from datetime import timedelta

import pytest

from ami_dialer.journey import hopper
from tests.store.world import run_of

pytestmark = pytest.mark.journey


@pytest.mark.parametrize(
    ("held", "size", "claimed"),
    [(0, 10, 10), (5, 10, 5), (6, 10, 0), (10, 10, 0), (0, 1, 1), (1, 1, 0), (0, 100, 20)],
)
async def test_a_hopper_is_filled_up_once_it_is_half_empty(database, clock, held, size, claimed):
    run_id = await run_of(database, 20, clock.now())
    assert len(await hopper.refill(database, run_id, held, size, clock.now())) == claimed


async def test_where_nobody_of_a_claim_may_be_called_the_next_one_may_be_larger(database, clock):
    run_id = await run_of(database, 20, clock.now())
    assert len(await hopper.refill(database, run_id, 1, 4, clock.now(), at_least=15)) == 15
    assert await hopper.refill(database, run_id, 3, 4, clock.now(), at_least=15) == []


async def test_the_outlook_of_a_run_that_waits_for_retries_is_their_time(database, clock):
    run_id = await run_of(database, 1, clock.now() + timedelta(hours=1))
    assert await hopper.refill(database, run_id, 0, 10, clock.now()) == []
    outlook = await hopper.outlook(database, run_id)
    assert (outlook.next_due, outlook.over) == (clock.now() + timedelta(hours=1), False)
