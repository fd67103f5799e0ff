"""The embedded chain's common face: web3.py reads by it what the node says, and can't write past the node."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_typing import Hash32

from chainfin.chain.embedded import CHAIN_ID, EmbeddedNode
from chainfin.chain.tester import face, web3_of
from chainfin.errors import Refused
from chainfin.eth.signer import KeySigner
from chainfin.eth.transaction import Transaction
from tests.chain.tools import KEY, SENDER, Clock

SENDER_KEY = KeySigner(KEY)
OTHER = "0x5B38Da6a701c568545dCfcB03FcB875f56beddC4"


def test_web3__on_the_embedded_chain__reads_what_the_node_says(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path, Clock(), funded=[SENDER])
    web3 = web3_of(node)
    assert web3.is_connected()
    sent = node.send_raw(Transaction(0, 14, 100_000, OTHER, b"", CHAIN_ID).signed(SENDER_KEY)[1])
    block = web3.eth.get_block("latest")
    assert (block["number"], bytes(block["hash"])) == (node.head().number, node.head().hash)
    assert web3.eth.get_transaction_count(web3.to_checksum_address(SENDER)) == 1
    assert web3.eth.get_transaction_receipt(Hash32(sent))["status"] == 1
    assert web3.eth.get_balance(web3.to_checksum_address(SENDER)) == node.balance_of(SENDER, node.head())
    node.close()


def test_face__asked_to_write__refuses(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path, Clock(), funded=[SENDER])
    raw = Transaction(0, 14, 100_000, OTHER, b"", CHAIN_ID).signed(SENDER_KEY)[1]
    with pytest.raises(Refused):
        face(node).send_raw_transaction("0x" + raw.hex())
    with pytest.raises(Refused):
        face(node).mine_blocks()
    assert node.head().number == 0
    node.close()
