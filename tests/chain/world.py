"""The five contracts on an embedded chain with admitted (invented) parties, and acts sent to them for real."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak

from chainfin.chain.decode import Decoder, describe_revert
from chainfin.chain.deploy import Deployment, deploy
from chainfin.chain.embedded import EmbeddedNode
from chainfin.chain.node import Reverted
from chainfin.eth import eip712
from chainfin.eth.abi import contract_abi
from chainfin.eth.bindings import participants_acts, receivables_acts
from chainfin.eth.keys import address_of
from chainfin.storage.chain_tables import ChainEvent
from chainfin.values.party import Role
from tests.chain.tools import KEY, SENDER, Clock, open_embedded, signed

PARTIES = {
    "core": Role.CORE,
    "supplier": Role.SUPPLIER,
    "lender": Role.LENDER,
    "keeper": Role.KEEPER,
    "bank": Role.BANK,
    "registrar": Role.REGISTRAR,
}


def over(asset: bytes, text: str) -> bytes:
    """The id of a pledge over an asset."""
    return bytes.fromhex(eip712.pledge_id("0x" + asset.hex(), text)[2:])


def named(text: str) -> bytes:
    return keccak(text.encode())


@dataclass
class World:
    node: EmbeddedNode
    clock: Clock
    deployment: Deployment
    ids: dict[str, int] = field(default_factory=dict)
    nonces: int = 0

    def key(self, who: str) -> bytes:
        return KEY if who == "operator" else named(f"key of {who}")

    def auth(self, who: str, act: eip712.ActType, params: dict[str, Any], **other: Any) -> eip712.Auth:
        self.nonces += 1
        until = int((self.clock() + timedelta(days=1)).timestamp())
        address = self.deployment.addresses[act.contract]
        domain = other.get("domain", eip712.Domain(act.contract, self.node.chain_id(), address))
        typed = eip712.typed_data(act, params, other.get("nonce", self.nonces), other.get("deadline", until), domain)
        return eip712.authorise(typed, self.key(who))

    def payload(
        self, who: str, contract: str, function: str, params: dict[str, Any], *first: eip712.Auth
    ) -> dict[str, Any]:
        """What an outbox row holds."""
        own = self.auth(who, eip712.act_type(contract, function), params)
        return {
            "contract": contract,
            "function": f"{function}BySig",
            "params": {k: "0x" + v.hex() if isinstance(v, bytes) else v for k, v in params.items()},
            "auths": [auth.as_json() for auth in (*first, own)],
        }

    def send(self, payload: dict[str, Any]) -> list[ChainEvent]:
        """Relay it; the events, or Reverted."""
        auths = [eip712.Auth.from_json(raw) for raw in payload["auths"]]
        data = eip712.call_data(payload["contract"], payload["function"], payload["params"], auths)
        to = self.deployment.addresses[payload["contract"]]
        head = self.node.head()
        self.node.call(to, data, head, SENDER)
        receipt = self.node.receipt(
            self.node.send_raw(signed(self.node, self.node.nonce_of(SENDER, head), to, data, gas=2_000_000))
        )
        assert receipt is not None
        assert receipt.succeeded
        decoder = Decoder(self.deployment.contracts)
        block = self.node.block_by_hash(receipt.block_hash)
        assert block is not None
        return [decoder.event(log, block) for log in receipt.logs]

    def act(
        self, who: str, contract: str, function: str, params: dict[str, Any], *first: eip712.Auth
    ) -> list[ChainEvent]:
        return self.send(self.payload(who, contract, function, params, *first))

    def refusal(self, payload: dict[str, Any]) -> str:
        """The custom error's name."""
        try:
            self.send(payload)
        except Reverted as revert:
            return describe_revert(payload["contract"], revert.data)[0]
        raise AssertionError("the contract took it")

    def admit(self, who: str, roles: int) -> None:
        params = {"commitment": named(f"commitment of {who}"), "roles": roles, "key": address_of(self.key(who))}
        consent = self.auth(who, eip712.type_of(participants_acts.Join), params)
        event = self.act("operator", "Participants", "admit", params, consent)[0]
        self.ids[who] = int(str(event.args["party"]))

    def received_order(self, name: str = "PO-1", amount: int = 100_000_00) -> bytes:
        """An order that was posted, acknowledged, despatched and received in full."""
        order, root = named(name), named(f"document {name}")
        of = {"orderId": order, "documentRoot": root}
        posted = {**of, "seller": self.ids["supplier"], "amount": amount, "currency": b"CNY"}
        self.act("core", "Orders", "post", posted)
        self.act("supplier", "Orders", "acknowledge", {**of, "trail": self.trail(order)})
        self.act("supplier", "Orders", "despatch", {**of, "amount": amount})
        self.act("core", "Orders", "receiveGoods", {**of, "amount": amount})
        return order

    def issue_payload(self, order: bytes, name: str = "INV-1", face: int = 80_000_00) -> dict[str, Any]:
        params = self.invoice(order, name, face)
        attest = self.auth("registrar", eip712.type_of(receivables_acts.Attest), {**params, "trail": self.trail(order)})
        return self.payload("supplier", "Receivables", "issue", params, attest)

    def trail(self, order: bytes) -> bytes:
        """The trail of the order's goods as the contract has it."""
        view = contract_abi("Orders").function("trailOf")
        answer = self.node.call(self.deployment.addresses["Orders"], view.encode([order]), self.node.head())
        return bytes(view.decode_output(answer)[0])

    def invoice(self, order: bytes, name: str = "INV-1", face: int = 80_000_00) -> dict[str, Any]:
        due = int((self.clock() + timedelta(days=90)).timestamp()) // 86400
        return {"id": named(name), "orderId": order, "documentRoot": named(f"doc {name}"), "face": face, "dueDay": due}


_template: list[World] = []
_template_folder = tempfile.TemporaryDirectory(prefix="chainfin-world-")


def build(home: Path) -> World:
    """A world of one's own: contracts and parties are made once a test run, then the chain's folder is copied."""
    if not _template:
        made = World(open_embedded(Path(_template_folder.name)), Clock(), Deployment(0, 0, {}, {}))
        made.deployment = deploy(made.node, KEY, operator=SENDER)
        for who, role in PARTIES.items():
            made.admit(who, role)
        made.node.close()
        _template.append(made)
    shutil.copytree(_template_folder.name, home)
    clock, like = Clock(), _template[0]
    return World(open_embedded(home, clock), clock, like.deployment, dict(like.ids), like.nonces)
