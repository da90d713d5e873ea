"""The files that the rules of this folder are about."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Folders that hold no source of ours.
_FOREIGN = {"var", "build", "dist", "results"}


def python_files(*folders: str) -> list[Path]:
    """Every Python file below the folders, in order."""
    return [file for folder in folders for file in below(ROOT / folder, ".py")]


def below(folder: Path, suffix: str) -> list[Path]:
    """Every file of ours with this ending; what a build or a run left behind is not ours."""
    found = []
    for file in sorted(folder.rglob(f"*{suffix}")):
        parts = file.relative_to(ROOT).parts
        if not any(part.startswith(".") and part != ".ci" for part in parts) and not _FOREIGN & set(parts):
            found.append(file)
    return found


def name_of(file: Path) -> str:
    """The path as people write it, from the top of the tree."""
    return file.relative_to(ROOT).as_posix()


def imported(file: Path) -> Iterator[str]:
    """The top-level names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]
