"""The tables. A change here needs a migration in `migrations/versions/`; a test compares the two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.ending import Disposition, EndReason
from ami_dialer.domain.enrolment import EnrolmentState, RunState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC on both databases; SQLite itself knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: their zone would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: SQLite makes a rowid alias, and so an automatic key, of INTEGER only; PostgreSQL gets 64 bits.
Key = BigInteger().with_variant(Integer, "sqlite")


def _key() -> Column[int]:
    return Column("id", Key, primary_key=True, autoincrement=True)


def _reference(name: str, to: str) -> Column[int]:
    return Column(name, Key, ForeignKey(to), nullable=False)


def _one_of(column: str, words: type[Any]) -> CheckConstraint:
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


#: Documents: what an administrator wrote, validated, as JSON. `origin` says whether it came from config.yaml.
lists = Table(
    "lists",
    metadata,
    _key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("document", JSON, nullable=False),
    #: Digest of the file that was imported last; an unchanged file is not read again.
    Column("file_digest", String(64)),
    Column("imported_at", UtcDateTime),
)

flows = Table(
    "flows",
    metadata,
    _key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("document", JSON, nullable=False),
)

campaigns = Table(
    "campaigns",
    metadata,
    _key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("document", JSON, nullable=False),
)

contacts = Table(
    "contacts",
    metadata,
    _key(),
    Column("fields", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

list_members = Table(
    "list_members",
    metadata,
    _key(),
    _reference("list_id", "lists.id"),
    _reference("contact_id", "contacts.id"),
    #: E.164 with the plus sign.
    Column("number", String(16), nullable=False),
    UniqueConstraint("list_id", "number"),
    Index(None, "contact_id"),
    Index(None, "number"),
)

runs = Table(
    "runs",
    metadata,
    _key(),
    _reference("campaign_id", "campaigns.id"),
    Column("state", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    #: The campaign's document as it was when the run began.
    Column("document", JSON, nullable=False),
    _one_of("state", RunState),
    Index(None, "campaign_id"),
)

enrolments = Table(
    "enrolments",
    metadata,
    _key(),
    _reference("run_id", "runs.id"),
    _reference("contact_id", "contacts.id"),
    Column("number", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    #: How many attempts ended, and how many of them in which way: {"busy": 2}.
    Column("attempts", Integer, nullable=False, default=0),
    Column("tries", JSON, nullable=False),
    Column("claimed_at", UtcDateTime),
    Column("last_end_reason", String(16)),
    #: What took it out, for people: the do-not-call list and its reason.
    Column("excluded_by", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    _one_of("state", EnrolmentState),
    UniqueConstraint("run_id", "number"),
    Index(None, "run_id", "state", "due_at", "id"),
    Index(None, "contact_id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(40), primary_key=True),
    _reference("run_id", "runs.id"),
    _reference("enrolment_id", "enrolments.id"),
    _reference("contact_id", "contacts.id"),
    Column("ordinal", Integer, nullable=False),
    Column("number", String(16), nullable=False),
    Column("server", String(64), nullable=False),
    Column("trunk", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("originated_at", UtcDateTime),
    Column("ringing_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("classified_at", UtcDateTime),
    Column("flow_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("amd_status", String(16)),
    Column("amd_cause", String(80)),
    Column("cause", Integer),
    Column("end_reason", String(16)),
    Column("disposition", String(20)),
    Column("detail", Text),
    _one_of("state", AttemptState),
    _one_of("end_reason", EndReason),
    _one_of("disposition", Disposition),
    CheckConstraint("(state = 'ended') = (end_reason IS NOT NULL)", name="ended_has_reason"),
    Index(None, "enrolment_id"),
    Index(None, "run_id", "disposition"),
    Index("ix_attempts_contact_id", "contact_id"),
    # What a restarted dialer asks first: what was going on? Holds living attempts only, so it stays small.
    Index(
        "ix_attempts_living",
        "server",
        sqlite_where=Column("state") != "ended",
        postgresql_where=Column("state") != "ended",
    ),
)

answers = Table(
    "answers",
    metadata,
    _key(),
    Column("attempt_id", String(40), ForeignKey("attempts.id"), nullable=False),
    Column("question", String(64), nullable=False),
    #: Empty where nothing was pressed.
    Column("digits", String(32), nullable=False),
    Column("valid", Boolean, nullable=False),
    #: 1 for the first time the question was asked.
    Column("try_number", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "attempt_id"),
)

dnc_lists = Table(
    "dnc_lists",
    metadata,
    _key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

dnc_entries = Table(
    "dnc_entries",
    metadata,
    _key(),
    _reference("list_id", "dnc_lists.id"),
    Column("number", String(16), nullable=False),
    Column("reason", String(200), nullable=False),
    #: Where it came from: `flow`, `cli`.
    Column("source", String(32), nullable=False),
    Column("attempt_id", String(40), ForeignKey("attempts.id")),
    Column("added_at", UtcDateTime, nullable=False),
    UniqueConstraint("list_id", "number"),
    Index(None, "number"),
)
