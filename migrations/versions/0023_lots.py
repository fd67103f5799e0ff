"""Receipts name their lot, and one lot or one number in two spellings has one receipt.

Receipts from before name no lot. Of two whose numbers differ in spelling alone the older one keeps the number to itself;
the other stands, and can't be issued again.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
    return "".join(sign for sign in plain if sign.isalnum())


def upgrade() -> None:
    bind = op.get_bind()
    op.add_column("warehouse_receipt", sa.Column("lot", sa.JSON(), nullable=True))
    for name in ("lot_place", "lot_seal", "number_folded"):
        op.add_column("warehouse_receipt", sa.Column(name, Text(), nullable=True))
    own = "SELECT id, keeper_id, number FROM warehouse_receipt WHERE parent_id IS NULL AND status <> 'refused'"
    seen = set()
    for receipt_id, keeper_id, number in bind.execute(sa.text(f"{own} ORDER BY created_at, id")).all():
        key = (keeper_id, _folded(number))
        if key not in seen:
            seen.add(key)
            bind.execute(
                sa.text("UPDATE warehouse_receipt SET number_folded = :folded WHERE id = :id"),
                {"folded": key[1], "id": receipt_id},
            )
    op.create_index("one_number", "warehouse_receipt", ["keeper_id", "number_folded"], unique=True)
    op.create_index("one_lot", "warehouse_receipt", ["lot_place", "lot_seal"], unique=True)


def downgrade() -> None:
    op.drop_index("one_lot", "warehouse_receipt")
    op.drop_index("one_number", "warehouse_receipt")
    for name in ("number_folded", "lot_seal", "lot_place", "lot"):
        op.drop_column("warehouse_receipt", name)
