"""The embedded chain: an EVM (py-evm, Prague rules) in this process, kept in one SQLite file.

One writer process (a lock file says whose), any number of readers. A transaction is mined the moment it is sent;
`send_raw_many` mines a batch into one block. When `send_raw` has returned, the block is on disk. Blocks are stamped
by the injected business clock, never below their parent's time plus one second.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

import rlp
from eth._utils.address import generate_contract_address
from eth.abc import BlockHeaderAPI, MessageAPI, SignedTransactionAPI, StateAPI, TransactionContextAPI
from eth.chains.base import Chain
from eth.exceptions import BlockNotFound, HeaderNotFound, TransactionNotFound
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.state import PragueState
from eth_keys.exceptions import BadSignature
from eth_typing import BlockNumber
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from chainfin.chain.kv import HEAD, SqliteStore
from chainfin.chain.node import Block, Log, Receipt, Reverted
from chainfin.errors import ChainfinError, Refused, Unavailable
from chainfin.eth.abi import address_bytes, checksum

CHAIN_ID = 310_310
GAS_LIMIT = 100_000_000
"""Gas of a block: some 400 acts."""
BASE_FEE = 7
"""Wei. The smallest fee that the fee rule of London neither raises nor lowers while blocks are half empty."""
ZERO = "0x" + "0" * 40
_FUNDS = 2**120


@lru_cache(maxsize=64)
def _jump_targets(_code: bytes) -> tuple[set[int], set[int]]:
    """Which positions of a contract's code were found to be instructions, and which to be data. They follow from the
    code alone; py-evm finds them anew in every call."""
    return set(), set()


class _Computation(PragueComputation):
    def __init__(self, state: StateAPI, message: MessageAPI, transaction_context: TransactionContextAPI) -> None:
        super().__init__(state, message, transaction_context)
        code: Any = self.code
        code.valid_positions, code.invalid_positions = _jump_targets(message.code)


class _State(PragueState):
    computation_class = _Computation


class _VM(PragueVM):
    _state_class = _State


class _EmbeddedChain(Chain):
    chain_id = CHAIN_ID
    vm_configuration = ((BlockNumber(0), _VM),)

    def create_header_from_parent(self, parent_header: BlockHeaderAPI, **params: Any) -> BlockHeaderAPI:
        params["gas_limit"] = parent_header.gas_limit
        return super().create_header_from_parent(parent_header, **params)


class EmbeddedNode:
    """A `Node` in the process. Thread-safe."""

    def __init__(
        self, home: Path, clock: Callable[[], datetime], *, funded: Iterable[str] = (), read_only: bool = False
    ) -> None:
        """Open the chain in ``home``/chain, or begin it. ``funded``: addresses that get gas money at the beginning.

        ``read_only`` reads beside the process that writes. Raises Unavailable: chain_in_use, chain_store_broken,
        chain_absent (nothing there to read).
        """
        folder = home / "chain"
        if read_only and not (folder / "chain.db").exists():
            raise Unavailable("chain_absent", "there is no embedded chain here yet", where=str(folder))
        folder.mkdir(parents=True, exist_ok=True)
        self._guard = None if read_only else take_lock(folder)
        self._lock = threading.RLock()
        self._clock = clock
        self._store = SqliteStore(folder / "chain.db")
        self._receipts: dict[bytes, list[Receipt]] = {}
        # py-evm's NewTypes (Address, Hash32, …) would need a cast at every call; its values are checked here by tests
        self._chain: Any = self._open(funded)

    def _open(self, funded: Iterable[str]) -> Any:
        if self._store.exists(HEAD) or self._guard is None:
            return _EmbeddedChain(self._store)
        account = {"balance": _FUNDS, "nonce": 0, "code": b"", "storage": {}}
        # time 1: any business clock is later, so that a demo may live in whatever year it likes
        params: Any = {"difficulty": 0, "gas_limit": GAS_LIMIT, "timestamp": 1, "base_fee_per_gas": BASE_FEE}
        state: Any = {address_bytes(a): account for a in funded}
        chain = _EmbeddedChain.from_genesis(self._store, params, state)
        self._store.commit()
        return chain

    @property
    def chain(self) -> Any:
        """py-evm's chain, for `chainfin.chain.tester`."""
        return self._chain

    def close(self) -> None:
        with self._lock:
            self._store.close()
            if self._guard is not None:
                self._guard.close()

    # reads

    def chain_id(self) -> int:
        return CHAIN_ID

    def gas_price(self) -> int:
        return 2 * BASE_FEE

    def head(self) -> Block:
        with self._lock:
            return _block(self._chain.get_canonical_head())

    def finalized(self) -> Block:
        return self.head()

    def block(self, number: int) -> Block | None:
        with self._lock:
            try:
                return _block(self._chain.get_canonical_block_header_by_number(number))
            except HeaderNotFound:
                return None

    def block_by_hash(self, block_hash: bytes) -> Block | None:
        with self._lock:
            try:
                return _block(self._chain.get_block_header_by_hash(block_hash))
            except (HeaderNotFound, BlockNotFound):
                return None

    def _header(self, block: Block) -> BlockHeaderAPI:
        try:
            found: BlockHeaderAPI = self._chain.get_block_header_by_hash(block.hash)
            return found
        except (HeaderNotFound, BlockNotFound):
            raise Unavailable("chain_behind", f"block {block.number} is not on this chain") from None

    def header_rlp(self, block: Block) -> bytes:
        with self._lock:
            encoded: bytes = rlp.encode(self._header(block))
            return encoded

    def logs(self, block: Block, addresses: Sequence[str]) -> list[Log]:
        wanted = set(addresses)
        return [log for receipt in self.block_receipts(block) for log in receipt.logs if log.address in wanted]

    def block_receipts(self, block: Block) -> list[Receipt]:
        with self._lock:
            if block.hash in self._receipts:
                return self._receipts[block.hash]
            found = self._chain.get_block_by_header(self._header(block))
            return self._read_receipts(block, found.transactions, found.get_receipts(self._chain.chaindb))

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        with self._lock:
            try:
                number, index = self._chain.get_canonical_transaction_index(tx_hash)
            except TransactionNotFound:
                return None
            block = self.block(number)
            return self.block_receipts(block)[index] if block else None

    def nonce_of(self, address: str, block: Block) -> int:
        with self._lock:
            nonce: int = self._chain.get_vm(self._header(block)).state.get_nonce(address_bytes(address))
            return nonce

    def balance_of(self, address: str, block: Block) -> int:
        with self._lock:
            balance: int = self._chain.get_vm(self._header(block)).state.get_balance(address_bytes(address))
            return balance

    def code(self, address: str, block: Block) -> bytes:
        with self._lock:
            code: bytes = self._chain.get_vm(self._header(block)).state.get_code(address_bytes(address))
            return code

    def call(self, to: str, data: bytes, block: Block, sender: str | None = None) -> bytes:
        """As in the block that would follow ``block`` now: state of ``block``, time of the business clock."""
        target, caller = address_bytes(to), address_bytes(sender or ZERO)
        with self._lock:
            vm = self._chain.get_vm(self._next_header(self._header(block)))
            done = vm.execute_bytecode(
                origin=caller,
                gas_price=0,
                gas=GAS_LIMIT,
                to=target,
                sender=caller,
                value=0,
                data=data,
                code=vm.state.get_code(target),
            )
            if done.is_error:
                raise Reverted(bytes(done.output))
            return bytes(done.output)

    # writes

    def send_raw(self, raw: bytes) -> bytes:
        answer = self.send_raw_many([raw])[0]
        if isinstance(answer, ChainfinError):
            raise answer
        return answer

    def send_raw_many(self, raws: Sequence[bytes]) -> list[bytes | ChainfinError]:
        if self._guard is None:
            return [Refused("chain_tx_refused", "the chain was opened to be read only") for _ in raws]
        with self._lock:
            answers: list[bytes | ChainfinError] = []
            waiting: list[tuple[int, SignedTransactionAPI]] = []
            for place, raw in enumerate(raws):
                try:
                    transaction = PragueVM.get_transaction_builder().decode(raw)
                except (RLPException, ValidationError, BadSignature, ValueError, TypeError) as error:
                    answers.append(Refused("chain_tx_refused", f"not a transaction: {str(error)[:160]}"))
                    continue
                answers.append(transaction.hash)
                if self.receipt(transaction.hash) is None:
                    waiting.append((place, transaction))
            while waiting:
                waiting = self._mine(waiting, answers)
            return answers

    def _next_header(self, parent: BlockHeaderAPI) -> BlockHeaderAPI:
        moment = max(parent.timestamp + 1, int(self._clock().timestamp()))
        following: BlockHeaderAPI = self._chain.create_header_from_parent(parent, timestamp=moment)
        return following

    def _mine(
        self, waiting: list[tuple[int, SignedTransactionAPI]], answers: list[bytes | ChainfinError]
    ) -> list[tuple[int, SignedTransactionAPI]]:
        """Mine one block of what fits. Refusals go to ``answers``; transactions that didn't fit are returned."""
        header = self._next_header(self._chain.get_canonical_head())
        vm = self._chain.get_vm(header)
        taken: list[SignedTransactionAPI] = []
        receipts = []
        left: list[tuple[int, SignedTransactionAPI]] = []
        try:
            for place, transaction in waiting:
                if header.gas_used + transaction.gas > GAS_LIMIT and taken:
                    left.append((place, transaction))
                    continue
                try:
                    receipt, _ = vm.apply_transaction(header, transaction)
                except (ValidationError, BadSignature) as error:
                    answers[place] = Refused("chain_tx_refused", f"the chain will not take it: {str(error)[:160]}")
                    continue
                header = vm.add_receipt_to_header(header, receipt)
                taken.append(transaction)
                receipts.append(receipt)
            if taken:
                filled = vm.set_block_transactions_and_withdrawals(
                    vm.get_block(), header, tuple(taken), tuple(receipts)
                )
                mined = vm.mine_block(filled).block
                self._chain.persist_block(mined, perform_validation=False)
                self._store.commit()
                block = _block(mined.header)
                self._remember(block, self._read_receipts(block, taken, receipts))
        except BaseException:
            self._store.rollback()
            raise
        return left

    def _remember(self, block: Block, receipts: list[Receipt]) -> None:
        if len(self._receipts) > 1024:
            self._receipts.pop(next(iter(self._receipts)))
        self._receipts[block.hash] = receipts

    def _read_receipts(self, block: Block, transactions: Sequence[Any], receipts: Sequence[Any]) -> list[Receipt]:
        found: list[Receipt] = []
        before = log_index = 0
        for index, (transaction, receipt) in enumerate(zip(transactions, receipts, strict=True)):
            logs = []
            for entry in receipt.logs:
                topics = tuple(int(topic).to_bytes(32, "big") for topic in entry.topics)
                place = (transaction.hash, index, log_index)
                logs.append(Log(checksum(entry.address), topics, bytes(entry.data), *place))
                log_index += 1
            created = (
                None if transaction.to else checksum(generate_contract_address(transaction.sender, transaction.nonce))
            )
            found.append(
                Receipt(
                    tx_hash=transaction.hash,
                    tx_index=index,
                    tx_type=getattr(transaction, "type_id", 0) or 0,
                    block_number=block.number,
                    block_hash=block.hash,
                    succeeded=receipt.state_root == b"\x01",
                    gas_used=receipt.gas_used - before,
                    cumulative_gas_used=receipt.gas_used,
                    contract_address=created,
                    logs=tuple(logs),
                )
            )
            before = receipt.gas_used
        return found


def take_lock(folder: Path) -> TextIO:
    """Hold the chain for this process; the lock ends with it, however it ends. Raises Unavailable: chain_in_use."""
    guard = (folder / "lock").open("w")
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        guard.close()
        raise Unavailable(
            "chain_in_use",
            "another process runs this embedded chain: stop it, or set CHAINFIN_HOME to a folder of its own",
            where=str(folder),
        ) from None
    return guard


def _block(header: BlockHeaderAPI) -> Block:
    return Block(header.block_number, header.hash, header.parent_hash, header.timestamp)
