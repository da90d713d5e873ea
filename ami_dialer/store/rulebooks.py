"""Versions of the rules of law: each one that was ever in force is kept, as attempts refer to the one they had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.rulebook import StoredRulesError, from_json, load, to_json
from ami_dialer.domain.errors import ConfigError, NotFoundError, StoreError
from ami_dialer.domain.rulebook import Rulebook
from ami_dialer.store.audit import Entry, note
from ami_dialer.store.bulk import insert_into
from ami_dialer.store.database import Database
from ami_dialer.store.tables import rulebooks

#: `origin` of the rules that came with this package, and nothing else.
PACKAGED = "packaged"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CurrentRules:
    """The rules that calls are judged by."""

    #: Of the row in `rulebooks`.
    id: int
    rulebook: Rulebook
    #: Why these are not the ones of the files; None where they are.
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the rules, for people."""

    id: int
    digest: str
    #: `packaged`, or the administrator's folder.
    origin: str
    #: When it was adopted first, and last.
    created_at: datetime
    adopted_at: datetime
    #: Whether it holds.
    in_force: bool


async def current(database: Database, folder: Path | None, now: datetime) -> CurrentRules:
    """The rules of the files, adopted; where the files hold a mistake, those adopted last, else the packaged ones.

    A mistake is logged as an error. Raises StoreError.
    """
    try:
        rulebook = load(folder)
    except ConfigError as error:
        found = await _instead(database, str(error), now)
        log.error("rules_not_taken", rules=str(folder), kept=found.id, why=found.trouble)
        return found
    origin = PACKAGED if folder is None else str(folder)
    return CurrentRules(await adopt(database, rulebook, origin, now), rulebook, None)


async def _instead(database: Database, mistakes: str, now: datetime) -> CurrentRules:
    try:
        held = await in_force(database)
    except StoreError as error:  # kept by another version, in other words
        held, mistakes = None, f"{mistakes}\n{error}"
    if held is not None:
        key, rulebook = held
        return CurrentRules(key, rulebook, f"{mistakes}\nversion {key} of the rules stays in force")
    rulebook = load(None)
    key = await adopt(database, rulebook, PACKAGED, now)
    return CurrentRules(key, rulebook, f"{mistakes}\nthe packaged rules are in force (version {key})")


async def adopt(database: Database, rulebook: Rulebook, origin: str, now: datetime) -> int:
    """Bring rules into force; returns their key. Rules that say the same have one row, however often they come back."""
    async with database.writing() as connection:
        before = await _newest(connection)
        await connection.execute(
            insert_into(connection, rulebooks)
            .values(digest=rulebook.digest, origin=origin, document=to_json(rulebook), created_at=now, adopted_at=now)
            .on_conflict_do_nothing(index_elements=["digest"])
        )
        key = await connection.scalar(select(rulebooks.c.id).where(rulebooks.c.digest == rulebook.digest))
        assert key is not None, "it was inserted above, or before"  # noqa: S101
        if before == key:
            return int(key)
        if before is not None:
            # A clock that was put back must not bring the version before into force again.
            newest = await connection.scalar(select(func.max(rulebooks.c.adopted_at)).where(rulebooks.c.id != key))
            moment = now if newest is None or newest < now else _after(newest)
            await connection.execute(update(rulebooks).where(rulebooks.c.id == key).values(adopted_at=moment))
        note(
            connection,
            Entry("rules.adopt", f"rules:{key}", {"digest": rulebook.digest, "origin": origin, "before": before}),
        )
    return int(key)


def _after(moment: datetime) -> datetime:
    return moment + datetime.resolution


async def in_force(database: Database) -> tuple[int, Rulebook] | None:
    """Key and rules of the version adopted last; None where none ever was. Raises StoreError."""
    async with database.reading() as connection:
        key = await _newest(connection)
    return None if key is None else (key, await get(database, key))


async def get(database: Database, key: int) -> Rulebook:
    """The rules of one version. Raises NotFoundError, StoreError."""
    async with database.reading() as connection:
        document = await connection.scalar(select(rulebooks.c.document).where(rulebooks.c.id == key))
    if document is None:
        known = ", ".join(str(version.id) for version in await versions(database)) or "none yet"
        raise NotFoundError(f"there is no version {key} of the rules; there are: {known}")
    try:
        return from_json(document)
    except StoredRulesError as error:
        raise StoreError(f"version {key} of the rules: {error}") from error


async def versions(database: Database) -> Sequence[Version]:
    """All versions there ever were, the newest first."""
    newest_first = (rulebooks.c.adopted_at.desc(), rulebooks.c.id.desc())
    columns = [column for column in rulebooks.c if column.name != "document"]
    async with database.reading() as connection:
        rows = (await connection.execute(select(*columns).order_by(*newest_first))).all()
    return [
        Version(row.id, row.digest, row.origin, row.created_at, row.adopted_at, in_force=place == 0)
        for place, row in enumerate(rows)
    ]


async def _newest(connection: AsyncConnection) -> int | None:
    newest_first = (rulebooks.c.adopted_at.desc(), rulebooks.c.id.desc())
    key = await connection.scalar(select(rulebooks.c.id).order_by(*newest_first).limit(1))
    return None if key is None else int(key)
