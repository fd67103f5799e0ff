"""Banks' statements with their closing balances and entries, and what became of orders sent as files.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = chainfin.storage.types.UtcDateTime


def upgrade() -> None:
    op.create_table(
        "bank_statement",
        sa.Column("id", Text(), nullable=False),
        sa.Column("account", Text(), nullable=False),
        sa.Column("iban", sa.Boolean(), nullable=False),
        sa.Column("currency", Text(), nullable=False),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("number", Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("page", sa.BigInteger(), nullable=False),
        sa.Column("last_page", sa.Boolean(), nullable=False),
        sa.Column("digest", Text(), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=True),
        sa.Column("opening_on", sa.Date(), nullable=True),
        sa.Column("closing", sa.BigInteger(), nullable=True),
        sa.Column("closing_on", sa.Date(), nullable=True),
        sa.Column("source", Text(), nullable=False),
        sa.Column("difference", Text(), nullable=True),
        sa.Column("difference_minor", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "currency", "kind", "digest"),
    )
    op.create_index(op.f("ix_bank_statement_account"), "bank_statement", ["account"], unique=False)
    op.create_table(
        "bank_entry",
        sa.Column("id", chainfin.storage.types.BigId, autoincrement=True, nullable=False),
        sa.Column("statement_id", Text(), nullable=False),
        sa.Column("place", Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("bank_ref", Text(), nullable=False),
        sa.Column("instruction_id", Text(), nullable=False),
        sa.Column("status", Text(), nullable=False),
        sa.Column("code", Text(), nullable=True),
        sa.Column("parked_id", Text(), nullable=True),
        sa.ForeignKeyConstraint(["statement_id"], ["bank_statement.id"]),
        sa.ForeignKeyConstraint(["parked_id"], ["parked_item.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("statement_id", "place"),
    )
    for column in ("statement_id", "bank_ref", "instruction_id"):
        op.create_index(op.f(f"ix_bank_entry_{column}"), "bank_entry", [column], unique=False)
    op.create_table(
        "bank_payment",
        sa.Column("instruction_id", Text(), nullable=False),
        sa.Column("standing", Text(), nullable=False),
        sa.Column("code", Text(), nullable=True),
        sa.Column("text", Text(), nullable=True),
        sa.Column("bank_ref", Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", Text(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("said_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("instruction_id"),
    )


def downgrade() -> None:
    op.drop_table("bank_payment")
    op.drop_table("bank_entry")
    op.drop_table("bank_statement")
