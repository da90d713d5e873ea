"""Read `config.yaml`: every problem at once, each with file, line, column, key and what to write instead.

Relative paths in it (the SQLite database, lists, secrets, sounds, the AGI socket, the log file) begin at the
folder of the file, not at the one the command is started in: service and shell then mean the same files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ami_dialer.config.advice import advice
from ami_dialer.config.kinds import Surroundings
from ami_dialer.config.messages import problems_of
from ami_dialer.config.problems import Place, Problem, in_order
from ami_dialer.config.references import reference_problems
from ami_dialer.config.schema import Config
from ami_dialer.config.targets import target_problems
from ami_dialer.config.text import read_text
from ami_dialer.config.titles import title_problems
from ami_dialer.config.yaml_lines import MAX_BYTES, Document, read_yaml
from ami_dialer.domain.errors import ConfigError

#: A key at the left edge that begins so is not read: a place for anchors (`x-usual: &usual`) that others merge in.
ASIDE = "x-"


@dataclass(frozen=True, slots=True)
class Examination:
    """A configuration file, looked at."""

    #: None where there are problems.
    config: Config | None
    #: What must be mended before the dialer can run.
    problems: tuple[Problem, ...]
    #: What is probably not meant so; the dialer runs all the same.
    warnings: tuple[Problem, ...]
    #: The file as data and places, for further checks.
    document: Document


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration in the file at `path`; raises ConfigError with every problem in it."""
    examined = examine(path, environ)
    if examined.config is None:
        raise ConfigError([str(problem) for problem in examined.problems])
    return examined.config


def examine(path: Path, environ: Mapping[str, str]) -> Examination:
    """Look at the file at `path`. Never raises for what is in it: the problems are in the answer."""
    file = str(path)
    text = read_text(path, "copy the example config.yaml or use --config FILE", MAX_BYTES)
    if isinstance(text, Problem):
        return Examination(None, (text,), (), Document(file))
    document = read_yaml(text, file)
    if document.data is None and not document.problems:
        document.problems.append(
            Problem(file, Place(1, 1), "", "is empty; begin with `servers:` and `trunks:` (docs/configuration.md)")
        )
    elif document.data is not None and not isinstance(document.data, dict):
        document.problems.append(
            Problem(
                file,
                Place(1, 1),
                "",
                "is not a configuration; write `servers:` and other keys at the left edge",
            )
        )
    config = None
    problems = list(document.problems)
    surroundings = Surroundings(environ, path.absolute().parent)
    if isinstance(document.data, dict):
        written = {key: value for key, value in document.data.items() if not key.startswith(ASIDE)}
        try:
            config = Config.model_validate(written, context=surroundings)
        except ValidationError as error:
            problems += problems_of(document, error.errors(include_url=False))
        problems += [*reference_problems(document), *target_problems(document), *title_problems(document)]
    warnings = in_order(advice(document, config, surroundings.folder)) if config else ()
    return Examination(None if problems else config, in_order(problems), warnings, document)
