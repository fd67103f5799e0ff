"""Several acts of one party, each judged and made by its service, sent to the contract as one batch.

No driver sends batches: here the acts that wait in the outbox are taken out of it, and one batch of the same is relayed
by a wallet of its own in their place, with what the service refused as further items. Each item's fate is read from the
transaction: an item that is refused for itself is told by ``ItemRefused``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from sqlmodel import col, delete

from chainfin.chain.decode import Decoder, describe_revert
from chainfin.errors import ChainfinError
from chainfin.eth import eip712
from chainfin.eth.abi import from_hex
from chainfin.eth.bindings.base import Batch
from chainfin.eth.bindings.registry import BATCHES
from chainfin.eth.keys import address_of
from chainfin.eth.signer import KeySigner
from chainfin.services.kernel import acts, commands
from chainfin.services.reactions import act_outcomes
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.trade_tables import ActRow
from tests.differential.services.deed import Deed
from tests.differential.services.harness import Harness
from tests.e2e.ending import operator_key

RIDERS: Mapping[str, tuple[str, str]] = {
    "issueBatch": ("AttestBatch", "AttestItem"),
    "pledgeBatch": ("GrantBatch", "GrantItem"),
}
"""What a second party signs over all items of a batch: its type, and that of an item."""
LIFETIME_S = 3600
GAS = 12_000_000


@dataclass
class Item:
    """One act of a batch: what its service said of it, and the members that go to the contract."""

    deed: Deed
    params: Mapping[str, Any]
    code: str | None
    act_id: str | None = None
    error: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.deed.name


class Batches:
    """Makes and sends them on a harness. ``sent`` counts them."""

    def __init__(self, harness: Harness) -> None:
        self._h = harness
        self.sent = 0

    def judged(self, deeds: Sequence[Deed]) -> list[Item]:
        """Each deed put to its service, in this order; nothing is sent. A deed that makes several acts gives as many
        items."""
        items: list[Item] = []
        for deed in deeds:
            assert deed.call is not None, "what has no call is no item"
            place, code = self._h.newest_act(), None
            try:
                code = deed.ask()
            except ChainfinError as error:
                code = error.code
            made = [act for act in self._h.acts_since(place) if act.function == deed.call.function]
            if not made:
                items.append(Item(deed, deed.call.params, code or "no_act"))
            items += [Item(deed, act.params, code, act.id, extra=act.extra) for act in made]
        return items

    def send(self, batch: str, speaker: str, pledgor: str | None, items: Sequence[Item]) -> str | None:
        """All in one transaction of ``speaker``; each item's `error` is set. The whole batch's error, if it has one."""
        contract = items[0].name.split(".")[0]
        kind = BATCHES[contract, batch]
        params = self._params(batch, items)
        auths = [self._rider(batch, contract, pledgor, items, params)] if batch in RIDERS else []
        auths.append(self._signed(contract, kind.PRIMARY_TYPE, _item_type(kind), _own(kind, params), speaker))
        self._take_out([item.act_id for item in items if item.act_id])
        self.sent += 1
        sent = self._relay(contract, eip712.call_data(contract, kind.RELAYED, params, auths))
        return self._read(contract, sent, items)

    def _params(self, batch: str, items: Sequence[Item]) -> dict[str, Any]:
        found: dict[str, Any] = {"items": [dict(item.params) for item in items]}
        if batch == "issueBatch":
            found["trails"] = [self._trail(item) for item in items]
        if batch == "pledgeBatch":
            found["registryNos"] = [item.params["registryNo"] for item in items]
        return found

    def _trail(self, item: Item) -> str:
        known = item.extra.get("trail")
        return str(known or "0x" + self._h.view("Orders", "trailOf", item.params["orderId"]).hex())

    def _rider(
        self, batch: str, contract: str, pledgor: str | None, items: Sequence[Item], params: Mapping[str, Any]
    ) -> eip712.Auth:
        primary, item_type = RIDERS[batch]
        said = [dict(item.params) for item in items]
        if batch == "issueBatch":
            said = [{**each, "trail": trail} for each, trail in zip(said, params["trails"], strict=True)]
        return self._signed(contract, primary, item_type, {"items": said}, pledgor or "registrar")

    def _signed(self, contract: str, primary: str, item: str, said: Mapping[str, Any], by: str) -> eip712.Auth:
        """EIP-712 over an array of structs, by eth-account: `eip712` signs single acts."""
        ctx, key = self._h.site.ctx, self._h.signer(by)
        assert isinstance(key, KeySigner), "held in custody here"
        domain = acts.domain(ctx, contract).as_json()
        nonce, until = eip712.random_nonce(), int(ctx.clock.now().timestamp()) + LIFETIME_S
        members = _ITEMS[item]
        whole = [{"name": "items", "type": f"{item}[]"}, *_FURTHER.get(primary, []), *_TAIL]
        message = {**said, "items": [_only(each, members) for each in said["items"]], "nonce": nonce, "deadline": until}
        typed = {
            "types": {"EIP712Domain": _DOMAIN, item: members, primary: whole},
            "primaryType": primary, "domain": domain, "message": message,
        }  # fmt: skip
        signed = Account.sign_message(encode_typed_data(full_message=typed), key.secret)
        return eip712.Auth(key.address, nonce, until, bytes(signed.signature))

    def _take_out(self, act_ids: Sequence[str]) -> None:
        """The acts that the batch carries wait for the relayer no more."""
        waiting = col(OutboxRow.topic) == commands.SendAct.TOPIC, col(OutboxRow.subject).in_(act_ids)
        with self._h.site.ctx.store.begin() as session:
            session.exec(delete(OutboxRow).where(*waiting))

    def _relay(self, contract: str, data: bytes) -> bytes:
        """As anybody may relay what others have signed. The hash of the transaction, which is mined."""
        site = self._h.site
        node, key = site.inst.node, operator_key(site)
        fields = {"to": site.ctx.contracts[contract], "data": data, "value": 0, "gas": GAS, "chainId": node.chain_id()}
        whole = {**fields, "gasPrice": node.gas_price(), "nonce": node.nonce_of(address_of(key), node.head())}
        return node.send_raw(bytes(Account.sign_transaction(whole, key).raw_transaction))

    def _read(self, contract: str, sent: bytes, items: Sequence[Item]) -> str | None:
        """What became of each item, before the indexer hears of it: the act of one that was refused comes to nothing,
        the others are this transaction's."""
        ctx, node = self._h.site.ctx, self._h.site.inst.node
        with ctx.store.begin() as session:
            receipt = node.receipt(sent)
            assert receipt is not None, "the embedded chain mines at once"
            whole = None if receipt.succeeded else "NothingDone"
            block = node.block(receipt.block_number)
            assert block is not None
            events = [Decoder(ctx.contracts).event(log, block) for log in receipt.logs]
            refused = {
                event.args["index"]: describe_revert(contract, from_hex(str(event.args["reason"])))[0]
                for event in events
                if event.name == "ItemRefused"
            }
            for index, item in enumerate(items):
                item.error = whole or refused.get(index)
                if item.act_id is None:
                    continue
                if item.error is not None:
                    act_outcomes.refused(session, ctx, item.act_id, act_outcomes.chain_code(item.error), "in a batch")
                else:
                    act = session.get_one(ActRow, item.act_id)
                    act.tx_hash = "0x" + sent.hex()
                    session.add(act)
        return whole


