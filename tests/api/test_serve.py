"""The server's own housekeeping."""

from __future__ import annotations

import gc

from api.serve import _memory_at_rest


def test_memory__while_serving__what_stands_is_left_out_of_the_collectors_rounds() -> None:
    gc.unfreeze()  # a type checker that another test runs in this process leaves something behind
    with _memory_at_rest():
        assert gc.get_freeze_count() > 10_000
    assert gc.get_freeze_count() == 0
