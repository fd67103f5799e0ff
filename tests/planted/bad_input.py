"""Bugs in what is refused: hostile papers, wrong figures, foreign keys, a node or a database that isn't ours."""

from __future__ import annotations

from tests.planted.bug import Bug

BAD = "tests/e2e/test_bad_input.py::"
AROUND = "tests/e2e/test_bad_surroundings.py::"
XML = "tests/unit/test_documents_xml.py::"

PAPERS = (
    Bug(
        "malformed XML isn't repaired",
        "chainfin/documents/xml.py",
        "        huge_tree=False,\n",
        "        huge_tree=False,\n        recover=True,\n",
        (BAD + "test_xml__malformed__refused", XML + "test_read__broken_xml__document_malformed"),
    ),
    Bug(
        "a document has a largest size",
        "chainfin/documents/xml.py",
        "    if len(data) > MAX_BYTES:",
        "    if False:",
        (BAD + "test_xml__huge__refused_by_its_size", XML + "test_parse__too_many_bytes__document_too_large"),
    ),
    Bug(
        "a DTD is refused before the parser sees it",
        "chainfin/documents/xml.py",
        "    _refuse_doctype(data, source)\n    try:",
        "    try:",
        (XML + "test_parse__dtd__refused_before_the_parser_sees_it",),
    ),
    Bug(
        "a DTD that hides from the first look is refused by the parser's",
        "chainfin/documents/xml.py",
        "            if element.getroottree().docinfo.internalDTD is not None:",
        "            if False:",
        (XML + "test_parse__doctype_hidden_behind_a_comment__document_hostile",),
    ),
    Bug(
        "depth is limited",
        "chainfin/documents/xml.py",
        "        if depth > MAX_DEPTH or nodes > MAX_NODES:",
        "        if nodes > MAX_NODES:",
        (XML + "test_parse__too_deep__document_hostile",),
    ),
    Bug(
        "the number of elements is limited",
        "chainfin/documents/xml.py",
        "        if depth > MAX_DEPTH or nodes > MAX_NODES:",
        "        if depth > MAX_DEPTH:",
        (BAD + "test_xml__hostile__refused_unread", XML + "test_parse__too_many_elements__document_hostile"),
    ),
    Bug(
        "a document is of the kind that its door takes",
        "chainfin/services/trade/trade_documents.py",
        "    if document.kind not in kinds:",
        "    if False:",
        (BAD + "test_xml__every_door__hostile_and_wrong_kind_refused",),
    ),
)

IDENTIFIERS = (
    Bug(
        "a USCC has its check digit",
        "chainfin/values/party.py",
        "check = _uscc.validate if self.scheme",
        "check = str if self.scheme",
        (
            BAD + "test_participant__wrong_check_digit__refused",
            "tests/unit/test_party.py::test_uscc__any_other_check_digit__refused",
        ),
    ),
    Bug(
        "an LEI has its check digits",
        "chainfin/values/party.py",
        "is Scheme.USCC else _lei.validate",
        "is Scheme.USCC else str",
        (
            BAD + "test_participant__wrong_check_digit__refused",
            "tests/unit/test_party.py::test_lei__only_the_two_right_check_digits__accepted",
        ),
    ),
)

FIGURES = (
    Bug(
        "no more decimals than the currency has",
        "chainfin/values/money.py",
        "        if scaled != scaled.to_integral_value():",
        "        if False:",
        (
            BAD + "test_amount__not_a_positive_amount__refused",
            BAD + "test_document__total_that_is_none__refused_by_its_place",
        ),
    ),
    Bug(
        "zero is no amount",
        "chainfin/values/money.py",
        "        if money.minor <= 0:",
        "        if money.minor < 0:",
        (
            BAD + "test_amount__not_a_positive_amount__refused",
            BAD + "test_amount__of_limit_price_and_confirmation__refused",
        ),
    ),
    Bug(
        "less than zero is no amount",
        "chainfin/values/money.py",
        "        if money.minor <= 0:",
        "        if money.minor == 0:",
        (
            BAD + "test_amount__not_a_positive_amount__refused",
            BAD + "test_amount__of_limit_price_and_confirmation__refused",
        ),
    ),
    Bug(
        "an exponent is no amount",
        "chainfin/values/money.py",
        'r"[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)"',
        'r"[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(e[0-9]+)?"',
        (BAD + "test_amount__not_a_positive_amount__refused",),
    ),
    Bug(
        "a document's total is above zero",
        "chainfin/documents/ubl_money.py",
        "    if payable.minor <= 0:",
        "    if False:",
        (BAD + "test_document__total_that_is_none__refused_by_its_place",),
    ),
    Bug(
        "a loan is in the receivable's currency",
        "chainfin/services/lending/applications.py",
        "        if asset is not None and owner == borrower_id and asset.currency != currency:",
        "        if False:",
        (BAD + "test_amount__in_another_currency__refused",),
    ),
    Bug(
        "a document has one currency",
        "chainfin/documents/node.py",
        "        if stated != currency:",
        "        if False:",
        (BAD + "test_document__total_that_is_none__refused_by_its_place",),
    ),
    Bug(
        "goods are counted in a known unit",
        "chainfin/services/goods/receipts.py",
        "    if not units.known(unit):",
        "    if False:",
        (BAD + "test_warehouse_receipt__bad_unit_or_quantity__refused",),
    ),
    Bug(
        "lines are counted in a known unit",
        "chainfin/documents/node.py",
        "        if not units.known(code):",
        "        if False:",
        (BAD + "test_unit__unknown_in_a_document__refused_by_its_line",),
    ),
    Bug(
        "a quantity is above zero",
        "chainfin/services/goods/receipts.py",
        "    if not quantity.is_finite() or quantity <= 0:",
        "    if not quantity.is_finite() or quantity < 0:",
        (BAD + "test_warehouse_receipt__bad_unit_or_quantity__refused",),
    ),
)

