"""保兑仓: a core enterprise undertakes to buy pledged goods, and pays the lender for what it buys."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.errors import ChainfinError
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Actor
from chainfin.services.oversight import evidence
from chainfin.services.payments import buy_back
from chainfin.services.pledges import undertakings
from chainfin.services.reactions import act_outcomes
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.values.measure import Measure
from chainfin.values.money import Money
from tests.e2e.asked_acts import asked, sign
from tests.e2e.ending import mismatches, pledges_on, receipt, receipts_out_of
from tests.e2e.onchain import view
from tests.e2e.site import Site
from tests.e2e.site_money import CNY

LENT = 500_000_00
PRICE = 70_00
"""Of a kilogram of copper, in fen."""


@pytest.fixture
def undertaken(site: Site) -> tuple[Actor, str, PledgeRow]:
    """A borrower, its loan on goods, the pledge, all of which the core enterprise undertook to buy, also while the loan
    isn't late."""
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge")
    (pledge,) = pledges_on(site, goods.id)
    site.undertake(pledge, agreed=borrower)
    return borrower, loan_id, pledge


def core_account(site: Site) -> str:
    return site.party(site.cast["core"].party_id).account


def test_undertaken__read_by_those_concerned__as_on_chain(site: Site, undertaken: tuple[Actor, str, PledgeRow]) -> None:
    borrower, _, pledge = undertaken
    for actor in (borrower, site.cast["lender"], site.cast["core"]):
        (seen,) = undertakings.of_pledge(site.ctx, actor, pledge.id)
        assert (seen.left, seen.measure) == (pledge.left, Measure.goods("KGM"))
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
    assert seen.left == pledge.left - bought
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
        site.move_to(site.loan(loan_id).row.maturity + timedelta(days=31))
    target = "0x" + "00" * 32 if who == "unknown" else pledge.id
    payer = "6228-stranger" if who == "another" else core_account(site)
    ref = site.pays(10_000_00, f"BUYBACK {target}", payer=payer)
    if who == "unknown":
        site.sends_back(ref)
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("refunded", 10_000_00)
    assert site.loan(loan_id).loan.outstanding.minor == LENT
    assert mismatches(site) == []


@pytest.fixture
def promised(site: Site) -> tuple[Actor, str, PledgeRow]:
    """As ``undertaken``, but the pledgor has agreed to nothing."""
    borrower = site.borrower()
    loan_id = site.funded(borrower, LENT, site.goods(borrower).id, product="inventory_pledge")
    (pledge,) = pledges_on(site, str(site.loan(loan_id).pledges[0].asset_id))
    site.undertake(pledge)
    return borrower, loan_id, pledge


def test_payment__loan_not_late_and_pledgor_not_asked__goes_back(
    site: Site, promised: tuple[Actor, str, PledgeRow]
) -> None:
    _, loan_id, pledge = promised
    ref = site.pays(700_00, f"BUYBACK {pledge.id}", payer=core_account(site))
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("refunded", "buy_back_not_agreed")
    assert pledges_on(site, pledge.asset_id)[0].settled == 0
    assert site.loan(loan_id).loan.outstanding.minor == LENT


