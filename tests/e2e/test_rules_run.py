"""The rule that is proved is the rule that runs: where a rule says no, no service prepares the act, and no event of the
chain is taken in. Each case takes one rule and lets it refuse; a service that no longer asks it goes on, and is found.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from types import ModuleType

import pytest
from sqlmodel import select

from chainfin.errors import Refused
from chainfin.rules import inventory, pledge, receivable, undertaking
from chainfin.services.goods import receipts, two_words
from chainfin.services.lending import applications, credit_notes, decision_inputs
from chainfin.services.payments import allocation, buy_back
from chainfin.services.pledges import enforcement, release, substitution, undertakings
from chainfin.services.trade import disputes, receivables, splits_and_transfers
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values.money import Money
from tests import cast
from tests.e2e.ending import mismatches
from tests.e2e.rules_stage import NO, Stage, no, set_up
from tests.e2e.site import Site
from tests.e2e.site_money import CNY


@pytest.fixture(scope="module")
def stage(shared_site: Site) -> Stage:
    return set_up(shared_site)


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


def test_stage__after_all_refusals__untouched(stage: Stage) -> None:
    stage.site.run()
    assert mismatches(stage.site) == []
    with stage.site.ctx.store.read() as session:
        promise = session.exec(select(UndertakingRow).where(UndertakingRow.pledge_id == stage.on_goods.id)).one()
        assert promise.left == promise.amount == stage.on_goods.amount
        assert session.exec(select(ChainEventRow.block_number).where(ChainEventRow.block_hash == "0x09")).all() == []
