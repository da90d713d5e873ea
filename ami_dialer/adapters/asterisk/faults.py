"""What can go wrong between the dialer and Asterisk's manager port, as exceptions."""


class LinkDownError(ConnectionError):
    """There is no working AMI connection; whatever was asked has not been sent."""


class LinkLostError(ConnectionError):
    """The connection went down, or was given up, after the action was sent; its answer will not come."""


class AnswerLateError(ConnectionError):
    """Asterisk did not answer an action by its deadline."""


class UnsendableError(ValueError):
    """A header that must not go out: it would change its meaning on the way. Nothing was sent."""


class ActionRefusedError(Exception):
    """Asterisk answered `Response: Error`; the text is Asterisk's own."""


class LoginRefusedError(Exception):
    """Asterisk turned the user down. Trying again gets the host banned by fail2ban, so nobody does."""
