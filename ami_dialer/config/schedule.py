"""When a campaign starts by itself."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from ami_dialer.config.compliance import Zone
from ami_dialer.config.section import Section
from ami_dialer.rules.schedule import Every

_WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{1,2}:\d{2}(?::\d{2})?))?", re.ASCII)
_EXAMPLE = "write it like 2026-12-01 09:00"


def _wall_clock(value: object, midnight: str | None) -> object:
    """A time without a zone, as `2026-12-01 09:00:00`; a day alone is taken with `midnight`, where that is allowed."""
    match = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is no day and time; {_EXAMPLE} (whose clock that is says `zone`)")
    day, time = match[1], match[2] or midnight
    if time is None:
        raise ValueError(f"{value!r} has no time of day; {_EXAMPLE}")
    try:
        return str(datetime.fromisoformat(f"{day} {time.zfill(8 if time.count(':') > 1 else 5)}"))
    except ValueError as error:
        raise ValueError(f"{value!r}: {error}; {_EXAMPLE}") from None


def _at(value: object) -> object:
    return _wall_clock(value, None)


def _until(value: object) -> object:
    return _wall_clock(value, "23:59:59")


Moment = Annotated[str, BeforeValidator(_at)]
LastMoment = Annotated[str, BeforeValidator(_until)]


class CampaignSchedule(Section):
    """When a campaign starts by itself, once or again and again; each start is a new run of the whole lists."""

    start: Moment = Field(description="First start: 2026-12-01 09:00.")
    end: Moment | None = Field(
        None,
        description="End of the first run; later ones last as long. Without it a run ends when nobody is left in it.",
    )
    zone: Zone | None = Field(
        None,
        description="Whose clock these times are on: America/New_York; without it `hours.zone`, else the machine's.",
    )
    every: Every | None = Field(None, description="It starts again each day, week, month or year.")
    interval: int = Field(1, ge=1, le=1_000, description="Only every so many of them.")
    until: LastMoment | None = Field(None, description="No start after that: 2027-06-30, or with a time.")
    precedence: bool = Field(
        False,
        description="From its start to its `end` a run that the schedule began is not bound by `hours.windows`; the "
        "law, `earliest` and `latest` bind it.",
    )
    missed: Literal["catch-up", "skip"] = Field(
        "catch-up",
        description="A start that came while the dialer was down is made good within an hour, or left out.",
    )

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: str | None, info: ValidationInfo) -> str | None:
        start = info.data.get("start")
        if end is not None and start is not None and end <= start:
            raise ValueError(f"{end} is not after `start` ({start}); write a later one, or take it out")
        return end

    @field_validator("interval")
    @classmethod
    def _of_something(cls, interval: int, info: ValidationInfo) -> int:
        if "every" in info.data and info.data["every"] is None and interval != 1:
            raise ValueError("counts days, weeks, months or years; say which: `every: day`")
        return interval

    @field_validator("until")
    @classmethod
    def _not_before_start(cls, until: str | None, info: ValidationInfo) -> str | None:
        start = info.data.get("start")
        if until is None:
            return until
        if start is not None and until < start:
            raise ValueError(f"{until} is before `start` ({start}); write a later one, or take it out")
        if "every" in info.data and info.data["every"] is None:
            raise ValueError("ends a recurrence, and there is none; add `every: day`, or take it out")
        return until

    @field_validator("precedence")
    @classmethod
    def _between_two(cls, precedence: bool, info: ValidationInfo) -> bool:
        if precedence and "end" in info.data and info.data["end"] is None:
            raise ValueError("needs `end`: it lifts `hours.windows` between start and end of a run")
        return precedence
