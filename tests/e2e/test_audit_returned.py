"""Evidence of a loan whose payout the bank gave back: told and accepted; two payouts that stand are refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chainfin.audit.report import State
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import end_of_day
from chainfin.values import instruction
from tests.e2e.forging import Content, resealed
from tests.e2e.secured import bundle, checked, names
from tests.e2e.site import Site, open_site
from tests.e2e.statements import BACK, LENT, Bank, lender_account, lent, take


@pytest.fixture(scope="module")
def returned() -> Iterator[tuple[Site, bytes, bytes]]:
    """A site; evidence of the loan whose payout came back, and of the one on the same claim that was paid after it."""
    with open_site() as site:
        borrower, asset, loan_id = lent(site)
        ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
        take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
        site.move_to(site.today + timedelta(days=3))
        end_of_day.run(site.ctx, OPERATOR, site.today)
        take(site, ours.statement(ours.entry(LENT, order=number, returned=BACK), moved=LENT))
        assert site.loan(loan_id).row.status == "cancelled"
        again = site.funded(borrower, LENT, asset.id)
        yield site, bundle(site, loan_id), bundle(site, again)


def test_audit__of_a_loan_whose_payout_came_back__accepted_and_the_return_is_told(
    returned: tuple[Site, bytes, bytes],
) -> None:
    site, came_back, again = returned
    report = checked(site, came_back)
    assert names(report, State.FAILED) == set()
    assert "payout: returned" in names(report, State.NOT_COMPARED), "nobody outside has signed that it came back"
    assert names(checked(site, again), State.FAILED) == set(), "the loan that was paid after it"


def test_audit__of_two_payouts_that_stand__refused(returned: tuple[Site, bytes, bytes]) -> None:
    site, came_back, again = returned

    def twice(content: Content) -> None:
        content["payments"] += copy.deepcopy(content["payments"])
        content["ledger"]["events"] += [each for each in content["ledger"]["events"] if each["kind"] == "disburse"]

    for honest in (came_back, again):
        assert "payout: once" in names(checked(site, resealed(honest, twice), honest), State.FAILED)


def test_audit__of_a_return_without_its_payout__refused(returned: tuple[Site, bytes, bytes]) -> None:
    site, came_back, _ = returned

    def hidden(content: Content) -> None:
        content["payments"] = []

    assert "payout: once" in names(checked(site, resealed(came_back, hidden), came_back), State.FAILED)
