"""A loan that isn't repaid: its security is taken, once, and what it brings in serves the loan."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chainfin.errors import Conflict, Refused
from chainfin.rules import ledger
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import end_of_day
from chainfin.services.pledges import enforcement
from chainfin.services.trade import receivables
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from tests.e2e.asked_acts import asked, sign
from tests.e2e.ending import act, mismatches, parts, pledges_on, receipt, receipts_out_of, sent
from tests.e2e.onchain import view
from tests.e2e.reckoned import owed, paid_to_holder
from tests.e2e.site import FACE, Site

LENT = 500_000_00


@pytest.fixture
def late(site: Site) -> tuple[Actor, ReceivableRow, str]:
    """A loan on a receivable that the debtor didn't pay by its due day."""
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    site.fall_due(asset.due_date)
    end_of_day.run(site.ctx, OPERATOR, site.today)
    return borrower, asset, loan_id


def the_pledge(site: Site, asset_id: str) -> PledgeRow:
    (pledge,) = pledges_on(site, asset_id)
    return pledge


def test_enforced__receivable__lender_holds_the_part_and_the_loan_owes_on(
    site: Site, late: tuple[Actor, ReceivableRow, str]
) -> None:
    _, asset, loan_id = late
    pledge = the_pledge(site, asset.id)
    due, limits = site.loan(loan_id).loan.dues.total, site.taken(site.loan(loan_id).row.application_id)
    enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
    site.run()
    pledge, (part,) = the_pledge(site, asset.id), parts(site, asset.id)
    assert (pledge.status, pledge.left, pledge.taken_id) == ("enforced", 0, part.id)
    assert (part.holder_id, part.face, part.status) == (site.cast["lender"].party_id, pledge.amount, "confirmed")
    parent = site.receivable(asset.id)
    assert (parent.pledged, parent.split_away) == (0, pledge.amount)
    loan = site.loan(loan_id)
    assert (loan.row.status, loan.loan.dues.total) == ("overdue", due), "taking a security pays nothing"
    assert site.taken(loan.row.application_id) == limits
    assert mismatches(site) == []


