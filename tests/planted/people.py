"""Bugs in what persons, prices, offers and amounts are kept apart by."""

from __future__ import annotations

from tests.planted.bug import Bug

PERSONS = "tests/api/test_persons.py::"
OFFERS = "tests/e2e/test_open_offers.py::"
GOODS = "tests/e2e/test_goods.py::"

BUGS = (
    Bug(
        "two pairs of eyes are two persons",
        "chainfin/rules/approval.py",
        "if by.id == proposal.proposer.id:",
        "if by.id == proposal.party:",
        (
            PERSONS + "test_approve__by_the_same_person_with_another_token__refused",
            "tests/unit/test_approval.py::test_event__on_an_open_proposal__ends_it_or_is_refused",
        ),
    ),
    Bug(
        "a proposal is decided once",
        "chainfin/services/kernel/approvals.py",
        "row = session.get(ProposalRow, proposal_id, with_for_update=True)",
        "row = session.get(ProposalRow, proposal_id)",
        ("tests/storage/test_approvals.py::test_approve_and_reject__at_once__one_decision_and_at_most_one_effect",),
    ),
    Bug(
        "a suspended person's token is worth nothing",
        "chainfin/services/parties/signin.py",
        'if person.status != "active":',
        'if person.status == "pending":',
        (PERSONS + "test_suspend__a_person__its_tokens_and_clients_end",),
    ),
    Bug(
        "a lender's price counts for that lender",
        "chainfin/services/goods/receipts.py",
        "known.where(PriceRow.owner_id == lender_id)",
        "known",
        (GOODS + "test_price__of_another_lender__counts_for_that_one_alone",),
    ),
    Bug(
        "a price beyond the band waits for a second person",
        "chainfin/services/lending/prices.py",
        "if beyond_band(price.minor, before):",
        "if beyond_band(price.minor, ()):",
        (GOODS + "test_price__beyond_the_band__counts_once_a_second_person_approves",),
    ),
    Bug(
        "an older offer gives way",
        "chainfin/services/lending/offers.py",
        'close(session, ctx, row, "withdrawn", {"superseded_by": by.id})',
        "pass",
        (OFFERS + "test_offer__newer_on_the_same_asset__takes_the_place_of_the_older",),
    ),
    Bug(
        "what others were promised of an asset isn't free",
        "chainfin/services/lending/decision_inputs.py",
        '"free_minor": max(0, assets.free_of(asset) - standing.promised),',
        '"free_minor": max(0, assets.free_of(asset)),',
        (OFFERS + "test_offers__of_several_lenders__share_what_the_asset_carries",),
    ),
    Bug(
        "what an older offer held is there for the newer one",
        "chainfin/services/lending/decision_inputs.py",
        "limits.headroom(row) + freed.get(row.id, 0)",
        "limits.headroom(row)",
        (OFFERS + "test_offer__newer_when_the_older_used_up_the_limit__is_made_from_what_it_frees",),
    ),
    Bug(
        "an amount is the currency's own",
        "chainfin/risk/policy.py",
        "name: each.get(currency, 1) for",
        'name: each["CNY"] for',
        ("tests/unit/test_risk_amounts.py::test_minimum__in_another_currency__is_that_currencys",),
    ),
)
