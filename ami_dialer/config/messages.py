"""What the checks of the schema say, in words that name the mend."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import get_origin

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from ami_dialer.config import agents, caller_ids, campaign, compliance, dispositions, kinds, lists, mqtt, schema
from ami_dialer.config.problems import Path, Problem, nearest
from ami_dialer.config.shape import bare, field_at, is_time, keys_of, kind_at, section_of
from ami_dialer.config.yaml_lines import Document
from ami_dialer.domain import pin

#: What each pattern of the schema lets through, in words.
ALLOWED: dict[str, str] = {
    kinds.NAME_PATTERN: "a name: letters, digits, '_', '.', '-', a letter or digit first, at most 64",
    kinds.DIALPLAN_PATTERN: "a dialplan context: letters, digits, '_' and '-'",
    kinds.SOUND_PATTERN: "a sound path like custom/hello: letters, digits, '_', '.', '+', '-', not '..'",
    kinds.STEP_PATTERN: "a name: letters, digits, '_' and '-', at most 64",
    kinds.DIGITS_PATTERN: "telephone keys: 0 to 9, '*' and '#', at most 32",
    kinds.VOICE_PATTERN: "the name of a voice: letters, digits, '_', '+', '.', '-'",
    kinds.HOST_PATTERN: "a host name or an IP address, without port or scheme",
    schema.DIAL_PATTERN: "one channel's dial string, like PJSIP/{number}@carrier (no spaces, ',', '&', '$')",
    schema.PREFIX_PATTERN: "up to 16 digits, '*' or '#'",
    campaign.CALLER_ID_PATTERN: "`+15551234567` or `Name <+15551234567>`; no quotes, commas, <, >, $ in the name",
    caller_ids.E164_PATTERN: "a number as +15551234567",
    caller_ids.SHOWN_NAME_PATTERN: "a name of at most 64 characters, without quotes, commas, <, > or $",
    dispositions.TITLE_PATTERN: "a title of at most 60 characters",
    dispositions.KEY_PATTERN: "one or two digits",
    agents.AGENT_NUMBER_PATTERN: "the number of an agent: 1 to 10 digits",
    agents.PHONE_PATTERN: "one channel, like PJSIP/101 (no spaces, ',', '&', '$')",
    agents.WORDS_PATTERN: "1 to 60 characters on one line",
    agents.QUEUE_PATTERN: "the name of a queue: letters, digits, '_', '.', '-', a letter or digit first",
    agents.EXTENSION_PATTERN: "an extension: up to 20 digits, '*', '#' or '+'",
    agents.CHOICE_PATTERN: "one digit, 1 to 9",
    pin.HASH_PATTERN: "what `ami-dialer agent pin` prints, not the PIN itself",
    compliance.RULE_PATTERN: "the id of a rule (us-fl.hours), a jurisdiction (us-fl), a kind (hours) or '*'",
    compliance.STATE_PATTERN: "a state or province with its country, like US-TX or CA-ON",
    mqtt.TOPIC_PATTERN: "levels of a topic with / between them: letters, digits, '_', '.', '-'",
    mqtt.CLIENT_PATTERN: "letters, digits, '_', '.', '-', at most 64",
    lists.REGION_PATTERN: "a country in two capital letters, like US or DE",
    lists.HEADER_PATTERN: "the name of an HTTP header, like X-API-Key",
    lists.JSON_PATH_PATTERN: "keys with dots between them, like data.items",
    lists.ENCODING_PATTERN: "the name of an encoding, like utf-8 or cp1252",
    schema.FOLDER_PATTERN: "a whole path, from / on, in plain ASCII",
    schema.MODE_PATTERN: "permissions in octal, like 0660",
    schema.USERNAME_PATTERN: "a user name: letters, digits, '_', '.', '@', '-', at most 80",
}


def problems_of(
    document: Document, errors: Iterable[ErrorDetails], root: type[BaseModel] = schema.Config
) -> list[Problem]:
    """Every error of pydantic with its place in the file; `root` is the schema of the whole file."""
    return [problem for error in errors for problem in _problems(document, error, root)]


def _problems(document: Document, error: ErrorDetails, root: type[BaseModel]) -> list[Problem]:
    path: Path = error["loc"]
    of_key = bool(path) and path[-1] == "[key]"
    if of_key:
        path = path[:-1]
    context = error.get("ctx") or {}
    match error["type"]:
        case "several":
            return [document.problem((*path, *inner), text) for inner, text in context["found"]]
        case "of_section":
            return [document.problem((*path[:-1], *inner), text) for inner, text in context["found"]]
        case "extra_forbidden":
            return [document.problem(path, _unknown_key(path, root), of_key=True)]
        case "missing":
            return [document.problem(path, _missing(path, root))]
        case kind if of_key:
            return [document.problem(path, _bad_key(kind, str(path[-1]), context), of_key=True)]
        case kind:
            as_time = kind in _BOUNDS and _is_time(path, root)
            text = _written(document, path, error["input"]) if as_time else _value_text(path, error["input"], root)
            return [document.problem(path, _bad_value(kind, path, text, error, root))]


def _is_time(path: Path, root: type[BaseModel]) -> bool:
    field = field_at(root, path)
    return is_time(field.annotation, field.metadata) if field is not None else is_time(kind_at(root, path))


def _written(document: Document, path: Path, value: object) -> str:
    """A time as it stands in the file: the schema has only its seconds."""
    found = document.data
    for step in path:
        try:
            found = found[step]  # type: ignore[index]
        except (TypeError, KeyError, IndexError):
            return _plain(value)
    return repr(found) if isinstance(found, str) else _plain(value)


def _unknown_key(path: Path, root: type[BaseModel]) -> str:
    """A key that the schema has not at this place."""
    model = section_of(kind_at(root, path[:-1]))
    return f"unknown key {path[-1]!r}{nearest(str(path[-1]), keys_of(model) if model else ())}"


def _missing(path: Path, root: type[BaseModel]) -> str:
    purpose = _purpose(path, root)
    return f"is missing. {purpose}" if purpose else "is missing"


def _purpose(path: Path, root: type[BaseModel]) -> str:
    field = field_at(root, path)
    return field.description if field and field.description else ""


def _bad_key(kind: str, key: str, context: Mapping[str, object]) -> str:
    if kind == "enum":
        return f"unknown key {key!r}{nearest(key, _choices(context))}"
    allowed = ALLOWED.get(str(context.get("pattern")), "another name")
    return f"{key!r} cannot be used as a key here; write {allowed}"


def _choices(context: Mapping[str, object]) -> list[str]:
    """What an enum knows: pydantic says it as `'a', 'b' or 'c'`."""
    return [word.strip(" '") for word in str(context["expected"]).replace(" or ", ",").split(",")]


def _nearest_choice(text: str, context: Mapping[str, object]) -> str:
    known = {choice.casefold(): choice for choice in _choices(context)}
    close = difflib.get_close_matches(text.strip("'\"").casefold(), known, n=1)
    return f"did you mean {known[close[0]]!r}?" if close else f"write {context['expected']}"


def _value_text(path: Path, value: object, root: type[BaseModel]) -> str:
    """The value as it may be shown; never a secret."""
    field = field_at(root, path)
    if field is not None and bare(field.annotation) is SecretStr:
        return "the value"
    match value:
        case str():
            return repr(value) if len(value) <= 60 else f"{value[:57]!r}..."
        case dict():
            return "a section with keys"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return _plain(value)


def _expected(path: Path, root: type[BaseModel]) -> str:
    kind = bare(kind_at(root, path))
    if section_of(kind) or get_origin(kind) is dict or kind is dict:
        return "a section: keys with values, indented below this one"
    if get_origin(kind) is list:
        return "a list: [one, two], or a line `- one` for each"
    return "one value"


def _guarded(text: str, context: Mapping[str, object]) -> str:
    """The value, unless it may be somebody's PIN that was written in place of its hash."""
    return "the value" if context["pattern"] == pin.HASH_PATTERN else text


