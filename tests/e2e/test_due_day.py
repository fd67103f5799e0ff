"""A maturity on a holiday: one day on which the borrower has to pay, wherever it looks."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.services.books import loan_book
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import applications
from chainfin.services.oversight import evidence
from chainfin.services.reads import queries
from chainfin.storage.ledger_tables import OutboxRow
from tests.e2e.forging import resealed
from tests.e2e.site import Site

NOMINAL, DUE = date(2026, 5, 1), date(2026, 5, 6)
"""Sixty days after the site's first day is Labour Day; banks settle again after the holidays."""
LENT = 100_000_00


def test_maturity_on_a_holiday__one_day_everywhere(site: Site) -> None:
    borrower = site.borrower()
    application = site.offered(borrower, LENT, site.confirmed(borrower).id)
    seen = queries.application(site.ctx, borrower, application)
    assert seen.offer is not None
    assert (seen.offer.terms["maturity"], seen.offer.terms["nominal_maturity"]) == (str(DUE), str(NOMINAL))
    days = (DUE - site.today).days
    (price,) = [each.en for each in seen.explanation if "repaid in one sum" in each.en]
    assert f"after {days} days, on {DUE}, the interest is {seen.offer.terms['interest']}" in price
    assert f"{Decimal(str(seen.offer.terms['yearly_cost'])) * 100:.2f}% a year" in price
    assert any(f"lead to {NOMINAL}, which is no business day: it is due on {DUE}" in e.en for e in seen.explanation)

    applications.accept(site.ctx, borrower, application)
    site.run()
    loan_id = str(site.application(application).row.loan_id)
    detail = queries.loan(site.ctx, borrower, loan_id)
    (listed,) = [each for each in queries.loans(site.ctx, borrower) if each.id == loan_id]
    for view in (detail.agreed, listed):
        assert (view.maturity, view.terms["maturity"], view.terms["nominal_maturity"]) == (DUE, str(DUE), str(NOMINAL))
    (instalment,) = queries.schedule(site.ctx, borrower, loan_id)
    assert (instalment.due, str(instalment.interest)) == (DUE, seen.offer.terms["interest"])
    assert queries.payoff(site.ctx, borrower, loan_id, DUE).total == instalment.total
    assert queries.application(site.ctx, borrower, application).explanation == seen.explanation


def test_maturity_on_a_holiday__the_pledge_is_filed_until_the_due_day__its_evidence_verifies(site: Site) -> None:
    borrower = site.borrower()
    loan = site.funded(borrower, LENT, site.confirmed(borrower).id)
    pledge = site.loan(loan).pledges[0]
    with site.ctx.store.read() as session:
        (filed,) = session.exec(
            select(OutboxRow).where(OutboxRow.topic == "registry.register", OutboxRow.subject == pledge.id)
        ).all()
    assert filed.payload["ends_on"] == str(DUE)

    inst = site.inst
    data = evidence.bundle(site.ctx, OPERATOR, loan, ChainProver(inst.node, inst.deployment))
    assert json.loads(data)["loan"]["terms"]["due_on"] == str(DUE)
    assert _wrong(site, data) == []

    def another_day(content: dict[str, Any]) -> None:
        content["loan"]["terms"]["due_on"] = str(NOMINAL)

    assert _wrong(site, resealed(data, another_day)) == ["registry: ends_on", "terms: due day"]


def test_maturity_on_a_holiday__a_loan_whose_terms_dont_name_the_due_day__its_evidence_verifies_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loan_book, "named_due", lambda terms: {})
    borrower = site.borrower()
    loan = site.funded(borrower, LENT, site.confirmed(borrower).id)
    data = evidence.bundle(site.ctx, OPERATOR, loan, ChainProver(site.inst.node, site.inst.deployment))
    assert "due_on" not in json.loads(data)["loan"]["terms"]
    assert _wrong(site, data) == []
    assert queries.loan(site.ctx, borrower, loan).agreed.maturity == DUE


def _wrong(site: Site, data: bytes) -> list[str]:
    """What the auditor's verifier finds wrong with a bundle."""
    inst = site.inst
    assert inst.sandbox is not None
    head, keys = "0x" + inst.node.head().hash.hex(), [inst.sandbox.public_key]
    report = verify(data, [head], keys, inst.deployment.contracts, inst.deployment.code_hashes)
    return sorted(check.name for check in report.checks if not check.ok)
