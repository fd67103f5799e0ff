"""Core enterprises promise to buy goods back before they are lent on.

Revision ID: 0033
Revises: 0032
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = chainfin.storage.types.UtcDateTime


def upgrade() -> None:
    op.create_table(
        "buy_back_promise",
        sa.Column("id", Text(), nullable=False),
        sa.Column("cell", Text(), nullable=False),
        sa.Column("receipt_id", Text(), nullable=False),
        sa.Column("buyer_id", Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("currency", Text(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("wording", Text(), nullable=False),
        sa.Column("withdrawn_at", Moment(timezone=True), nullable=True),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["party.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["warehouse_receipt.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("buyer_id", "receipt_id"):
        op.create_index(op.f(f"ix_buy_back_promise_{column}"), "buy_back_promise", [column], unique=False)


def downgrade() -> None:
    op.drop_table("buy_back_promise")
