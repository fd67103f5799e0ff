"""Bugs in the deal itself: who takes part, what is owed, what is lent on, and how it is shown."""

from __future__ import annotations

from tests.planted.bug import LEFT_OUT, NEVER, Bug

MAIN = "tests/e2e/test_main_job.py::"
BAD = "tests/e2e/test_bad_input.py::"
FAILURES = "tests/e2e/test_failures.py::"
HONEST = "tests/e2e/test_audit.py::test_bundle__honest__everything_compared_and_right"
FORGED = "tests/e2e/test_audit_forged.py::"
SECURED = "tests/e2e/test_audit_securities_forged.py::"

ADMISSION = (
    Bug(
        "who is admitted shows that it holds its key",
        "chainfin/services/parties/admission.py:consent",
        "eip712.verify(",
        LEFT_OUT,
        (BAD + "test_consent__by_another_key__refused",),
    ),
    Bug(
        "the commitment on chain opens to the legal id",
        "chainfin/services/parties/admission.py:commit_to",
        "legal_commitment(identity, salt)",
        "legal_commitment(identity, secrets.token_bytes(32))",
        (HONEST,),
    ),
    Bug(
        "the roles on chain are those admitted",
        "chainfin/services/parties/admission.py:_admit",
        "roles=party.roles",
        "roles=127",
        (MAIN + "test_participants__admitted__own_key_and_valid_id_on_chain",),
    ),
    Bug(
        "an act is signed by its party's own key",
        "chainfin/services/kernel/acts.py:submit",
        "eip712.verify(",
        LEFT_OUT,
        (BAD + "test_signature__of_another_key__refused_and_the_act_still_waits",),
    ),
)

TRADE = (
    Bug(
        "an order is posted by the buyer that it names",
        "chainfin/services/trade/orders.py:post_order",
        "trade_documents.must_be(",
        LEFT_OUT,
        (BAD + "test_order__in_anothers_name__refused",),
    ),
    Bug(
        "an act on an order is that of its own side",
        "chainfin/services/trade/orders.py:for_party",
        "owner != party_id",
        NEVER,
        ("tests/api/test_visibility.py::test_act__of_the_other_side_of_an_order__refused",),
    ),
    Bug(
        "rejected goods were not received",
        "chainfin/documents/matching.py:quantities",
        "+= found.line.accepted",
        "+= found.line.quantity or Decimal(0)",
        ("tests/unit/test_order.py::test_receive__rejected_goods__not_counted",),
    ),
    Bug(
        "no receivable is above what was received",
        "chainfin/rules/order.py:invoice",
        "wanted > limit",
        NEVER,
        (
            MAIN + "test_refusal__each__by_its_own_code",
            "tests/unit/test_order.py::test_invoice__above_what_was_received__refused_with_the_match_as_proof",
        ),
    ),
    Bug(
        "goods are invoiced once",
        "chainfin/rules/order.py:invoice",
        "max(Decimal(0), line.received - line.invoiced)",
        "line.received",
        ("tests/unit/test_order.py::test_invoice__half_of_a_line_came_and_is_invoiced_again__invoice_above_received",),
    ),
    Bug(
        "one invoice gives one receivable",
        "chainfin/services/trade/claim_ids.py:_standing",
        "return None if row is None or row.status in NOT_BILLED else row",
        "return None",
        (MAIN + "test_refusal__each__by_its_own_code",),
    ),
    Bug(
        "an invoice typed another way is the same invoice",
        "chainfin/documents/fingerprint.py:_keyed",
        "normalised(invoice_id)",
        "invoice_id",
        ("tests/unit/test_documents_fingerprint.py::test_invoice_fingerprint__typed_another_way__same",),
    ),
    Bug(
        "the debtor confirms and nobody else",
        "chainfin/rules/receivable.py:confirm",
        'checks.only(receivable, by, receivable.debtor, "not_debtor") or',
        "",
        (
            MAIN + "test_refusal__each__by_its_own_code",
            "tests/api/test_visibility.py::test_confirmation__by_anybody_but_the_debtor__refused",
        ),
    ),
    Bug(
        "the debtor confirms the document that was issued",
        "chainfin/services/trade/receivables.py:confirm",
        "document_root.lower() != root",
        NEVER,
        ("tests/e2e/test_confirmation.py::test_confirmation__of_something_else__refused",),
    ),
    Bug(
        "a debtor's client confirms only what its own copy of the invoice says",
        "chainfin/documents/opening.py:Opening.check",
        "detail.root.lower() not in committed",
        NEVER,
        ("tests/unit/test_documents_opening.py::test_check__something_else__refused_by_name",),
    ),
    Bug(
        "confirmations on their way count on the debtor's line",
        "chainfin/services/trade/debtor_lines.py:unless_exceeded",
        "row.used + under_way",
        "row.used",
        (
            "tests/e2e/test_lines.py::"
            "test_confirmations__two_of_which_the_line_carries_one__the_second_refused_while_the_first_is_on_its_way",
        ),
    ),
)

