"""Who buys because somebody is late waits for the bank's closing statement: a payment in time may still be told of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from chainfin.services.books import bank_statement
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.pledges import undertakings
from chainfin.services.reads import queries
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.values.calendar import OFFICIAL, Adjustment
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.ending import mismatches, parts, pledges_on, receipts_out_of
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY
from tests.e2e.test_value_dates import backdate

LENT = 500_000_00
PRICE = 70_00
"""Of a kilogram of copper, in fen."""


@dataclass(frozen=True)
class Bought:
    """A loan whose pledge is bought on the day after the due day, and who pays for it then."""

    loan_id: str
    pledge: PledgeRow
    payer: str
    due: date
    """The last day on which a payment was in time."""
    in_time: tuple[int, str]
    """What would have been in time, and its remittance text: a debtor's payment, or the borrower's."""


def due_yesterday(site: Site, kind: str, *, agreed: bool = False) -> Bought:
    borrower = site.borrower()
    goods = kind == "goods"
    buyer = site.cast["core"] if goods else site.admit(Role.SUPPLIER)
    asset = site.goods(borrower).id if goods else site.confirmed(borrower).id
    loan_id = site.funded(borrower, LENT, asset, product="inventory_pledge" if goods else "receivable_pledge")
    (pledge,) = pledges_on(site, asset)
    named = site.loan(loan_id).row.maturity if goods else site.receivable(asset).due_date
    amount = str(pledge.left // 1000) if goods else str(Money(pledge.left, CNY))
    undertakings.undertake(site.ctx, buyer, pledge.id, amount, named + timedelta(days=60), "we buy what isn't paid")
    site.run()
    if agreed:
        undertakings.agree(site.ctx, borrower, pledge.id, str(buyer.party_id))
    due = OFFICIAL.adjust(named, Adjustment.FOLLOWING)
    owed = queries.payoff(site.ctx, OPERATOR, loan_id, due).total.minor
    in_time = (owed, f"LOAN {loan_id}") if goods else (FACE, f"RECEIVABLE {asset}")
    site.move_to(due + timedelta(days=1))
    if goods:
        site.price(PRICE)
    return Bought(loan_id, pledge, site.party(buyer.party_id).account, due, in_time)


@contextmanager
def statement_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The bank tells of payments, but doesn't say that it told of all of them."""
    with monkeypatch.context() as patch:
        patch.setattr(bank_statement, "note", lambda *_: None)
        yield


def buys(site: Site, bought: Bought) -> str:
    return site.pays(100_000_00, f"BUYBACK {bought.pledge.id}", payer=bought.payer)


@pytest.mark.parametrize("kind", ["goods", "receivable"])
def test_bought__payment_in_time_told_after_it__loan_repaid_and_the_buyers_money_back(
    site: Site, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = due_yesterday(site, kind)
    with statement_open(monkeypatch):
        ref = buys(site, bought)
        assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "bank_statement_missing")
        in_time = site.pays(*bought.in_time, step=False)
        backdate(site, in_time, bought.due)
        site.run()
        assert site.incoming(in_time).status in ("applied", "refunded")
        assert site.loan(bought.loan_id).row.status == "repaid"
    site.run()
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("refunded", 100_000_00)
    (after,) = pledges_on(site, bought.pledge.asset_id)
    assert (after.status, after.left) == ("released", 0)
    assert (receipts_out_of(site, after.asset_id), parts(site, after.asset_id)) == ([], []), "nothing is the buyer's"
    assert mismatches(site) == []


@pytest.mark.parametrize("kind", ["goods", "receivable"])
def test_bought__nothing_was_paid_in_time__goes_on_once_the_statement_is_in(
    site: Site, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = due_yesterday(site, kind)
    before = bought.pledge.settled
    with statement_open(monkeypatch):
        ref = buys(site, bought)
        assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "bank_statement_missing")
    site.run()
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("applied", 0)
    (after,) = pledges_on(site, bought.pledge.asset_id)
    assert after.settled > before
    assert mismatches(site) == []


def test_bought__goods_that_their_pledgor_agreed_to_sell__waits_for_no_statement(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = due_yesterday(site, "goods", agreed=True)
    with statement_open(monkeypatch):
        ref = buys(site, bought)
        assert site.incoming(ref).status == "applied"
    assert mismatches(site) == []
