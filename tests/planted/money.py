"""Bugs that cost somebody money: limits, holds, postings, payouts, the waterfall, the last fen."""

from __future__ import annotations

from tests.planted.bug import Bug

FAILURES = "tests/e2e/test_failures.py::"
PAYMENTS = "tests/e2e/test_payments.py::"
RACES = "tests/e2e/test_races.py::"
FACILITY = "tests/unit/test_facility.py::"
LEDGER = "tests/unit/test_ledger.py::"
LOAN = "tests/unit/test_loan.py::"

LIMITS = (
    Bug(
        "what is held counts in the rules",
        "chainfin/rules/facility.py",
        "return max(self.limit.amount - self.held - self.used, Money",
        "return max(self.limit.amount - self.used, Money",
        (FACILITY + "test_hold__within_all_limits__is_taken_from_each",),
    ),
    Bug(
        "what is held counts in the decision",
        "chainfin/services/lending/limits.py",
        "    return row.amount - row.held - row.used\n",
        "    return row.amount - row.used\n",
        (RACES + "test_applications__at_once__never_above_the_limit_nor_the_asset",),
    ),
    Bug(
        "what is used counts in the decision",
        "chainfin/services/lending/limits.py",
        "    return row.amount - row.held - row.used\n",
        "    return row.amount - row.held\n",
        (FAILURES + "test_limit__used_up__the_next_is_declined",),
    ),
    Bug(
        "an offer holds its amount",
        "chainfin/services/lending/limits.py",
        "        row.held += amount.minor\n",
        "",
        (RACES + "test_applications__at_once__never_above_the_limit_nor_the_asset",),
    ),
    Bug(
        "no limit is lowered below what stands",
        "chainfin/services/lending/limits.py",
        "        elif row.held + row.used > amount.minor:",
        "        elif False:",
        (FAILURES + "test_limit__lowered_below_what_stands__refused",),
    ),
    Bug(
        "a paid loan uses what it held",
        "chainfin/services/lending/funding.py",
        "    limits.use(session, ctx, application.id)\n",
        "",
        (FAILURES + "test_limit__used_up__the_next_is_declined",),
    ),
    Bug(
        "a failed loan frees what it held",
        "chainfin/services/lending/funding.py",
        "    limits.free(session, ctx, application.id)\n",
        "",
        (
            FAILURES + "test_registry__refuses__application_failed_and_all_free",
            FAILURES + "test_payment__payee_account_closed__pledge_released_loan_cancelled",
            FAILURES + "test_chain__refuses_pledge__application_failed_and_all_free",
        ),
    ),
    Bug(
        "an offer that ends frees what it held",
        "chainfin/services/lending/applications.py",
        "    limits.free(session, ctx, row.id)\n",
        "",
        (
            FAILURES + "test_offer__not_taken__expires_and_frees_its_limits",
            FAILURES + "test_offer__withdrawn__frees_its_limits_and_stays_closed",
        ),
    ),
    Bug(
        "a hold is given back once",
        "chainfin/services/lending/limits.py",
        '        if held.state == "freed":\n            continue\n',
        "",
        (FAILURES + "test_hold__freed_twice__given_back_once",),
    ),
    Bug(
        "principal that came back may be lent again",
        "chainfin/services/payments/allocation.py",
        "        limits.give_back(session, ctx, row.application_id, principal.minor)\n",
        "        pass\n",
        ("tests/e2e/test_main_job.py::test_limits__all_repaid__nothing_held_or_used",),
    ),
    Bug(
        "a failed loan frees its asset",
        "chainfin/services/lending/funding.py",
        "    asset.reserved -= min(pledge.amount, asset.reserved)\n",
        "",
        (FAILURES + "test_registry__refuses__application_failed_and_all_free",),
    ),
    Bug(
        "a payout that fails frees the pledge",
        "chainfin/services/lending/funding.py",
        "        release(session, ctx, pledge, pledge.left)\n        undone",
        "        undone",
        (FAILURES + "test_payment__payee_account_closed__pledge_released_loan_cancelled",),
    ),
)

