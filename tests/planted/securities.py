"""Bugs in what secures a loan beside what was lent on: substitution, undertakings, lines, and the evidence of them."""

from __future__ import annotations

from tests.planted.bug import Bug

SHOWN = "tests/e2e/test_audit_securities.py::"
FORGED = "tests/e2e/test_audit_securities_forged.py::"
EXCHANGE = "tests/e2e/test_substitution.py::"
RECOURSE = "tests/e2e/test_recourse.py::"
BUY_BACK = "tests/e2e/test_buy_back.py::"
LINE = "tests/e2e/test_lines.py::"
HONEST = FORGED + "test_substituted__honest__as_much_compared_as_of_a_receivable_lent_on"

EVIDENCE = (
    Bug(
        "the registry's word on each pledge is in the bundle",
        "chainfin/services/oversight/evidence.py",
        "for pledge in stored.secured.pledges]",
        "for pledge in stored.secured.pledges[:1]]",
        (HONEST,),
    ),
    Bug(
        "the trade of each pledged receivable is in the bundle",
        "chainfin/services/oversight/evidence_facts.py",
        "[application.asset_id, *(pledge.asset_id for pledge in pledges)]",
        "[application.asset_id]",
        (HONEST, SHOWN + "test_added__a_receivable_on_top__its_trade_is_shown_and_what_it_pays_is_the_loans"),
    ),
    Bug(
        "what any pledge became is in the bundle",
        "chainfin/services/oversight/evidence_facts.py",
        "{pledge.taken_id for pledge in secured.pledges if",
        "{pledge.taken_id for pledge in secured.pledges[:1] if",
        (SHOWN + "test_taken__the_receivable_that_took_the_goods_place__what_it_pays_is_the_loans",),
    ),
    Bug(
        "each pledge has its entry in the registry",
        "chainfin/audit/money_trail.py",
        'own.check("registry: entry", len(mine) == 1,',
        'own.check("registry: entry", True,',
        (
            FORGED + "test_forged__registry_evidence_left_out__named",
            FORGED + "test_forged__registry_evidence_of_the_first_pledge_twice__named",
            SHOWN + "test_exchanged__past_the_service__its_entry_is_missed",
        ),
    ),
    Bug(
        "only what was added may lack its entry",
        "chainfin/audit/securities.py",
        "return not self.lent_on and self.instead is None",
        "return not self.lent_on",
        (FORGED + "test_forged__registry_evidence_left_out__named",),
    ),
    Bug(
        "the registry's entry says what was pledged",
        "chainfin/audit/money_trail.py",
        'findings.equal(f"registry: {name}", filed[name], value)',
        'findings.equal(f"registry: {name}", filed[name], filed[name])',
        (FORGED + "test_forged__what_the_registry_said__named",),
    ),
    Bug(
        "each receivable's papers are in the file",
        "chainfin/audit/collateral.py",
        "not missing, ",
        "len(missing) < 3, ",
        (FORGED + "test_forged__a_paper_left_out__named",),
    ),
    Bug(
        "a receivable's papers are its own order's",
        "chainfin/audit/collateral.py",
        'mine = [p for p in papers if p.fact.args.get("orderId") == posted.args["orderId"]]',
        "mine = list(papers)",
        (SHOWN + "test_added__a_receivable_on_top__its_trade_is_shown_and_what_it_pays_is_the_loans",),
    ),
    Bug(
        "who owes a receivable is named",
        "chainfin/audit/collateral.py",
        "    findings.check(name, bool(party), ",
        "    findings.check(name, True, ",
        (FORGED + "test_forged__who_it_is_left_out__named",),
    ),
    Bug(
        "each pledge is this loan's",
        "chainfin/audit/collateral.py",
        'findings.equal("pledge: loan", pledged.text("loanRef"), "0x" + keccak(loan.id.encode()).hex())',
        'findings.equal("pledge: loan", pledged.text("loanRef"), pledged.text("loanRef"))',
        (FORGED + "test_forged__a_pledge_of_another_loan_put_in__named",),
    ),
    Bug(
        "what took the goods' place stands under the loan's decision",
        "chainfin/audit/collateral.py",
        'pledged.text("decisionHash"), sold.text("decisionHash"))',
        'pledged.text("decisionHash"), pledged.text("decisionHash"))',
        (SHOWN + "test_exchanged__under_another_decision__named",),
    ),
    Bug(
        "an exchange was signed over what came about",
        "chainfin/audit/signatures.py",
        'terms = ["amount", "lender", "loanRef", "decisionHash", "expiresAt"]',
        'terms = ["lender"]',
        (FORGED + "test_forged__signed_again_over_other_terms__named",),
    ),
    Bug(
        "what befell a pledge in a shown transaction is told",
        "chainfin/audit/collateral.py",
        '"securities: nothing left out", not beside,',
        '"securities: nothing left out", True,',
        (
            FORGED + "test_forged__the_goods_look_pledged_as_before__named",
            FORGED + "test_forged__the_exchange_left_out__named",
        ),
    ),
    Bug(
        "every pledge that the file speaks of is shown",
        "chainfin/audit/collateral.py",
        '"securities: all shown", not strange,',
        '"securities: all shown", True,',
        (FORGED + "test_forged__the_new_pledge_left_out__named",),
    ),
    Bug(
        "who bought a pledge back had undertaken to",
        "chainfin/audit/collateral.py",
        "    _undertaken(security, story, findings)\n\n\ndef _as_decided",
        "\n\ndef _as_decided",
        (SHOWN + "test_recourse__on_the_receivable_that_took_the_goods_place__promise_and_payment_shown",),
    ),
)

