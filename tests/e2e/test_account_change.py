"""Where a party is paid to is changed by the word of both: nobody's money goes elsewhere by one side's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from chainfin.errors import BadInput, ChainfinError, Conflict, NotFound
from chainfin.services.kernel import approvals
from chainfin.services.kernel.commands import PayLoan
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.parties import admission
from chainfin.services.payments import accounts
from chainfin.services.reactions import approved
from chainfin.storage.bank_tables import VirtualAccountRow
from chainfin.values.party import Role, first_person
from tests.e2e.site import Site

LENT = 100_000_00
BOSS = replace(OPERATOR, person_id=first_person(None))
WHY = "they moved to another bank"


def owner(party: Actor) -> Actor:
    return replace(party, person_id=first_person(party.party_id))


def account(site: Site, party: Actor) -> str:
    private = admission.get(site.ctx, OPERATOR, str(party.party_id)).private
    assert private is not None
    return private.account


def paid_to(site: Site) -> str:
    return str(site.commands(PayLoan)[-1].payload["payee_account"])


def test_operator__with_two_persons_and_without_the_party__redirects_nothing(site: Site) -> None:
    borrower = site.borrower()
    before = account(site, borrower)
    made = accounts.propose(site.ctx, BOSS, str(borrower.party_id), "6228-OURS", WHY)
    for person in (BOSS, site.second(OPERATOR)):
        with pytest.raises(ChainfinError) as refused:
            approved.approve(site.ctx, person, made.id, "it is right")
        assert refused.value.code == "proposal_unknown", "it is the party's to approve"
    site.funded(borrower, LENT, site.confirmed(borrower).id)
    assert account(site, borrower) == paid_to(site) == before


def test_operator_asks__party_approves__paid_to_the_new_one_from_then_on(site: Site) -> None:
    borrower = site.borrower()
    made = accounts.propose(site.ctx, BOSS, str(borrower.party_id), "6228-MOVED-1", WHY)
    assert (made.status, made.payload["account"]) == ("open", "6228-MOVED-1")
    assert approvals.get(site.ctx, owner(borrower), made.id).id == made.id
    approved.approve(site.ctx, owner(borrower), made.id, "it is ours")
    site.funded(borrower, LENT, site.confirmed(borrower).id)
    assert account(site, borrower) == paid_to(site) == "6228-MOVED-1"


def test_party_asks__its_own_second_person_does_not_do__the_operator_does(site: Site) -> None:
    borrower = site.borrower()
    made = accounts.propose(site.ctx, owner(borrower), str(borrower.party_id), "6228-MOVED-2", WHY)
    assert made.id in [each.id for each in approvals.list_(site.ctx, owner(borrower))], (
        "who asked sees what becomes of it"
    )
    for person in (owner(borrower), site.second(borrower)):
        with pytest.raises(NotFound):
            approved.approve(site.ctx, person, made.id, "it is ours")
    approved.approve(site.ctx, BOSS, made.id, "their bank says so too")
    assert account(site, borrower) == "6228-MOVED-2"


def test_change__rejected__as_before_and_another_may_be_asked_for(site: Site) -> None:
    borrower = site.borrower()
    before, party_id = account(site, borrower), str(borrower.party_id)
    made = accounts.propose(site.ctx, BOSS, party_id, "6228-WRONG", WHY)
    with pytest.raises(Conflict) as waiting:
        accounts.propose(site.ctx, owner(borrower), party_id, "6228-RIGHT", WHY)
    assert waiting.value.code == "account_change_waits"
    approvals.reject(site.ctx, owner(borrower), made.id, reason="not ours")
    accounts.propose(site.ctx, owner(borrower), party_id, "6228-RIGHT", WHY)
    assert account(site, borrower) == before


def test_change__to_anothers_account_of_another_or_to_none__refused(site: Site) -> None:
    borrower, other = site.borrower(), site.borrower()
    party_id = str(borrower.party_id)
    with pytest.raises(Conflict) as taken:
        accounts.propose(site.ctx, BOSS, party_id, account(site, other), WHY)
    assert taken.value.code == "account_taken"
    with pytest.raises(NotFound) as foreign:
        accounts.propose(site.ctx, owner(other), party_id, "6228-THEIRS", WHY)
    assert foreign.value.code == "party_unknown"
    with pytest.raises(BadInput) as malformed:
        accounts.propose(site.ctx, BOSS, party_id, "6228 / 1", WHY)
    assert malformed.value.code == "account_invalid"


def test_change__taken_by_another_before_it_is_approved__stays_open(site: Site) -> None:
    first, second = site.borrower(), site.borrower()
    asked = [accounts.propose(site.ctx, BOSS, str(each.party_id), "6228-ONE", WHY) for each in (first, second)]
    approved.approve(site.ctx, owner(first), asked[0].id, "ours")
    with pytest.raises(Conflict) as taken:
        approved.approve(site.ctx, owner(second), asked[1].id, "ours")
    assert taken.value.code == "account_taken"
    assert approvals.get(site.ctx, owner(second), asked[1].id).status == "open"


def test_account__spelled_otherwise_or_one_that_lenders_are_paid_on__taken(site: Site) -> None:
    other = site.borrower(account="6228-ab-0001")
    borrower = site.borrower()
    site.funded(borrower, LENT, site.confirmed(borrower).id)
    with site.ctx.store.read() as session:
        under = session.exec(select(VirtualAccountRow.account)).first()
    assert under is not None
    for account_ in ("6228-AB-0001", "6228ab0001", under, under.replace("-", ""), "CHAINFIN-collection"):
        with pytest.raises(Conflict) as taken:
            accounts.propose(site.ctx, BOSS, str(borrower.party_id), account_, WHY)
        assert taken.value.code == "account_taken", account_
        with pytest.raises(Conflict) as admitted:
            site.admit(Role.SUPPLIER, account=account_)
        assert admitted.value.code == "account_taken", account_
    own = accounts.propose(site.ctx, BOSS, str(other.party_id), "6228-AB0001", WHY)
    assert own.status == "open", "its own, spelled otherwise"
