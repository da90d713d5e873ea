"""A rulebook as JSON, for SQL and for whoever must show later by which rules a call was judged."""

from collections.abc import Iterable
from dataclasses import MISSING, fields
from functools import cache
from hashlib import sha256

import orjson
from pydantic import TypeAdapter, ValidationError

from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.rulebook import Rule, Rulebook


class StoredRulesError(DialerError):
    """Stored rules that this version cannot read."""


def rulebook_of(rules: Iterable[Rule]) -> Rulebook:
    """The rules in their order, with the digest that names them."""
    ordered = tuple(sorted(rules, key=lambda rule: (rule.jurisdiction, rule.id, rule.effective)))
    return Rulebook(ordered, sha256(_json(ordered)).hexdigest())


def to_json(rulebook: Rulebook) -> str:
    """The rules as JSON; the same rules give the same text."""
    return _json(rulebook.rules).decode()


def from_json(text: str) -> Rulebook:
    """What `to_json` wrote. Raises StoredRulesError."""
    try:
        return rulebook_of(_reader().validate_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise StoredRulesError(
            f"rules stored by another version cannot be read here: {where}: {first['msg']}"
        ) from error


@cache
def _reader() -> TypeAdapter[tuple[Rule, ...]]:
    return TypeAdapter(tuple[Rule, ...])


def _json(rules: tuple[Rule, ...]) -> bytes:
    return orjson.dumps([as_plain(rule) for rule in rules], option=orjson.OPT_SORT_KEYS)


def as_plain(rule: Rule) -> dict[str, object]:
    """A rule as JSON has it: what differs from the defaults.

    So a figure that later versions of this package add does not change the digest of older rules.
    """
    plain = {}
    for field in fields(rule):
        value = getattr(rule, field.name)
        if field.default is MISSING or value != field.default:
            plain[field.name] = sorted(value) if isinstance(value, frozenset) else value
    return plain
