"""What many do at once: no limit is passed, no amount promised twice, nothing is paid twice.

Threads meet in the services on one real database; afterwards everything is stepped to its end and compared.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

import pytest
from sqlmodel import select

from chainfin.errors import ChainfinError
from chainfin.services.goods import two_words
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import applications, credit_notes, end_of_day
from chainfin.services.trade import orders, receivables
from chainfin.storage.ledger_tables import JournalRow
from chainfin.storage.lending_tables import LoanEventRow, RepaymentRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.values import instruction
from tests.e2e.onchain import view
from tests.e2e.site import FACE, Site

T = TypeVar("T")
LIMIT = 1_000_000_00


def at_once(attempts: Sequence[Callable[[], T]]) -> tuple[list[T], Counter[str]]:
    """Run all, starting together. What came of those that worked, and the codes of those that didn't."""
    gate = threading.Barrier(len(attempts))

    def go(attempt: Callable[[], T]) -> T | ChainfinError:
        gate.wait(30)
        try:
            return attempt()
        except ChainfinError as error:
            return error

    with ThreadPoolExecutor(len(attempts)) as pool:
        ended = list(pool.map(go, attempts))
    worked = [each for each in ended if not isinstance(each, ChainfinError)]
    return worked, Counter(each.code for each in ended if isinstance(each, ChainfinError))


def test_applications__at_once_on_many_assets__never_above_the_limit(site: Site) -> None:
    borrower = site.borrower(limit=LIMIT)
    assets = [site.confirmed(borrower).id for _ in range(3)]
    asks = [partial(site.apply, borrower, 600_000_00, asset) for asset in assets]
    made, failed = at_once(asks)
    assert not failed
    ended = [site.application(each) for each in made]
    offers = [view_.offer for view_ in ended if view_.offer is not None]
    assert sum(offer.amount for offer in offers) == LIMIT, "all of the limit, and not a fen more"
    declined = [view_.row for view_ in ended if view_.offer is None]
    assert {refusal["code"] for row in declined for refusal in row.refusals} <= {"limit_exhausted"}


@pytest.mark.parametrize("many", [2, 16])
def test_applications__at_once_on_one_asset__the_last_offer_stands_and_holds(site: Site, many: int) -> None:
    borrower = site.borrower(limit=LIMIT)
    asset = site.confirmed(borrower)
    asks: list[Callable[[], str]] = [lambda: site.apply(borrower, 600_000_00, asset.id)] * many
    made, failed = at_once(asks)
    assert not failed
    states = Counter(site.application(each).row.status for each in made)
    assert states == {"offered": 1, "withdrawn": many - 1}
    held = [site.taken(each) for each in made]
    assert sum(each.get("held", 0) for each in held) == 4 * 600_000_00, "of mandate, lender, debtor and borrower, once"


@pytest.mark.parametrize(("many", "asked"), [(2, 600_000_00), (6, 300_000_00)])
def test_applications__at_once_at_many_lenders__never_above_the_asset(site: Site, many: int, asked: int) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    lenders = [str(site.lender(borrower).party_id) for _ in range(many)]
    asks = [partial(site.apply, borrower, asked, asset.id, lender_id=lender) for lender in lenders]
    made, failed = at_once(asks)
    assert not failed
    ended = [site.application(each) for each in made]
    offers = [view_.offer for view_ in ended if view_.offer is not None]
    promised = sum(offer.pledge_amount for offer in offers)
    assert FACE - len(offers) * 2 <= promised <= FACE, "all of the asset, and not a fen more"
    declined = [view_.row for view_ in ended if view_.offer is None]
    codes = {refusal["code"] for row in declined for refusal in row.refusals}
    assert codes <= {"nothing_free", "financeable_below_minimum"}

    accepts = [partial(applications.accept, site.ctx, borrower, offer.application_id) for offer in offers]
    taken, refused = at_once(accepts)
    assert not refused
    assert site.receivable(asset.id).reserved == promised
    site.run()
    assert {site.application(row.id).row.status for row in taken} == {"funded"}
    assert view(site.inst, "Receivables", "receivable", asset.id)["pledged"] == promised
    paid = [each for each in site.payments() if each in {instruction.for_loan(str(row.loan_id)) for row in taken}]
    assert len(paid) == len(set(paid)) == len(taken)


@pytest.mark.parametrize("many", [2, 16])
def test_accept__same_offer_at_once__one_loan_paid_once(site: Site, many: int) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, 500_000_00, asset.id)
    taken, refused = at_once([lambda: applications.accept(site.ctx, borrower, application)] * many)
    assert len(taken) == 1
    assert refused == {"application_not_offered": many - 1}
    site.run()
    loan_id = str(site.application(application).row.loan_id)
    assert site.payments().count(instruction.for_loan(loan_id)) == 1
    with site.ctx.store.read() as session:
        pledges = session.exec(select(PledgeRow).where(PledgeRow.asset_id == asset.id)).all()
        paid_out = session.exec(select(LoanEventRow).where(LoanEventRow.loan_id == loan_id)).all()
    assert len(pledges) == 1
    assert [event.kind for event in paid_out] == ["disburse"]


def test_accept__retried_after_every_step__paid_once(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, 500_000_00, asset.id)
    applications.accept(site.ctx, borrower, application)
    for step in (site.inst.worker.run_once, site.inst.chain.run_until_idle, site.inst.worker.run_once, site.run):
        with pytest.raises(ChainfinError) as refused:
            applications.accept(site.ctx, borrower, application)
        assert refused.value.code == "application_not_offered"
        step()
    assert site.application(application).row.status == "funded"
    assert site.payments().count(instruction.for_loan(str(site.application(application).row.loan_id))) == 1


