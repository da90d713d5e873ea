"""Errors a user meets. The text is written for the administrator: what is wrong, where, and what to do."""


class DialerError(Exception):
    """Something the administrator can mend; shown as one message, never as a traceback."""

    exit_code = 1


class ConfigError(DialerError):
    """The configuration cannot be used; one line for each problem."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StoreError(DialerError):
    """The database cannot be reached, read or written."""

    exit_code = 3


class AsteriskError(DialerError):
    """Asterisk cannot be reached or does not do what was asked."""

    exit_code = 4


class NotFoundError(DialerError):
    """A campaign, list or contact of that name does not exist."""

    exit_code = 5
