"""Compliance: rules of law in versions, consent, abandonment, the audit trail, a verdict with each attempt.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from ami_dialer.store.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _at(name: str, *, nullable: bool = True) -> sa.Column[UtcDateTime]:
    return sa.Column(name, UtcDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("enrolments") as table:
        table.add_column(sa.Column("held_by", sa.String(64)))
        table.drop_constraint(op.f("ck_enrolments_exclusion"), type_="check")
        table.create_check_constraint(
            op.f("ck_enrolments_exclusion"), "exclusion IN ('dnc', 'filter', 'expired', 'rule')"
        )
    op.add_column("attempts", _at("greeting_end_at"))
    op.add_column("attempts", sa.Column("verdict", sa.Text()))
    op.add_column("attempts", sa.Column("caller_id", sa.String(100)))
    op.add_column("attempts", sa.Column("recording", sa.String(500)))
    op.create_table(
        "rulebooks",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        _at("created_at", nullable=False),
        _at("adopted_at", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulebooks")),
        sa.UniqueConstraint("digest", name=op.f("uq_rulebooks_digest")),
    )
    _consent()
    _abandonment()
    _audit()


def _consent() -> None:
    op.create_table(
        "consents",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.String(80), nullable=False),
        sa.Column("strength", sa.String(16), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        _at("at", nullable=False),
        _at("expires_at"),
        sa.Column("evidence", sa.String(500), nullable=False, server_default=""),
        _at("honour_by"),
        _at("honoured_at"),
        sa.Column("attempt_id", sa.String(40)),
        _at("recorded_at", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_number"), "consents", ["number"])
    op.create_table(
        "reassignments",
        sa.Column("number", sa.String(16), nullable=False),
        _at("disconnected_at", nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        _at("checked_at", nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_reassignments")),
    )


def _abandonment() -> None:
    op.create_table(
        "answered_calls",
        sa.Column("attempt_id", sa.String(40), nullable=False),
        sa.Column("campaign_id", KEY, nullable=False),
        _at("at", nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("delay_ms", sa.Integer()),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_answered_calls_attempt_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_answered_calls_campaign_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_answered_calls")),
    )
    op.create_index(op.f("ix_answered_calls_campaign_id_at"), "answered_calls", ["campaign_id", "at"])
    op.create_table(
        "amd_reviews",
        sa.Column("attempt_id", sa.String(40), nullable=False),
        sa.Column("person", sa.Boolean(), nullable=False),
        _at("at", nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_amd_reviews_attempt_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_amd_reviews")),
    )


def _audit() -> None:
    op.create_table(
        "audit_records",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        _at("at", nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("attempt_id", sa.String(40)),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_records")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_audit_records_attempt_id")),
    )
    op.create_index(op.f("ix_audit_records_subject"), "audit_records", ["subject"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.bulk_insert(head, [{"id": 1, "last_id": 0, "hash": "0" * 64}])
    _append_only()


REFUSED = {
    "audit_records": "the audit trail is append-only, its records are never changed or deleted",
    "audit_head": "the head of the audit trail only moves on, and is never deleted",
}


def _append_only() -> None:
    """Nobody changes the trail by mistake. Who may drop triggers can; the chain of hashes shows it then."""
    if op.get_bind().dialect.name == "sqlite":
        for name, told in REFUSED.items():
            refused = f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
            moves_on = "WHEN NEW.last_id < OLD.last_id OR NEW.id <> OLD.id " if name == "audit_head" else ""
            op.execute(f"CREATE TRIGGER {name}_update BEFORE UPDATE ON {name} {moves_on}{refused}")
            op.execute(f"CREATE TRIGGER {name}_delete BEFORE DELETE ON {name} {refused}")
        # INSERT OR REPLACE deletes without asking the trigger for deletions.
        there = "EXISTS (SELECT 1 FROM audit_records WHERE id = NEW.id OR attempt_id = NEW.attempt_id)"
        refused = f"BEGIN SELECT RAISE(ABORT, '{REFUSED['audit_records']}'); END"
        op.execute(f"CREATE TRIGGER audit_records_insert BEFORE INSERT ON audit_records WHEN {there} {refused}")
        return
    for name, told in REFUSED.items():
        op.execute(
            f"CREATE FUNCTION {name}_refused() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{told}'; END $$"
        )
        refused = f"EXECUTE FUNCTION {name}_refused()"
        op.execute(f"CREATE TRIGGER {name}_delete BEFORE DELETE OR TRUNCATE ON {name} FOR EACH STATEMENT {refused}")
    op.execute(
        "CREATE TRIGGER audit_records_update BEFORE UPDATE ON audit_records FOR EACH STATEMENT "
        "EXECUTE FUNCTION audit_records_refused()"
    )
    op.execute(
        "CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head FOR EACH ROW "
        "WHEN (NEW.last_id < OLD.last_id OR NEW.id <> OLD.id) EXECUTE FUNCTION audit_head_refused()"
    )
