"""Any Ethereum JSON-RPC node (geth, Besu, anvil, hardhat, a consortium network) behind the `Node` protocol.

One HTTP request a call, or one JSON-RPC batch for many. No answer to a read is Unavailable; no answer to a
send is Unknown: the node may have taken it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import rlp
from eth_bloom.bloom import BloomFilter
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from chainfin.audit.proofs import read_header
from chainfin.chain.node import Block, Log, Receipt, Reverted
from chainfin.chain.proofs import proven_receipts
from chainfin.errors import ChainfinError, Refused, Unavailable, Unknown
from chainfin.eth.abi import address_bytes, parse_address
from chainfin.hashing import keccak

_HEADER = (
    ("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"),
    ("difficulty", "number", "gasLimit", "gasUsed", "timestamp"),
    ("extraData", "mixHash", "nonce"),
)
_HEADER_TAIL = (
    ("baseFeePerGas", True),
    ("withdrawalsRoot", False),
    ("blobGasUsed", True),
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),
    ("requestsHash", False),
)
_KNOWN_ALREADY = ("already known", "already imported", "known transaction", "already exists", "already in the pool")


class RpcError(Exception):
    """The node answered with a JSON-RPC error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", error))[:300])
        self.data = error.get("data")


class _Provider(HTTPProvider):
    """web3's, with the parser that reads a block's logs in a third of the time."""

    @staticmethod
    def decode_rpc_response(raw_response: bytes) -> Any:
        return orjson.loads(raw_response)