SUBSTITUTION = (
    Bug(
        "what is promised to a lender is no substitute",
        "chainfin/services/pledges/substitution.py",
        "    if amount.minor > value.free - asset.reserved:",
        "    if amount.minor > value.free:",
        (EXCHANGE + "test_offer__what_cannot_be__refused",),
    ),
    Bug(
        "goods on their way out aren't exchanged",
        "chainfin/services/pledges/substitution.py",
        "    own = sold.left - going\n",
        "    own = sold.left\n",
        (EXCHANGE + "test_goods__on_their_way_out__neither_replaced_nor_bought_a_second_time",),
    ),
    Bug(
        "a granted substitute is reserved",
        "chainfin/services/pledges/substitution.py",
        "        asset.reserved += row.amount\n",
        "",
        (
            EXCHANGE + "test_substituted__a_part_of_the_goods__new_pledge_for_the_same_loan_and_the_book_as_before",
            EXCHANGE + "test_offer__what_cannot_be__refused",
        ),
    ),
    Bug(
        "an offer of a substitution lapses",
        "chainfin/services/pledges/substitution.py",
        "        if ctx.clock.now() >= row.expires_at:\n",
        "        if False:\n",
        (EXCHANGE + "test_offer__not_taken__expires_and_another_can_be_made",),
    ),
    Bug(
        "nothing is pledged for a loan that was repaid meanwhile",
        "chainfin/services/pledges/substitution.py",
        "    if LoanState(loan.status) not in ACCRUING:\n",
        "    if False:\n",
        (EXCHANGE + "test_loan__repaid_before_the_registry_answers__nothing_is_pledged",),
    ),
    Bug(
        "a substitution that failed leaves the registry",
        "chainfin/services/pledges/substitution.py",
        '    funding.unregister(session, ctx, pledge, "the pledge was not taken up")\n',
        "",
        (EXCHANGE + "test_chain__refuses__nothing_has_changed_and_the_entry_is_struck_out",),
    ),
)

