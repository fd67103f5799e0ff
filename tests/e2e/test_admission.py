"""An admission before the company's key has agreed is put right or forgotten; afterwards only the name is corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chainfin import samples
from chainfin.errors import BadInput, ChainfinError, Conflict, Forbidden, NotFound
from chainfin.eth import eip712, keys
from chainfin.runtime.housekeeping import Housekeeper
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.parties import admission, aliases, names, pending, suspension
from chainfin.services.payments import accounts
from chainfin.services.reactions import approved
from chainfin.services.trade import orders
from chainfin.values.party import Role, first_person
from tests import cast
from tests.e2e.site import Site

BOSS = replace(OPERATOR, person_id=first_person(None))
WHY = "a typo"


@pytest.fixture(scope="module")
def numbers() -> Any:
    return iter(range(700, 800))


@pytest.fixture
def company(numbers: Any) -> samples.Company:
    return cast.invented(next(numbers))


def asked(site: Site, company: samples.Company, **other: Any) -> tuple[admission.Admission, bytes]:
    """Admitted under a key of its own that has not agreed yet."""
    key = keys.new_private_key()
    form: dict[str, Any] = {
        "name": company.english,
        "legal_scheme": "USCC",
        "legal_value": company.uscc,
        "roles": int(Role.SUPPLIER),
        "address": keys.address_of(key),
        "account": f"6228-{company.uscc[-8:]}",
        "profile": {},
        **other,
    }
    return admission.admit(site.ctx, OPERATOR, **form), key


def agree(site: Site, made: admission.Admission, key: bytes) -> None:
    assert made.consent is not None
    admission.consent(site.ctx, made.party.id, "0x" + eip712.sign(made.consent, key).hex())
    site.run()


def code(refused: pytest.ExceptionInfo[ChainfinError]) -> str:
    return refused.value.code


def test_admission__not_agreed_to__what_is_to_be_signed_is_shown_again(site: Site, company: samples.Company) -> None:
    made, key = asked(site, company)
    shown = pending.show(site.ctx, OPERATOR, made.party.id)
    assert shown.consent == made.consent
    assert shown.act is None
    agree(site, shown, key)
    after = pending.show(site.ctx, OPERATOR, made.party.id)
    assert (after.consent, after.act and after.act.status) == (None, "final")
    with pytest.raises(Forbidden):
        pending.show(site.ctx, site.borrower(), made.party.id)


def test_correct__before_the_key_agrees__admitted_as_corrected_and_not_as_asked_before(
    site: Site, company: samples.Company, numbers: Any
) -> None:
    wrong, right = company, cast.invented(next(numbers))
    made, key = asked(site, wrong, aliases=["GLN-1"])
    other = keys.new_private_key()
    again = pending.correct(
        site.ctx,
        OPERATOR,
        made.party.id,
        name=right.english,
        legal_value=right.uscc,
        roles=int(Role.CORE | Role.LINED),
        address=keys.address_of(other),
        account="6228-CORRECTED",
    )
    for signer, data in ((key, made.consent), (other, made.consent), (key, again.consent)):
        assert data is not None
        with pytest.raises(ChainfinError) as refused:
            admission.consent(site.ctx, made.party.id, "0x" + eip712.sign(data, signer).hex())
        assert code(refused) == "signature_foreign"
    agree(site, again, other)
    party = admission.get(site.ctx, OPERATOR, made.party.id)
    assert (party.status, party.name, party.roles) == ("active", right.english, int(Role.CORE | Role.LINED))
    assert party.private is not None
    assert (party.private.legal_value, party.private.account) == (right.uscc, "6228-CORRECTED")
    assert aliases.list_(site.ctx, OPERATOR, party.id) == sorted(["GLN-1", right.uscc])
    asked(site, wrong)  # whose id it never was is free


def test_correct__to_what_another_has__refused_and_named(site: Site, company: samples.Company, numbers: Any) -> None:
    made, _ = asked(site, company)
    other = site.borrower()
    known = admission.get(site.ctx, OPERATOR, str(other.party_id))
    assert known.private is not None
    theirs: list[dict[str, Any]] = [{"legal_value": known.private.legal_value}, {"address": known.address}]
    for change in theirs:
        with pytest.raises(Conflict) as refused:
            pending.correct(site.ctx, OPERATOR, made.party.id, **change)
        assert code(refused) == "party_exists"
        assert refused.value.details["participant"] == known.id
        assert known.id in refused.value.message
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"account": known.private.account}, "account_taken"),
        ({"account": "a b"}, "account_invalid"),
        ({"legal_value": company.uscc[:-1] + "?"}, "uscc_invalid"),
        ({"roles": 0}, "roles_invalid"),
    ]
    for change, why in wrong:
        with pytest.raises(ChainfinError) as refusal:
            pending.correct(site.ctx, OPERATOR, made.party.id, **change)
        assert code(refusal) == why
    assert pending.show(site.ctx, OPERATOR, made.party.id).consent == made.consent, "nothing of it was changed"


def test_admit__company_that_waits__named_with_what_can_be_done(site: Site, company: samples.Company) -> None:
    made, _ = asked(site, company)
    with pytest.raises(Conflict) as refused:
        asked(site, company, account="6228-ELSEWHERE")
    assert code(refused) == "party_exists"
    assert refused.value.details == {"participant": made.party.id, "status": "pending"}
    assert f"{made.party.id}, pending; its admission can be corrected or withdrawn" in refused.value.message


def test_withdraw__not_agreed_to__as_if_it_had_never_been_asked(site: Site, company: samples.Company) -> None:
    made, key = asked(site, company, aliases=["GLN-2"])
    assert pending.withdraw(site.ctx, OPERATOR, made.party.id).id == made.party.id
    with pytest.raises(NotFound):
        admission.get(site.ctx, OPERATOR, made.party.id)
    assert made.consent is not None
    with pytest.raises(NotFound):
        admission.consent(site.ctx, made.party.id, "0x" + eip712.sign(made.consent, key).hex())
    again = admission.admit(
        site.ctx,
        OPERATOR,
        name=company.english,
        legal_scheme="USCC",
        legal_value=company.uscc,
        roles=int(Role.SUPPLIER),
        address=keys.address_of(key),
        account=f"6228-{company.uscc[-8:]}",
        profile={},
        aliases=["GLN-2"],
    )
    agree(site, again, key)
    assert admission.get(site.ctx, OPERATOR, again.party.id).status == "active"


def test_lapse__nobody_agreed_in_two_weeks__forgotten_unless_asked_anew(
    site: Site, company: samples.Company, numbers: Any
) -> None:
    left, _ = asked(site, company)
    kept, key = asked(site, cast.invented(next(numbers)))
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(days=13))
    again = pending.correct(site.ctx, OPERATOR, kept.party.id)
    assert admission.get(site.ctx, OPERATOR, left.party.id).status == "pending"
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(days=1, minutes=1))
    Housekeeper(site.ctx).run_once()
    with pytest.raises(NotFound):
        admission.get(site.ctx, OPERATOR, left.party.id)
    agree(site, again, key)
    assert admission.get(site.ctx, OPERATOR, kept.party.id).status == "active"


def test_correct_and_withdraw__once_the_key_has_agreed__refused_with_the_way_that_is_left(
    site: Site, company: samples.Company
) -> None:
    made, key = asked(site, company)
    assert made.consent is not None
    admission.consent(site.ctx, made.party.id, "0x" + eip712.sign(made.consent, key).hex())
    for status in ("on its way", "hashed on chain, and no act changes that"):
        for attempt in (pending.correct, pending.withdraw):
            with pytest.raises(Conflict) as refused:
                attempt(site.ctx, OPERATOR, made.party.id)
            assert code(refused) == "party_not_pending"
            assert status in refused.value.message
        site.run()


def test_legal_id__of_an_active_party_was_wrong__admitted_anew_under_the_right_one(
    site: Site, company: samples.Company, numbers: Any
) -> None:
    """What the contracts allow: the hash of the wrong id stays; the company comes again, with another key."""
    made, key = asked(site, company)
    agree(site, made, key)
    wrong = made.party.id
    suspension.suspend(site.ctx, OPERATOR, wrong, WHY)
    site.run()
    proposed = accounts.propose(site.ctx, BOSS, wrong, "6228-CLOSED", WHY)
    approved.approve(site.ctx, Actor("party", wrong, Role.SUPPLIER, first_person(wrong)), proposed.id, WHY)
    right = cast.invented(next(numbers))
    again, other = asked(site, right, account=f"6228-{company.uscc[-8:]}")
    agree(site, again, other)
    found = [admission.get(site.ctx, OPERATOR, each) for each in (wrong, again.party.id)]
    assert [each.status for each in found] == ["suspended", "active"]
    assert found[0].chain_party != found[1].chain_party


def test_name__asked_by_one_and_approved_by_the_other__changed_and_the_old_one_kept(site: Site) -> None:
    borrower = site.borrower()
    party_id = str(borrower.party_id)
    own = replace(borrower, person_id=first_person(party_id))
    before = admission.get(site.ctx, OPERATOR, party_id)
    made = names.propose(site.ctx, BOSS, party_id, "Right (sample)", WHY)
    with pytest.raises(ChainfinError) as refused:
        approved.approve(site.ctx, site.second(OPERATOR), made.id, "we say so")
    assert code(refused) == "proposal_unknown"
    with pytest.raises(Conflict) as waits:
        names.propose(site.ctx, own, party_id, "Other (sample)", WHY)
    assert code(waits) == "name_change_waits"
    approved.approve(site.ctx, own, made.id, "it is ours")
    after = admission.get(site.ctx, OPERATOR, party_id)
    assert after.name == "Right (sample)"
    assert (after.private and after.private.commitment) == (before.private and before.private.commitment)
    assert after.private is not None
    earlier: Any = after.private.profile["earlier_names"]
    assert [each["name"] for each in earlier] == [before.name]
    back = names.propose(site.ctx, own, party_id, before.name, WHY)
    approved.approve(site.ctx, BOSS, back.id, "so it was")
    assert admission.get(site.ctx, OPERATOR, party_id).name == before.name
    for who, other in ((BOSS, before.name), (site.borrower(), "x")):
        with pytest.raises(ChainfinError) as no:
            names.propose(site.ctx, who, party_id, other, WHY)
        assert code(no) in ("name_unchanged", "party_unknown")


def test_aliases__added_and_removed_by_the_party__documents_name_it_so_meanwhile(site: Site) -> None:
    seller, other = site.borrower(), site.borrower()
    party_id = str(seller.party_id)
    own = admission.get(site.ctx, OPERATOR, party_id).private
    assert own is not None
    assert aliases.add(site.ctx, seller, party_id, "GLN-77") == sorted(["GLN-77", own.legal_value])
    assert aliases.add(site.ctx, seller, party_id, "GLN-77") == sorted(["GLN-77", own.legal_value])
    papers = {
        name: data.replace(own.legal_value.encode(), b"GLN-77") if name == "order" else data
        for name, data in site.papers(seller).items()
    }
    assert b"GLN-77" in papers["order"]
    order, _ = orders.post_order(site.ctx, site.cast["core"], papers["order"], "alias")
    assert order.seller_id == party_id
    site.run()
    for who, value, why in (
        (other, "GLN-77", "alias_not_yours"),
        (seller, cast.invented(799).uscc, "alias_is_a_legal_id"),
        (replace(OPERATOR), "GLN-78", "alias_not_yours"),
    ):
        with pytest.raises(ChainfinError) as refused:
            aliases.add(site.ctx, who, party_id, value)
        assert code(refused) == why
    with pytest.raises(Conflict) as taken:
        aliases.add(site.ctx, other, str(other.party_id), "GLN-77")
    assert code(taken) == "alias_taken"
    with pytest.raises(Conflict) as kept:
        aliases.remove(site.ctx, seller, party_id, own.legal_value)
    assert code(kept) == "alias_is_own_id"
    assert aliases.remove(site.ctx, seller, party_id, "GLN-77") == [own.legal_value]
    with pytest.raises(NotFound):
        aliases.remove(site.ctx, seller, party_id, "GLN-77")
    with pytest.raises(NotFound):
        aliases.list_(site.ctx, other, party_id)
    for number in range(aliases.MOST - 1):
        aliases.add(site.ctx, seller, party_id, f"A-{number}")
    with pytest.raises((Conflict, BadInput)) as many:
        aliases.add(site.ctx, seller, party_id, "A-99")
    assert code(many) == "aliases_too_many"
