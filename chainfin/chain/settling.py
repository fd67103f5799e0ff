"""What became of sent transactions: final receipts are reported, what no block holds is sent again.

Only a receipt at the finality line decides. No answer is *unknown*, and the same bytes sent twice are one transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy import String, bindparam
from sqlmodel import Session, col, select

from chainfin.chain.decode import describe_revert
from chainfin.chain.deploy import funded
from chainfin.chain.node import Block, Node, Receipt, Reverted
from chainfin.chain.proofs import proven_receipts
from chainfin.chain.relayed import relayed
from chainfin.errors import ChainfinError, Refused
from chainfin.eth.abi import from_hex
from chainfin.hashing import keccak
from chainfin.storage import outbox
from chainfin.storage.chain_tables import ChainTxRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import Store
from chainfin.values.transaction_state import TransactionEvent, TransactionState, transition

OPEN = (TransactionState.STORED.value,)
"""States of a transaction that may still be mined."""
RECEIPTS_A_ROUND = 500


_OPEN_ROWS = select(ChainTxRow).where(col(ChainTxRow.status).in_(OPEN)).order_by(col(ChainTxRow.nonce))
_UNDER_WAY = _OPEN_ROWS.where(ChainTxRow.sender == bindparam("sender", type_=String())).limit(RECEIPTS_A_ROUND)
_STILL_OPEN = _OPEN_ROWS.where(col(ChainTxRow.hash).in_(bindparam("hashes", expanding=True))).with_for_update()
"""Made once: they are asked in every round."""


class Reports(Protocol):
    """What the services want to hear (`services.reactions.act_outcomes` with its context bound)."""

    def now(self) -> datetime: ...

    def sent(self, session: Session, act_id: str, tx_hash: str) -> None: ...

    def refused(self, session: Session, act_id: str, code: str, message: str) -> None: ...

    def code(self, error_name: str) -> str:
        """A contract's custom error as a stable code."""


def about(act_id: str, subject: str) -> AbstractContextManager[None]:
    """Within the block every line of the log names the act, and what it is about."""
    return structlog.contextvars.bound_contextvars(subject=act_id, correlation=subject)


def report_refusal(session: Session, reports: Reports, row: OutboxRow, code: str, message: str) -> None:
    """A command is refused for good: in the outbox and to the services."""
    assert row.id is not None, "a stored row has an id"
    with about(row.subject, row.correlation):
        outbox.refused(session, row.id, code, message)
        reports.refused(session, row.subject, code, message)


