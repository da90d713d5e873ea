"""Secrets taken out of what people get to see: messages, logs, kept answers."""

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from ami_dialer.config.lists import ListApi

#: A shorter text cannot be taken out of others without making them unreadable; it is no secret either.
SHORTEST = 4
HIDDEN = "***"


def secrets_of(api: ListApi) -> set[str]:
    """The secrets of an API as they are configured."""
    known = api.authorization
    given = [secret.get_secret_value() for secret in api.headers.values()]
    if known is not None:
        given += [s.get_secret_value() for s in (known.password, known.token, known.client_secret) if s is not None]
        given += [base64.b64encode(pair.encode()).decode() for pair in _pairs(api)]
    return set(given)


def _pairs(api: ListApi) -> Iterable[str]:
    """What basic authorization sends, before base64."""
    known = api.authorization
    if known is None:
        return
    for name, secret in ((known.user, known.password), (known.client_id, known.client_secret)):
        if name is not None and secret is not None:
            plain = secret.get_secret_value()
            yield f"{name}:{plain}"
            yield f"{quote_plus(name)}:{quote_plus(plain)}"


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets, however they are written: plain, in an address, in JSON."""
    forms = {form for secret in secrets for form in (secret, quote(secret, ""), quote_plus(secret), _in_json(secret))}
    for form in sorted((form for form in forms if len(form) >= SHORTEST), key=len, reverse=True):
        if form in text:
            text = text.replace(form, HIDDEN)
    return text


def _in_json(secret: str) -> str:
    return json.dumps(secret, ensure_ascii=False)[1:-1]
