"""A credit note is kept until all of it is off on chain.

Revision ID: 0040
Revises: 0039
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = chainfin.storage.types.UtcDateTime


def upgrade() -> None:
    op.create_table(
        "credit_note",
        sa.Column("document_id", Text(), nullable=False),
        sa.Column("receivable_id", Text(), nullable=False),
        sa.Column("order_id", Text(), nullable=False),
        sa.Column("invoice_id", Text(), nullable=False),
        sa.Column("holder_id", Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("left", sa.BigInteger(), nullable=False),
        sa.Column("waited", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.CheckConstraint('amount > 0 and "left" >= 0 and "left" <= amount', name="counted"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.ForeignKeyConstraint(["receivable_id"], ["receivable.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["purchase_order.id"]),
        sa.ForeignKeyConstraint(["invoice_id"], ["document.id"]),
        sa.ForeignKeyConstraint(["holder_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("document_id"),
    )
    op.create_index(op.f("ix_credit_note_order_id"), "credit_note", ["order_id"])
    op.create_index(op.f("ix_credit_note_left"), "credit_note", ["left"])


def downgrade() -> None:
    op.drop_table("credit_note")
