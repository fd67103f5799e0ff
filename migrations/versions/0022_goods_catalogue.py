"""Receipts name their good, and prices theirs, by a code: what is spelled in several ways is one good from now on.

What a keeper wrote stays in the receipt (its document root is over it). A commodity whose words are a code of the
catalogue of that day, in its unit, is that good; any other keeps its name without case, width and blanks that only
depend on typing, so that its receipts and prices go together as before.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import json
import unicodedata

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString


def _code(said: str) -> str:
    return "-".join(unicodedata.normalize("NFKC", said).casefold().split())


def upgrade() -> None:
    bind = op.get_bind()
    # without a new table: others point to this one. No good has the empty code, so that the default says nothing.
    op.add_column("warehouse_receipt", sa.Column("good", Text(), nullable=False, server_default=""))
    for receipt_id, goods in bind.execute(sa.text("SELECT id, goods FROM warehouse_receipt")).all():
        said = goods if isinstance(goods, dict) else json.loads(goods)
        bind.execute(
            sa.text("UPDATE warehouse_receipt SET good = :good WHERE id = :id"),
            {"good": _code(str(said["commodity"])), "id": receipt_id},
        )
    op.create_index(op.f("ix_warehouse_receipt_good"), "warehouse_receipt", ["good"], unique=False)
    for price_id, good in bind.execute(sa.text("SELECT id, good FROM price")).all():
        bind.execute(sa.text("UPDATE price SET good = :good WHERE id = :id"), {"good": _code(good), "id": price_id})


def downgrade() -> None:
    op.drop_index(op.f("ix_warehouse_receipt_good"), "warehouse_receipt")
    op.drop_column("warehouse_receipt", "good")