UNDERTAKING = (
    Bug(
        "a claim goes for what was paid on the loan, and no more",
        "chainfin/services/pledges/undertakings.py",
        "Money(max(0, most), asset.currency), payoff(loan, on))",
        "Money(max(0, most), asset.currency))",
        (RECOURSE + "test_bought__by_the_seller__loan_repaid_the_claim_its_own_and_the_rest_free",),
    ),
    Bug(
        "an undertaking ends with its day",
        "chainfin/services/pledges/undertakings.py",
        "or not live or promise.until < ctx.clock.today():",
        "or not live:",
        (
            RECOURSE + "test_payment__not_now_or_not_by_this_one__goes_back",
            BUY_BACK + "test_payment__not_by_the_undertaker_or_not_in_time__goes_back",
        ),
    ),
    Bug(
        "nobody buys back more than it undertook",
        "chainfin/services/pledges/undertakings.py",
        "promise.left - _under_way(session, promise)",
        "promise.left",
        (RECOURSE + "test_bought__no_more_than_was_undertaken__the_rest_goes_back",),
    ),
    Bug(
        "a loan repaid by a buy-back sets the rest free",
        "chainfin/services/pledges/undertakings.py",
        "        funding.release(session, ctx, pledge, pledge.left - claimed - part)\n",
        "        pass\n",
        (
            RECOURSE + "test_bought__by_the_seller__loan_repaid_the_claim_its_own_and_the_rest_free",
            BUY_BACK + "test_bought__more_than_the_loan_owes__the_rest_of_the_goods_is_free",
        ),
    ),
    Bug(
        "recourse outlives the due day",
        "chainfin/services/pledges/undertakings.py",
        "    if until <= asset.due_date:\n",
        "    if until < asset.due_date:\n",
        (RECOURSE + "test_undertake__what_cannot_be__refused",),
    ),
    Bug(
        "only the undertaker's own account buys back",
        "chainfin/services/pledges/undertakings.py",
        "PartyRow.account == arrival.payer_account)",
        'PartyRow.account != "")',
        (
            RECOURSE + "test_payment__not_now_or_not_by_this_one__goes_back",
            BUY_BACK + "test_payment__not_by_the_undertaker_or_not_in_time__goes_back",
        ),
    ),
)

LINES = (
    Bug(
        "confirmations on their way count",
        "chainfin/services/trade/debtor_lines.py",
        "row.used + under_way)",
        "row.used)",
        (
            LINE
            + "test_confirmations__two_of_which_the_line_carries_one__the_second_refused_while_the_first_is_on_its_way",
        ),
    ),
    Bug(
        "a line is what all lenders give",
        "chainfin/services/trade/debtor_lines.py",
        "    row.limit = total\n",
        "    row.limit = limit\n",
        (LINE + "test_line__set_by_two_lenders__is_their_sum_and_each_sees_its_own",),
    ),
    Bug(
        "a confirmation draws on the line",
        "chainfin/services/trade/debtor_lines.py",
        "        row.used += receivable.face\n",
        "        row.used += 0\n",
        (LINE + "test_confirmation__within_the_line__draws_on_it_and_its_payment_gives_back",),
    ),
    Bug(
        "what drew on a line gives back to it",
        "chainfin/services/trade/debtor_lines.py",
        "    if receivable.lined:\n",
        "    if session.get_one(PartyRow, receivable.debtor_id).roles & Role.LINED:\n",
        (LINE + "test_mark__taken_away__what_drew_still_gives_back_and_the_next_draws_nothing",),
    ),
    Bug(
        "a lender sees its own share alone",
        "chainfin/services/trade/debtor_lines.py",
        "    if not (actor.sees_all or actor.party_id == row.debtor_id):\n        shares",
        "    if False:\n        shares",
        (LINE + "test_line__set_by_two_lenders__is_their_sum_and_each_sees_its_own",),
    ),
    Bug(
        "a line goes down at any time",
        "chainfin/services/trade/debtor_lines.py",
        "        if share is not None and limit.minor < share.limit:\n",
        "        if False:\n",
        (LINE + "test_line__lowered_by_a_suspended_lender__taken_and_not_raised_again",),
    ),
)

BUGS = (*EVIDENCE, *SUBSTITUTION, *UNDERTAKING, *LINES)
