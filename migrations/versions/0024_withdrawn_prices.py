"""Prices can be withdrawn.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("price", schema=None) as batch:
        batch.add_column(sa.Column("withdrawn_at", chainfin.storage.types.UtcDateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("withdrawal_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch.create_foreign_key("fk_price_withdrawal", "proposal", ["withdrawal_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("price", schema=None) as batch:
        batch.drop_constraint("fk_price_withdrawal", type_="foreignkey")
        batch.drop_column("withdrawal_id")
        batch.drop_column("withdrawn_at")
