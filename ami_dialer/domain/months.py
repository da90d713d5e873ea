"""Calendar months, and spans of time as people write them."""

import calendar
import re
from datetime import datetime, timedelta

_SPAN = re.compile(r"(\d{1,4}) ?(d|w|m|y)", re.ASCII)


def months_later(moment: datetime, months: int) -> datetime:
    """The same day and time so many months later, or the month's last day where it has no such day.

    Raises OverflowError beyond the year 9999.
    """
    year, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + year, month + 1
    if year > 9_999:
        raise OverflowError(f"year {year}")
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


def later_by(moment: datetime, span: str) -> datetime | None:
    """The moment later by `30d`, `2w`, `6m` (months) or `1y`; None where the span is written otherwise."""
    match = _SPAN.fullmatch(span.strip().lower())
    if match is None:
        return None
    amount, unit = int(match[1]), match[2]
    if unit in "dw":
        return moment + timedelta(days=amount * (7 if unit == "w" else 1))
    return months_later(moment, amount * (12 if unit == "y" else 1))
