"""Random deeds that make sense often enough to get far: the right party, amounts at the edges, and all else too."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tests.differential.services.deed import Deed
from tests.differential.services.generate_batches import BatchDeed, BatchMaker
from tests.differential.services.harness import Harness, Known

BATCHES = 0.08
"""Of all that happens so much is a batch."""


class Generator(BatchMaker):
    """Deeds for what there is now."""

    def __init__(self, harness: Harness, seed: int) -> None:
        super().__init__(harness, random.Random(seed))
        self._menu: Sequence[tuple[int, Callable[[], Deed]]] = (
            (7, self.post), (22, self.order_act), (13, self.bill), (13, self.confirm), (18, self.claim_act),
            (10, self.pledge), (13, self.pledge_act), (5, self.substitute), (7, self.settle), (3, self.repay),
            (4, self.buy_back), (3, self.line), (4, self.store), (7, self.receipt_act), (4, self.operate),
            (3, self.wait),
        )  # fmt: skip

    def next(self, known: Known) -> Deed | BatchDeed:
        """The next deed, for what there is now."""
        self.known = known
        undo = self.undo()
        if undo is not None:
            return undo
        batch = self.batch() if self.chance(BATCHES) else None
        if batch is not None:
            return batch
        weights = [weight for weight, _ in self._menu]
        return self.dice.choices([make for _, make in self._menu], weights)[0]()
