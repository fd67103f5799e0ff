"""What has to hold of a `Site`, whatever happened in it."""

from __future__ import annotations

from sqlmodel import Session, col, select

from chainfin.rules import ledger
from chainfin.rules.loan import LoanState
from chainfin.rules.loan.state import ACCRUING
from chainfin.services.books import journals, loan_book
from chainfin.storage.funding_tables import FundingAccountRow, FundingHoldRow
from chainfin.storage.lending_tables import HoldRow, LimitRow, LoanRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from tests.e2e.onchain import view
from tests.e2e.site import Site
from tests.e2e.site_money import CNY


def settle_up(site: Site) -> None:
    """Debtors and borrowers pay what they are late with: one test's is no reason to decline the next one's."""
    for _ in range(3):  # an enforced part, or a part that was split off, may come to light by what is paid
        with site.ctx.store.read() as session:
            late = session.exec(
                select(ReceivableRow).where(
                    ReceivableRow.due_date < site.today, col(ReceivableRow.status).in_(("confirmed", "defaulted"))
                )
            ).all()
            owed = {row.id: row.face - row.split_away - row.settled - row.diluted for row in late}
        owed = {receivable_id: amount for receivable_id, amount in owed.items() if amount > 0}
        if not owed:
            return
        for receivable_id, amount in owed.items():
            site.pays(amount, f"RECEIVABLE {receivable_id}")


def check_books(site: Site) -> None:
    """What has to hold whatever happened: the book balances and agrees with every loan, limits with every hold,
    every asset with its contract, every pledge with its asset, and our cash with the bank's own books."""
    with site.ctx.store.read() as session:
        assert journals.check_chain(session) >= 0
        trial = journals.trial_balance(session)
        assert sum(line.debit.minor - line.credit.minor for line in trial) == 0
        assert journals.balance(session, ledger.CASH, CNY).minor == site.bank_cash()
        for row in session.exec(select(LoanRow)):
            _, loan = loan_book.load(session, site.ctx, row.id)
            assert LoanState(row.status) is loan.state or row.status == "cancelled", (row.id, row.status, loan.state)
            owed = {
                ledger.LOANS: loan.outstanding,
                ledger.INTEREST_RECEIVABLE: loan.dues.interest + loan.dues.overdue_interest,
                ledger.PENALTY_RECEIVABLE: loan.dues.penalty,
                ledger.FEE_RECEIVABLE: loan.dues.fee,
            }
            for account, amount in owed.items():
                booked = journals.balance(session, account, row.currency, ref=row.id)
                wanted = amount if loan.state in ACCRUING else Money.zero(row.currency)
                assert booked == wanted, (row.id, account.name, str(booked), str(wanted))
        for limit in session.exec(select(LimitRow)):
            held = session.exec(select(HoldRow).where(HoldRow.limit_id == limit.id)).all()
            assert limit.held == sum(h.amount for h in held if h.state == "held"), limit
            assert limit.used == sum(h.amount for h in held if h.state == "used"), limit
            assert limit.held + limit.used <= limit.amount, limit  # what a limit was lowered to is another column
        check_funds(session)
        pledges = list(session.exec(select(PledgeRow)).all())
        for asset in session.exec(select(ReceivableRow)):
            _check_asset(site, asset, pledges)


def check_funds(session: Session) -> None:
    """No lender's cash is below zero, each account says what the book says, and holds what is under way."""
    for account in session.exec(select(FundingAccountRow)):
        cash, owed = (
            journals.balance(session, each, account.currency, party=account.lender_id).minor
            for each in (ledger.CASH, ledger.HOLDER_PAYABLE)
        )
        assert account.overdrawn == 0, "only of lenders from before accounts"
        assert cash - owed == account.balance >= account.committed >= 0, account
        held = select(FundingHoldRow, LoanRow).where(
            FundingHoldRow.account_id == account.id, col(LoanRow.id) == col(FundingHoldRow.loan_id)
        )
        rows = session.exec(held).all()
        assert account.committed == sum(hold.amount for hold, _ in rows if hold.state == "held"), account
        for hold, loan in rows:
            wanted = {"approved": "held", "cancelled": "freed"}.get(loan.status, "used")
            assert (hold.state, hold.amount) == (wanted, loan.principal), (hold, loan.status)


def _check_asset(site: Site, asset: ReceivableRow, pledges: list[PledgeRow]) -> None:
    mine = [pledge for pledge in pledges if pledge.asset_id == asset.id]
    live = [pledge for pledge in mine if pledge.status in ("active", "releasing")]
    assert asset.pledged >= sum(p.amount - p.released - p.settled for p in live), asset.id
    assert asset.reserved == sum(p.amount for p in mine if p.status == "pending"), asset.id
    seen = (asset.model_dump_json(), *(pledge.model_dump_json() for pledge in mine))
    if asset.status in ("issuing", "refused", "cancelled") or seen in site.checked:
        return
    site.checked.add(seen)
    chain = view(site.inst, "Receivables", "receivable", asset.id)
    same = {"pledged": asset.pledged, "settled": asset.settled, "diluted": asset.diluted, "splitAway": asset.split_away}
    assert {name: chain[name] for name in same} == same, asset.id
    assert chain["free"] + sum(same.values()) == chain["face"] == asset.face
    for pledge in live:
        assert view(site.inst, "Pledges", "pledgeOf", pledge.id)["state"] == 1, pledge.id
