"""Late loans earn no income and are provided for; those lent before, from the first day that isn't posted yet.

Revision ID: 0042
Revises: 0040
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("loan", sa.Column("impaired_from", sa.Date(), nullable=True))
    heard = sa.table("loan_event", sa.column("loan_id", sa.String), sa.column("on", sa.Date))
    loan = sa.table("loan", sa.column("id", sa.String), sa.column("impaired_from", sa.Date))
    connection = op.get_bind()
    last = sa.select(heard.c.loan_id, sa.func.max(heard.c.on, type_=sa.Date)).group_by(heard.c.loan_id)
    for loan_id, on in connection.execute(last).all():
        connection.execute(sa.update(loan).where(loan.c.id == loan_id).values(impaired_from=on + timedelta(days=1)))


def downgrade() -> None:
    op.drop_column("loan", "impaired_from")
