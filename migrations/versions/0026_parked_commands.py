"""A command counts the answers that could not be taken in, and is parked after some.

Revision ID: 0026
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("in_vain", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.execute("UPDATE outbox SET status = 'unknown' WHERE status = 'parked'")
    op.drop_column("outbox", "in_vain")
