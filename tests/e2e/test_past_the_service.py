"""Acts that no service here judged: whatever the contracts let parties do, rows, chain, registry and book agree."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

import pytest

from chainfin.eth import eip712
from chainfin.eth.bindings.pledges_acts import Exchange, Substitute
from chainfin.risk.valuation import NO_VALUATION
from chainfin.services.books import loan_book
from chainfin.services.kernel import acts, custody
from chainfin.services.kernel.context import Actor
from chainfin.services.pledges import register
from chainfin.services.trade import disputes, receivables
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow
from tests.e2e.ending import act, mismatches, pledges_on, receipt, receipts_out_of, releases, sent
from tests.e2e.onchain import view
from tests.e2e.site import FACE, Site

LENT = 500_000_00


@pytest.fixture
def on_goods(site: Site) -> tuple[Actor, str, PledgeRow]:
    """A borrower, its loan on goods, and the pledge."""
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge")
    (pledge,) = pledges_on(site, goods.id)
    return borrower, loan_id, pledge


def day(on: date) -> int:
    return receivables.day_number(on)


def test_bought_back__by_who_undertook_it__goods_under_a_receipt_of_its_own(
    site: Site, on_goods: tuple[Actor, str, PledgeRow]
) -> None:
    _, loan_id, pledge = on_goods
    core = site.cast["core"]
    root = "0x" + secrets.token_hex(32)
    until = day(site.today + timedelta(days=30))
    sent(site, core, "Pledges", "undertake", pledgeId=pledge.id, assetId=pledge.asset_id, amount=3000, untilDay=until,
         documentRoot=root)  # fmt: skip
    assert mismatches(site) == []
    buyer = site.party(core.party_id).chain_party
    for amount in (1000, 2000):
        reference = "0x" + secrets.token_hex(32)
        sent(
            site, site.cast["bank"], "Pledges", "buyBack",
            pledgeId=pledge.id, assetId=pledge.asset_id, buyer=buyer, amount=amount, bankRef=reference,
            valuation=NO_VALUATION,
        )  # fmt: skip
    taken = receipts_out_of(site, pledge.asset_id)
    assert sorted(row.issued for row in taken) == [1000, 2000]
    assert {(row.owner_id, row.status) for row in taken} == {(core.party_id, "issued")}
    (after,) = pledges_on(site, pledge.asset_id)
    assert (after.status, after.settled, after.left) == ("active", 3000, pledge.left - 3000)
    left = receipt(site, pledge.asset_id)
    assert (left.liquidated, left.pledged) == (3000, after.left)
    assert site.loan(loan_id).row.status == "active"
    assert mismatches(site) == []


def substituted(
    site: Site, borrower: Actor, loan_id: str, sold: PledgeRow, asset_id: str, quantity: int, decision: str = ""
) -> ActRow:
    """Goods sold: the lender takes the receivable of the sale in their place; the borrower has granted it.

    ``decision``: hash of another one than the loan was decided by.
    """
    ctx = site.ctx
    with ctx.store.begin() as session:
        lender = session.get_one(PartyRow, site.cast["lender"].party_id)
        grantor = session.get_one(PartyRow, borrower.party_id)
        params: dict[str, Any] = {
            "pledgeId": eip712.pledge_id(asset_id, secrets.token_hex(16)),
            "amount": 300_000_00,
            "lender": lender.chain_party,
            "loanRef": loan_book.loan_ref(loan_id),
            "decisionHash": decision or sold.decision_hash,
            "expiresAt": 0,
        }
        more = {"soldPledgeId": sold.id, "goodsId": sold.asset_id, "quantity": quantity, "receivableId": asset_id}
        nonce, deadline = acts.next_nonce(session, grantor.address, "Pledges"), int(ctx.clock.now().timestamp()) + 3600
        exchange = Exchange.from_params({**params, **more})
        given = eip712.signable(exchange, nonce, deadline, acts.domain(ctx, "Pledges"))
        key = custody.signer_of(session, ctx, grantor.address)
        assert key is not None
        made = acts.prepare(
            session,
            ctx,
            party=lender,
            act=Substitute.from_params({**params, **more, "registryNo": register.registry_hex("ELSEWHERE-2")}),
            subject="past the service",
            auths=[eip712.authorise(given, key)],
        )
    site.run()
    return act(site, made.id)


def test_substituted__goods_by_the_receivable_of_their_sale__secures_the_same_loan(
    site: Site, on_goods: tuple[Actor, str, PledgeRow]
) -> None:
    borrower, loan_id, sold = on_goods
    asset = site.confirmed(borrower)
    assert substituted(site, borrower, loan_id, sold, asset.id, 1000).status == "final"
    (new,) = pledges_on(site, asset.id)
    assert (new.loan_id, new.status, new.left, new.drawn) == (loan_id, "active", 300_000_00, True)
    (old,) = pledges_on(site, sold.asset_id)
    assert (old.left, receipt(site, sold.asset_id).pledged) == (sold.left - 1000, sold.left - 1000)
    assert mismatches(site) == []
    before = site.loan(loan_id).loan.dues.total.minor
    site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).loan.dues.total.minor == before - 300_000_00
    assert site.receivable(asset.id).status == "settled"
    assert mismatches(site) == []


def test_payment__on_two_pledges_of_one_loan__serves_it_once(
    site: Site, on_goods: tuple[Actor, str, PledgeRow]
) -> None:
    borrower, loan_id, sold = on_goods
    asset = site.confirmed(borrower)
    for _ in range(2):
        assert substituted(site, borrower, loan_id, sold, asset.id, 1000).status == "final"
    settles = site.settles(loan_id)
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.incoming(ref).unapplied == 0
    assert site.loan(loan_id).row.status == "repaid"
    paid = sum(int(str(row.payload["amount"]).replace(".", "")) for row in site.payouts(ref))
    assert paid == FACE - settles
    (old,) = pledges_on(site, sold.asset_id)
    assert old.status == "released"
    assert mismatches(site) == []


def test_credited__whole_while_disputed__settled_here_as_there(site: Site) -> None:
    holder = site.borrower()
    asset = site.confirmed(holder)
    disputes.dispute(site.ctx, site.cast["core"], asset.id, "never came")
    site.run()
    root = "0x" + secrets.token_hex(32)
    sent(site, holder, "Receivables", "credit", id=asset.id, documentRoot=root, amount=FACE)
    assert site.receivable(asset.id).status == "settled"
    assert view(site.inst, "Receivables", "receivable", asset.id)["state"] == 4
    assert mismatches(site) == []


def test_released__by_the_lender_itself__struck_out_and_the_loan_owes_on(
    site: Site, on_goods: tuple[Actor, str, PledgeRow]
) -> None:
    _, loan_id, pledge = on_goods
    lender = site.cast["lender"]
    releases(site, lender, pledge, pledge.left)
    assert [row.status for row in pledges_on(site, pledge.asset_id)] == ["released"]
    assert [row.status for row in site.struck_out(pledge.id)] == ["done"]
    assert site.loan(loan_id).row.status == "active"
    assert mismatches(site) == []


def test_recounted__goods_under_a_pledge_made_elsewhere__its_loss_is_known(
    site: Site, on_goods: tuple[Actor, str, PledgeRow]
) -> None:
    _, _, pledge = on_goods
    goods = receipt(site, pledge.asset_id)
    free = goods.issued - goods.pledged
    root = "0x" + secrets.token_hex(32)
    sent(
        site, site.cast["keeper"], "WarehouseReceipts", "recount",
        id=goods.id, documentRoot=root, missing=free + 5, pledgeIds=[pledge.id],
    )  # fmt: skip
    (after,) = pledges_on(site, goods.id)
    assert (after.lost, after.left) == (5, pledge.left - 5)
    assert mismatches(site) == []
