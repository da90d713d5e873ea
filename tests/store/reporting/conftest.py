import pytest

from ami_dialer.domain.ending import EndReason
from ami_dialer.store.database import Database
from tests.conftest import ManualClock
from tests.store.reporting.past import ANN, BOB, CAT, DAN, Past


@pytest.fixture
def past(database: Database, clock: ManualClock) -> Past:
    return Past(database, clock)


@pytest.fixture
async def survey(past: Past) -> Past:
    """Ann answers everything, Bob presses wrong keys, Cat is busy and due again, Dan opts out."""
    await past.campaign(
        {
            ANN: {"first_name": "Ann", "plan": "gold"},
            BOB: {"first_name": "Bob", "plan": "=1+1"},
            CAT: {"first_name": "Cat"},
            DAN: {"first_name": "Dan"},
        }
    )
    await past.start()
    await past.call(
        ANN,
        EndReason.COMPLETED,
        answers_after=3,
        amd=("HUMAN", "HUMAN-800-800"),
        answers=[("rating", "2", True), ("again", "1", True)],
        talks=10,
    )
    await past.call(
        BOB,
        EndReason.NO_INPUT,
        answers_after=1,
        answers=[("rating", "7", False), ("rating", "", False), ("rating", "7", False)],
        talks=2,
    )
    await past.call(CAT, EndReason.BUSY, cause=17, rings=None)
    await past.call(DAN, EndReason.OPTED_OUT, answers_after=1, answers=[("rating", "1", True)], opts_out=True)
    return past