class Settler:
    """The transactions of one relayer address."""

    def __init__(
        self,
        store: Store,
        node: Node,
        contracts: Mapping[str, str],
        address: str,
        reports: Reports,
        *,
        depth: int,
        resend_s: float,
        cost: Callable[[], int] = lambda: 0,
    ) -> None:
        """``depth``: blocks below the head that count as final. ``resend_s``: wall-clock seconds between sendings.
        ``cost``: wei that one transaction may cost at most."""
        self._store = store
        self._node = node
        self._contracts = contracts
        self._address = address
        self._reports = reports
        self._depth = depth
        self._resend_s = resend_s
        self._cost = cost
        self._sent_at: dict[str, float] = {}
        self.waiting = False
        self._log = structlog.get_logger("chainfin.chain")

    def send(self, raws: Sequence[bytes]) -> None:
        """Hand signed bytes to the node. The answers decide nothing: a refusal may be "already known", an error a
        lost answer. Raises Unavailable: relayer_unfunded (sent again once there is money)."""
        if not raws:
            return
        moment = time.monotonic()
        refused = False
        for raw, answer in zip(raws, self._node.send_raw_many(raws), strict=True):
            tx_hash = "0x" + keccak(raw).hex()
            self._sent_at[tx_hash] = moment
            if isinstance(answer, ChainfinError):
                refused = refused or isinstance(answer, Refused)
                self._log.warning("not taken yet", tx_hash=tx_hash, code=answer.code)
        if refused:
            funded(self._node, self._address, self._cost(), self._node.head())

    def under_way(self) -> bool:
        """Whether a transaction is stored or sent and not ended."""
        with self._store.read() as session:
            query = select(ChainTxRow.hash).where(ChainTxRow.sender == self._address, col(ChainTxRow.status).in_(OPEN))
            return session.exec(query.limit(1)).first() is not None

    def settle(self) -> int:
        """Report transactions whose receipt is final; send again those that no block holds. Returns how many ended."""
        with self._store.read() as session:
            rows = list(session.exec(_UNDER_WAY, params={"sender": self._address}).all())
        self.waiting = bool(rows)
        if not rows:
            return 0
        head = self._node.head()
        ended: list[tuple[ChainTxRow, Receipt]] = []
        lost: list[ChainTxRow] = []
        for row in rows:
            receipt = self._node.receipt(from_hex(row.hash))
            if receipt is None:
                lost.append(row)
            elif receipt.block_number <= head.number - self._depth and self._stands(receipt):
                ended.append((row, receipt))
        if lost:
            self._send_again(self._displace(lost, head))
        self.waiting = len(ended) < len(rows)
        return self._end(ended) if ended else 0

    def _stands(self, receipt: Receipt) -> bool:
        """Whether the receipt's block is the canonical one; of a failed transaction, which refuses for good, also
        whether the block's header binds the receipt. Raises Unavailable: chain_receipts_foreign, …"""
        block = self._node.block(receipt.block_number)
        if block is None or block.hash != receipt.block_hash:
            return False
        if receipt.succeeded:
            return True
        proven = {each.tx_index: each for each in proven_receipts(self._node, block)}.get(receipt.tx_index)
        return proven is not None and not proven.succeeded

    def _displace(self, rows: list[ChainTxRow], head: Block) -> list[ChainTxRow]:
        """Commands whose nonce another transaction of this key has finally taken become due again. Returns the rest."""
        line = self._node.block(max(0, head.number - self._depth))
        taken = self._node.nonce_of(self._address, line) if line else 0
        # asked again after the nonce: a transaction mined in between has a receipt now
        displaced = [r for r in rows if r.nonce < taken and self._node.receipt(from_hex(r.hash)) is None]
        if displaced:
            with self._store.begin() as session:
                for stale in displaced:
                    row = session.get_one(ChainTxRow, stale.hash, with_for_update=True)
                    row.status = transition(TransactionState(row.status), TransactionEvent.DISPLACE).value
                    session.add(row)
                    if row.outbox_id is not None:
                        outbox.later(session, row.outbox_id, at=self._reports.now(), error="chain_nonce_taken")
        return [row for row in rows if row not in displaced]

    def _send_again(self, rows: Sequence[ChainTxRow]) -> None:
        """The same bytes: a node that has them already ignores them."""
        late = time.monotonic() - self._resend_s
        self.send([from_hex(row.raw) for row in rows if self._sent_at.get(row.hash, late) <= late])

    def _end(self, ended: Sequence[tuple[ChainTxRow, Receipt]]) -> int:
        whys = {row.hash: self._why(row, receipt) for row, receipt in ended if not receipt.succeeded}
        with self._store.begin() as session:
            receipts = {row.hash: receipt for row, receipt in ended}
            rows = session.exec(_STILL_OPEN, params={"hashes": list(receipts)}).all()
            # all at once: `outbox` finds them in the session
            commands = outbox.rows(session, [row.outbox_id for row in rows])
            for row in rows:
                receipt = receipts[row.hash]
                event = TransactionEvent.MINE if receipt.succeeded else TransactionEvent.REVERT
                row.status = transition(TransactionState(row.status), event).value
                row.block_number = receipt.block_number
                session.add(row)
                self._sent_at.pop(row.hash, None)
                if row.outbox_id is None:
                    continue
                if receipt.succeeded:
                    block_hash = "0x" + receipt.block_hash.hex()
                    result = {"tx_hash": row.hash, "block_number": receipt.block_number, "block_hash": block_hash}
                    outbox.done(session, row.outbox_id, {**result, "gas_used": receipt.gas_used})
                else:
                    report_refusal(session, self._reports, commands[row.outbox_id], *whys[row.hash])
        return len(ended)

    def _why(self, row: ChainTxRow, receipt: Receipt) -> tuple[str, str]:
        """The reason of a mined revert, asked for again on the state after its block."""
        with self._store.read() as session:
            sent = relayed(session.get_one(OutboxRow, row.outbox_id)) if row.outbox_id else None
        block = self._node.block_by_hash(receipt.block_hash)
        if sent is not None and block is not None:
            try:
                self._node.call(self._contracts[sent.contract], sent.call_data(), block, self._address)
            except Reverted as revert:
                name, message = describe_revert(sent.contract, revert.data)
                return self._reports.code(name), message
        return "chain_reverted", "the contract refused the transaction when it was mined"
