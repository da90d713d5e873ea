"""First tables.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

import ami_dialer.store.tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "campaigns",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("name", name=op.f("uq_campaigns_name")),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("created_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_table(
        "dnc_lists",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dnc_lists")),
        sa.UniqueConstraint("name", name=op.f("uq_dnc_lists_name")),
    )
    op.create_table(
        "flows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flows")),
        sa.UniqueConstraint("name", name=op.f("uq_flows_name")),
    )
    op.create_table(
        "lists",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("file_digest", sa.String(length=64), nullable=True),
        sa.Column("imported_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lists")),
        sa.UniqueConstraint("name", name=op.f("uq_lists_name")),
    )
    op.create_table(
        "list_members",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_list_members_contact_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name=op.f("fk_list_members_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_members")),
        sa.UniqueConstraint("list_id", "number", name=op.f("uq_list_members_list_id_number")),
    )
    with op.batch_alter_table("list_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_list_members_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_list_members_number"), ["number"], unique=False)

    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('running', 'completed', 'stopped')", name=op.f("ck_runs_state")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_runs_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "enrolments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.JSON(), nullable=False),
        sa.Column("claimed_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_end_reason", sa.String(length=16), nullable=True),
        sa.Column("excluded_by", sa.String(length=200), nullable=True),
        sa.Column("created_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'claimed', 'done', 'excluded')", name=op.f("ck_enrolments_state")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_enrolments_contact_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_enrolments_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolments")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_enrolments_run_id_number")),
    )
    with op.batch_alter_table("enrolments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enrolments_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_enrolments_run_id_state_due_at_id"), ["run_id", "state", "due_at", "id"], unique=False
        )

    op.create_table(
        "attempts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("enrolment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("server", sa.String(length=64), nullable=False),
        sa.Column("trunk", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("claimed_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("originated_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ringing_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answered_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("classified_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("flow_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("amd_status", sa.String(length=16), nullable=True),
        sa.Column("amd_cause", sa.String(length=80), nullable=True),
        sa.Column("cause", sa.Integer(), nullable=True),
        sa.Column("end_reason", sa.String(length=16), nullable=True),
        sa.Column("disposition", sa.String(length=20), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'ended') = (end_reason IS NOT NULL)", name=op.f("ck_attempts_ended_has_reason")),
        sa.CheckConstraint(
            "disposition IN ('Busy', 'No Answer', 'Congestion', 'Failed', 'Invalid Number', 'Answering Machine', 'Connected', 'Completed', 'Opted Out', 'Abandoned')",
            name=op.f("ck_attempts_disposition"),
        ),
        sa.CheckConstraint(
            "end_reason IN ('completed', 'opted_out', 'no_input', 'hung_up', 'connected', 'abandoned', 'machine', 'silence', 'fax', 'busy', 'rejected', 'no_answer', 'congestion', 'invalid_number', 'failed', 'flow_failed', 'lost', 'cancelled')",
            name=op.f("ck_attempts_end_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('claimed', 'originating', 'ringing', 'answered', 'in_flow', 'ended')",
            name=op.f("ck_attempts_state"),
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_attempts_contact_id")),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolments.id"], name=op.f("fk_attempts_enrolment_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_attempts_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("ix_attempts_contact_id", ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_attempts_enrolment_id"), ["enrolment_id"], unique=False)
        batch_op.create_index(
            "ix_attempts_living",
            ["server"],
            unique=False,
            sqlite_where=sa.text("state != 'ended'"),
            postgresql_where=sa.text("state != 'ended'"),
        )
        batch_op.create_index(batch_op.f("ix_attempts_run_id_disposition"), ["run_id", "disposition"], unique=False)

    op.create_table(
        "answers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("digits", sa.String(length=32), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_answers_attempt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answers_attempt_id"), ["attempt_id"], unique=False)

    op.create_table(
        "dnc_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=True),
        sa.Column("added_at", ami_dialer.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_dnc_entries_attempt_id")),
        sa.ForeignKeyConstraint(["list_id"], ["dnc_lists.id"], name=op.f("fk_dnc_entries_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dnc_entries")),
        sa.UniqueConstraint("list_id", "number", name=op.f("uq_dnc_entries_list_id_number")),
    )
    with op.batch_alter_table("dnc_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dnc_entries_number"), ["number"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("dnc_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dnc_entries_number"))

    op.drop_table("dnc_entries")
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_answers_attempt_id"))

    op.drop_table("answers")
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attempts_run_id_disposition"))
        batch_op.drop_index(
            "ix_attempts_living", sqlite_where=sa.text("state != 'ended'"), postgresql_where=sa.text("state != 'ended'")
        )
        batch_op.drop_index(batch_op.f("ix_attempts_enrolment_id"))
        batch_op.drop_index("ix_attempts_contact_id")

    op.drop_table("attempts")
    with op.batch_alter_table("enrolments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_enrolments_run_id_state_due_at_id"))
        batch_op.drop_index(batch_op.f("ix_enrolments_contact_id"))

    op.drop_table("enrolments")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_runs_campaign_id"))

    op.drop_table("runs")
    with op.batch_alter_table("list_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_list_members_number"))
        batch_op.drop_index(batch_op.f("ix_list_members_contact_id"))

    op.drop_table("list_members")
    op.drop_table("lists")
    op.drop_table("flows")
    op.drop_table("dnc_lists")
    op.drop_table("contacts")
    op.drop_table("campaigns")