def _number(what: str) -> Callable[[str, Mapping[str, object]], str]:
    return lambda text, _context: f"{text} is no {what}; write it in digits"


_BOUNDS: dict[str, tuple[str, str]] = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}

_TEXTS: dict[str, Callable[[str, Mapping[str, object]], str]] = {
    "value_error": lambda _text, context: str(context["error"]),
    "string_pattern_mismatch": lambda text, context: (
        f"{_guarded(text, context)} cannot stand here; write {ALLOWED.get(str(context['pattern']), 'something else')}"
    ),
    "string_too_short": lambda text, context: (
        "is empty; write a text or take the line out"
        if text in {"''", '""', ""}
        else f"{text} is shorter than {context['min_length']} characters; write more"
    ),
    "string_too_long": lambda _text, context: f"is longer than {context['max_length']} characters; shorten it",
    "string_unicode": lambda _text, _context: "holds half a character (a lone surrogate); write it anew",
    "bool_parsing": lambda text, _context: f"{text} is neither true nor false; write one of the two",
    "bool_type": lambda text, _context: f"{text} is neither true nor false; write one of the two",
    "literal_error": lambda text, context: f"{text} is not known here; write {context['expected']}",
    "enum": lambda text, context: f"{text} is not known here; {_nearest_choice(text, context)}",
    "finite_number": _number("number that can be counted with"),
    "int_parsing": _number("whole number"),
    "int_parsing_size": _number("number of a sensible size"),
    "int_from_float": _number("whole number"),
    "float_parsing": _number("number"),
    "too_short": lambda _text, context: (
        f"has {_plain(context['actual_length'])}; at least {context['min_length']} are needed"
        if context["actual_length"]
        else f"is empty; at least {context['min_length']} is needed"
    ),
    "too_long": lambda _text, context: (
        f"has {context['actual_length']} items; at most {context['max_length']} are possible"
    ),
}


def _bad_value(kind: str, path: Path, text: str, error: ErrorDetails, root: type[BaseModel]) -> str:
    context = error.get("ctx") or {}
    if error["input"] is None:
        purpose = _purpose(path, root)
        return f"has no value; write {_expected(path, root)}{'. ' + purpose if purpose else ''}"
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        limit = kinds.as_written(context[bound]) if _is_time(path, root) else _plain(context[bound])
        return f"{text} is out of range; write {words} {limit}"
    if kind in _TEXTS:
        return _TEXTS[kind](text, context)
    if kind.endswith("_type"):
        return f"{text} cannot stand here; write {_expected(path, root)}"
    return str(error["msg"])


def _plain(number: object) -> str:
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)
