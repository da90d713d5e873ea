"""What a consent or revocation is for: everything, a purpose, or one campaign."""

import re

from ami_dialer.domain.consent import EVERYTHING
from ami_dialer.domain.rulebook import Purpose

#: Begins the scope of one campaign; its name follows.
CAMPAIGN = "campaign:"

_CAMPAIGN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_EVERYTHING = frozenset({EVERYTHING, "all", "everything", "any"})
_PURPOSES = frozenset(purpose.value for purpose in Purpose)


def read_scope(text: str) -> str:
    """The scope that a person wrote: `*`, `sales`, `campaign:NAME`. Raises ValueError."""
    written = text.strip()
    word = written.casefold()
    if word in _EVERYTHING:
        return EVERYTHING
    if word in _PURPOSES:
        return word
    if word.startswith(CAMPAIGN) and _CAMPAIGN.fullmatch(name := written[len(CAMPAIGN) :].strip()):
        return CAMPAIGN + name
    raise ValueError(
        f"{written[:40]!r} is no scope; write '*' for everything, {CAMPAIGN}NAME, or a purpose: "
        f"{', '.join(sorted(_PURPOSES))}"
    )
