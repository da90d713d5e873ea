"""Lists, mappings, flows and campaigns as documents: what the administrator wrote, validated, kept as JSON."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.flow import Flow
from ami_dialer.config.lists import ContactList
from ami_dialer.config.messages import problems_of
from ami_dialer.config.schema import Config
from ami_dialer.config.yaml_lines import Document
from ami_dialer.domain.changes import changes, digest
from ami_dialer.domain.errors import NotFoundError, StoreError
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.campaigns import not_found
from ami_dialer.store.database import Database
from ami_dialer.store.settings import note_settings
from ami_dialer.store.tables import campaigns, flows, lists, mappings

#: `origin` of a document that config.yaml declares; applied again on every start.
FROM_CONFIG = "config"
#: `origin` of a document that was made at run time; config.yaml leaves it alone, until it declares one of that name.
MADE = "made"

_Model = TypeVar("_Model", bound=BaseModel)

#: Where each kind of document stands in config.yaml, and what it is called.
_SECTIONS: dict[type[BaseModel], tuple[str, str]] = {
    Campaign: ("campaigns", "campaign"),
    ContactList: ("lists", "list"),
    Flow: ("flows", "flow"),
}


class OutdatedDocumentError(StoreError):
    """A document was stored by another version, and this one cannot read it."""


async def apply_config(database: Database, config: Config) -> None:
    """Bring the documents of config.yaml into SQL: new ones are added, changed ones replaced, none is deleted.

    One that was made at run time is taken over, with all that belongs to it, once config.yaml declares its name.
    """
    async with database.writing() as connection:
        for word, table, documents in (
            ("mapping", mappings, config.mappings),
            ("list", lists, config.lists),
            ("flow", flows, config.flows),
            ("campaign", campaigns, config.campaigns),
        ):
            await _apply(connection, word, table, documents)
        await note_settings(connection, config)


async def _apply(connection: AsyncConnection, word: str, table: Table, documents: dict[str, Any]) -> None:
    rows = await connection.execute(select(table.c.name, table.c.origin, table.c.document))
    stored = {row.name: (row.origin, row.document) for row in rows}
    for name, written in documents.items():
        document = as_json(written) if isinstance(written, BaseModel) else written
        if stored.get(name) != (FROM_CONFIG, document):
            audit.note(connection, *_changed(f"{word}:{name}", stored.get(name), document))
        if name not in stored:
            await connection.execute(insert(table).values(name=name, origin=FROM_CONFIG, document=document))
        elif stored[name] != (FROM_CONFIG, document):
            await connection.execute(
                update(table).where(table.c.name == name).values(origin=FROM_CONFIG, document=document)
            )


def _changed(subject: str, before: tuple[str, Any] | None, document: dict[str, Any]) -> list[Entry]:
    """What the audit trail says of a document that comes from config.yaml anew or changed."""
    origin, old = (None, {}) if before is None else before
    old = old if isinstance(old, dict) else {}
    detail = {
        "before": None if before is None else digest(old),
        "after": digest(document),
        "changes": changes(old, document),
        **({"taken_over": True} if origin == MADE else {}),
    }
    entries = [Entry("config.add" if before is None else "config.change", subject, detail)]
    exemptions, then = document.get("exemptions") or [], old.get("exemptions") or []
    entries += [Entry("campaign.exempt", subject, each) for each in exemptions if each not in then]
    entries += [Entry("campaign.unexempt", subject, each) for each in then if each not in exemptions]
    return entries


def as_json(model: BaseModel) -> dict[str, Any]:
    """A document as it is stored: what was written, without defaults, so that new defaults apply to old documents."""
    return model.model_dump(mode="json", exclude_unset=True, by_alias=True)


def read_document(model: type[_Model], name: str, stored: object, *, run: int | None = None) -> _Model:
    """A document as it comes out of SQL; `run` is the key of the run that kept it, where it is one's own.

    Raises OutdatedDocumentError, which names each field that this version does not take.
    """
    try:
        return model.model_validate(stored)
    except ValidationError as error:
        section, word = _SECTIONS[model]
        errors = error.errors(include_url=False)
        for each in errors:
            each["loc"] = (section, name, *each["loc"])
        found = "; ".join(f"{each.key}: {each.message}" for each in problems_of(Document(""), errors))
        if run is None:
            whose = f"{word} {name!r}"
            mend = f"write it anew under `{section}:` in config.yaml and start `ami-dialer run`"
        else:
            whose = f"run {run} of {word} {name!r}"
            mend = f"go back to the version that started it, or begin a new run: ami-dialer campaign rerun {name}"
        raise OutdatedDocumentError(f"{whose} was stored by another version: {found}; {mend}") from error


def legible_part(stored: object) -> Campaign:
    """Of a campaign that another version stored what this one can read; nobody is called by it."""
    gone = {"lists": ["gone"], "trunks": ["gone"], "dialplan": "gone"}
    ways = {"flow", "agents", "queue", "sessions", "dialing"}  # whom calls are handed to, beside `dialplan`
    own = {"live", "filter", "schedule", *ways, *gone}
    data = {key: value for key, value in stored.items() if key not in own} if isinstance(stored, dict) else {}
    while True:
        try:
            return Campaign.model_validate({**data, **gone})
        except ValidationError as error:
            wrong = {each["loc"][0] for each in error.errors(include_url=False) if each["loc"]}
            data = {key: value for key, value in data.items() if key not in wrong} if wrong & data.keys() else {}


async def campaign_id(database: Database, name: str) -> int:
    """The key of a campaign. Raises NotFoundError that lists the names there are."""
    async with database.reading() as connection:
        found = await connection.scalar(select(campaigns.c.id).where(campaigns.c.name == name))
        if found is None:
            raise await not_found(connection, name)
    return int(found)


async def load_campaign(database: Database, name: str) -> tuple[int, Campaign]:
    """Key and document of a campaign. Raises NotFoundError, OutdatedDocumentError."""
    key = await campaign_id(database, name)
    async with database.reading() as connection:
        document = await connection.scalar(select(campaigns.c.document).where(campaigns.c.id == key))
    return key, read_document(Campaign, name, document)


async def campaign_names(database: Database) -> list[str]:
    """The campaigns there are."""
    async with database.reading() as connection:
        return list(await connection.scalars(select(campaigns.c.name).order_by(campaigns.c.id)))


async def names(database: Database) -> tuple[list[str], list[str]]:
    """The lists and the flows there are."""
    async with database.reading() as connection:
        known = list(await connection.scalars(select(lists.c.name).order_by(lists.c.name)))
        return known, list(await connection.scalars(select(flows.c.name).order_by(flows.c.name)))


async def load_flow(database: Database, name: str) -> Flow:
    """A flow. Raises NotFoundError, OutdatedDocumentError."""
    async with database.reading() as connection:
        document = await connection.scalar(select(flows.c.document).where(flows.c.name == name))
    if document is None:
        raise NotFoundError(f"no flow is named {name!r}")
    return read_document(Flow, name, document)
