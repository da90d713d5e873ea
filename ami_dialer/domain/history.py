"""Calls that were made, as far as caps on further ones look back."""

from typing import NamedTuple


class PastCall(NamedTuple):
    """An attempt that was, or may have been, placed."""

    at: float
    """When it was placed, or claimed for dialing where nothing was sent yet: seconds since 1970."""
    number: str
    contact_id: int
    campaign_id: int
    answered: bool
    """By a person."""
    abandoned: bool
