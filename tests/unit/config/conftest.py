from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from ami_dialer.config.load import Examination, examine

#: The smallest configuration that is in order; tests put their mistakes below or in its place.
GOOD = """\
servers:
  pbx: {secret: s3cret}
trunks:
  out: {server: pbx, dial: "PJSIP/{number}@carrier"}
lists:
  people: {file: people.csv}
flows:
  hello:
    steps:
      start: [{play: hello}]
"""


@pytest.fixture
def good() -> str:
    return GOOD


@pytest.fixture
def looked_at(tmp_path: Path) -> Callable[..., Examination]:
    """Writes a text to config.yaml and examines it; `environ` is the environment of the process."""

    def look(text: str, *, below: bool = False, **environ: str) -> Examination:
        file = tmp_path / "config.yaml"
        file.write_text(GOOD + dedent(text) if below else dedent(text), encoding="utf-8")
        return examine(file, environ)

    return look


@pytest.fixture
def problems_in(looked_at: Callable[..., Examination], tmp_path: Path) -> Callable[..., list[str]]:
    """The problems in a text, as the user reads them but without the folder of the file."""

    def problems(text: str, **options: object) -> list[str]:
        return [str(problem).removeprefix(f"{tmp_path}/") for problem in looked_at(text, **options).problems]

    return problems
