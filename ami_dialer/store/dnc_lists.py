"""The do-not-call lists themselves: made, marked as the global one, counted, deleted. Their entries are in `dnc`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Config
from ami_dialer.domain.enrolment import GOING_ON
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import audit, dnc
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.documents import FROM_CONFIG
from ami_dialer.store.tables import campaigns, dnc_entries, dnc_lists, runs

#: Entries deleted in one transaction: so long others wait.
_AT_ONCE = 20_000
#: What migration 0002 says of the global list it makes: not true any more once another is marked.
_OF_GLOBAL = "counts for every campaign"


class InUseError(DialerError):
    """A do-not-call list that is heeded cannot be deleted."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class DncList:
    """A do-not-call list and who heeds it."""

    name: str
    description: str
    #: `config` or `made`.
    origin: str
    is_global: bool
    #: Those that forbid a number now.
    entries: int
    #: That name it; the global one counts for all others too.
    campaigns: list[str]
    created_at: datetime
    #: When an entry came or went.
    changed_at: datetime | None
    file_digest: str | None


async def load_lists(database: Database, now: datetime) -> list[DncList]:
    """Every list, the global one first, then by name."""
    counted = select(dnc_entries.c.list_id, func.count()).where(dnc.forbids(now)).group_by(dnc_entries.c.list_id)
    async with database.reading() as connection:
        rows = (await connection.execute(select(dnc_lists).order_by(dnc_lists.c.name))).all()
        counts: dict[int, int] = {row[0]: row[1] for row in await connection.execute(counted)}
        named = await _named(connection)
    found = [
        DncList(
            row.name,
            "" if row.description == _OF_GLOBAL and not row.is_global else row.description,
            row.origin,
            row.is_global,
            counts.get(row.id, 0),
            sorted(campaign for campaign, lists in named.items() if row.name in lists),
            row.created_at,
            row.updated_at,
            row.file_digest,
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: not each.is_global)


async def _named(connection: AsyncConnection) -> dict[str, set[str]]:
    """The lists that each campaign names. Read leniently: another version's document names them alike."""
    return {
        name: lists_of(document)
        for name, document in await connection.execute(select(campaigns.c.name, campaigns.c.document))
    }


def lists_of(document: dict[str, Any]) -> set[str]:
    """The do-not-call lists of a campaign's document as it is stored: without what was not written."""
    opt_outs = document.get("opt_out_list") or Campaign.model_fields["opt_out_list"].default
    return {opt_outs, *(document.get("dnc") or [opt_outs])}


async def load_marks(database: Database) -> dict[str, bool]:
    """Every list, and whether it is the global one."""
    async with database.reading() as connection:
        rows = await connection.execute(select(dnc_lists.c.name, dnc_lists.c.is_global))
        return {row.name: row.is_global for row in rows}


async def create(database: Database, name: str, description: str, now: datetime) -> None:
    """Make a list. Raises DialerError when there is one of that name."""
    if name in await dnc.list_names(database):
        raise DialerError(f"there is a do-not-call list {name!r} already")
    key = await dnc.ensure_list(database, name, now)
    await _describe(database, key, {"description": description})


async def mark_global(database: Database, name: str, *, marked: bool = True) -> str | None:
    """Make a list the global one, instead of the one that was; that one's name. Raises NotFoundError.

    Not `marked`: it is the global one no more, and none is.
    """
    key = await dnc.list_key(database, name)
    async with database.writing() as connection:
        before = await _mark(connection, key, marked=marked)
        if before != (name if marked else None):
            audit.note(connection, Entry("dnc.global", f"dnc:{name}", {"marked": marked, "before": before}))
        return before


async def _describe(database: Database, key: int, values: dict[str, str]) -> None:
    """Set what is said of a list, where it is not so already."""
    differs = or_(*(dnc_lists.c[name] != value for name, value in values.items()))
    async with database.writing() as connection:
        changed = update(dnc_lists).where(dnc_lists.c.id == key, differs).values(values)
        name = await connection.scalar(changed.returning(dnc_lists.c.name))
        if name is not None:
            audit.note(connection, Entry("dnc.change", f"dnc:{name}", values))


async def _mark(connection: AsyncConnection, key: int, *, marked: bool) -> str | None:
    unmark = update(dnc_lists).where(dnc_lists.c.is_global).values(is_global=False)
    if not marked:
        unmark = unmark.where(dnc_lists.c.id == key)
    before: str | None = await connection.scalar(unmark.returning(dnc_lists.c.name))
    if marked:
        await connection.execute(update(dnc_lists).where(dnc_lists.c.id == key).values(is_global=True))
    return before


async def apply_config(database: Database, config: Config, now: datetime) -> None:
    """Make the lists that config.yaml declares and the one it names as global. Entries are imported by others."""
    wanted = config.do_not_call.global_list
    for name, settings in config.dnc_lists.items():
        key = await dnc.ensure_list(database, name, now)
        await _describe(database, key, {"origin": FROM_CONFIG, "description": settings.description})
    if wanted is not None:
        await dnc.ensure_list(database, wanted, now)
        await mark_global(database, wanted)


async def file_digest(database: Database, key: int) -> str | None:
    """Digest of the file that was imported into the list last."""
    async with database.reading() as connection:
        found: str | None = await connection.scalar(select(dnc_lists.c.file_digest).where(dnc_lists.c.id == key))
    return found


async def keep_digest(database: Database, key: int, digest: str, file: str = "") -> None:
    """Note which file was imported into the list last."""
    async with database.writing() as connection:
        kept = update(dnc_lists).where(dnc_lists.c.id == key).values(file_digest=digest)
        name = await connection.scalar(kept.returning(dnc_lists.c.name))
        audit.note(connection, Entry("dnc.import", f"dnc:{name}", {"file": file, "digest": digest}))


async def users(database: Database, name: str, config: Config) -> list[str]:
    """Who heeds a list or writes to it, for people; nobody may delete it then."""
    async with database.reading() as connection:
        is_global = await connection.scalar(select(dnc_lists.c.is_global).where(dnc_lists.c.name == name))
        named = await _named(connection)
        running = select(runs.c.id, campaigns.c.name, runs.c.document).join(
            campaigns, campaigns.c.id == runs.c.campaign_id
        )
        living = (await connection.execute(running.where(runs.c.state.in_(GOING_ON)))).all()
    found = ["it is the global list (mark another one first: ami-dialer dnc global LIST)"] if is_global else []
    found += [f"campaign {campaign!r}" for campaign, lists in sorted(named.items()) if name in lists]
    found += [f"run {run} of campaign {campaign!r}" for run, campaign, doc in living if name in lists_of(doc)]
    found += _config_users(name, config)
    return found


def _config_users(name: str, config: Config) -> Iterable[str]:
    if name in config.dnc_lists:
        yield "config.yaml declares it under dnc_lists"
    if name == config.do_not_call.global_list:
        yield "config.yaml names it as do_not_call.global_list"
    line = config.do_not_call.opt_out_line
    if name == line.list:
        named = "list" in line.model_fields_set
        what = "do_not_call.opt_out_line.list"
        yield f"config.yaml names it as {what}" if named else f"it is {what} by default (config.yaml may name another)"


async def delete_list(database: Database, name: str, config: Config) -> int:
    """Delete a list with its entries; how many those were. Raises NotFoundError, InUseError.

    In several transactions, the list's own last: cut off in the middle, it is done again.
    """
    key = await dnc.list_key(database, name)
    by = await users(database, name, config)
    if by:
        raise InUseError(f"do-not-call list {name!r} is in use and stays: {'; '.join(by)}")
    some = text("DELETE FROM dnc_entries WHERE id IN (SELECT id FROM dnc_entries WHERE list_id = :key LIMIT :some)")
    deleted = 0
    while True:
        async with database.writing() as connection:
            gone = (await connection.execute(some, {"key": key, "some": _AT_ONCE})).rowcount
            deleted += gone
            audit.note(connection, Entry("dnc.delete", f"dnc:{name}", {"entries": gone, "whole": gone < _AT_ONCE}))
            if gone < _AT_ONCE:
                await connection.execute(delete(dnc_lists).where(dnc_lists.c.id == key))
                return deleted
