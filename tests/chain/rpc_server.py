"""A JSON-RPC endpoint over the embedded chain, with scripted faults: the RPC client's other side in tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import rlp
from rlp.sedes import big_endian_int

from chainfin.chain.embedded import EmbeddedNode
from chainfin.chain.node import Block, Log, Receipt, Reverted
from chainfin.errors import ChainfinError

_NUMBERS = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"}
_NAMES = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"),
    *("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"),
    *("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"),
)


class RpcServer:
    """``faults``: unknown (methods that the node lacks), forget (blocks answer null), silent (drops the connection),
    garbage (answers no JSON), lie_header, lie_time; and of a block's receipts those of `FALSE`."""

    def __init__(self, node: EmbeddedNode) -> None:
        self.node = node
        self.faults: set[str] = set()
        self.calls: list[str] = []
        self.url = ""

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(call["method"])
        head = {"jsonrpc": "2.0", "id": call["id"]}
        method = getattr(self, call["method"], None)
        if method is None or f"unknown {call['method']}" in self.faults:
            return {**head, "error": {"code": -32601, "message": "the method does not exist"}}
        try:
            return {**head, "result": method(*call["params"])}
        except Reverted as revert:
            return {**head, "error": {"code": 3, "message": "execution reverted", "data": "0x" + revert.data.hex()}}
        except ChainfinError as error:
            return {**head, "error": {"code": -32000, "message": error.message}}

    def _block(self, block: Block | None) -> dict[str, Any] | None:
        if block is None or "forget" in self.faults:
            return None
        fields = rlp.decode(self.node.header_rlp(block))
        shown: dict[str, Any] = {
            name: hex(big_endian_int.deserialize(value)) if name in _NUMBERS else "0x" + value.hex()
            for name, value in zip(_NAMES, fields, strict=True)
        }
        if "lie_header" in self.faults:
            shown["stateRoot"] = "0x" + "11" * 32
        if "lie_time" in self.faults:
            shown["timestamp"] = hex(block.timestamp * 1000)
        shown["hash"] = "0x" + block.hash.hex()
        shown["transactions"] = ["0x" + r.tx_hash.hex() for r in self.node.block_receipts(block)]
        return shown

    def _at(self, tag: str) -> Block:
        if tag in ("latest", "finalized"):
            return self.node.head()
        block = self.node.block(int(tag, 16))
        assert block is not None
        return block

    def eth_chainId(self) -> str:
        return hex(self.node.chain_id())

    def eth_gasPrice(self) -> str:
        return hex(self.node.gas_price())

    def eth_getBlockByNumber(self, tag: str, _full: bool) -> Any:
        known = tag in ("latest", "finalized") or self.node.block(int(tag, 16))
        return self._block(self._at(tag)) if known else None

    def eth_getBlockByHash(self, block_hash: str, _full: bool) -> Any:
        return self._block(self.node.block_by_hash(bytes.fromhex(block_hash[2:])))

    def eth_call(self, asked: dict[str, str], tag: str) -> str:
        data = bytes.fromhex(asked["data"][2:])
        return "0x" + self.node.call(asked["to"], data, self._at(tag), asked.get("from")).hex()

    def eth_getTransactionReceipt(self, tx_hash: str) -> Any:
        receipt = self.node.receipt(bytes.fromhex(tx_hash[2:]))
        return self._falsified([_receipt(receipt)])[0] if receipt else None

    def eth_getBlockReceipts(self, block_hash: str) -> Any:
        block = self.node.block_by_hash(bytes.fromhex(block_hash[2:]))
        return self._falsified([_receipt(r) for r in self.node.block_receipts(block)]) if block else None

    def _falsified(self, receipts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for fault in self.faults & FALSE.keys():
            for receipt in receipts:
                FALSE[fault](receipt)
        return receipts

    def eth_getTransactionCount(self, address: str, tag: str) -> str:
        return hex(self.node.nonce_of(address, self._at(tag)))

    def eth_getBalance(self, address: str, tag: str) -> str:
        return hex(self.node.balance_of(address, self._at(tag)))

    def eth_getCode(self, address: str, tag: str) -> str:
        return "0x" + self.node.code(address, self._at(tag)).hex()

    def eth_sendRawTransaction(self, raw: str) -> str:
        return "0x" + self.node.send_raw(bytes.fromhex(raw[2:])).hex()


FALSE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no logs": lambda receipt: receipt["logs"].clear(),
    "a log less": lambda receipt: receipt["logs"][-1:] and receipt["logs"].pop(),
    "a log twice": lambda receipt: receipt["logs"].extend(receipt["logs"][:1]),
    "other data": lambda receipt: [log.update(data="0x" + "22" * 32) for log in receipt["logs"]],
    "another topic": lambda receipt: [log.update(topics=["0x" + "33" * 32]) for log in receipt["logs"]],
    "failed": lambda receipt: receipt.update(status="0x0"),
}
"""What a node may say falsely of a transaction."""


def _log(log: Log, block: Block) -> dict[str, Any]:
    return {
        "address": log.address.lower(),
        "topics": ["0x" + t.hex() for t in log.topics],
        "data": "0x" + log.data.hex(),
        "transactionHash": "0x" + log.tx_hash.hex(),
        "transactionIndex": hex(log.tx_index),
        "logIndex": hex(log.log_index),
        "blockHash": "0x" + block.hash.hex(),
    }


def _receipt(receipt: Receipt) -> dict[str, Any]:
    block = Block(receipt.block_number, receipt.block_hash, b"", 0)
    return {
        "transactionHash": "0x" + receipt.tx_hash.hex(),
        "transactionIndex": hex(receipt.tx_index),
        "type": hex(receipt.tx_type),
        "blockNumber": hex(receipt.block_number),
        "blockHash": "0x" + receipt.block_hash.hex(),
        "status": hex(receipt.succeeded),
        "gasUsed": hex(receipt.gas_used),
        "cumulativeGasUsed": hex(receipt.cumulative_gas_used),
        "contractAddress": receipt.contract_address,
        "logs": [_log(log, block) for log in receipt.logs],
    }


@contextmanager
def serve(node: EmbeddedNode) -> Iterator[RpcServer]:
    rpc = RpcServer(node)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if "silent" in rpc.faults:
                self.close_connection = True
                return
            answer = [rpc.answer(call) for call in body] if isinstance(body, list) else rpc.answer(body)
            if "answer lost" in rpc.faults:
                self.close_connection = True
                return
            raw = b"<html>" if "garbage" in rpc.faults else json.dumps(answer).encode()
            self.send_response(502 if "gateway" in rpc.faults else 200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    rpc.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield rpc
    finally:
        server.shutdown()
        server.server_close()
