"""Disposition sets: the results that a campaign's calls can have, and what each of them means."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from ami_dialer.config.kinds import Seconds
from ami_dialer.config.retry import RetryRule
from ami_dialer.config.section import Section
from ami_dialer.domain.meaning import CALLBACK_AFTER, DEFAULT, KNOWN, Meaning, Meanings, own_title

if TYPE_CHECKING:  # the schema is made of this module
    from ami_dialer.config.campaign import Campaign
    from ami_dialer.config.schema import Config

#: What agents press.
KEY_PATTERN = r"^[0-9]{1,2}$"
#: What people read; goes into events and reports, never into AMI.
TITLE_PATTERN = r"^[^\x00-\x1f\x7f]{1,60}$"

Title = Annotated[str, Field(pattern=TITLE_PATTERN)]


class DispositionMeaning(Section):
    """What a result means. Left out: what the system's disposition of that title means, or nothing."""

    qualified: bool | None = Field(None, description="A success.")
    contacted: bool | None = Field(None, description="The contact itself was reached.")
    positive: bool | None = Field(None, description="A positive final outcome: counts as a conversion in reports.")
    callback: bool | None = Field(
        None, description="The contact is called back: at the time that was asked for, else after `callback_after`."
    )
    callback_after: Seconds = Field(CALLBACK_AFTER, ge=60, le=90 * 86_400, description="Where no time was asked for.")
    do_not_call: bool | None = Field(
        None, description="Consent is revoked and the number goes on the `opt_out_list`, at once."
    )
    final: bool | None = Field(None, description="Not called again in this run, whatever `retry.rules` say.")
    retry: RetryRule | None = Field(None, description="Called again by this rule, whatever `retry.rules` say.")
    key: str | None = Field(None, pattern=KEY_PATTERN, description="What agents press for it in wrap-up.")

    @field_validator("retry")
    @classmethod
    def _final_or_again(cls, retry: RetryRule | None, info: ValidationInfo) -> RetryRule | None:
        if retry is not None:
            for other in ("final", "do_not_call", "callback"):
                if info.data.get(other):
                    raise ValueError(f"stands beside {other}: true, which decides that already; take one of them out")
        return retry


#: What a set says of a result; left out, it stays as it is.
_SAID = ("qualified", "contacted", "positive", "callback", "do_not_call", "final", "key")


def laid_over(meanings: Mapping[str, DispositionMeaning]) -> Meanings:
    """The results that a campaign with this set knows: its own, and the system's with what the set says of them."""
    named = {own_title(title): said for title, said in meanings.items()}
    own = {title: _laid_over(KNOWN.get(title, Meaning(title)), said) for title, said in named.items()}
    rest = {title: meaning for title, meaning in KNOWN.items() if title not in own}
    return Meanings(MappingProxyType({**own, **rest}), frozenset(own))


def meanings_of(config: "Config", campaign: "Campaign") -> Meanings:
    """The results that a campaign knows. Of a set that is no longer in the configuration: the system's alone."""
    chosen = config.disposition_sets.get(campaign.dispositions) if campaign.dispositions is not None else None
    return DEFAULT if chosen is None else laid_over(chosen)


def _laid_over(known: Meaning, said: DispositionMeaning) -> Meaning:
    changes: dict[str, Any] = {name: value for name in _SAID if (value := getattr(said, name)) is not None}
    if said.retry is not None:
        # Who writes a retry wants it: what the system thought of the title gives way.
        changes |= {"retry": (said.retry.after, said.retry.max), "final": False}
    return replace(known, callback_after=said.callback_after, **changes)
