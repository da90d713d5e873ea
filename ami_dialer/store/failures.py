"""Database errors in words an administrator can act on."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from ami_dialer.domain.errors import StoreError

#: SQLSTATE class of values that do not fit (PostgreSQL's appendix A); asyncpg raises no class of its own for them.
_DATA_EXCEPTION = "22"
#: Part of the driver's message (lower case) -> what it means and what to do.
_MEANINGS = (
    ("disk is full", "the disk is full; free some space, the dialer goes on by itself"),
    ("no space left", "the disk is full; free some space, the dialer goes on by itself"),
    ("disk i/o error", "the disk cannot be written; check free space and the disk's health"),
    ("readonly", "it is read-only; give the dialer's user write permission on the file and its folder"),
    ("read-only", "it is read-only; the database must allow writing"),
    ("is locked", "another process holds a lock on it; end that process, or wait"),
    ("lock timeout", "another session holds a lock on it; end that session, or wait"),
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
    """Whether the same write may succeed later: not a broken constraint, nor a value that its column cannot hold.

    Everything else may: locks, full disks, lost connections, a server that is starting, rights that are given later.
    """
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        return not isinstance(error, IntegrityError | DataError) and not state.startswith(_DATA_EXCEPTION)
    # Not the driver's: the value could not be handed to it (a time without a zone, half of a surrogate pair).
    return not isinstance(error, StatementError | ValueError | TypeError | OverflowError)


@contextmanager
def speaking(label: str) -> Iterator[None]:
    """Turn errors of the block into StoreError with a message for people; `label` says which database it is."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"database {label}: {meaning(error)}") from error
    except Exception as error:
        if not _of_the_driver(error):
            raise
        raise StoreError(f"database {label}: {meaning(error)}") from error


def _of_the_driver(error: Exception) -> bool:
    """Bulk loads go past SQLAlchemy, which would wrap it. By its name: who uses SQLite need not load asyncpg."""
    return type(error).__module__.partition(".")[0] in {"asyncpg", "sqlite3"}
