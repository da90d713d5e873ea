"""What kind of number it is by the numbering plan: some cost the caller money, some must never be rung."""

from enum import StrEnum


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
