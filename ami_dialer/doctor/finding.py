"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a check ended."""

    #: As it must be.
    OK = "ok"
    #: Campaigns will not work so.
    FAILED = "failed"
    #: Campaigns will work, but not as well or as safely as they could.
    WARNING = "warning"
    #: An earlier check failed, or there is nothing to check yet.
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of a check, or of one of its parts."""

    status: Status
    #: What was seen.
    detail: str
    #: What to do; never empty where the check failed.
    mend: str = ""
    #: The trunk, sound or context meant, where a check looks at several.
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A result, and where it belongs."""

    #: `this machine`, or `server NAME`.
    group: str
    check: str
    result: Result


def ok(detail: str, *, subject: str = "") -> Result:
    """As it must be."""
    return Result(Status.OK, detail, "", subject)


def failed(detail: str, mend: str, *, subject: str = "") -> Result:
    """Campaigns will not work so."""
    return Result(Status.FAILED, detail, mend, subject)


def warning(detail: str, mend: str, *, subject: str = "") -> Result:
    """Campaigns will work, but could work better."""
    return Result(Status.WARNING, detail, mend, subject)


def not_checked(detail: str, *, subject: str = "") -> Result:
    """Could not be asked, or there is nothing to ask."""
    return Result(Status.NOT_CHECKED, detail, "", subject)
