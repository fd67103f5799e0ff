"""Bugs that only a kill, a lost answer or a second process brings to light."""

from __future__ import annotations

from tests.planted.bug import Bug

SENDER = "tests/chain/test_sender.py::"
INDEXER = "tests/chain/test_indexer.py::"
PARKED = "tests/e2e/test_parked.py::"
WORKER = "tests/storage/test_connectors_worker.py::"
PARTNERS = "tests/unit/test_connectors_partners.py::"
IDEMPOTENCY = "tests/api/test_idempotency.py::"

CHAIN = (
    Bug(
        "stored before sent, with a check first",
        "chainfin/chain/sender.py",
        "                raws = self._store_signed(session, passed, price)\n            self._settler.send(raws)",
        "                raws = self._store_signed(session, passed, price)\n                self._settler.send(raws)",
        (SENDER + "test_crash__around_the_sending__after_restart_done_once",),
    ),
    Bug(
        "stored before sent, without a check",
        "chainfin/chain/sender.py",
        "            raws = self._store_signed(session, commands, price)\n        self._settler.send(raws)",
        "            raws = self._store_signed(session, commands, price)\n            self._settler.send(raws)",
        (SENDER + "test_crash__around_the_sending__after_restart_done_once",),
    ),
    Bug(
        "a command has one transaction",
        "chainfin/chain/sender.py",
        "            if command.row_id in taken:\n                continue\n            signed",
        "            signed",
        (SENDER + "test_two_workers__holding_the_same_row__one_transaction_and_no_refusal",),
    ),
    Bug(
        "a dead sender's claims are taken back",
        "chainfin/chain/sender.py",
        "            self._take_back_claims(session)\n",
        "",
        (SENDER + "test_crash__between_claim_and_storing__after_restart_sent_at_once",),
    ),
    Bug(
        "no answer isn't a refusal",
        "chainfin/chain/settling.py",
        "            if receipt is None:\n                lost.append(row)",
        "            if receipt is None:\n                pass",
        (SENDER + "test_no_answer__is_unknown__asked_and_sent_again_never_failed",),
    ),
    Bug(
        "only a final receipt decides",
        "chainfin/chain/settling.py",
        "            elif receipt.block_number <= head.number - self._depth:",
        "            else:",
        (SENDER + "test_receipt_not_final_yet__not_reported__and_lease_over_sends_no_second",),
    ),
    Bug(
        "a chain that forgot what was sent is refused",
        "chainfin/chain/sender.py",
        "            if row.next > on_chain and not self._covered(session, on_chain, row.next):",
        "            if False:",
        (SENDER + "test_start__chain_forgot_what_was_sent__refused",),
    ),
    Bug(
        "the cursor moves with the events",
        "chainfin/chain/indexer.py",
        "                    for event in events:\n",
        "                    session.commit()\n"
        "                    session.begin()\n"
        "                    for event in events:\n",
        (INDEXER + "test_projection_fails__nothing_of_the_batch_stays",),
    ),
    Bug(
        "what another indexer took in isn't taken in again",
        "chainfin/chain/indexer.py",
        "                if _cursor(session) != cursor:\n                    return None\n",
        "",
        (INDEXER + "test_second_indexer__cursor_moved_meanwhile__takes_nothing_twice",),
    ),
    Bug(
        "only final blocks are taken in",
        "chainfin/chain/indexer.py",
        "        number = head.number - self._finality.depth\n",
        "        number = head.number\n",
        (INDEXER + "test_run__final_blocks_only__each_event_once_in_order",),
    ),
    Bug(
        "a block is on the disk before it is told of",
        "chainfin/chain/embedded.py",
        "                self._store.commit()\n                block = _block",
        "                if mined.header.block_number == 1:\n"
        "                    self._store.commit()\n                block = _block",
        ("tests/chain/test_embedded.py::test_kill_9__at_any_moment__nothing_acknowledged_is_lost",),
    ),
)

