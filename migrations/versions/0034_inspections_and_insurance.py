"""Keepers record inspections and insurance policies, lenders the least value of goods that move.

Revision ID: 0034
Revises: 0033
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = chainfin.storage.types.UtcDateTime


def upgrade() -> None:
    _table("inspection", ("made_on", sa.Date), ("next_by", sa.Date), ("report_root", Text))
    _table("insurance_policy", ("number", Text), ("insurer", Text), ("starts_on", sa.Date), ("ends_on", sa.Date))
    op.create_table(
        "goods_minimum",
        sa.Column("loan_id", Text(), nullable=False),
        sa.Column("currency", Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("proposal_id", Text(), nullable=False),
        sa.Column("set_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"]),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"]),
        sa.PrimaryKeyConstraint("loan_id"),
    )


def _table(name: str, *own: tuple[str, type[sa.types.TypeEngine]]) -> None:
    op.create_table(
        name,
        sa.Column("id", Text(), nullable=False),
        sa.Column("receipt_id", Text(), nullable=False),
        *(sa.Column(column, kind(), nullable=False) for column, kind in own),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["warehouse_receipt.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f(f"ix_{name}_receipt_id"), name, ["receipt_id"], unique=False)


def downgrade() -> None:
    op.drop_table("goods_minimum")
    op.drop_table("insurance_policy")
    op.drop_table("inspection")