def test_enforced__debtor_pays_the_part__loan_repaid_and_rest_to_the_borrower(
    site: Site, late: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, asset, loan_id = late
    enforcement.enforce(site.ctx, site.cast["lender"], the_pledge(site, asset.id).id)
    site.run()
    (part,) = parts(site, asset.id)
    dues = site.loan(loan_id).loan.dues.total.minor
    ref = site.pays(part.face, f"RECEIVABLE {part.id}")
    assert site.loan(loan_id).row.status == "repaid"
    (out,) = site.payouts(ref)
    assert (out.status, out.payload["payee_account"]) == ("done", site.party(borrower.party_id).account)
    assert out.payload["amount"] == f"{(part.face - dues) / 100:.2f}"
    assert site.receivable(part.id).status == "settled"
    assert site.balance(ledger.HOLDER_PAYABLE, ref=loan_id) + site.balance(ledger.HOLDER_PAYABLE, ref=part.id) == 0
    assert mismatches(site) == []


def test_enforced__debtor_pays_in_instalments__each_serves_the_loan(
    site: Site, late: tuple[Actor, ReceivableRow, str]
) -> None:
    _, asset, loan_id = late
    enforcement.enforce(site.ctx, site.cast["lender"], the_pledge(site, asset.id).id)
    site.run()
    (part,) = parts(site, asset.id)
    dues = site.loan(loan_id).loan.dues.total.minor
    first = site.pays(100_000_00, f"RECEIVABLE {part.id}")
    assert paid_to_holder(site, first) == []
    assert site.loan(loan_id).loan.dues.total.minor == dues - 100_000_00
    assert mismatches(site) == []


def test_enforced__borrower_repays_after_all__what_the_debtor_pays_is_its_own(
    site: Site, late: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, asset, loan_id = late
    enforcement.enforce(site.ctx, site.cast["lender"], the_pledge(site, asset.id).id)
    site.run()
    site.pays(site.loan(loan_id).loan.dues.total.minor, f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"
    (part,) = parts(site, asset.id)
    ref = site.pays(part.face, f"RECEIVABLE {part.id}")
    (out,) = site.payouts(ref)
    assert out.payload["payee_account"] == site.party(borrower.party_id).account
    assert mismatches(site) == []


def test_enforced__debtor_pays_the_invoice_whole__lender_and_holder_get_theirs(
    site: Site, late: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, asset, loan_id = late
    enforcement.enforce(site.ctx, site.cast["lender"], the_pledge(site, asset.id).id)
    site.run()
    dues = site.loan(loan_id).loan.dues.total.minor
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).row.status == "repaid"
    outs = site.payouts(ref)
    assert {row.payload["payee_account"] for row in outs} == {site.party(borrower.party_id).account}
    assert sum(round(float(str(row.payload["amount"])) * 100) for row in outs) == FACE - dues
    assert [site.receivable(each).status for each in (asset.id, parts(site, asset.id)[0].id)] == ["settled", "settled"]
    assert mismatches(site) == []


def test_enforced__past_the_service__projected_all_the_same(site: Site, late: tuple[Actor, ReceivableRow, str]) -> None:
    _, asset, _ = late
    pledge = the_pledge(site, asset.id)
    sent(site, site.cast["lender"], "Pledges", "enforce", pledgeId=pledge.id, assetId=asset.id)
    assert the_pledge(site, asset.id).status == "enforced"
    assert mismatches(site) == []


def test_enforced__goods__lender_owns_a_receipt_of_its_own(site: Site) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge")
    pledge = the_pledge(site, goods.id)
    with pytest.raises(Refused) as refused:
        enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
    assert refused.value.code == "loan_not_overdue"
    site.fall_due(site.loan(loan_id).row.maturity)
    enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
    site.run()
    (taken,) = receipts_out_of(site, goods.id)
    assert (taken.owner_id, taken.issued) == (site.cast["lender"].party_id, pledge.amount)
    left = receipt(site, goods.id)
    assert (left.pledged, left.liquidated) == (0, pledge.amount)
    assert the_pledge(site, goods.id).taken_id == taken.id
    assert site.loan(loan_id).row.status in ("active", "overdue")
    assert mismatches(site) == []


def test_enforcement__signed_after_the_loan_was_repaid__takes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge")
    site.fall_due(site.loan(loan_id).row.maturity)
    pledge = the_pledge(site, goods.id)
    with monkeypatch.context() as own_key:
        own_key.setattr(custody, "signer_of", lambda *_args: None)
        act = enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
        assert act.status == "awaiting_signature"
        site.pays(LENT + 50_000_00, f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"
    with pytest.raises(Refused) as refused:
        sign(site, act)
    assert refused.value.code == "enforcement_outdated"
    site.run()
    assert [each.status for each in asked(site, pledge.id, "enforce")] == ["refused"]
    assert receipts_out_of(site, goods.id) == []
    assert receipt(site, goods.id).liquidated == 0


def test_enforced__goods_before_the_banks_statement__waits(site: Site) -> None:
    """The loan is late by its date; the bank may still tell of a payment in time."""
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge")
    pledge, due = the_pledge(site, goods.id), site.loan(loan_id).loan.schedule.due_dates[-1]
    site.move_to(due + timedelta(days=1))
    with pytest.raises(Conflict) as refused:
        enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
    assert refused.value.code == "bank_statement_missing"
    assert asked(site, pledge.id, "enforce") == []
    site.inst.incoming.run_once()
    enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
    site.run()
    assert the_pledge(site, goods.id).status == "enforced"
    assert mismatches(site) == []


@pytest.mark.parametrize(
    ("when", "code"),
    [("before the due day", "not_yet_due"), ("by the borrower", "not_lender"), ("twice", "pledge_state_wrong")],
)
def test_enforce__not_now_or_not_by_this_one__refused(site: Site, when: str, code: str) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    site.funded(borrower, LENT, asset.id)
    pledge = the_pledge(site, asset.id)
    if when == "twice":
        site.fall_due(asset.due_date)
        enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
        site.run()
    with pytest.raises(Refused) as refused:
        enforcement.enforce(site.ctx, borrower if when == "by the borrower" else site.cast["lender"], pledge.id)
    assert refused.value.code == code


def test_enforce__while_a_payment_is_on_its_way__not_yet(site: Site, late: tuple[Actor, ReceivableRow, str]) -> None:
    _, asset, _ = late
    site.pays(100_00, f"RECEIVABLE {asset.id}", step=False)
    site.inst.incoming.run_once()
    with pytest.raises(Conflict) as refused:
        enforcement.enforce(site.ctx, site.cast["lender"], the_pledge(site, asset.id).id)
    assert refused.value.code == "payment_under_way"


def test_payment__while_the_pledge_is_enforced__waits_and_serves_the_loan(
    site: Site, late: tuple[Actor, ReceivableRow, str]
) -> None:
    _, asset, loan_id = late
    enforcement.enforce(site.ctx, site.cast["lender"], the_pledge(site, asset.id).id)
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}", step=False)
    site.inst.incoming.run_once()
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "transfer_under_way")
    site.run()
    assert site.incoming(ref).status == "applied"
    assert site.loan(loan_id).row.status == "repaid"
    assert mismatches(site) == []


def test_default__declared_by_the_holder_after_the_due_day__final(
    site: Site, late: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, asset, _ = late
    made = receivables.declare_default(site.ctx, borrower, asset.id)
    site.run()
    assert act(site, made.id).status == "final"
    assert site.receivable(asset.id).status == "defaulted"
    assert view(site.inst, "Receivables", "receivable", asset.id)["state"] == 5
    assert owed(site, late[2], site.today) > 0
    assert mismatches(site) == []
