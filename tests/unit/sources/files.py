"""Files for the tests of sources, and everything that is read of them."""

from pathlib import Path

from ami_dialer.sources.rows import Position, Row, read_rows
from ami_dialer.sources.survey import Survey, survey_file


def written(folder: Path, data: bytes | str, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def surveyed(folder: Path, data: bytes | str, encoding: str | None = None) -> Survey:
    return survey_file(written(folder, data), encoding)


def all_rows(survey: Survey, start: Position | None = None, size: int = 20_000) -> list[Row]:
    return [row for batch in read_rows(survey, start, size) for row in batch.rows]


def cells_of(folder: Path, data: bytes | str, encoding: str | None = None) -> list[list[str]]:
    """The cells of all rows, none of which may be broken."""
    rows = all_rows(surveyed(folder, data, encoding))
    assert [fault for _, _, fault in rows if fault] == []
    return [cells for _, cells, _ in rows]
