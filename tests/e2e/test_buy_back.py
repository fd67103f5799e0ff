"""保兑仓: a core enterprise undertakes to buy pledged goods, and pays the lender for what it buys."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.errors import ChainfinError
from chainfin.services.kernel.context import Actor
from chainfin.services.oversight import evidence
from chainfin.services.pledges import undertakings
from chainfin.storage.trade_tables import PledgeRow
from chainfin.values.money import Money
from tests.e2e.ending import mismatches, pledges_on, receipt, receipts_out_of
from tests.e2e.onchain import view
from tests.e2e.site import CNY, Site

LENT = 500_000_00
PRICE = 70_00
"""Of a kilogram of copper, in fen."""


@pytest.fixture
def undertaken(site: Site) -> tuple[Actor, str, PledgeRow]:
    """A borrower, its loan on goods, the pledge, all of which the core enterprise undertook to buy within 90 days."""
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge")
    (pledge,) = pledges_on(site, goods.id)
    until = site.today + timedelta(days=90)
    quantity = str(Decimal(pledge.left).scaleb(-3))
    undertakings.undertake(site.ctx, site.cast["core"], pledge.id, quantity, until, "we buy what isn't redeemed")
    site.run()
    return borrower, loan_id, pledge


def core_account(site: Site) -> str:
    return site.party(site.cast["core"].party_id).account


def test_undertaken__read_by_those_concerned__as_on_chain(site: Site, undertaken: tuple[Actor, str, PledgeRow]) -> None:
    borrower, _, pledge = undertaken
    for actor in (borrower, site.cast["lender"], site.cast["core"]):
        (seen,) = undertakings.of_pledge(site.ctx, actor, pledge.id)
        assert (seen.row.left, seen.unit) == (pledge.left, "KGM")
    with pytest.raises(ChainfinError) as refused:
        undertakings.of_pledge(site.ctx, site.cast["keeper"], pledge.id)
    assert refused.value.code == "pledge_unknown"
    buyer = site.party(site.cast["core"].party_id).chain_party
    assert view(site.inst, "Pledges", "undertakingOf", pledge.id, buyer)["amount"] == pledge.left
    assert mismatches(site) == []


def test_bought__a_part__serves_the_loan_and_the_goods_go_over(
    site: Site, undertaken: tuple[Actor, str, PledgeRow]
) -> None:
    _, loan_id, pledge = undertaken
    before = site.loan(loan_id).loan.dues.total.minor
    ref = site.pays(100_000_00, f"BUYBACK {pledge.id}", payer=core_account(site))
    assert site.incoming(ref).unapplied == 0
    bought = 100_000_00 * 1000 // PRICE
    (taken,) = receipts_out_of(site, pledge.asset_id)
    assert (taken.issued, taken.owner_id) == (bought, site.cast["core"].party_id)
    (after,) = pledges_on(site, pledge.asset_id)
    assert (after.status, after.settled) == ("active", bought)
    assert site.loan(loan_id).loan.dues.total.minor == before - 100_000_00
    (seen,) = undertakings.of_pledge(site.ctx, site.cast["core"], pledge.id)
    assert seen.row.left == pledge.left - bought
    assert mismatches(site) == []


def test_bought__all__loan_repaid_and_what_is_over_goes_to_whose_goods_they_were(
    site: Site, undertaken: tuple[Actor, str, PledgeRow]
) -> None:
    borrower, loan_id, pledge = undertaken
    settles = site.settles(loan_id)
    worth = -(-pledge.left * PRICE // 1000)
    ref = site.pays(worth + 1_00, f"BUYBACK {pledge.id}", payer=core_account(site))
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("refunded", 1_00)
    assert site.loan(loan_id).row.status == "repaid"
    (out,) = site.payouts(ref)
    paid = (out.status, out.payload["payee_account"], out.payload["amount"])
    assert paid == ("done", site.party(borrower.party_id).account, str(Money(worth - settles, CNY)))
    (after,) = pledges_on(site, pledge.asset_id)
    assert (after.status, after.settled, after.left) == ("released", pledge.left, 0)
    assert mismatches(site) == []


def test_bought__more_than_the_loan_owes__the_rest_of_the_goods_is_free(
    site: Site, undertaken: tuple[Actor, str, PledgeRow]
) -> None:
    borrower, loan_id, pledge = undertaken
    ref = site.pays(520_000_00, f"BUYBACK {pledge.id}", payer=core_account(site))
    assert site.incoming(ref).unapplied == 0
    assert site.loan(loan_id).row.status == "repaid"
    bought = 520_000_00 * 1000 // PRICE
    (after,) = pledges_on(site, pledge.asset_id)
    assert (after.status, after.settled, after.released) == ("released", bought, pledge.left - bought)
    goods = receipt(site, pledge.asset_id)
    assert (goods.pledged, goods.liquidated) == (0, bought)
    prover = ChainProver(site.inst.node, site.inst.deployment)
    assert verify(evidence.bundle(site.ctx, borrower, loan_id, prover)).failures == ()
    assert mismatches(site) == []


@pytest.mark.parametrize("who", ["another", "too late", "unknown"])
def test_payment__not_by_the_undertaker_or_not_in_time__goes_back(
    site: Site, undertaken: tuple[Actor, str, PledgeRow], who: str
) -> None:
    _, loan_id, pledge = undertaken
    if who == "too late":
        site.move_to(site.today + timedelta(days=91))
    target = "0x" + "00" * 32 if who == "unknown" else pledge.id
    payer = "6228-stranger" if who == "another" else core_account(site)
    ref = site.pays(10_000_00, f"BUYBACK {target}", payer=payer)
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("refunded", 10_000_00)
    assert site.loan(loan_id).loan.outstanding.minor == LENT
    assert mismatches(site) == []


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("twice", "undertaking_exists"),
        ("supplier", "role_missing"),
        ("past", "until_past"),
        ("fourth decimal", "quantity_too_precise"),
    ],
)
def test_undertake__what_cannot_be__refused(
    site: Site, undertaken: tuple[Actor, str, PledgeRow], case: str, code: str
) -> None:
    borrower, _, pledge = undertaken
    actor = borrower if case == "supplier" else site.cast["core"]
    until = site.today - timedelta(days=1) if case == "past" else site.today
    amount = "1.0001" if case == "fourth decimal" else "1"
    with pytest.raises(ChainfinError) as refused:
        undertakings.undertake(site.ctx, actor, pledge.id, amount, until, "again")
    assert refused.value.code == code
