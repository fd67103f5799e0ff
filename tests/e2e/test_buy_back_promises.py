"""A core enterprise's promise to buy goods back: it is counted in the decision, and kept before money goes out."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest

from chainfin.errors import ChainfinError
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications
from chainfin.services.pledges import promises, undertakings
from chainfin.services.views.pledges import BuyBackPromiseView
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.asked_acts import HELD, a_day_later, asked, sign
from tests.e2e.ending import mismatches, pledges_on, receipt
from tests.e2e.site import Site
from tests.e2e.site_money import CNY
from tests.e2e.test_realisation import code_of

ASKED = 500_000_00
GOODS = {"product": "inventory_pledge", "days": 60}


def promised(
    site: Site, receipt_id: str, *, kilograms: int = 20_000, until: date | None = None, by: Actor | None = None,
    price: int | None = None,
) -> BuyBackPromiseView:  # fmt: skip
    who, last = by or site.cast["core"], until or site.today + timedelta(days=120)
    at = None if price is None else Money(price, CNY)
    return promises.promise(
        site.ctx, who, receipt_id, Decimal(kilograms), last, "we buy what isn't redeemed (invented)", price=at
    )


def rate(site: Site, application: str) -> str:
    offer = site.application(application).offer
    assert offer is not None
    return str(offer.terms["advance_rate"])


def counted(site: Site, application: str) -> str | None:
    row = site.application(application).row
    found = json.loads(str(row.record))["inputs"]["buy_back"]
    return None if found is None else str(found["promise"])


@pytest.fixture(autouse=True)
def _graded(site: Site) -> None:
    """The lender knows the core enterprise, and grades it A."""
    site.limit("debtor", site.cast["core"], 500_000_000_00)


def test_promise__counted__paid_out_once_the_undertaking_is_on_chain(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    made = promised(site, goods.id, price=72_00)
    application = site.offered(borrower, ASKED, goods.id, **GOODS)
    assert counted(site, application) == made.id
    core = site.party(site.cast["core"].party_id).address
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda s, c, address: None if address == core else HELD(s, c, address))
        applications.accept(site.ctx, borrower, application)
        site.run()
        (pledge,) = pledges_on(site, goods.id)
        assert (pledge.status, site.application(application).row.status) == ("active", "pledging"), "it waits"
        assert site.payments().count(str(site.application(application).row.loan_id)) == 0
    (act,) = asked(site, pledge.id, "undertake")
    sign(site, act)
    site.run()
    assert site.application(application).row.status == "funded"
    (given,) = undertakings.of_pledge(site.ctx, borrower, pledge.id)
    assert (given.buyer_id, given.amount, given.until) == (site.cast["core"].party_id, pledge.amount, made.until)
    assert (given.wording, given.price) == (made.wording, Money(72_00, CNY))
    assert mismatches(site) == []


def test_promise__by_a_good_core__lends_more_on_the_same_goods(site: Site) -> None:
    borrower = site.borrower()
    with_, without = site.goods(borrower), site.goods(borrower)
    promised(site, with_.id)
    rates = [rate(site, site.offered(borrower, ASKED, each.id, **GOODS)) for each in (with_, without)]
    assert rates == ["0.7500", "0.7000"]


@pytest.mark.parametrize("why", ["unsigned", "withdrawn"])
def test_promise__not_kept__nothing_is_paid_and_the_goods_are_free(
    site: Site, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    made = promised(site, goods.id)
    application = site.offered(borrower, ASKED, goods.id, **GOODS)
    core = site.party(site.cast["core"].party_id).address
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda s, c, address: None if address == core else HELD(s, c, address))
        applications.accept(site.ctx, borrower, application)
        if why == "withdrawn":
            promises.withdraw(site.ctx, site.cast["core"], made.id)
        site.run()
        if why == "unsigned":
            assert site.application(application).row.status == "pledging"
            a_day_later(site)
    failed = site.application(application)
    assert failed.row.status == "failed"
    code = {"unsigned": "act_expired", "withdrawn": "buy_back_withdrawn"}[why]
    assert code in [node.detail.get("code") for node in failed.progress]
    assert [pledge.status for pledge in pledges_on(site, goods.id)] == ["released"]
    assert (receipt(site, goods.id).pledged, receipt(site, goods.id).reserved) == (0, 0)
    assert site.taken(application).keys() == {"freed"}
    assert mismatches(site) == []


def test_promise__withdrawn_before_acceptance__the_offer_isnt_taken(site: Site) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    made = promised(site, goods.id)
    application = site.offered(borrower, ASKED, goods.id, **GOODS)
    promises.withdraw(site.ctx, site.cast["core"], made.id)
    assert code_of(applications.accept, site.ctx, borrower, application) == "buy_back_withdrawn"
    assert code_of(promises.withdraw, site.ctx, site.cast["core"], made.id) == "promise_withdrawn"


def test_promise__too_short_too_small_or_of_one_the_lender_doesnt_know__isnt_counted(site: Site) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    promised(site, goods.id, until=site.today + timedelta(days=73))
    promised(site, goods.id, kilograms=7_000)
    promised(site, goods.id, by=site.admit(Role.CORE))
    application = site.offered(borrower, ASKED, goods.id, **GOODS)
    assert counted(site, application) is None
    assert rate(site, application) == "0.7000"


def test_promise__what_cannot_be__refused(site: Site) -> None:
    borrower = site.borrower()
    goods, core = site.goods(borrower), site.cast["core"]
    lender, made = site.cast["lender"], promised(site, goods.id)
    for who, code in ((lender, "role_missing"), (borrower, "role_missing")):
        with pytest.raises(ChainfinError) as refused:
            promised(site, goods.id, by=who)
        assert refused.value.code == code
    with pytest.raises(ChainfinError) as refused:
        promised(site, goods.id, until=site.today - timedelta(days=1))
    assert refused.value.code == "until_past"
    assert code_of(promises.withdraw, site.ctx, borrower, made.id) == "promise_unknown"
    assert code_of(promises.of_receipt, site.ctx, lender, goods.id) == "warehouse_receipt_unknown"
    assert [each.id for each in promises.of_receipt(site.ctx, core, goods.id)] == [made.id]
    assert [each.id for each in promises.of_receipt(site.ctx, borrower, goods.id)] == [made.id]
