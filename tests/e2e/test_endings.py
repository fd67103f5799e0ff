"""How an application came to nothing: status, reasons and the words for the applicant say the same."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from chainfin.rules.mandate import PAYOUT_TAKES
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications, mandates
from chainfin.services.lending.decision import OFFER_LIFETIME
from chainfin.services.reads import queries
from chainfin.values import instruction
from tests.e2e.ending import mismatches
from tests.e2e.mandated import LENT, lender_without_mandate
from tests.e2e.site import Site


@pytest.fixture
def lender(site: Site, monkeypatch: pytest.MonkeyPatch) -> Actor:
    return lender_without_mandate(site, monkeypatch)


def told(site: Site, borrower: Actor, application: str) -> tuple[str, list[str], list[str]]:
    """Status, codes and sentences, as the borrower sees them."""
    seen = queries.application(site.ctx, borrower, application)
    assert all(sentence.zh for sentence in seen.explanation)
    codes = [str(each["code"]) for each in seen.application.refusals]
    return seen.application.status, codes, [each.en for each in seen.explanation]


def ended(site: Site, borrower: Actor, application: str) -> tuple[str, list[str], str]:
    """Status, codes, and the first sentence; no sentence speaks of an approval or of what the loan would cost."""
    status, codes, words = told(site, borrower, application)
    assert not [each for each in words if each.startswith("Approved") or "repaid in one sum" in each]
    return status, codes, words[0]


def test_mandate_missing__declined_and_said_so(site: Site, lender: Actor) -> None:
    borrower = site.borrower()
    application = site.apply(borrower, LENT, site.confirmed(borrower).id)
    assert ended(site, borrower, application) == ("declined", ["mandate_missing"], "Declined.")


def test_mandate_too_dear_for_it__policy_approves__declined_and_said_so(site: Site, lender: Actor) -> None:
    """The record says yes: the mandate's least rate is above what the policy asks for."""
    site.mandate(lender, rate_floor=Decimal("0.2000"))
    borrower = site.borrower()
    application = site.apply(borrower, LENT, site.confirmed(borrower).id)
    status, codes, first = ended(site, borrower, application)
    assert (status, first, len(codes)) == ("declined", "Declined.", 1)
    words = told(site, borrower, application)[2]
    assert words[1].lower().startswith(str(site.application(application).row.refusals[0]["message"]).lower()[:20])


def test_mandate_expired__declined_and_said_so(site: Site, lender: Actor) -> None:
    given = site.mandate(lender, expires_at=site.ctx.clock.now() + PAYOUT_TAKES + timedelta(hours=1))
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    site.ctx.clock.move_to(given.expires_at - PAYOUT_TAKES + timedelta(minutes=1))
    application = site.apply(borrower, LENT, asset.id)
    status, codes, first = ended(site, borrower, application)
    assert (status, codes, first) == ("declined", ["mandate_expired"], "Declined.")


def test_mandate_revoked__the_offer_is_the_lenders_to_end(site: Site, lender: Actor) -> None:
    given, borrower = site.mandate(lender), site.borrower()
    application = site.offered(borrower, LENT, site.confirmed(borrower).id)
    assert told(site, borrower, application)[2][0].startswith("Approved")
    mandates.revoke(site.ctx, lender, given.id)
    first = "The offer has ended: its lender revoked it."
    assert ended(site, borrower, application) == ("revoked", ["mandate_revoked"], first)
    assert "The lender has revoked the mandate under which this was offered." in told(site, borrower, application)[2]


def test_limit_lowered_before_the_decision__declined_and_said_so(site: Site, lender: Actor) -> None:
    site.mandate(lender)
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    site.limit("debtor", site.cast["core"], 1_00)
    status, codes, first = ended(site, borrower, site.apply(borrower, LENT, asset.id))
    assert (status, first) == ("declined", "Declined.")
    assert codes


@pytest.mark.parametrize("why", ["limit_lowered", "mandate_revoked"])
def test_stopped_before_the_payout__failed_and_said_so(site: Site, lender: Actor, why: str) -> None:
    given, borrower = site.mandate(lender), site.borrower()
    application = site.offered(borrower, LENT, site.confirmed(borrower).id)
    applications.accept(site.ctx, borrower, application)
    if why == "limit_lowered":
        site.limit("debtor", site.cast["core"], LENT - 1)
    else:
        mandates.revoke(site.ctx, lender, given.id)
    site.run()
    first = "It was approved, but no money was paid out."
    assert ended(site, borrower, application) == ("failed", [why], first)


def test_nobody_accepts__expired_and_said_so(site: Site, lender: Actor) -> None:
    site.mandate(lender)
    borrower = site.borrower()
    application = site.offered(borrower, LENT, site.confirmed(borrower).id)
    site.ctx.clock.move_to(site.ctx.clock.now() + OFFER_LIFETIME)
    site.run()
    first = "The application has ended: nobody accepted or decided in time."
    assert ended(site, borrower, application) == ("expired", [], first)


def test_borrower_withdraws__and_a_newer_offer_takes_its_place__told_apart(site: Site, lender: Actor) -> None:
    site.mandate(lender)
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    older = site.offered(borrower, 500_000_00, asset.id)
    newer = site.offered(borrower, 500_000_00, asset.id)
    first = "The application was withdrawn."
    assert ended(site, borrower, older) == ("withdrawn", ["offer_superseded"], first)
    applications.withdraw(site.ctx, borrower, newer)
    assert ended(site, borrower, newer) == ("withdrawn", [], first)


def test_payout__the_bank_says_nothing_for_a_day__named_until_it_does(site: Site) -> None:
    """What was pledged waits for it, and so does every payment of that."""
    borrower = site.borrower()
    _, application = site.unpaid(borrower, LENT)
    loan = str(site.application(application).row.loan_id)
    assert mismatches(site) == []
    site.move_to(site.today + timedelta(days=2))
    (named,) = mismatches(site)
    assert (named.name, named.subject) == ("payout.answered", loan)
    assert named.found.startswith("unknown for 2 days (payment_pending")
    site.world.resolves(instruction.for_loan(loan), "done")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=1))
    site.run()
    assert mismatches(site) == []
