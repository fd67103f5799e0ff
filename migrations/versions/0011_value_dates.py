"""Value dates beside booking dates; whose book a journal is in, and its number there; closed periods; daily roots.

What was posted before is one book, that of nobody in particular: its hashes stay as they are, and its numbers follow
the order of posting.

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
    op.create_table(
        "daily_root",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("root", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("previous", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("heads", sa.JSON(), nullable=False),
        sa.Column("created_at", chainfin.storage.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day"),
        sa.UniqueConstraint("root"),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("value_date", sa.Date(), nullable=True))
        batch_op.add_column(
            sa.Column("book", sqlmodel.sql.sqltypes.AutoString(), server_default="", nullable=False)
        )
    # what was posted before was booked on its own day
    op.execute("UPDATE journal SET value_date = business_date")
    op.execute(
        "UPDATE journal SET number = numbered.number FROM"
        " (SELECT id, row_number() OVER (ORDER BY id) AS number FROM journal) AS numbered WHERE numbered.id = journal.id"
    )
    _heads()
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.alter_column("value_date", existing_type=sa.Date(), nullable=False)
        batch_op.alter_column("book", existing_type=sqlmodel.sql.sqltypes.AutoString(), server_default=None)
        batch_op.create_index(batch_op.f("ix_journal_value_date"), ["value_date"], unique=False)
        batch_op.alter_column("number", existing_type=sa.BigInteger(), nullable=False)
        batch_op.create_unique_constraint("uq_journal_book", ["book", "number"])


def _heads() -> None:
    """The end of each book, in a table of its own instead of among the facts."""
    op.create_table(
        "journal_head",
        sa.Column("book", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("book"),
    )
    op.execute(
        "INSERT INTO journal_head (book, number, hash)"
        " SELECT book, number, hash FROM journal WHERE id = (SELECT MAX(id) FROM journal)"
    )
    op.execute("DELETE FROM fact WHERE name = 'journal_head'")


def downgrade() -> None:
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_constraint("uq_journal_book", type_="unique")
        batch_op.drop_index(batch_op.f("ix_journal_value_date"))
        batch_op.drop_column("number")
        batch_op.drop_column("book")
        batch_op.drop_column("value_date")
    op.drop_table("journal_head")
    op.drop_table("daily_root")
    op.drop_table("closed_period")
