"""Margin calls have a deadline, and say how they ended.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (("quantity", sa.BigInteger()), ("due_on", sa.Date()), ("escalated_on", sa.Date())):
        op.add_column("margin_call", sa.Column(name, kind, nullable=True))
    op.execute("UPDATE margin_call SET status = 'cured' WHERE status = 'covered'")
    # until now what was paid on a call was read from the repayments alone
    op.execute(
        """UPDATE margin_call SET status = 'cured' WHERE status = 'open' AND amount <= (
            SELECT COALESCE(SUM(repayment.amount), 0) FROM repayment
            WHERE repayment.loan_id = margin_call.loan_id AND repayment.created_at >= margin_call.created_at)"""
    )
    op.execute(
        """UPDATE margin_call SET status = 'cured' WHERE status = 'open' AND EXISTS (
            SELECT 1 FROM loan WHERE loan.id = margin_call.loan_id
            AND loan.status NOT IN ('active', 'overdue', 'restructured'))"""
    )


def downgrade() -> None:
    op.execute("UPDATE margin_call SET status = 'covered' WHERE status = 'cured'")
    op.execute("UPDATE margin_call SET status = 'open' WHERE status = 'escalated'")
    for name in ("escalated_on", "due_on", "quantity"):
        op.drop_column("margin_call", name)
