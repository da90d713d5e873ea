"""Do-not-call lists."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, String, Table, UniqueConstraint, false, text

from ami_dialer.store.tables.columns import UtcDateTime, key, metadata, reference

_IS_GLOBAL = text("is_global")
_IS_BEGINNING = text("number LIKE '%*'")

dnc_lists = Table(
    "dnc_lists",
    metadata,
    key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("origin", String(16), nullable=False, default="made", server_default="made"),
    Column("description", String(200), nullable=False, default="", server_default=""),
    #: The one list that counts for every campaign.
    Column("is_global", Boolean, nullable=False, default=False, server_default=false()),
    #: Raised with every entry, as that of `lists`.
    Column("revision", BigInteger, nullable=False, default=0, server_default="0"),
    #: Digest of the file that was imported last.
    Column("file_digest", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime),
    Index("ix_dnc_lists_global", "is_global", unique=True, sqlite_where=_IS_GLOBAL, postgresql_where=_IS_GLOBAL),
)

dnc_entries = Table(
    "dnc_entries",
    metadata,
    key(),
    reference("list_id", "dnc_lists.id"),
    #: E.164, or the beginning of numbers with an asterisk: `+1900*`.
    Column("number", String(17), nullable=False),
    Column("reason", String(200), nullable=False),
    #: Where it came from: `flow`, `cli`, `file`, `disposition`, `unanswered`, `inbound`, `api`.
    Column("source", String(32), nullable=False),
    Column("attempt_id", String(40), ForeignKey("attempts.id")),
    Column("added_at", UtcDateTime, nullable=False),
    #: Forbids nothing from this moment on; None: for ever.
    Column("expires_at", UtcDateTime),
    #: Taken off again; the row stays as the record of it.
    Column("removed_at", UtcDateTime),
    Column("revision", BigInteger, nullable=False, default=0, server_default="0"),
    UniqueConstraint("list_id", "number"),
    Index(None, "number"),
    Index(None, "list_id", "revision"),
    # The beginnings, of which there are few: what lengths they have is asked before every scrub.
    Index("ix_dnc_entries_beginnings", "number", sqlite_where=_IS_BEGINNING, postgresql_where=_IS_BEGINNING),
)
