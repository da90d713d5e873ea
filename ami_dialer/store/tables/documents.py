"""Documents: what an administrator wrote, validated, as JSON. `origin` says whether it came from config.yaml."""

from sqlalchemy import JSON, BigInteger, Column, String, Table, Text

from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.domain.intake import ListState
from ami_dialer.store.tables.columns import UtcDateTime, key, metadata, one_of

lists = Table(
    "lists",
    metadata,
    key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("document", JSON, nullable=False),
    Column("state", String(16), nullable=False, default=ListState.VALIDATED, server_default=ListState.VALIDATED),
    #: Why it is invalid, for people.
    Column("trouble", Text),
    #: Raised whenever members come in, in their own transaction (store/revisions.py): what came after a look at the
    #: list is found by it, which a key cannot promise on PostgreSQL (keys are given before the commit).
    Column("revision", BigInteger, nullable=False, default=0, server_default="0"),
    #: Digest of the file that was imported last; an unchanged file is not read again.
    Column("file_digest", String(64)),
    Column("imported_at", UtcDateTime),
    #: When an API was asked last, so that its interval outlives a restart.
    Column("fetched_at", UtcDateTime),
    one_of("state", ListState),
)

#: Which column of a file is what, saved under a name.
mappings = Table(
    "mappings",
    metadata,
    key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("document", JSON, nullable=False),
)

flows = Table(
    "flows",
    metadata,
    key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("document", JSON, nullable=False),
)

campaigns = Table(
    "campaigns",
    metadata,
    key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("document", JSON, nullable=False),
    #: Moved by the table of domain/campaign.py alone.
    Column("status", String(16), nullable=False, default=CampaignStatus.DRAFT, server_default=CampaignStatus.DRAFT),
    #: Why it failed, for people.
    Column("trouble", Text),
    #: The first start of its schedule that is still to be made; None: no schedule, none left, or taken off it.
    Column("next_start_at", UtcDateTime),
    #: Digest of the schedule that was put into force last, so that one that was taken off stays so.
    Column("schedule_digest", String(64)),
    one_of("status", CampaignStatus),
)
