"""Who signs a mandate and its revocation: a key of its own, or one in custody with a second person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chainfin.errors import ChainfinError
from chainfin.eth import mandate_message
from chainfin.eth.keys import new_private_key
from chainfin.eth.signer import KeySigner
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import mandates
from chainfin.services.reactions import approved
from chainfin.storage.party_tables import PersonRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from chainfin.values.product import Product
from tests.e2e.mandated import LENT, lender_without_mandate, refused, stop
from tests.e2e.site import Site
from tests.e2e.site_money import CNY


@pytest.fixture
def lender(site: Site, monkeypatch: pytest.MonkeyPatch) -> Actor:
    return lender_without_mandate(site, monkeypatch)


@pytest.fixture
def claim(site: Site, lender: Actor) -> tuple[Actor, ReceivableRow]:
    borrower = site.borrower()
    return borrower, site.confirmed(borrower)


def test_revoke__own_key__holds_at_once_and_is_signed_afterwards(site: Site) -> None:
    own = site.admit_with_own_key(Role.LENDER)
    prepared = site.mandate(own)
    signed = mandate_message.sign(prepared.typed_data, KeySigner(site.keys[str(own.party_id)]))
    mandates.sign(site.ctx, own, prepared.id, "0x" + signed.hex())
    revoked = mandates.revoke(site.ctx, own, prepared.id)
    assert (revoked.status, revoked.revocation_signature) == ("revoked", None)
    assert revoked.revocation is not None

    def code(key: bytes, data: dict[str, object] = revoked.revocation, primary: str = "Revocation") -> str:
        signature = mandate_message.sign(data, KeySigner(key), primary)
        with pytest.raises(ChainfinError) as error:
            mandates.sign_revocation(site.ctx, own, prepared.id, "0x" + signature.hex())
        return error.value.code

    mine = site.keys[str(own.party_id)]
    assert code(new_private_key()) == "signature_foreign"
    assert code(mine, prepared.typed_data, "Mandate") == "signature_foreign", (
        "the mandate's own signature is no revocation"
    )
    word = mandate_message.sign(revoked.revocation, KeySigner(mine), mandate_message.REVOCATION)
    after = mandates.sign_revocation(site.ctx, own, prepared.id, "0x" + word.hex())
    assert after.revocation_signature == "0x" + word.hex()
    assert code(mine) == "revocation_not_awaited"


def test_revoke__never_signed__nothing_to_sign(site: Site) -> None:
    own = site.admit_with_own_key(Role.LENDER)
    prepared = site.mandate(own)
    assert mandates.revoke(site.ctx, own, prepared.id).revocation is None
    with pytest.raises(ChainfinError) as error:
        mandates.sign_revocation(site.ctx, own, prepared.id, "0x" + "11" * 65)
    assert error.value.code == "revocation_not_awaited"


def test_mandate__in_custody_of_a_lender_of_two_persons__takes_the_second(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow]
) -> None:
    second = site.second(lender)
    given = site.mandate(lender)
    assert (given.status, given.signature) == ("prepared", None)
    assert given.proposal_id is not None
    borrower, asset = claim
    assert refused(site, site.apply(borrower, LENT, asset.id)) == ("declined", ["mandate_missing"])
    with pytest.raises(ChainfinError) as error:
        approved.approve(site.ctx, lender, given.proposal_id, "I say so twice")
    assert error.value.code == "approval_same_person"
    assert mandates.get(site.ctx, lender, given.id).status == "prepared"
    approved.approve(site.ctx, second, given.proposal_id, "within what the board allows")
    assert mandates.get(site.ctx, lender, given.id).status == "active"
    assert site.application(site.apply(borrower, LENT, asset.id)).row.status == "offered"


def test_mandate__second_person_suspended__is_no_way_to_sign_alone(site: Site, lender: Actor) -> None:
    second = site.second(lender)
    with site.ctx.store.begin() as session:
        row = session.get_one(PersonRow, second.person_id)
        row.status = "suspended"
        session.add(row)
    assert site.mandate(lender).status == "prepared"


def test_mandate__second_person_with_a_real_rail_by_then__refused(site: Site, lender: Actor) -> None:
    second = site.second(lender)
    given = site.mandate(lender)
    assert given.proposal_id is not None
    object.__setattr__(site.ctx, "real_money", True)
    try:
        with pytest.raises(ChainfinError) as error:
            approved.approve(site.ctx, second, given.proposal_id, "in time")
    finally:
        object.__setattr__(site.ctx, "real_money", False)
    assert error.value.code == "mandate_key_in_custody"
    assert mandates.get(site.ctx, lender, given.id).status == "prepared"


def test_mandate__key_of_a_lender_of_one_person_in_custody_with_a_real_rail__refused(site: Site, lender: Actor) -> None:
    object.__setattr__(site.ctx, "real_money", True)
    try:
        with pytest.raises(ChainfinError) as error:
            mandates.prepare(
                site.ctx,
                lender,
                products=list(Product),
                amount=Money(LENT, CNY),
                expires_at=site.ctx.clock.now() + timedelta(days=30),
            )
    finally:
        object.__setattr__(site.ctx, "real_money", False)
    assert error.value.code == "mandate_key_in_custody"
    assert mandates.list_(site.ctx, lender) == []


def test_mandate__whose_time_is_over__is_shown_as_expired_and_not_as_active(site: Site) -> None:
    lender = site.admit(Role.LENDER)
    given = site.mandate(lender, expires_at=site.ctx.clock.now() + timedelta(hours=1))
    assert given.status == "active"
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=1))
    [listed] = mandates.list_(site.ctx, lender)
    assert (listed.status, mandates.get(site.ctx, lender, given.id).status) == ("expired", "expired")
    assert mandates.revoke(site.ctx, lender, given.id).status == "revoked", "it may still be revoked"


@pytest.mark.parametrize(("ended_by", "code"), [("revoked", "mandate_not_prepared"), ("expired", "mandate_expired")])
def test_mandate__ended_before_the_second_person__refused(site: Site, lender: Actor, ended_by: str, code: str) -> None:
    second = site.second(lender)
    given = site.mandate(lender, expires_at=site.ctx.clock.now() + timedelta(hours=1))
    assert given.proposal_id is not None
    stop(site, lender, given, ended_by)
    with pytest.raises(ChainfinError) as error:
        approved.approve(site.ctx, second, given.proposal_id, "too late")
    assert error.value.code == code
    assert mandates.get(site.ctx, lender, given.id).signature is None
