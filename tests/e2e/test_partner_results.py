"""A partner's answer that can't be taken in: nothing is guessed, its command waits for a person, the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from chainfin.connectors.sandbox import rail as sandbox_rail
from chainfin.connectors.sandbox import registry as sandbox_registry
from chainfin.connectors.worker import TRIES
from chainfin.errors import BadInput, ChainfinError, Conflict, Refused
from chainfin.rules import ledger
from chainfin.services.kernel.commands import PayHolder, PayLoan, Refund, RegisterPledge
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import applications
from chainfin.services.oversight import parked
from chainfin.services.reactions import approved, partner_results
from chainfin.services.views.oversight import ParkedView
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.values import instruction
from chainfin.values.party import first_person
from tests.e2e.site import FACE, Site

LENT = 500_000_00
TIMES = {
    "the calendar's last moment": "9999-12-31T23:59:59+00:00",
    "the calendar's first moment": "0001-01-01T00:00:00+14:00",
    "2099": "2099-06-30T00:00:00+00:00",
    "1970": "1970-01-01T00:00:00+00:00",
}
PERSON = replace(OPERATOR, person_id=first_person(None))


@contextmanager
def dated(at: str, who: str = "bank") -> Iterator[None]:
    """The bank (or the registry) dates what it does so, in answers that it signs."""
    moment = datetime.fromisoformat(at)

    def at_that_time(plain: Callable[..., Any], *names: str) -> Callable[..., Any]:
        def answer(*given: Any) -> Any:
            said = plain(*given)
            named = {name: moment for name in names if getattr(said, name) is not None}
            return said.model_copy(update=named)

        return answer

    with pytest.MonkeyPatch.context() as patch:
        if who == "bank":
            patch.setattr(sandbox_rail, "_payment", at_that_time(sandbox_rail._payment, "at"))
            patch.setattr(sandbox_rail, "_refund", at_that_time(sandbox_rail._refund, "at"))
        else:
            patch.setattr(sandbox_registry, "_answer", at_that_time(sandbox_registry._answer, "registered_at"))
        yield


def insist(site: Site) -> None:
    """So long that what is tried again and again has been."""
    for _ in range(TRIES + 1):
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=1))
        site.run()


def waiting(site: Site, subject: str) -> ParkedView:
    """What the operator is shown of a command that waits."""
    items = parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
    (item,) = (each for each in items if each.source == partner_results.SOURCE and each.subject == subject)
    return item


def command(site: Site, topic: str, subject: str) -> OutboxRow:
    query = select(OutboxRow).where(OutboxRow.topic == topic, OutboxRow.subject == subject)
    with site.ctx.store.read() as session:
        return session.exec(query.order_by(col(OutboxRow.id).desc()).limit(1)).one()


def accepted(site: Site, borrower: Actor) -> str:
    """An application whose payout (or registration) is answered at once. Its id."""
    application = site.offered(borrower, LENT, site.confirmed(borrower).id)
    applications.accept(site.ctx, borrower, application)
    site.run()
    return application


def unbooked(site: Site) -> int:
    """What the bank has paid and the book doesn't know of, in fen."""
    return site.balance(ledger.CASH) - site.bank_cash()


@pytest.mark.parametrize("at", TIMES.values(), ids=TIMES.keys())
def test_payout__dated_when_it_cannot_have_been__waits_for_a_person(site: Site, at: str) -> None:
    before = unbooked(site)
    with dated(at):
        application = accepted(site, site.borrower())
        insist(site)
        loan_id = str(site.application(application).row.loan_id)
        row, item = command(site, PayLoan.TOPIC, loan_id), waiting(site, loan_id)
        assert (row.status, row.in_vain) == ("parked", TRIES)
        assert (item.reason, item.status) == ("partner_time_implausible", "open")
        assert (site.application(application).row.status, site.loan(loan_id).loan.state.value) == (
            "disbursing",
            "approved",
        )
        assert unbooked(site) - before == LENT, "the money is out, and nothing says since when"
        insist(site)
        assert command(site, PayLoan.TOPIC, loan_id).attempts == row.attempts, "nobody asks any more"
        with pytest.raises(Conflict) as refused:
            parked.resolve(site.ctx, OPERATOR, item.id, "never mind")
        assert refused.value.code == "parked_command_undecided"
    assert site.application(accepted(site, site.borrower())).row.status == "funded", "the others go on"
    done = parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries())
    site.run()
    assert (done.status, site.application(application).row.status) == ("retried", "funded")
    assert site.payments().count(instruction.for_loan(loan_id)) == 1
    assert unbooked(site) == before


