"""Where campaigns stand. Their status is moved by the table of domain/campaign.py alone, behind a lock on the row."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.campaign import CampaignAction, CampaignStatus, advance
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.tables import campaigns


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign as it stands; its document as it is stored, which another version may have done."""

    id: int
    name: str
    #: `config` or `made`, as in store/documents.py.
    origin: str
    document: Any
    status: CampaignStatus
    #: Why it failed, for people.
    trouble: str | None
    #: The first start of its schedule that is still to be made.
    next_start_at: datetime | None
    schedule_digest: str | None


def _query() -> Select[Any]:
    return select(
        campaigns.c.id,
        campaigns.c.name,
        campaigns.c.origin,
        campaigns.c.document,
        campaigns.c.status,
        campaigns.c.trouble,
        campaigns.c.next_start_at,
        campaigns.c.schedule_digest,
    )


def _as_standing(row: Row[Any]) -> Standing:
    key, name, origin, document, status, *rest = tuple(row)
    return Standing(key, name, origin, document, CampaignStatus(status), *rest)


async def locked(connection: AsyncConnection, key: int) -> Standing:
    """A campaign; nobody else moves it before the transaction ends (SQLite has one writer anyhow)."""
    row = (await connection.execute(_query().where(campaigns.c.id == key).with_for_update())).one()
    return _as_standing(row)


async def named(connection: AsyncConnection, name: str) -> Standing:
    """The same by its name. Raises NotFoundError that lists the names there are."""
    row = (await connection.execute(_query().where(campaigns.c.name == name).with_for_update())).first()
    if row is None:
        raise await not_found(connection, name)
    return _as_standing(row)


async def not_found(connection: AsyncConnection, name: str) -> NotFoundError:
    """That there is no campaign of this name, and which there are."""
    names = (await connection.scalars(select(campaigns.c.name).order_by(campaigns.c.name))).all()
    known = f"there are: {', '.join(names)}" if names else "none is stored yet; `ami-dialer run` reads config.yaml"
    return NotFoundError(f"no campaign is named {name!r}; {known}")


async def standing(database: Database, name: str) -> Standing:
    """How a campaign stands. Raises NotFoundError."""
    async with database.reading() as connection:
        row = (await connection.execute(_query().where(campaigns.c.name == name))).first()
        if row is None:
            raise await not_found(connection, name)
        return _as_standing(row)


async def standings(database: Database, statuses: Collection[CampaignStatus] | None = None) -> list[Standing]:
    """How all campaigns stand, or those with one of these statuses."""
    query = _query().order_by(campaigns.c.id)
    if statuses is not None:
        query = query.where(campaigns.c.status.in_(statuses))
    async with database.reading() as connection:
        return [_as_standing(row) for row in await connection.execute(query)]


async def move(
    connection: AsyncConnection,
    standing: Standing,
    action: CampaignAction,
    *,
    trouble: str | None = None,
    **values: object,
) -> CampaignStatus:
    """Move a campaign on, in the transaction that holds its row, and write further values. Returns its status.

    A run that ends while starts of its schedule are left leads back to SCHEDULED. Raises IllegalActionError.
    """
    status = advance(standing.name, standing.status, action)
    left = values.get("next_start_at", standing.next_start_at)
    if left is not None and status in {CampaignStatus.COMPLETED, CampaignStatus.STOPPED}:
        status = advance(standing.name, status, CampaignAction.SCHEDULE)
    if status is CampaignStatus.FAILED and trouble is None:
        trouble = standing.trouble
    await write(connection, standing.id, status=status, trouble=trouble, **values)
    return status


async def write(connection: AsyncConnection, key: int, **values: object) -> None:
    """Change a campaign's row."""
    await connection.execute(update(campaigns).where(campaigns.c.id == key).values(**values))


async def archive(database: Database, name: str, now: datetime) -> None:
    """Put a campaign away. Raises NotFoundError, IllegalActionError."""
    async with database.writing() as connection:
        stands = await named(connection, name)
        await move(connection, stands, CampaignAction.ARCHIVE, next_start_at=None)
        note(connection, "campaign.archive", stands, {"was": stands.status}, now)


async def restore(database: Database, name: str, now: datetime) -> None:
    """Bring an archived campaign back, as a draft off its schedule. Raises NotFoundError, IllegalActionError."""
    async with database.writing() as connection:
        stands = await named(connection, name)
        await move(connection, stands, CampaignAction.RESTORE)
        note(connection, "campaign.restore", stands, {}, now)


def note(connection: AsyncConnection, action: str, standing: Standing, detail: dict[str, Any], now: datetime) -> None:
    """Record what was done to a campaign."""
    audit.note(connection, Entry(action, f"campaign:{standing.name}", detail, now))
