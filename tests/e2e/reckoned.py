"""What a loan of a `Site` comes to, reckoned by hand, and what became of the money of a payment."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from tests.e2e.site import Site


def owed(site: Site, loan_id: str, on: date) -> int:
    """Principal, fee and interest (ACT/360, to the fen) by ``on``, and no more than 24 % a year (ACT/365)."""
    row = site.loan(loan_id).row
    rate, fee = Decimal(str(row.terms["annual_rate"])), Decimal(str(row.terms["fee"])) * 100
    assert row.start_date is not None
    days = (on - row.start_date).days
    interest = (Decimal(row.principal) * rate * days / 360).quantize(Decimal(1), ROUND_HALF_EVEN)
    most = int(row.principal * Decimal("1.24") ** (Decimal(days) / 365))
    return min(row.principal + int(fee) + int(interest), most)


def refunds(site: Site, bank_ref: str) -> list[str]:
    return [row.status for row in site.refunds(bank_ref)]


def paid_to_holder(site: Site, bank_ref: str) -> list[tuple[str, object]]:
    return [(row.status, row.payload["amount"]) for row in site.payouts(bank_ref)]
