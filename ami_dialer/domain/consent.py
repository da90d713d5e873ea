"""Consent and its revocation: records of what a person said, never changed, only followed by later ones."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

#: Scope of a consent or revocation for every campaign.
EVERYTHING = "*"


class Strength(StrEnum):
    """How a consent was given."""

    #: By word, by giving the number.
    EXPRESS = "express"
    #: Signed, on paper or electronically. Counts as express too.
    WRITTEN = "written"


class ConsentRecord(NamedTuple):
    """What somebody said about being called on a number. The latest one of a scope holds."""

    id: int
    number: str
    granted: bool
    """False: revoked."""
    scope: str
    """`*`, or a purpose (`sales`), or a campaign's name as `campaign:NAME`."""
    strength: Strength
    source: str
    """`key`, `agent`, `sms`, `api`, `form`, `file`, `hand`."""
    at: datetime
    expires_at: datetime | None
    evidence: str
    """Reference to what proves it: a recording, a form's id, an e-mail."""


class ConsentFacts(NamedTuple):
    """All that is known of consent for a number."""

    records: tuple[ConsentRecord, ...] = ()
    """Oldest first."""
    reassigned_at: datetime | None = None
    """The number was given up by its holder then (reassigned numbers database); earlier consent is somebody else's."""


NOTHING_KNOWN = ConsentFacts()
