"""One thing that is wrong with a configuration, and where."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

#: The way to a value: keys and list positions from the top of the file.
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the file; lines and columns count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where, and what to write instead; `str()` gives the one line that people read."""

    file: str
    #: None where the file as a whole is meant.
    place: Place | None
    #: The key's path, as `campaigns.survey.lists[0]`; empty where the text itself is broken.
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.place.line}:{self.place.column}" if self.place else self.file
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"

    def as_dict(self) -> dict[str, str | int | None]:
        """For `--json`."""
        return {
            "file": self.file,
            "line": self.place.line if self.place else None,
            "column": self.place.column if self.place else None,
            "key": self.key,
            "message": self.message,
        }


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, from the top of the file to its end."""
    return tuple(
        sorted(
            dict.fromkeys(problems),
            key=lambda problem: (problem.place.line, problem.place.column) if problem.place else (0, 0),
        )
    )


def key_text(path: Path) -> str:
    """A path as people write it; keys that hold anything odd are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = step.isprintable() and step and not set(step) & set(" :'\"")
            text += ("." if text else "") + (step if plain else repr(step))
    return text


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where something is near, else what there is to choose from."""
    choices = [key_text((word,)) for word in known]
    close = difflib.get_close_matches(word.lower().replace("-", "_"), choices, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known here: {', '.join(choices)}" if choices else ""


def several(found: list[tuple[Path, str]]) -> PydanticCustomError:
    """One error for all that a validator finds, each with its path from the section it is in."""
    return PydanticCustomError("several", "{text}", {"text": _told(found), "found": found})


def of_section(found: list[tuple[Path, str]]) -> PydanticCustomError:
    """The same for the validator of a field that checks its whole section: paths are from the section around it.

    Such a check stands in the validator of the last field that it reads. A validator of the model would run only
    where every field of the section is in order, and its finding would be told a round later than the others.
    """
    return PydanticCustomError("of_section", "{text}", {"text": _told(found), "found": found})


def _told(found: list[tuple[Path, str]]) -> str:
    return "; ".join(f"{key_text(path)}: {message}" if path else message for path, message in found)
