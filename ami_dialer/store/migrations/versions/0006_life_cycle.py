"""The life cycle of campaigns: a status, schedules, runs that pause or fail.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from ami_dialer.store.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATUSES = "'draft', 'scheduled', 'running', 'paused', 'completed', 'stopped', 'failed', 'archived'"
#: A campaign of an earlier version stands where its newest run does.
_AS_NEWEST_RUN = (
    "UPDATE campaigns SET status = coalesce("
    "(SELECT r.state FROM runs r WHERE r.campaign_id = campaigns.id ORDER BY r.id DESC LIMIT 1), 'draft')"
)


def upgrade() -> None:
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("scheduled_at", UtcDateTime(timezone=True)))
        table.add_column(sa.Column("ends_at", UtcDateTime(timezone=True)))
        table.add_column(sa.Column("why", sa.Text()))
        table.drop_constraint(op.f("ck_runs_state"), type_="check")
        table.create_check_constraint(
            op.f("ck_runs_state"), "state IN ('running', 'paused', 'completed', 'stopped', 'failed')"
        )
    with op.batch_alter_table("campaigns") as table:
        table.add_column(sa.Column("status", sa.String(16), nullable=False, server_default="draft"))
        table.add_column(sa.Column("trouble", sa.Text()))
        table.add_column(sa.Column("next_start_at", UtcDateTime(timezone=True)))
        table.add_column(sa.Column("schedule_digest", sa.String(64)))
        table.create_check_constraint(op.f("ck_campaigns_status"), f"status IN ({_STATUSES})")
    op.execute(_AS_NEWEST_RUN)
