"""Which campaign gets the next call where several could make it: by shares, or strictly by priority."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Credits are sums of fractions: what lies nearer together than this is equal.
_EQUAL = 1e-9


@dataclass(slots=True)
class Share:
    """What one campaign has of the calls."""

    #: 1 (lowest) to 5.
    priority: int
    #: Calls that it is due by its share and has not had; below 0 where it had more. Stays within a few calls.
    credit: float = 0.0


def chosen(contenders: Sequence[Share], draw: Callable[[int], int], *, strict: bool = False) -> int:
    """The place of the one that gets the next call. Changes nothing; `charge` does.

    Among equals `draw` decides: given how many there are it returns one of 0, 1, … at random.
    By shares: whoever is behind its share the most. `strict`: whoever has the highest priority, as long as it can dial
    at all. Raises ValueError where there is none.
    """
    if strict:
        worth = [float(one.priority) for one in contenders]
    else:
        portions = _portions(contenders)
        worth = [one.credit + portion for one, portion in zip(contenders, portions, strict=True)]
    most = max(worth)
    equal = [place for place, each in enumerate(worth) if each > most - _EQUAL]
    return equal[draw(len(equal))]


def charge(contenders: Sequence[Share], place: int) -> None:
    """The contender at `place` got a call for which all of these could have been chosen.

    Each is credited its priority over the sum of their priorities, and the one that got the call is charged one. Who
    could not have made the call has no part in it: it gets nothing for it later.
    """
    for one, portion in zip(contenders, _portions(contenders), strict=True):
        one.credit += portion
    contenders[place].credit -= 1.0


def _portions(contenders: Sequence[Share]) -> list[float]:
    """Priority over the sum of all priorities, for each."""
    whole = sum(one.priority for one in contenders)
    return [one.priority / whole for one in contenders]
