"""Random deeds that make sense often enough to get far: the right party, amounts at the edges, and all else too."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tests.differential.services.deed import Deed
from tests.differential.services.generate_batches import BatchDeed
from tests.differential.services.generate_rare import LATE, Rare
from tests.differential.services.harness import Harness, Known

BATCHES = 0.08
"""Of all that happens so much is a batch."""
LED = 0.25
"""And so much leads to an act that wasn't taken yet, as long as there is one."""
SETTLED_UP = 0.15
"""How likely an overdue loan is repaid at once: with many of them nobody would get another."""


class Generator(Rare):
    """Deeds for what there is now."""

    def __init__(self, harness: Harness, seed: int) -> None:
        super().__init__(harness, random.Random(seed))
        self._menu: Sequence[tuple[int, Callable[[], Deed]]] = (
            (7, self.post), (22, self.order_act), (13, self.bill), (13, self.confirm), (18, self.claim_act),
            (10, self.pledge), (13, self.pledge_act), (5, self.substitute), (7, self.settle), (3, self.repay),
            (4, self.buy_back), (3, self.line), (4, self.store), (7, self.receipt_act), (4, self.operate),
            (3, self.wait),
        )  # fmt: skip

    def next(self, known: Known, lacking: Sequence[str] = (), so_far: float = 0.0) -> Deed | BatchDeed:
        """The next deed, for what there is now. ``lacking``: acts that were never taken; ``so_far``: how much of
        the run is over, 0 to 1."""
        self.known = known
        led = self.toward(lacking, so_far) if lacking and self.chance(LED) else None
        first = self.undo() or led or self._settled_up(so_far)
        if first is not None:
            return first
        batch = self.batch() if self.chance(BATCHES) else None
        if batch is not None:
            return batch
        weights = [weight for weight, _ in self._menu]
        return self.dice.choices([make for _, make in self._menu], weights)[0]()

    def _settled_up(self, so_far: float) -> Deed | None:
        late = [row for row in self.known.loans if row.status == "overdue"]
        return self.repaid(late[0], whole=True) if late and so_far < LATE and self.chance(SETTLED_UP) else None
