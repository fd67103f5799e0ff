"""value dates beside booking dates, whose book a journal is in, and periods that are closed

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "closed_period",
        sa.Column("period", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("closed_at", chainfin.storage.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("period"),
        sa.UniqueConstraint("last_day"),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("value_date", sa.Date(), nullable=True))
        batch_op.add_column(
            sa.Column("book", sqlmodel.sql.sqltypes.AutoString(), server_default="", nullable=False)
        )
    # what was posted before was booked on its own day
    op.execute("UPDATE journal SET value_date = business_date")
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.alter_column("value_date", existing_type=sa.Date(), nullable=False)
        batch_op.alter_column("book", existing_type=sqlmodel.sql.sqltypes.AutoString(), server_default=None)
        batch_op.create_index(batch_op.f("ix_journal_value_date"), ["value_date"], unique=False)
        batch_op.create_index(batch_op.f("ix_journal_book"), ["book"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_journal_book"))
        batch_op.drop_index(batch_op.f("ix_journal_value_date"))
        batch_op.drop_column("book")
        batch_op.drop_column("value_date")
    op.drop_table("closed_period")
