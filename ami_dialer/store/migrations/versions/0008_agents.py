"""Agents: who they are, what they do, whose contact is whose; calls that they had.

Revision ID: 0008
Revises: 0007
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from ami_dialer.store.tables import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATES = "'logged_out', 'ready', 'previewing', 'reserved', 'in_call', 'wrap_up', 'on_break'"
_STEPS = (
    "'login', 'logout', 'break', 'ready', 'dial', 'skip', 'hang-up', 'hold', 'resume', 'transfer', 'do-not-call', "
    "'callback', 'disposition', 'pause-recording', 'resume-recording', 'supervise'"
)
_ATTEMPT_STATES = "'claimed', 'originating', 'ringing', 'answered', 'in_flow', 'connected', 'ended'"

_END_REASONS = (
    "'completed', 'opted_out', 'no_input', 'hung_up', 'connected', 'abandoned', 'machine', 'silence', "
    "'fax', 'busy', 'rejected', 'no_answer', 'congestion', 'invalid_number', 'failed', "
    "'flow_failed', 'lost', 'withdrawn', 'cancelled'"
)


def _at(name: str, *, nullable: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, UtcDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("enrolments", sa.Column("agent", sa.String(10)))
    op.add_column("enrolments", sa.Column("skips", sa.Integer(), nullable=False, server_default="0"))
    # Below 2 go callbacks and those who were abandoned: nobody else.
    op.execute("UPDATE enrolments SET rank = rank + 1 WHERE rank > 0")
    with op.batch_alter_table("attempts") as table:
        table.add_column(_at("connected_at"))
        table.add_column(sa.Column("agent", sa.String(120)))
        table.drop_constraint(op.f("ck_attempts_state"), type_="check")
        table.create_check_constraint(op.f("ck_attempts_state"), f"state IN ({_ATTEMPT_STATES})")
        table.drop_constraint(op.f("ck_attempts_end_reason"), type_="check")
        table.create_check_constraint(op.f("ck_attempts_end_reason"), f"end_reason IN ({_END_REASONS})")
    _agents()
    _sessions()
    _skips()
    _orders()
    _maps()


def _agents() -> None:
    op.create_table(
        "agents",
        sa.Column("number", sa.String(10), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.Column("pin_hash", sa.String(120)),
        sa.Column("phone", sa.String(100)),
        sa.Column("server", sa.String(64)),
        sa.Column("supervisor", sa.Boolean(), nullable=False),
        sa.Column("wrong_pins", sa.Integer(), nullable=False, server_default="0"),
        _at("locked_at"),
        _at("created_at", nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_agents")),
    )


def _sessions() -> None:
    op.create_table(
        "agent_sessions",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("agent", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("server", sa.String(64), nullable=False),
        sa.Column("line", sa.String(150), nullable=False),
        sa.Column("channel", sa.String(200), nullable=False),
        sa.Column("campaigns", sa.JSON()),
        sa.Column("queues", sa.JSON()),
        _at("began_at", nullable=False),
        _at("ended_at"),
        sa.Column("why", sa.String(300)),
        sa.Column("state", sa.String(16), nullable=False),
        _at("since", nullable=False),
        sa.Column("reason", sa.String(60)),
        sa.Column("attempt_id", sa.String(40)),
        sa.Column("enrolment_id", _KEY),
        sa.CheckConstraint("kind IN ('line', 'member', 'session')", name=op.f("ck_agent_sessions_kind")),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_agent_sessions_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_sessions")),
    )
    op.create_index(op.f("ix_agent_sessions_agent_began_at"), "agent_sessions", ["agent", "began_at"])
    still_open = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_agent_sessions_open",
        "agent_sessions",
        ["server"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "agent_spells",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("session_id", _KEY, nullable=False),
        sa.Column("agent", sa.String(120), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        _at("since", nullable=False),
        _at("until", nullable=False),
        sa.Column("reason", sa.String(60)),
        sa.Column("attempt_id", sa.String(40)),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_agent_spells_state")),
        sa.ForeignKeyConstraint(["session_id"], ["agent_sessions.id"], name=op.f("fk_agent_spells_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_spells")),
    )
    op.create_index(op.f("ix_agent_spells_session_id_since"), "agent_spells", ["session_id", "since"])
    op.create_index(op.f("ix_agent_spells_agent_since"), "agent_spells", ["agent", "since"])


def _skips() -> None:
    op.create_table(
        "agent_skips",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("enrolment_id", _KEY, nullable=False),
        sa.Column("agent", sa.String(120), nullable=False),
        _at("at", nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_agent_skips_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_skips")),
    )
    op.create_index(op.f("ix_agent_skips_enrolment_id_at"), "agent_skips", ["enrolment_id", "at"])
    op.create_index(op.f("ix_agent_skips_run_id"), "agent_skips", ["run_id"])


def _orders() -> None:
    op.create_table(
        "agent_orders",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("agent", sa.String(120), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("argument", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        _at("asked_at", nullable=False),
        _at("done_at"),
        sa.Column("ok", sa.Boolean()),
        sa.Column("answer", sa.String(300)),
        sa.CheckConstraint(f"step IN ({_STEPS})", name=op.f("ck_agent_orders_step")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_orders")),
    )
    not_done = sa.text("done_at IS NULL")
    op.create_index("ix_agent_orders_open", "agent_orders", ["id"], sqlite_where=not_done, postgresql_where=not_done)


def _maps() -> None:
    op.create_table(
        "agent_maps",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False, server_default=""),
        _at("created_at", nullable=False),
        _at("changed_at", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_maps")),
        sa.UniqueConstraint("name", name=op.f("uq_agent_maps_name")),
    )
    op.create_table(
        "agent_map_entries",
        sa.Column("map_id", _KEY, nullable=False),
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(10), nullable=False),
        sa.Column("priority", sa.Integer()),
        sa.ForeignKeyConstraint(["map_id"], ["agent_maps.id"], name=op.f("fk_agent_map_entries_map_id")),
    )
    op.create_index("uq_agent_map_entries", "agent_map_entries", ["map_id", "number"], unique=True)
