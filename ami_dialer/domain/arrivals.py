"""Contacts on their way into a list, many of them: in columns, which are handed on without a look at each row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from ami_dialer.domain.contact import NewContact, Phone
from ami_dialer.domain.region import Region, region_of

_NUMBER = itemgetter(1)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Contacts sorted by number; those of one number in the order of their lines. As NewContact, in columns."""

    lines: Sequence[int]
    numbers: Sequence[str]
    labels: Sequence[str | None]
    fields: Sequence[str]
    time_zones: Sequence[str | None]
    priorities: Sequence[int]
    #: Further phones of those who have any, by their place in the columns.
    further: dict[int, tuple[Phone, ...]]
    #: The regions of all first numbers, each once; and for each number, which of them.
    regions: Sequence[Region]
    region_at: Sequence[int]
    #: Rows that were left out, because an earlier one has their number.
    doubles: int

    @classmethod
    def of(cls, contacts: Iterable[NewContact], *, doubles_too: bool = False) -> "Arrivals":
        """Contacts in the order of their lines. `doubles_too`: nobody is left out."""
        ordered = sorted(contacts, key=_NUMBER)
        count = len(ordered)
        if not doubles_too:
            # Of several values for a key the last one stays: backwards, that is the first line.
            ordered = list({contact.number: contact for contact in reversed(ordered)}.values())[::-1]
        if not ordered:
            return cls((), (), (), (), (), (), {}, (), (), count)
        lines, numbers, labels, further, fields, time_zones, priorities = zip(*ordered, strict=True)
        places: dict[Region, int] = {}
        region_at = [places.setdefault(region, len(places)) for region in map(region_of, numbers)]
        return cls(
            lines,
            numbers,
            labels,
            fields,
            time_zones,
            priorities,
            {place: phones for place, phones in enumerate(further) if phones},
            tuple(places),
            region_at,
            count - len(ordered),
        )

    def __len__(self) -> int:
        """How many contacts."""
        return len(self.numbers)
