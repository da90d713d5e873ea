"""What a verdict asks, each by its id with a sentence. Rules of law have ids of their own, from the rule files."""

from typing import Final

COUNTRY: Final = "number.country"
KIND: Final = "number.kind"
UNKNOWN_ZONE: Final = "zone.unknown"
REVOKED: Final = "consent.revoked"
REASSIGNED: Final = "consent.reassigned"
REQUIRED: Final = "consent.required"
EXPIRED: Final = "consent.expired"
BLOCKED_STATE: Final = "campaign.blocked_state"
HOURS: Final = "campaign.hours"
STATE_HOURS: Final = "campaign.state_hours"
WINDOWS: Final = "campaign.windows"
CLOSED_DAY: Final = "campaign.closed_day"
HOLIDAY: Final = "campaign.holiday"
BETWEEN: Final = "calls.between"
ANSWERED: Final = "calls.answered"
LOCKOUT: Final = "calls.abandoned_lockout"

#: Every question that is no rule of law, in the order in which they are asked. Rules of law come after
#: `consent.expired`, those that count calls (attempts, lock-outs) after `campaign.holiday`.
QUESTIONS: Final = {
    COUNTRY: "Does the number belong to a country that may be called (`compliance.countries`)?",
    KIND: "Is it a kind of number that may be called (`compliance.number_kinds`)?",
    UNKNOWN_ZONE: "Does anybody know the time zone, or does `compliance.unknown_zone` say one?",
    BLOCKED_STATE: "Is it in none of the states of `hours.blocked_states`?",
    REVOKED: "Has nobody at the number said that it must not be called, or taken that back since?",
    REASSIGNED: "Has the number had the same holder since the contact came in and since the consent?",
    REQUIRED: "Is there a consent as the campaign's `consent` wants it?",
    EXPIRED: "Is that consent still good?",
    HOURS: "Is it between `hours.earliest` and `hours.latest` where the contact is?",
    STATE_HOURS: "Is it within the hours of `hours.states` for the contact's state?",
    WINDOWS: "Is it within `hours.windows`?",
    CLOSED_DAY: "Is it none of `hours.closed_days` where the contact is?",
    HOLIDAY: "Where `hours.holidays` is `all`: is it no public holiday there?",
    "campaign.per_contact_24h": "Has the campaign called the contact less often than `caps.per_contact_24h`?",
    "campaign.per_contact_7d": "Has the campaign called the contact less often than `caps.per_contact_7d`?",
    "campaign.per_number_24h": "Has the campaign called the number less often than `caps.per_number_24h`?",
    "campaign.per_number_7d": "Has the campaign called the number less often than `caps.per_number_7d`?",
    "all.per_contact_24h": "Have all campaigns called the contact less often than `compliance.caps.per_contact_24h`?",
    "all.per_contact_7d": "Have all campaigns called the contact less often than `compliance.caps.per_contact_7d`?",
    "all.per_number_24h": "Have all campaigns called the number less often than `compliance.caps.per_number_24h`?",
    "all.per_number_7d": "Have all campaigns called the number less often than `compliance.caps.per_number_7d`?",
    BETWEEN: "Has the last call to the contact or the number been `caps.between_calls` ago?",
    ANSWERED: "Has nobody there answered for `caps.skip_answered_days`?",
    LOCKOUT: "Has no call there been abandoned for `abandonment.lockout`?",
}
