"""Lists, flows and campaigns as documents: what the administrator wrote, validated, kept as JSON."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.flow import Flow
from ami_dialer.config.schema import Campaign, Config
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store.database import Database
from ami_dialer.store.tables import campaigns, flows, lists

#: `origin` of a document that config.yaml declares; applied again on every start.
FROM_CONFIG = "config"


async def apply_config(database: Database, config: Config) -> None:
    """Bring the documents of config.yaml into SQL: new ones are added, changed ones replaced, none is deleted."""
    async with database.writing() as connection:
        for table, documents in ((lists, config.lists), (flows, config.flows), (campaigns, config.campaigns)):
            await _apply(connection, table, documents)


async def _apply(connection: AsyncConnection, table: Table, documents: dict[str, Any]) -> None:
    rows = await connection.execute(select(table.c.name, table.c.document))
    stored = {row.name: row.document for row in rows}
    for name, model in documents.items():
        document = as_json(model)
        if name not in stored:
            await connection.execute(insert(table).values(name=name, origin=FROM_CONFIG, document=document))
        elif stored[name] != document:
            await connection.execute(
                update(table).where(table.c.name == name).values(origin=FROM_CONFIG, document=document)
            )


def as_json(model: BaseModel) -> dict[str, Any]:
    """A document as it is stored: what was written, without defaults, so that new defaults apply to old documents."""
    return model.model_dump(mode="json", exclude_unset=True)


async def campaign_id(database: Database, name: str) -> int:
    """The key of a campaign. Raises NotFoundError that lists the names there are."""
    async with database.reading() as connection:
        found = await connection.scalar(select(campaigns.c.id).where(campaigns.c.name == name))
        if found is None:
            names = (await connection.scalars(select(campaigns.c.name).order_by(campaigns.c.name))).all()
            known = (
                f"there are: {', '.join(names)}" if names else "none is stored yet; `ami-dialer run` reads config.yaml"
            )
            raise NotFoundError(f"no campaign is named {name!r}; {known}")
    return int(found)


async def load_campaign(database: Database, name: str) -> tuple[int, Campaign]:
    """Key and document of a campaign. Raises NotFoundError."""
    key = await campaign_id(database, name)
    async with database.reading() as connection:
        document = await connection.scalar(select(campaigns.c.document).where(campaigns.c.id == key))
    return key, Campaign.model_validate(document)


async def load_campaigns(database: Database) -> dict[str, tuple[int, Campaign]]:
    """All campaigns by name."""
    async with database.reading() as connection:
        rows = await connection.execute(select(campaigns.c.name, campaigns.c.id, campaigns.c.document))
        return {name: (key, Campaign.model_validate(document)) for name, key, document in rows}


async def load_flow(database: Database, name: str) -> Flow:
    """A flow. Raises NotFoundError."""
    async with database.reading() as connection:
        document = await connection.scalar(select(flows.c.document).where(flows.c.name == name))
    if document is None:
        raise NotFoundError(f"no flow is named {name!r}")
    return Flow.model_validate(document)