POSTINGS = (
    Bug(
        "a journal balances or isn't made",
        "chainfin/rules/ledger.py",
        "            if rest:\n                raise",
        "            if False:\n                raise",
        (
            LEDGER + "test_ledger__what_may_not_be__is_refused_by_code",
            "tests/properties/test_ledger.py::test_journal__any_lines__exists_only_if_each_currency_balances",
        ),
    ),
    Bug(
        "each currency balances by itself",
        "chainfin/rules/ledger.py",
        "            sums[entry.amount.currency] += entry.signed\n        for",
        '            sums["CNY"] += entry.signed\n        for',
        (LEDGER + "test_ledger__what_may_not_be__is_refused_by_code",),
    ),
    Bug(
        "what is stored is what was posted",
        "chainfin/services/books/journals.py",
        '        "credit": entry.amount.minor - debit,\n',
        '        "credit": max(0, entry.amount.minor - debit - 1),\n',
        (
            "tests/e2e/test_main_job.py::test_trial_balance__all_settled__difference_and_open_accounts_are_zero",
            PAYMENTS + "test_borrower__pays_too_much__rest_goes_back",
        ),
    ),
    Bug(
        "a journal is posted once",
        "chainfin/services/books/journals.py",
        "    if existing is not None:\n        return existing\n    journal",
        '    if existing is not None:\n        key = f"{journal.key}+"\n'
        "        journal = Journal(key, journal.business_date, journal.kind, journal.ref, journal.entries)\n"
        "    journal",
        ("tests/storage/test_parallel.py::test_post__sixteen_writers_with_common_keys__one_unbroken_chain",),
    ),
    Bug(
        "the book shows that it was changed",
        "chainfin/services/books/journals.py",
        "return row.previous_hash == previous and row.hash == journal_hash(previous, _journal(session, row))",
        "return row.previous_hash == previous",
        ("tests/storage/test_booking.py::test_check_chain__changed_behind_our_back__ledger_tampered",),
    ),
    Bug(
        "an end of day is run once",
        "chainfin/services/lending/end_of_day.py",
        "        if standing is not None:\n",
        "        if False:\n",
        (PAYMENTS + "test_end_of_day__run_twice__posts_once",),
    ),
    Bug(
        "a day is accrued once",
        "chainfin/rules/loan/life.py",
        "        after = _a_day_more(before)\n",
        "        after = replace(_a_day_more(before), product=before.product + 2 * before.outstanding.minor)\n",
        (LOAN + "test_accrue__daily_or_at_once__same_interest_and_penalty",),
    ),
    Bug(
        "a refund leaves suspense",
        "chainfin/services/payments/payouts.py",
        "(ledger.debit(ledger.SUSPENSE, back, bank_ref), ledger",
        "(ledger.debit(ledger.HOLDER_PAYABLE, back, bank_ref), ledger",
        (PAYMENTS + "test_payment__of_nobody__goes_back",),
    ),
    Bug(
        "what was too much goes back",
        "chainfin/services/payments/incoming.py",
        "    if left.minor:\n        payouts.refund",
        "    if False:\n        payouts.refund",
        (PAYMENTS + "test_borrower__pays_too_much__rest_goes_back",),
    ),
)

WATERFALL = (
    Bug(
        "fees, penalty, overdue interest, interest, principal",
        "chainfin/rules/loan/waterfall.py",
        "DEFAULT_WATERFALL = (Due.FEE, Due.PENALTY, Due.OVERDUE_INTEREST, Due.INTEREST, Due.PRINCIPAL)",
        "DEFAULT_WATERFALL = (Due.PRINCIPAL, Due.FEE, Due.PENALTY, Due.OVERDUE_INTEREST, Due.INTEREST)",
        (
            LOAN + "test_pay__late_in_part__penalty_then_overdue_interest_before_principal",
            PAYMENTS + "test_debtor__pays_in_two_parts__lender_first_then_holder",
        ),
    ),
    Bug(
        "penalty before interest",
        "chainfin/rules/loan/waterfall.py",
        "DEFAULT_WATERFALL = (Due.FEE, Due.PENALTY, Due.OVERDUE_INTEREST, Due.INTEREST, Due.PRINCIPAL)",
        "DEFAULT_WATERFALL = (Due.FEE, Due.OVERDUE_INTEREST, Due.INTEREST, Due.PENALTY, Due.PRINCIPAL)",
        (LOAN + "test_pay__late_in_part__penalty_then_overdue_interest_before_principal",),
    ),
    Bug(
        "a part is served before the next",
        "chainfin/rules/loan/waterfall.py",
        "        part = min(left, dues[due])\n",
        "        part = min(left, Money(dues[due].minor - dues[due].minor // 2, left.currency))\n",
        (
            "tests/properties/test_loan.py::test_allocate__any_payment_and_order__adds_up_and_serves_in_order",
            PAYMENTS + "test_debtor__pays_in_two_parts__lender_first_then_holder",
        ),
    ),
    Bug(
        "the older pledge is served first",
        "chainfin/services/payments/allocation.py",
        "        .order_by(col(PledgeRow.block_number), col(PledgeRow.id))\n",
        "        .order_by(col(PledgeRow.block_number).desc(), col(PledgeRow.id))\n",
        (PAYMENTS + "test_two_loans__on_one_receivable__older_pledge_is_served_first",),
    ),
    Bug(
        "no fen of two payments is placed twice",
        "chainfin/services/payments/allocation.py",
        "    claimed = moving.attested(session, asset.id)\n",
        "    claimed: dict[str, int] = {}\n",
        (PAYMENTS + "test_two_payments__before_anything_is_final__each_fen_placed_once",),
    ),
    Bug(
        "a payment waits for a pledge under way",
        "chainfin/services/payments/allocation.py",
        '    if found.first() is not None:\n        return "pledge_under_way"\n',
        "",
        (
            PAYMENTS + "test_debtor__pays_while_the_pledge_is_made__waits_and_serves_the_lender",
            PAYMENTS + "test_debtor__pays_while_the_money_is_on_its_way__waits_for_the_loan",
        ),
    ),
    Bug(
        "a borrower pays what it owes, not more",
        "chainfin/rules/loan/life.py",
        "    if payer is Payer.BORROWER and amount > settling:",
        "    if False:",
        (LOAN + "test_pay__borrower_above_what_is_due__repayment_above_due",),
    ),
)

