"""No cash, no payout: a loan is paid out of what its lender has placed at the bank, and never a fen more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Literal

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from chainfin.errors import ChainfinError
from chainfin.rules import ledger, postings
from chainfin.services.books import funding_accounts, journals
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import applications, mandates
from chainfin.services.payments import deposits
from chainfin.services.reads import queries
from chainfin.storage.funding_tables import FundingAccountRow, FundingHoldRow
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import FactRow
from chainfin.values import instruction, payment_reference
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.site import Site
from tests.e2e.site_money import CNY
from tests.e2e.test_races import at_once

LENT = 100_000_00


@pytest.fixture
def lender(site: Site, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """A lender of this test's own: mandate and limits, no money."""
    other = site.admit(Role.LENDER)
    monkeypatch.setitem(site.cast, "lender", other)
    site.limit("debtor", site.cast["core"], 9_000_000_00)
    with monkeypatch.context() as poor:
        poor.setattr(Site, "fund", lambda *_: None)
        site.mandate(other)
    return other


def offered(site: Site) -> tuple[Actor, str]:
    borrower = site.borrower()
    return borrower, site.offered(borrower, LENT, site.confirmed(borrower).id)


def code_of(attempt: Callable[[], object]) -> str:
    with pytest.raises(ChainfinError) as error:
        attempt()
    return error.value.code


def lenders_cash(site: Site, lender: Actor) -> int:
    with site.ctx.store.read() as session:
        return journals.balance(session, ledger.CASH, CNY, party=str(lender.party_id)).minor


def test_accept__nothing_placed__refused_and_nothing_happened(site: Site, lender: Actor) -> None:
    borrower, application = offered(site)
    asset = str(site.application(application).row.asset_id)
    assert code_of(partial(applications.accept, site.ctx, borrower, application)) == "funding_missing"
    site.run()
    after = site.application(application).row
    assert (after.status, after.loan_id) == ("offered", None)
    assert site.receivable(asset).reserved == 0
    assert set(site.taken(application)) == {"held"}, "the offer stands with its limits"
    with site.ctx.store.read() as session:
        assert session.exec(select(LoanRow).where(LoanRow.application_id == application)).all() == []


def test_accept__a_fen_too_little__refused_until_it_is_there(site: Site, lender: Actor) -> None:
    borrower, application = offered(site)
    site.fund(lender, LENT - 1)
    with pytest.raises(ChainfinError) as short:
        applications.accept(site.ctx, borrower, application)
    assert (short.value.code, short.value.details) == ("funding_short", {"currency": CNY}), "and no lender's figures"
    assert site.funds(lender) == (LENT - 1, 0)
    site.fund(lender, 1)
    applications.accept(site.ctx, borrower, application)
    assert site.funds(lender) == (LENT, LENT), "held from the acceptance on"
    site.run()
    assert site.application(application).row.status == "funded"
    assert site.funds(lender) == (0, 0)
    assert lenders_cash(site, lender) == 0


def test_funds__of_one_lender__are_not_another_lenders(site: Site, lender: Actor) -> None:
    borrower, application = offered(site)
    site.fund(site.admit(Role.LENDER), 9 * LENT)
    assert code_of(partial(applications.accept, site.ctx, borrower, application)) == "funding_missing"


def test_accepts__at_once_on_money_for_three__three_are_paid(site: Site, lender: Actor) -> None:
    site.fund(lender, 3 * LENT + LENT // 2)
    offers = [offered(site) for _ in range(8)]
    taken, refused = at_once([partial(applications.accept, site.ctx, who, application) for who, application in offers])
    assert (len(taken), refused) == (3, {"funding_short": 5})
    site.run()
    assert sorted(site.application(row.id).row.status for row in taken) == ["funded"] * 3
    assert site.funds(lender) == (LENT // 2, 0)
    assert lenders_cash(site, lender) == LENT // 2


@pytest.mark.parametrize("end", ["done", "refused"])
def test_payout__not_known_yet__held_until_it_is(site: Site, lender: Actor, end: Literal["done", "refused"]) -> None:
    site.fund(lender, LENT)
    borrower = site.borrower()
    _, application = site.unpaid(borrower, LENT)
    loan_id = str(site.application(application).row.loan_id)
    assert site.application(application).row.status == "disbursing"
    assert site.funds(lender) == (LENT, LENT), "what may have left can't be lent again"
    second, other = offered(site)
    assert code_of(partial(applications.accept, site.ctx, second, other)) == "funding_short"
    assert site.inst.sandbox is not None
    site.inst.sandbox.faults.clear()
    site.world.resolves(instruction.for_loan(loan_id), end)
    wait_for_answer(site)
    assert site.application(application).row.status == {"done": "funded", "refused": "failed"}[end]
    assert site.funds(lender) == ((0, 0) if end == "done" else (LENT, 0))


def owed(site: Site, loan_id: str) -> int:
    return queries.payoff(site.ctx, OPERATOR, loan_id, site.today).total.minor


def wait_for_answer(site: Site) -> None:
    """Unknown outcomes are asked for again after a while."""
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=1))
    site.run()


