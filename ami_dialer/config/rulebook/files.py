"""All files with rules of law together: the packaged ones, each replaced by the administrator's of the same name."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from ami_dialer.config.messages import problems_of
from ami_dialer.config.problems import Path as KeyPath
from ami_dialer.config.problems import Place, Problem, in_order
from ami_dialer.config.rulebook.schema import RuleFile, read_date, to_rule
from ami_dialer.config.rulebook.stored import rulebook_of
from ami_dialer.config.text import read_text
from ami_dialer.config.yaml_lines import MAX_BYTES, Document, read_yaml
from ami_dialer.domain.errors import ConfigError
from ami_dialer.domain.rulebook import Rule, Rulebook
from ami_dialer.rules.compliance import closed_days

#: The rules that the package brings, one file for each jurisdiction.
PACKAGED = Path(__file__).parents[2] / "law"

_ENDINGS = (".yaml", ".yml")
#: Names of holidays are looked for in these years; a name may be older or younger than a year.
_YEARS = range(2020, 2032)


@dataclass(frozen=True, slots=True)
class Examination:
    """Files with rules, looked at."""

    #: None where there are problems.
    rulebook: Rulebook | None
    #: All of them, of all files.
    problems: tuple[Problem, ...]
    #: The administrator's files, in order of their names.
    files: tuple[Path, ...]
    #: Those of them that hold no rules: they take away the law of their jurisdiction.
    empty: tuple[Path, ...] = ()


def load(folder: Path | None) -> Rulebook:
    """The packaged rules, with those files of `folder` instead that it has. Raises ConfigError with every problem."""
    examined = examine(folder)
    if examined.rulebook is None:
        raise ConfigError([str(problem) for problem in examined.problems])
    return examined.rulebook


def examine(folder: Path | None) -> Examination:
    """Look at the files. Never raises for what is in them: the problems are in the answer."""
    problems: list[Problem] = []
    own = {} if folder is None else _own(folder, problems)
    chosen = {file.stem: file for file in sorted(PACKAGED.glob("*.yaml"))} | own
    rules: list[Rule] = []
    empty: list[Path] = []
    for file in chosen.values():
        before = len(problems)
        found = _read(file, problems)
        if not found and len(problems) == before:
            empty.append(file)
        rules += found
    return Examination(None if problems else rulebook_of(rules), tuple(problems), tuple(own.values()), tuple(empty))


def _own(folder: Path, problems: list[Problem]) -> dict[str, Path]:
    """The administrator's files, by what their names say; others in the folder are left alone."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        mend = "make it, or take the key out; then the packaged rules hold"
        problems.append(Problem(str(folder), None, "", f"cannot be read as a folder ({error.strerror}); {mend}"))
        return {}
    files: dict[str, Path] = {}
    for file in entries:
        if file.suffix.lower() not in _ENDINGS or file.name.startswith("."):
            continue
        if (other := files.get(file.stem)) is not None:
            problems.append(Problem(str(file), None, "", f"is there as {other.name} too; keep one of the two"))
        files[file.stem] = file
    return files


def _read(file: Path, problems: list[Problem]) -> list[Rule]:
    """The rules of one file; what is wrong with it is put into `problems`."""
    text = read_text(file, "it was there a moment ago", MAX_BYTES)
    if isinstance(text, Problem):
        problems.append(text)
        return []
    document = read_yaml(text, str(file), own=file.parent == PACKAGED)
    found = list(document.problems)
    read = None
    if isinstance(document.data, dict):
        try:
            read = RuleFile.model_validate(document.data)
        except ValidationError as error:
            found += problems_of(document, error.errors(include_url=False), RuleFile)
        found += [document.problem(path, text) for path, text in [*_misplaced(document, file), *_doubled(document)]]
        if file.parent != PACKAGED and read is not None:
            found += [document.problem(path, text) for path, text in _unknown_holidays(read)]
    elif not found:
        mend = "write `jurisdiction:`, `name:` and `rules:` at the left edge"
        found.append(Problem(str(file), Place(1, 1), "", f"holds no rules; {mend}"))
    problems += in_order(found)
    return [] if found or read is None else [to_rule(rule, read.jurisdiction) for rule in read.rules]


def _written_rules(document: Document) -> Iterator[tuple[int, dict[str, object]]]:
    rules = document.data.get("rules") if isinstance(document.data, dict) else None
    for number, rule in enumerate(rules if isinstance(rules, list) else []):
        if isinstance(rule, dict):
            yield number, rule


def _misplaced(document: Document, file: Path) -> Iterator[tuple[KeyPath, str]]:
    """A file is found by its name: one that says otherwise inside would replace the wrong rules."""
    jurisdiction = document.data.get("jurisdiction") if isinstance(document.data, dict) else None
    if not isinstance(jurisdiction, str):
        return
    if jurisdiction.lower() != file.stem:
        yield ("jurisdiction",), f"is not what the file is named by; name it {jurisdiction.lower()}.yaml, or mend this"
    for number, rule in _written_rules(document):
        name = rule.get("id")
        if isinstance(name, str) and "." in name and name.partition(".")[0] != jurisdiction.lower():
            yield ("rules", number, "id"), f"{name!r} is not of {jurisdiction}; write {jurisdiction.lower()}.…"


def _doubled(document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Two rules of one id at one time: nobody could say which of them a call was judged by."""
    seen: dict[str, list[tuple[int, date, date]]] = {}
    for number, rule in _written_rules(document):
        name, times = rule.get("id"), _times(rule)
        if not isinstance(name, str) or times is None:
            continue
        for other, begin, end in seen.setdefault(name, []):
            if times[0] < end and begin < times[1]:
                line = document.place_of(("rules", other, "id")).line
                yield (
                    ("rules", number, "id"),
                    f"{name!r} in line {line} is in force at the same time; end one with `to`, or give it another id",
                )
        seen[name].append((number, *times))


def _unknown_holidays(read: RuleFile) -> Iterator[tuple[KeyPath, str]]:
    """Names that no day has in any of the years that count: such a rule would never close anything."""
    for number, rule in enumerate(read.rules):
        for place, name in enumerate(rule.holidays):
            if all(closed_days.unknown(read.jurisdiction, [name], year) for year in _YEARS):
                yield (
                    ("rules", number, "holidays", place),
                    f"{name!r} is no holiday of {read.jurisdiction} as the holidays package names them; write the name "
                    'it has there, "*" for all, or `dates`',
                )


def _times(rule: dict[str, object]) -> tuple[date, date] | None:
    """From when to when a rule is in force; None where that is not written, or wrong."""
    try:
        begin, end = read_date(rule.get("from")), read_date(rule.get("to") or date.max.isoformat())
    except ValueError:
        return None
    return (begin, end) if isinstance(begin, date) and isinstance(end, date) else None