TIMES = (
    Bug(
        "what is despatched isn't ordered less",
        "chainfin/rules/order.py",
        "        if new.ordered < old.despatched:",
        "        if False:",
        ("tests/unit/test_order.py::test_amend__quantity_cut_below_the_despatched__refused_and_says_so",),
    ),
    Bug(
        "an order on its way isn't cancelled",
        "chainfin/rules/order.py",
        "    if any(line.despatched > 0 for line in order.lines):",
        "    if False:",
        (
            BAD + "test_order__changed_after_despatch__refused",
            "tests/unit/test_order.py::test_cancel__after_despatch__order_changed_after_despatch",
        ),
    ),
    Bug(
        "a due date lies ahead",
        "chainfin/rules/receivable.py",
        "    if due <= today:",
        "    if due < today:",
        (BAD + "test_due_date__past_or_beyond_the_lawful_tenor__refused",),
    ),
    Bug(
        "a due date lies within the lawful tenor",
        "chainfin/rules/receivable.py",
        "    if due > today + timedelta(days=max_days):",
        "    if due > today + timedelta(days=max_days + 1):",
        (BAD + "test_due_date__past_or_beyond_the_lawful_tenor__refused",),
    ),
    Bug(
        "a receivable's due date is looked at",
        "chainfin/services/trade/receivables.py",
        "    refusal = rules.tenor(due, today)\n",
        "    refusal = None\n",
        (BAD + "test_due_date__past_or_beyond_the_lawful_tenor__refused",),
    ),
    Bug(
        "an offer has its time",
        "chainfin/services/lending/applications.py",
        "        if now >= offer.expires_at:",
        "        if False:",
        ("tests/e2e/test_failures.py::test_offer__not_taken__expires_and_frees_its_limits",),
    ),
)

SIGNATURES = (
    Bug(
        "a signature has its time",
        "chainfin/eth/eip712.py",
        '    if int(data["message"]["deadline"]) < int(now.timestamp()):',
        "    if False:",
        (
            "tests/unit/test_acts.py::test_verify__after_the_deadline__refused",
            "tests/e2e/test_failures.py::test_act__signed_late__refused_before_it_is_closed",
        ),
    ),
    Bug(
        "an expired act says so",
        "chainfin/services/kernel/acts.py",
        '            if row.status == "expired":',
        "            if False:",
        (BAD + "test_signature__after_its_deadline__refused",),
    ),
    Bug(
        "a signature is the party's own",
        "chainfin/eth/eip712.py",
        '    if found != parse_address(signer, where="signer"):',
        "    if False:",
        (
            BAD + "test_signature__of_another_key__refused_and_the_act_still_waits",
            "tests/unit/test_acts.py::test_verify__foreign_key__refused",
        ),
    ),
    Bug(
        "a signature is looked at before its act is sent",
        "chainfin/services/kernel/acts.py",
        "    acts.verify(row.typed_data, signature, row.signer, ctx.clock.now())\n",
        "",
        (BAD + "test_signature__of_another_key__refused_and_the_act_still_waits",),
    ),
    Bug(
        "a signature is of one chain and contract",
        "chainfin/eth/eip712.py",
        'keccak(b"\\x19\\x01" + separator + keccak(b"".join(words)))',
        'keccak(b"\\x19\\x01" + keccak(b"".join(words)))',
        ("tests/unit/test_acts.py::test_verify__other_domain__is_another_act",),
    ),
)

