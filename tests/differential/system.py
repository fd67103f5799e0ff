"""The system under test: the five contracts on an EVM in memory, each act a signed transaction of the party itself.

No node, no disk, no waiting: a block stays open while acts run in it and is closed when time moves. A transaction that
the contract refuses is in the block too, with its revert data: the reason is read from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey

from chainfin.chain.deploy import deploy
from chainfin.chain.embedded import BASE_FEE, CHAIN_ID, GAS_LIMIT, EmbeddedNode
from chainfin.eth import eip712
from chainfin.eth.abi import address_bytes, checksum, contract_abi
from chainfin.eth.bindings import participants_acts, pledges_acts, receivables_acts, warehouse_receipts_acts
from chainfin.eth.keys import address_of
from chainfin.resources import CONTRACTS, artifact
from tests.differential.act import Act, Rider
from tests.differential.parties import NUMBERS, OPERATOR, PARTIES, STRANGER

ACT_GAS = 3_000_000
START = 1_772_442_000
"""2026-03-02 09:00 UTC."""
ALWAYS = 2**40
"""A deadline far away, in seconds."""


def private_key(who: str) -> bytes:
    """The (worthless) key of an invented party."""
    return keccak(f"differential key of {who}".encode())


@dataclass(frozen=True, slots=True)
class Entry:
    """One log of one of the contracts, decoded: arguments by name, bytes as bytes."""

    contract: str
    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the contract made of an act: the name of its custom error (None: it was taken) and the arguments."""

    error: str | None
    details: Mapping[str, Any]


RIDERS = {
    "Receivables.issue": receivables_acts.Attest,
    "WarehouseReceipts.release": warehouse_receipts_acts.HandOut,
    "WarehouseReceipts.correct": warehouse_receipts_acts.Correction,
    "Pledges.pledge": pledges_acts.Grant,
    "Pledges.substitute": pledges_acts.Exchange,
}
"""What a second party signs in an act."""


