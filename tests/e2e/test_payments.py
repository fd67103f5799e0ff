"""Money that comes in, in every way in which it may be wrong, late, too much, too little or at a bad moment."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from sqlmodel import Session

from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.errors import Refused
from chainfin.rules import ledger
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import OPERATOR, Actor, Context
from chainfin.services.lending import applications, end_of_day
from chainfin.services.parties import suspension
from chainfin.services.payments import incoming
from chainfin.services.payments.allocation import Arrival
from chainfin.services.reads import queries
from chainfin.services.trade import disputes
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values import instruction
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.onchain import rows, view
from tests.e2e.reckoned import owed, paid_to_holder, refunds
from tests.e2e.site import FACE, Site, open_site
from tests.e2e.test_failures import foreign_pledge

LENT = 500_000_00


@pytest.fixture
def lent(site: Site) -> tuple[Actor, ReceivableRow, str]:
    """A borrower, its confirmed receivable, and a loan of `LENT` on a part of it."""
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    return borrower, asset, site.funded(borrower, LENT, asset.id)


def test_borrower__pays_too_much__rest_goes_back(site: Site, lent: tuple[Actor, ReceivableRow, str]) -> None:
    _, asset, loan_id = lent
    due = owed(site, loan_id, site.today)
    ref = site.pays(due + 123_45, f"LOAN {loan_id}")
    loan = site.loan(loan_id)
    assert loan.row.status == "repaid"
    assert [pledge.status for pledge in loan.pledges] == ["released"]
    assert [row.status for row in site.struck_out(loan.pledges[0].id)] == ["done"]
    assert view(site.inst, "Receivables", "receivable", asset.id)["free"] == FACE
    row = site.incoming(ref)
    assert (row.status, row.unapplied, row.reason) == ("refunded", 123_45, "repayment_above_due")
    assert refunds(site, ref) == ["done"]
    assert site.balance(ledger.SUSPENSE, ref=site.incoming(ref).id) == 0


def test_borrower__pays_a_repaid_loan__all_goes_back(site: Site, lent: tuple[Actor, ReceivableRow, str]) -> None:
    loan_id = lent[2]
    site.pays(owed(site, loan_id, site.today), f"LOAN {loan_id}")
    ref = site.pays(10_00, f"LOAN {loan_id}")
    row = site.incoming(ref)
    assert (row.status, row.unapplied, row.reason) == ("refunded", 10_00, "loan_not_payable")


@pytest.mark.parametrize("remittance", ["thank you", "LOAN loan_unknown", "RECEIVABLE 0x00", "LOAN", ""])
def test_payment__of_nobody__waits_for_a_person_and_goes_back(site: Site, remittance: str) -> None:
    before = site.balance(ledger.CASH)
    ref = site.pays(77_77, remittance or "-")
    row = site.incoming(ref)
    assert (row.status, row.reason, refunds(site, ref)) == ("unmatched", "remittance_unknown", [])
    assert site.balance(ledger.SUSPENSE, ref=row.id) == 77_77
    site.sends_back(ref)
    row = site.incoming(ref)
    assert (row.status, row.unapplied) == ("refunded", 77_77)
    assert refunds(site, ref) == ["done"]
    assert site.balance(ledger.CASH) == before
    assert site.balance(ledger.SUSPENSE, ref=site.incoming(ref).id) == 0


def test_refund__answer_lost__given_back_once(site: Site) -> None:
    assert site.inst.sandbox is not None
    site.inst.sandbox.faults.add(Rule(Fault.DROP_AFTER, prefix="/rail/refunds", method="*"))
    ref = site.pays(50_00, "nobody's")
    site.sends_back(ref)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()
    assert site.incoming(ref).status == "refunded"
    assert site.balance(ledger.SUSPENSE, ref=site.incoming(ref).id) == 0


def test_debtor__pays_above_the_face__rest_goes_back(site: Site, lent: tuple[Actor, ReceivableRow, str]) -> None:
    _, asset, loan_id = lent
    ref = site.pays(FACE + 1_00, f"RECEIVABLE {asset.id}")
    assert site.receivable(asset.id).status == "settled"
    assert site.loan(loan_id).row.status == "repaid"
    row = site.incoming(ref)
    assert (row.status, row.unapplied, row.reason) == ("refunded", 1_00, "payment_above_due")
    to_holder = Money(FACE - owed(site, loan_id, site.today), "CNY")
    assert paid_to_holder(site, ref) == [("done", str(to_holder))]


def test_debtor__pays_in_two_parts__lender_first_then_holder(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    _, asset, loan_id = lent
    due = owed(site, loan_id, site.today)
    first = site.pays(200_000_00, f"RECEIVABLE {asset.id}")
    assert paid_to_holder(site, first) == [], "the lender comes first"
    loan = site.loan(loan_id)
    assert loan.row.status == "active"
    assert queries.payoff(site.ctx, OPERATOR, loan_id, site.today).total.minor == due - 200_000_00
    fee = str(loan.row.terms["fee"])
    paid = queries.statement(site.ctx, OPERATOR, loan_id)[-1].allocation
    assert (paid["fee"], paid["principal"]) == (fee, str(Decimal(200_000) - Decimal(fee))), "the fee comes first"
    assert loan.pledges[0].settled == 200_000_00
    second = site.pays(FACE - 200_000_00, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).row.status == "repaid"
    assert paid_to_holder(site, second) == [("done", str(Money(FACE - due, "CNY")))]
    chain = view(site.inst, "Receivables", "receivable", asset.id)
    assert (chain["settled"], chain["free"], chain["pledged"]) == (FACE, 0, 0)
    assert site.loan(loan_id).pledges[0].status == "released"


def test_debtor__pays_the_loan_but_not_the_whole_pledge__the_rest_is_free(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    _, asset, loan_id = lent
    paid = owed(site, loan_id, site.today) + 10_00
    pledge = site.loan(loan_id).pledges[0]
    assert paid < pledge.amount
    ref = site.pays(paid, f"RECEIVABLE {asset.id}")
    loan = site.loan(loan_id)
    assert (loan.row.status, [each.status for each in loan.pledges]) == ("repaid", ["released"])
    assert paid_to_holder(site, ref) == [("done", "10.00")]
    chain = view(site.inst, "Receivables", "receivable", asset.id)
    assert (chain["settled"], chain["pledged"], chain["free"]) == (paid, 0, FACE - paid)


def test_debtor__pays_the_same_twice__second_goes_back(site: Site, lent: tuple[Actor, ReceivableRow, str]) -> None:
    _, asset, _ = lent
    site.pays(FACE, f"RECEIVABLE {asset.id}")
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    row = site.incoming(ref)
    assert (row.status, row.unapplied, row.reason) == ("refunded", FACE, "receivable_not_payable")


def test_two_payments__before_anything_is_final__each_fen_placed_once(site: Site) -> None:
    holder = site.borrower()
    asset = site.confirmed(holder)
    first = site.pays(FACE - 10_00, f"RECEIVABLE {asset.id}", step=False)
    second = site.pays(FACE, f"RECEIVABLE {asset.id}", step=False)
    site.inst.incoming.run_once()
    site.run()
    assert site.incoming(first).status == "applied"
    assert (site.incoming(second).status, site.incoming(second).unapplied) == ("refunded", FACE - 10_00)
    assert view(site.inst, "Receivables", "receivable", asset.id)["settled"] == FACE


def test_page__process_ends_at_one_of_its_payments__none_is_taken_and_the_cursor_stays(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process may end between any two statements: the cursor must not know of payments that the book doesn't."""
    site.run()
    take, cursor, before = incoming._take, incoming.cursor(site.ctx), rows(site.ctx.store)
    refs = [site.pays(amount, "nobody's", step=False) for amount in (11_00, 12_00)]

    def dies_at_the_second(session: Session, ctx: Context, arrival: Arrival, directly: str | None) -> None:
        if arrival.bank_ref == refs[1]:
            raise SystemExit
        take(session, ctx, arrival, directly)

    with monkeypatch.context() as patch:
        patch.setattr(incoming, "_take", dies_at_the_second)
        with pytest.raises(SystemExit):
            site.inst.incoming.run_once()
    assert (incoming.cursor(site.ctx), rows(site.ctx.store)) == (cursor, before)
    site.run()
    assert [site.incoming(ref).status for ref in refs] == ["unmatched", "unmatched"]


