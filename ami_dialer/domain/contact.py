"""A contact on its way into a list."""

from typing import NamedTuple


class Phone(NamedTuple):
    """A further phone of a contact."""

    #: E.164 with the plus sign.
    number: str
    #: `mobile`, `work`; None where nobody said.
    label: str | None


class NewContact(NamedTuple):
    """A row that can be called. A tuple, because millions of them are made."""

    #: Where it stands in its source: the line of a file, the place in an answer; 0 for one made by hand.
    line: int
    #: The phone that is dialled first, in E.164 with the plus sign.
    number: str
    label: str | None
    #: Those after the first, in dialing order.
    further: tuple[Phone, ...]
    #: The fields as JSON, in the order of the columns.
    fields: str
    #: A name of the tz database.
    time_zone: str | None = None
    #: 0 to 100; higher ones are called first.
    priority: int = 0