WHOSE = (
    Bug(
        "another's receivable is as unknown as none",
        "chainfin/services/lending/applications.py",
        "    if asset is None or owner != borrower_id:",
        "    if asset is None:",
        (
            BAD + "test_application__on_anothers_receivable__as_unknown_as_none",
            "tests/e2e/test_failures.py::test_keeper__applies_on_anothers_receivable__unknown",
        ),
    ),
    Bug(
        "a key is of one body",
        "api/idempotency.py",
        "        if (row.request, row.body_hash) != (request, digest):",
        "        if row.request != request:",
        (
            BAD + "test_idempotency_key__with_another_body__refused_and_nothing_done",
            "tests/api/test_idempotency.py::test_key__other_body__refused",
        ),
    ),
    Bug(
        "a key is of one request",
        "api/idempotency.py",
        "        if (row.request, row.body_hash) != (request, digest):",
        "        if row.body_hash != digest:",
        ("tests/api/test_idempotency.py::test_key__other_path__refused",),
    ),
    Bug(
        "what was refused leaves no row",
        "chainfin/storage/store.py",
        "        with guard, kind(self._write_engine, expire_on_commit=False) as session, session.begin():\n"
        "            yield session\n",
        "        with guard, kind(self._write_engine, expire_on_commit=False) as session:\n"
        "            try:\n                yield session\n            finally:\n                session.commit()\n",
        (
            "tests/e2e/test_payments.py::test_debtor__pays_before_the_offer_is_taken__offer_falls",
            "tests/storage/test_outbox.py::test_put__rolled_back__gone_with_what_it_belongs_to",
        ),
    ),
)

SURROUNDINGS = (
    Bug(
        "the node is on the configured chain",
        "chainfin/chain/rpc.py",
        "            if expected_chain_id is not None and self._chain_id != expected_chain_id:",
        "            if False:",
        (
            AROUND + "test_node__another_chain_id_than_configured__refused",
            "tests/chain/test_rpc.py::test_open__wrong_chain_id__refused",
        ),
    ),
    Bug(
        "the contracts are on the node's chain",
        "chainfin/chain/deploy.py",
        "        if found != recorded.code_hashes[name]:",
        "        if False:",
        (AROUND + "test_node__another_chain_with_the_same_id__contracts_not_there",),
    ),
    Bug(
        "a node that is behind is said to be",
        "chainfin/chain/indexer.py",
        "        if line is None or line.number < number:",
        "        if line is None:",
        ("tests/chain/test_indexer.py::test_lower_head__node_is_behind__halts_by_name_and_goes_on_later",),
    ),
    Bug(
        "a reorganised chain below the line stops the indexer",
        "chainfin/chain/indexer.py",
        '        if found is None or "0x" + found.hash.hex() != known:',
        "        if found is None:",
        ("tests/chain/test_indexer.py::test_reorg__of_the_last_block_taken_in__noticed_before_another_follows",),
    ),
    Bug(
        "a node that doesn't answer is unreachable, not a fault",
        "chainfin/chain/rpc.py",
        '            raise Unavailable("chain_unreachable", why[:300], where=self._url) from None',
        "            raise RuntimeError(why[:300]) from None",
        (
            AROUND + "test_node__down_at_first_start__said_and_a_later_start_goes_on",
            AROUND + "test_node__behind_or_gone_while_serving__not_ready_and_work_goes_on_after",
        ),
    ),
    Bug(
        "a database of another schema isn't opened",
        "chainfin/storage/store.py",
        "        if current != head:",
        "        if current is None:",
        (
            AROUND + "test_database__of_an_older_schema__refused_and_untouched",
            "tests/crash/test_refusals.py::test_serve__schema_too_old__refused",
        ),
    ),
    Bug(
        "a part outside that doesn't answer is exit code 1, bad input 2",
        "chainfin/cli/main.py",
        "        sys.exit(1 if isinstance(error, Unavailable | Unknown) else 2)",
        "        sys.exit(2)",
        ("tests/e2e/test_cli.py::test_main__coded_error__is_one_line_and_its_exit_code",),
    ),
    Bug(
        "an error ends the command with a code",
        "chainfin/cli/main.py",
        "        sys.exit(1 if isinstance(error, Unavailable | Unknown) else 2)",
        "        sys.exit(0)",
        (
            "tests/e2e/test_cli.py::test_main__coded_error__is_one_line_and_its_exit_code",
            "tests/e2e/test_documents_folder.py::test_documents__no_such_folder__exit_code_two",
        ),
    ),
)

BUGS = (*PAPERS, *IDENTIFIERS, *FIGURES, *TIMES, *SIGNATURES, *WHOSE, *SURROUNDINGS)