FEN = (
    Bug(
        "parts add up to the whole",
        "chainfin/values/money.py",
        "        for place in order[: self.minor - sum(parts)]:",
        "        for place in order[: max(0, self.minor - sum(parts) - 1)]:",
        (
            "tests/unit/test_money.py::test_money_allocate__thirds__largest_remainder_first_place",
            "tests/properties/test_money.py::test_allocate__any_weights__adds_up_and_errs_less_than_a_fen",
        ),
    ),
    Bug(
        "a half goes to the even fen",
        "chainfin/values/money.py",
        "(twice == denominator and down % 2 == 1)",
        "twice == denominator",
        (
            "tests/unit/test_money.py::test_interest_on_product__ties__go_to_even",
            "tests/unit/test_money.py::test_money_rounding__half_a_fen__goes_where_it_is_said",
        ),
    ),
    Bug(
        "rounded up is never below",
        "chainfin/values/money.py",
        "            return down + (1 if rest else 0)\n",
        "            return down\n",
        ("tests/properties/test_money.py::test_times_and_ratio__any_rounding__agree_and_lie_on_the_side_said",),
    ),
    Bug(
        "the last instalment takes the rest",
        "chainfin/rules/loan/schedule.py",
        "        if later == 0:\n            principal = balance\n        elif",
        "        if False:\n            principal = balance\n        elif",
        (
            "tests/unit/test_loan_terms.py::test_schedule__equal_principal__thirds_last_takes_the_rest",
            "tests/properties/test_loan.py::test_schedule__any_terms__conserves_principal_and_ends_at_zero",
        ),
    ),
    Bug(
        "interest is rounded once, not each day",
        "chainfin/rules/loan/schedule.py",
        "        accrued, since = cumulative, due\n",
        "        accrued, since, product = zero, due, 0\n        del cumulative\n",
        (
            "tests/properties/test_loan.py::test_loan__every_instalment_on_its_date__is_repaid_by_the_schedule_to_the_fen",
        ),
    ),
    Bug(
        "the lines of a document add up to it",
        "chainfin/documents/matching.py",
        "    parts = base.allocate(weights)\n",
        "    parts = [base.ratio(weight, sum(weights), Rounding.DOWN) for weight in weights]\n",
        ("tests/properties/test_conservation.py::test_line_values__any_amounts__add_up_exactly",),
    ),
    Bug(
        "a share is rounded down",
        "chainfin/documents/matching.py",
        "    return value.ratio(int(part * scale), int(whole * scale), Rounding.DOWN)",
        "    return value.ratio(int(part * scale), int(whole * scale), Rounding.UP)",
        ("tests/unit/test_documents_matching.py::test_share__one_of_three__rounded_down",),
    ),
    Bug(
        "a line of the borrowing base is rounded towards the lender",
        "chainfin/rules/facility.py",
        "counted.times(asset.advance_rate, Rounding.FLOOR)",
        "counted.times(asset.advance_rate, Rounding.UP)",
        (FACILITY + "test_borrowing_base__several_assets__lines_round_down_and_add_up",),
    ),
    Bug(
        "goods that stay cover the loan",
        "chainfin/rules/inventory.py",
        "    return ceil(Fraction(max(0, outstanding.minor) * FULL, ltv) / price.minor_per_thousandth())",
        "    return floor(Fraction(max(0, outstanding.minor) * FULL, ltv) / price.minor_per_thousandth())",
        ("tests/unit/test_inventory.py::test_quantity_to_cover__by_hand__rounded_up",),
    ),
    Bug(
        "a receivable's amounts add up to its face",
        "chainfin/rules/receivable_value.py",
        "        if sum(amounts) != self.face:",
        "        if False:",
        ("tests/unit/test_receivable.py::test_receivable__parts_that_do_not_add_up__not_constructed",),
    ),
)

BUGS = (*LIMITS, *POSTINGS, *WATERFALL, *FEN)