OUTBOX = (
    Bug(
        "a command is in the transaction of what it belongs to",
        "chainfin/storage/outbox.py",
        "    session.add(row)\n    session.flush()\n    tell(session, topic)\n    return row\n",
        "    bind = session.get_bind()\n\n"
        "    def afterwards(_session: object) -> None:\n"
        "        with Session(bind, expire_on_commit=False) as own:\n"
        "            own.add(row)\n"
        "            own.commit()\n\n"
        "    from sqlalchemy import event\n\n"
        '    event.listen(session, "after_commit", afterwards, once=True)\n'
        "    tell(session, topic)\n"
        "    return row\n",
        ("tests/storage/test_outbox.py::test_put__before_the_commit__in_the_same_transaction",),
    ),
    Bug(
        "a command is given once",
        "chainfin/storage/outbox.py",
        "    if existing is not None:\n        return existing\n    row",
        "    key += f'-{existing.id}' if existing is not None else ''\n    row",
        ("tests/storage/test_outbox.py::test_put__same_key_again__the_row_that_stands",),
    ),
    Bug(
        "a lease that has run out is taken over",
        "chainfin/storage/outbox.py",
        '        (col(OutboxRow.status) == "claimed") & (col(OutboxRow.claimed_until) < now),',
        '        (col(OutboxRow.status) == "never") & (col(OutboxRow.claimed_until) < now),',
        (
            WORKER + "test_worker__died_after_sending__next_one_takes_over_and_asks_first",
            "tests/storage/test_parallel.py::test_claim__lease_run_out__another_takes_over_and_the_first_has_no_say",
        ),
    ),
    Bug(
        "what was claimed isn't claimed by another",
        "chainfin/storage/outbox.py",
        '        row.status = "claimed"\n',
        "",
        ("tests/storage/test_parallel.py::test_claim__eight_sessions__each_row_once",),
    ),
    Bug(
        "a claim of the dead is taken up at the start",
        "chainfin/connectors/worker.py",
        "        if self._alone:\n",
        "        if False:\n",
        ("tests/storage/test_take_over.py::test_worker_alone__claim_of_a_dead_one__asked_about_at_once",),
    ),
    Bug(
        "a result and what follows from it are one",
        "chainfin/connectors/worker.py",
        "            with session.begin_nested():\n",
        "            if True:\n",
        (WORKER + "test_worker__service_fails__its_writes_are_taken_back_and_others_go_on",),
    ),
    Bug(
        "who lost its lease has no say",
        "chainfin/connectors/worker.py",
        '        if row.status != "claimed" or row.claimed_by != self._name:',
        "        if False:",
        (WORKER + "test_worker__lease_lost_while_working__the_other_ones_word_stands",),
    ),
    Bug(
        "what was received and not decided is decided later",
        "chainfin/services/lending/applications.py",
        "    before = ctx.clock.now() - RESUME_AFTER\n",
        "    before = ctx.clock.now() - 1000000 * RESUME_AFTER\n",
        ("tests/storage/test_take_over.py::test_apply__process_ends_before_the_decision__decided_later_and_once",),
    ),
)

