"""Disposition sets: the results that a campaign's calls can have, and what each of them means."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from ami_dialer.config.kinds import Seconds
from ami_dialer.config.retry import RetryRule
from ami_dialer.config.section import Section

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
    callback_after: Seconds = Field(86_400.0, ge=60, le=90 * 86_400, description="Where no time was asked for.")
    do_not_call: bool | None = Field(None, description="The number goes on the campaign's `opt_out_list`, at once.")
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
