"""Bugs in the main job's first half: from the admission of a participant to the money (a to c)."""

from __future__ import annotations

from tests.planted.bug import Bug

MAIN = "tests/e2e/test_main_job.py::"
BAD = "tests/e2e/test_bad_input.py::"
HONEST = "tests/e2e/test_audit.py::test_bundle__honest__everything_compared_and_right"

ADMISSION = (
    Bug(
        "a: a participant's own key is taken, none is made for it",
        "chainfin/services/parties/admission.py",
        'spelled = None if address is None else parse_address(address, where="address")',
        "spelled = None",
        (MAIN + "test_participants__all__no_key_speaks_for_two",),
    ),
    Bug(
        "a: who is admitted shows that it holds its key",
        "chainfin/services/parties/admission.py",
        "        eip712.verify(data, raw, party.address, ctx.clock.now())\n",
        "",
        (BAD + "test_consent__by_another_key__refused",),
    ),
    Bug(
        "a: the commitment on chain opens to the legal id",
        "chainfin/services/parties/admission.py",
        "legal_commitment(identity, salt).hex()",
        "legal_commitment(identity, secrets.token_bytes(32)).hex()",
        (HONEST,),
    ),
    Bug(
        "a: the roles on chain are those admitted",
        "chainfin/services/parties/admission.py",
        "Admit(commitment=party.commitment, roles=party.roles, key=party.address)",
        "Admit(commitment=party.commitment, roles=127, key=party.address)",
        (MAIN + "test_participants__admitted__own_key_and_valid_id_on_chain",),
    ),
)

TRADE = (
    Bug(
        "b: an order is posted by the buyer that it names",
        "chainfin/services/trade/orders.py",
        '        papers.must_be(papers.named(session, document.buyer, "buyer"), buyer_id, "buyer")\n',
        "",
        (BAD + "test_order__in_anothers_name__refused",),
    ),
    Bug(
        "b: an acknowledgement that says no is none",
        "chainfin/rules/order.py",
        "if response.accepted is not True:",
        "if False:",
        ("tests/unit/test_order.py::test_acknowledge__response_rejects__order_not_accepted",),
    ),
    Bug(
        "b: an act on an order is that of its own side",
        "chainfin/services/trade/orders.py",
        "    if owner != party_id:",
        "    if False:",
        ("tests/api/test_visibility.py::test_act__of_the_other_side_of_an_order__refused",),
    ),
    Bug(
        "b: no more is received than was despatched",
        "chainfin/rules/order.py",
        "if total > line.despatched:",
        "if False:",
        ("tests/unit/test_order.py::test_receive__more_than_despatched__receipt_above_despatch",),
    ),
    Bug(
        "b: the order here is the order on chain",
        "chainfin/services/reactions/chain_events.py",
        "    order.received = told.received\n",
        "    order.received = order.ordered - 1 if told.received else 0\n",
        (MAIN + "test_order__invoiced__row_is_what_the_contract_says",),
    ),
    Bug(
        "b: rejected goods were not received",
        "chainfin/documents/matching.py",
        "total[target.id] += line.accepted",
        "total[target.id] += line.quantity or Decimal(0)",
        ("tests/unit/test_order.py::test_receive__rejected_goods__not_counted",),
    ),
    Bug(
        "b, h: no receivable above what was received",
        "chainfin/rules/order.py",
        "    if wanted > limit:",
        "    if False:",
        (
            MAIN + "test_refusal__each__by_its_own_code",
            "tests/unit/test_order.py::test_invoice__above_what_was_received__refused_with_the_match_as_proof",
        ),
    ),
    Bug(
        "b: no receivable above what was invoiced",
        "chainfin/rules/order.py",
        "    wanted = found.payable if face is None else face\n",
        "    wanted = Money(order.received, order.currency) if face is None else face\n",
        ("tests/unit/test_order.py::test_invoice__for_less_than_was_received__face_is_the_invoice",),
    ),
    Bug(
        "b, h: goods are invoiced once",
        "chainfin/rules/order.py",
        "available = {line.id: max(Decimal(0), line.received - line.invoiced) for line in order.lines}",
        "available = {line.id: line.received for line in order.lines}",
        ("tests/unit/test_order.py::test_invoice__half_of_a_line_came_and_is_invoiced_again__invoice_above_received",),
    ),
    Bug(
        "b, h: the debtor confirms and nobody else",
        "chainfin/rules/receivable.py",
        'checks.only(receivable, by, receivable.debtor, "not_debtor") or checks.admits(receivable, "confirm")',
        'checks.admits(receivable, "confirm")',
        (
            MAIN + "test_refusal__each__by_its_own_code",
            "tests/api/test_visibility.py::test_confirmation__by_anybody_but_the_debtor__refused",
        ),
    ),
    Bug(
        "b: the debtor confirms the amount and the day that were issued",
        "chainfin/rules/receivable.py",
        "if (face.minor, face.currency, due) != (receivable.face, receivable.currency, receivable.due_date):",
        "if False:",
        ("tests/e2e/test_confirmation.py::test_confirmation__of_something_else__refused",),
    ),
    Bug(
        "b: the debtor confirms the document that was issued",
        "chainfin/services/trade/receivables.py",
        "        if document_root.lower() != root:",
        "        if False:",
        ("tests/e2e/test_confirmation.py::test_confirmation__of_something_else__refused",),
    ),
    Bug(
        "b: a confirmation counts on its order",
        "chainfin/services/reactions/asset_events.py",
        "    order.confirmed += row.face\n",
        "",
        (MAIN + "test_receivable__confirmed__face_is_what_was_received_and_invoiced",),
    ),
)

