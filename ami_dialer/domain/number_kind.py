"""What kind of number it is by the numbering plan: some cost the caller money, some must never be rung."""

from enum import StrEnum

from ami_dialer.domain import numbering


class NumberKind(StrEnum):
    """Kinds of phonenumbers (PhoneNumberType), with the two that it does not tell."""

    FIXED_LINE = "fixed line"
    MOBILE = "mobile"
    FIXED_OR_MOBILE = "fixed line or mobile"
    TOLL_FREE = "toll-free"
    PREMIUM = "premium rate"
    SHARED_COST = "shared cost"
    VOIP = "voip"
    PERSONAL = "personal number"
    PAGER = "pager"
    UNIVERSAL = "universal access number"
    VOICEMAIL = "voicemail access"
    #: +870, +881, +882, +883 and the like: several dollars a minute.
    SATELLITE = "satellite or international network"
    #: Emergency and other short codes.
    SHORT = "emergency or short code"
    UNKNOWN = "unknown"


_KINDS = {
    "premium": NumberKind.PREMIUM,
    "toll_free": NumberKind.TOLL_FREE,
    "shared_cost": NumberKind.SHARED_COST,
    "voip": NumberKind.VOIP,
    "personal": NumberKind.PERSONAL,
    "pager": NumberKind.PAGER,
    "universal": NumberKind.UNIVERSAL,
    "voicemail": NumberKind.VOICEMAIL,
    "both": NumberKind.FIXED_OR_MOBILE,
    "fixed": NumberKind.FIXED_LINE,
    "mobile": NumberKind.MOBILE,
    "": NumberKind.UNKNOWN,
}
#: Calling codes of no country that are no network's: freephone, shared cost, premium rate (ITU-T E.164.1).
_SERVICES = frozenset({"800", "808", "979"})
#: No longer number of a subscriber is dialled with so few digits anywhere.
_SHORT = 6


def kind_of(number: str) -> NumberKind:
    """The kind of a number in E.164; of what is dialled without a plus sign only whether it is short.

    A valid number has the kind that phonenumbers gives, except in global networks (+870, +881, +882, +883 and others).
    """
    if not number.startswith("+"):
        return NumberKind.SHORT if number.isdigit() and len(number) <= _SHORT else NumberKind.UNKNOWN
    code = numbering.calling_code(number[1:4])
    if not code:
        return NumberKind.UNKNOWN
    if numbering.countries(code) == ("001",) and code not in _SERVICES:
        return NumberKind.SATELLITE
    national = number[1 + len(code) :]
    kind = numbering.place(code, national).kind
    if not kind and national.isdigit() and numbering.short(code, national):
        return NumberKind.SHORT
    return _KINDS[kind]
