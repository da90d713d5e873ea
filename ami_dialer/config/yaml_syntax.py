"""PyYAML's complaints in words that say what to write instead."""

import yaml
from yaml.reader import ReaderError

from ami_dialer.config.problems import Place

#: (what PyYAML says, what it says it was doing, what the administrator reads). The first that fits is taken.
_MENDS: tuple[tuple[str, str, str], ...] = (
    ("character '\\t'", "", "a tab: YAML is indented by spaces only; replace it by spaces"),
    (
        "mapping values are not allowed here",
        "",
        "a ':' where no key can stand; indent the line like its neighbours, or put text with ': ' in quotes",
    ),
    (
        "could not find expected ':'",
        "",
        "a key without ': value'; write `key: value`, and keep text of several lines in quotes or behind |",
    ),
    (
        "unexpected end of stream",
        "quoted scalar",
        "a quote that is opened{since} is never closed; put a closing quote",
    ),
    (
        "unknown escape character",
        "",
        "after \\ in double quotes only n, t, \\, \" and the like; use 'single quotes'",
    ),
    (
        "undefined alias",
        "",
        "an alias (*name) without its anchor (&name) further up; put text with * in quotes",
    ),
    ("found duplicate anchor", "", "the same anchor (&name) twice; give one of them another name"),
    (
        "expected alphabetic or numeric character",
        "",
        "text that begins with * or & must be in quotes, for instance '*1'",
    ),
    ("that cannot start any token", "", "text must not begin with this character; put it in quotes"),
    ("expected <block end>", "", "indented differently from the lines it belongs to{since}"),
    (
        "expected ',' or",
        "",
        "a bracket or brace opened{since} is not closed, or text with braces or commas lacks its quotes",
    ),
    ("found another document", "", "a second document begins here; take the line --- out"),
)


def explain_syntax(error: yaml.YAMLError, text: str) -> tuple[Place | None, str]:
    """The place of a syntax error, and what to do about it."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        place = Place(before.count("\n") + 1, error.position - before.rfind("\n"))
        return place, f"the character U+{ord(text[error.position]):04X} must not stand in YAML; take it out"
    if not isinstance(error, yaml.MarkedYAMLError):
        return None, f"is no YAML: {error}"
    mark = error.problem_mark or error.context_mark
    at = Place(mark.line + 1, mark.column + 1) if mark else None
    since = ""
    if error.context_mark and mark and error.context_mark.line != mark.line:
        since = f" in line {error.context_mark.line + 1}"
    problem, context = error.problem or "", error.context or ""
    for said, doing, mend in _MENDS:
        if said in problem and doing in context:
            return at, mend.replace("{since}", since)
    return at, f"is no YAML: {context} {problem}".replace("  ", " ")