def test_accept__against_withdrawal__one_of_them(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, 500_000_00, asset.id)
    tries = [lambda: applications.accept(site.ctx, borrower, application)] * 4
    tries += [lambda: applications.withdraw(site.ctx, borrower, application)] * 4
    won, lost = at_once(tries)
    assert len(won) == 1
    assert set(lost) <= {"application_not_offered", "application_not_open"}
    site.run()
    assert site.application(application).row.status in ("funded", "withdrawn")


def test_invoice__issued_at_once__one_receivable(site: Site) -> None:
    seller = site.borrower()
    documents = site.papers(seller)
    order = site.received(seller, documents)
    tries = [lambda: receivables.issue(site.ctx, seller, order, documents["invoice"])] * 8
    made, refused = at_once(tries)
    assert len(made) == 1
    assert refused == {"invoice_already_registered": 7}
    site.run()
    chain = view(site.inst, "Receivables", "receivable", made[0].receivable.id)
    assert chain["face"] == FACE
    assert view(site.inst, "Orders", "order", order)["invoiced"] == FACE


def test_invoices__two_of_one_delivery_at_once__one_is_above_what_was_received(site: Site) -> None:
    seller = site.borrower()
    documents = site.papers(seller)
    first = documents["invoice"]
    other = first.replace(b"<cbc:ID>INV-", b"<cbc:ID>SECOND-INV-", 1)
    assert other != first
    order = site.received(seller, documents)
    tries = [partial(receivables.issue, site.ctx, seller, order, data) for data in (first, other)]
    made, refused = at_once(tries)
    assert len(made) == 1
    assert refused == {"invoice_above_received": 1}
    site.run()
    assert view(site.inst, "Orders", "order", order)["invoiced"] == FACE


def test_order__posted_at_once__one_order(site: Site) -> None:
    """An ERP that retries must not make duplicate orders."""
    seller = site.borrower()
    documents = site.papers(seller)
    core = site.cast["core"]
    made, refused = at_once([lambda: orders.post_order(site.ctx, core, documents["order"], "order.xml")] * 8)
    assert len(made) == 1
    assert refused == {"order_exists": 7}
    site.run()
    assert acts.get(site.ctx, core, made[0][1].id).status == "final"


def test_confirmation__given_twice_at_once__counts_once(site: Site) -> None:
    seller = site.borrower()
    documents = site.papers(seller)
    order = site.received(seller, documents)
    made = receivables.issue(site.ctx, seller, order, documents["invoice"])
    site.run()
    at_once([lambda: site.confirm(made.receivable)] * 4)
    site.run()
    assert site.receivable(made.receivable.id).status == "confirmed"
    assert site.order(order).confirmed == FACE


def test_payment__taken_in_by_two_at_once__booked_once(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, 500_000_00, asset.id)
    ref = site.pays(100_000_00, f"LOAN {loan_id}", step=False)
    at_once([site.inst.incoming.run_once] * 4)
    site.run()
    with site.ctx.store.read() as session:
        parts = session.exec(select(RepaymentRow).where(RepaymentRow.loan_id == loan_id)).all()
        journals = session.exec(select(JournalRow).where(JournalRow.ref == loan_id)).all()
    assert [part.amount for part in parts] == [100_000_00]
    assert [each.payment for each in journals].count(site.incoming(ref).id) == 1


def test_end_of_day__run_by_many_at_once__posts_once(site: Site) -> None:
    borrower = site.borrower()
    loan_id = site.funded(borrower, 500_000_00, site.confirmed(borrower).id)
    site.move_to(site.today + timedelta(days=1))
    day = site.today
    done, failed = at_once([lambda: end_of_day.run(site.ctx, OPERATOR, day)] * 4)
    assert not failed
    assert {each.business_date for each in done} == {day}
    with site.ctx.store.read() as session:
        accruals = session.exec(select(LoanEventRow).where(LoanEventRow.loan_id == loan_id)).all()
    assert [event.kind for event in accruals] == ["disburse", "accrue"]


def test_goods__handed_out_while_they_are_pledged__never_both(site: Site) -> None:
    owner = site.borrower()
    receipt = site.goods(owner, kilograms=10_000)
    application = site.offered(owner, 400_000_00, receipt.id, product="inventory_pledge")
    tries: list[Callable[[], object]] = [lambda: applications.accept(site.ctx, owner, application)]
    tries += [lambda: two_words.order(site.ctx, owner, receipt.id, Decimal(9_000))] * 3
    at_once(tries)
    site.run()
    chain = view(site.inst, "WarehouseReceipts", "receipt", receipt.id)
    assert chain["free"] + chain["pledged"] + chain["released"] == chain["issued"] == 10_000_000
    status = site.application(application).row.status
    assert (status == "funded") == (chain["pledged"] > 0)
    assert (status == "funded") != (chain["released"] > 0)


def test_credit_note__sent_twice__taken_once(site: Site) -> None:
    holder = site.borrower()
    documents = site.papers(holder)
    asset = site.confirmed(holder, documents)
    tries = [lambda: credit_notes.credit(site.ctx, holder, asset.id, documents["credit_note"])] * 4
    made, refused = at_once(tries)
    assert len(made) == 1
    assert sum(refused.values()) == 3
    site.run()
    assert site.receivable(asset.id).diluted == made[0].diluted.minor
