"""Whose time and whose law: the place of whoever is called, from what is known of the contact and the number."""

from enum import StrEnum
from typing import NamedTuple


class ZoneSource(StrEnum):
    """What the time zones of a contact were taken from; the first that knows them wins."""

    CONTACT = "time zone of the contact"
    POSTAL_CODE = "postal code"
    STATE = "state or province"
    NUMBER = "number"
    DEFAULT = "default of the configuration"
    UNKNOWN = "unknown"


class Place(NamedTuple):
    """Where somebody may be. Cached and shared: thousands of contacts have the same one."""

    zones: tuple[str, ...]
    """Candidates (tz database), sorted; a call is right only when it is in all of them. Empty: nobody knows."""
    source: ZoneSource
    country: str
    """ISO 3166 of the number; empty where it belongs to none."""
    jurisdictions: tuple[str, ...]
    """Sorted: the country and each state or province that the contact or the number points to (`US`, `US-FL`)."""
    notes: tuple[str, ...] = ()
    """What was found wrong on the way, for people: a ZIP code that does not exist, an unknown zone name."""
