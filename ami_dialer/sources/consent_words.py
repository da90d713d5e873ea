"""How files of consents are headed, and the words in them."""

from collections.abc import Mapping
from enum import Enum, auto

from ami_dialer.domain.consent import Strength

#: What the columns of a file may say, and the headings (as `headings.plain` makes them) that each is found by.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "at": (
        *("consent_at", "consented_at", "consent_date", "consent_time", "consent_timestamp", "date_of_consent"),
        *(
            "opt_in_at",
            "opt_in_date",
            "optin_date",
            "opt_in_time",
            "opted_in_at",
            "granted_at",
            "signed_at",
            "given_at",
        ),
        *("at", "date", "time", "datetime", "date_time", "timestamp", "created_at", "submitted_at", "signup_date"),
    ),
    "expires": (
        *("expires_at", "expires", "expiry", "expiration", "expiry_date", "expiration_date"),
        *("valid_until", "until", "consent_expires", "consent_expires_at"),
    ),
    "scope": ("scope", "consent_scope", "purpose", "consent_purpose"),
    "campaign": ("campaign", "campaign_name"),
    "strength": ("strength", "consent_strength", "consent_type", "consent_level", "type_of_consent"),
    "source": ("source", "consent_source", "channel", "consent_channel", "lead_source", "origin", "method"),
    "evidence": (
        *("evidence", "consent_evidence", "reference", "consent_reference", "ref", "proof", "consent_id", "form_id"),
        *("certificate", "certificate_url", "cert_url", "trusted_form_cert_url", "trustedform_cert_url", "lead_id"),
        *("jornaya_lead_id", "recording", "recording_url", "document", "url"),
    ),
    "granted": (
        *("granted", "consent", "consented", "has_consent", "consent_given", "consent_status", "status"),
        *("opt_in", "optin", "opted_in", "opt_in_status", "subscribed"),
    ),
    "revoked": ("revoked", "opt_out", "optout", "opted_out", "unsubscribed", "withdrawn", "do_not_call", "dnc"),
    "revoked_at": (
        *("revoked_at", "revoked_on", "revocation_date", "opt_out_at", "opt_out_date", "optout_date", "opted_out_at"),
        *("unsubscribed_at", "withdrawn_at", "opt_out_time"),
    ),
}


class Answer(Enum):
    """What a row says of consent."""

    GIVEN = auto()
    #: It was never given, or nobody asked.
    NOT_GIVEN = auto()
    REVOKED = auto()


_WORDS = {
    **dict.fromkeys(("yes", "y", "true", "t", "1", "x", "granted", "given", "consented"), Answer.GIVEN),
    **dict.fromkeys(("opted_in", "opt_in", "optin", "in", "subscribed"), Answer.GIVEN),
    **dict.fromkeys(("no", "n", "false", "f", "0", "none", "not_given", "declined"), Answer.NOT_GIVEN),
    **dict.fromkeys(("revoked", "withdrawn", "opted_out", "opt_out", "optout", "out"), Answer.REVOKED),
    **dict.fromkeys(("unsubscribed", "stop", "stopped", "dnc", "do_not_call"), Answer.REVOKED),
}
_STRENGTHS = {
    **dict.fromkeys(("express", "prior_express", "pec", "oral", "verbal", "spoken"), Strength.EXPRESS),
    **dict.fromkeys(("written", "express_written", "prior_express_written", "pewc"), Strength.WRITTEN),
    **dict.fromkeys(("signed", "signature", "electronic", "electronic_signature", "esign"), Strength.WRITTEN),
}


def answer_of(text: str) -> Answer | None:
    """What a cell about consent says; None where that cannot be told."""
    return _WORDS.get(_word(text))


def strength_of(text: str) -> Strength | None:
    """The strength that a cell names; None where that cannot be told."""
    return _STRENGTHS.get(_word(text).removesuffix("_consent"))


def _word(text: str) -> str:
    return text.strip().casefold().replace(" ", "_").replace("-", "_")
