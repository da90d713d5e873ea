"""Times as they are written on the command line."""

from datetime import datetime

import click


def time_of(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    """`2026-03-02`, `2026-03-02 15:00` or with a zone; without one it is a time of this machine. A click callback."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time; write 2026-03-02, '2026-03-02 15:00' or 2026-03-02T15:00Z"
        ) from None
