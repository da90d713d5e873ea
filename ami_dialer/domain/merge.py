"""Merge fields: `{{first_name}}` and `{{first_name|default("there")}}` in a text that is spoken.

A plain substituter: no expressions, no loops, no attribute access, so nothing a contact's field holds can do
more than be spoken. The merged text goes to the TTS command's standard input and nowhere else.
"""

import re
import unicodedata
from collections.abc import Mapping

#: Characters of one field's value that are spoken; longer ones are cut. Nobody listens to more.
MAX_VALUE = 200
#: Characters of a merged text. A text of a flow is 2,000 at most (config.flow), so this leaves room for the
#: fields.
MAX_TEXT = 4_000

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_FIELD = re.compile(
    r"""\s*(?P<name>[^\s{}|"'](?:[^{}|"'\n]*[^\s{}|"'])?)\s*"""
    r"""(?:\|\s*default\(\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')\s*\)\s*)?"""
)


class MergeError(Exception):
    """A text cannot be filled in: a field is missing, or what stands in the braces is not understood."""


def merge(text: str, fields: Mapping[str, str]) -> str:
    """`text` with its merge fields filled in; a field that is missing or blank takes its default.

    Control characters become spaces and values are cut to MAX_VALUE characters. Raises MergeError where a
    field without a default is missing or blank, the braces hold something else than a field, or the whole is
    longer than MAX_TEXT characters.
    """

    def fill(match: re.Match[str]) -> str:
        field = _FIELD.fullmatch(match[1])
        if field is None:
            raise MergeError(f'{match[0]} is not understood; write {{{{field}}}} or {{{{field|default("text")}}}}')
        return _value(field, fields)

    if "{{" not in text and "}}" not in text:
        return _plain(text)
    rest = _PLACE.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise MergeError("a merge field is not closed; write {{field}}")
    merged = _plain(_PLACE.sub(fill, text))
    if len(merged) > MAX_TEXT:
        raise MergeError(f"the text with its fields filled in has {len(merged)} characters; at most {MAX_TEXT}")
    return merged


def fields_needed(text: str) -> list[str]:
    """The fields without a default that `text` is filled in with, for checks. Raises MergeError as `merge` does."""
    names: list[str] = []
    for match in _PLACE.finditer(text):
        field = _FIELD.fullmatch(match[1])
        if field is not None and field["double"] is None and field["single"] is None:
            names.append(field["name"])
    merge(text, dict.fromkeys(names, "-"))
    return names


def _value(field: re.Match[str], fields: Mapping[str, str]) -> str:
    value = _plain(fields.get(field["name"], ""))[:MAX_VALUE]
    if value:
        return value
    default = field["double"] if field["double"] is not None else field["single"]
    if default is None:
        raise MergeError(f"the contact has no {field['name']!r}, and the text gives no default for it")
    return default


def _plain(text: str) -> str:
    """One line without control characters (Unicode category C: Cc, Cf, Cs, Co, Cn)."""
    if text.isascii() and text.isprintable():
        return text.strip()
    spaced = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(spaced.split())
