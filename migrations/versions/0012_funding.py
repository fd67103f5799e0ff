"""What lenders have placed for lending: an account a lender and currency, and what loans hold of it.

A lender that lent before gets an account that says what the book says of its cash, which may stand below zero: how far,
is kept beside it as ``overdrawn``. Loans whose payout was ordered hold their money.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = chainfin.storage.types.UtcDateTime

# 1002: cash. 2241.01: owed on to holders, which is not the lender's own.
_CASH = """
SELECT entry.party, entry.currency, SUM(entry.debit - entry.credit) FROM entry
WHERE entry.account IN ('1002', '2241.01') AND entry.party IN (SELECT lender_id FROM loan)
GROUP BY entry.party, entry.currency
"""
_UNDER_WAY = """
SELECT loan.id, loan.lender_id, loan.currency, loan.principal FROM loan
JOIN application ON application.id = loan.application_id
WHERE loan.status = 'approved' AND application.status = 'disbursing'
"""


def upgrade() -> None:
    account = op.create_table(
        "funding_account",
        sa.Column("id", Text(), nullable=False),
        sa.Column("cell", Text(), nullable=False),
        sa.Column("lender_id", Text(), nullable=False),
        sa.Column("currency", Text(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("committed", sa.BigInteger(), nullable=False),
        sa.Column("overdrawn", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", Moment(timezone=True), nullable=False),
        sa.CheckConstraint("committed >= 0 and overdrawn >= 0 and balance + overdrawn >= committed", name="covered"),
        sa.ForeignKeyConstraint(["lender_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lender_id", "currency"),
    )
    op.create_index(op.f("ix_funding_account_lender_id"), "funding_account", ["lender_id"], unique=False)
    hold = op.create_table(
        "funding_hold",
        sa.Column("loan_id", Text(), nullable=False),
        sa.Column("account_id", Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", Text(), nullable=False),
        sa.Column("updated_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["funding_account.id"]),
        sa.PrimaryKeyConstraint("loan_id"),
    )
    op.create_index(op.f("ix_funding_hold_account_id"), "funding_hold", ["account_id"], unique=False)
    _of_before(account, hold)


def _of_before(account: sa.Table, hold: sa.Table) -> None:
    bind, now = op.get_bind(), datetime.now(UTC)
    cash = {(party, currency): int(net) for party, currency, net in bind.execute(sa.text(_CASH))}
    loans = list(bind.execute(sa.text(_UNDER_WAY)))
    cells = dict(bind.execute(sa.text("SELECT id, cell FROM party")).tuples().all())
    keys = sorted({*cash, *((lender, currency) for _, lender, currency, _ in loans)})
    ids = {key: chainfin.storage.types.new_id("fnd") for key in keys}
    accounts = []
    for lender, currency in keys:
        committed = sum(principal for _, *of, principal in loans if tuple(of) == (lender, currency))
        balance = cash.get((lender, currency), 0)
        accounts.append(
            {
                "id": ids[lender, currency],
                "cell": cells[lender],
                "lender_id": lender,
                "currency": currency,
                "balance": balance,
                "committed": committed,
                "overdrawn": max(0, committed - balance),
                "updated_at": now,
            }
        )
    holds = [
        {"loan_id": loan, "account_id": ids[lender, currency], "amount": principal, "state": "held", "updated_at": now}
        for loan, lender, currency, principal in loans
    ]
    op.bulk_insert(account, accounts)
    op.bulk_insert(hold, holds)


def downgrade() -> None:
    op.drop_table("funding_hold")
    op.drop_table("funding_account")
