"""The rank of an enrolment: whom the hopper takes first among those who are due."""

from enum import IntEnum
from typing import Literal

#: Callbacks go before everybody else.
CALLBACK_RANK = 0
#: Nobody but callbacks goes before these. Both are claimed and dialled whatever the hopper holds.
FIRST_RANK = 1
AHEAD = (CALLBACK_RANK, FIRST_RANK)
_LOWEST = FIRST_RANK + 1
#: Priorities of lists and contacts go from 0 to this.
HIGHEST_PRIORITY = 100

#: `retry.order` of a campaign.
Order = Literal["due", "new-first", "retries-first"]


class Turn(IntEnum):
    """The last digit of a rank: within the same priorities, by the last result."""

    EARLIER = 0
    AS_DUE = 1
    LATER = 2


def rank(list_priority: int, contact_priority: int, turn: Turn = Turn.AS_DUE) -> int:
    """The rank of somebody with these priorities (0 to 100 each), above FIRST_RANK: lower ones are called first."""
    of_list = (HIGHEST_PRIORITY - list_priority) * (HIGHEST_PRIORITY + 1)
    return _LOWEST + (of_list + HIGHEST_PRIORITY - contact_priority) * len(Turn) + turn


def of_retry(before: int, order: Order, *, first: bool = False) -> int:
    """The rank of somebody who has been called and is called again. A callback's own rank is kept by whoever set it.

    `first`: before everybody else but callbacks, whatever the priorities. Who was so once stays among the first of the
    others: as with the highest priorities there are.
    """
    if before == CALLBACK_RANK:
        return before
    if first:
        return FIRST_RANK
    turn = {"due": Turn.AS_DUE, "new-first": Turn.LATER, "retries-first": Turn.EARLIER}[order]
    usual = max(before, _LOWEST)
    return usual - (usual - _LOWEST) % len(Turn) + turn
