"""Members of lists are found by their number: an index of them by contact cost an import a sixth of its time.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_list_members_contact_id"), "list_members")
