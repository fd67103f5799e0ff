"""Pledged goods are sold: the receivable of the sale takes their place, both or neither, under the same loan."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from math import ceil

import pytest

from chainfin.audit.report import State
from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.connectors.registry import Registration
from chainfin.errors import ChainfinError
from chainfin.services.books import journals as journals_service
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import credit_notes, margin_calls
from chainfin.services.oversight import evidence
from chainfin.services.pledges import release, substitution
from chainfin.services.reactions import signing
from chainfin.services.trade import disputes
from chainfin.services.views.pledges import SubstitutionView
from chainfin.storage.lending_tables import LimitRow
from chainfin.storage.trade_tables import PledgeRow, ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.ending import mismatches, pledges_on, receipt, releases
from tests.e2e.onchain import rows, view
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY

LENT = 500_000_00
PART = 300_000_00
"""Of the receivable, for a ton of the goods."""
TON = 1_000_000
"""In thousandths of a kilogram."""

Deal = tuple[Actor, str, PledgeRow, ReceivableRow]


@pytest.fixture
def deal(site: Site) -> Deal:
    """A borrower, its loan on goods, their pledge, and the receivable for which it has sold some of them."""
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge", days=90)
    (sold,) = pledges_on(site, goods.id)
    return borrower, loan_id, sold, site.confirmed(borrower)


def offered(site: Site, deal: Deal, quantity: int = TON, amount: int = PART, lender: Actor | None = None) -> str:
    made = substitution.offer(
        site.ctx,
        lender or site.cast["lender"],
        sold_id=deal[2].id,
        quantity=Decimal(quantity).scaleb(-3),
        receivable_id=deal[3].id,
        amount=Money(amount, CNY),
    )
    return made.pledge_id


def seen(site: Site, pledge_id: str) -> SubstitutionView:
    return substitution.get(site.ctx, OPERATOR, pledge_id)


def pledge_of(site: Site, asset_id: str) -> PledgeRow:
    (pledge,) = pledges_on(site, asset_id)
    return pledge


def journals(site: Site) -> int:
    with site.ctx.store.read() as session:
        return journals_service.check_chain(session)


def untouched(site: Site, deal: Deal) -> None:
    """Goods pledged as before, the receivable free, nothing promised."""
    _, _, sold, asset = deal
    assert pledge_of(site, sold.asset_id).left == sold.left
    now = site.receivable(asset.id)
    assert (now.pledged, now.reserved) == (0, 0)
    assert mismatches(site) == []


def test_substituted__a_part_of_the_goods__new_pledge_for_the_same_loan_and_the_book_as_before(
    site: Site, deal: Deal
) -> None:
    borrower, loan_id, sold, asset = deal
    booked, dues = journals(site), site.loan(loan_id).loan.dues.total
    pledge_id = offered(site, deal)
    assert (seen(site, pledge_id).status, site.receivable(asset.id).reserved) == ("offered", 0)
    substitution.accept(site.ctx, borrower, pledge_id)
    assert (seen(site, pledge_id).status, site.receivable(asset.id).reserved) == ("registering", PART)
    site.run()
    assert seen(site, pledge_id).status == "done"
    new, old = pledge_of(site, asset.id), pledge_of(site, sold.asset_id)
    assert (new.id, new.loan_id, new.status, new.left, new.drawn) == (pledge_id, loan_id, "active", PART, True)
    assert (old.status, old.left, receipt(site, sold.asset_id).pledged) == ("active", sold.left - TON, sold.left - TON)
    assert new.tx_hash is not None
    assert new.registry_number not in (None, old.registry_number)
    assert view(site.inst, "Pledges", "pledgeOf", pledge_id)["amount"] == PART
    assert (journals(site), site.loan(loan_id).loan.dues.total) == (booked, dues)
    assert {pledge.id for pledge in site.loan(loan_id).pledges} == {old.id, new.id}
    assert site.receivable(asset.id).reserved == 0
    assert mismatches(site) == []
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).loan.dues.total.minor == dues.minor - PART
    assert site.receivable(asset.id).status == "settled"
    assert mismatches(site) == []
    report = verify(evidence.bundle(site.ctx, borrower, loan_id, ChainProver(site.inst.node, site.inst.deployment)))
    assert report.failures == ()
    held = {check.name for check in report.checks if check.state is State.OK}
    assert {"signature of Substitute", "signature of Exchange", f"payment {ref}: on chain"} <= held


def test_substituted__all_of_the_goods__the_old_pledge_ends_and_leaves_the_registry(site: Site, deal: Deal) -> None:
    borrower, loan_id, sold, asset = deal
    substitution.accept(site.ctx, borrower, offered(site, deal, sold.left, FACE))
    site.run()
    assert pledge_of(site, sold.asset_id).status == "released"
    assert [row.status for row in site.struck_out(sold.id)] == ["done"]
    goods = receipt(site, sold.asset_id)
    assert (goods.pledged, goods.released) == (0, 0)
    assert mismatches(site) == []
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).row.status == "repaid"
    (out,) = site.payouts(ref)
    assert out.payload["payee_account"] == site.party(borrower.party_id).account
    assert mismatches(site) == []


def test_payment__while_the_pledge_is_under_way__waits_and_serves_the_loan(site: Site, deal: Deal) -> None:
    borrower, loan_id, _, asset = deal
    before = site.loan(loan_id).loan.dues.total.minor
    substitution.accept(site.ctx, borrower, offered(site, deal))
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}", step=False)
    site.inst.incoming.run_once()
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "pledge_under_way")
    site.run()
    assert site.incoming(ref).status == "applied"
    assert site.loan(loan_id).loan.dues.total.minor == before - PART
    assert mismatches(site) == []


def test_registry__refuses__nothing_has_changed(site: Site, deal: Deal) -> None:
    borrower = deal[0]
    pledge_id = offered(site, deal)
    substitution.accept(site.ctx, borrower, pledge_id)
    today = site.today
    site.inst.partners.registry.register(
        Registration(pledge_id, "X", "Y", "receivable", "ab" * 32, Money(1, CNY), today, today)
    )
    site.run()
    row = seen(site, pledge_id)
    assert (row.status, row.error_code) == ("failed", "registry_entry_conflict")
    untouched(site, deal)
    assert site.loan(deal[1]).row.status == "active", "the loan has nothing to do with it"


def test_chain__refuses__nothing_has_changed_and_the_entry_is_struck_out(site: Site, deal: Deal) -> None:
    borrower, loan_id, sold, asset = deal
    pledge_id = offered(site, deal, sold.left, FACE)
    releases(site, site.cast["lender"], sold, 1)
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, borrower, pledge_id)
    assert refused.value.code == "exceeds_pledged", "judged again on what is there by now"
    pledge_id = offered(site, deal, sold.left - 1, FACE)
    substitution.accept(site.ctx, borrower, pledge_id)
    with pytest.raises(ChainfinError) as refused:
        release.release_by_lender(site.ctx, site.cast["lender"], sold.id, "0.001")
    assert refused.value.code == "exceeds_pledged", "all of it is promised"
    releases(site, site.cast["lender"], sold, 1)
    row = seen(site, pledge_id)
    assert (row.status, row.error_code) == ("failed", "chain_exceeds_pledge")
    assert [each.status for each in site.struck_out(pledge_id)] == ["done"]
    assert site.receivable(asset.id).reserved == 0
    assert site.loan(loan_id).row.status == "active"
    assert mismatches(site) == []


def test_loan__repaid_before_the_registry_answers__nothing_is_pledged(site: Site, deal: Deal) -> None:
    borrower, loan_id, _, asset = deal
    pledge_id = offered(site, deal)
    substitution.accept(site.ctx, borrower, pledge_id)
    site.pays(site.loan(loan_id).loan.dues.total.minor, f"LOAN {loan_id}", step=False)
    site.inst.incoming.run_once()
    site.run()
    row = seen(site, pledge_id)
    assert (row.status, row.error_code) == ("failed", "loan_not_payable")
    assert (site.receivable(asset.id).pledged, site.receivable(asset.id).reserved) == (0, 0)
    assert mismatches(site) == []


def test_loan__repaid_while_both_signatures_are_on_their_way__the_new_pledge_is_given_up(
    site: Site, deal: Deal
) -> None:
    borrower, loan_id, sold, asset = deal
    pledge_id = offered(site, deal)
    substitution.accept(site.ctx, borrower, pledge_id)
    site.inst.worker.run_once()
    assert seen(site, pledge_id).status == "pledging"
    site.pays(site.loan(loan_id).loan.dues.total.minor, f"LOAN {loan_id}", step=False)
    site.inst.incoming.run_once()
    site.run()
    assert site.loan(loan_id).row.status == "repaid"
    assert seen(site, pledge_id).status == "done"
    assert {pledge_of(site, asset.id).status, pledge_of(site, sold.asset_id).status} == {"released"}
    assert (site.receivable(asset.id).pledged, receipt(site, sold.asset_id).pledged) == (0, 0)
    assert mismatches(site) == []


def test_goods__on_their_way_out__neither_replaced_nor_bought_a_second_time(site: Site, deal: Deal) -> None:
    borrower, _, sold, _ = deal
    core = site.cast["core"]
    site.undertake(sold, agreed=borrower)
    pledge_id = offered(site, deal, sold.left, FACE - 70_00)
    second = offered(site, deal, 1000, 70_00)
    substitution.accept(site.ctx, borrower, pledge_id)
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, borrower, second)
    assert refused.value.code == "exceeds_pledged"
    ref = site.pays(70_000_00, f"BUYBACK {sold.id}", payer=site.party(core.party_id).account)
    assert site.incoming(ref).reason == "buy_back_not_undertaken"
    assert seen(site, pledge_id).status == "done"
    assert mismatches(site) == []


def test_offer__not_taken__expires_and_another_can_be_made(site: Site, deal: Deal) -> None:
    borrower = deal[0]
    pledge_id = offered(site, deal)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, borrower, pledge_id)
    assert refused.value.code == "offer_expired"
    site.run()
    assert seen(site, pledge_id).status == "expired"
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, borrower, pledge_id)
    assert refused.value.code == "substitution_not_offered"
    untouched(site, deal)
    assert offered(site, deal) != pledge_id


@pytest.mark.parametrize("side", ["lender", "pledgor"])
def test_offer__withdrawn_by_either__is_over(site: Site, deal: Deal, side: str) -> None:
    borrower = deal[0]
    pledge_id = offered(site, deal)
    actor = site.cast["lender"] if side == "lender" else borrower
    assert substitution.withdraw(site.ctx, actor, pledge_id).status == "withdrawn"
    for again in (substitution.accept, substitution.withdraw):
        with pytest.raises(ChainfinError) as refused:
            again(site.ctx, borrower, pledge_id)
        assert refused.value.code == "substitution_not_offered"
    untouched(site, deal)


def test_grant__signed_as_any_other_act_or_twice__refused(site: Site, deal: Deal) -> None:
    borrower = deal[0]
    pledge_id = offered(site, deal)
    act = substitution.get(site.ctx, borrower, pledge_id).act
    assert act is not None
    with pytest.raises(ChainfinError) as refused:
        signing.sign(site.ctx, borrower, act.id, "0x" + "11" * 65)
    assert refused.value.code == "act_not_awaiting", "a grant is a decision of its own"
    taken = substitution.accept(site.ctx, borrower, pledge_id)
    assert taken.act is not None
    before = rows(site.ctx.store)
    for signature, code in ((taken.act.signature, "signature_replayed"), (None, "substitution_not_offered")):
        with pytest.raises(ChainfinError) as refused:
            substitution.accept(site.ctx, borrower, pledge_id, signature)
        assert refused.value.code == code
    assert rows(site.ctx.store) == before
    site.run()
    assert mismatches(site) == []


def test_substitution__read__by_its_parties_alone(site: Site, deal: Deal) -> None:
    borrower, lender = deal[0], site.cast["lender"]
    pledge_id = offered(site, deal)
    assert substitution.get(site.ctx, lender, pledge_id).act is None, "what the pledgor signs is its own"
    assert pledge_id in [each.pledge_id for each in substitution.list_(site.ctx, borrower)]
    for stranger in (site.cast["core"], site.cast["keeper"]):
        with pytest.raises(ChainfinError) as refused:
            substitution.get(site.ctx, stranger, pledge_id)
        assert refused.value.code == "substitution_unknown"
        assert substitution.list_(site.ctx, stranger) == []
        with pytest.raises(ChainfinError) as refused:
            substitution.accept(site.ctx, stranger, pledge_id)
        assert refused.value.code == "substitution_unknown"
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, lender, pledge_id)
    assert refused.value.code == "not_pledgor"


def test_margin_call__on_one_of_two_securities__counts_the_other(site: Site) -> None:
    """More is owed than the receivable covers, but the loan is still on most of its goods: nothing is called."""
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, 800_000_00, goods.id, product="inventory_pledge", days=90)
    documents = site.papers(borrower)
    asset = site.confirmed(borrower, documents)
    deal = (borrower, loan_id, pledge_of(site, goods.id), asset)
    substitution.accept(site.ctx, borrower, offered(site, deal, TON, FACE))
    site.run()
    assert credit_notes.credit(site.ctx, borrower, asset.id, documents["credit_note"]).top_up.minor == 0
    assert margin_calls.of_loan(site.ctx, borrower, loan_id).calls == []


def test_offer__of_less_than_it_replaces__refused(site: Site, deal: Deal) -> None:
    for quantity, amount in ((deal[2].left, 1), (deal[2].left, PART), (deal[2].left // 2, PART * 4 // 5)):
        with pytest.raises(ChainfinError) as refused:
            offered(site, deal, quantity, amount)
        assert refused.value.code == "substitution_undervalued"
    untouched(site, deal)


def test_offer__when_nobody_knows_what_the_goods_are_worth__refused(site: Site, deal: Deal) -> None:
    site.move_to(site.today + timedelta(days=8))
    with pytest.raises(ChainfinError) as refused:
        offered(site, deal)
    assert refused.value.code == "price_stale"


def of_another_lender(site: Site) -> tuple[Actor, Deal]:
    """One that has no other receivables of the debtor."""
    borrower = site.borrower()
    lender, goods = site.lender(borrower), site.goods(borrower)
    site.price(70_00, lender)
    more = {"product": "inventory_pledge", "days": 90, "lender_id": str(lender.party_id)}
    loan_id = site.funded(borrower, LENT, goods.id, **more)
    return lender, (borrower, loan_id, pledge_of(site, goods.id), site.confirmed(borrower))


def test_offer__above_the_lenders_limit_on_the_debtor_or_without_one__refused(site: Site) -> None:
    lender, deal = of_another_lender(site)
    limit = site.limit("debtor", site.cast["core"], PART - 1, lender)
    with pytest.raises(ChainfinError) as refused:
        offered(site, deal, lender=lender)
    assert refused.value.code == "limit_exceeded"
    with site.ctx.store.begin() as session:
        session.delete(session.get_one(LimitRow, limit.id))
    with pytest.raises(ChainfinError) as refused:
        offered(site, deal, lender=lender)
    assert refused.value.code == "limit_missing"


def test_offer__of_a_receivable_due_after_the_loan__refused(site: Site) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge", days=30)
    with pytest.raises(ChainfinError) as refused:
        offered(site, (borrower, loan_id, pledge_of(site, goods.id), site.confirmed(borrower)))
    assert refused.value.code == "receivable_due_late"


def test_offer__beside_one_that_was_taken__no_more_than_the_debtors_limit_in_all(site: Site) -> None:
    lender, deal = of_another_lender(site)
    site.limit("debtor", site.cast["core"], 2 * PART - 1, lender)
    substitution.accept(site.ctx, deal[0], offered(site, deal, lender=lender))
    for _ in ("it is granted", "it is pledged"):
        with pytest.raises(ChainfinError) as refused:
            offered(site, deal, lender=lender)
        assert refused.value.code == "limit_exceeded"
        site.run()
    assert offered(site, deal, TON, PART - 1, lender)


def test_repaid_in_part__after_a_substitution__the_receivable_carries_its_part(site: Site, deal: Deal) -> None:
    """More of the goods goes than without it, and what stays covers the rest at the rate of the loan."""
    borrower, loan_id, sold, asset = deal
    substitution.accept(site.ctx, borrower, offered(site, deal))
    site.run()
    site.pays(100_000_00, f"LOAN {loan_id}")
    left = pledge_of(site, sold.asset_id).left
    rate, price = Decimal("0.7"), 70
    owed = site.loan(loan_id).loan.dues.total.minor - int(pledge_of(site, asset.id).left * rate)
    assert left == ceil(owed * 1000 / (price * 100 * rate))
    assert mismatches(site) == []


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("by the pledgor", "role_missing"),
        ("by another lender", "pledge_unknown"),
        ("unknown pledge", "pledge_unknown"),
        ("unknown receivable", "receivable_unknown"),
        ("another's receivable", "receivable_unknown"),
        ("over a receivable", "not_over_goods"),
        ("more goods", "exceeds_pledged"),
        ("more than free", "exceeds_free"),
        ("more than promised elsewhere", "exceeds_free"),
        ("disputed", "receivable_state_wrong"),
        ("in another currency", "currency_mismatch"),
        ("a grain", "quantity_too_precise"),
        ("nothing", "quantity_not_positive"),
        ("ended", "pledge_state_wrong"),
    ],
)
def test_offer__what_cannot_be__refused(site: Site, deal: Deal, case: str, code: str) -> None:
    borrower, loan_id, sold, asset = deal
    actor, sold_id, asset_id = site.cast["lender"], sold.id, asset.id
    quantity, amount = Decimal(1), Money(PART, CNY)
    if case == "by the pledgor":
        actor = borrower
    elif case == "by another lender":
        actor = site.admit(Role.LENDER)
    elif case == "unknown pledge":
        sold_id = "0x" + "00" * 32
    elif case == "unknown receivable":
        asset_id = "0x" + "00" * 32
    elif case == "another's receivable":
        asset_id = site.confirmed(site.borrower()).id
    elif case == "over a receivable":
        site.funded(borrower, 100_000_00, asset.id)
        sold_id = pledge_of(site, asset.id).id
    elif case == "more goods":
        quantity = Decimal(sold.left + 1).scaleb(-3)
    elif case == "more than free":
        amount = Money(FACE + 1, CNY)
    elif case == "more than promised elsewhere":
        substitution.accept(site.ctx, borrower, offered(site, deal, TON, FACE - PART + 1))
    elif case == "disputed":
        disputes.dispute(site.ctx, site.cast["core"], asset.id, "never came")
        site.run()
    elif case == "in another currency":
        amount = Money(PART, "USD")
    elif case == "ended":
        site.pays(site.loan(loan_id).loan.dues.total.minor, f"LOAN {loan_id}")
    quantity = {"a grain": Decimal("0.0001"), "nothing": Decimal(0)}.get(case, quantity)
    with pytest.raises(ChainfinError) as refused:
        substitution.offer(
            site.ctx, actor, sold_id=sold_id, quantity=quantity, receivable_id=asset_id, amount=amount
        )  # fmt: skip
    assert refused.value.code == code


def paid_to_the_holder(site: Site, deal: Deal) -> str:
    """The debtor pays the whole receivable to its holder, and nothing has reached the chain."""
    borrower, _, _, asset = deal
    ref = site.pays(FACE, asset.reference, account=site.party(borrower.party_id).account, step=False)
    site.inst.incoming.run_once()
    return ref


def test_receivable__paid_before_it_is_granted__refused(site: Site, deal: Deal) -> None:
    pledge_id = offered(site, deal)
    paid_to_the_holder(site, deal)
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, deal[0], pledge_id)
    assert refused.value.code == "payment_under_way"
    with pytest.raises(ChainfinError) as again:
        offered(site, deal)
    assert again.value.code == "payment_under_way"
    site.run()
    assert site.receivable(deal[3].id).status == "settled"
    assert mismatches(site) == []


def test_receivable__paid_to_the_holder_after_it_was_granted__the_goods_stay_pledged(site: Site, deal: Deal) -> None:
    pledge_id = offered(site, deal)
    substitution.accept(site.ctx, deal[0], pledge_id)
    ref = paid_to_the_holder(site, deal)
    assert site.incoming(ref).status == "waiting"
    site.run()
    assert seen(site, pledge_id).status == "failed"
    assert (site.receivable(deal[3].id).status, site.incoming(ref).status) == ("settled", "applied")
    assert receipt(site, deal[2].asset_id).pledged == deal[2].left
    assert mismatches(site) == []
