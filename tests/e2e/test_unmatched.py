"""What names no claim waits for two persons, or goes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from chainfin.errors import Conflict, Forbidden, NotFound, Refused
from chainfin.rules import ledger
from chainfin.services.kernel.commands import Refund
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked
from chainfin.services.payments import unmatched
from chainfin.services.reactions import approved
from chainfin.services.views.acts import ProposalView
from chainfin.values.party import first_person
from chainfin.values.payment_reference import Kind
from tests.e2e.forging import Content, resealed
from tests.e2e.secured import bundle, checked
from tests.e2e.site import FACE, Site

LENT = 500_000_00
BOSS = replace(OPERATOR, person_id=first_person(None))


def proposed(site: Site, ref: str, kind: Kind, target: str) -> ProposalView:
    return unmatched.propose(site.ctx, BOSS, site.unmatched(ref).id, kind=kind, target=target, reason="he called")


def test_unmatched__allocated_by_two_persons__placed_as_if_named(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    ref = site.pays(FACE, "for the copper")
    assert site.balance(ledger.SUSPENSE, ref=site.incoming(ref).id) == FACE
    made = proposed(site, ref, "receivable", asset.id)
    with pytest.raises(Refused) as alone:
        approved.approve(site.ctx, BOSS, made.id, "my own")
    assert alone.value.code == "approval_same_person"
    assert site.incoming(ref).status == "unmatched"
    approved.approve(site.ctx, site.second(OPERATOR), made.id, "checked with the debtor")
    site.run()
    row = site.incoming(ref)
    assert (row.status, row.unapplied, row.allocated_by) == ("applied", 0, made.id)
    assert site.receivable(asset.id).status == "settled"
    item = site.unmatched(ref)
    assert (item.status, item.resolved_by) == ("resolved", site.second(OPERATOR).person_id)


def test_evidence__of_a_payment_allocated_by_two_persons__holds_and_names_them(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    other = site.funded(borrower, 1_000_00, site.confirmed(borrower).id)
    ref = site.pays(1_000_00, "for the loan of last week")
    made = proposed(site, ref, "loan", loan_id)
    approved.approve(site.ctx, site.second(OPERATOR), made.id, "the borrower wrote so")
    site.run()
    data = bundle(site, loan_id)
    report = checked(site, data)
    assert report.failures == ()
    (check,) = [each for each in report.not_compared if each.name.endswith("remittance")]
    assert str(BOSS.person_id) in check.what
    assert str(site.second(OPERATOR).person_id) in check.what

    def alone(said: dict[str, Any]) -> None:
        said["decided_by"] = said["proposed_by"]

    def rejected(said: dict[str, Any]) -> None:
        said["decision"] = "rejected"

    def of_another_loan(said: dict[str, Any]) -> None:
        said["payload"]["target"] = other

    def of_another_payment(said: dict[str, Any]) -> None:
        said["subject"] = "inc_another"

    for change in (alone, rejected, of_another_loan, of_another_payment):
        failed = checked(site, resealed(data, partial(_said_otherwise, change))).failures
        assert [each.name.endswith("remittance") for each in failed] == [True], change
    (failure,) = checked(site, resealed(data, lambda content: content["ledger"]["allocated"].clear())).failures
    assert "names no claim" in failure.what


def _said_otherwise(change: Callable[[dict[str, Any]], None], content: Content) -> None:
    ((payment, text),) = content["ledger"]["allocated"].items()
    said = json.loads(text)
    change(said)
    content["ledger"]["allocated"][payment] = json.dumps(said)


def test_unmatched__claim_takes_nothing__proposal_stays_open(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    site.pays(FACE, asset.reference)
    ref = site.pays(5_00, "again")
    made = proposed(site, ref, "receivable", asset.id)
    with pytest.raises(Refused) as refused:
        approved.approve(site.ctx, site.second(OPERATOR), made.id, "ok")
    assert refused.value.code == "payment_not_placed"
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("unmatched", 5_00)
    site.sends_back(ref)
    with pytest.raises(Refused) as late:
        approved.approve(site.ctx, site.second(OPERATOR), made.id, "ok")
    assert late.value.code == "payment_not_unmatched"
    assert [row.status for row in site.refunds(ref)] == ["done"]


def test_unmatched__proposed_twice_or_for_nothing__refused(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    ref = site.pays(6_00, "?")
    with pytest.raises(NotFound) as unknown:
        proposed(site, ref, "loan", asset.id)
    assert unknown.value.code == "claim_unknown"
    proposed(site, ref, "receivable", asset.id)
    with pytest.raises(Conflict) as twice:
        proposed(site, ref, "receivable", asset.id)
    assert twice.value.code == "allocation_proposed"


def test_unmatched__resolved_as_if_it_were_nothing__refused(site: Site) -> None:
    ref = site.pays(7_00, "?")
    with pytest.raises(Conflict) as refused:
        parked.resolve(site.ctx, BOSS, site.unmatched(ref).id, "leave it")
    assert refused.value.code == "parked_payment_undecided"
    site.sends_back(ref)
    with pytest.raises(Conflict) as closed:
        unmatched.send_back(site.ctx, BOSS, site.unmatched(ref).id, "again")
    assert closed.value.code == "parked_item_not_open"
    assert len(site.commands(Refund, correlation=site.incoming(ref).id)) == 1


def test_unmatched__tried_again_in_vain__stays_and_later_is_placed(site: Site) -> None:
    ref = site.pays(8_00, "?")
    item = site.unmatched(ref)
    again = parked.retry(site.ctx, BOSS, item.id, site.inst.retries())
    assert (again.status, again.reason, site.incoming(ref).status) == ("open", "remittance_unknown", "unmatched")
    site.sends_back(ref)


def test_unmatched__decided_by_others__refused(site: Site) -> None:
    ref = site.pays(9_00, "?")
    item = site.unmatched(ref)
    lender = site.cast["lender"]
    for actor, code in ((lender, "operator_only"), (OPERATOR, "person_missing")):
        with pytest.raises(Forbidden) as refused:
            unmatched.send_back(site.ctx, actor, item.id, "mine")
        assert refused.value.code == code
    with pytest.raises(Forbidden) as refused:
        unmatched.propose(site.ctx, lender, item.id, kind="loan", target="x", reason="mine")
    assert refused.value.code == "operator_only"
    site.sends_back(ref)
