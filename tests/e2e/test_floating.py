"""Goods move in and out of a pledge while what stays is worth what their lender set (最低价值控制)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from chainfin.services.goods import two_words
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Actor
from chainfin.services.pledges import floating, top_ups
from chainfin.services.reactions import approved
from chainfin.values.money import Money
from chainfin.values.party import first_person
from tests.e2e.asked_acts import HELD, asked, sign
from tests.e2e.ending import mismatches, pledges_on, receipt
from tests.e2e.site import Site
from tests.e2e.site_money import CNY
from tests.e2e.test_realisation import code_of

LENT, PRICE = 500_000_00, 70_00
LEAST = 800_000_00
"""11,428.571… kg at 70.00; the loan itself needs 10,204.082 kg and a bit of interest."""


@pytest.fixture
def stock(site: Site) -> tuple[Actor, Actor, str, str]:
    """A borrower with 20 tons of copper of which 15 are pledged to a lender of its own; receipt and loan."""
    borrower = site.borrower()
    lender = site.lender(borrower)
    site.price(PRICE, lender)
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge", lender_id=str(lender.party_id))
    (pledge,) = pledges_on(site, goods.id)
    more = Decimal(15_000_000 - pledge.amount).scaleb(-3)
    top_ups.pledge_more(site.ctx, borrower, loan_id, receipt_id=goods.id, quantity=more)
    site.run()
    return borrower, lender, goods.id, loan_id


def least(site: Site, lender: Actor, loan_id: str, minor: int = LEAST) -> None:
    who = replace(lender, person_id=first_person(lender.party_id))
    proposal = floating.propose(site.ctx, who, loan_id, Money(minor, CNY), reason="stock turns over (invented)")
    assert code_of(approved.approve, site.ctx, who, proposal.id, "yes") == "approval_same_person"
    approved.approve(site.ctx, site.second(who), proposal.id, "yes")


def test_taken_out__above_the_minimum__without_repaying_and_handed_out(
    site: Site, stock: tuple[Actor, Actor, str, str]
) -> None:
    borrower, lender, goods_id, loan_id = stock
    first, second = pledges_on(site, goods_id)
    assert code_of(floating.take_out, site.ctx, borrower, second.id, "1") == "minimum_missing"
    least(site, lender, loan_id)
    part = 15_000_000 - -(-LEAST * 1000 // PRICE)
    owed = site.settles(loan_id)
    assert code_of(floating.take_out, site.ctx, lender, second.id, "1") == "not_pledgor"
    floating.take_out(site.ctx, borrower, second.id, str(Decimal(part).scaleb(-3)))
    site.run()
    assert [pledge.released for pledge in pledges_on(site, goods_id)] == [0, part]
    assert site.settles(loan_id) == owed, "nothing was repaid"
    two_words.order(site.ctx, borrower, goods_id, Decimal(part).scaleb(-3))
    site.run()
    assert receipt(site, goods_id).released == part
    assert first.left == pledges_on(site, goods_id)[0].left
    assert mismatches(site) == []


def test_taken_out__what_would_leave_too_little__refused_for_minimum_and_loan(
    site: Site, stock: tuple[Actor, Actor, str, str]
) -> None:
    borrower, lender, goods_id, loan_id = stock
    least(site, lender, loan_id)
    _, added = pledges_on(site, goods_id)
    there = 15_000_000
    spare = there - -(-LEAST * 1000 // PRICE)
    assert (
        code_of(floating.take_out, site.ctx, borrower, added.id, str(Decimal(spare + 1).scaleb(-3))) == "below_minimum"
    )
    least(site, lender, loan_id, minor=1_00)
    needed = -(-site.settles(loan_id) * 10_000 * 1000 // (7_000 * PRICE))
    over = Decimal(there - needed + 1_000).scaleb(-3)
    assert code_of(floating.take_out, site.ctx, borrower, added.id, str(over)) == "below_minimum", (
        "the loan isn't carried"
    )


def test_taken_out__price_falls_before_the_lender_signs__nothing_goes(
    site: Site, stock: tuple[Actor, Actor, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower, lender, goods_id, loan_id = stock
    least(site, lender, loan_id)
    _, added = pledges_on(site, goods_id)
    spare = Decimal(15_000_000 - -(-LEAST * 1000 // PRICE)).scaleb(-3)
    own = site.party(lender.party_id).address
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda s, c, a: None if a == own else HELD(s, c, a))
        floating.take_out(site.ctx, borrower, added.id, str(spare))
        assert code_of(floating.take_out, site.ctx, borrower, added.id, "0.001") == "below_minimum", "asked for is gone"
        site.price(PRICE - 1, lender)
        (act,) = asked(site, added.id, "release")
        assert code_of(sign, site, act) == "release_outdated"
    site.run()
    assert [pledge.released for pledge in pledges_on(site, goods_id)] == [0, 0]
    assert mismatches(site) == []
