"""What is different between two versions of a document: for the audit trail, without secrets and without long texts."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import orjson

#: Of so many keys before and after are told; the digests cover the rest.
MOST_KEYS = 100
#: Characters of a value that are told.
MOST_CHARACTERS = 200
#: Below these keys passwords may stand, in addresses and bodies too: only that they changed is told.
_SECRET = frozenset({"api", "headers", "authorization", "password", "secret", "token"})
_ABSENT = object()


def digest(document: object) -> str:
    """SHA-256 of a document as JSON with its keys sorted."""
    return sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """By key (`retry.max_attempts`) the value before and the one after; None where there was or is none.

    Of what may hold secrets the value is `changed`. What is left out is counted under `…`.
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key, _ABSENT) != new.get(key, _ABSENT)]
    told: dict[str, Any] = {key: _told(key, old.get(key), new.get(key)) for key in keys[:MOST_KEYS]}
    if len(keys) > MOST_KEYS:
        told["…"] = len(keys) - MOST_KEYS
    return told


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and (value or not path):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{place}")
    else:
        yield path, value


def _told(path: str, before: object, after: object) -> object:
    if not _SECRET.isdisjoint(path.split(".")):
        return "changed"
    return [_short(before), _short(after)]


def _short(value: object) -> object:
    if isinstance(value, list):
        return [_short(one) for one in value[:MOST_KEYS]]
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        return f"{value[:MOST_CHARACTERS]}…"
    return value
