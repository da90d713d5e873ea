"""Named mappings: which column of a file is what, for lists that share it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.errors import DialerError, NotFoundError
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.documents import MADE
from ami_dialer.store.tables import lists, mappings


class MappingInUseError(DialerError):
    """Lists use the mapping."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class StoredMapping:
    """A mapping and who uses it."""

    name: str
    #: `config` or `made`.
    origin: str
    #: {our name: column}, phones in dialing order.
    columns: dict[str, str]
    #: Names of lists.
    used_by: tuple[str, ...]


async def load_mapping(database: Database, name: str) -> dict[str, str]:
    """{our name: column} of a mapping, phones in dialing order. Raises NotFoundError that names those there are."""
    async with database.reading() as connection:
        columns = await connection.scalar(select(mappings.c.document).where(mappings.c.name == name))
        if columns is None:
            raise await _no_mapping(connection, name)
    return dict(columns)


async def load_mappings(database: Database) -> dict[str, StoredMapping]:
    """All mappings by name."""
    async with database.reading() as connection:
        used = await _used(connection)
        rows = await connection.execute(
            select(mappings.c.name, mappings.c.origin, mappings.c.document).order_by(mappings.c.name)
        )
        return {
            name: StoredMapping(name, origin, dict(columns), tuple(used.get(name, ())))
            for name, origin, columns in rows
        }


async def save_mapping(database: Database, name: str, columns: Mapping[str, str]) -> bool:
    """Make a mapping at run time, or replace one that is there. Returns whether it is new."""
    document = dict(columns)
    async with database.writing() as connection:
        audit.note(connection, Entry("mapping.save", f"mapping:{name}", {"columns": document}))
        replaced = update(mappings).where(mappings.c.name == name).values(origin=MADE, document=document)
        if (await connection.execute(replaced)).rowcount:
            return False
        await connection.execute(insert(mappings).values(name=name, origin=MADE, document=document))
    return True


async def delete_mapping(database: Database, name: str) -> None:
    """Delete a mapping. Raises NotFoundError, MappingInUseError."""
    async with database.writing() as connection:
        if users := (await _used(connection)).get(name):
            whom = f"list {users[0]!r} uses" if len(users) == 1 else f"the lists {', '.join(users)} use"
            raise MappingInUseError(f"mapping {name!r} cannot be deleted: {whom} it")
        if not (await connection.execute(delete(mappings).where(mappings.c.name == name))).rowcount:
            raise await _no_mapping(connection, name)
        audit.note(connection, Entry("mapping.delete", f"mapping:{name}", {}))


async def _used(connection: AsyncConnection) -> dict[str, list[str]]:
    """The lists that use each mapping."""
    found: dict[str, list[str]] = {}
    for name, document in await connection.execute(select(lists.c.name, lists.c.document).order_by(lists.c.name)):
        if isinstance(document, dict) and isinstance(mapping := document.get("mapping"), str):
            found.setdefault(mapping, []).append(name)
    return found


async def _no_mapping(connection: AsyncConnection, name: str) -> NotFoundError:
    names = (await connection.scalars(select(mappings.c.name).order_by(mappings.c.name))).all()
    known = f"there are: {', '.join(names)}" if names else "there is none yet; `list mapping save` makes one"
    return NotFoundError(f"no mapping is named {name!r}; {known}")
