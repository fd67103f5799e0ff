"""A suspended lender: it lends nothing more, and its borrowers get back what it holds of theirs."""

from __future__ import annotations

from functools import partial

import pytest

from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import applications, end_of_day, limits, review
from chainfin.services.pledges import enforcement, release
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.ending import act, mismatches
from tests.e2e.reckoned import owed
from tests.e2e.site import Site
from tests.e2e.test_suspending import LENT, code_of, ran, suspend, the_pledge

LARGE = 50_000_001_00
"""More than the policy decides on alone."""


@pytest.fixture
def lender(site: Site, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """A lender of this test's own, with ample limits on itself and the core enterprise."""
    other = site.admit(Role.LENDER)
    monkeypatch.setitem(site.cast, "lender", other)
    site.limit("debtor", site.cast["core"], 9_000_000_00)
    site.limit("lender", other, 9_000_000_00)
    site.mandate(other)
    return other


def test_suspended_lender__lends_nothing_and_gives_back_what_it_holds(site: Site, lender: Actor) -> None:
    borrower = site.borrower()
    lent, free, offered = (site.confirmed(borrower) for _ in range(3))
    loan_id = site.funded(borrower, LENT, lent.id)
    taken = site.offered(borrower, LENT, offered.id)
    suspend(site, lender)
    assert code_of(lambda: site.apply(borrower, LENT, free.id)) == "party_not_active"
    assert code_of(lambda: applications.accept(site.ctx, borrower, taken)) == "party_not_active"
    assert code_of(lambda: site.limit("borrower", borrower, 6_000_000_00)) == "party_not_active"
    assert code_of(lambda: site.goods(borrower)) == "party_not_active", "nor does it say what goods are worth"
    assert site.limit("borrower", borrower, 4_000_000_00).amount == 4_000_000_00
    part = release.release_by_lender(site.ctx, lender, the_pledge(site, lent.id).id, "1.00")
    assert act(site, ran(site, part.id)).status == "final"
    site.pays(owed(site, loan_id, site.today), f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"
    assert the_pledge(site, lent.id).status == "released"
    assert mismatches(site) == []


def test_suspended_lender__of_an_unpaid_loan__takes_its_security(site: Site, lender: Actor) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    site.funded(borrower, LENT, asset.id)
    site.fall_due(asset.due_date)
    end_of_day.run(site.ctx, OPERATOR, site.today)
    suspend(site, lender)
    assert (
        act(site, ran(site, enforcement.enforce(site.ctx, lender, the_pledge(site, asset.id).id).id)).status == "final"
    )
    assert the_pledge(site, asset.id).status == "enforced"
    assert mismatches(site) == []


def test_limit_on_a_suspended_borrower__lowered_and_not_raised(site: Site) -> None:
    borrower = site.borrower()
    suspend(site, borrower)
    assert code_of(lambda: site.limit("borrower", borrower, 10**14)) == "party_not_active"
    assert site.limit("borrower", borrower, 1_00).amount == 1_00
    lender, key = site.cast["lender"], str(borrower.party_id)
    first = partial(limits.set_, site.ctx, lender, kind="borrower", key=key, amount=Money(1_00, "USD"))
    assert code_of(first) == "party_not_active", "there is nothing to lower"


def test_suspended_lender__while_the_data_is_on_its_way__declined(site: Site, lender: Actor) -> None:
    shop = site.borrower()
    consent = {"token": site.world.consents(site.companies[str(shop.party_id)].uscc, ("payments",), site.today)}
    application = site.apply(shop, LENT, None, product="general_310", consent=consent)
    assert site.application(application).row.status == "data_check"
    suspend(site, lender)
    row = site.application(application).row
    assert (row.status, [each["code"] for each in row.refusals]) == ("declined", ["lender_blocked"])


def test_suspended_lenders_desk__approves_nothing_and_refuses(site: Site, lender: Actor) -> None:
    site.limit("debtor", site.cast["core"], 90_000_000_00)
    site.limit("lender", lender, 90_000_000_00)
    borrower = site.borrower(limit=60_000_000_00)
    application = site.apply(borrower, LARGE, site.confirmed(borrower).id)
    assert site.application(application).row.status == "review"
    suspend(site, lender)
    word = partial(review.decide, site.ctx, lender, application)
    assert code_of(lambda: word("approved", "we know them well")) == "party_not_active"
    assert site.application(application).row.status == "review"
    word("refused", "we lend nothing now")
    row = site.application(application).row
    assert (row.status, [each["code"] for each in row.refusals]) == ("declined", ["refused_by_lender"])
