"""The rule that is proved is the rule that runs: an event of the chain to which a rule says no is not taken in."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from chainfin.eth.bindings.registry import EVENTS as KINDS
from chainfin.rules import inventory, pledge, receivable, undertaking
from chainfin.services.reactions import chain_events
from chainfin.services.reactions.event_reading import ChainDisagrees
from chainfin.storage.chain_tables import ChainEvent
from tests.e2e.rules_stage import NO, Stage, no, set_up
from tests.e2e.site import FACE, START, Site


@pytest.fixture(scope="module")
def stage(shared_site: Site) -> Stage:
    return set_up(shared_site)


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