def _item_type(kind: type[Batch]) -> str:
    return kind.PRIMARY_TYPE.removesuffix("Batch") + "Item"


def _own(kind: type[Batch], params: Mapping[str, Any]) -> dict[str, Any]:
    """What the acting party signs of the call: not what is for the other's signature alone."""
    return {name: value for name, value in params.items() if name != "trails"}


def _only(params: Mapping[str, Any], members: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Members of a stored act as the typed data wants them: numbers as numbers."""
    found = {}
    for member in members:
        value = params[member["name"]]
        found[member["name"]] = int(value) if member["type"].startswith("uint") else value
    return found


def _members(text: str) -> list[dict[str, str]]:
    return [{"type": part.split()[0], "name": part.split()[1]} for part in text.split(",")]


_GRANT = (
    "bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,"
    "bytes32 decisionHash,uint64 expiresAt"
)
_ISSUE = "bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay"
_ITEMS: Mapping[str, list[dict[str, str]]] = {
    name: _members(text)
    for name, text in {
        "IssueItem": _ISSUE,
        "AttestItem": f"{_ISSUE},bytes32 trail",
        "ConfirmItem": "bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay",
        "SettleItem": "bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee",
        "PledgeItem": _GRANT,
        "GrantItem": _GRANT,
        "ReleaseItem": "bytes32 pledgeId,bytes32 assetId,uint64 amount,uint64 keep,bytes32 valuation",
    }.items()
}
"""As the contracts' type strings have them."""
_TAIL = _members("uint256 nonce,uint256 deadline")
_FURTHER = {"PledgeBatch": _members("bytes32[] registryNos")}
_DOMAIN = _members("string name,string version,uint256 chainId,address verifyingContract")
