"""Taken goods go back before the loan is repaid.

Revision ID: 0032
Revises: 0031
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = chainfin.storage.types.UtcDateTime


def upgrade() -> None:
    op.create_table(
        "taken_return",
        sa.Column("id", Text(), nullable=False),
        sa.Column("cell", Text(), nullable=False),
        sa.Column("pledge_id", Text(), nullable=False),
        sa.Column("receipt_id", Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("valuation", sa.JSON(), nullable=False),
        sa.Column("proposal_id", Text(), nullable=False),
        sa.Column("act_id", Text(), nullable=False),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["act.id"]),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"]),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["warehouse_receipt.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("act_id", "pledge_id", "receipt_id"):
        op.create_index(op.f(f"ix_taken_return_{column}"), "taken_return", [column], unique=False)


def downgrade() -> None:
    op.drop_table("taken_return")
