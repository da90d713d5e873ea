"""Writes docs/configuration.md from the schema and docs/states.md from the transition tables (`make docs`).

tests/architecture/test_docs.py fails where a file and what it is made from differ.
"""
# ruff: noqa: INP001 - a script beside the documents, no package

import inspect
import types
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from ami_dialer.config import kinds, messages
from ami_dialer.config.problems import Path as KeyPath
from ami_dialer.config.retry import DEFAULT_RETRY
from ami_dialer.config.schema import Config
from ami_dialer.config.shape import bare, keys_of, section_of, sections
from ami_dialer.domain.attempt import TRANSITIONS, AttemptState
from ami_dialer.domain.campaign import ALIASES, CAMPAIGN_TRANSITIONS, Activity, CampaignStatus
from ami_dialer.domain.ending import DISPOSITION_OF, EndReason
from ami_dialer.domain.enrolment import ENROLMENT_TRANSITIONS, EnrolmentState, RunState
from ami_dialer.domain.number_kind import NumberKind

FOLDER = Path(__file__).parent

_CONFIGURATION_HEAD = """\
# config.yaml

<!-- Written by docs/generate.py from ami_dialer/config/schema.py and flow.py; change it there. -->

Every key, its default and its meaning. The [example](../config.yaml) at the top of the tree shows them in use;
`ami-dialer check` tells every mistake with its line and what to write instead.

- **Unknown keys are errors.** A key that is left out has its default; a section that is left out has all of its.
- **Times** are seconds, written as `30`, or with a unit: `500ms`, `30s`, `5m`, `2h`, `1d`.
- **Text** needs no quotes, unless it holds `: `, ` #`, braces or brackets, or begins with one of `*&!|>%@` or a
  backquote. `9:00`, `+12125551234`, `02134` and `NO` stay as they are written.
- **Relative paths** begin at the folder of the configuration file.
- **Secrets** are text, `{env: NAME}` or `{file: PATH}`. The file holds the secret alone, on one line; `check` warns
  where every user of the machine may read it.
- **Names** under `servers`, `trunks`, `lists`, `flows` and `campaigns` are your own: letters, digits, `_`, `.`, `-`.
- **A repeated key is an error.** Anchors (`&name`), aliases (`*name`) and merges (`<<`) work; a key at the left edge
  that begins with `x-` is not read and can hold what others merge in.
"""

_STATES_HEAD = """\
# States

<!-- Written by docs/generate.py from ami_dialer/domain; change it there. -->

An attempt is one try on one number. Where it is and why it ended are two words: the state and the end reason.
"""

_CAMPAIGN = """\
## Campaign

Where a campaign stands. [campaigns.md](campaigns.md#life-cycle) tells the commands.
"""
_AFTER_A_RUN = """\
A run that completes or is stopped while starts of a schedule are left leads on to `scheduled` at once.

Words that others use are taken too, by `ami-dialer campaign list --status`:
"""
_NOW = """\
What it does at the moment is derived from its status, the contacts that are left and the calls that go on:
"""


def configuration() -> str:
    """The text of docs/configuration.md."""
    parts = [_CONFIGURATION_HEAD]
    first: dict[type[BaseModel], KeyPath] = {}
    for path, model in sections(Config):
        first.setdefault(model, path)
    for model, path in first.items():
        heading = f"## {'.'.join(path)}\n\n{_doc(model)}" if path else "## Top level"
        parts.append(f"{heading}\n\n{_table(model)}")
    return "\n".join(parts)


def states() -> str:
    """The text of docs/states.md."""
    attempt = [(before, after, event) for (before, event), after in TRANSITIONS.items()]
    enrolment = [
        (before, after, "") for before, all_after in ENROLMENT_TRANSITIONS.items() for after in sorted(all_after)
    ]
    parts = [
        _STATES_HEAD,
        "## Attempt\n",
        _mermaid(AttemptState.CLAIMED, attempt, {AttemptState.ENDED}),
        _described(AttemptState, "state"),
        "## End reasons and dispositions\n",
        "Each attempt that is over has one end reason, and by it the disposition that reports show.\n",
        _ends(),
        "## Enrolment\n\nAn enrolment is a contact in a run.\n",
        _mermaid(EnrolmentState.WAITING, enrolment, {EnrolmentState.DONE, EnrolmentState.EXCLUDED}),
        _described(EnrolmentState, "state"),
        "## Run\n\nA run is one execution of a campaign. It begins running and does not come back from its end.\n",
        _described(RunState, "state"),
        _CAMPAIGN,
        _campaign(),
        _described(CampaignStatus, "status"),
        _AFTER_A_RUN,
        _aliases(),
        _NOW,
        _described(Activity, "now"),
    ]
    return "\n".join(parts)


