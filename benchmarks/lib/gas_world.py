"""A deployed set of contracts with its parties on an in-process chain, for the gas benchmark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import rlp
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_hash.auto import keccak
from web3 import EthereumTesterProvider, Web3
from web3.contract import Contract
from web3.types import TxParams, Wei

ARTIFACTS = Path(__file__).resolve().parents[2] / "contracts" / "artifacts"
FAR = 2**63
NOTHING_STAYS: dict[str, Any] = {"keep": 0, "valuation": bytes(32)}
"""Of a release by which a pledge ends."""
BUYER, SELLER, LENDER, BANK, REGISTRAR, TIER2 = "buyer", "seller", "lender", "bank", "registrar", "tier2"
ROLES = {BUYER: 1, SELLER: 2, LENDER: 8, BANK: 64, REGISTRAR: 128, TIER2: 2}
NO_PLEDGE = bytes(32)


def load(name: str) -> dict[str, Any]:
    """One committed artifact."""
    loaded: dict[str, Any] = json.loads((ARTIFACTS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def digest(*parts: object) -> bytes:
    """An id: some 32 bytes that stand for the parts."""
    return keccak(repr(parts).encode())


def pledge_id(n: int) -> bytes:
    """The id of the pledge over the n-th receivable: its start is of the receivable's hash."""
    return keccak(digest("receivable", n))[14:30] + digest("pledge", n)[:16]