def test_payout__asked_again_in_vain__shown_again(site: Site) -> None:
    with dated(TIMES["2099"]):
        application = accepted(site, site.borrower())
        insist(site)
        loan_id = str(site.application(application).row.loan_id)
        first = waiting(site, loan_id)
        parked.retry(site.ctx, OPERATOR, first.id, site.inst.retries())
        site.run()
        second = waiting(site, loan_id)
    assert second.id != first.id
    parked.retry(site.ctx, OPERATOR, second.id, site.inst.retries())
    site.run()
    assert site.application(application).row.status == "funded"


def say(site: Site, item: ParkedView, became: Any, at: datetime | None, reference: str | None) -> None:
    made = partner_results.propose(
        site.ctx, PERSON, item.id, became=became, at=at, reference=reference, reason="by the bank's statement"
    )
    with pytest.raises(Refused) as same:
        approved.approve(site.ctx, PERSON, made.id, "mine")
    assert same.value.code == "approval_same_person"
    with pytest.raises(Conflict) as twice:
        partner_results.propose(
            site.ctx, PERSON, item.id, became=became, at=at, reference=reference, reason="once more"
        )
    assert twice.value.code == "outcome_proposed"
    approved.approve(site.ctx, site.second(OPERATOR), made.id, "I see it too")
    site.run()


def test_payout__two_persons_say_when_it_was_paid__the_loan_begins_then(site: Site) -> None:
    before = unbooked(site)
    with dated(TIMES["2099"]):
        application, day = accepted(site, site.borrower()), site.today
        insist(site)
        loan_id = str(site.application(application).row.loan_id)
        item = waiting(site, loan_id)
        site.move_to(day + timedelta(days=2))
        paid_at = site.ctx.clock.now() - timedelta(days=1)
        for at, reference, code in (
            (None, "P-1", "outcome_incomplete"),
            (paid_at, None, "outcome_incomplete"),
            (paid_at + timedelta(days=30), "P-1", "partner_time_implausible"),
        ):
            with pytest.raises(BadInput) as refused:
                partner_results.propose(
                    site.ctx, PERSON, item.id, became="done", at=at, reference=reference, reason="as I think"
                )
            assert refused.value.code == code
        say(site, item, "done", paid_at, "P 1:2/3")
    loan = site.loan(loan_id).loan
    assert (site.application(application).row.status, loan.disbursed_on) == ("funded", day + timedelta(days=1))
    items = parked.list_(site.ctx, OPERATOR, status="resolved", after="", limit=500)
    assert item.id in [each.id for each in items]
    assert command(site, PayLoan.TOPIC, loan_id).status == "done"
    assert unbooked(site) == before


def test_registration__answer_of_another_form_and_two_say_it_was_not_done__application_fails(site: Site) -> None:
    with dated(TIMES["1970"], "registry"):
        application = accepted(site, site.borrower())
        insist(site)
        row = site.application(application).row
        assert row.status == "registration"
        with site.ctx.store.read() as session:
            pledge_id = session.exec(select(PledgeRow.id).where(PledgeRow.loan_id == row.loan_id)).one()
        item = waiting(site, pledge_id)
        with pytest.raises(BadInput) as refused:
            say(site, item, "done", site.ctx.clock.now(), "N-1")
        assert refused.value.code == "outcome_not_by_hand"
        say(site, item, "refused", None, None)
    assert site.application(application).row.status == "failed"
    assert command(site, RegisterPledge.TOPIC, pledge_id).status == "refused"


def test_holder_and_refund__dated_in_2099__wait_and_are_booked_when_asked_again(site: Site) -> None:
    holder = site.borrower()
    asset = site.confirmed(holder)
    before = unbooked(site)
    with dated(TIMES["2099"]):
        paid, back = site.pays(FACE, f"RECEIVABLE {asset.id}"), site.pays(12_00, "nobody's")
        site.sends_back(back)
        insist(site)
        items = [waiting(site, str(holder.party_id)), waiting(site, site.incoming(back).id)]
        assert [item.kind for item in items] == [PayHolder.TOPIC, Refund.TOPIC]
        assert unbooked(site) - before == FACE + 12_00
    for item in items:
        parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries())
    site.run()
    assert (site.incoming(paid).status, site.incoming(back).status) == ("applied", "refunded")
    assert [row.status for row in (*site.payouts(paid), *site.refunds(back))] == ["done", "done"]
    assert unbooked(site) == before


def test_propose__of_what_is_no_command__refused(site: Site) -> None:
    ref = site.pays(3_00, "nobody's")
    item = site.unmatched(ref)
    with pytest.raises(ChainfinError) as refused:
        partner_results.propose(
            site.ctx, PERSON, item.id, became="refused", at=None, reference=None, reason="what is it"
        )
    assert refused.value.code == "parked_item_no_command"
    site.sends_back(ref)
