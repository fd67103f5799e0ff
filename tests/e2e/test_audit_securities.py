"""Evidence of loans with several pledges: exchanged, split, added, taken, bought back – each is shown and checked."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial

import pytest

from chainfin.audit.report import Report, State
from chainfin.services.books import loan_book
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import end_of_day
from chainfin.services.pledges import enforcement, undertakings
from chainfin.services.trade import splits_and_transfers
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.ending import parts, pledges_on
from tests.e2e.forging import Content, act_of, drop_fact, fact_of, paper_of, resealed
from tests.e2e.secured import PART, bundle, checked, exchanged, lent, lent_on_goods, names
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY
from tests.e2e.test_failures import foreign_pledge
from tests.e2e.test_past_the_service import substituted as substituted_elsewhere


def right(site: Site, loan_id: str) -> tuple[bytes, Report]:
    data = bundle(site, loan_id)
    report = checked(site, data)
    assert report.failures == ()
    return data, report


def drop_entry(n: int, content: Content) -> None:
    """The registry's word on the n-th pledge (from 1) isn't there."""
    content["registry"].pop(n - 1)


def drop_act(primary: str, content: Content) -> None:
    content["acts"].remove(act_of(content, primary))


def test_exchanged_twice__for_a_receivable_and_a_part_of_another__each_shown(site: Site) -> None:
    borrower = site.borrower()
    loan_id, goods_id = lent_on_goods(site, borrower)
    exchanged(site, borrower, goods_id, site.confirmed(borrower))
    whole = site.confirmed(borrower)
    splits_and_transfers.split(site.ctx, borrower, whole.id, [Money(PART, CNY), Money(1_000_00, CNY)])
    site.run()
    exchanged(site, borrower, goods_id, parts(site, whole.id)[0])
    exchanged(site, borrower, goods_id, site.receivable(whole.id), 50_000_00)
    data, report = right(site, loan_id)
    assert report.not_compared == ()
    assert {f"security {n}: registry: number" for n in (2, 3, 4)} <= names(report, State.OK)
    content = json.loads(data)
    assert len(content["registry"]) == 4
    for n in (2, 3, 4):
        left = resealed(data, partial(drop_entry, n))
        assert names(checked(site, left), State.FAILED) == {f"security {n}: registry: entry"}
    site.pays(FACE, f"RECEIVABLE {whole.id}")
    right(site, loan_id)


@pytest.mark.parametrize("product", ["receivable_pledge", "inventory_pledge", "general_310"])
def test_added__a_receivable_on_top__its_trade_is_shown_and_what_it_pays_is_the_loans(site: Site, product: str) -> None:
    borrower = site.borrower()
    loan_id = lent(site, borrower, product)
    number = 1 if product == "general_310" else 2
    asset = site.confirmed(borrower)
    foreign_pledge(site, borrower, asset.id, PART, loan_book.loan_ref(loan_id))
    site.run()
    before = site.loan(loan_id).loan.dues.total.minor
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).loan.dues.total.minor == max(0, before - PART)
    data, report = right(site, loan_id)
    assert names(report, State.NOT_COMPARED) == {f"security {number}: registry: entry"}
    assert {f"security {number}: documents: quantities", f"payment {ref}: on chain"} <= names(report, State.OK)

    def unsigned(content: Content) -> None:
        pledged, _ = fact_of(content, "Pledges.Pledged", -1)
        content["acts"] = [act for act in content["acts"] if act["fact"] != pledged]

    report = checked(site, resealed(data, unsigned))
    missed = {f"security {number}: registry: entry", "signature of Pledge", "signature of Grant"}
    assert (report.ok, names(report, State.NOT_COMPARED)) == (True, missed)

    def unshown(content: Content) -> None:
        content["documents"].remove(paper_of(content, "Receivables.Issued", -1))

    assert names(checked(site, resealed(data, unshown)), State.FAILED) == {f"security {number}: documents: complete"}


def test_exchanged__past_the_service__its_entry_is_missed(site: Site) -> None:
    borrower = site.borrower()
    loan_id, goods_id = lent_on_goods(site, borrower)
    asset = site.confirmed(borrower)
    (sold,) = pledges_on(site, goods_id)
    assert substituted_elsewhere(site, borrower, loan_id, sold, asset.id, 1000).status == "final"
    assert names(checked(site, bundle(site, loan_id)), State.FAILED) == {"security 2: registry: entry"}


def test_exchanged__under_another_decision__named(site: Site) -> None:
    borrower = site.borrower()
    loan_id, goods_id = lent_on_goods(site, borrower)
    asset = site.confirmed(borrower)
    (sold,) = pledges_on(site, goods_id)
    assert substituted_elsewhere(site, borrower, loan_id, sold, asset.id, 1000, "0x" + "cd" * 32).status == "final"
    assert "security 2: substitution: decision" in names(checked(site, bundle(site, loan_id)), State.FAILED)


def fallen_due(site: Site) -> tuple[Actor, str, ReceivableRow, str]:
    """Who undertook to pay, loan, the receivable that took the place of its goods, and the pledge: both are overdue."""
    borrower = site.borrower()
    loan_id, goods_id = lent_on_goods(site, borrower)
    asset = site.confirmed(borrower)
    pledge_id = exchanged(site, borrower, goods_id, asset)
    until = asset.due_date + timedelta(days=30)
    giver = site.admit(Role.SUPPLIER)
    undertakings.undertake(site.ctx, giver, pledge_id, str(Money(PART, CNY)), until, "we pay if the debtor doesn't")
    site.run()
    site.fall_due(asset.due_date)
    end_of_day.run(site.ctx, OPERATOR, site.today)
    return giver, loan_id, asset, pledge_id


def test_taken__the_receivable_that_took_the_goods_place__what_it_pays_is_the_loans(site: Site) -> None:
    _, loan_id, asset, pledge_id = fallen_due(site)
    enforcement.enforce(site.ctx, site.cast["lender"], pledge_id)
    site.run()
    (taken,) = parts(site, asset.id)
    ref = site.pays(PART, f"RECEIVABLE {taken.id}")
    data, report = right(site, loan_id)
    assert {"signature of Enforce", f"payment {ref}: on chain"} <= names(report, State.OK)
    left = resealed(data, lambda content: drop_fact(content, fact_of(content, "Pledges.Enforced")[0]))
    assert f"payment {ref}: remittance" in names(checked(site, left), State.FAILED)


def test_recourse__on_the_receivable_that_took_the_goods_place__promise_and_payment_shown(site: Site) -> None:
    giver, loan_id, _, pledge_id = fallen_due(site)
    ref = site.pays(100_000_00, f"BUYBACK {pledge_id}", payer=site.party(giver.party_id).account)
    data, report = right(site, loan_id)
    wanted = {"security 2: pledge: bought back", "signature of BuyBack", "signature of BuyBack: role"}
    assert wanted | {"signature of Undertake", f"payment {ref}: on chain"} <= names(report, State.OK)
    for primary in ("Undertake", "BuyBack"):
        left = resealed(data, partial(drop_act, primary))
        assert names(checked(site, left), State.FAILED) == {f"signature of {primary}"}
    left = resealed(data, lambda content: drop_fact(content, fact_of(content, "Pledges.Undertaken")[0]))
    assert names(checked(site, left), State.FAILED) == {"security 2: pledge"}
