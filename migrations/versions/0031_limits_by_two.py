"""A limit that is raised names the proposal that a second person of its lender decides on.

Revision ID: 0031
Revises: 0030
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("credit_limit", sa.Column("proposal_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("credit_limit", "proposal_id")
