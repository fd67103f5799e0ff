"""No money in a currency in which the policies name no amounts, whatever a lender sets: the application is declined."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from chainfin.services.kernel import commands
from chainfin.services.lending import applications, limits, mandates
from chainfin.storage.lending_tables import ApplicationRow, HoldRow
from chainfin.storage.store import Store
from chainfin.values.money import Money
from chainfin.values.party import Role
from chainfin.values.product import Product
from tests.lending_board import Board

MONTHS = [f"{year}-{month:02d}" for year in (2024, 2025, 2026) for month in range(1, 13)]


@pytest.mark.parametrize(("currency", "known"), [("USD", True), ("JPY", False), ("KRW", False)])
def test_general_path__currency_the_policy_does_not_name__declined(
    store: Store, tmp_path: Path, currency: str, known: bool
) -> None:
    board = Board.on(store, tmp_path)
    lender, borrower = board.parties(Role.LENDER, Role.SUPPLIER)
    ample = Money(10**9, currency)
    until = board.clock.now() + timedelta(days=90)
    mandates.prepare(board.ctx, lender, products=list(Product), amount=ample, expires_at=until)
    limits.set_(board.ctx, lender, kind="borrower", key=str(borrower.party_id), amount=ample, grade="A")
    row = applications.apply(
        board.ctx,
        borrower,
        product=Product.GENERAL_310.value,
        lender_id=str(lender.party_id),
        amount=Money(5_000_00, currency),
        days=30,
        asset_id=None,
        consent={"token": "consent"},
    )
    today = board.clock.today()
    months = [{"month": each, "amount": "900000"} for each in MONTHS if each <= f"{today:%Y-%m}"][-24:]
    source = {"status": "done", "as_of": today.isoformat(), "payload": {"currency": currency, "months": months}}
    assert board.answer(commands.FetchData, {"sources": {"payments": source}}, row.id)
    with store.read() as session:
        after = session.get_one(ApplicationRow, row.id)
        held = session.exec(select(HoldRow.id).where(HoldRow.application_id == row.id)).all()
    told = str(after.record)
    assert (after.status, "currency_not_financed" in told, bool(held)) == (
        ("offered", False, True) if known else ("declined", True, False)
    )
