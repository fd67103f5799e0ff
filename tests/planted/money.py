"""Bugs that cost somebody money: limits, postings, payments and who is served by them."""

from __future__ import annotations

from tests.planted.bug import LEFT_OUT, NEVER, Bug

FAILURES = "tests/e2e/test_failures.py::"
PAYMENTS = "tests/e2e/test_payments.py::"
PARKED = "tests/e2e/test_parked.py::"
LOAN = "tests/unit/test_loan.py::"

LIMITS = (
    Bug(
        "an offer holds its amount of every limit",
        "chainfin/services/lending/limits.py:hold",
        "_keep(",
        LEFT_OUT,
        ("tests/e2e/test_races.py::test_applications__at_once_on_many_assets__never_above_the_limit",),
    ),
    Bug(
        "a paid loan uses what it held",
        "chainfin/services/lending/disbursement.py:paid_out",
        "limits.use(",
        LEFT_OUT,
        (FAILURES + "test_limit__used_up__the_next_is_declined",),
    ),
    Bug(
        "a failed loan frees what it held",
        "chainfin/services/lending/disbursement.py:_end_loan",
        "limits.free(",
        LEFT_OUT,
        (FAILURES + "test_registry__refuses__application_failed_and_all_free",),
    ),
    Bug(
        "an offer that ends frees what it held",
        "chainfin/services/lending/offers.py:close",
        "limits.free(",
        LEFT_OUT,
        (FAILURES + "test_offer__not_taken__expires_and_frees_its_limits",),
    ),
    Bug(
        "what was held is given back once",
        "chainfin/services/lending/limits.py:free",
        "and held.state is not HoldState.FREED",
        "",
        (FAILURES + "test_hold__freed_twice__given_back_once",),
    ),
    Bug(
        "principal that came back may be lent again",
        "chainfin/services/payments/allocation.py:pay",
        "limits.give_back(",
        LEFT_OUT,
        ("tests/e2e/test_main_job.py::test_limits__all_repaid__nothing_held_or_used",),
    ),
)

LOAN_LIFE = (
    Bug(
        "a failed loan frees its asset",
        "chainfin/services/lending/disbursement.py:_fail",
        "assets.unreserve(",
        LEFT_OUT,
        (FAILURES + "test_registry__refuses__application_failed_and_all_free",),
    ),
    Bug(
        "a payout that the bank refuses frees the pledge",
        "chainfin/services/lending/disbursement.py:_undo_payout",
        "release.ask(",
        LEFT_OUT,
        (FAILURES + "test_payment__payee_account_closed__pledge_released_loan_cancelled",),
    ),
    Bug(
        "a loan is paid out once however often it is reported",
        "chainfin/services/lending/disbursement.py:paid_out",
        "loan.state is not LoanState.APPROVED",
        NEVER,
        (FAILURES + "test_payment__reported_twice__on_the_books_once",),
    ),
    Bug(
        "an end of day is run once",
        "chainfin/services/lending/end_of_day.py:run",
        "standing is not None",
        NEVER,
        (PAYMENTS + "test_end_of_day__run_twice__posts_once",),
    ),
    Bug(
        "fees before penalty, overdue interest, interest and principal",
        "chainfin/rules/loan/waterfall.py",
        "DEFAULT_WATERFALL = (Due.FEE, Due.PENALTY, Due.OVERDUE_INTEREST, Due.INTEREST, Due.PRINCIPAL)",
        "DEFAULT_WATERFALL = (Due.PRINCIPAL, Due.FEE, Due.PENALTY, Due.OVERDUE_INTEREST, Due.INTEREST)",
        (LOAN + "test_pay__late_in_part__penalty_then_overdue_interest_before_principal",),
    ),
)

