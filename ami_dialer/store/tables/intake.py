"""What came into lists: imports with their batches, fetches."""

from sqlalchemy import JSON, BigInteger, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from ami_dialer.domain.intake import BatchState, FetchState, ImportState
from ami_dialer.store.tables.columns import Key, UtcDateTime, key, metadata, one_of, reference

#: One file (or one fetch of an API) brought into a list, in batches.
imports = Table(
    "imports",
    metadata,
    key(),
    reference("list_id", "lists.id"),
    #: File name or URL, for people.
    Column("source", Text, nullable=False),
    #: Of the file and of all settings that decide what becomes of it.
    Column("digest", String(64), nullable=False),
    #: How the file was read, for people.
    Column("described", Text, nullable=False),
    Column("state", String(16), nullable=False),
    #: Lines of the file, or rows of the answer.
    Column("lines", BigInteger, nullable=False),
    #: The list's revision before it: a number that came in after it stood earlier in the same source.
    Column("since_revision", BigInteger, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("trouble", Text),
    one_of("state", ImportState),
    Index(None, "list_id"),
)

import_batches = Table(
    "import_batches",
    metadata,
    Column("import_id", Key, ForeignKey("imports.id"), primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    #: The first line of the batch, and the line after its last.
    Column("first_line", BigInteger, nullable=False),
    Column("next_line", BigInteger, nullable=False),
    #: Where reading goes on after it, as the reader wrote it; None where it cannot.
    Column("resume_at", String(100)),
    #: The list's revision that it came in with; None where that stays, whatever becomes of the import.
    Column("revision", BigInteger),
    Column("state", String(16), nullable=False),
    #: {"added": 970, "known": 10, "doubles": 5, "phone_bad": 15}
    Column("counts", JSON, nullable=False),
    Column("trouble", Text),
    Column("ended_at", UtcDateTime),
    one_of("state", BatchState),
)

#: Each time a list's API was asked.
fetches = Table(
    "fetches",
    metadata,
    key(),
    reference("list_id", "lists.id"),
    Column("at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("state", String(16), nullable=False),
    #: Campaigns that used the list then, with commas.
    Column("campaigns", Text, nullable=False),
    Column("contacts", Integer, nullable=False),
    Column("description", Text, nullable=False),
    #: Seconds that the API wanted to be left alone after it failed.
    Column("retry_after", Float),
    #: The names of the fields in the answer, sorted, as a JSON list: a change of them is warned of.
    Column("field_names", Text, nullable=False),
    #: The answer as it was, gzipped JSON; None where it failed, was too large, or is too old to be kept.
    Column("answer", LargeBinary),
    one_of("state", FetchState),
    Index(None, "list_id", "at"),
    Index(None, "at"),
)
