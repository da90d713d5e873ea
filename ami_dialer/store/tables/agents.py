"""Agents, their log-ins and what they did, what they are asked to do, and whose contact is whose."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from ami_dialer.domain.agent import AgentState, SeatKind, Step
from ami_dialer.store.tables.columns import Key, UtcDateTime, key, metadata, one_of, reference

#: People who take calls. Those of config.yaml are written here at each start; the others are made at run time.
agents = Table(
    "agents",
    metadata,
    #: What they log in with.
    Column("number", String(10), primary_key=True),
    Column("name", String(60), nullable=False),
    #: `config` or `api`, as of documents.
    Column("origin", String(8), nullable=False),
    Column("pin_hash", String(120)),
    #: The channel that is called to reach the phone.
    Column("phone", String(100)),
    Column("server", String(64)),
    Column("supervisor", Boolean, nullable=False),
    #: Wrong PINs in a row, and when that locked the agent.
    Column("wrong_pins", Integer, nullable=False, default=0, server_default="0"),
    Column("locked_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
)

#: Log-ins of agents, and what they are doing at the moment.
agent_sessions = Table(
    "agent_sessions",
    metadata,
    key(),
    #: The agent's number; of a queue's member who is no agent of ours, its interface.
    Column("agent", String(120), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("server", String(64), nullable=False),
    #: Uniqueid and name of the line's channel; of a queue's member, its interface.
    Column("line", String(150), nullable=False),
    Column("channel", String(200), nullable=False),
    #: Names of the campaigns whose calls are taken; None: of all that may be.
    Column("campaigns", JSON),
    #: Of a queue's member: the queues of running campaigns that it is in, by name.
    Column("queues", JSON),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    #: Why it ended, for people.
    Column("why", String(300)),
    Column("state", String(16), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    #: Why the break.
    Column("reason", String(60)),
    #: The call that is going on, or is being wrapped up.
    Column("attempt_id", String(40)),
    #: Who is offered to them, or was and is being called.
    Column("enrolment_id", Key),
    one_of("kind", SeatKind),
    one_of("state", AgentState),
    Index(None, "agent", "began_at"),
    # Who is logged in: what a restarted dialer and each monitor ask.
    Index(
        "ix_agent_sessions_open",
        "server",
        sqlite_where=Column("ended_at").is_(None),
        postgresql_where=Column("ended_at").is_(None),
    ),
)

#: What agents did, state by state; what is going on stands in agent_sessions.
agent_spells = Table(
    "agent_spells",
    metadata,
    key(),
    Column("session_id", Key, ForeignKey("agent_sessions.id"), nullable=False),
    Column("agent", String(120), nullable=False),
    Column("state", String(16), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("reason", String(60)),
    Column("attempt_id", String(40)),
    one_of("state", AgentState),
    Index(None, "session_id", "since"),
    Index(None, "agent", "since"),
)

#: Contacts that agents did not want to call when they were offered.
agent_skips = Table(
    "agent_skips",
    metadata,
    key(),
    reference("run_id", "runs.id"),
    Column("enrolment_id", Key, nullable=False),
    Column("agent", String(120), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "enrolment_id", "at"),
    Index(None, "run_id"),
)

#: What agents, or programs for them, ask the running dialer to do. It answers in the same row.
agent_orders = Table(
    "agent_orders",
    metadata,
    key(),
    Column("agent", String(120), nullable=False),
    Column("step", String(20), nullable=False),
    #: {"reason": …}, {"to": …}, {"title": …}, {"at": …}: by the step.
    Column("argument", JSON, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("ok", Boolean),
    #: What came of it, for people.
    Column("answer", String(300)),
    one_of("step", Step),
    Index(
        "ix_agent_orders_open",
        "id",
        sqlite_where=Column("done_at").is_(None),
        postgresql_where=Column("done_at").is_(None),
    ),
)

#: Mapping lists: which contact belongs to which agent.
agent_maps = Table(
    "agent_maps",
    metadata,
    key(),
    Column("name", String(64), nullable=False),
    Column("description", Text, nullable=False, default="", server_default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("name"),
)

agent_map_entries = Table(
    "agent_map_entries",
    metadata,
    reference("map_id", "agent_maps.id"),
    Column("number", String(16), nullable=False),
    Column("agent", String(10), nullable=False),
    #: 0 to 100 like a contact's own, in whose place it counts; None: the contact's own counts.
    Column("priority", Integer),
    Index("uq_agent_map_entries", "map_id", "number", unique=True),
)
