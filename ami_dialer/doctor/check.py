"""A check, and how checks follow one another."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ami_dialer.adapters.asterisk.faults import ActionRefusedError
from ami_dialer.doctor.finding import Finding, Result, Status, failed, not_checked
from ami_dialer.domain.errors import DialerError

P = TypeVar("P")

_AGAIN = (
    "Run `ami-dialer doctor` again; if it stays, Asterisk's own log and `ami-dialer --version` belong in a bug report."
)


class NotCheckedError(Exception):
    """Something that an earlier check reported stands in the way; the text says what."""


@dataclass(frozen=True, slots=True)
class Check(Generic[P]):
    """One question to a patient: this machine, or an Asterisk."""

    #: As shown, as in JSON, and as the heading in docs/doctor.md.
    name: str
    #: No result where the question does not arise.
    ask: Callable[[P], Awaitable[Sequence[Result]]]
    #: Names of checks of the same group without which this one says nothing.
    needs: tuple[str, ...] = ()


async def examine(group: str, checks: Sequence[Check[P]], patient: P) -> AsyncIterator[Finding]:
    """Ask each check in order. One whose needs failed is not asked."""
    broken: set[str] = set()
    for check in checks:
        missing = [need for need in check.needs if need in broken]
        if missing:
            results: Sequence[Result] = [not_checked(f"needs: {', '.join(missing)}")]
            broken.add(check.name)
        else:
            results = await _asked(check, patient)
        if any(result.status is Status.FAILED for result in results):
            broken.add(check.name)
        for result in results:
            yield Finding(group, check.name, result)


async def _asked(check: Check[P], patient: P) -> Sequence[Result]:
    try:
        return await check.ask(patient)
    except NotCheckedError as obstacle:
        return [not_checked(str(obstacle))]
    except (DialerError, ConnectionError, ActionRefusedError) as trouble:
        return [failed(str(trouble) or type(trouble).__name__, _AGAIN)]
