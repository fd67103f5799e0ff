"""A payment and a parked item name the receivable that they pay; a payment keeps what was above what was owed.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = ("incoming_payment", "parked_item")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("receivable_id", sa.String(), nullable=True))
        op.create_index(f"ix_{table}_receivable_id", table, ["receivable_id"])
    op.add_column("incoming_payment", sa.Column("beyond", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("incoming_payment", "beyond")
    for table in TABLES:
        op.drop_index(f"ix_{table}_receivable_id", table)
        op.drop_column(table, "receivable_id")