class RpcNode:
    """A `Node` over HTTP, by web3.py's provider. Thread-safe: each thread has a session of its own."""

    def __init__(self, url: str, *, expected_chain_id: int | None = None, timeout_s: float = 10.0) -> None:
        """Raises Unavailable: chain_unreachable, chain_wrong_id."""
        self._provider = _Provider(url, {"timeout": timeout_s}, exception_retry_configuration=None)
        self._url = url
        self._one_by_one = False
        self._chain_id = int(self._ask("eth_chainId"), 16)
        if expected_chain_id is not None and self._chain_id != expected_chain_id:
            why = f"the node is on chain {self._chain_id}, expected {expected_chain_id}"
            raise Unavailable("chain_wrong_id", why, where=url)

    def close(self) -> None:
        """Nothing to do: web3's sessions belong to their threads and end with them."""

    # transport

    def _post(self, calls: list[tuple[RPCEndpoint, Any]]) -> list[Any]:
        try:
            if len(calls) == 1:
                return [self._provider.make_request(*calls[0])]
            answers: Any = self._provider.make_batch_request(calls)
        except (OSError, ValueError, KeyError, TypeError) as error:  # requests' errors are OSErrors
            why = f"the chain node does not answer: {error or type(error).__name__}"
            raise Unavailable("chain_unreachable", why[:300], where=self._url) from None
        return answers if isinstance(answers, list) else [answers]

    def _batch(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]:
        """Per item the result or the RpcError, in order."""
        if not many:
            return []
        answers = self._post([(RPCEndpoint(method), list(params)) for params in many])
        if len(answers) != len(many):
            raise Unavailable("chain_unreachable", "the chain node left a call unanswered", where=self._url)
        results: list[Any] = []
        for answer in answers:
            if not isinstance(answer, dict) or not ("result" in answer or answer.get("error")):
                raise Unavailable("chain_unreachable", "the chain node left a call unanswered", where=self._url)
            results.append(RpcError(answer["error"]) if answer.get("error") else answer["result"])
        return results

    def _ask(self, method: str, *params: Any) -> Any:
        result = self._batch(method, [params])[0]
        if isinstance(result, RpcError):
            raise Unavailable("chain_refused_read", f"{method}: {result}", where=self._url)
        return result

    # reads

    def chain_id(self) -> int:
        return self._chain_id

    def gas_price(self) -> int:
        # twice the going rate: a legacy price has to outlast the base fees of the next blocks
        return 2 * int(self._ask("eth_gasPrice"), 16)

    def _tagged(self, tag: str) -> Block:
        raw = self._ask("eth_getBlockByNumber", tag, False)
        if raw is None:
            raise Unavailable("chain_behind", f"the node has no {tag} block yet", where=self._url)
        return _block(raw)

    def head(self) -> Block:
        return self._tagged("latest")

    def finalized(self) -> Block:
        return self._tagged("finalized")

    def block(self, number: int) -> Block | None:
        raw = self._ask("eth_getBlockByNumber", hex(number), False)
        return _block(raw) if raw else None

    def block_by_hash(self, block_hash: bytes) -> Block | None:
        raw = self._ask("eth_getBlockByHash", _hex(block_hash), False)
        return _block(raw) if raw else None

    def logs(self, block: Block, addresses: Sequence[str]) -> list[Log]:
        # not eth_getLogs, whose answer nothing binds to the block: a log that a node leaves out would be lost for ever
        header = read_header(self.header_rlp(block))
        if (header.number, header.parent_hash, header.timestamp) != (block.number, block.parent_hash, block.timestamp):
            raise Unavailable("chain_header_foreign", "the node's block is not what its header says", where=self._url)
        bloom = BloomFilter(int.from_bytes(header.logs_bloom, "big"))
        if not any(address_bytes(address) in bloom for address in addresses):
            return []
        logs = (log for receipt in proven_receipts(self, block) for log in receipt.logs)
        # the place in the block is counted: of what a log says of itself only address, topics and data are proven
        return [replace(log, log_index=place) for place, log in enumerate(logs) if log.address in addresses]

    def _behind(self, block: Block) -> Unavailable:
        return Unavailable("chain_behind", f"the node does not know block {block.number}", where=self._url)

    def call(self, to: str, data: bytes, block: Block, sender: str | None = None) -> bytes:
        asked: dict[str, Any] = {"to": to, "data": _hex(data)}
        if sender:
            asked["from"] = sender
        result = self._batch("eth_call", [[asked, hex(block.number)]])[0]
        if isinstance(result, RpcError):
            data_found = _revert_data(result.data)
            if data_found is None and "revert" not in str(result).lower():
                raise Unavailable("chain_refused_read", f"eth_call: {result}", where=self._url)
            raise Reverted(data_found or b"")
        return _bytes(result)

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        raw = self._ask("eth_getTransactionReceipt", _hex(tx_hash))
        return _receipt(raw) if raw else None

    def block_receipts(self, block: Block) -> list[Receipt]:
        result = self._batch("eth_getBlockReceipts", [[_hex(block.hash)]])[0]
        if isinstance(result, RpcError) or result is None:
            result = self._receipts_one_by_one(block)
        found = sorted((_receipt(raw) for raw in result), key=lambda r: r.tx_index)
        if any(receipt.block_hash != block.hash for receipt in found):
            raise self._behind(block)
        return found

    def _receipts_one_by_one(self, block: Block) -> list[Any]:
        # hardhat and older nodes have no eth_getBlockReceipts
        raw = self._ask("eth_getBlockByHash", _hex(block.hash), False)
        if raw is None:
            raise self._behind(block)
        found = self._batch("eth_getTransactionReceipt", [[tx_hash] for tx_hash in raw["transactions"]])
        if any(item is None or isinstance(item, RpcError) for item in found):
            raise self._behind(block)
        return found

    def header_rlp(self, block: Block) -> bytes:
        raw = self._ask("eth_getBlockByHash", _hex(block.hash), False)
        if raw is None:
            raise self._behind(block)
        fields = [_bytes(raw[name]) for name in _HEADER[0]]
        fields += [_number(raw[name]) for name in _HEADER[1]]
        fields += [_bytes(raw[name]) for name in _HEADER[2]]
        for name, is_number in _HEADER_TAIL:
            if raw.get(name) is None:
                break
            fields.append(_number(raw[name]) if is_number else _bytes(raw[name]))
        encoded: bytes = rlp.encode(fields)
        if read_header(encoded).hash != block.hash:
            raise Unavailable("chain_header_foreign", "the node's header does not hash to its block", where=self._url)
        return encoded

    def nonce_of(self, address: str, block: Block) -> int:
        return int(self._ask("eth_getTransactionCount", address, hex(block.number)), 16)

    def balance_of(self, address: str, block: Block) -> int:
        return int(self._ask("eth_getBalance", address, hex(block.number)), 16)

    def code(self, address: str, block: Block) -> bytes:
        return _bytes(self._ask("eth_getCode", address, hex(block.number)))

    # writes

    def send_raw(self, raw: bytes) -> bytes:
        answer = self.send_raw_many([raw])[0]
        if isinstance(answer, ChainfinError):
            raise answer
        return answer

    def send_raw_many(self, raws: Sequence[bytes]) -> list[bytes | ChainfinError]:
        """In one batch; one call after the other if the node doesn't keep the order of a batch (hardhat)."""
        if self._one_by_one or len(raws) == 1:
            return [self._send_batch([raw])[0] for raw in raws]
        answers = self._send_batch(raws)
        for place, answer in enumerate(answers):
            if _out_of_order(answer):
                self._one_by_one = True
                answers[place] = self._send_batch([raws[place]])[0]
        return answers

    def _send_batch(self, raws: Sequence[bytes]) -> list[bytes | ChainfinError]:
        try:
            results = self._batch("eth_sendRawTransaction", [[_hex(raw)] for raw in raws])
        except Unavailable as error:
            unknown = Unknown("chain_send_unknown", error.message, where=self._url)
            return [unknown for _ in raws]
        answers: list[bytes | ChainfinError] = []
        for raw, result in zip(raws, results, strict=True):
            if isinstance(result, RpcError) and not any(k in str(result).lower() for k in _KNOWN_ALREADY):
                answers.append(Refused("chain_tx_refused", f"the node will not take it: {result}"))
            else:
                answers.append(keccak(raw))
        return answers


