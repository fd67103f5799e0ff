"""What the operator may not do at once: announced at Governance for all to see, and done two days later (ADR 0102).

Announcement and deed are transactions of the operator's own account, which no relayer can send for it; on a node that
asks for gas the account has to have some.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chainfin.chain.node import Node, Reverted
from chainfin.errors import Refused, Unknown
from chainfin.eth.abi import contract_abi
from chainfin.eth.signer import Signer
from chainfin.eth.transaction import Transaction

GAS = 500_000
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Announced:
    """A deed that was announced: when it may be done, and whether it was."""

    due: datetime
    done: bool


class Governing:
    """The operator at Governance. ``addresses``: of the deployment."""

    def __init__(self, node: Node, addresses: Mapping[str, str], operator: Signer) -> None:
        self._node, self._operator, self._addresses = node, operator, addresses
        self._abi = contract_abi("Governance")

    def announce_or_do(self, contract: str, function: str, params: Mapping[str, Any], *, now: datetime) -> Announced:
        """Announce the deed, unless that was done; do it, once its time has come. Called again it goes on.

        Raises Refused governance_refused; Unknown transaction_unknown; Unavailable chain_….
        """
        target = self._addresses[contract]
        deed = contract_abi(contract).function(function).encode([params])
        due = self._due(target, deed)
        if due == 0:
            self._send("schedule", [target, deed, 0])
            return Announced(_moment(self._due(target, deed)), done=False)
        if now.timestamp() < due:
            return Announced(_moment(due), done=False)
        self._send("execute", [target, deed])
        return Announced(_moment(due), done=True)

    def _due(self, target: str, deed: bytes) -> int:
        """From when on the deed may be done, in seconds of the epoch; 0: it isn't announced, or not any more."""
        (operation,) = self._asked("hashOperation", [self._operator.address, target, deed])
        return int(self._asked("getSchedule", [operation])[0])

    def _asked(self, function: str, args: list[Any]) -> tuple[Any, ...]:
        view = self._abi.function(function)
        return view.decode_output(self._node.call(self._addresses["Governance"], view.encode(args), self._node.head()))

    def _send(self, function: str, args: list[Any]) -> None:
        head, to = self._node.head(), self._addresses["Governance"]
        data = self._abi.function(function).encode(args)
        try:
            self._node.call(to, data, head, self._operator.address)
        except Reverted as error:
            name, _ = self._abi.decode_revert(error.data)
            raise Refused("governance_refused", f"Governance refuses {function}: {name}") from None
        nonce = self._node.nonce_of(self._operator.address, head)
        made = Transaction(nonce, self._node.gas_price(), GAS, to, data, self._node.chain_id())
        tx_hash, raw = made.signed(self._operator)
        self._node.send_raw(raw)
        deadline = time.monotonic() + PATIENCE_S
        while (receipt := self._node.receipt(tx_hash)) is None:
            if time.monotonic() > deadline:
                why = f"0x{tx_hash.hex()} is in no block after {PATIENCE_S:.0f} s: look again before it is sent again"
                raise Unknown("transaction_unknown", why)
            time.sleep(0.1)
        if not receipt.succeeded:
            raise Refused("governance_refused", f"Governance refused {function} in block {receipt.block_number}")


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
