"""What consent there is for a scope, in one word: for people who look at a number."""

from datetime import datetime
from enum import StrEnum

from ami_dialer.domain.consent import EVERYTHING, ConsentFacts
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import Place, ZoneSource
from ami_dialer.domain.verdict import Callee
from ami_dialer.rules.compliance import questions
from ami_dialer.rules.compliance.consent import Need, refusing

_NOWHERE = Place((), ZoneSource.UNKNOWN, "", ())
_EXPRESS = Need("express", written=False)
_WRITTEN = Need("written", written=True)


class Standing(StrEnum):
    """What holds."""

    WRITTEN = "written consent"
    EXPRESS = "express consent"
    NONE = "no consent"
    #: Calls for this scope are refused, whatever consent they need.
    REVOKED = "revoked"
    #: Consent was given, and then the number changed hands.
    REASSIGNED = "given by somebody who has the number no more"


def standing(number: str, facts: ConsentFacts, scope: str, now: datetime) -> Standing:
    """What holds for campaigns of this scope at `now`, by the very rules of verdicts."""
    callee = Callee(number, NumberKind.UNKNOWN, _NOWHERE, 0, consent=facts)
    found = refusing(callee, frozenset({EVERYTHING, scope}), [_EXPRESS, _WRITTEN], now)
    if questions.REVOKED in found:
        return Standing.REVOKED
    if _WRITTEN.id not in found:
        return Standing.WRITTEN
    if _EXPRESS.id not in found:
        return Standing.EXPRESS
    given = any(one.granted and one.scope in (EVERYTHING, scope) for one in facts.records)
    return Standing.REASSIGNED if given and questions.REASSIGNED in found else Standing.NONE