class System:
    """The contracts, deployed and with their parties admitted; `reset` goes back to that moment."""

    def __init__(self, home: Path, artifacts: Mapping[str, Any] | None = None) -> None:
        """``home``: an empty folder. ``artifacts``: compiled contracts in place of the committed ones, by name."""
        compiled = dict(artifacts or {})
        self._keys = {who: PrivateKey(private_key(who)) for who in (OPERATOR, STRANGER, *PARTIES)}
        self.numbers = dict(NUMBERS)
        self.entries: list[Entry] = []
        funded = [key.public_key.to_checksum_address() for key in self._keys.values()]
        self._node = EmbeddedNode(home, lambda: datetime.fromtimestamp(START, UTC), funded=funded)
        with patch("chainfin.chain.deploy.artifact", lambda name: compiled.get(name) or artifact(name)):
            deployed = deploy(self._node, private_key(OPERATOR), operator=funded[0], params={"governanceDelay": 0})
        self.addresses = dict(deployed.addresses)
        # from here on without the node: blocks stay in memory, and open as long as time stands still
        self._chain: Any = self._node._chain
        self._header = self._chain.get_canonical_head()
        head = self._node.head()
        accounts = zip(self._keys, funded, strict=True)
        self._nonces = {who: self._node.nonce_of(address, head) for who, address in accounts}
        self._working: Any
        self._open(START)
        self._admit()
        self._close()
        self._base = (self._header, dict(self._nonces), list(self.entries))
        self.reset()

    def close(self) -> None:
        self._node.close()

    def reset(self) -> None:
        """Back to the deployed contracts with the admitted parties, at `START`."""
        header, nonces, entries = self._base
        self._nonces, self.entries = dict(nonces), list(entries)
        self._header = header
        self._open(START)

    @property
    def now(self) -> int:
        """Time of the open block, POSIX seconds."""
        moment: int = self._working.timestamp
        return moment

    def move_to(self, moment: int) -> None:
        """Close the block; the next one is stamped ``moment``."""
        self._close()
        self._open(moment)

    def make_room(self) -> None:
        """A new block if the next act might find no room in the open one."""
        if self._working.gas_used + ACT_GAS > GAS_LIMIT:
            self.move_to(self.now + 1)

    def send(self, act: Act) -> Outcome:
        """The act as a transaction of ``act.by``."""
        computation = self._transact(act.by, self.addresses[act.contract], self.call_data(act))
        if computation.is_error:
            name, details = self._reason(act.contract, bytes(computation.output))
            return Outcome(name, details)
        return Outcome(None, {})

    def view(self, contract: str, function: str, *args: Any) -> Any:
        """A view of the open block's state, decoded."""
        abi = contract_abi(contract).function(function)
        state = self._vm.state
        snapshot = state.snapshot()
        done = self._execute(bytes(20), contract, abi.encode(args))
        state.revert(snapshot)
        assert not done.is_error, (contract, function, args)
        found = abi.decode_output(bytes(done.output))
        return found[0] if len(found) == 1 else found

    def _execute(self, sender: bytes, contract: str, data: bytes) -> Any:
        target = address_bytes(self.addresses[contract])
        return self._vm.execute_bytecode(
            origin=sender, gas_price=0, gas=ACT_GAS, to=target, sender=sender, value=0, data=data,
            code=self._vm.state.get_code(target),
        )  # fmt: skip

    def call_data(self, act: Act) -> bytes:
        """The act as the contract's ABI takes it, with the counter-signature that rides in it."""
        params = self._params(act)
        if act.contract == "Participants" or act.function == "revokeNonces":
            target = contract_abi(act.contract).function(act.function)
            return target.encode([params] if target.inputs[0].members else [params[f.name] for f in target.inputs])
        auths = [] if act.rider is None else [self._rider(act, params)]
        return eip712.call_data(act.contract, act.function, params, auths)

    def _params(self, act: Act) -> dict[str, Any]:
        """Parties by their number instead of their name."""
        return {
            k: self.numbers[v] if isinstance(v, str) and k in Act.PARTY_FIELDS else v for k, v in act.params.items()
        }

    def _rider(self, act: Act, params: Mapping[str, Any]) -> eip712.Auth:
        rider = act.rider
        assert rider is not None
        kind = eip712.type_of(RIDERS[act.name])
        domain = eip712.Domain(act.contract, CHAIN_ID, self.addresses[act.contract])
        detail = {**params, **rider.detail}
        if rider.swapped:
            kind, detail = _swapped(act.function, detail)
        if act.contract == "Receivables" and Rider.TRAIL not in detail:
            detail[Rider.TRAIL] = self.view("Orders", "trailOf", params["orderId"])
        deadline = self.now - 1 if rider.expired else ALWAYS
        return eip712.authorise(
            eip712.typed_data(kind, detail, rider.nonce, deadline, domain), private_key(rider.signer)
        )

    def _reason(self, contract: str, data: bytes) -> tuple[str, Mapping[str, Any]]:
        for name in (contract, *CONTRACTS):
            found, details = contract_abi(name).decode_revert(data)
            if found != "Revert":
                return found, details
        return "Revert", {"data": data}

    def _transact(self, who: str, to: str, data: bytes) -> Any:
        transaction = (
            self._vm.get_transaction_builder()
            .create_unsigned_transaction(
                nonce=self._nonces[who],
                gas_price=BASE_FEE,
                gas=ACT_GAS,
                value=0,
                data=data,
                to=address_bytes(to),
            )
            .as_signed_transaction(self._keys[who], chain_id=CHAIN_ID)
        )
        receipt, computation = self._vm.apply_transaction(self._working, transaction)
        self._working = self._vm.add_receipt_to_header(self._working, receipt)
        self._nonces[who] += 1
        self._mined[0].append(transaction)
        self._mined[1].append(receipt)
        if not computation.is_error:
            self.entries.extend(self._decode(log) for log in receipt.logs)
        return computation

    def _decode(self, log: Any) -> Entry:
        address = checksum(log.address)
        name = next(contract for contract, at in self.addresses.items() if at == address)
        topics = [int(topic).to_bytes(32, "big") for topic in log.topics]
        event = contract_abi(name).events[topics[0]]
        return Entry(name, event.name, event.decode(topics, bytes(log.data)))

    def _open(self, moment: int) -> None:
        parent = self._header
        following = self._chain.create_header_from_parent(parent, timestamp=max(moment, parent.timestamp + 1))
        self._vm = self._chain.get_vm(following)
        self._working = following
        self._mined: tuple[list[Any], list[Any]] = ([], [])

    def _close(self) -> None:
        transactions, receipts = self._mined
        filled = self._vm.set_block_transactions_and_withdrawals(
            self._vm.get_block(), self._working, tuple(transactions), tuple(receipts)
        )
        self._header = self._vm.mine_block(filled).block.header
        self._chain.chaindb.persist_header(self._header)

    def _admit(self) -> None:
        domain = eip712.Domain("Participants", CHAIN_ID, self.addresses["Participants"])
        for who, roles in PARTIES.items():
            params = {
                "commitment": keccak(f"commitment of {who}".encode()), "roles": roles,
                "key": address_of(private_key(who)),
            }  # fmt: skip
            typed = eip712.typed_data(eip712.type_of(participants_acts.Join), params, 1, ALWAYS, domain)
            data = eip712.call_data("Participants", "admit", params, [eip712.authorise(typed, private_key(who))])
            assert not self._transact(OPERATOR, self.addresses["Participants"], data).is_error, who


def _swapped(function: str, detail: Mapping[str, Any]) -> tuple[eip712.ActType, dict[str, Any]]:
    """The same terms as the other of a pledgor's two signatures."""
    if function == "substitute":
        return eip712.type_of(pledges_acts.Grant), {**detail, "assetKind": 1, "assetId": detail["receivableId"]}
    sold = {"soldPledgeId": detail["pledgeId"], "goodsId": detail["assetId"], "quantity": detail["amount"]}
    return eip712.type_of(pledges_acts.Exchange), {**detail, **sold, "receivableId": detail["assetId"]}
