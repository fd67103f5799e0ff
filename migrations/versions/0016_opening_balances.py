"""What differed between bank and book when an account's first statement opened.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("bank_statement", schema=None) as batch:
        batch.add_column(sa.Column("opening_difference", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("opening_parked_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch.create_foreign_key("fk_bank_statement_opening_parked", "parked_item", ["opening_parked_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("bank_statement", schema=None) as batch:
        batch.drop_constraint("fk_bank_statement_opening_parked", type_="foreignkey")
        batch.drop_column("opening_parked_id")
        batch.drop_column("opening_difference")
