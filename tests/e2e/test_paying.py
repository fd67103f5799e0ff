"""Where to pay and under which reference: to the pledgee or the holder itself, never to a pot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chainfin.errors import Conflict, NotFound, Refused
from chainfin.rules import ledger
from chainfin.services.kernel import approvals
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked
from chainfin.services.payments import deposits, incoming, instructions
from chainfin.services.reactions import approved
from chainfin.services.views.oversight import ParkedView
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values import instruction, reference
from chainfin.values.money import Money
from chainfin.values.party import first_person
from tests.e2e.onchain import view
from tests.e2e.site import FACE, Site
from tests.e2e.test_unmatched import proposed
from tests.unit.test_remittance import wide

LENT = 500_000_00
BOSS = replace(OPERATOR, person_id=first_person(None))


# where


def test_debtor__of_a_claim_nobody_has_in_pledge__is_sent_to_the_holders_own_account(site: Site) -> None:
    holder = site.borrower(account="6228-HOLDERS-OWN-1")
    asset = site.confirmed(holder)
    how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    assert (how.account, how.payee) == ("6228-HOLDERS-OWN-1", site.party(holder.party_id).name)
    assert (how.amount.minor, how.due_date) == (FACE, asset.due_date)
    cash, before = site.balance(ledger.CASH), site.payments()
    ref = site.pays(FACE, reference.printed(how.reference), account=how.account)
    row = site.incoming(ref)
    assert (row.status, row.direct, row.unapplied) == ("applied", True, 0)
    assert site.receivable(asset.id).status == "settled"
    assert view(site.inst, "Receivables", "receivable", asset.id)["settled"] == FACE
    assert (site.balance(ledger.CASH), site.payments()) == (cash, before), "the platform gathers no money and pays none"
    assert site.payouts(ref) == []


def test_holder__pays_itself_under_its_claim__parked_and_nothing_settled(site: Site) -> None:
    holder = site.borrower(account="6228-HOLDERS-OWN-3")
    asset = site.confirmed(holder)
    ref = site.pays(FACE, asset.reference, payer="6228-HOLDERS-OWN-3", account="6228-HOLDERS-OWN-3")
    (item,) = items(site, "incoming_payments", ref)
    assert item.reason == "payment_to_itself"
    assert (site.receivable(asset.id).settled, site.receivable(asset.id).status) == (0, "confirmed")


def test_debtor__of_a_pledged_claim__is_sent_to_the_lenders_account_for_it(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    lender = site.party(site.cast["lender"].party_id)
    assert how.payee == lender.name
    assert how.account.startswith(f"{lender.account}-")
    assert how == instructions.for_receivable(site.ctx, site.cast["core"], asset.id), "opened once"
    assert how.account != instructions.for_loan(site.ctx, borrower, loan_id, None).account, "each payer has its own"
    ref = site.pays(FACE, how.reference.lower(), account=how.account)
    assert (site.incoming(ref).status, site.incoming(ref).account) == ("applied", how.account)
    assert site.loan(loan_id).row.status == "repaid"
    assert [out.status for out in site.payouts(ref)] == ["done"], "the rest is the holder's"
    again = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    assert again.amount.minor == 0
    with pytest.raises(Conflict, match="repaid") as over:
        instructions.for_loan(site.ctx, borrower, loan_id, None)
    assert over.value.code == "loan_over"


def test_debtor__pays_the_holder_what_is_pledged__parked_and_nothing_settled(site: Site) -> None:
    borrower = site.borrower(account="6228-HOLDERS-OWN-2")
    asset = site.confirmed(borrower)
    site.funded(borrower, LENT, asset.id)
    free = FACE - site.receivable(asset.id).pledged
    assert free > 0
    ref = site.pays(free + 1, asset.reference, account="6228-HOLDERS-OWN-2")
    (item,) = items(site, "incoming_payments", ref)
    assert item.reason == "paid_beside_the_pledgee"
    assert site.receivable(asset.id).settled == 0
    paid = site.pays(free, asset.reference, account="6228-HOLDERS-OWN-2")
    assert site.incoming(paid).direct
    assert (site.receivable(asset.id).settled, site.receivable(asset.id).status) == (free, "confirmed")


def test_payment__to_an_account_that_is_nobodys_here__parked(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    ref = site.pays(FACE, asset.reference, account="6228-SOMEBODY-ELSES")
    (item,) = items(site, "incoming_payments", ref)
    assert item.reason == "payee_account_foreign"
    assert site.receivable(asset.id).settled == 0


def test_payment__asked_by_a_stranger__unknown(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    with pytest.raises(NotFound) as unknown:
        instructions.for_receivable(site.ctx, site.borrower(), asset.id)
    assert unknown.value.code == "receivable_unknown"


# how it is spelled


@pytest.mark.parametrize(
    "spell",
    [
        lambda asset: asset.reference,
        lambda asset: reference.printed(asset.reference),
        lambda asset: reference.printed(asset.reference).lower(),
        lambda asset: reference.printed(asset.reference).replace(" ", "-"),
        lambda asset: f"Payment, ref.: {reference.printed(asset.reference)}!",
        lambda asset: f"货款{asset.reference}谢谢",
        lambda asset: wide(asset.reference),
        lambda asset: f"RECEIVABLE {asset.id}",
        lambda asset: f"receivable: {asset.id}",
        lambda asset: f"RECEIVABLE {asset.id[:40]} {asset.id[40:]}",
    ],
)
def test_payment__in_an_everyday_spelling__finds_its_claim(site: Site, spell: Callable[[ReceivableRow], str]) -> None:
    asset = site.confirmed(site.borrower())
    ref = site.pays(1_00, spell(asset))
    assert (site.incoming(ref).status, site.receivable(asset.id).settled) == ("applied", 1_00)


@pytest.mark.parametrize("spell", ["LOAN {}", "loan {}", "Loan-{}", "repayment of {}, thanks", "贷款 LOAN {}"])
def test_repayment__in_an_everyday_spelling__finds_its_loan(site: Site, spell: str) -> None:
    borrower = site.borrower()
    loan_id = site.funded(borrower, LENT, site.confirmed(borrower).id)
    how = instructions.for_loan(site.ctx, borrower, loan_id, Money(100_00, "CNY"))
    for text in (spell.format(loan_id), how.remittance):
        ref = site.pays(100_00, text, account=how.account)
        assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("applied", 0)


def test_payment__that_names_two_claims__waits(site: Site) -> None:
    first, second = (site.confirmed(site.borrower()) for _ in range(2))
    ref = site.pays(FACE, f"{first.reference} and {second.reference}")
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("unmatched", "remittance_ambiguous")
    assert site.unmatched(ref).reason == "remittance_ambiguous"
    site.sends_back(ref)


def items(site: Site, source: str, subject: str) -> list[ParkedView]:
    found = parked.list_(site.ctx, OPERATOR, status=None, after="", limit=500)
    return [item for item in found if (item.source, item.subject) == (source, subject)]


# on one lender's account, for another's claim


class Two:
    """Two loans of two lenders to one borrower, each on a claim of its own."""

    def __init__(self, site: Site) -> None:
        self.site, self.borrower = site, site.borrower()
        self.lenders = (site.cast["lender"], site.lender(self.borrower))
        self.assets = [site.confirmed(self.borrower) for _ in self.lenders]
        self.loans = [
            site.funded(self.borrower, LENT, asset.id, lender_id=str(lender.party_id))
            for asset, lender in zip(self.assets, self.lenders, strict=True)
        ]

    def repaying(self, which: int) -> instructions.PaymentInstruction:
        return instructions.for_loan(self.site.ctx, self.borrower, self.loans[which], None)

    def owed(self) -> list[int]:
        return [self.site.loan(loan_id).loan.dues.total.minor for loan_id in self.loans]


def test_borrower__pays_on_one_lenders_account_for_anothers_loan__waits_for_a_person(site: Site) -> None:
    two = Two(site)
    owed, wrong = two.owed(), two.repaying(0).account
    ref = site.pays(100_00, two.repaying(1).remittance, account=wrong)
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("unmatched", "account_of_another_lender")
    assert two.owed() == owed
    item = site.unmatched(ref)
    assert item.reason == "account_of_another_lender"
    again = parked.retry(site.ctx, BOSS, item.id, site.inst.retries())
    assert (again.status, again.reason) == ("open", "account_of_another_lender")

    other = proposed(site, ref, "loan", two.loans[1])
    with pytest.raises(Refused) as refused:
        approved.approve(site.ctx, site.second(OPERATOR), other.id, "he meant that one")
    assert refused.value.code == "account_of_another_lender", "two persons don't make one lender's money another's"
    approvals.reject(site.ctx, BOSS, other.id, reason="it is on the first lender's account")
    made = proposed(site, ref, "loan", two.loans[0])
    approved.approve(site.ctx, site.second(OPERATOR), made.id, "whose money it is")
    site.run()
    assert two.owed() == [owed[0] - 100_00, owed[1]]
    assert (site.incoming(ref).status, site.balance(ledger.SUSPENSE, ref=site.incoming(ref).book_ref)) == ("applied", 0)


def test_borrower__pays_on_the_right_account__as_ever(site: Site) -> None:
    two = Two(site)
    owed = two.owed()
    for which in (0, 1):
        how = two.repaying(which)
        assert site.incoming(site.pays(100_00, how.remittance, account=how.account)).status == "applied"
    assert two.owed() == [each - 100_00 for each in owed]


def test_debtor__pays_one_lender_what_is_pledged_to_another__waits_and_goes_back(site: Site) -> None:
    two = Two(site)
    wrong = instructions.for_receivable(site.ctx, site.cast["core"], two.assets[0].id).account
    ref = site.pays(FACE, two.assets[1].reference, account=wrong)
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("unmatched", "account_of_another_lender")
    assert site.receivable(two.assets[1].id).settled == 0
    site.sends_back(ref)
    assert [row.status for row in site.refunds(ref)] == ["done"]


def test_debtor__pays_as_it_was_told_before_the_loan_was_repaid__passed_on_to_the_holder(site: Site) -> None:
    """Nobody has the claim in pledge any more: what reaches its lender of then is the holder's."""
    two = Two(site)
    told = instructions.for_receivable(site.ctx, site.cast["core"], two.assets[0].id)
    site.pays(two.owed()[0], two.repaying(0).remittance, account=two.repaying(0).account)
    assert site.receivable(two.assets[0].id).pledged == 0
    ref = site.pays(FACE, told.reference, account=told.account)
    assert site.incoming(ref).status == "applied"
    assert [row.payload["amount"] for row in site.payouts(ref)] == [str(Money(FACE, "CNY"))]


def test_lender__places_money_on_anothers_account__waits(site: Site) -> None:
    two = Two(site)
    first, second = (deposits.instruction(site.ctx, lender) for lender in two.lenders)
    ref = site.pays(5_00, second.remittance, payer=second.payer_account, account=first.account)
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("unmatched", "account_of_another_lender")
    site.sends_back(ref)


def test_payment__tried_while_it_still_waits__its_money_stays_in_suspense(site: Site) -> None:
    borrower = site.borrower()
    _, application = site.unpaid(borrower, LENT)
    loan_id = str(site.application(application).row.loan_id)
    ref = site.pays(10_00, f"LOAN {loan_id}")
    row = site.incoming(ref)
    assert row.status == "waiting"
    for _ in range(2):
        with site.ctx.store.begin() as session:
            incoming.place_again(session, site.ctx, row.id)
    assert site.incoming(ref).status == "waiting"
    assert site.balance(ledger.SUSPENSE, ref=row.book_ref) == site.balance(ledger.CASH, ref=row.book_ref) == 10_00
    site.world.resolves(instruction.for_loan(loan_id), "done")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()
    assert site.incoming(ref).status == "applied"
    assert site.balance(ledger.SUSPENSE, ref=row.book_ref) == 0