def test_debtor__pays_while_the_pledge_is_made__waits_and_serves_the_lender(site: Site) -> None:
    """Paid to the holder at that moment, the lender would lend on a receivable that is gone."""
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, LENT, asset.id)
    applications.accept(site.ctx, borrower, application)
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}", step=False)
    site.inst.incoming.run_once()
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "pledge_under_way")
    assert site.balance(ledger.SUSPENSE, ref=site.incoming(ref).id) == FACE
    site.run()
    loan_id = str(site.application(application).row.loan_id)
    assert site.application(application).row.status == "funded"
    assert site.incoming(ref).status == "applied"
    assert site.loan(loan_id).row.status == "repaid"
    assert site.receivable(asset.id).status == "settled"
    assert paid_to_holder(site, ref) == [("done", str(Money(FACE - owed(site, loan_id, site.today), "CNY")))]
    assert site.balance(ledger.SUSPENSE, ref=site.incoming(ref).id) == 0


def test_debtor__pays_while_the_money_is_on_its_way__waits_for_the_loan(site: Site) -> None:
    borrower = site.borrower()
    asset, application = site.unpaid(borrower, LENT)
    loan_id = str(site.application(application).row.loan_id)
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.incoming(ref).status == "waiting"
    site.world.resolves(instruction.for_loan(loan_id), "done")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()
    assert site.loan(loan_id).row.status == "repaid"
    assert site.receivable(asset.id).status == "settled"


