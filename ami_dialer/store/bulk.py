"""Many rows at once, past what SQLAlchemy does for each: how the two databases take them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def is_sqlite(connection: AsyncConnection) -> bool:
    """Whether it is that of the two."""
    return connection.dialect.name == "sqlite"


def insert_into(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The database's own INSERT, which knows `ON CONFLICT`."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)


def handed(connection: AsyncConnection, numbers: Collection[str]) -> tuple[str, object]:
    """Many numbers in one parameter, `:numbers`: the table `given` with its column `value`, and the parameter."""
    if is_sqlite(connection):
        return "json_each(:numbers) AS given", orjson.dumps(list(numbers)).decode()
    return "unnest(CAST(:numbers AS varchar[])) AS given(value)", list(numbers)


def stored(connection: AsyncConnection, moment: datetime | None) -> Any:  # noqa: ANN401 - as the driver takes it
    """A moment as the driver takes it where SQLAlchemy's types are passed by: text in SQLite."""
    if moment is None or not is_sqlite(connection):
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


async def insert_rows(
    connection: AsyncConnection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]], conflict: str = ""
) -> None:
    """Insert many rows the quickest way there is: by the driver itself, each made when it is its turn.

    Times must be as `stored` makes them, JSON must be text. `conflict` is an `ON CONFLICT` clause, which PostgreSQL's
    COPY does not know. Raises what the driver raises.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if is_sqlite(connection):
        places = ", ".join("?" * len(columns))
        await driver.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) {conflict}",  # noqa: S608 - names of our own
            rows,
        )
    else:
        await driver.copy_records_to_table(table, records=rows, columns=list(columns))
