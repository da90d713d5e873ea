"""Runs, who is enrolled in them, each attempt and what was answered."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
)

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.callback import CallbackSource, CallbackState
from ami_dialer.domain.ending import Disposition, EndReason
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion, RunState
from ami_dialer.store.tables.columns import Key, UtcDateTime, key, metadata, one_of, reference

runs = Table(
    "runs",
    metadata,
    key(),
    reference("campaign_id", "campaigns.id"),
    Column("state", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    #: The campaign's document as it was when the run began; a resume takes anew what may change in a run.
    Column("document", JSON, nullable=False),
    #: The start of the campaign's schedule that began it; None where somebody did.
    Column("scheduled_at", UtcDateTime),
    #: Its schedule ends it then.
    Column("ends_at", UtcDateTime),
    #: Why it ended, where neither its last contact nor a stop did it: for people.
    Column("why", Text),
    #: It goes before all others, and its campaign's own hours and limit of calls do not bind. The exemption that allows
    #: it holds in the other runs of the campaign too.
    Column("emergency", Boolean, nullable=False, default=False, server_default=false()),
    one_of("state", RunState),
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
    key(),
    Column("run_id", Key, nullable=False),
    Column("contact_id", Key, nullable=False),
    #: The phone that is dialled next.
    Column("number", String(16), nullable=False),
    #: As in list_members: above 0 where a list allows the same number again.
    Column("occurrence", Integer, nullable=False, default=0, server_default="0"),
    Column("state", String(16), nullable=False),
    #: Lower ones are called first: made of the list's and the contact's priority and of the last result; 0 is a
    #: callback (domain/rank.py).
    Column("rank", Integer, nullable=False, default=0, server_default="0"),
    Column("due_at", UtcDateTime, nullable=False),
    #: Not called any more after this moment.
    Column("expires_at", UtcDateTime),
    #: How many attempts ended, and how many of them in which way: {"busy": 2}.
    Column("attempts", Integer, nullable=False, default=0),
    Column("tries", JSON, nullable=False),
    Column("claimed_at", UtcDateTime),
    Column("last_end_reason", String(16)),
    #: The rule that put `due_at` off, or took it out; None where a retry, an entry or nothing did.
    Column("held_by", String(64)),
    #: What took it out: a do-not-call entry, a filter, its age, a rule.
    Column("exclusion", String(16)),
    #: The entry, the filter or the rule that did it, for people.
    Column("excluded_by", String(300)),
    #: The number of the agent it belongs to; None: anybody's.
    Column("agent", String(10)),
    #: How often agents skipped it in this run.
    Column("skips", Integer, nullable=False, default=0, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    one_of("state", EnrolmentState),
    one_of("exclusion", Exclusion),
    UniqueConstraint("run_id", "number", "occurrence"),
    Index(None, "run_id", "state", "rank", "due_at", "id"),
    Index(None, "contact_id"),
    # Whom rules hold back, counted by rule (`campaign why`); nobody else is in it, so that a claim costs nothing more.
    Index(
        "ix_enrolments_held",
        "run_id",
        "held_by",
        "due_at",
        sqlite_where=and_(Column("state") == "waiting", Column("held_by").is_not(None)),
        postgresql_where=and_(Column("state") == "waiting", Column("held_by").is_not(None)),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(40), primary_key=True),
    reference("run_id", "runs.id"),
    reference("enrolment_id", "enrolments.id"),
    reference("contact_id", "contacts.id"),
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
    #: When an agent, or what stands for one, had the person on the line; who it was.
    Column("connected_at", UtcDateTime),
    Column("agent", String(120)),
    Column("ended_at", UtcDateTime),
    Column("amd_status", String(16)),
    Column("amd_cause", String(80)),
    #: When the person had finished the greeting, as far as AMD tells.
    Column("greeting_end_at", UtcDateTime),
    Column("cause", Integer),
    Column("end_reason", String(16)),
    Column("disposition", String(20)),
    Column("detail", Text),
    #: Why it was allowed, as JSON: {"book": 3, "rule": "us.hours", "until": …}; docs/compliance.md tells the keys.
    Column("verdict", Text),
    #: As it was shown to whoever was called.
    Column("caller_id", String(100)),
    #: The title in the campaign's disposition set that somebody or the flow gave it; None: only the system's.
    Column("outcome", String(60)),
    #: Where the recording is, as whoever made it names it.
    Column("recording", String(500)),
    one_of("state", AttemptState),
    one_of("end_reason", EndReason),
    one_of("disposition", Disposition),
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
    key(),
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

#: Calls at a time that the contact asked for.
callbacks = Table(
    "callbacks",
    metadata,
    key(),
    reference("campaign_id", "campaigns.id"),
    reference("contact_id", "contacts.id"),
    #: The phone that is to be called.
    Column("number", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    #: For this agent; None: for anyone.
    Column("agent", String(64)),
    Column("note", Text),
    Column("source", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    #: The attempt in which it was asked for, and the one that keeps it.
    Column("asked_in", String(40), ForeignKey("attempts.id")),
    Column("kept_by", String(40), ForeignKey("attempts.id")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    #: Why it was cancelled or missed, for people.
    Column("why", String(300)),
    one_of("source", CallbackSource),
    one_of("state", CallbackState),
    Index(None, "campaign_id", "state", "at"),
    Index(None, "contact_id"),
)

#: What the running engine sees at the moment, for commands of other processes: one row, written each second.
engine_status = Table(
    "engine_status",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    #: domain/engine_status.py
    Column("document", JSON, nullable=False),
)

#: Caller ids that somebody retired while the dialer ran; those of config.yaml say it themselves.
retired_caller_ids = Table(
    "retired_caller_ids",
    metadata,
    Column("number", String(16), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    #: For people.
    Column("reason", String(300)),
)