class World:
    """The contracts, an operator, six parties and one large order whose goods have been received."""

    face = 1_000_000_00
    pledged = 800_000_00

    def __init__(self) -> None:
        self.w3 = Web3(EthereumTesterProvider())
        self.operator: LocalAccount = Account.from_key(digest("key of the operator"))
        self.acts = load("acts")
        self.keys: dict[str, LocalAccount] = {name: Account.from_key(digest("key of", name)) for name in ROLES}
        self.nonces: dict[tuple[str, str], int] = {}
        for account in (self.operator, *self.keys.values()):
            funds: TxParams = {"from": self.w3.eth.accounts[0], "to": account.address, "value": Wei(10**22)}
            self.w3.eth.send_transaction(funds)
        self.contracts = self._deploy()
        self.parties = {name: self._admit(name) for name in ROLES}
        self.today = self.w3.eth.get_block("latest")["timestamp"] // 86_400
        self._order(digest("order"), 10**15)

    def _deploy(self) -> dict[str, Contract]:
        plan = load("deployment")
        names = [step["contract"] for step in plan["steps"]]
        first = self.w3.eth.get_transaction_count(self.operator.address)
        sender = bytes.fromhex(self.operator.address[2:])
        where = {
            f"@{name}": Web3.to_checksum_address(keccak(rlp.encode([sender, first + i]))[12:])
            for i, name in enumerate(names)
        }
        defaults = {f"${name}": value for name, value in plan["defaults"].items()}
        values = {"$operator": self.operator.address, **defaults, **where}
        deployed = {}
        for step in plan["steps"]:
            code = load(step["contract"])
            factory = self.w3.eth.contract(abi=code["abi"], bytecode=code["bytecode"])
            self.send(self.operator, factory.constructor(*(values[a] for a in step["args"])))
            deployed[step["contract"]] = self.w3.eth.contract(address=where["@" + step["contract"]], abi=code["abi"])
        for check in plan["checks"]:
            found = deployed[check["contract"]].functions[check["view"]]().call()
            assert found == values[check["is"]], check
        return deployed

    def send(self, account: LocalAccount, call: Any) -> int:
        """Signs and sends; returns the gas that the receipt names."""
        tx = call.build_transaction(
            {"from": account.address, "nonce": self.w3.eth.get_transaction_count(account.address), "gasPrice": 10**10}
        )
        raw = account.sign_transaction(tx).raw_transaction
        receipt = self.w3.eth.wait_for_transaction_receipt(self.w3.eth.send_raw_transaction(raw))
        assert receipt["status"] == 1, call
        return int(receipt["gasUsed"])

    def auth(
        self, contract: str, key: LocalAccount, primary: str, fields: list[dict[str, str]], values: dict[str, Any]
    ) -> tuple[str, int, int, bytes]:
        """A signature over one act, with the key's next nonce on that contract."""
        slot = (contract, key.address)
        nonce = self.nonces[slot] = self.nonces.get(slot, -1) + 1
        message = {**values, "nonce": nonce, "deadline": FAR}
        signable = encode_typed_data(
            self._domain(contract), {primary: fields}, {f["name"]: message[f["name"]] for f in fields}
        )
        return key.address, nonce, FAR, bytes(key.sign_message(signable).signature)

    def act(
        self,
        contract: str,
        function: str,
        by: LocalAccount,
        values: dict[str, Any],
        relayed: bool = False,
        counter: LocalAccount | None = None,
    ) -> int:
        """Carries out one act, directly or relayed by the operator; returns its gas."""
        act = self.acts[contract]["acts"][function]
        arguments: list[Any] = []
        names = [f["name"] for f in act["fields"][:-2]]
        extra = [name for name in act["arguments"][1:] if name in names]
        arguments.append(tuple(values[name] for name in names if name not in extra))
        for name in act["arguments"][1:]:
            if name in extra:
                arguments.append(values[name])
            else:
                assert counter is not None
                stated = act["counterSignature"]
                arguments.append(self.auth(contract, counter, stated["primaryType"], stated["fields"], values))
        if relayed:
            arguments.append(self.auth(contract, by, act["primaryType"], act["fields"], values))
        functions = self.contracts[contract].functions
        call = functions[function + "BySig"](*arguments) if relayed else functions[function](*arguments)
        return self.send(self.operator if relayed else by, call)

    def _admit(self, name: str) -> int:
        key = self.keys[name]
        values = {"commitment": digest("party", name), "roles": ROLES[name], "key": key.address}
        self.act("Participants", "admit", self.operator, values, counter=key)
        return int(self.contracts["Participants"].functions.partyOf(key.address).call())

    def _order(self, order_id: bytes, amount: int) -> None:
        buyer, seller = self.keys[BUYER], self.keys[SELLER]
        base = {"orderId": order_id, "documentRoot": digest("document"), "amount": amount}
        self.act("Orders", "post", buyer, {**base, "seller": self.parties[SELLER], "currency": b"CNY"})
        posted = self.contracts["Orders"].functions.trailOf(order_id).call()
        self.act("Orders", "acknowledge", seller, {**base, "trail": posted})
        self.act("Orders", "despatch", seller, base)
        self.act("Orders", "receiveGoods", buyer, base)
        self.trail: bytes = self.contracts["Orders"].functions.trailOf(order_id).call()

    def _claim_values(self, n: int) -> dict[str, Any]:
        return {
            "id": digest("receivable", n),
            "orderId": digest("order"),
            "documentRoot": digest("invoice", n),
            "seller": self.parties[SELLER],
            "face": self.face,
            "dueDay": self.today + 90,
            "trail": self.trail,
        }

    def _pledge_values(self, n: int) -> dict[str, Any]:
        return {
            "pledgeId": pledge_id(n),
            "assetKind": 1,
            "assetId": digest("receivable", n),
            "amount": self.pledged,
            "lender": self.parties[LENDER],
            "loanRef": digest("loan", n),
            "decisionHash": digest("decision", n),
            "expiresAt": 0,
            "registryNo": digest("registry", n),
        }

    def _payment_values(self, n: int, amount: int) -> dict[str, Any]:
        return {
            "id": digest("receivable", n),
            "pledgeId": pledge_id(n),
            "amount": amount,
            "bankRef": n.to_bytes(32, "big"),
            "payee": self.parties[LENDER],
        }

    def issue(self, n: int, relayed: bool) -> int:
        values = self._claim_values(n)
        return self.act("Receivables", "issue", self.keys[SELLER], values, relayed, self.keys[REGISTRAR])

    def confirm(self, n: int, relayed: bool) -> int:
        return self.act("Receivables", "confirm", self.keys[BUYER], self._claim_values(n), relayed)

    def pledge(self, n: int, relayed: bool) -> int:
        return self.act("Pledges", "pledge", self.keys[LENDER], self._pledge_values(n), relayed, self.keys[SELLER])

    def settle(self, n: int, amount: int, relayed: bool) -> int:
        return self.act("Receivables", "settle", self.keys[BANK], self._payment_values(n, amount), relayed)

    def release(self, n: int, amount: int, relayed: bool) -> int:
        values = {"pledgeId": pledge_id(n), "assetId": digest("receivable", n), "amount": amount, **NOTHING_STAYS}
        return self.act("Pledges", "release", self.keys[LENDER], values, relayed)

    def split(self, n: int, relayed: bool) -> int:
        values = {"id": digest("receivable", n), "amounts": [1_000_00, 2_000_00]}
        return self.act("Receivables", "split", self.keys[SELLER], values, relayed)

    def transfer(self, n: int, relayed: bool) -> int:
        values = {"id": digest("receivable", n), "to": self.parties[TIER2]}
        return self.act("Receivables", "transfer", self.keys[SELLER], values, relayed)

    def batch(
        self, contract: str, function: str, by: str, items: list[dict[str, Any]], counter: str | None = None
    ) -> int:
        """A batch sent by its party itself; returns its gas for one item. All items have to be carried out."""
        act = self.acts[contract]["batches"][function]
        names = [field["name"] for field in act["itemFields"]]
        arguments: list[Any] = [[tuple(item[name] for name in names) for item in items]]
        for name in act["arguments"][1:]:
            if name in ("registryNos", "trails"):
                arguments.append([item[name.removesuffix("s")] for item in items])
            elif counter is not None:
                arguments.append(self._batch_auth(contract, self.keys[counter], act["counterSignature"], items))
        call = self.contracts[contract].functions[function](*arguments)
        done = call.call({"from": self.keys[by].address})
        assert done == len(items), f"{function}: {done} of {len(items)}"
        return self.send(self.keys[by], call) // len(items)

    def _batch_auth(
        self, contract: str, key: LocalAccount, act: dict[str, Any], items: list[dict[str, Any]]
    ) -> tuple[str, int, int, bytes]:
        slot = (contract, key.address)
        nonce = self.nonces[slot] = self.nonces.get(slot, -1) + 1
        stated = [{f["name"]: item[f["name"]] for f in act["itemFields"]} for item in items]
        types = {act["primaryType"]: act["fields"], act["itemType"]: act["itemFields"]}
        message = {"items": stated, "nonce": nonce, "deadline": FAR}
        signable = encode_typed_data(self._domain(contract), types, message)
        return key.address, nonce, FAR, bytes(key.sign_message(signable).signature)

    def _domain(self, contract: str) -> dict[str, Any]:
        return {
            "name": f"chainfin {contract}",
            "version": "1",
            "chainId": self.w3.eth.chain_id,
            "verifyingContract": self.contracts[contract].address,
        }

    def batches(self, first: int, size: int) -> dict[str, int]:
        """Gas of one item of each act that comes in batches; half of each pledge is paid, the rest released."""
        claims = [self._claim_values(n) for n in range(first, first + size)]
        pledges = [self._pledge_values(n) for n in range(first, first + size)]
        half = self.pledged // 2
        paid = [self._payment_values(n, half) for n in range(first, first + size)]
        rest = [p | {"amount": self.pledged - half} | NOTHING_STAYS for p in pledges]
        return {
            "issue": self.batch("Receivables", "issueBatch", SELLER, claims, REGISTRAR),
            "confirm": self.batch("Receivables", "confirmBatch", BUYER, claims),
            "pledge": self.batch("Pledges", "pledgeBatch", LENDER, pledges, SELLER),
            "settle": self.batch("Receivables", "settleBatch", BANK, paid),
            "release": self.batch("Pledges", "releaseBatch", LENDER, rest),
        }
