"""The terms of undertakings: their wording, and the price of goods that was agreed.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "undertaking_terms",
        sa.Column("document_root", Text(), nullable=False),
        sa.Column("pledge_id", Text(), nullable=False),
        sa.Column("buyer_id", Text(), nullable=False),
        sa.Column("wording", Text(), nullable=False),
        sa.Column("currency", Text(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("created_at", chainfin.storage.types.UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["party.id"]),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"]),
        sa.PrimaryKeyConstraint("document_root"),
    )
    op.create_index(op.f("ix_undertaking_terms_pledge_id"), "undertaking_terms", ["pledge_id"], unique=False)


def downgrade() -> None:
    op.drop_table("undertaking_terms")
