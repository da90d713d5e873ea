"""Whether and when a contact is called again."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ami_dialer.config.kinds import Seconds
from ami_dialer.config.problems import several
from ami_dialer.config.section import Section
from ami_dialer.domain.ending import FINAL, EndReason
from ami_dialer.domain.meaning import Meaning
from ami_dialer.rules.retry import Phones, RetryVerdict, counted, next_try, put_out


class RetryRule(Section):
    """Whether and when an attempt that ended in a certain way is followed by another."""

    after: Seconds = Field(description="Wait this long.")
    max: int = Field(
        3, ge=0, le=100, description="Tried again at most this many times after ending this way; 0 is never."
    )


#: An end reason without a rule here and in the campaign is not tried again. Half an hour is what hosted
#: dialers commonly begin with: long enough for a busy line to be free, short enough for the same day.
DEFAULT_RETRY: dict[EndReason, RetryRule] = {
    EndReason.BUSY: RetryRule(after=1800, max=3),
    EndReason.NO_ANSWER: RetryRule(after=1800, max=3),
    EndReason.WITHDRAWN: RetryRule(after=1800, max=3),
    EndReason.CONGESTION: RetryRule(after=1800, max=3),
    EndReason.FAILED: RetryRule(after=1800, max=3),
    EndReason.LOST: RetryRule(after=1800, max=3),
    EndReason.MACHINE: RetryRule(after=1800, max=3),
    EndReason.SILENCE: RetryRule(after=1800, max=3),
}


class Retry(Section):
    """When a contact is called again, and on which of its phones."""

    max_attempts: int = Field(10, ge=1, le=100, description="Attempts on one contact in one run, whatever their end.")
    max_per_number: int = Field(
        0, ge=0, le=100, description="Attempts on one phone of a contact in one run; 0: as many as `max_attempts`."
    )
    phones: Literal["in-turn", "one-by-one", "first"] = Field(
        "in-turn",
        description="Of contacts with several phones. in-turn: the next attempt goes to the next phone, after the last "
        "one to the first again; one-by-one: to the next phone when nothing more is tried on this one; first: only "
        "the first phone is called.",
    )
    order: Literal["due", "new-first", "retries-first"] = Field(
        "due",
        description="Whom the hopper takes first among those of the same priority: who is due longest, who has not "
        "been called yet, or who has been.",
    )
    rules: dict[EndReason, RetryRule] = Field(
        default_factory=lambda: dict(DEFAULT_RETRY),
        description="By end reason; what is written here replaces the default of that reason alone. Rules of "
        "dispositions go before these (`disposition_sets`).",
    )

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("rules"), dict):
            return {**data, "rules": {**DEFAULT_RETRY, **data["rules"]}}
        return data

    @field_validator("rules")
    @classmethod
    def _final_stays_final(cls, rules: dict[EndReason, RetryRule]) -> dict[EndReason, RetryRule]:
        final = sorted(FINAL & set(rules))
        if final:
            raise several([((str(r),), f"{r} is final and never tried again; take the rule out") for r in final])
        return rules


def decide(
    retry: Retry,
    reason: EndReason,
    tries: Mapping[str, int],
    numbers: tuple[str, ...],
    called: str,
    meaning: Meaning | None = None,
) -> tuple[dict[str, int], RetryVerdict]:
    """The tries after an attempt that ended with `reason`, and whether, when and where the contact is called again.

    `numbers` are the phones of the contact, of which `called` was called. `meaning`: of the attempt's result; what it
    says of retries goes before the campaign's rules.
    """
    rules = {each: (rule.after, rule.max) for each, rule in retry.rules.items()}
    phones = Phones(numbers, called, retry.phones, retry.max_per_number)
    after = counted(tries, reason, phones, meaning, invalid_again=EndReason.INVALID_NUMBER in rules)
    verdict = next_try(reason, after, retry.max_attempts, rules, phones, meaning)
    if verdict.number is not None and retry.phones == "one-by-one":
        after = put_out(called, after)  # nobody comes back to it, whatever happens to the next one
    return after, verdict
