"""Goods that a lender took and doesn't need go back to their pledgor, by the word of two on a valuation."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from chainfin.eth import eip712
from chainfin.eth.bindings.warehouse_receipts_acts import HandOut
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.pledges import returns
from chainfin.services.reactions import approved
from chainfin.values.party import first_person
from tests.e2e.asked_acts import a_day_later, asked, sign
from tests.e2e.ending import mismatches
from tests.e2e.site import Site
from tests.e2e.test_realisation import BUYER, PRICE, Taken, code_of, own_receipt, sold, taken, worth

__all__ = ["taken"]
OPERATING = replace(OPERATOR, person_id=first_person(None))


@pytest.fixture
def halved(site: Site, taken: Taken) -> Taken:
    """Half of what is owed was paid after the goods had been taken."""
    site.pays(site.settles(taken[1]) // 2, f"LOAN {taken[1]}")
    return taken


def surplus(site: Site, loan_id: str, issued: int) -> int:
    """What isn't needed to bring what is owed at seven tenths of the price: thousandths, reckoned here once more."""
    return issued + -(site.settles(loan_id) * 10_000 * 1000) // (7_000 * PRICE)


def shown(thousandths: int) -> str:
    return str(Decimal(thousandths).scaleb(-3))


def asks(site: Site, who: Actor, pledge_id: str, thousandths: int) -> str:
    return returns.propose(site.ctx, who, pledge_id, shown(thousandths), reason="the loan doesn't need it").id


@pytest.mark.parametrize("by", ["pledgor", "lender"])
def test_taken__more_than_the_loan_needs__the_rest_goes_back_and_the_loan_is_covered(
    site: Site, halved: Taken, by: str
) -> None:
    borrower, loan_id, pledge = halved
    child, lender = own_receipt(site, pledge), site.cast["lender"]
    much = surplus(site, loan_id, child.issued)
    assert much > 0
    who = borrower if by == "pledgor" else lender
    assert code_of(asks, site, who, pledge.id, much + 1) == "return_leaves_short"
    proposal = asks(site, who, pledge.id, much)
    approved.approve(site.ctx, OPERATING, proposal, "as valued")
    site.run()
    after = own_receipt(site, pledge)
    assert (after.released, after.free, after.reserved) == (much, child.issued - much, child.issued - much)
    (seen,) = returns.of_pledge(site.ctx, borrower, pledge.id)
    assert (seen.quantity, seen.status, seen.valuation["price"], seen.proposal_id) == (much, "final", "70.00", proposal)
    rest = after.free
    sold(site, pledge, rest, worth(rest) * 7 // 10 + 1)
    site.pays(worth(rest) * 7 // 10 + 1, f"BUYBACK {pledge.id}", payer=BUYER)
    assert site.loan(loan_id).row.status == "repaid", "what stayed brought all that was owed, at the floor"
    two_words.order(site.ctx, lender, child.id, Decimal(rest).scaleb(-3))
    site.run()
    assert mismatches(site) == []


def test_return__approved_after_the_price_fell__refused_and_nothing_moves(site: Site, halved: Taken) -> None:
    borrower, loan_id, pledge = halved
    child = own_receipt(site, pledge)
    proposal = asks(site, borrower, pledge.id, surplus(site, loan_id, child.issued))
    site.price(PRICE * 9 // 10)
    assert code_of(approved.approve, site.ctx, OPERATING, proposal, "as valued") == "return_leaves_short"
    site.run()
    assert (own_receipt(site, pledge).released, returns.of_pledge(site.ctx, borrower, pledge.id)) == (0, [])


def test_return__unsigned_for_a_day__asked_for_again_and_not_the_lenders_to_sell_or_take(
    site: Site, halved: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower, loan_id, pledge = halved
    child, lender = own_receipt(site, pledge), site.cast["lender"]
    much = surplus(site, loan_id, child.issued) // 2
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        approved.approve(site.ctx, OPERATING, asks(site, borrower, pledge.id, much), "as valued")
        assert code_of(sold, site, pledge, child.issued - much + 1, worth(child.issued)) == "exceeds_unsold"
        assert code_of(two_words.order, site.ctx, lender, child.id, Decimal(1)) == "taken_not_sold"
        assert code_of(receipts.transfer, site.ctx, lender, child.id, str(borrower.party_id)) == "taken_not_sold"
        a_day_later(site)
        first, again = asked(site, child.id, eip712.word_name(HandOut))
        assert (first.status, again.status, first.params) == ("expired", "awaiting_signature", again.params)
    sign(site, again)
    site.run()
    assert (own_receipt(site, pledge).released, own_receipt(site, pledge).reserved) == (much, child.issued - much)
    assert mismatches(site) == []


def test_return__what_cannot_be__refused(site: Site, halved: Taken) -> None:
    borrower, loan_id, pledge = halved
    assert code_of(asks, site, site.cast["core"], pledge.id, 1000) == "pledge_unknown"
    assert code_of(returns.of_pledge, site.ctx, site.cast["core"], pledge.id) == "pledge_unknown"
    mine = replace(borrower, person_id=first_person(borrower.party_id))
    proposal = asks(site, mine, pledge.id, 1000)
    assert code_of(approved.approve, site.ctx, site.second(mine), proposal, "we want it") == "proposal_unknown"
    site.pays(site.settles(loan_id), f"LOAN {loan_id}")
    assert code_of(approved.approve, site.ctx, OPERATING, proposal, "late") == "loan_over"
    assert code_of(asks, site, borrower, pledge.id, 1000) == "loan_over"
