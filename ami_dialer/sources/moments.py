"""Times as files and people write them."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from ami_dialer.domain.months import later_by

_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T,]+(.*))?", re.ASCII | re.DOTALL)
_HALF_DAY = re.compile(r"(.*?)[ T,]*(\d{1,2})(:\d\d(?::\d\d)?(?:\.\d+)?)? ?([AaPp])\.?[Mm]\.?", re.ASCII | re.DOTALL)
_DAY = re.compile(r"[\d/.-]{8,10}", re.ASCII)
_ONE_DIGIT_HOUR = re.compile(r"\d:\d\d.*", re.ASCII | re.DOTALL)

_LAST_YEAR = 9_999


class Order(StrEnum):
    """In which order the parts of a date stand."""

    YMD = "ymd"
    MDY = "mdy"
    DMY = "dmy"


class Moment(NamedTuple):
    """A time that was read."""

    at: datetime
    whole_day: bool
    """A day without a time; `at` is its beginning."""

    @property
    def end(self) -> datetime:
        """The same; of a day its end."""
        return self.at + timedelta(days=1) if self.whole_day and self.at.year < _LAST_YEAR else self.at


class Moments:
    """Reads times: ISO 8601, or with day or month first where that is said."""

    def __init__(self, zone: tzinfo = UTC, order: Order = Order.YMD) -> None:
        """`zone`: of times that name none."""
        self._zone = zone
        self._order = order

    def read(self, text: str) -> Moment:
        """The time in UTC. Raises ValueError."""
        written = text.strip()
        if self._order is Order.YMD and _SLASHED.fullmatch(written):
            raise ValueError(f"{written[:40]!r} begins with the day or the month: say which by --dates dmy or mdy")
        try:
            found = datetime.fromisoformat(self._iso(written))
            aware = found if found.tzinfo is not None else found.replace(tzinfo=self._zone)
            return Moment(aware.astimezone(UTC), whole_day=_DAY.fullmatch(written) is not None)
        except (ValueError, OverflowError):  # the latter: the first or last hours of the calendar, in another zone
            wanted = "write it like 2027-12-31 or 2027-12-31T18:30:00Z"
            raise ValueError(f"{written[:40]!r} is no date; {wanted}") from None

    def end(self, text: str, since: datetime) -> datetime:
        """An end: a time, or a span from `since` on, like `30d`, `2w`, `6m` (months), `1y`. Raises ValueError."""
        try:
            return later_by(since, text) or self.read(text).at
        except OverflowError:
            raise ValueError(f"{text[:40]!r} is beyond the year 9999") from None

    def _iso(self, written: str) -> str:
        text = written.removesuffix("UTC").rstrip() + "+00:00" if written.endswith("UTC") else written
        if half := _HALF_DAY.fullmatch(text):
            day, hour, rest, letter = half.groups()
            if not 1 <= int(hour) <= 12:
                return ""
            text = f"{day} {int(hour) % 12 + (12 if letter in 'Pp' else 0):02d}{rest or ':00'}"
        if slashed := _SLASHED.fullmatch(text):
            first, second, year, time = slashed.groups()
            month, day = (first, second) if self._order is Order.MDY else (second, first)
            time = f"0{time}" if time and _ONE_DIGIT_HOUR.fullmatch(time) else time
            text = f"{year}-{int(month):02d}-{int(day):02d}" + (f"T{time}" if time else "")
        return text
