"""Caller id pools: the numbers that calls are shown as coming from."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ami_dialer.config.kinds import Seconds
from ami_dialer.config.section import Section

#: A caller id is a number the administrator owns: written whole, so that its place is known.
E164_PATTERN = r"^\+[1-9][0-9]{6,14}$"
#: The name beside it; nothing that means something to Asterisk.
SHOWN_NAME_PATTERN = r'^[^"<>,$\r\n\x00]{1,64}$'


class CallerId(Section):
    """One number of a pool; a bare number is one without further wishes."""

    number: Annotated[str, Field(pattern=E164_PATTERN)] = Field(description="As +15551234567.")
    name: str | None = Field(None, pattern=SHOWN_NAME_PATTERN, description="Shown beside it; without it the pool's.")
    per_day: int | None = Field(
        None, ge=0, le=1_000_000, description="Calls with it in one day at most; 0: no limit; without it the pool's."
    )
    retired: bool = Field(False, description="Not used any more: it is burnt, or given back to the carrier.")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: object) -> object:
        return {"number": data if isinstance(data, str) else str(data)} if isinstance(data, str | int) else data


class CallerIdPool(Section):
    """Numbers to choose from for each call."""

    numbers: list[CallerId] = Field(min_length=1, max_length=1_000, description="The numbers.")
    name: str | None = Field(None, pattern=SHOWN_NAME_PATTERN, description="Shown beside each of them.")
    choose: Literal["local", "rotate"] = Field(
        "local",
        description="local: one of the contact's own area code, else of its state, else of its country; among several, "
        "and with rotate among all, the one that was used least today.",
    )
    per_day: int = Field(0, ge=0, le=1_000_000, description="Calls with each number in one day at most; 0: no limit.")
    rest: Seconds = Field(0.0, ge=0, le=86_400, description="Between two calls with the same number.")

    @field_validator("numbers")
    @classmethod
    def _each_once(cls, numbers: list[CallerId]) -> list[CallerId]:
        seen: set[str] = set()
        for one in numbers:
            if one.number in seen:
                raise ValueError(f"{one.number} stands there twice; take one of them out")
            seen.add(one.number)
        return numbers
