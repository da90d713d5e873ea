"""What a fetch that was cut off had brought in, to take it back; how long an API wants to be left alone.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_batches", sa.Column("revision", sa.BigInteger()))
    op.add_column("fetches", sa.Column("retry_after", sa.Float()))
