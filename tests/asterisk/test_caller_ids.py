"""Which number the far end sees, by the world's own log: of its own area code, on a real Asterisk."""

import re

import pytest

from ami_dialer.lab import BY_NAME
from tests.asterisk.dialer import Dialer, line

pytestmark = pytest.mark.asterisk

#: Two behaviours that end at once, with an area code each.
WAYS = (BY_NAME["busy"], BY_NAME["unallocated"])


@pytest.fixture
def dialer(tmp_path, world):
    """Calls one number in each of two area codes, with a pool that has a number in both."""
    made = Dialer(tmp_path, world, [one.number(line()) for one in WAYS])
    config = tmp_path / "config.yaml"
    text = config.read_text(encoding="utf-8").replace("    flow: survey\n", "    flow: survey\n    caller_ids: main\n")
    numbers = ", ".join(one.number(9_999) for one in WAYS)
    config.write_text(
        f"{text}caller_ids: {{main: {{name: Example Company, numbers: [{numbers}]}}}}\n", encoding="utf-8"
    )
    yield made
    made.close()


def seen(world, number):
    """The caller ids with which the world was called at a number."""
    log = (world.settings.home / "world" / "log" / "full").read_text(encoding="utf-8", errors="replace")
    return re.findall(rf'\[\+?1?{number[2:]}@from-pbx:1\] .*"from (\+?[0-9]*)"', log)


def test_who_is_called_sees_a_number_of_their_own_area_code(dialer, world):
    dialer.start()
    assert dialer.wait() == 0, dialer.log
    called = dict(dialer.rows("SELECT number, caller_id FROM attempts"))
    assert len(called) == len(WAYS)
    for number, shown in called.items():
        own = f"{number[:-4]}9999"
        assert shown == f"Example Company <{own}>"
        assert seen(world, number) == [own]
