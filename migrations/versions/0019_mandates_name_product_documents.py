"""Mandates name the product documents under which loans are made.

Older ones name none: what was lent under them stands, and nothing new is lent until they are signed anew.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("mandate", schema=None) as batch:
        batch.add_column(sa.Column("documents", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("mandate", schema=None) as batch:
        batch.alter_column("documents", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("mandate", schema=None) as batch:
        batch.drop_column("documents")
