"""A credit note above the free part of a claim: the rest stays owed to be taken off, whatever comes free first.

Companies are invented.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from chainfin.errors import Refused
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications, credit_notes, margin_calls
from chainfin.services.lending.credit_notes import Dilution
from chainfin.services.payments import instructions
from chainfin.services.reads import queries
from chainfin.services.trade import orders, receivables, splits_and_transfers
from chainfin.services.views.acts import ActView
from chainfin.storage.party_tables import CustodyKeyRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.ending import mismatches
from tests.e2e.onchain import view
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY
from tests.e2e.test_credit_notes import CREDITED, numbered

RATE = 85
"""Of a hundred of a claim so much is lent to these borrowers."""
LENT = FACE * RATE // 100
"""The most that is lent on `FACE`: all of it is pledged."""


def pledged(site: Site) -> tuple[Actor, dict[str, bytes], ReceivableRow, str]:
    """A seller that borrowed on all of its claim: itself, its papers, the claim, the loan."""
    seller = site.borrower()
    papers = site.papers(seller)
    row = site.confirmed(seller, papers)
    loan = site.funded(seller, LENT, row.id)
    assert site.receivable(row.id).pledged == FACE
    return seller, papers, row, loan


def given(site: Site, seller: Actor, row: ReceivableRow, note: bytes, number: int = 0) -> Dilution:
    done = credit_notes.credit(site.ctx, seller, row.id, numbered(note, number) if number else note)
    site.run()
    return done


def seen(site: Site, row: ReceivableRow) -> tuple[int, int, int | None]:
    """What is free, diluted and pending of a claim, as the core enterprise sees it."""
    found = queries.receivable(site.ctx, site.cast["core"], row.id)
    return found.free, found.diluted, found.credit_pending


def open_for(site: Site, row: ReceivableRow) -> tuple[int, int]:
    """What the debtor is told to pay, and what is credited of it."""
    told = instructions.for_receivable(site.ctx, site.cast["core"], row.id)
    return told.amount.minor, told.credit_pending.minor


def offered(site: Site, seller: Actor, row: ReceivableRow) -> int:
    """The most that is offered on the claim now."""
    offer = site.application(site.offered(seller, LENT, row.id)).offer
    assert offer is not None
    return Money.parse(str(offer.terms["principal"]), CNY).minor


def repay(site: Site, seller: Actor, loan: str, amount: int | None = None) -> None:
    """All that the loan owes, or a part of it."""
    part = None if amount is None else Money(amount, CNY)
    told = instructions.for_loan(site.ctx, seller, loan, part)
    site.pays(told.amount.minor, told.remittance, account=told.account)


def unsigned(site: Site, actor: Actor) -> list[ActView]:
    return [act for act in acts.list_(site.ctx, actor, "awaiting_signature") if act.function == "credit"]


def test_credit_note__on_what_is_pledged__is_taken_off_once_the_loan_is_repaid(site: Site) -> None:
    seller, papers, row, loan = pledged(site)
    done = given(site, seller, row, papers["credit_note"])
    assert (done.diluted.minor, done.pending.minor, done.act) == (0, CREDITED, None)
    assert done.top_up.minor > 0
    assert seen(site, row) == (0, 0, CREDITED)
    assert open_for(site, row) == (FACE - CREDITED, CREDITED), "the debtor owes the face less the credit"
    repay(site, seller, loan)
    assert seen(site, row) == (FACE - CREDITED, CREDITED, 0)
    assert view(site.inst, "Receivables", "receivable", row.id)["free"] == FACE - CREDITED
    assert open_for(site, row) == (FACE - CREDITED, 0)
    assert offered(site, seller, row) <= (FACE - CREDITED) * RATE // 100, "what was credited isn't lent on again"
    assert mismatches(site) == []


def test_credit_notes__several__are_taken_off_as_parts_come_free(site: Site) -> None:
    seller, papers, row, loan = pledged(site)
    done = [given(site, seller, row, papers["credit_note"], number) for number in (1, 2)]
    assert [each.pending.minor for each in done] == [CREDITED, CREDITED]
    repay(site, seller, loan, 10_000_00)
    freed = seen(site, row)[1]
    assert CREDITED < freed < 2 * CREDITED, "what the smaller loan gave up went to the notes, in their order"
    assert seen(site, row) == (0, freed, 2 * CREDITED - freed)
    repay(site, seller, loan)
    assert seen(site, row) == (FACE - 2 * CREDITED, 2 * CREDITED, 0)
    assert mismatches(site) == []


def test_calls__for_several_notes__ask_together_for_what_the_cover_lacks(site: Site) -> None:
    seller, papers, row, loan = pledged(site)
    for number in (1, 2, 3):
        given(site, seller, row, papers["credit_note"], number)
    first, *more = (each.amount for each in margin_calls.of_loan(site.ctx, seller, loan).calls)
    assert first >= CREDITED * RATE // 100
    assert all(0 <= each - CREDITED * RATE // 100 <= 1 for each in more), "what is owed above the base is called once"


def test_debtor__that_pays_the_face_less_the_credit__owes_nothing_more(site: Site) -> None:
    seller, papers, row, loan = pledged(site)
    given(site, seller, row, papers["credit_note"])
    told = instructions.for_receivable(site.ctx, site.cast["core"], row.id)
    site.pays(told.amount.minor, told.reference, account=told.account)
    assert site.loan(loan).row.status == "repaid"
    after = site.receivable(row.id)
    assert (after.settled, after.diluted, after.status) == (FACE - CREDITED, CREDITED, "settled")
    assert open_for(site, row) == (0, 0)
    assert mismatches(site) == []


def test_holder__with_its_own_key__is_asked_and_nothing_credited_is_lent_or_passed_on_or_paid_meanwhile(
    site: Site,
) -> None:
    seller = site.admit_with_own_key(Role.SUPPLIER)
    site.limit("borrower", seller, 5_000_000_00)
    papers = site.papers(seller)
    row = confirmed_by_own_key(site, seller, papers)
    credit_notes.credit(site.ctx, seller, row.id, papers["credit_note"])
    site.run()
    assert seen(site, row) == (FACE, 0, CREDITED), "free on chain until its act is final"
    assert open_for(site, row) == (FACE - CREDITED, CREDITED)
    assert offered(site, seller, row) <= (FACE - CREDITED) * RATE // 100
    with pytest.raises(Refused) as above:
        splits_and_transfers.split(site.ctx, seller, row.id, [Money(FACE - CREDITED, CNY), Money(1, CNY)])
    assert above.value.code == "exceeds_free"
    with pytest.raises(Refused) as passed:
        splits_and_transfers.transfer(site.ctx, seller, row.id, str(site.borrower().party_id))
    assert (passed.value.code, passed.value.details["credit_pending"]) == ("credit_pending", "7791.35")
    told = instructions.for_receivable(site.ctx, site.cast["core"], row.id)
    site.pays(FACE, told.reference, account=told.account)
    assert site.receivable(row.id).settled == FACE - CREDITED, "what is credited isn't owed"
    assert instructions.for_receivable(site.ctx, site.cast["core"], row.id).beyond.minor == CREDITED
    [act] = unsigned(site, seller)
    site.sign(seller, act)
    site.run()
    assert site.receivable(row.id).status == "settled"
    assert mismatches(site) == []


def test_credit_note__of_which_a_part_waited__stands_though_nobody_signs_in_time(site: Site) -> None:
    seller, papers, row, loan = pledged(site)
    given(site, seller, row, papers["credit_note"])
    with site.ctx.store.begin() as session:  # nobody signs for it any more
        key = session.get(CustodyKeyRow, site.party(seller.party_id).address)
        assert key is not None
        kept = key.model_dump()
        session.delete(key)
    repay(site, seller, loan)
    [first] = unsigned(site, seller)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
    site.run()
    assert seen(site, row) == (FACE, 0, CREDITED)
    [second] = unsigned(site, seller)
    assert second.id != first.id, "asked again"
    with site.ctx.store.begin() as session:
        session.add(CustodyKeyRow(**kept))
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
    site.run()
    assert seen(site, row) == (FACE - CREDITED, CREDITED, 0)


def test_credit_note__on_a_claim_that_was_split__is_borne_by_the_parts_its_giver_has(site: Site) -> None:
    seller = site.borrower()
    papers = site.papers(seller)
    row = site.confirmed(seller, papers)
    amounts = [Money(400_000_00, CNY), Money(300_000_00, CNY), Money(FACE - 700_000_00 - 1_000_00, CNY)]
    splits_and_transfers.split(site.ctx, seller, row.id, amounts)
    site.run()
    mine, lent_on, passed_on = sorted(queries.parts(site.ctx, seller, row.id), key=lambda part: part.face)[::-1]
    splits_and_transfers.transfer(site.ctx, seller, passed_on.id, str(site.borrower().party_id))
    site.run()
    loans = [site.funded(seller, each.face * RATE // 100, each.id) for each in (mine, lent_on)]
    done = given(site, seller, row, papers["credit_note"])
    assert (done.diluted.minor, done.pending.minor) == (1_000_00, CREDITED - 1_000_00)
    assert site.receivable(row.id).diluted == 1_000_00, "what is left of the whole first"
    assert done.top_up.minor > 0
    repay(site, seller, loans[1])
    taken = [site.receivable(each.id).diluted for each in (mine, lent_on, passed_on)]
    assert taken == [0, CREDITED - 1_000_00, 0], "whichever part of the giver's comes free first; never another's"
    repay(site, seller, loans[0])
    assert site.receivable(mine.id).diluted == 0, "and once"
    assert mismatches(site) == []


def test_offer__on_what_is_credited_meanwhile__is_refused_with_what_holds_it(site: Site) -> None:
    seller = site.borrower()
    papers = site.papers(seller)
    row = site.confirmed(seller, papers)
    application = site.offered(seller, LENT, row.id)
    given(site, seller, row, papers["credit_note"])
    with pytest.raises(Refused) as taken:
        applications.accept(site.ctx, seller, application)
    assert (taken.value.code, taken.value.details["held_by"]) == ("asset_not_free", {"diluted": "7791.35"})
    assert taken.value.details["free"] == str(FACE - CREDITED)


def test_credit_note__brought_again__is_the_same_and_counts_once(site: Site) -> None:
    seller, papers, row, loan = pledged(site)
    given(site, seller, row, papers["credit_note"])
    repay(site, seller, loan)
    with pytest.raises(Exception, match="taken before") as again:
        credit_notes.credit(site.ctx, seller, row.id, papers["credit_note"])
    assert getattr(again.value, "code", "") == "credit_note_already_taken"
    assert site.receivable(row.id).diluted == CREDITED


def confirmed_by_own_key(site: Site, seller: Actor, papers: dict[str, bytes]) -> ReceivableRow:
    core = site.cast["core"]
    order, _ = orders.post_order(site.ctx, core, papers["order"], "order.xml")
    site.run()
    for step, paper in ((orders.acknowledge, "response"), (orders.despatch, "despatch")):
        site.sign(seller, step(site.ctx, seller, order.id, papers[paper]))
        site.run()
    orders.receive(site.ctx, core, order.id, papers["receipt"])
    site.run()
    made = receivables.issue(site.ctx, seller, order.id, papers["invoice"])
    site.sign(seller, made.act)
    site.run()
    site.confirm(made.receivable)
    site.run()
    return site.receivable(made.receivable.id)
