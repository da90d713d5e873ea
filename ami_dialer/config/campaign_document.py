"""A campaign written at run time: in a file of its own, or key by key. Checked like one of config.yaml."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.kinds import Name
from ami_dialer.config.messages import ALLOWED, problems_of
from ami_dialer.config.problems import Path as Keys
from ami_dialer.config.problems import Problem, in_order, nearest
from ami_dialer.config.schema import Config
from ami_dialer.config.text import read_text
from ami_dialer.config.yaml_lines import MAX_BYTES, Document, read_yaml
from ami_dialer.domain.errors import ConfigError


def check_name(name: str) -> None:
    """Raise ConfigError where a campaign cannot be named so."""
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        allowed = next(iter(ALLOWED.values()))
        raise ConfigError([f"{name!r} cannot be the name of a campaign; write {allowed}"]) from None


def from_file(path: Path, known: Mapping[str, Iterable[str]], config: Config) -> Campaign:
    """The campaign whose keys stand in a file, at its left edge.

    `known` are the names of lists, flows, trunks and mapping lists. Raises ConfigError with every problem and its line.
    """
    text = read_text(path, "write the keys of the campaign into it", MAX_BYTES)
    if isinstance(text, Problem):
        raise ConfigError([str(text)])
    document = read_yaml(text, str(path))
    if not document.problems and not isinstance(document.data, dict):
        raise ConfigError([f"{path}: is no campaign; write its keys (`lists:`, `trunks:`, …) at the left edge"])
    return _checked(document, known, config)


def with_settings(
    stored: Mapping[str, Any], settings: Sequence[str], known: Mapping[str, Iterable[str]], config: Config
) -> Campaign:
    """A stored campaign with settings like `retry.max_attempts=5` put in; `key=` or `key=null` is the default again.

    Raises ConfigError with every problem.
    """
    data: dict[str, Any] = dict(stored)
    problems = []
    for setting in settings:
        key, equals, text = setting.partition("=")
        value = read_yaml(text, "--set")
        if not equals or not key:
            problems.append(f"--set {setting}: write it like ring=25s or retry.max_attempts=5")
        elif value.problems:
            problems += [f"--set {key}: {problem.message}" for problem in value.problems]
        else:
            data = _put(data, key.strip().split("."), value.data)
    if problems:
        raise ConfigError(problems)
    return _checked(Document("--set", data), known, config)


def _put(data: Mapping[str, Any], way: Sequence[str], value: object) -> dict[str, Any]:
    """A copy with the value at the end of the way; None takes it away."""
    first, *rest = way
    inner = data.get(first)
    if rest:
        value = _put(inner if isinstance(inner, Mapping) else {}, rest, value)
    kept = {key: each for key, each in data.items() if key != first}
    return kept if value is None else {**kept, first: value}


def _checked(document: Document, known: Mapping[str, Iterable[str]], config: Config) -> Campaign:
    problems = list(document.problems)
    campaign = None
    if isinstance(document.data, dict):
        try:
            campaign = Campaign.model_validate(document.data)
        except ValidationError as error:
            problems += problems_of(document, error.errors(include_url=False), root=Campaign)
    if campaign is not None:
        problems += [document.problem(path, text) for path, text in _unknown(campaign, known, config)]
    if problems or campaign is None:
        raise ConfigError(
            [str(problem) if problem.place and document.values else _short(problem) for problem in in_order(problems)]
        )
    return campaign


def _short(problem: Problem) -> str:
    return f"{problem.file} {problem.key}: {problem.message}"


def _unknown(campaign: Campaign, known: Mapping[str, Iterable[str]], config: Config) -> Iterator[tuple[Keys, str]]:
    """Names that the campaign refers to and nobody knows."""
    named: list[tuple[Keys, str, str]] = [
        *((("lists", place), "list", name) for place, name in enumerate(campaign.lists)),
        *((("trunks", place), "trunk", name) for place, name in enumerate(campaign.trunks)),
        *([] if campaign.flow is None else [(("flow",), "flow", campaign.flow)]),
        *(
            []
            if campaign.abandonment.message is None
            else [(("abandonment", "message"), "flow", campaign.abandonment.message)]
        ),
        *([] if campaign.own_agent.map is None else [(("own_agent", "map"), "mapping list", campaign.own_agent.map)]),
    ]
    for path, what, name in named:
        choices = list(known[what])
        if name not in choices:
            yield path, f"no {what} is named {name!r}{nearest(name, choices)}"
    if campaign.dialplan in {server.answered_context for server in config.servers.values()}:
        yield ("dialplan",), f"{campaign.dialplan!r} is where calls come from; name a context of your own"
