"""Where a flow goes: steps that are gone to, and questions that are branched on.

Works on the flow as written, like `references`: any part of it may be broken, and what is wrong with the rest is
told together with that. A step or question that is broken itself counts as there.
"""

import re
from collections.abc import Iterator

from ami_dialer.config.kinds import STEP_PATTERN
from ami_dialer.config.problems import Path, Problem
from ami_dialer.config.yaml_lines import Document


def target_problems(document: Document) -> list[Problem]:
    """Every step that is gone to and every question that is branched on without being there."""
    return [
        document.problem(("flows", name, *path), text)
        for name, flow in flows_in(document).items()
        for path, text in (*_unknown_steps(flow), *_unknown_questions(flow))
    ]


def flows_in(document: Document) -> dict[str, object]:
    """The flows of a file as they are written, by name."""
    return mapping(mapping(document.data).get("flows"))


def targets(flow: object) -> Iterator[tuple[Path, str]]:
    """Every step that is gone to, with the path from the flow to the key that says so."""
    yield from _texts(flow, (), "start")
    for at, verb in verbs(flow):
        yield from _texts(verb, at, "goto")
        yield from _texts(verb.get("ask"), (*at, "ask"), "otherwise")
        yield from _texts(verb.get("callback"), (*at, "callback"), "otherwise")
        branch = mapping(verb.get("branch"))
        for digits in mapping(branch.get("when")):
            yield from _texts(branch["when"], (*at, "branch", "when"), digits)
        yield from _texts(branch, (*at, "branch"), "otherwise")


def _unknown_steps(flow: object) -> Iterator[tuple[Path, str]]:
    steps = mapping(mapping(flow).get("steps"))
    for path, target in targets(flow) if steps else ():
        if target not in steps:
            yield path, f"there is no step {target!r}; the steps are {', '.join(steps)}"


def _unknown_questions(flow: object) -> Iterator[tuple[Path, str]]:
    questions: set[str] = set()
    for _, verb in verbs(flow):
        # A verb with a typo may have been meant as a question.
        for inner in [verb["ask"]] if "ask" in verb else verb.values():
            name = mapping(inner).get("name")
            if isinstance(name, str):
                questions.add(name)
            elif "ask" in verb:
                return  # a question without a readable name: it may be the one that is meant
    asked = ", ".join(sorted(questions)) or "none"
    for at, verb in verbs(flow):
        for path, name in _texts(verb.get("branch"), (*at, "branch"), "answer"):
            if name not in questions:
                yield path, f"no question is named {name!r}; there are: {asked}"


def verbs(flow: object) -> Iterator[tuple[Path, dict[str, object]]]:
    """Each verb of a flow as it is written, with the path from the flow to it."""
    for step, written in mapping(mapping(flow).get("steps")).items():
        for number, verb in enumerate(written if isinstance(written, list) else ()):
            yield ("steps", step, number), mapping(verb)


def _texts(section: object, at: Path, key: str) -> Iterator[tuple[Path, str]]:
    """The name under this key; nothing where it is no name, which the schema tells."""
    value = mapping(section).get(key)
    if isinstance(value, str) and re.fullmatch(STEP_PATTERN, value):
        yield (*at, key), value


def mapping(value: object) -> dict[str, object]:
    """The value where it is a section; else an empty one."""
    return value if isinstance(value, dict) else {}
