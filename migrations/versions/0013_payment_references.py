"""Creditor references of what is paid, lenders' accounts for each payer, and who allocated a payment by hand.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types
from chainfin.values import payment_reference

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
REFERRED: tuple[tuple[str, payment_reference.Kind], ...] = (
    ("receivable", "receivable"),
    ("loan", "loan"),
    ("pledge", "buy_back"),
)


def upgrade() -> None:
    for table, kind in REFERRED:
        _add_references(table, kind)
    op.create_table(
        "virtual_account",
        sa.Column("account", Text(), nullable=False),
        sa.Column("lender_id", Text(), nullable=False),
        sa.Column("payer_id", Text(), nullable=False),
        sa.Column("created_at", chainfin.storage.types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lender_id"], ["party.id"]),
        sa.ForeignKeyConstraint(["payer_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("account"),
        sa.UniqueConstraint("lender_id", "payer_id"),
    )
    with op.batch_alter_table("virtual_account", schema=None) as batch:
        batch.create_index(batch.f("ix_virtual_account_lender_id"), ["lender_id"], unique=False)
        batch.create_index(batch.f("ix_virtual_account_payer_id"), ["payer_id"], unique=False)
    # columns with a default are added in place: a table that others refer to can't be made anew on SQLite
    before = "chainfin-collection"
    op.add_column("incoming_payment", sa.Column("account", Text(), server_default=before, nullable=False))
    op.add_column("incoming_payment", sa.Column("direct", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("incoming_payment", sa.Column("allocated_by", Text(), nullable=True))


def _add_references(table: str, kind: payment_reference.Kind) -> None:
    op.add_column(table, sa.Column("reference", Text(), server_default="", nullable=False))
    bind = op.get_bind()
    made = [
        {"of": target, "reference": payment_reference.of(kind, target)}
        for target in bind.execute(sa.text(f"SELECT id FROM {table}")).scalars()
    ]
    if made:
        bind.execute(sa.text(f"UPDATE {table} SET reference = :reference WHERE id = :of"), made)
    op.create_index(f"ix_{table}_reference", table, ["reference"], unique=True)


def downgrade() -> None:
    for column in ("allocated_by", "direct", "account"):
        op.drop_column("incoming_payment", column)
    op.drop_table("virtual_account")
    for table, _ in reversed(REFERRED):
        op.drop_index(f"ix_{table}_reference", table_name=table)
        op.drop_column(table, "reference")
