"""Bugs in the main job's second half: goods, the general path, settlement, evidence, refusals (d to h); folders."""

from __future__ import annotations

from tests.planted.bug import Bug

MAIN = "tests/e2e/test_main_job.py::"
DEMO = "tests/e2e/test_demo.py::"
FORGED = "tests/e2e/test_audit_forged.py::"

GOODS_AND_GENERAL = (
    Bug(
        "d: the pledge is worth the loan at the price",
        "chainfin/services/lending/decision_inputs.py",
        "price_minor=price.minor_per_unit)",
        "price_minor=2 * price.minor_per_unit)",
        (MAIN + "test_goods__part_repaid__goods_beyond_the_need_released_on_chain",),
    ),
    Bug(
        "d: the newest price counts",
        "chainfin/services/goods/receipts.py",
        ".order_by(col(PriceRow.as_of).desc(), col(PriceRow.id).desc())",
        ".order_by(col(PriceRow.as_of), col(PriceRow.id))",
        ("tests/e2e/test_goods.py::test_price__set_anew__the_pledge_follows_it",),
    ),
    Bug(
        "d: a part repayment frees goods",
        "chainfin/services/payments/allocation.py",
        '        elif pledge.asset_kind == "warehouse_receipt" and',
        '        elif pledge.asset_kind == "nothing" and',
        (MAIN + "test_goods__part_repaid__goods_beyond_the_need_released_on_chain",),
    ),
    Bug(
        "d: what is left of the loan stays covered",
        "chainfin/rules/inventory.py",
        "return max(0, pledged - quantity_to_cover(outstanding, price, ltv))",
        "return max(0, pledged - quantity_to_cover(outstanding, price, ltv) // 2)",
        (
            MAIN + "test_goods__part_repaid__goods_beyond_the_need_released_on_chain",
            "tests/unit/test_inventory.py::test_releasable__part_repaid__goods_in_proportion",
        ),
    ),
    Bug(
        "d: pledged goods don't leave",
        "chainfin/services/goods/receipts.py",
        "row.issued - row.pledged - row.released - row.liquidated - row.missing - row.reserved",
        "row.issued - row.released - row.liquidated - row.missing - row.reserved",
        ("tests/e2e/test_goods.py::test_release__of_what_is_pledged__exceeds_free",),
    ),
    Bug(
        "e: the parts of the limit add up to the fen",
        "api/schemas/lending.py",
        'amount=major(int(part["amount_minor"]), view.row.currency),',
        'amount=major(int(part["amount_minor"]) // 100 * 100, view.row.currency),',
        (MAIN + "test_limit__general_path__parts_add_up_and_are_those_decided_on",),
    ),
    Bug(
        "e: each part is what its factor says",
        "chainfin/risk/general.py",
        "        amount = base * factor // 10_000\n",
        "        amount = base * factor // 10_000 + 1\n",
        ("tests/unit/test_risk_general.py::test_limit__plain_shop__parts_named_and_exact",),
    ),
    Bug(
        "e: the limit bounds the loan",
        "chainfin/risk/decide.py",
        'Bound("limit", limit), ',
        "",
        ("tests/properties/test_risk.py::test_amount__any_decision__within_every_bound",),
    ),
    Bug(
        "e: nothing is pledged on the general path",
        "chainfin/services/lending/funding.py",
        "    if pledge is None:\n        _pay_out",
        '    if pledge is None:\n        nodes.at_once(session, ctx, application, "pledging")\n        _pay_out',
        (MAIN + "test_general_path__funded__without_registry_or_pledge",),
    ),
)

