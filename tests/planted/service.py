"""Bugs that only a kill, a lost answer or a second process brings to light."""

from __future__ import annotations

from tests.planted.bug import LEFT_OUT, NEVER, Bug

SENDER = "tests/chain/test_sender.py::"
INDEXER = "tests/chain/test_indexer.py::"
WORKER = "tests/storage/test_connectors_worker.py::"

BUGS = (
    Bug(
        "a dead sender's claims are taken back",
        "chainfin/chain/sender.py:Sender.start",
        "self._take_back_claims(session)",
        LEFT_OUT,
        (SENDER + "test_crash__between_claim_and_storing__after_restart_sent_at_once",),
    ),
    Bug(
        "only a final receipt decides",
        "chainfin/chain/settling.py:Settler.settle",
        "elif receipt.block_number <= head.number - self._depth and self._stands(receipt):",
        "else:",
        (SENDER + "test_receipt_not_final_yet__not_reported__and_lease_over_sends_no_second",),
    ),
    Bug(
        "only final blocks are taken in",
        "chainfin/chain/indexer.py:Indexer.final_block",
        "head.number - self._finality.depth",
        "head.number",
        (INDEXER + "test_run__final_blocks_only__each_event_once_in_order",),
    ),
    Bug(
        "what another indexer took in isn't taken in again",
        "chainfin/chain/indexer.py:Indexer._take_in",
        "_cursor(session) != cursor",
        NEVER,
        (INDEXER + "test_second_indexer__cursor_moved_meanwhile__takes_nothing_twice",),
    ),
    Bug(
        "who lost its lease has no say",
        "chainfin/connectors/worker.py:Worker._take_in",
        "row.status != CommandState.CLAIMED or",
        NEVER,
        (WORKER + "test_worker__lease_lost_while_working__the_other_ones_word_stands",),
    ),
    Bug(
        "a second try isn't taken for a first one",
        "chainfin/connectors/worker.py:Worker._ask",
        "first=row.attempts == 1",
        "first=True",
        (WORKER + "test_worker__died_after_sending__next_one_takes_over_and_asks_first",),
    ),
    Bug(
        "the bank is asked before it is told again",
        "chainfin/connectors/payment_rail.py:PaymentRail.settle",
        "not first",
        NEVER,
        (
            "tests/unit/test_connectors_partners.py::"
            "test_settle__any_run_of_troubles_at_a_careless_bank__paid_exactly_once",
        ),
    ),
    Bug(
        "a request that had acted isn't run again after a crash",
        "chainfin/services/kernel/idempotency.py:Idempotency._again",
        '"committed" in row.headers',
        NEVER,
        ("tests/api/test_idempotency.py::test_crash__after_a_commit__the_retry_is_told_what_was_made",),
    ),
)