PAYING = (
    Bug(
        "a payment waits while a pledge is being made",
        "chainfin/services/payments/allocation.py:hold_reason",
        "found.first() is not None",
        NEVER,
        (PAYMENTS + "test_debtor__pays_while_the_pledge_is_made__waits_and_serves_the_lender",),
    ),
    Bug(
        "the older pledge is served first",
        "chainfin/services/kernel/pledge_rows.py:live",
        "col(ChainEventRow.block_number), col(ChainEventRow.log_index)",
        "col(ChainEventRow.block_number).desc(), col(ChainEventRow.log_index)",
        (PAYMENTS + "test_two_loans__on_one_receivable__older_pledge_is_served_first",),
    ),
    Bug(
        "no fen of two payments is placed twice",
        "chainfin/services/payments/allocation.py:unclaimed",
        "in_flight.attested(session, asset.id)",
        "{}",
        (PAYMENTS + "test_two_payments__before_anything_is_final__each_fen_placed_once",),
    ),
    Bug(
        "the lender's part of a payment is attested on chain",
        "chainfin/services/payments/allocation.py:_claim",
        "attest(session, ctx, asset, pledge.id",
        LEFT_OUT,
        ("tests/e2e/test_main_job.py::test_pledge__repaid__released_on_chain_and_receivable_settled",),
    ),
    Bug(
        "what the lender doesn't need leaves to the holder",
        "chainfin/services/payments/allocation.py:for_receivable",
        "payouts.to_holder(",
        LEFT_OUT,
        ("tests/e2e/test_main_job.py::test_holder__debtor_paid__gets_all_that_the_lender_does_not",),
    ),
    Bug(
        "the holder's share is booked out when it has left",
        "chainfin/services/payments/holder_journals.py:paid",
        "(ledger.HOLDER_PAYABLE, ledger.CASH, amount)",
        "(ledger.SUSPENSE, ledger.CASH, amount)",
        ("tests/e2e/test_main_job.py::test_trial_balance__all_settled__difference_and_open_accounts_are_zero",),
    ),
    Bug(
        "a repaid loan frees the rest of its pledge",
        "chainfin/services/payments/allocation.py:_serve",
        "release.ask(",
        LEFT_OUT,
        (PAYMENTS + "test_debtor__pays_the_loan_but_not_the_whole_pledge__the_rest_is_free",),
    ),
    Bug(
        "what was too much goes back",
        "chainfin/services/payments/incoming.py:_place",
        "payouts.refund(",
        LEFT_OUT,
        (PAYMENTS + "test_borrower__pays_too_much__rest_goes_back",),
    ),
    Bug(
        "a refund leaves suspense",
        "chainfin/services/payments/payouts.py:refunded",
        "ledger.debit(ledger.SUSPENSE,",
        "ledger.debit(ledger.HOLDER_PAYABLE,",
        (PAYMENTS + "test_payment__of_nobody__waits_for_a_person_and_goes_back",),
    ),
    Bug(
        "only the undertaker's own account buys back",
        "chainfin/services/payments/buy_back.py:attest",
        "PartyRow.account == payment.payer_account",
        'PartyRow.account != ""',
        ("tests/e2e/test_buy_back.py::test_payment__not_by_the_undertaker_or_not_in_time__goes_back",),
    ),
    Bug(
        "a line of the bank that can't be applied leaves nothing half-posted",
        "chainfin/services/payments/incoming.py:take_in",
        "with session.begin_nested():",
        "if True:",
        (PARKED + "test_line__a_fault_of_ours__parks_that_line_with_nothing_half_posted",),
    ),
    Bug(
        "a bank's reference that comes again with another amount is no repetition",
        "chainfin/services/payments/incoming.py:_take",
        "elif earlier:",
        "elif False:",
        (PARKED + "test_line__same_reference_with_another_amount__held_and_parked",),
    ),
    Bug(
        "the book shows that it was changed",
        "chainfin/services/books/journals.py:_is_whole",
        "and row.hash == journal_hash(previous, row.number, _journal(session, row))",
        "",
        ("tests/storage/test_booking.py::test_check_chain__changed_behind_our_back__ledger_tampered",),
    ),
)

BUGS = (*LIMITS, *LOAN_LIFE, *PAYING)