LENDING = (
    Bug(
        "c: nothing is lent before the confirmation",
        "chainfin/services/lending/decision_inputs.py",
        '"confirmed": asset.confirmed_at is not None,',
        '"confirmed": True,',
        ("tests/e2e/test_failures.py::test_application__before_the_confirmation__declined",),
    ),
    Bug(
        "c: each node tells that it started",
        "api/trail.py",
        "        if row.seq != seen_start:",
        "        if row.ended_at is None:",
        (MAIN + "test_events__live__every_start_and_end_once_in_order",),
    ),
    Bug(
        "c: the live stream wakes when something is committed",
        "api/sse.py",
        "loop.call_soon_threadsafe(happened.set)",
        "happened.is_set()",
        ("tests/api/test_sse.py::test_stream__what_was_before__then_what_commits_bring__then_the_end",),
    ),
    Bug(
        "c: the stream ends with the loan",
        "api/trail.py",
        "            loan_id=application.loan_id,",
        "            loan_id=None,",
        (MAIN + "test_events__live__every_start_and_end_once_in_order",),
    ),
    Bug(
        "c: each node's seconds are its own",
        "api/schemas/lending.py",
        "(row.ended_at - row.started_at).total_seconds():.6f",
        "(row.started_at - row.started_at).total_seconds():.6f",
        (MAIN + "test_nodes__seconds__are_from_their_start_to_their_end",),
    ),
    Bug(
        "c: the offer is taken by the borrower's own signature",
        "chainfin/services/kernel/acts.py",
        "    acts.verify(row.typed_data, raw, row.signer, ctx.clock.now())\n",
        "",
        (BAD + "test_offer__accepted_by_another_key__refused_and_it_still_stands",),
    ),
    Bug(
        "c: the pledge carries the registry's number",
        "chainfin/services/pledges/register.py",
        "registry_no=registry_hex(number)",
        'registry_no=registry_hex("SB")',
        (HONEST,),
    ),
    Bug(
        "c: the pledge is named by its decision",
        "chainfin/services/lending/decision.py",
        "loan_book.loan_ref(loan_id), str(row.record_hash), acts.chain_number(lender)",
        'loan_book.loan_ref(loan_id), "0x" + "11" * 32, acts.chain_number(lender)',
        (HONEST,),
    ),
    Bug(
        "c: the decision can be taken again",
        "chainfin/risk/decide.py",
        "    limit = limit_of(parts)\n",
        "    limit = limit_of(parts) + id(parts) % 2 + 1\n",
        (MAIN + "test_limit__general_path__parts_add_up_and_are_those_decided_on",),
    ),
    Bug(
        "c: the pledge waits for the registry",
        "chainfin/services/lending/funding.py",
        "    pledge.registry_number = number\n",
        '    pledge.registry_number = "SB" + pledge.id[2:10]\n',
        (MAIN + "test_pledge__loan_funded__on_chain_registered_and_named_by_its_decision",),
    ),
    Bug(
        "c: the asset is promised once",
        "chainfin/services/lending/applications.py",
        " or free < offer.pledge_amount:",
        " or False:",
        ("tests/e2e/test_races.py::test_applications__at_once__never_above_the_limit_nor_the_asset",),
    ),
    Bug(
        "c: nothing is lent on what was disputed after the offer",
        "chainfin/services/lending/applications.py",
        'if asset.status not in ("confirmed", "issued") or ',
        "if ",
        ("tests/e2e/test_failures.py::test_offer__disputed_meanwhile__falls",),
    ),
    Bug(
        "c: the loan runs from the day of the payout",
        "chainfin/rules/loan/life.py",
        "        accrued_to=on,\n",
        "        accrued_to=loan.terms.start,\n",
        ("tests/unit/test_loan.py::test_disburse__a_day_late__interest_runs_from_the_payout",),
    ),
)

BUGS = (*ADMISSION, *TRADE, *LENDING)
