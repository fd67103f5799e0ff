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
    # columns with a default are added in place: a table that others refer to can't be made anew on SQLite
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("value_date", sa.Date(), server_default="1970-01-01", nullable=False))
        batch_op.add_column(sa.Column("book", sqlmodel.sql.sqltypes.AutoString(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("number", sa.BigInteger(), server_default="0", nullable=False))
    # what was posted before was booked on its own day
    op.execute("UPDATE journal SET value_date = business_date")
    op.execute(
        "UPDATE journal SET number = numbered.number FROM"
        " (SELECT id, row_number() OVER (ORDER BY id) AS number FROM journal) AS numbered WHERE numbered.id = journal.id"
    )
    with op.batch_alter_table("loan_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("whole", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE loan_event SET whole = true")
    op.create_index("ix_journal_value_date", "journal", ["value_date"], unique=False)
    op.create_index("ix_journal_number", "journal", ["book", "number"], unique=True)
    _heads()


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
    raise NotImplementedError("books of lenders can't be made one chain again: restore the backup instead")
