"""Holidays by jurisdiction. The one home of the `holidays` package, which computes them from the laws of each."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

#: In rules: every public holiday of the jurisdiction.
ALL = "*"
#: A holiday that falls on a weekend is kept on another day too, under its name with this behind it.
_OBSERVED = " (observed)"


@lru_cache(maxsize=1024)
def closed(jurisdiction: str, names: tuple[str, ...], year: int) -> frozenset[date]:
    """The days of a year that have one of these names, `*` for all; the days on which one is observed are among them.

    Empty for a jurisdiction or a name that the package does not know: see `unknown`.
    """
    wanted = frozenset(names)
    days = public_holidays(jurisdiction, year) if ALL in wanted else frozenset()
    return days | {day for day, name in _named(jurisdiction, year) if name.removesuffix(_OBSERVED) in wanted}


@lru_cache(maxsize=1024)
def public_holidays(jurisdiction: str, year: int) -> frozenset[date]:
    """Every public holiday of a country (`US`), or of a state or province with those of its country (`US-FL`)."""
    return frozenset(day for day, _ in _days(jurisdiction, year, everything=False))


def holiday_name(jurisdiction: str, day: date) -> str:
    """What a day is called there, for people; empty for a day that is no holiday."""
    public = [name for on, name in _days(jurisdiction, day.year, everything=False) if on == day]
    return "; ".join(public or [name for on, name in _named(jurisdiction, day.year) if on == day])


def unknown(jurisdiction: str, names: Iterable[str], year: int) -> list[str]:
    """Those of the names that no day of the year has in the jurisdiction."""
    known = {name.removesuffix(_OBSERVED) for _, name in _named(jurisdiction, year)} | {ALL}
    return [name for name in names if name not in known]


@lru_cache(maxsize=1024)
def _named(jurisdiction: str, year: int) -> tuple[tuple[date, str], ...]:
    """Days with their names, those too that are no public holidays: a law may name a day that is none."""
    return _days(jurisdiction, year, everything=True)


def _days(jurisdiction: str, year: int, *, everything: bool) -> tuple[tuple[date, str], ...]:
    import holidays  # half a second, which only campaigns with holidays pay

    country, _, state = jurisdiction.partition("-")
    try:
        kinds = holidays.country_holidays(country).supported_categories if everything else None
        found = holidays.country_holidays(country, subdiv=state or None, years=year, categories=kinds)
    except NotImplementedError:  # a country or state that it does not know
        return ()
    return tuple(
        (day, name)
        for day, names in sorted(found.items())
        if day.year == year
        for name in names.split(holidays.HOLIDAY_NAME_DELIMITER)
    )
