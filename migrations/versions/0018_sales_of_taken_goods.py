"""Sales of goods that a lender took on default.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = chainfin.storage.types.UtcDateTime


def upgrade() -> None:
    op.create_table(
        "taken_sale",
        sa.Column("id", Text(), nullable=False),
        sa.Column("cell", Text(), nullable=False),
        sa.Column("pledge_id", Text(), nullable=False),
        sa.Column("receipt_id", Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("currency", Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("least", sa.BigInteger(), nullable=True),
        sa.Column("payer_account", Text(), nullable=False),
        sa.Column("wording", Text(), nullable=False),
        sa.Column("document_root", Text(), nullable=False),
        sa.Column("status", Text(), nullable=False),
        sa.Column("incoming_id", Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["incoming_id"], ["incoming_payment.id"]),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["warehouse_receipt.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(
        """UPDATE warehouse_receipt SET reserved = issued - pledged - released - liquidated - missing
        WHERE EXISTS (SELECT 1 FROM pledge WHERE pledge.taken_id = warehouse_receipt.id
            AND pledge.loan_id IS NOT NULL AND pledge.lender_id = warehouse_receipt.owner_id)"""
    )
    for column in ("pledge_id", "receipt_id"):
        op.create_index(op.f(f"ix_taken_sale_{column}"), "taken_sale", [column], unique=False)


def downgrade() -> None:
    op.drop_table("taken_sale")
