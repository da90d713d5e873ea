"""When a list's API is asked next, and what a change of its fields means."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Seconds after the first failure in a row; each further one doubles them.
FIRST_PAUSE = 60.0
#: Seconds that the pauses grow to, unless the interval is longer.
LONGEST_PAUSE = 900.0
#: Failures in a row that count; the pauses have stopped growing long before.
MOST_FAILURES = 12

_POSITION = re.compile(r"\.\d+(?=\.|$)")


def due_at(fetched_at: datetime | None, failures: int, interval: float, retry_after: float | None) -> datetime | None:
    """When a list is to be fetched; None: at once, since it never was.

    `fetched_at` is when it was asked last, `failures` how often in a row that failed, `retry_after` the seconds that
    the API itself wanted to be left alone.
    """
    if fetched_at is None:
        return None
    if not failures:
        return fetched_at + timedelta(seconds=interval)
    growing = FIRST_PAUSE * 2 ** (min(failures, MOST_FAILURES) - 1)
    pause = min(growing, max(interval, LONGEST_PAUSE))
    return fetched_at + timedelta(seconds=max(pause, retry_after or 0.0))


@dataclass(frozen=True, slots=True)
class Change:
    """How the fields of an answer differ from those of the one before."""

    vanished: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether they do."""
        return bool(self.vanished or self.new)


def changed(before: Collection[str], now: Collection[str]) -> Change:
    """Compare the fields of two answers; one without contacts says nothing of fields."""
    if not before or not now:
        return Change()
    return Change(tuple(sorted(set(before) - set(now))), tuple(sorted(set(now) - set(before))))


def shape_of(path: str) -> str:
    """A path with `*` for every position in a list: `phones.0.number` is `phones.*.number`."""
    return _POSITION.sub(".*", path)


def lost(needed: Iterable[str], columns: dict[str, str], change: Change) -> list[str]:
    """Those of the needed fields (our names) that have vanished. `columns` is {our name: path}."""
    vanished = set(change.vanished)
    return [name for name in dict.fromkeys(needed) if shape_of(columns.get(name, name)) in vanished]