@pytest.mark.parametrize("stopped", ["mandate", "money"])
def test_payout__stopped_before_the_bank_is_asked__money_is_free_again(
    site: Site, lender: Actor, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    site.fund(lender, LENT)
    borrower, application = offered(site)
    applications.accept(site.ctx, borrower, application)
    if stopped == "mandate":
        given = mandates.list_(site.ctx, lender)[0]
        mandates.revoke(site.ctx, lender, given.id)
    else:  # as a loan that was accepted before accounts were kept: nothing is held for it, and there is no money
        loan_id = str(site.application(application).row.loan_id)
        with site.ctx.store.begin() as session:
            held = session.get_one(FundingHoldRow, loan_id)
            account = session.get_one(FundingAccountRow, held.account_id)
            account.balance = account.committed = 0
            session.delete(held)
    paid = len(site.payments())
    site.run()
    row = site.application(application).row
    told = site.application(application).progress[-1]
    wanted = "mandate_revoked" if stopped == "mandate" else "funding_short"
    assert (row.status, told.detail["code"]) == ("failed", wanted)
    assert len(site.payments()) == paid, "no money went"
    assert set(site.taken(application)) == {"freed"}
    if stopped == "mandate":
        assert site.funds(lender) == (LENT, 0)
    else:
        with site.ctx.store.begin() as session:  # as it was
            session.exec(
                select(FundingAccountRow).where(FundingAccountRow.lender_id == lender.party_id)
            ).one().balance = LENT


def test_repayment__principal_and_interest__may_be_lent_again(site: Site, lender: Actor) -> None:
    site.fund(lender, LENT)
    borrower = site.borrower()
    loan_id = site.funded(borrower, LENT, site.confirmed(borrower).id)
    assert site.funds(lender) == (0, 0)
    site.pays(40_000_00, f"LOAN {loan_id}")
    assert site.funds(lender) == (40_000_00, 0)
    due = owed(site, loan_id)
    site.pays(due + 7_00, f"LOAN {loan_id}")
    assert site.funds(lender) == (40_000_00 + due, 0), "and what was too much went back"
    assert lenders_cash(site, lender) == 40_000_00 + due


def test_debtors_payment__rest_is_the_holders__lender_gets_its_part(site: Site, lender: Actor) -> None:
    site.fund(lender, LENT)
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    due = owed(site, loan_id)
    site.pays(asset.face, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).row.status == "repaid"
    assert site.funds(lender) == (due, 0)
    assert own_book(site, lender) == (due, 0), "what went on to the holder left its book too"


def own_book(site: Site, lender: Actor) -> tuple[int, int]:
    """The cash in a lender's own trial balance, and what it owes on to holders; both go with its funding account."""
    lines = {line.account: line.balance.minor for line in queries.trial_balance(site.ctx, lender)}
    return lines[ledger.CASH], lines.get(ledger.HOLDER_PAYABLE, 0)


@pytest.mark.parametrize(
    ("of", "payer", "status", "reason"),
    [
        ("lender", "6228-somebody", "refunded", "funding_payer_foreign"),
        ("core", None, "unmatched", "remittance_unknown"),
        ("nobody", None, "unmatched", "remittance_unknown"),
    ],
)
def test_deposit__not_the_lenders_own_word__never_lent(
    site: Site, lender: Actor, of: str, payer: str | None, status: str, reason: str
) -> None:
    ids = {"lender": str(lender.party_id), "core": str(site.cast["core"].party_id), "nobody": "pty_nobody"}
    ref = site.pays(LENT, payment_reference.of("funding", ids[of]), payer=payer or site.party(lender.party_id).account)
    came = site.incoming(ref)
    assert (came.status, came.reason) == (status, reason)
    assert site.funds(lender) == (0, 0)
    if status == "unmatched":
        site.sends_back(ref)


def test_deposit__told_twice_by_the_bank__counted_once(site: Site, lender: Actor) -> None:
    told = deposits.instruction(site.ctx, lender)
    ref = site.pays(LENT, told.remittance, payer=told.payer_account)
    with site.ctx.store.begin() as session:
        session.merge(FactRow(name="rail_cursor", value={"sequence": 0}))
    site.run()
    assert site.funds(lender) == (LENT, 0)
    assert site.incoming(ref).status == "applied"


def test_accounts__of_others__seen_by_the_operator_alone(site: Site, lender: Actor) -> None:
    site.fund(lender, LENT)
    (mine,) = funding_accounts.list_(site.ctx, lender)
    stranger = site.admit(Role.LENDER)
    assert funding_accounts.list_(site.ctx, stranger) == []
    assert mine.id in {row.id for row in funding_accounts.list_(site.ctx, OPERATOR, limit=1000)}
    assert code_of(partial(deposits.instruction, site.ctx, site.cast["core"])) == "role_missing"


def test_check__more_committed_than_there_is__the_database_refuses(site: Site, lender: Actor) -> None:
    site.fund(lender, LENT)
    more = (
        update(FundingAccountRow).where(col(FundingAccountRow.lender_id) == lender.party_id).values(committed=LENT + 1)
    )
    with site.ctx.store.begin() as session, pytest.raises(IntegrityError, match="covered"):
        session.exec(more)
    assert site.funds(lender) == (LENT, 0)


def test_deposit__in_the_book__is_owed_to_its_lender() -> None:
    placed = postings.placed("lender", "inc_1", Money(5, "USD"), date(2026, 3, 2))
    assert [(e.account, e.party, e.amount.currency) for e in placed.entries] == [
        ("1002", "lender", "USD"),
        ("2241.03", "lender", "USD"),
    ]