SETTLEMENT = (
    Bug(
        "f: the lender is served before the holder",
        "chainfin/services/payments/allocation.py",
        "part = min(spread.left, Money(max(0, open_part), asset.currency))",
        "part = min(spread.left, Money(max(0, open_part // 2), asset.currency))",
        (MAIN + "test_waterfall__debtor_pays__lender_first_and_the_rest_to_the_holder",),
    ),
    Bug(
        "f: the rest leaves to the holder",
        "chainfin/services/payments/allocation.py",
        "    for (asset_id, party_id), amount in spread.owed.items():\n",
        "    for (asset_id, party_id), amount in ():\n",
        (MAIN + "test_holder__debtor_paid__gets_all_that_the_lender_does_not",),
    ),
    Bug(
        "f: a repaid loan's pledge is released",
        "chainfin/services/payments/allocation.py",
        "            funding.release(session, ctx, share.pledge, share.unsettled)\n",
        "            pass\n",
        ("tests/e2e/test_payments.py::test_debtor__pays_the_loan_but_not_the_whole_pledge__the_rest_is_free",),
    ),
    Bug(
        "f: a payment of the borrower's releases too",
        "chainfin/services/payments/allocation.py",
        "            funding.release(session, ctx, pledge, pledge.left)\n",
        "            pass\n",
        ("tests/e2e/test_payments.py::test_borrower__pays_too_much__rest_goes_back",),
    ),
    Bug(
        "f: a payment is attested on chain",
        "chainfin/services/payments/allocation.py",
        "            _attest(session, ctx, asset, pledge.id, part, pledge.lender_id, arrival)\n",
        "",
        (MAIN + "test_pledge__repaid__released_on_chain_and_receivable_settled",),
    ),
    Bug(
        "f: interest is by the days used",
        "chainfin/rules/loan/life.py",
        "product=loan.product + loan.outstanding.minor,",
        "product=loan.product + loan.outstanding.minor * 2,",
        (MAIN + "test_waterfall__debtor_pays__lender_first_and_the_rest_to_the_holder",),
    ),
    Bug(
        "f: an ended pledge leaves the registry",
        "chainfin/services/lending/funding.py",
        '    if pledge.status in ("released", "enforced", "lost"):\n        unregister',
        '    if pledge.status in ("enforced", "lost"):\n        unregister',
        (
            "tests/e2e/test_failures.py::test_payment__payee_account_closed__pledge_released_loan_cancelled",
            "tests/e2e/test_payments.py::test_borrower__pays_too_much__rest_goes_back",
        ),
    ),
    Bug(
        "f: the holder's share is booked out when it has left",
        "chainfin/services/payments/payouts.py",
        "            ledger.debit(ledger.HOLDER_PAYABLE, amount, asset_id, party_id),\n"
        "            ledger.credit(ledger.CASH, amount, asset_id, party_id),",
        "            ledger.debit(ledger.SUSPENSE, amount, asset_id, party_id),\n"
        "            ledger.credit(ledger.CASH, amount, asset_id, party_id),",
        (MAIN + "test_trial_balance__all_settled__difference_and_open_accounts_are_zero",),
    ),
)

EVIDENCE = (
    Bug(
        "g: a changed byte breaks the seal",
        "chainfin/audit/verify.py",
        "bundle.seal.get(name) == found.get(name), str(",
        "True, str(",
        ("tests/e2e/test_audit.py::test_bundle__one_digit_changed_in_a_part__names_the_part",),
    ),
    Bug(
        "g: a bundle is in canonical form",
        "chainfin/audit/bundle.py",
        "    if spelled != data:",
        "    if False:",
        ("tests/e2e/test_audit.py::test_bundle__white_space__refused",),
    ),
    Bug(
        "g: the headers lead to the trusted one",
        "chainfin/audit/proofs.py",
        "if child.parent_hash != parent.hash or child.number != parent.number + 1:",
        "if child.number != parent.number + 1:",
        (
            FORGED + "test_forged__header__link_fails",
            "tests/unit/test_proofs.py::test_ancestry__a_header_missing_swapped_or_changed__refused",
        ),
    ),
    Bug(
        "g: a receipt is in its block",
        "chainfin/audit/proofs.py",
        "    if header.hash != expected_block_hash:",
        "    if False:",
        ("tests/unit/test_proofs.py::test_receipt__any_byte_of_the_header_changed__refused",),
    ),
    Bug(
        "g: every fact has the signature that it needs",
        "chainfin/audit/signatures.py",
        "            if (fact.number, expected.act) in signed:",
        "            if True:",
        (FORGED + "test_forged__act_left_out__named",),
    ),
    Bug(
        "g: the decision in the bundle is the one that was pledged on",
        "chainfin/audit/deal.py",
        'findings.equal("decision: hash", record.hash(), expected)',
        'findings.equal("decision: hash", record.hash(), record.hash())',
        (FORGED + "test_forged__decision_amount__hash_and_replay",),
    ),
    Bug(
        "g: the decision in the bundle is taken again",
        "chainfin/audit/deal.py",
        "result.ok, differs or named)",
        "True, differs or named)",
        (FORGED + "test_forged__decision_amount__hash_and_replay",),
    ),
    Bug(
        "g: paid once, by the bank's word",
        "chainfin/audit/money_trail.py",
        'len(disbursed) == len(mine) <= 1, f"',
        'True, f"',
        (FORGED + "test_forged__payout_left_out__named",),
    ),
)

