"""The verdict: may this number be called now, by which rule, until when, and if not, when."""

from datetime import datetime
from typing import NamedTuple

from ami_dialer.domain.consent import NOTHING_KNOWN, ConsentFacts
from ami_dialer.domain.history import PastCall
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import Place


class Callee(NamedTuple):
    """All that a verdict looks at of whoever is to be called."""

    number: str
    """E.164 with the plus sign."""
    kind: NumberKind
    place: Place
    contact_id: int
    known_since: datetime | None = None
    """When the contact came in; a number that was given up later is somebody else's now."""
    history: tuple[PastCall, ...] = ()
    """Calls to the number and to the contact, of all campaigns, oldest first, as far back as any cap looks."""
    consent: ConsentFacts = NOTHING_KNOWN
    callback: int | None = None
    """The callback (its key) that a call now would keep: the contact asked for it, so the campaign's own caps let it
    through; those of the law and of all campaigns do not."""


class Verdict(NamedTuple):
    """Allowed or not at one moment."""

    allowed: bool
    rule: str
    """The rule that decides: the one that refuses longest, or the one that ends the permission first; else empty."""
    until: datetime | None
    """Allowed until then, if nothing else happens; None: no end in sight, or refused."""
    next_at: datetime | None
    """Refused until then, if nothing else happens; None: allowed, or refused as long as the facts stay."""
    asked: tuple[str, ...]
    """Every rule that was asked, in this order."""
    refusing: tuple[str, ...] = ()
    """Every rule that refuses."""
    why: str = ""
    """The decision in a sentence, figures included. Empty for an allowed one (`rules.compliance.explain` tells it)."""
    exempt: tuple[str, ...] = ()
    """Rules of law among those that were asked that the campaign is freed of; they never refuse."""
