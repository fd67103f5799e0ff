"""Relays acts from the outbox to the chain, each exactly once.

1. claim rows; 2. check each by a call at a pinned block; 3. in ONE transaction give out nonces and store the signed
bytes; 4. send; 5. when the receipt is final, report. Whatever happens after step 3 — a crash, a timeout, a node
that forgets — the same bytes are sent again until a final receipt is found: a timeout is *unknown*, never *failed*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, select

from chainfin.chain.decode import describe_revert
from chainfin.chain.node import Node, Reverted
from chainfin.chain.relayed import relayed
from chainfin.chain.settling import OPEN, Reports, Settler, about, report_refusal
from chainfin.errors import BadInput, Unavailable
from chainfin.eth.signer import Signer
from chainfin.eth.transaction import Transaction
from chainfin.services.kernel.commands import SendAct
from chainfin.storage import locks, outbox
from chainfin.storage.chain_tables import ChainTxRow, RelayerNonceRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import Store
from chainfin.values.command_state import CommandState
from chainfin.values.transaction_state import TransactionState

TOPIC = SendAct.TOPIC


@dataclass(frozen=True, slots=True)
class Policy:
    """How to send. Gas in units, prices in wei, times in business seconds."""

    gas_limit: int = 2_000_000
    gas_price: int | None = None
    """None asks the node; 0 is right on a chain without fees."""
    check_first: bool = True
    """Ask by a call before anything is signed. Where mining is a call as well (the embedded chain) that is twice the
    work for the same answer: False stores and sends at once, and a refusal is read from the mined revert."""
    batch: int = 100
    retry_s: float = 2.0
    lease_s: float = 60.0


@dataclass(frozen=True, slots=True)
class _Command:
    row_id: int
    act_id: str
    subject: str
    """What the act is about."""
    contract: str
    to: str
    data: bytes


class Sender:
    """One relayer key on one node. Several may run beside each other; the database gives out the nonces."""

    def __init__(
        self,
        store: Store,
        node: Node,
        contracts: Mapping[str, str],
        signer: Signer,
        reports: Reports,
        *,
        policy: Policy = Policy(),
        worker: str = "sender",
        finality_depth: int = 0,
    ) -> None:
        self._store = store
        self._node = node
        self._contracts = contracts
        self._signer = signer
        self._reports = reports
        self._policy = policy
        self._worker = worker
        self._started = False
        self.address = signer.address
        self._settler = Settler(
            store,
            node,
            contracts,
            self.address,
            reports,
            depth=finality_depth,
            resend_s=policy.retry_s,
            cost=lambda: self._price() * policy.gas_limit,
        )

    def start(self) -> None:
        """Bring the nonce counter and the chain together. Raises Unavailable: chain_behind, chain_unreachable."""
        on_chain = self._node.nonce_of(self.address, self._node.head())
        with self._store.begin() as session:
            row = locks.row(session, RelayerNonceRow, {"sender": self.address}, {"next": on_chain})
            if row.next > on_chain and not self._covered(session, on_chain, row.next):
                raise Unavailable(
                    "chain_behind", f"{row.next} transactions of {self.address} were sent, the node knows {on_chain}"
                )
            row.next = max(row.next, on_chain)
            session.add(row)
            self._take_back_claims(session)
        self._started = True

    def _take_back_claims(self, session: Session) -> None:
        """Rows that this worker had claimed when it died are due at once, not after their lease."""
        query = select(OutboxRow).where(
            OutboxRow.topic == TOPIC,
            OutboxRow.status == CommandState.CLAIMED.value,
            OutboxRow.claimed_by == self._worker,
        )
        for row in session.exec(query).all():
            assert row.id is not None
            outbox.later(session, row.id, at=self._reports.now(), error="")

    def _covered(self, session: Session, first: int, end: int) -> bool:
        """Whether every nonce of the gap belongs to a transaction that can still be sent."""
        query = select(ChainTxRow.nonce).where(
            ChainTxRow.sender == self.address,
            ChainTxRow.nonce >= first,
            ChainTxRow.nonce < end,
            col(ChainTxRow.status).in_(OPEN),
        )
        return len(session.exec(query).all()) == end - first

    def under_way(self) -> bool:
        """Whether something was sent whose end is not known yet."""
        return self._settler.under_way()

    @property
    def waiting(self) -> bool:
        """Whether something was under way at the last look, without looking again."""
        return self._settler.waiting

    def settle(self) -> int:
        """Report what is final, send again what is lost. Returns how many transactions ended."""
        return self._settler.settle()

    # one round

    def run_once(self) -> int:
        """Settle what is under way, then send what is due. Returns the number of commands that moved.

        Raises Unavailable: chain_unreachable (nothing is lost: the next round goes on).
        """
        if not self._started:
            self.start()
        moved = self._settler.settle()
        if not self._due():
            return moved
        if not self._policy.check_first:
            return moved + self._at_once()
        with self._store.begin() as session:
            commands = self._claim(session)
        while commands:
            waiting = self._round(commands)
            moved += len(commands) - len(waiting)
            if len(waiting) == len(commands):
                break
            # what failed its check may only have been waiting for a command that has been mined now
            commands = waiting
        return moved

    def _at_once(self) -> int:
        """Claim, give out nonces and store in one transaction; send. The next round settles, after the indexer: whoever
        waits for the event does not also wait for the receipt's bookkeeping."""
        price = self._price()
        with self._store.begin() as session:
            # what has a transaction already is left out when the nonces are given out
            commands = self._claim(session, known=set())
            raws = self._store_signed(session, commands, price)
        self._settler.send(raws)
        return len(raws)

    def _price(self) -> int:
        return self._node.gas_price() if self._policy.gas_price is None else self._policy.gas_price

    def _round(self, commands: Sequence[_Command]) -> list[_Command]:
        """Check, store, send, settle. Returns the commands that failed the check and may pass it later."""
        try:
            passed, failed = self._check(commands)
        except Unavailable as error:
            self._postpone(commands, error.code)
            raise
        if passed:
            price = self._price()
            with self._store.begin() as session:
                raws = self._store_signed(session, passed, price)
            self._settler.send(raws)
            self._settler.settle()
        elif self._settler.under_way():
            self._postpone([command for command, _, _ in failed], "chain_waits")
            return []
        else:
            self._refuse(failed)
            return []
        return [command for command, _, _ in failed]

    def _due(self) -> bool:
        with self._store.read() as session:
            return outbox.any_due(session, [TOPIC], now=self._reports.now())

    def _claim(self, session: Session, known: set[int | None] | None = None) -> list[_Command]:
        """Due commands that have no transaction yet; those that have one (``known``, else asked for) are `settle`'s."""
        commands: list[_Command] = []
        now, lease = self._reports.now(), timedelta(seconds=self._policy.lease_s)
        rows = outbox.claim(session, [TOPIC], worker=self._worker, now=now, lease=lease, limit=self._policy.batch)
        sent = self._have_transaction(session, [row.id for row in rows]) if known is None else known
        for row in rows:
            if row.id not in sent:
                self._read(session, row, commands)
        return commands

    @staticmethod
    def _have_transaction(session: Session, row_ids: Sequence[int | None]) -> set[int | None]:
        query = select(ChainTxRow.outbox_id).where(
            col(ChainTxRow.outbox_id).in_(row_ids), ChainTxRow.status != TransactionState.DISPLACED.value
        )
        return set(session.exec(query).all())

    def _read(self, session: Session, row: OutboxRow, commands: list[_Command]) -> None:
        assert row.id is not None
        try:
            sent = relayed(row)
            to, data = self._contracts[sent.contract], sent.call_data()
            commands.append(_Command(row.id, row.subject, row.correlation, sent.contract, to, data))
        except BadInput as error:
            # nothing that can be sent will ever come of it
            report_refusal(session, self._reports, row, error.code, str(error))

    def _check(self, commands: Sequence[_Command]) -> tuple[list[_Command], list[tuple[_Command, str, str]]]:
        head = self._node.head()
        passed: list[_Command] = []
        failed: list[tuple[_Command, str, str]] = []
        for command in commands:
            try:
                self._node.call(command.to, command.data, head, self.address)
                passed.append(command)
            except Reverted as revert:
                name, message = describe_revert(command.contract, revert.data)
                failed.append((command, self._reports.code(name), message))
        return passed, failed

    def _store_signed(self, session: Session, commands: Sequence[_Command], price: int) -> list[bytes]:
        """Nonces given out and signed bytes stored, in one transaction, before anything leaves."""
        if not commands:
            return []
        now = self._reports.now()
        raws: list[bytes] = []
        counter = session.get_one(RelayerNonceRow, self.address, with_for_update=True)
        # asked under the counter's lock: of two workers that hold the same row one finds the other's transaction
        taken = self._have_transaction(session, [command.row_id for command in commands])
        for command in commands:
            if command.row_id in taken:
                continue
            transaction = Transaction(
                counter.next, price, self._policy.gas_limit, command.to, command.data, self._node.chain_id()
            )
            hashed, raw = transaction.signed(self._signer)
            tx_hash = "0x" + hashed.hex()
            session.add(
                ChainTxRow(
                    hash=tx_hash,
                    sender=self.address,
                    nonce=counter.next,
                    outbox_id=command.row_id,
                    raw="0x" + raw.hex(),
                    created_at=now,
                )
            )
            with about(command.act_id, command.subject):
                self._reports.sent(session, command.act_id, tx_hash)
            counter.next += 1
            raws.append(raw)
        session.add(counter)
        return raws

    # reports

    def _refuse(self, failed: Sequence[tuple[_Command, str, str]]) -> None:
        with self._store.begin() as session:
            # "replayed" may only mean that another worker has sent it meanwhile
            taken = self._have_transaction(session, [command.row_id for command, _, _ in failed])
            rows = outbox.rows(session, [command.row_id for command, _, _ in failed])
            for command, code, message in failed:
                if command.row_id not in taken:
                    report_refusal(session, self._reports, rows[command.row_id], code, message)

    def _postpone(self, commands: Sequence[_Command], why: str) -> None:
        at = self._reports.now() + timedelta(seconds=self._policy.retry_s)
        with self._store.begin() as session:
            for command in commands:
                outbox.later(session, command.row_id, at=at, error=why)
