"""Callbacks, emergency runs, results of a campaign's own, what the engine sees; ranks leave room for both.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from ami_dialer.store.tables import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REFERENCES = {
    "campaign_id": "campaigns.id",
    "contact_id": "contacts.id",
    "asked_in": "attempts.id",
    "kept_by": "attempts.id",
}


def upgrade() -> None:
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("emergency", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("attempts", sa.Column("outcome", sa.String(60)))
    # Between two ranks there is room now for who goes before and who after the others; below 1 go callbacks.
    op.execute("UPDATE enrolments SET rank = 1 + rank * 3 + 1")
    held = sa.text("state = 'waiting' AND held_by IS NOT NULL")
    op.create_index(
        "ix_enrolments_held",
        "enrolments",
        ["run_id", "held_by", "due_at"],
        sqlite_where=held,
        postgresql_where=held,
    )
    op.create_table(
        "callbacks",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("campaign_id", _KEY, nullable=False),
        sa.Column("contact_id", _KEY, nullable=False),
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("agent", sa.String(64)),
        sa.Column("note", sa.Text()),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_in", sa.String(40)),
        sa.Column("kept_by", sa.String(40)),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True)),
        sa.Column("why", sa.String(300)),
        sa.CheckConstraint(
            "source IN ('flow', 'agent', 'disposition', 'api', 'cli')", name=op.f("ck_callbacks_source")
        ),
        sa.CheckConstraint("state IN ('waiting', 'kept', 'missed', 'cancelled')", name=op.f("ck_callbacks_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        *(
            sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_callbacks_{column}"))
            for column, to in _REFERENCES.items()
        ),
    )
    op.create_index(op.f("ix_callbacks_campaign_id_state_at"), "callbacks", ["campaign_id", "state", "at"])
    op.create_index(op.f("ix_callbacks_contact_id"), "callbacks", ["contact_id"])
    op.create_table(
        "engine_status",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engine_status")),
    )
    op.create_table(
        "retired_caller_ids",
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("reason", sa.String(300)),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_retired_caller_ids")),
    )
