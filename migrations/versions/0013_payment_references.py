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
    with op.batch_alter_table("incoming_payment", schema=None) as batch:
        batch.add_column(sa.Column("account", Text(), nullable=True))
        batch.add_column(sa.Column("direct", sa.Boolean(), nullable=True))
        batch.add_column(sa.Column("allocated_by", Text(), nullable=True))
    op.execute(sa.text("UPDATE incoming_payment SET account = 'chainfin-collection', direct = :no").bindparams(no=False))
    with op.batch_alter_table("incoming_payment", schema=None) as batch:
        batch.alter_column("account", existing_type=Text(), nullable=False)
        batch.alter_column("direct", existing_type=sa.Boolean(), nullable=False)
        batch.create_foreign_key("fk_incoming_payment_proposal", "proposal", ["allocated_by"], ["id"])


def _add_references(table: str, kind: payment_reference.Kind) -> None:
    with op.batch_alter_table(table, schema=None) as batch:
        batch.add_column(sa.Column("reference", Text(), nullable=True))
    bind = op.get_bind()
    made = [
        {"of": target, "reference": payment_reference.of(kind, target)}
        for target in bind.execute(sa.text(f"SELECT id FROM {table}")).scalars()
    ]
    if made:
        bind.execute(sa.text(f"UPDATE {table} SET reference = :reference WHERE id = :of"), made)
    with op.batch_alter_table(table, schema=None) as batch:
        batch.alter_column("reference", existing_type=Text(), nullable=False)
        batch.create_unique_constraint(f"uq_{table}_reference", ["reference"])


def downgrade() -> None:
    with op.batch_alter_table("incoming_payment", schema=None) as batch:
        batch.drop_constraint("fk_incoming_payment_proposal", type_="foreignkey")
        batch.drop_column("allocated_by")
        batch.drop_column("direct")
        batch.drop_column("account")
    op.drop_table("virtual_account")
    for table, _ in reversed(REFERRED):
        with op.batch_alter_table(table, schema=None) as batch:
            batch.drop_constraint(f"uq_{table}_reference", type_="unique")
            batch.drop_column("reference")
