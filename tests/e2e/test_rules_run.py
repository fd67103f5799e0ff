"""The rule that is proved is the rule that runs: where a rule says no, no service prepares the act, and no event of the
chain is taken in. Each case takes one rule and lets it refuse; a service that no longer asks it goes on, and is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import ModuleType

import pytest
from sqlmodel import select

from chainfin.errors import Refusal, Refused
from chainfin.eth.bindings.registry import EVENTS as KINDS
from chainfin.rules import inventory, pledge, receivable, undertaking
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications, credit_notes, decision_inputs
from chainfin.services.payments import allocation, buy_back
from chainfin.services.payments.allocation import Payment
from chainfin.services.pledges import enforcement, release, substitution, undertakings
from chainfin.services.reactions import chain_events
from chainfin.services.reactions.event_reading import ChainDisagrees
from chainfin.services.trade import disputes, receivables, splits_and_transfers
from chainfin.services.views.goods import WarehouseReceiptView
from chainfin.storage.chain_tables import ChainEvent, ChainEventRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, ReceivableRow, UndertakingRow
from chainfin.values.money import Money
from tests import cast
from tests.e2e.ending import mismatches, pledges_on
from tests.e2e.site import FACE, START, Site
from tests.e2e.site_money import CNY

LENT = 500_000_00
NO = "ruled_out"


@dataclass
class Stage:
    """A supplier with all that acts can be on."""

    site: Site
    seller: Actor
    papers: dict[str, bytes]
    """Of goods that were received and not invoiced yet, under `order_id`."""
    order_id: str
    unconfirmed: ReceivableRow
    claim: ReceivableRow
    """Confirmed, nothing pledged."""
    claim_papers: dict[str, bytes]
    offer: str
    """An application on the claim, with an offer to take."""
    goods_offer: str
    on_claim: PledgeRow
    """The pledge of a loan on another claim."""
    goods: WarehouseReceiptView
    on_goods: PledgeRow
    """The pledge of a loan on them; the core enterprise undertook to buy them."""

    def actor(self, name: str) -> Actor:
        return self.seller if name == "seller" else self.site.cast[name]

    def paid(self, amount: int, payer: str = "6228-payer") -> Payment:
        row = IncomingRow(
            id="in_1", bank_ref="ref", book_ref="in_1", sequence=1, payer_account=payer, currency=CNY, amount=amount,
            remittance="", received_on=self.site.today, status="waiting", created_at=self.site.ctx.clock.now(),
        )  # fmt: skip
        return Payment.of(row)


@pytest.fixture(scope="module")
def stage(shared_site: Site) -> Stage:
    site = shared_site
    seller = site.borrower()
    papers, claim_papers = site.papers(seller), site.papers(seller)
    order_id = site.received(seller, papers)
    waiting = site.papers(seller)
    unconfirmed = receivables.issue(site.ctx, seller, site.received(seller, waiting), waiting["invoice"]).receivable
    site.run()
    claim, pledged = site.confirmed(seller, claim_papers), site.confirmed(seller)
    goods = site.goods(seller)
    site.funded(seller, LENT, pledged.id)
    site.funded(seller, LENT, goods.id, product="inventory_pledge", days=90)
    (on_claim,), (on_goods,) = pledges_on(site, pledged.id), pledges_on(site, goods.id)
    site.undertake(on_goods, agreed=seller)
    offer = site.offered(seller, 100_000_00, claim.id)
    goods_offer = site.offered(seller, 100_000_00, goods.id, product="inventory_pledge")
    return Stage(
        site, seller, papers, order_id, site.receivable(unconfirmed.id), claim, claim_papers, offer, goods_offer,
        on_claim, goods, on_goods,
    )  # fmt: skip


def no(*args: object, **named: object) -> Refusal:
    return Refusal(NO, "the rule says no")


def _apply(on: Stage, asset: str, product: str) -> object:
    return on.site.apply(on.seller, 100_000_00, asset, product=product)


def _attested(on: Stage, asset: str) -> object:
    with on.site.ctx.store.begin() as session:
        return allocation.for_receivable(session, on.site.ctx, on.paid(100_00), asset)


def _offer(on: Stage) -> object:
    return substitution.offer(
        on.site.ctx,
        on.actor("lender"),
        sold_id=on.on_goods.id,
        quantity=Decimal(1),
        receivable_id=on.claim.id,
        amount=Money(100, CNY),
    )


def _issue_goods(on: Stage) -> object:
    return receipts.issue(
        on.site.ctx,
        on.actor("keeper"),
        number="WR-NEW",
        lot=cast.lot("WR-NEW"),
        owner_id=str(on.seller.party_id),
        goods={"commodity": "copper-cathode", "commodity_class": "standard"},
        unit="KGM",
        quantity=Decimal(1),
    )


def _undertake(on: Stage, pledge_id: str, who: str, until: date) -> object:
    return undertakings.undertake(on.site.ctx, on.actor(who), pledge_id, "1", until, "as agreed")


FAR = date(2027, 12, 31)
SERVICES: list[tuple[ModuleType, str, Callable[[Stage], object]]] = [
    (receivable, "issue", lambda on: receivables.issue(on.site.ctx, on.seller, on.order_id, on.papers["invoice"])),
    (receivable, "confirm", lambda on: on.site.confirm(on.unconfirmed)),
    (receivable, "cancel", lambda on: receivables.cancel(on.site.ctx, on.seller, on.unconfirmed.id)),
    (receivable, "dispute", lambda on: disputes.dispute(on.site.ctx, on.actor("core"), on.claim.id, "why")),
    (
        receivable,
        "resolve_dispute",
        lambda on: disputes.resolve_dispute(on.site.ctx, on.actor("core"), on.claim.id),
    ),
    (receivable, "default", lambda on: receivables.declare_default(on.site.ctx, on.seller, on.claim.id)),
    (
        receivable,
        "split",
        lambda on: splits_and_transfers.split(on.site.ctx, on.seller, on.claim.id, [Money(1, CNY), Money(2, CNY)]),
    ),
    (
        receivable,
        "transfer",
        lambda on: splits_and_transfers.transfer(on.site.ctx, on.seller, on.claim.id, str(on.actor("lender").party_id)),
    ),
    (
        receivable,
        "may_credit",
        lambda on: credit_notes.credit(on.site.ctx, on.seller, on.claim.id, on.claim_papers["credit_note"]),
    ),
    (
        receivable,
        "credit",
        lambda on: credit_notes.credit(on.site.ctx, on.seller, on.claim.id, on.claim_papers["credit_note"]),
    ),
    (receivable, "pledge", lambda on: applications.accept(on.site.ctx, on.seller, on.offer)),
    (receivable, "may_lend", lambda on: _apply(on, on.claim.id, "receivable_pledge")),
    (receivable, "release", lambda on: release.release_by_lender(on.site.ctx, on.actor("lender"), on.on_claim.id)),
    (receivable, "settle", lambda on: _attested(on, on.on_claim.asset_id)),
    (receivable, "settle", lambda on: _attested(on, on.claim.id)),
    (receivable, "enforce", lambda on: enforcement.enforce(on.site.ctx, on.actor("lender"), on.on_claim.id)),
    (receivable, "may_buy_back", lambda on: _undertake(on, on.on_claim.id, "bank", FAR)),
    (inventory, "issue", _issue_goods),
    (
        inventory,
        "transfer",
        lambda on: receipts.transfer(on.site.ctx, on.seller, on.goods.id, str(on.actor("lender").party_id)),
    ),
    (inventory, "release", lambda on: two_words.order(on.site.ctx, on.seller, on.goods.id, Decimal(1))),
    (inventory, "correct", lambda on: two_words.find(on.site.ctx, on.actor("keeper"), on.goods.id, Decimal(1), "x")),
    (inventory, "recount", lambda on: receipts.recount(on.site.ctx, on.actor("keeper"), on.goods.id, Decimal(1), "x")),
    (inventory, "pledge", lambda on: applications.accept(on.site.ctx, on.seller, on.goods_offer)),
    (inventory, "may_lend", lambda on: _apply(on, on.goods.id, "inventory_pledge")),
    (inventory, "unpledge", lambda on: release.release_by_lender(on.site.ctx, on.actor("lender"), on.on_goods.id)),
    (inventory, "unpledge", _offer),
    (inventory, "liquidate", lambda on: enforcement.enforce(on.site.ctx, on.actor("lender"), on.on_goods.id)),
    (pledge, "ask_release", lambda on: release.release_by_lender(on.site.ctx, on.actor("lender"), on.on_claim.id)),
    (pledge, "enforce", lambda on: enforcement.enforce(on.site.ctx, on.actor("lender"), on.on_claim.id)),
    (pledge, "expire", lambda on: enforcement.expire(on.site.ctx, on.seller, on.on_claim.id)),
    (pledge, "settle", lambda on: _attested(on, on.on_claim.asset_id)),
    (pledge, "may_undertake", lambda on: _undertake(on, on.on_goods.id, "core", FAR)),
    (pledge, "may_replace", _offer),
    (undertaking, "undertake", lambda on: _undertake(on, on.on_goods.id, "core", FAR)),
]


@pytest.mark.parametrize(("module", "rule", "service"), SERVICES, ids=[f"{m.__name__}.{r}" for m, r, _ in SERVICES])
def test_service__the_rule_says_no__nothing_is_prepared(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, module: ModuleType, rule: str, service: Callable[[Stage], object]
) -> None:
    before = _acts(stage)
    monkeypatch.setattr(module, rule, no)
    with pytest.raises(Refused) as refused:
        service(stage)
    assert refused.value.code == NO
    assert _acts(stage) == before


def _acts(on: Stage) -> int:
    with on.site.ctx.store.read() as session:
        return len(session.exec(select(ActRow.id)).all())


@pytest.mark.parametrize(
    ("module", "rule", "reason"),
    [
        (inventory, "buy_back", NO),
        (undertaking, "may_buy_goods", NO),
        (undertaking, "call", "buy_back_not_undertaken"),
        (pledge, "buy_back", "buy_back_not_undertaken"),
    ],
)
def test_buy_back__the_rule_says_no__all_of_the_payment_is_left_over(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, module: ModuleType, rule: str, reason: str
) -> None:
    payer = stage.site.party(stage.actor("core").party_id).account
    monkeypatch.setattr(module, rule, no)
    with stage.site.ctx.store.begin() as session:
        payment = stage.paid(700_00, str(payer))
        refusal = buy_back.attest(session, stage.site.ctx, payment, stage.on_goods.id)
        session.rollback()
    assert refusal is not None
    assert refusal.code == reason


def test_decision__on_a_claim__asks_the_rule_for_its_facts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def disputed(value: receivable.Receivable, today: date) -> receivable.Eligibility:
        raise Refused(NO, "the rule says no")

    monkeypatch.setattr(decision_inputs, "eligibility", disputed)
    application = stage.site.application(str(_apply(stage, stage.claim.id, "receivable_pledge"))).row
    assert (application.status, NO in str(application.refusals)) == ("declined", True), application.refusals


def test_draw__the_rule_says_no__not_asked_of_the_chain(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    site = stage.site
    application = site.offered(stage.seller, 50_000_00, site.confirmed(stage.seller).id)
    monkeypatch.setattr(pledge, "draw", no)
    applications.accept(site.ctx, stage.seller, application)
    for _ in range(20):
        site.inst.chain.run_until_idle()
        site.inst.worker.run_once()
    with site.ctx.store.read() as session:
        loan = site.application(application).row.loan_id
        (held,) = session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan)).all()
        drawn = session.exec(select(ActRow).where(ActRow.subject == held.id, ActRow.function == "draw")).all()
    assert (held.status, list(drawn)) == ("active", [])


# The chain's word


def event(contract: str, name: str, **args: object) -> ChainEvent:
    """An event of the chain; what it tells besides ``args`` is nothing: zeros."""
    nothing = {
        member.name: "0x00" if member.kind.startswith(("bytes", "address")) else 0
        for member in KINDS[contract, name].members()
    }
    told = {**nothing, **args}
    return ChainEvent(contract, name, told, 9, "0x09", log_index=0, tx_hash="0x00", block_time=START)


def _claim_event(name: str, **args: object) -> Callable[[Stage], ChainEvent]:
    return lambda on: event("Receivables", name, id=on.claim.id, **args)


def _goods_event(name: str, **args: object) -> Callable[[Stage], ChainEvent]:
    return lambda on: event("WarehouseReceipts", name, id=on.goods.id, **args)


def _pledge_event(name: str, **args: object) -> Callable[[Stage], ChainEvent]:
    def made(on: Stage) -> ChainEvent:
        over: dict[str, object] = {"pledgeId": on.on_claim.id, "assetId": on.on_claim.asset_id}
        full: dict[str, object] = {"amount": on.on_claim.left} if args.get("amount") == "all" else {}
        return event("Pledges", name, **{**over, **args, **full})

    return made


NEW = {"pledgeId": "0x" + "ab" * 32, "loanRef": "0x00", "decisionHash": "0x00", "lender": 999, "pledgor": 998}
NONE = "0x" + "00" * 32
EVENTS: list[tuple[ModuleType, str, Callable[[Stage], ChainEvent]]] = [
    (receivable, "confirm", lambda on: event("Receivables", "Confirmed", id=on.unconfirmed.id)),
    (receivable, "cancel", lambda on: event("Receivables", "Cancelled", id=on.unconfirmed.id)),
    (receivable, "dispute", _claim_event("Disputed")),
    (receivable, "resolve_dispute", _claim_event("DisputeResolved", state=2)),
    (receivable, "credit", _claim_event("Credited", amount=1)),
    (receivable, "split", _claim_event("Split", childId="0xc1", amount=1)),
    (receivable, "transfer", _claim_event("Transferred", to=999)),
    (receivable, "settle", _claim_event("Settled", pledgeId=NONE, amount=1, paidUp=False)),
    (receivable, "default", _claim_event("Defaulted")),
    (
        receivable,
        "pledge",
        lambda on: event("Pledges", "Pledged", assetId=on.claim.id, amount=1, expiresAt=0, **NEW),
    ),
    (receivable, "release", _pledge_event("Released", amount=1, remaining=1)),
    (receivable, "release", _pledge_event("Expired", amount="all")),
    (receivable, "enforce", _pledge_event("Enforced", amount="all", childId="0xc2")),
    (receivable, "buy_back", _pledge_event("BoughtBack", amount=1, childId="0xc3", buyer=999, remaining=1)),
    (pledge, "release", _pledge_event("Released", amount=1, remaining=1)),
    (pledge, "pay_off", _pledge_event("PaidOff", amount="all")),
    (pledge, "expire", _pledge_event("Expired", amount="all")),
    (pledge, "enforce", _pledge_event("Enforced", amount="all", childId="0xc2")),
    (pledge, "buy_back", _pledge_event("BoughtBack", amount=1, childId="0xc3", buyer=999, remaining=1)),
    (pledge, "lose", _pledge_event("Shrunk", by=1, left=1)),
    (pledge, "draw", _pledge_event("Drawn")),
    (
        pledge,
        "settle",
        lambda on: event(
            "Receivables", "Settled", id=on.on_claim.asset_id, pledgeId=on.on_claim.id, amount=1, paidUp=False
        ),
    ),
    (
        undertaking,
        "call",
        lambda on: event(
            "Pledges",
            "BoughtBack",
            pledgeId=on.on_goods.id,
            assetId=on.goods.id,
            amount=1,
            childId="0xc4",
            remaining=1,
            buyer=on.site.party(on.actor("core").party_id).chain_party,
        ),
    ),
    (inventory, "transfer", _goods_event("Transferred", to=999)),
    (inventory, "release", _goods_event("GoodsReleased", quantity=1)),
    (inventory, "recount", _goods_event("Recounted", fromFree=1, fromPledged=0)),
    (inventory, "correct", _goods_event("Corrected", found=1)),
    (
        inventory,
        "unpledge",
        lambda on: event("Pledges", "Released", pledgeId=on.on_goods.id, assetId=on.goods.id, amount=1, remaining=1),
    ),
    (
        inventory,
        "liquidate",
        lambda on: event("Pledges", "Enforced", pledgeId=on.on_goods.id, assetId=on.goods.id, amount=1, childId="0xc5"),
    ),
]


@pytest.mark.parametrize(("module", "rule", "made"), EVENTS, ids=[f"{m.__name__}.{r}" for m, r, _ in EVENTS])
def test_event__the_rule_says_no_even_so__halts_by_name(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, module: ModuleType, rule: str, made: Callable[[Stage], ChainEvent]
) -> None:
    happened = made(stage)
    monkeypatch.setattr(module, rule, no)
    with pytest.raises(ChainDisagrees) as halted, stage.site.ctx.store.begin() as session:
        chain_events.apply(session, stage.site.ctx, happened)
    assert halted.value.code == "chain_disagrees"
    assert f"{happened.contract}.{happened.name} in block 9" in str(halted.value)
    assert NO in str(halted.value)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (_claim_event("Credited", amount=FACE + 1), "exceeds_free"),
        (_claim_event("Settled", pledgeId=NONE, amount=1, paidUp=True), "tells True, and the rule False"),
        (_claim_event("DisputeResolved", state=2), "receivable_state_wrong"),
        (_claim_event("Cancelled"), "receivable_state_wrong"),
        (_pledge_event("Released", amount=1, remaining=7), "tells 7"),
        (_pledge_event("Enforced", amount=1, childId="0xc6"), "tells 1"),
        (_pledge_event("Discharged"), "tells released, and the rule active"),
        (_goods_event("GoodsReleased", quantity=10**9), "exceeds_free"),
        (_goods_event("Recounted", fromFree=10**9, fromPledged=0), "exceeds_held"),
        (_goods_event("Recounted", fromFree=0, fromPledged=1), "tells 0, and the rule 1"),
    ],
)
def test_event__that_cannot_follow_from_the_rows__halts_by_name(
    stage: Stage, made: Callable[[Stage], ChainEvent], why: str
) -> None:
    with pytest.raises(ChainDisagrees) as halted, stage.site.ctx.store.begin() as session:
        chain_events.apply(session, stage.site.ctx, made(stage))
    assert why in str(halted.value)


def test_stage__after_all_refusals__untouched(stage: Stage) -> None:
    stage.site.run()
    assert mismatches(stage.site) == []
    with stage.site.ctx.store.read() as session:
        promise = session.exec(select(UndertakingRow).where(UndertakingRow.pledge_id == stage.on_goods.id)).one()
        assert promise.left == promise.amount == stage.on_goods.amount
        assert session.exec(select(ChainEventRow.block_number).where(ChainEventRow.block_hash == "0x09")).all() == []