def _campaign() -> str:
    steps = [
        (before, after, str(action)) for (before, action), after in CAMPAIGN_TRANSITIONS.items() if before is not after
    ]
    return _mermaid(CampaignStatus.DRAFT, steps, set())


def _aliases() -> str:
    rows = ["| word | status |", "|---|---|"]
    for word, statuses in ALIASES.items():
        meant = ", ".join(f"`{status}`" for status in CampaignStatus if status in statuses)
        rows.append(f"| {word} | {meant} |")
    return "\n".join(rows) + "\n"


def _doc(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "")


def _table(model: type[BaseModel]) -> str:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name, field in keys_of(model).items():
        cells = (f"`{name}`", _kind(field), _default(field), field.description or "")
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _kind(field: FieldInfo) -> str:
    kind = bare(field.annotation)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(kind))
    if section_of(kind) or get_origin(kind) is dict:
        return "section"
    if get_origin(kind) is list:
        item = section_of(get_args(kind)[0])
        return f"list of {item.__name__.lower()}s" if item else "list"
    if kind is SecretStr:
        return "secret"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{word.value}`" for word in kind)
    plain = {str: "text", bool: "`true` or `false`", int: "number", float: "number", Path: "path"}
    text = plain[kind]
    if any(getattr(part, "func", None) is kinds.to_seconds for part in field.metadata):
        text = "time"
    return text + _limits(field.metadata)


def _limits(metadata: Iterable[Any]) -> str:
    texts: list[str] = []
    for part in metadata:
        match part:
            case annotated_types.Ge(ge=number):
                texts.append(f"at least {number:g}")
            case annotated_types.Gt(gt=number):
                texts.append(f"more than {number:g}")
            case annotated_types.Le(le=number):
                texts.append(f"at most {number:g}")
            case _ if getattr(part, "pattern", None):
                texts.append(messages.ALLOWED[part.pattern])
    return f": {', '.join(texts)}" if texts else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if value == DEFAULT_RETRY:
        rule = value[EndReason.BUSY]
        return f"after {rule.after / 60:g}m, max {rule.max} for " + ", ".join(f"`{reason}`" for reason in value)
    if value in (None, "", [], {}) or isinstance(value, BaseModel):
        return ""
    match value:
        case bool():
            text = str(value).lower()
        case float():
            text = f"{value:g}"
        case list():
            text = f"[{', '.join(_word(item) for item in value)}]"
        case _:
            text = str(value)
    return f"`{text}`"


def _word(item: object) -> str:
    """As it is written in the file: kinds of numbers go by their names there."""
    return item.name.lower() if isinstance(item, NumberKind) else str(item)


def _mermaid(first: Enum, steps: Iterable[tuple[Enum, Enum, str]], last: set[Enum]) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first.value}"]
    lines += [f"    {a.value} --> {b.value}" + (f": {event}" if event else "") for a, b, event in steps]
    lines += [f"    {state.value} --> [*]" for state in type(first) if state in last]
    return "\n".join([*lines, "```", ""])


def _described(words: type[Enum], what: str) -> str:
    rows = [f"| {what} | |", "|---|---|"]
    rows += [f"| `{word}` | {text} |" for word, text in _sentences(words)]
    return "\n".join(rows) + "\n"


def _ends() -> str:
    rows = ["| end reason | disposition | |", "|---|---|---|"]
    rows += [f"| `{word}` | {DISPOSITION_OF[EndReason(word)]} | {text} |" for word, text in _sentences(EndReason)]
    return "\n".join(rows) + "\n"


def _sentences(words: type[Enum]) -> Iterator[tuple[str, str]]:
    """Each member's value and the `#:` comment above it."""
    said: list[str] = []
    for line in inspect.getsource(words).splitlines():
        text = line.strip()
        if text.startswith("#:"):
            said.append(text.removeprefix("#:").strip())
        elif " = " in text and said:
            yield str(words[text.split(" = ")[0]].value), " ".join(said)
            said = []


#: What is written where.
DOCUMENTS: dict[str, types.FunctionType] = {"configuration.md": configuration, "states.md": states}

if __name__ == "__main__":
    for name, make in DOCUMENTS.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")