PAYMENTS = (
    Bug(
        "a second try isn't a first one",
        "chainfin/connectors/worker.py",
        "first=row.attempts == 1)",
        "first=True)",
        (
            WORKER + "test_worker__died_after_sending__next_one_takes_over_and_asks_first",
            WORKER + "test_worker__no_definite_answer__comes_back_later_and_not_as_the_first",
        ),
    ),
    Bug(
        "an instruction keeps its id",
        "chainfin/connectors/handlers.py",
        'instruction_id=_text(task, "instruction_id"),\n        payee_account',
        'instruction_id=_text(task, "instruction_id") + "-again" * (not task.first),\n        payee_account',
        (
            PARTNERS + "test_handler__pay_a_second_time__under_the_same_id",
            "tests/e2e/test_failures.py::test_payment__settled_after_the_term__loan_is_on_the_books",
        ),
    ),
    Bug(
        "the bank is asked before it is told again",
        "chainfin/connectors/payment_rail.py",
        "        if not first:\n",
        "        if False:\n",
        (
            PARTNERS + "test_settle__second_time_and_already_paid__does_not_pay",
            PARTNERS + "test_settle__any_run_of_troubles_at_a_careless_bank__paid_exactly_once",
        ),
    ),
    Bug(
        "a conflict at the bank isn't a refusal",
        "chainfin/connectors/payment_rail.py",
        'if isinstance(sent, Refused) and sent.code == "payment_instruction_conflict":',
        "if False:",
        ("tests/e2e/sandbox/test_rail.py::test_pay__instruction_id_used_for_another_payment__refused",),
    ),
    Bug(
        "a confirmation of something else confirms nothing",
        "chainfin/connectors/payment_rail.py",
        "            if _amount(answer) != instruction.amount or answer.payee_account != instruction.payee_account:",
        "            if False:",
        (PARTNERS + "test_pay__confirmation_of_something_else__unknown",),
    ),
    Bug(
        "a loan is paid out once however often it is reported",
        "chainfin/services/lending/funding.py",
        "    if loan.state is not LoanState.APPROVED:\n        return\n    on = max",
        "    on = max",
        ("tests/e2e/test_failures.py::test_payment__reported_twice__on_the_books_once",),
    ),
    Bug(
        "an incoming payment is taken once",
        "chainfin/services/payments/incoming.py",
        "    if known is None:\n        _take",
        "    if known is not None:\n"
        "        import dataclasses\n"
        "        arrival = dataclasses.replace(arrival, bank_ref=f'{arrival.bank_ref}-again')\n"
        "        known = None\n"
        "    if known is None:\n        _take",
        ("tests/e2e/test_races.py::test_payment__taken_in_by_two_at_once__booked_once",),
    ),
    Bug(
        "the bank's cursor moves with the payments",
        "chainfin/services/payments/incoming.py",
        "    with ctx.store.begin() as session:\n        journals.lock(session)\n        for line in lines:",
        "    with ctx.store.begin() as session:\n"
        '        session.merge(FactRow(name="rail_cursor", value={"sequence": next_cursor}))\n'
        "    with ctx.store.begin() as session:\n        journals.lock(session)\n        for line in lines:",
        (
            "tests/e2e/test_payments.py::test_page__process_ends_at_one_of_its_payments__none_is_taken_and_the_cursor_stays",
            PARKED + "test_page__database_away_in_the_middle__nothing_taken_nothing_parked",
        ),
    ),
    Bug(
        "a line that can't be applied leaves nothing half-posted",
        "chainfin/services/payments/incoming.py",
        "                with session.begin_nested():\n                    new = take_line",
        "                if True:\n                    new = take_line",
        (PARKED + "test_line__a_fault_of_ours__parks_that_line_with_nothing_half_posted",),
    ),
    Bug(
        "a reference that comes again with another amount is no repetition",
        "chainfin/services/payments/incoming.py",
        "    if not _same(known, arrival):\n",
        "    if False:\n",
        (PARKED + "test_line__same_reference_with_another_amount__parked_and_the_first_stands",),
    ),
)

REQUESTS = (
    Bug(
        "a request that had acted isn't run again after a crash",
        "api/idempotency.py",
        '        if "committed" in row.headers:',
        "        if False:",
        (
            IDEMPOTENCY + "test_crash__after_a_commit__the_retry_is_told_what_was_made",
            IDEMPOTENCY + "test_kill_9__in_the_middle__effect_once_or_a_key_that_is_free",
        ),
    ),
    Bug(
        "what a request committed is noted with it",
        "api/idempotency.py",
        'event.listen(SqlSession, "before_commit", _mark)\n',
        "",
        (IDEMPOTENCY + "test_crash__after_a_commit__the_retry_is_told_what_was_made",),
    ),
    Bug(
        "a request that is being answered isn't begun again",
        "api/idempotency.py",
        "        if not self._is_dead(row):\n            raise _in_flight()\n",
        "",
        (
            IDEMPOTENCY + "test_claim__of_a_living_process__is_in_flight",
            IDEMPOTENCY + "test_key__parallel_threads__one_effect",
        ),
    ),
    Bug(
        "the stream goes on after the last event heard",
        "api/trail.py",
        "queries.trail(ctx, actor, application_id, seq if ended else seq - 1)",
        "queries.trail(ctx, actor, application_id, 0)",
        ("tests/api/test_lending.py::test_events__resumed__begin_where_they_stopped",),
    ),
    Bug(
        "who leaves an offer leaves no open node",
        "chainfin/services/lending/progress.py",
        "        row.ended_at = ctx.clock.now()\n",
        '        row.ended_at = ctx.clock.now() if outcome == "done" else None\n',
        (
            "tests/e2e/test_main_job.py::test_application__funded__trail_in_order_and_each_node_ended",
            "tests/storage/test_news.py::test_nodes__begun_and_ended_over_transactions__numbered_on",
        ),
    ),
)

BUGS = (*CHAIN, *OUTBOX, *PAYMENTS, *REQUESTS)