def test_bought__loan_late_and_goods_worth_less_than_it__all_of_it_is_paid(
    site: Site, promised: tuple[Actor, str, PledgeRow]
) -> None:
    """差额回购: at a third of the price the buyer still pays what is owed, and half of the goods costs half of it."""
    _, loan_id, pledge = promised
    site.fall_due(site.loan(loan_id).row.maturity)
    site.price(PRICE // 3)
    owed = site.settles(loan_id)
    half = pledge.left // 2
    ref = site.pays(-(-owed * half // pledge.left), f"BUYBACK {pledge.id}", payer=core_account(site))
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("applied", 0)
    assert pledges_on(site, pledge.asset_id)[0].settled == half
    rest = site.settles(loan_id)
    site.pays(rest, f"BUYBACK {pledge.id}", payer=core_account(site))
    assert site.loan(loan_id).row.status == "repaid"
    (after,) = pledges_on(site, pledge.asset_id)
    assert (after.status, after.settled, after.left) == ("released", pledge.left, 0)
    assert mismatches(site) == []


@pytest.mark.parametrize(("price", "each"), [(100_00, 100_00), (1, None)], ids=["agreed", "never below the debt"])
def test_bought__at_an_agreed_price__needs_no_other(site: Site, price: int, each: int | None) -> None:
    borrower = site.borrower()
    loan_id = site.funded(borrower, LENT, site.goods(borrower).id, product="inventory_pledge")
    (pledge,) = site.loan(loan_id).pledges
    site.undertake(pledge, price=price, agreed=borrower)
    site.move_to(site.today + timedelta(days=8))
    owed, left = site.settles(loan_id), pledge.left
    ref = site.pays(50_000_00, f"BUYBACK {pledge.id}", payer=core_account(site))
    assert site.incoming(ref).status == "applied", "an old price of the day plays no part"
    bought = 50_000_00 * 1000 // each if each is not None else 50_000_00 * left // owed
    assert pledges_on(site, pledge.asset_id)[0].settled == bought
    (seen,) = undertakings.of_pledge(site.ctx, borrower, pledge.id)
    assert (seen.price, seen.agreed) == (Money(price, CNY), True)
    assert mismatches(site) == []


def test_bought__loan_late_at_a_price_of_the_buyers_own__goes_at_the_days(site: Site) -> None:
    """Nobody but the pledgor lets its goods go for less than the day's price."""
    borrower = site.borrower()
    loan_id = site.funded(borrower, LENT, site.goods(borrower).id, product="inventory_pledge")
    (pledge,) = site.loan(loan_id).pledges
    site.undertake(pledge, price=1)
    site.fall_due(site.loan(loan_id).row.maturity)
    site.price(PRICE)
    site.pays(700_00, f"BUYBACK {pledge.id}", payer=core_account(site))
    assert pledges_on(site, str(pledge.asset_id))[0].settled == 10_000
    assert mismatches(site) == []


def test_bought__twice_by_one_undertaker__the_evidence_holds(
    site: Site, undertaken: tuple[Actor, str, PledgeRow]
) -> None:
    borrower, loan_id, pledge = undertaken
    core = site.cast["core"]
    site.move_to(site.loan(loan_id).row.maturity + timedelta(days=31))
    until = site.today + timedelta(days=9)
    for _ in range(2):
        undertakings.undertake(site.ctx, core, pledge.id, "10", until, "we buy ten")
        site.run()
        site.price(PRICE)
        site.inst.incoming.run_once()
        undertakings.agree(site.ctx, borrower, pledge.id, str(core.party_id))
        site.pays(700_00, f"BUYBACK {pledge.id}", payer=core_account(site))
        until += timedelta(days=1)
    assert pledges_on(site, pledge.asset_id)[0].settled == 20_000
    prover = ChainProver(site.inst.node, site.inst.deployment)
    assert verify(evidence.bundle(site.ctx, borrower, loan_id, prover)).failures == ()


def test_payment__before_the_lender_told_the_chain_that_it_paid_out__waits_while_it_still_may(
    site: Site, undertaken: tuple[Actor, str, PledgeRow]
) -> None:
    _, _, pledge = undertaken
    with site.ctx.store.begin() as session:
        row = session.get_one(PledgeRow, pledge.id)
        row.drawn, row.expires_at = False, site.ctx.clock.now() + timedelta(days=1)
        assert buy_back.hold_reason(session, site.ctx, pledge.id) == "pledge_not_drawn"
        row.expires_at = site.ctx.clock.now() - timedelta(days=1)
        assert buy_back.hold_reason(session, site.ctx, pledge.id) is None, "it never will be: the money goes back"
        session.rollback()


def test_bought__refused_by_the_chain__money_goes_back_and_the_loan_owes_on(
    site: Site, undertaken: tuple[Actor, str, PledgeRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, loan_id, pledge = undertaken
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        ref = site.pays(700_00, f"BUYBACK {pledge.id}", payer=core_account(site))
        (act,) = asked(site, pledge.id, "buyBack")
        with site.ctx.store.begin() as session:
            act_outcomes.refused(session, site.ctx, act.id, "chain_exceeds_pledged", "less is pledged")
    site.run()
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("refunded", "buy_back_refused")
    assert site.loan(loan_id).loan.outstanding.minor == LENT
    assert mismatches(site) == []


def test_bought__two_payments_in_one_page__the_second_waits_for_what_is_left(
    site: Site, undertaken: tuple[Actor, str, PledgeRow]
) -> None:
    """The first buys nearly all of the goods, the second pays for more than is left of them."""
    _, loan_id, pledge = undertaken
    worth = -(-pledge.left * PRICE // 1000)
    amounts, text = (worth - 70_00, 700_00), f"BUYBACK {pledge.id}"
    refs = [site.pays(amount, text, payer=core_account(site), step=False) for amount in amounts]
    site.run()
    assert [site.incoming(ref).status for ref in refs] == ["applied", "refunded"]
    (after,) = pledges_on(site, pledge.asset_id)
    assert after.left == 0
    assert site.loan(loan_id).row.status == "repaid"
    assert mismatches(site) == []


def test_loan_repaid_while_goods_are_bought__their_price_is_the_pledgors(
    site: Site, undertaken: tuple[Actor, str, PledgeRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower, loan_id, pledge = undertaken
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        ref = site.pays(700_00, f"BUYBACK {pledge.id}", payer=core_account(site))
        site.pays(site.settles(loan_id), f"LOAN {loan_id}")
        assert site.loan(loan_id).row.status == "repaid"
        (act,) = asked(site, pledge.id, "buyBack")
    sign(site, act)
    site.run()
    assert site.incoming(ref).status == "applied"
    (out,) = site.payouts(ref)
    account = site.party(borrower.party_id).account
    assert (out.status, out.payload["payee_account"], out.payload["amount"]) == ("done", account, "700.00")
    assert [taken.issued for taken in receipts_out_of(site, pledge.asset_id)] == [10_000]
    assert mismatches(site) == []


def test_agreement__by_another_or_twice_or_to_nothing__refused(
    site: Site, promised: tuple[Actor, str, PledgeRow]
) -> None:
    borrower, _, pledge = promised
    core = str(site.cast["core"].party_id)
    cases = (
        (site.cast["lender"], core, "not_pledgor"),
        (site.cast["core"], core, "pledge_unknown"),
        (borrower, str(site.cast["keeper"].party_id), "undertaking_unknown"),
    )
    for actor, buyer, code in cases:
        with pytest.raises(ChainfinError) as refused:
            undertakings.agree(site.ctx, actor, pledge.id, buyer)
        assert refused.value.code == code
    undertakings.agree(site.ctx, borrower, pledge.id, core)
    with pytest.raises(ChainfinError) as refused:
        undertakings.agree(site.ctx, borrower, pledge.id, core)
    assert refused.value.code == "buy_back_agreed"


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("twice", "undertaking_exists"),
        ("supplier", "role_missing"),
        ("past", "until_past"),
        ("fourth decimal", "quantity_too_precise"),
        ("due with the loan", "until_not_after_maturity"),
        ("priced at nothing", "price_not_positive"),
        ("priced in dollars", "currency_mismatch"),
    ],
)
def test_undertake__what_cannot_be__refused(
    site: Site, undertaken: tuple[Actor, str, PledgeRow], case: str, code: str
) -> None:
    borrower, loan_id, pledge = undertaken
    actor = borrower if case == "supplier" else site.cast["core"]
    due = site.loan(loan_id).row.maturity
    until = {"past": site.today - timedelta(days=1), "due with the loan": due}.get(case, due + timedelta(days=1))
    amount = "1.0001" if case == "fourth decimal" else "1"
    price = {"priced at nothing": Money(0, CNY), "priced in dollars": Money(70_00, "USD")}.get(case)
    with pytest.raises(ChainfinError) as refused:
        undertakings.undertake(site.ctx, actor, pledge.id, amount, until, "again", price=price)
    assert refused.value.code == code
