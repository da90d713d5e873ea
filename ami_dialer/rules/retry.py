"""Is a contact called again after this attempt, and after how long?"""

from collections.abc import Mapping
from dataclasses import dataclass

from ami_dialer.domain.ending import FINAL, EndReason


@dataclass(frozen=True, slots=True)
class RetryVerdict:
    """Again after `delay` seconds, or never again; `why` says it to people."""

    delay: float | None
    why: str


def next_try(
    reason: EndReason,
    tries: Mapping[str, int],
    max_attempts: int,
    rules: Mapping[EndReason, tuple[float, int]],
) -> RetryVerdict:
    """Decide after an attempt that ended with `reason`.

    `tries` counts the attempts so far by end reason, this one included. `rules` gives (seconds to wait, how many
    times it is tried again after ending this way) for each reason that is tried again. One budget,
    `max_attempts`, covers all reasons together.
    """
    if reason in FINAL:
        return RetryVerdict(None, f"{reason} is final")
    rule = rules.get(reason)
    if rule is None:
        return RetryVerdict(None, f"{reason} is not tried again")
    total = sum(tries.values())
    if total >= max_attempts:
        return RetryVerdict(None, f"all {max_attempts} attempts are used up")
    delay, most = rule
    if tries.get(reason, 0) > most:
        return RetryVerdict(None, f"{reason} was tried again {most} times")
    return RetryVerdict(delay, f"{reason}: again after {delay:g} s")
