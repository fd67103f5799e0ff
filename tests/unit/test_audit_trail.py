"""What an act says beyond its event is held against earlier facts: the goods' trail, the order and its seller."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from eth_hash.auto import keccak

from chainfin.audit.bundle import ActPart, ChainPart
from chainfin.audit.facts import Fact, ProvenFacts
from chainfin.audit.report import Findings
from chainfin.audit.signatures import check_acts
from chainfin.documents.goods_trail import START, Step, extended
from chainfin.eth import eip712
from chainfin.eth.bindings import receivables_acts
from chainfin.eth.keys import address_of
from chainfin.resources import CONTRACTS

AT = datetime(2026, 3, 2, tzinfo=UTC)
KEY = keccak(b"a key of nobody")
ADDRESS = "0x" + "11" * 20
ORDER, OTHER, DEBT, ROOT = ("0x" + digit * 64 for digit in "1239")
ISSUED = {
    "id": DEBT, "orderId": ORDER, "debtor": 2, "seller": 3, "documentRoot": ROOT, "face": 5, "dueDay": 20604,
    "registrar": 7,
}  # fmt: skip


def fact(number: int, event: str, block: int, **args: Any) -> Fact:
    return Fact(number, event, args, (block, 0, 0), AT)


def step(number: int, event: str, block: int, amount: int, order: str = ORDER) -> Fact:
    return fact(number, f"Orders.{event}", block, orderId=order, documentRoot=ROOT, amount=amount)


def people(*parties: int) -> list[Fact]:
    """Parties that all have the one key."""
    return [
        fact(party, "Participants.Admitted", 1, party=party, commitment=ROOT, roles=255, key=address_of(KEY))
        for party in parties
    ]


def wrong(kind: eip712.ActType, params: dict[str, Any], about: int, facts: list[Fact]) -> list[str]:
    """What is wrong with this act's signature, by the facts; of the other acts there is none here."""
    contracts = {name: {"address": ADDRESS, "code_hash": ROOT} for name in CONTRACTS}
    chain = ChainPart.model_validate(
        {"chain_id": 1, "contracts": contracts, "headers": [], "receipts": [], "facts": []}
    )
    data = eip712.typed_data(kind, params, 9, int(AT.timestamp()), eip712.Domain("Receivables", 1, ADDRESS))
    part = ActPart(fact=about, typed_data=data, signature="0x" + eip712.sign(data, KEY).hex())
    findings = Findings()
    check_acts([part], chain, ProvenFacts(tuple(facts), {}), [], findings)
    name = f"signature of {kind.name}"
    return [check.what for check in findings.report().failures if check.name == name and "none in" not in check.what]


def attested(trail: bytes, *steps: Fact) -> list[str]:
    """What is wrong with an attestation over ``trail`` of an invoice issued in block 6, by these steps of the goods."""
    params = {**{name: ISSUED[name] for name in ("id", "orderId", "documentRoot", "face", "dueDay")}, "trail": trail}
    return wrong(
        eip712.type_of(receivables_acts.Attest),
        params,
        9,
        [*people(7), *steps, fact(9, "Receivables.Issued", 6, **ISSUED)],
    )


def test_attestation__over_the_goods_as_proven__holds_and_over_another_trail_not() -> None:
    root = bytes.fromhex(ROOT[2:])
    ordered = extended(START, Step.POST, root, 5)
    received = extended(extended(ordered, Step.DESPATCH, root, 4), Step.RECEIVE, root, 4)
    posted, despatched, receipt = step(1, "Posted", 2, 5), step(2, "Despatched", 3, 4), step(3, "GoodsReceived", 4, 4)
    later, elsewhere = step(4, "Amended", 8, 6), step(5, "Despatched", 5, 1, OTHER)
    assert attested(received, posted, despatched, receipt, later, elsewhere) == []
    for bad in (
        attested(ordered, posted, despatched, receipt),  # before the goods moved on
        attested(received, posted, receipt),  # a step is left out of the file
        attested(received, posted, despatched, step(3, "GoodsReceived", 4, 3)),
    ):
        (detail,) = bad
        assert detail.startswith("trail is 0x")


def test_confirmation__of_another_order_seller_face_or_day_than_was_issued__named() -> None:
    params = {"id": DEBT, "orderId": ORDER, "seller": 3, "documentRoot": ROOT, "face": 5, "dueDay": 20604}
    confirmed = {name: ISSUED[name] for name in ("id", "debtor", "documentRoot")}
    again = {**ISSUED, "orderId": OTHER}
    facts = [
        *people(2),
        fact(8, "Receivables.Issued", 4, **again),  # and withdrawn: what counts is how it was issued last
        fact(9, "Receivables.Issued", 6, **ISSUED),
        fact(10, "Receivables.Confirmed", 7, **confirmed),
    ]
    kind = eip712.act_type("Receivables", "confirm")
    assert wrong(kind, params, 10, facts) == []
    (order,) = wrong(kind, {**params, "orderId": OTHER}, 10, facts)
    (seller,) = wrong(kind, {**params, "seller": 4}, 10, facts)
    (face,) = wrong(kind, {**params, "face": 6}, 10, facts)
    (day,) = wrong(kind, {**params, "dueDay": 20605}, 10, facts)
    assert order.startswith("orderId is")
    assert face == "face is 6 in the act and 5 by the proven facts"
    assert day == "dueDay is 20605 in the act and 20604 by the proven facts"
    assert seller == "seller is 4 in the act and 3 by the proven facts"
