"""Contacts, their phones, and the lists they are on."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from ami_dialer.store.tables.columns import Key, UtcDateTime, key, metadata

#: Where numbers are: a few hundred rows that millions of numbers refer to.
regions = Table(
    "regions",
    metadata,
    key(),
    #: ISO 3166; empty for numbers of no country.
    Column("country", String(2), nullable=False),
    #: Empty where unknown or several.
    Column("state", String(8), nullable=False),
    #: Candidate time zones, sorted, with commas; empty where unknown.
    Column("zones", Text, nullable=False),
    UniqueConstraint("country", "state", "zones"),
)

# Rows of contacts, contact_phones and list_members are written by the million. They have no foreign keys: checking one
# for every row would double the time of an import.
contacts = Table(
    "contacts",
    metadata,
    key(),
    #: The phone that is dialled first, in E.164 with the plus sign.
    Column("number", String(16), nullable=False),
    #: What the phone is: `mobile`, `work`; None where nobody said.
    Column("label", String(32)),
    Column("region_id", Key),
    Column("fields", JSON, nullable=False),
    #: The contact's own time zone (tz database), where the list names one.
    Column("time_zone", String(64)),
    #: 0 to 100; higher ones are called first.
    Column("priority", Integer, nullable=False, default=0, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
)

#: The phones of a contact after the first one, in dialing order.
contact_phones = Table(
    "contact_phones",
    metadata,
    Column("contact_id", Key, primary_key=True, autoincrement=False),
    #: 2 for the phone after the first.
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("label", String(32)),
    Column("number", String(16), nullable=False),
    Column("region_id", Key),
    Index(None, "number"),
    sqlite_with_rowid=False,
)

#: When members came in: a time for each would cost an import more than their numbers do.
list_revisions = Table(
    "list_revisions",
    metadata,
    Column("list_id", Key, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
)

# One index only is in random order, its key, and it is as narrow as can be: most of an import goes into it.
# Who looks for a number without a list asks for it in each of the lists.
list_members = Table(
    "list_members",
    metadata,
    Column("list_id", Key, primary_key=True, autoincrement=False),
    #: The contact's first number.
    Column("number", String(16), primary_key=True),
    #: 0; counts up where a list allows the same number again.
    Column("occurrence", Integer, primary_key=True, autoincrement=False, default=0, server_default="0"),
    #: Whoever looks for a contact's members goes by its number, which is theirs too.
    Column("contact_id", Key, nullable=False),
    #: The list's revision it came with; list_revisions says when.
    Column("revision", BigInteger, nullable=False),
    #: Order among those of one revision: the line in the file.
    Column("position", BigInteger, nullable=False),
    Index(None, "list_id", "revision"),
)
