"""A bank's file fed by hand waits for a second person; a parked item keeps each try's reason, and its payment.

Revision ID: 0039
Revises: 0037
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0039"
down_revision = "0037"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = chainfin.storage.types.UtcDateTime


def upgrade() -> None:
    op.create_table(
        "bank_file",
        sa.Column("id", Text(), nullable=False),
        sa.Column("name", Text(), nullable=False),
        sa.Column("sha256", Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("proposal_id", Text(), nullable=True),
        sa.Column("became", sa.JSON(), nullable=True),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_bank_file_sha256"), "bank_file", ["sha256"], unique=False)
    op.add_column("parked_item", sa.Column("arrival", sa.Text(), nullable=True))
    op.add_column("parked_item", sa.Column("tries", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("parked_item", "tries")
    op.drop_column("parked_item", "arrival")
    op.drop_table("bank_file")
