"""The acts that Python makes are the acts that the contracts take: each signed, relayed and decoded for real."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_hash.auto import keccak

from chainfin.documents.goods_trail import START, Step, extended
from chainfin.eth import eip712
from chainfin.eth.abi import contract_abi
from chainfin.eth.bindings import pledges_acts, receivables_acts
from tests.chain.world import World, build, named, over


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build(Path(tmp_path_factory.mktemp("chain")) / "home")


def test_domain__python__is_the_contracts_own(world: World) -> None:
    for name, address in world.deployment.contracts.items():
        view = contract_abi(name).function("domainSeparator")
        found = view.decode_output(world.node.call(address, view.encode([]), world.node.head()))[0]
        own = eip712.Domain(name, world.node.chain_id(), address).as_json()
        assert found == eip712._domain_separator(own["name"], own["version"], own["chainId"], address)


def test_pledge_id__python__is_the_contracts_own_and_another_is_refused(world: World) -> None:
    asset = named("INV-any")
    view = contract_abi("Pledges").function("pledgeIdOf")
    data = view.encode([asset, keccak(b"loan")[:16]])
    found = view.decode_output(world.node.call(world.deployment.contracts["Pledges"], data, world.node.head()))[0]
    assert found == over(asset, "loan")
    pledge = {
        "pledgeId": over(named("INV-other"), "loan"), "assetKind": 1, "assetId": asset, "amount": 1,
        "lender": world.ids["lender"], "loanRef": named("loan"), "decisionHash": named("decision"), "expiresAt": 0,
        "registryNo": named("registry no"),
    }  # fmt: skip
    grant = world.auth("supplier", eip712.type_of(pledges_acts.Grant), pledge)
    assert world.refusal(world.payload("lender", "Pledges", "pledge", pledge, grant)) == "PledgeIdForeign"


def test_order_to_settlement__every_act_by_signature__accepted(world: World) -> None:
    order = world.received_order("PO-whole")
    issued = world.send(world.issue_payload(order, "INV-whole"))
    params = world.invoice(order, "INV-whole")
    assert [event.name for event in issued if event.contract == "Receivables"] == ["Issued"]
    assert next(e for e in issued if e.name == "Issued").args["face"] == 80_000_00
    of = {"id": params["id"]}
    confirm = {**params, "seller": world.ids["supplier"]}
    assert world.act("core", "Receivables", "confirm", confirm)[0].name == "Confirmed"
    pledge_id = over(params["id"], "pledge")
    pledge = {
        "pledgeId": pledge_id, "assetKind": 1, "assetId": params["id"], "amount": 60_000_00,
        "lender": world.ids["lender"], "loanRef": named("loan"), "decisionHash": named("decision"), "expiresAt": 0,
    }  # fmt: skip
    grant = world.auth("supplier", eip712.type_of(pledges_acts.Grant), pledge)
    pledged = world.act("lender", "Pledges", "pledge", {**pledge, "registryNo": named("registry no")}, grant)
    event = next(e for e in pledged if e.name == "Pledged")
    assert (event.args["amount"], event.args["registryNo"]) == (60_000_00, "0x" + named("registry no").hex())
    free = {"amount": 10_000_00, "keep": 50_000_00, "valuation": bytes(32)}
    release = {"pledgeId": pledge_id, "assetId": params["id"], **free}
    assert "Released" in [e.name for e in world.act("lender", "Pledges", "release", release)]
    parts = world.act("supplier", "Receivables", "split", {**of, "amounts": [10_000_00, 5_000_00]})
    assert [e.args["amount"] for e in parts if e.name == "Split"] == [10_000_00, 5_000_00]
    paid = {
        **of,
        "pledgeId": pledge_id,
        "amount": 50_000_00,
        "bankRef": named("ref"),
        "payee": world.ids["lender"],
    }
    names = [e.name for e in world.act("bank", "Receivables", "settle", paid)]
    assert {"Settled", "Discharged"} <= set(names)


def test_warehouse_receipt__issued_by_the_keeper__accepted(world: World) -> None:
    params = {"id": named("WR"), "owner": world.ids["supplier"], "documentRoot": named("wr"), "quantity": 90_000}
    event = world.act("keeper", "WarehouseReceipts", "issue", params)[0]
    assert (event.name, event.args["quantity"], event.args["keeper"]) == ("Issued", 90_000, world.ids["keeper"])


def test_signature__replayed_expired_foreign_or_elsewhere__each_refused_by_name(world: World) -> None:
    node, address = world.node, world.deployment.addresses
    post = {
        "orderId": named("PO-bad"),
        "seller": world.ids["supplier"],
        "documentRoot": named("r"),
        "amount": 5,
        "currency": b"CNY",
    }
    payload = world.payload("core", "Orders", "post", post)
    world.send(payload)
    assert world.refusal(payload) == "ActReplayed"
    act = eip712.act_type("Orders", "post")
    fresh = {**post, "orderId": named("PO-bad-2")}
    bad = {
        "ActExpired": world.auth("core", act, fresh, deadline=int(world.clock().timestamp()) - 1),
        "NotAdmitted": world.auth("stranger", act, fresh),
    }
    elsewhere = eip712.Domain("Orders", node.chain_id() + 1, address["Orders"])
    forged = world.auth("supplier", act, fresh)
    core = world.auth("core", act, fresh)
    invalid = [
        world.auth("core", act, fresh, domain=elsewhere),
        world.auth("core", act, fresh, domain=eip712.Domain("Orders", node.chain_id(), address["Pledges"])),
        world.auth("core", act, {**fresh, "amount": 6}),
        eip712.Auth(core.signer, forged.nonce, forged.deadline, forged.signature),
    ]
    plain = world.payload("core", "Orders", "post", fresh)
    for name, auth in (*bad.items(), *(("ActSignatureInvalid", auth) for auth in invalid)):
        assert world.refusal({**plain, "auths": [auth.as_json()]}) == name
    world.send(plain)


def test_receivable__attested_by_nobody_or_a_second_time__refused(world: World) -> None:
    order = world.received_order("PO-attest")
    params = world.invoice(order, "INV-attest")
    by_seller = world.auth("supplier", eip712.type_of(receivables_acts.Attest), {**params, "trail": world.trail(order)})
    assert world.refusal(world.payload("supplier", "Receivables", "issue", params, by_seller)) == "RoleMissing"
    world.send(world.issue_payload(order, "INV-attest", 1_000_00))
    assert world.refusal(world.issue_payload(order, "INV-attest", 1_000_00)) == "ReceivableExists"


def test_receivable__attested_over_goods_that_moved_on__refused(world: World) -> None:
    order = world.received_order("PO-moved", 10_000_00)
    payload = world.issue_payload(order, "INV-moved", 1_000_00)
    step = {"orderId": order, "documentRoot": named("more"), "amount": 20_000_00}
    world.act("core", "Orders", "amend", step)
    assert world.refusal(payload) == "ActSignatureInvalid"
    world.send(world.issue_payload(order, "INV-moved", 1_000_00))


def test_goods_trail__python__is_the_contracts_own(world: World) -> None:
    order = world.received_order("PO-trail", 500)
    root = named("document PO-trail")
    trail = START
    for step in (Step.POST, Step.DESPATCH, Step.RECEIVE):
        trail = extended(trail, step, root, 500)
    assert world.trail(order) == trail
    changed = {"orderId": order, "documentRoot": named("changed"), "amount": 700}
    world.act("core", "Orders", "amend", changed)
    assert world.trail(order) == extended(trail, Step.AMEND, named("changed"), 700)


def test_recount__into_a_pledge__names_it_and_tells_what_it_lost(world: World) -> None:
    counted = named("WR-count")
    receipt = {"id": counted, "owner": world.ids["supplier"], "documentRoot": named("wr"), "quantity": 100}
    world.act("keeper", "WarehouseReceipts", "issue", receipt)
    pledge = {
        "pledgeId": over(counted, "goods pledge"), "assetKind": 2, "assetId": counted, "amount": 60,
        "lender": world.ids["lender"], "loanRef": named("loan"), "decisionHash": named("decision"), "expiresAt": 0,
    }  # fmt: skip
    grant = world.auth("supplier", eip712.type_of(pledges_acts.Grant), pledge)
    world.act("lender", "Pledges", "pledge", {**pledge, "registryNo": named("registry no")}, grant)
    count = {"id": receipt["id"], "documentRoot": named("count"), "missing": 50}
    without = world.payload("keeper", "WarehouseReceipts", "recount", {**count, "pledgeIds": []})
    assert world.refusal(without) == "PledgesIncomplete"
    events = world.act("keeper", "WarehouseReceipts", "recount", {**count, "pledgeIds": [pledge["pledgeId"]]})
    reply = {event.name: event.args for event in events}
    assert (reply["Recounted"]["fromFree"], reply["Recounted"]["fromPledged"]) == (40, 10)
    assert (reply["Shrunk"]["by"], reply["Shrunk"]["left"]) == (10, 50)
