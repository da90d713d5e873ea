"""Why calls were allowed: rules of law, consent, abandoned calls, and the audit trail."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from ami_dialer.store.tables.columns import Key, UtcDateTime, key, metadata

#: Versions of the rules of law. Attempts refer to the one they were judged by; none is ever changed or deleted.
rulebooks = Table(
    "rulebooks",
    metadata,
    key(),
    #: Of what the rules say.
    Column("digest", String(64), nullable=False, unique=True),
    #: Where it came from, for people: `packaged`, a folder.
    Column("origin", Text, nullable=False),
    #: The rules as JSON.
    Column("document", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    #: When it came into force last; the newest one holds.
    Column("adopted_at", UtcDateTime, nullable=False),
)

#: What people said about being called. Rows are added, never changed.
consents = Table(
    "consents",
    metadata,
    key(),
    Column("number", String(16), nullable=False),
    #: False: revoked.
    Column("granted", Boolean, nullable=False),
    #: `*`, a purpose, or `campaign:NAME`.
    Column("scope", String(80), nullable=False),
    Column("strength", String(16), nullable=False),
    Column("source", String(32), nullable=False),
    #: When the person said so.
    Column("at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("evidence", String(500), nullable=False, default="", server_default=""),
    #: Of a revocation: when the law wants it honoured at the latest, and when it was.
    Column("honour_by", UtcDateTime),
    Column("honoured_at", UtcDateTime),
    Column("attempt_id", String(40)),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index(None, "number"),
)

#: Numbers that their holders gave up, from a reassigned numbers database.
reassignments = Table(
    "reassignments",
    metadata,
    Column("number", String(16), primary_key=True),
    Column("disconnected_at", UtcDateTime, nullable=False),
    Column("source", String(100), nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
)

#: The ledger of abandonment: each call that was answered, by a person or what AMD took for a machine.
answered_calls = Table(
    "answered_calls",
    metadata,
    Column("attempt_id", String(40), ForeignKey("attempts.id"), primary_key=True),
    Column("campaign_id", Key, ForeignKey("campaigns.id"), nullable=False),
    #: When it was answered.
    Column("at", UtcDateTime, nullable=False),
    #: `connected`, `abandoned`, `left` or `machine`: domain.abandonment.AnswerOutcome.
    Column("outcome", String(16), nullable=False),
    #: From the end of the greeting to whoever or whatever talked to the person; None where nobody did.
    Column("delay_ms", Integer),
    Index(None, "campaign_id", "at"),
)

#: What somebody who listened says of calls that AMD took for a machine.
amd_reviews = Table(
    "amd_reviews",
    metadata,
    Column("attempt_id", String(40), ForeignKey("attempts.id"), primary_key=True),
    Column("person", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(100), nullable=False),
)

#: Who changed what, and each call. Chained: each hash covers the one before it.
audit_records = Table(
    "audit_records",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    #: `dialer`, or the user of the machine.
    Column("actor", String(100), nullable=False),
    #: `call`, `dnc.add`, `campaign.start`, …
    Column("action", String(40), nullable=False),
    #: What it is about: a number, `campaign:NAME`, `list:NAME`.
    Column("subject", String(200), nullable=False),
    #: The attempt of a call, so that none is recorded twice; None for anything else.
    Column("attempt_id", String(40), unique=True),
    #: JSON, as it was hashed.
    Column("detail", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "subject"),
)

#: The one row that says where the chain ends; whoever adds to it locks it.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
