"""The columns of an exported list before those of its fields: so they are written, and so an import knows them again.

Phones with their labels in dialing order, then what belongs to the contact, then where the first number belongs, which
an import works out anew.
"""

from collections.abc import Sequence

ZONE, PRIORITY = "time_zone", "priority"
_OF_CONTACT = (ZONE, PRIORITY, "phone_country", "phone_state")


def before_fields(further: int) -> list[str]:
    """The columns of a list whose contacts have so many phones after the first one."""
    phones = [name for place in range(2, further + 2) for name in (f"phone_{place}", f"phone_{place}_label")]
    return ["phone", "phone_label", *phones, *_OF_CONTACT]


def further_phones(names: Sequence[str]) -> int | None:
    """How many phones after the first one an exported list has; None where these are no columns of an export."""
    if ZONE not in names:
        return None
    further = names.index(ZONE) // 2 - 1
    known = before_fields(further)
    return further if list(names[: len(known)]) == known else None
