"""The 310 path over 302 real small enterprises' VAT invoices (folder CHAINFIN_DATA; skipped where it isn't set)."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from pathlib import Path

import pytest

from chainfin.risk import InvoiceRow, decide_general, replay, summarise_invoices

# The invoices end in February 2020; the last whole year is 2019.
AS_OF = dt.date(2020, 1, 1)
NOW = dt.datetime(2020, 1, 1, 8, tzinfo=dt.UTC)


def _enterprises() -> dict[str, list[InvoiceRow]]:
    folder = os.environ.get("CHAINFIN_DATA")
    path = Path(folder or "") / "sme_invoices" / "invoices.parquet"
    if not folder or not path.exists():
        pytest.skip("CHAINFIN_DATA names no folder with sme_invoices/invoices.parquet")
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(path)
    fen = {name: (frame[name] * 100).round().astype("int64").tolist() for name in ("total", "tax")}
    rows = zip(
        frame["enterprise"].tolist(),
        [stamp.date() for stamp in frame["date"].dt.to_pydatetime()],
        frame["counterparty"].tolist(),
        fen["total"],
        fen["tax"],
        frame["direction"].tolist(),
        (frame["status"] == "void").tolist(),
        strict=True,
    )
    found: dict[str, list[InvoiceRow]] = {}
    for enterprise, *row in rows:
        found.setdefault(enterprise, []).append(InvoiceRow(*row))
    return found


def test_general__302_real_enterprises__parts_add_up_to_the_fen_and_none_raises() -> None:
    enterprises = _enterprises()
    assert len(enterprises) == 302
    decisions: Counter[str] = Counter()
    limits = []
    for name, rows in enterprises.items():
        asked = {"id": name, "borrower": name, "lender": "bank", "amount_minor": 10**13, "currency": "CNY", "days": 180}
        sales = summarise_invoices(rows, "CNY", AS_OF)
        record = decide_general({"application": asked, "borrower": {"party": name}, "sales": sales, "now": NOW})
        outcome = record.as_dict()["outcome"]
        limit = int(outcome["limit_minor"])
        assert sum(int(part["amount_minor"]) for part in outcome["limit_parts"]) == limit, name
        assert 0 <= limit <= 3_000_000_00, name
        assert limit % 100_00 == 0, name
        assert record.outcome.amount_minor <= limit, name
        decisions[record.outcome.decision] += 1
        limits.append(limit)
        if len(limits) % 30 == 0:
            assert replay(record.as_dict(), expected_hash=record.hash()).ok, name
    # neither a door that is always open nor one that is always shut
    assert decisions["approved"] >= 30, decisions
    assert decisions["declined"] >= 30, decisions
    assert len(set(limits)) >= 50, "limits don't tell enterprises apart"