def _out_of_order(answer: bytes | ChainfinError) -> bool:
    return isinstance(answer, Refused) and "nonce too high" in answer.message.lower()


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _number(text: str) -> bytes:
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _block(raw: dict[str, Any]) -> Block:
    return Block(int(raw["number"], 16), _bytes(raw["hash"]), _bytes(raw["parentHash"]), int(raw["timestamp"], 16))


def _log(raw: dict[str, Any]) -> Log:
    return Log(
        address=parse_address(raw["address"]),
        topics=tuple(_bytes(topic) for topic in raw["topics"]),
        data=_bytes(raw["data"]),
        tx_hash=_bytes(raw["transactionHash"]),
        tx_index=int(raw["transactionIndex"], 16),
        log_index=int(raw["logIndex"], 16),
    )


def _receipt(raw: dict[str, Any]) -> Receipt:
    return Receipt(
        tx_hash=_bytes(raw["transactionHash"]),
        tx_index=int(raw["transactionIndex"], 16),
        tx_type=int(raw.get("type") or "0x0", 16),
        block_number=int(raw["blockNumber"], 16),
        block_hash=_bytes(raw["blockHash"]),
        succeeded=int(raw["status"], 16) == 1,
        gas_used=int(raw["gasUsed"], 16),
        cumulative_gas_used=int(raw["cumulativeGasUsed"], 16),
        contract_address=parse_address(raw["contractAddress"]) if raw.get("contractAddress") else None,
        logs=tuple(_log(log) for log in raw["logs"]),
    )


def _revert_data(data: Any) -> bytes | None:
    """The revert data wherever the node put it: plain (geth, anvil), or in an object (hardhat)."""
    if isinstance(data, dict):
        data = data.get("data") or data.get("result")
    if isinstance(data, str) and data.startswith("0x"):
        return _bytes(data)
    return None