LENDING = (
    Bug(
        "another's receivable is as unknown as none",
        "chainfin/services/lending/applications.py:_own_asset",
        "row is None or assets.holder_of(row) != borrower_id",
        "row is None",
        (BAD + "test_application__on_anothers_receivable__as_unknown_as_none",),
    ),
    Bug(
        "nothing is lent before the debtor's confirmation",
        "chainfin/services/lending/decision_inputs.py:for_receivable",
        "facts.confirmed",
        "True",
        (FAILURES + "test_application__before_the_confirmation__declined",),
    ),
    Bug(
        "an offer is taken by the borrower's own signature",
        "chainfin/services/kernel/acts.py:take_acceptance",
        "eip712.verify(",
        LEFT_OUT,
        (BAD + "test_offer__accepted_by_another_key__refused_and_it_still_stands",),
    ),
    Bug(
        "a part of an asset is promised once",
        "chainfin/services/lending/decision_inputs.py:for_receivable",
        "- standing.promised",
        "",
        ("tests/e2e/test_open_offers.py::test_offers__of_several_lenders__share_what_the_asset_carries",),
    ),
    Bug(
        "nothing is lent on what was disputed after the offer",
        "chainfin/services/lending/applications.py:_reserve",
        "value.pledge(",
        LEFT_OUT,
        (FAILURES + "test_offer__disputed_meanwhile__falls",),
    ),
    Bug(
        "a pledge is named by its decision",
        "chainfin/services/lending/decision.py:_acceptance",
        "str(row.record_hash), acts.chain_number(lender)",
        '"0x" + "11" * 32, acts.chain_number(lender)',
        (HONEST,),
    ),
    Bug(
        "a pledge carries the registry's own number",
        "chainfin/services/lending/disbursement.py:registered",
        "pledge.registry_number = number",
        'pledge.registry_number = "SB" + pledge.id[2:10]',
        (MAIN + "test_pledge__loan_funded__on_chain_registered_and_named_by_its_decision",),
    ),
    Bug(
        "an ended pledge leaves the registry",
        "chainfin/services/pledges/release.py:end_or_go_on",
        "register.unregister(",
        LEFT_OUT,
        ("tests/e2e/test_payments.py::test_borrower__pays_too_much__rest_goes_back",),
    ),
    Bug(
        "what is promised to a lender is no substitute",
        "chainfin/services/pledges/substitution.py:_judge",
        "receivable_state.unless_promised(",
        LEFT_OUT,
        ("tests/e2e/test_substitution_offers.py::test_offer__what_cannot_be__refused",),
    ),
    Bug(
        "nothing is pledged for a loan that was repaid meanwhile",
        "chainfin/services/pledges/substitution.py:registered",
        "not in ACCRUING",
        NEVER,
        ("tests/e2e/test_substitution.py::test_loan__repaid_before_the_registry_answers__nothing_is_pledged",),
    ),
)

EVIDENCE = (
    Bug(
        "every fact in the evidence has the signature that it needs",
        "chainfin/audit/signatures.py:check_acts",
        "(fact.number, expected.act) in signed",
        "True",
        (FORGED + "test_forged__act_left_out__named",),
    ),
    Bug(
        "the headers lead to the trusted one",
        "chainfin/audit/proofs.py:verify_ancestry",
        "child.parent_hash != parent.hash or",
        "",
        (FORGED + "test_forged__header__link_fails",),
    ),
    Bug(
        "each pledge in the evidence has its entry in the registry",
        "chainfin/audit/money_trail.py:check_registry",
        "len(mine) == 1",
        "True",
        (SECURED + "test_forged__registry_evidence_left_out__named",),
    ),
)

BUGS = (*ADMISSION, *TRADE, *LENDING, *EVIDENCE)
