"""Puts the contracts on a chain, as contracts/artifacts/deployment.json says, and recognises those that are there.

The contracts name each other in their constructors; so every address is computed beforehand from the deployer and
its nonces. A deployment that was cut off is found again by its code and goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from eth_typing import HexAddress, HexStr
from web3 import Web3
from web3.types import Nonce
from web3.utils.address import get_create_address

from chainfin.chain.node import Block, Node
from chainfin.errors import ChainfinError, Unavailable, Unknown
from chainfin.eth.abi import ContractAbi, from_hex, parse_address
from chainfin.eth.signer import KeySigner, Signer
from chainfin.eth.transaction import Transaction
from chainfin.hashing import keccak
from chainfin.resources import CONTRACTS, Artifact, artifact, read_json

GAS = 8_000_000


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contracts are. ``addresses`` also names helpers (Governance); `contracts` only the five."""

    chain_id: int
    start_block: int
    addresses: Mapping[str, str]
    code_hashes: Mapping[str, str]

    @property
    def contracts(self) -> dict[str, str]:
        return {name: self.addresses[name] for name in CONTRACTS}

    def as_json(self) -> dict[str, Any]:
        return {
            "chain_id": self.chain_id,
            "start_block": self.start_block,
            "addresses": dict(self.addresses),
            "code_hashes": dict(self.code_hashes),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Deployment:
        return cls(int(raw["chain_id"]), int(raw["start_block"]), dict(raw["addresses"]), dict(raw["code_hashes"]))


def deploy(
    node: Node,
    deployer_key: Signer | bytes,
    *,
    operator: str,
    recorded: Deployment | None = None,
    params: Mapping[str, Any] | None = None,
    gas_price: int | None = None,
    timeout_s: float = 120.0,
) -> Deployment:
    """The contracts on this chain: checked if ``recorded``, found if they were left behind, else newly deployed.

    ``operator``: the address that may admit participants. ``params``: values for the plan's ``$names``
    (maxTenorDays, governanceDelay). ``timeout_s``: wall-clock seconds to wait for blocks.
    Raises Unavailable: chain_wrong_id, contracts_foreign (other code at a recorded address), contracts_refused,
    relayer_unfunded (``where`` is the address that needs money), chain_unreachable; Unknown: chain_deploy_unknown
    (sent, not mined in time: call again).
    """
    if recorded is not None:
        check(node, recorded)
        return recorded
    plan = read_json("deployment.json")
    values = {**plan["defaults"], "operator": parse_address(operator, where="operator"), **(params or {})}
    steps = [step["contract"] for step in plan["steps"]]
    signer = KeySigner(deployer_key) if isinstance(deployer_key, bytes) else deployer_key
    deployer = signer.address
    head = node.head()
    next_nonce = node.nonce_of(deployer, head)
    base, there = _left_behind(node, deployer, steps, next_nonce, head)
    addresses = _addresses(deployer, steps, base)
    price = node.gas_price() if gas_price is None else gas_price
    if there < len(steps):
        funded(node, deployer, price * GAS, head)
    raws = []
    for place, step in enumerate(plan["steps"]):
        if place < there:
            continue
        args = [_argument(arg, values, addresses) for arg in step["args"]]
        raws.append(_creation(node, signer, base + place, step["contract"], args, price=price))
    for raw in raws:
        _send(node, raw)
    blocks = [_mined(node, keccak(raw), timeout_s) for raw in raws]
    start = min(blocks) if blocks and there == 0 else _first_block(node, addresses[steps[0]], node.head())
    deployment = _describe(node, addresses, start)
    _check_wiring(node, plan["checks"], addresses)
    return deployment


def funded(node: Node, address: str, wei: int, block: Block) -> None:
    """Check that ``address`` can pay ``wei`` for gas. Raises Unavailable relayer_unfunded; ``where`` is the address."""
    if wei and (balance := node.balance_of(address, block)) < wei:
        why = f"the relayer has {balance} wei, one transaction may cost {wei}: send it money for gas"
        raise Unavailable("relayer_unfunded", f"{why} (chain {node.chain_id()})", where=address)


def check(node: Node, recorded: Deployment) -> None:
    """Check that the recorded contracts are on this chain. Raises Unavailable: chain_wrong_id, contracts_foreign."""
    if node.chain_id() != recorded.chain_id:
        why = f"the contracts are on chain {recorded.chain_id}, the node is on {node.chain_id()}"
        raise Unavailable("chain_wrong_id", why)
    head = node.head()
    for name, address in recorded.addresses.items():
        found = "0x" + keccak(node.code(address, head)).hex()
        if found != recorded.code_hashes[name]:
            raise Unavailable("contracts_foreign", f"{name} is not at {address} on this chain", where=address)


def _addresses(deployer: str, steps: list[str], base: int) -> dict[str, str]:
    """Where the contracts will be: it follows from the deployer and its nonces."""
    return {
        name: str(get_create_address(HexAddress(HexStr(deployer)), Nonce(base + n))) for n, name in enumerate(steps)
    }


def _left_behind(node: Node, deployer: str, steps: list[str], next_nonce: int, head: Block) -> tuple[int, int]:
    """(nonce of the first step, how many steps are there) of a deployment that was cut off, or (next nonce, 0)."""
    candidates = [next_nonce - done for done in range(len(steps), 0, -1) if next_nonce >= done]
    for base in dict.fromkeys([0, *candidates] if next_nonce else []):
        addresses = _addresses(deployer, steps, base)
        there = 0
        for name in steps[: next_nonce - base]:
            if not _same_code(node.code(addresses[name], head), artifact(name)):
                break
            there += 1
        # a part can only be continued if no other transaction took the nonces of the rest
        if there == len(steps) or (there and base + there == next_nonce):
            return base, there
    return next_nonce, 0


def _same_code(found: bytes, compiled: Artifact) -> bool:
    """Whether ``found`` is the compiled code, apart from the immutables that the constructor fills in."""
    blanked = bytearray(found)
    for start, length in compiled["immutables"]:
        blanked[start : start + length] = bytes(length)
    return bytes(blanked) == from_hex(compiled["deployedBytecode"])


def _argument(arg: Any, values: Mapping[str, Any], addresses: Mapping[str, str]) -> Any:
    if isinstance(arg, str) and arg.startswith("@"):
        return addresses[arg[1:]]
    return values[arg[1:]] if isinstance(arg, str) and arg.startswith("$") else arg


def _creation(node: Node, signer: Signer, nonce: int, name: str, args: list[Any], *, price: int) -> bytes:
    compiled = artifact(name)
    fields = ContractAbi.read(name, compiled["abi"]).constructor
    coerced = [f.coerce(arg, f"{name}.{f.name}") for f, arg in zip(fields, args, strict=True)]
    contract = Web3().eth.contract(abi=cast("Any", compiled["abi"]), bytecode=HexStr(compiled["bytecode"]))
    data = from_hex(contract.constructor(*coerced).data_in_transaction)
    return Transaction(nonce, price, GAS, None, data, node.chain_id()).signed(signer)[1]


def _send(node: Node, raw: bytes) -> None:
    try:
        node.send_raw(raw)
    except Unknown:
        pass  # the receipt tells
    except ChainfinError as error:
        raise Unavailable("contracts_refused", f"the chain will not take the contracts: {error.message}") from error


def _mined(node: Node, tx_hash: bytes, timeout_s: float) -> int:
    deadline = time.monotonic() + timeout_s
    while (receipt := node.receipt(tx_hash)) is None:
        if time.monotonic() > deadline:
            raise Unknown("chain_deploy_unknown", f"0x{tx_hash.hex()} is in no block after {timeout_s:.0f} s")
        time.sleep(0.1)
    if not receipt.succeeded:
        raise Unavailable("contracts_refused", f"a constructor refused in block {receipt.block_number}")
    return receipt.block_number


def _first_block(node: Node, address: str, head: Block) -> int:
    """The block in which a contract appeared, by halving (old state has to be there; else 0 is right, only slower)."""
    low, high = 0, head.number
    while low < high:
        middle = node.block((low + high) // 2)
        try:
            there = middle is not None and bool(node.code(address, middle))
        except Unavailable:
            return 0
        low, high = (low, (low + high) // 2) if there else ((low + high) // 2 + 1, high)
    return low


def _describe(node: Node, addresses: Mapping[str, str], start: int) -> Deployment:
    head = node.head()
    codes = {name: "0x" + keccak(node.code(address, head)).hex() for name, address in addresses.items()}
    return Deployment(node.chain_id(), start, dict(addresses), codes)


def _check_wiring(node: Node, checks: list[dict[str, str]], addresses: Mapping[str, str]) -> None:
    head = node.head()
    for wire in checks:
        abi = ContractAbi.read(wire["contract"], artifact(wire["contract"])["abi"])
        view = abi.function(wire["view"])
        found = view.decode_output(node.call(addresses[wire["contract"]], view.encode([]), head))[0]
        if found != addresses[wire["is"][1:]]:
            why = f"{wire['contract']}.{wire['view']} is {found}, not the {wire['is'][1:]} deployed with it"
            raise Unavailable("contracts_foreign", why)