def test_debtor__pays_while_the_payout_fails__holder_gets_it_all(site: Site) -> None:
    borrower = site.borrower()
    asset, application = site.unpaid(borrower, LENT)
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    site.world.resolves(instruction.for_loan(str(site.application(application).row.loan_id)), "refused")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()
    assert site.application(application).row.status == "failed"
    assert site.incoming(ref).status == "applied"
    assert paid_to_holder(site, ref) == [("done", str(Money(FACE, "CNY")))]
    assert view(site.inst, "Receivables", "receivable", asset.id)["settled"] == FACE


def test_debtor__pays_while_the_pledge_is_given_up__nothing_left_unattested(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    _, asset, loan_id = lent
    site.pays(owed(site, loan_id, site.today), f"LOAN {loan_id}", step=False)
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}", step=False)
    site.inst.incoming.run_once()
    assert site.incoming(ref).status == "waiting"
    site.run()
    assert site.incoming(ref).status == "applied"
    assert view(site.inst, "Receivables", "receivable", asset.id)["settled"] == FACE
    assert paid_to_holder(site, ref) == [("done", str(Money(FACE, "CNY")))]


@pytest.mark.parametrize("paid", [FACE, FACE - LENT // 2], ids=["all", "most"])
def test_debtor__pays_before_the_offer_is_taken__offer_falls(site: Site, paid: int) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, LENT, asset.id)
    site.pays(paid, f"RECEIVABLE {asset.id}")
    before, offer = rows(site.ctx.store), site.application(application).offer
    assert offer is not None
    assert offer.act is not None
    with pytest.raises(Refused) as refused:
        applications.accept(site.ctx, borrower, application)
    assert refused.value.code == "asset_not_free"
    assert rows(site.ctx.store) == before, "no loan, and no signature kept of one"
    assert acts.get(site.ctx, borrower, offer.act.id).signature is None
    assert site.application(application).row.status == "offered"


def test_debtor__pays_what_is_pledged_elsewhere__not_to_the_holder(site: Site) -> None:
    holder = site.borrower()
    asset = site.confirmed(holder)
    foreign_pledge(site, holder, asset.id, 600_000_00)
    site.run()
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert paid_to_holder(site, ref) == [("done", str(Money(FACE - 600_000_00, "CNY")))]
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("refunded", 600_000_00)


def test_holder__account_closed__still_owed_and_flagged(site: Site) -> None:
    holder = site.borrower(account="CLOSED-6228-2")
    asset = site.confirmed(holder)
    before = site.balance(ledger.HOLDER_PAYABLE)
    ref = site.pays(FACE + 5_00, f"RECEIVABLE {asset.id}")
    row = site.incoming(ref)
    assert (row.status, row.reason) == ("payout_refused", "payee_account_closed")
    assert [each.status for each in site.payouts(ref)] == ["refused"]
    assert site.balance(ledger.HOLDER_PAYABLE) - before == FACE, "it is owed on"
    assert site.balance(ledger.SUSPENSE, ref=site.incoming(ref).id) == 0, "what was too much went back all the same"
    assert site.receivable(asset.id).status == "settled"


def test_late_payment__after_the_maturity__penalty_before_principal(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, asset, loan_id = lent
    row = site.loan(loan_id).row
    assert row.maturity == date(2026, 5, 1), "Labour Day; banks open again on the 6th"
    site.move_to(date(2026, 5, 16))
    end_of_day.run(site.ctx, OPERATOR, site.today)
    late = site.loan(loan_id)
    assert (late.row.status, late.loan.days_past_due) == ("overdue", 10)
    rate, penalty = (Decimal(str(row.terms[name])) for name in ("annual_rate", "penalty_rate"))
    assert late.loan.dues.penalty.minor == int(
        (Decimal(LENT) * penalty * 10 / 360).quantize(Decimal(1), ROUND_HALF_EVEN)
    )
    assert rate > 0
    site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).row.status == "repaid"
    again = site.apply(borrower, LENT, site.confirmed(borrower).id)
    assert site.application(again).row.status in ("offered", "review"), "cured: the past doesn't bar for ever"


def test_end_of_day__run_twice__posts_once(site: Site, lent: tuple[Actor, ReceivableRow, str]) -> None:
    loan_id = lent[2]
    site.move_to(site.today + timedelta(days=1))
    first = end_of_day.run(site.ctx, OPERATOR, site.today)
    booked = site.balance(ledger.INTEREST_RECEIVABLE, ref=loan_id)
    again = end_of_day.run(site.ctx, OPERATOR, site.today)
    assert (first.repeated, again.repeated) == (False, True)
    assert first.journals > 0
    assert site.balance(ledger.INTEREST_RECEIVABLE, ref=loan_id) == booked > 0
    row = site.loan(loan_id).row
    assert booked == (row.principal * Decimal(str(row.terms["annual_rate"])) / 360).quantize(1, ROUND_HALF_EVEN)


def test_debtor__pays_what_it_disputed__settled_and_nothing_new_lent_meanwhile(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    disputes.dispute(site.ctx, site.cast["core"], asset.id, "scratched")
    site.run()
    row = site.application(site.apply(borrower, LENT, asset.id)).row
    assert (row.status, [each["code"] for each in row.refusals]) == ("declined", ["disputed"])
    site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.receivable(asset.id).status == "settled"
    assert view(site.inst, "Receivables", "receivable", asset.id)["settled"] == FACE


def test_two_loans__on_one_receivable__older_pledge_is_served_first(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    first = site.funded(borrower, 300_000_00, asset.id)
    second = site.funded(borrower, 300_000_00, asset.id)
    part = site.loan(first).pledges[0].amount
    site.pays(part + 100_00, f"RECEIVABLE {asset.id}")
    assert (site.loan(first).row.status, site.loan(second).row.status) == ("repaid", "active")
    settles = queries.payoff(site.ctx, OPERATOR, second, site.today).total
    assert settles.minor == owed(site, second, site.today) - 100_00
    site.pays(FACE - part - 100_00, f"RECEIVABLE {asset.id}")
    assert site.loan(second).row.status == "repaid"
    assert site.receivable(asset.id).status == "settled"


def test_debtor__that_is_a_settlement_bank__its_payment_is_attested_by_another_and_waits_where_there_is_none() -> None:
    with open_site() as site:
        seller, bank = site.borrower(), site.cast["bank"]
        debtor = site.cast["core"] = site.admit(Role.CORE | Role.BANK)
        papers = site.papers(seller, buyer=site.companies[str(debtor.party_id)])
        asset = site.confirmed(seller, papers)
        suspension.suspend(site.ctx, OPERATOR, str(bank.party_id), "the other one is in good standing")
        site.run()
        ref = site.pays(100_00, f"RECEIVABLE {asset.id}")
        assert (site.incoming(ref).status, site.receivable(asset.id).settled) == ("applied", 100_00)
        with site.ctx.store.begin() as session:
            session.get_one(PartyRow, bank.party_id).status = "pending"
        ref = site.pays(100_00, f"RECEIVABLE {asset.id}")
        assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "settlement_bank_missing")
        assert site.receivable(asset.id).settled == 100_00