REFUSALS = (
    Bug(
        "h: one invoice, one receivable",
        "chainfin/services/trade/receivables.py",
        '        if standing is not None and standing.status not in ("refused", "cancelled"):',
        "        if False:",
        (MAIN + "test_refusal__each__by_its_own_code", MAIN + "test_refusal__nothing_made_before__no_row_anywhere"),
    ),
    Bug(
        "h: an invoice typed another way is the same invoice",
        "chainfin/documents/fingerprint.py",
        "normalised(series), normalised(invoice_id)]",
        "normalised(series), invoice_id]",
        ("tests/unit/test_documents_fingerprint.py::test_invoice_fingerprint__typed_another_way__same",),
    ),
    Bug(
        "h: the debtor confirms the receivable of its own copy of the invoice",
        "chainfin/documents/opening.py",
        "if made != said.fingerprint.lower():",
        "if False:",
        (
            "tests/e2e/test_confirm_client.py::test_confirm__hashes_of_another_invoice__the_client_refuses",
            "tests/unit/test_documents_opening.py::test_check__something_else__refused_by_name",
        ),
    ),
    Bug(
        "h: the debtor confirms the document of its own copy of the invoice",
        "chainfin/documents/opening.py",
        "if committed != said.root.lower():",
        "if False:",
        (
            "tests/e2e/test_confirm_client.py::test_confirm__hashes_of_another_invoice__the_client_refuses",
            "tests/unit/test_documents_opening.py::test_check__something_else__refused_by_name",
        ),
    ),
    Bug(
        "h: the debtor confirms no more than its own copy of the invoice asks for",
        "chainfin/documents/opening.py",
        "asked is None or asked.currency != said.face.currency or said.face > asked",
        "False",
        (
            "tests/e2e/test_confirm_client.py::test_confirm__shown_more_or_sooner_than_the_invoice_says__the_client_refuses",
            "tests/unit/test_documents_opening.py::test_check__another_face_or_day_than_the_invoices__refused_by_name",
        ),
    ),
    Bug(
        "h: the debtor confirms the day of its own copy of the invoice",
        "chainfin/documents/opening.py",
        "if day != said.due_date:",
        "if False:",
        (
            "tests/e2e/test_confirm_client.py::test_confirm__shown_more_or_sooner_than_the_invoice_says__the_client_refuses",
            "tests/unit/test_documents_opening.py::test_check__another_face_or_day_than_the_invoices__refused_by_name",
        ),
    ),
    Bug(
        "h: a contract's refusal keeps its name",
        "chainfin/services/reactions/act_outcomes.py",
        'return "chain_" + re.sub(r"(?<!^)(?=[A-Z])", "_", error_name).lower()',
        'return "chain_refused"',
        (MAIN + "test_refusal__each__by_its_own_code",),
    ),
    Bug(
        "h: a signature serves once",
        "chainfin/services/kernel/acts.py",
        "            if row.signature == signature.lower():",
        "            if False:",
        ("tests/e2e/test_bad_input.py::test_signature__of_another_key__refused_and_the_act_still_waits",),
    ),
    Bug(
        "h: an acceptance serves once",
        "chainfin/services/lending/applications.py",
        "            if row.loan_id is not None and signature is not None:",
        "            if False:",
        (MAIN + "test_refusal__each__by_its_own_code",),
    ),
    Bug(
        "h: a taken offer isn't taken again",
        "chainfin/services/lending/applications.py",
        '        if row.status != "offered":\n            if row.loan_id',
        "        if False:\n            if row.loan_id",
        ("tests/e2e/test_races.py::test_accept__same_offer_at_once__one_loan_paid_once",),
    ),
)

FOLDERS = (
    Bug(
        "folder: what never came isn't financed",
        "chainfin/documents/matching.py",
        "covered = min(invoiced, received, max(Decimal(0), ordered - beyond))",
        "covered = invoiced",
        (DEMO + "test_demo__folder_of_documents__finances_what_was_received",),
    ),
    Bug(
        "folder: it says what never came",
        "chainfin/demo/folder.py",
        "            self.report.note(text)\n            self.found",
        "            self.found",
        (DEMO + "test_demo__folder_of_documents__finances_what_was_received",),
    ),
    Bug(
        "folder: an unreadable paper is named, not passed over",
        "chainfin/demo/folder.py",
        "            refused.append((path.name, str(error)))\n",
        "            del error\n",
        (DEMO + "test_demo__folder_of_documents__finances_what_was_received",),
    ),
    Bug(
        "folder: an order that the seller rejected isn't financed",
        "chainfin/documents/trades.py",
        "agreed = any(item.accepted for item in self.responses) and not self.changes",
        "agreed = not self.changes",
        ("tests/unit/test_documents_trades.py::test_assemble__seller_rejected__can_not_be_financed",),
    ),
)

BUGS = (*GOODS_AND_GENERAL, *SETTLEMENT, *EVIDENCE, *REFUSALS, *FOLDERS)
