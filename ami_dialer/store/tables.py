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
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.ending import Disposition, EndReason
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion, RunState
from ami_dialer.domain.intake import BatchState, FetchState, ImportState, ListState

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


_IS_GLOBAL = text("is_global")
_IS_BEGINNING = text("number LIKE '%*'")


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
    _one_of("state", ListState),
)

#: Which column of a file is what, saved under a name.
mappings = Table(
    "mappings",
    metadata,
    _key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("document", JSON, nullable=False),
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

#: Where numbers are: a few hundred rows that millions of numbers refer to.
regions = Table(
    "regions",
    metadata,
    _key(),
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
    _key(),
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
    Column("contact_id", Key, nullable=False),
    #: The list's revision it came with; list_revisions says when.
    Column("revision", BigInteger, nullable=False),
    #: Order among those of one revision: the line in the file.
    Column("position", BigInteger, nullable=False),
    Index(None, "contact_id"),
    Index(None, "list_id", "revision"),
)

#: One file (or one fetch of an API) brought into a list, in batches.
imports = Table(
    "imports",
    metadata,
    _key(),
    _reference("list_id", "lists.id"),
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
    _one_of("state", ImportState),
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
    Column("state", String(16), nullable=False),
    #: {"added": 970, "known": 10, "doubles": 5, "phone_bad": 15}
    Column("counts", JSON, nullable=False),
    Column("trouble", Text),
    Column("ended_at", UtcDateTime),
    _one_of("state", BatchState),
)

#: Each time a list's API was asked.
fetches = Table(
    "fetches",
    metadata,
    _key(),
    _reference("list_id", "lists.id"),
    Column("at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("state", String(16), nullable=False),
    #: Campaigns that used the list then, with commas.
    Column("campaigns", Text, nullable=False),
    Column("contacts", Integer, nullable=False),
    Column("description", Text, nullable=False),
    #: The names of the fields in the answer, sorted, as a JSON list: a change of them is warned of.
    Column("field_names", Text, nullable=False),
    #: The answer as it was, gzipped JSON; None where it failed, was too large, or is too old to be kept.
    Column("answer", LargeBinary),
    _one_of("state", FetchState),
    Index(None, "list_id", "at"),
    Index(None, "at"),
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

#: The lists of a run: whether what is added later is called too, and up to which revision it has been enrolled.
run_lists = Table(
    "run_lists",
    metadata,
    Column("run_id", Key, ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    Column("list_id", Key, ForeignKey("lists.id"), primary_key=True, autoincrement=False),
    Column("live", Boolean, nullable=False),
    Column("synced_revision", BigInteger, nullable=False),
    #: When contacts came in by live sync last, how many then, and how many since the start.
    Column("synced_at", UtcDateTime),
    Column("last_added", Integer, nullable=False, default=0, server_default="0"),
    Column("added", Integer, nullable=False, default=0, server_default="0"),
)

# Made by the million in one transaction, from rows of `runs` and `contacts` that are never deleted: no foreign keys.
enrolments = Table(
    "enrolments",
    metadata,
    _key(),
    Column("run_id", Key, nullable=False),
    Column("contact_id", Key, nullable=False),
    #: The phone that is dialled next.
    Column("number", String(16), nullable=False),
    #: As in list_members: above 0 where a list allows the same number again.
    Column("occurrence", Integer, nullable=False, default=0, server_default="0"),
    Column("state", String(16), nullable=False),
    #: Lower ones are called first: made of the list's and the contact's priority (store/enrolments.py).
    Column("rank", Integer, nullable=False, default=0, server_default="0"),
    Column("due_at", UtcDateTime, nullable=False),
    #: Not called any more after this moment.
    Column("expires_at", UtcDateTime),
    #: How many attempts ended, and how many of them in which way: {"busy": 2}.
    Column("attempts", Integer, nullable=False, default=0),
    Column("tries", JSON, nullable=False),
    Column("claimed_at", UtcDateTime),
    Column("last_end_reason", String(16)),
    #: What took it out: a do-not-call entry, a filter, its age.
    Column("exclusion", String(16)),
    #: The entry or the filter that did it, for people.
    Column("excluded_by", String(300)),
    Column("created_at", UtcDateTime, nullable=False),
    _one_of("state", EnrolmentState),
    _one_of("exclusion", Exclusion),
    UniqueConstraint("run_id", "number", "occurrence"),
    Index(None, "run_id", "state", "rank", "due_at", "id"),
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
    Index(None, "number", "ended_at"),
    Index(None, "ended_at"),
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
    _key(),
    _reference("list_id", "dnc_lists.id"),
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
