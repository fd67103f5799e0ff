"""A relayer without money for gas: said plainly, with the address that needs it, and sent again once it is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chainfin.chain.deploy import deploy
from chainfin.chain.embedded import EmbeddedNode
from chainfin.errors import ChainfinError, Refused, Unavailable
from chainfin.eth.keys import address_of
from tests.chain.spine import open_store, rig
from tests.chain.test_sender import post
from tests.chain.tools import Clock
from tests.chain.world import build

POOR = bytes(31) + b"\x07"


def test_deploy__relayer_unfunded__names_the_address(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path, Clock(), funded=[])
    with pytest.raises(Unavailable) as caught:
        deploy(node, POOR, operator=address_of(POOR))
    assert (caught.value.code, caught.value.where) == ("relayer_unfunded", address_of(POOR))
    node.close()


class Broke:
    """The embedded node while the relayer's account is empty."""

    def __init__(self, real: EmbeddedNode) -> None:
        self._real = real
        self.empty = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def balance_of(self, address: str, block: Any) -> int:
        return 0 if self.empty else self._real.balance_of(address, block)

    def send_raw_many(self, raws: list[bytes]) -> list[bytes | ChainfinError]:
        if self.empty:
            return [Refused("chain_tx_refused", "insufficient funds for gas") for _ in raws]
        return self._real.send_raw_many(raws)


def test_sender__relayer_runs_out_of_money__says_so_and_sends_the_same_bytes_later(tmp_path: Path) -> None:
    world = build(tmp_path / "chain")
    node = Broke(world.node)
    made = rig(world, open_store(tmp_path), node=node)
    row = made.put("a1", post(world, "PO"))
    with pytest.raises(Unavailable) as caught:
        made.driver.run_until_idle()
    assert (caught.value.code, caught.value.where) == ("relayer_unfunded", made.sender.address)
    stored = [each.raw for each in made.transactions()]
    node.empty = False
    made.sender._settler._sent_at.clear()  # the wait between two sendings is over
    made.driver.run_until_idle()
    assert made.row(row).status == "done"
    assert [each.raw for each in made.transactions()] == stored
