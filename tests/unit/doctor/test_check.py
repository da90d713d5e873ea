"""How checks follow one another."""

from collections.abc import Sequence

import pytest

from ami_dialer.adapters.asterisk.faults import ActionRefusedError, LinkLostError
from ami_dialer.doctor.check import Check, NotCheckedError, examine
from ami_dialer.doctor.finding import Result, Status, failed, ok, warning
from ami_dialer.domain.errors import StoreError

pytestmark = pytest.mark.unit


def told(name: str, *answers: Result | Exception, needs: tuple[str, ...] = ()) -> Check[None]:
    async def ask(_: None) -> Sequence[Result]:
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [answer for answer in answers if isinstance(answer, Result)]

    return Check(name, ask, needs)


async def statuses(*checks: Check[None]) -> list[tuple[str, Status]]:
    return [(finding.check, finding.result.status) async for finding in examine("here", checks, None)]


async def test_what_needs_a_failed_check_is_not_asked_nor_what_needs_that() -> None:
    found = await statuses(
        told("port", failed("shut", "open it")),
        told("log-in", AssertionError("asked"), needs=("port",)),
        told("modules", AssertionError("asked"), needs=("log-in",)),
        told("clock", ok("right")),
    )
    assert found == [
        ("port", Status.FAILED),
        ("log-in", Status.NOT_CHECKED),
        ("modules", Status.NOT_CHECKED),
        ("clock", Status.OK),
    ]


async def test_a_warning_and_an_obstacle_stop_nothing() -> None:
    found = await statuses(
        told("version", warning("new", "test it")),
        told("modules", NotCheckedError("not allowed")),
        told("events", ok("heard"), needs=("version", "modules")),
    )
    assert [status for _, status in found] == [Status.WARNING, Status.NOT_CHECKED, Status.OK]


@pytest.mark.parametrize("trouble", [LinkLostError("gone"), ActionRefusedError("no"), StoreError("locked")])
async def test_trouble_on_the_way_is_a_failed_check_with_a_mend(trouble: Exception) -> None:
    [finding] = [finding async for finding in examine("here", [told("clock", trouble)], None)]
    assert finding.result.status is Status.FAILED
    assert finding.result.detail == str(trouble)
    assert finding.result.mend


async def test_a_question_that_does_not_arise_leaves_no_line() -> None:
    assert await statuses(told("TLS")) == []
