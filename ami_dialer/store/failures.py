"""Database errors in words an administrator can act on."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from ami_dialer.domain.errors import StoreError

#: Part of the driver's message (lower case) -> what it means and what to do.
_MEANINGS = (
    ("disk is full", "the disk is full; free some space, the dialer goes on by itself"),
    ("no space left", "the disk is full; free some space, the dialer goes on by itself"),
    ("disk i/o error", "the disk cannot be written; check free space and the disk's health"),
    ("readonly", "it is read-only; give the dialer's user write permission on the file and its folder"),
    ("read-only", "it is read-only; the database must allow writing"),
    ("is locked", "another process holds a lock on it; end that process, or wait"),
    (
        "unable to open",
        "it cannot be opened; check that the folder exists and the dialer's user may write there",
    ),
    ("not a database", "the file is no SQLite database; check database.url"),
    ("malformed", "the database file is damaged; restore it from a backup"),
    ("no such table", "it has not been migrated; start `ami-dialer run` once, which does it"),
    ("does not exist", "it does not exist; create it (createdb), and check database.url"),
    (
        "password authentication failed",
        "the user or the password is refused; check database.url and database.password",
    ),
    (
        "connection refused",
        "nothing listens there; start the database server, and check host and port in database.url",
    ),
    (
        "connect call failed",
        "nothing listens there; start the database server, and check host and port in database.url",
    ),
    ("name or service not known", "the host name is not known; check database.url"),
)


def meaning(error: BaseException) -> str:
    """What a driver's error means, and what to do about it."""
    text = str(getattr(error, "orig", None) or error).strip()
    first_line = text.splitlines()[0] if text else type(error).__name__
    lower = text.lower()
    for part, words in _MEANINGS:
        if part in lower:
            return f"{words} ({first_line})"
    return first_line


def may_pass(error: BaseException) -> bool:
    """Whether the same write may succeed later: locks, full disks, lost connections; not a broken constraint."""
    if isinstance(error, OperationalError | InterfaceError | OSError | TimeoutError):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


@contextmanager
def speaking(label: str) -> Iterator[None]:
    """Turn errors of the block into StoreError with a message for people; `label` says which database it is."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"database {label}: {meaning(error)}") from error
