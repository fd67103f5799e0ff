"""No money without the lender's word, nor beyond its limits: asked when an offer is made and when it is paid."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chainfin.errors import ChainfinError
from chainfin.eth import mandate_message
from chainfin.eth.keys import new_private_key
from chainfin.eth.signer import KeySigner
from chainfin.risk.policy import policy_for
from chainfin.rules.loan import product
from chainfin.rules.mandate import PAYOUT_TAKES
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications, limits, mandates, offers
from chainfin.storage.lending_tables import LimitRow, MandateRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from chainfin.values.product import Product
from tests.e2e.audit_world import sales
from tests.e2e.mandated import LENT, STOPPED_BY, lender_without_mandate, refused, stop
from tests.e2e.site import Site
from tests.e2e.site_money import CNY


@pytest.fixture
def lender(site: Site, monkeypatch: pytest.MonkeyPatch) -> Actor:
    return lender_without_mandate(site, monkeypatch)


@pytest.fixture
def claim(site: Site, lender: Actor) -> tuple[Actor, ReceivableRow]:
    borrower = site.borrower()
    return borrower, site.confirmed(borrower)


def test_offer__lender_without_a_mandate__declined(site: Site, claim: tuple[Actor, ReceivableRow]) -> None:
    borrower, asset = claim
    assert refused(site, site.apply(borrower, LENT, asset.id)) == ("declined", ["mandate_missing"])


def test_offer__mandate_not_signed__declined(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    own = site.admit_with_own_key(Role.LENDER)
    monkeypatch.setitem(site.cast, "lender", own)
    site.limit("debtor", site.cast["core"], 9_000_000_00)
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    prepared = site.mandate(own)
    assert prepared.status == "prepared"
    assert refused(site, site.apply(borrower, LENT, asset.id)) == ("declined", ["mandate_missing"])
    foreign = mandate_message.sign(prepared.typed_data, KeySigner(new_private_key()))
    with pytest.raises(ChainfinError) as error:
        mandates.sign(site.ctx, own, prepared.id, "0x" + foreign.hex())
    assert error.value.code == "signature_foreign"
    signed = mandate_message.sign(prepared.typed_data, KeySigner(site.keys[str(own.party_id)]))
    mandates.sign(site.ctx, own, prepared.id, "0x" + signed.hex())
    assert site.application(site.apply(borrower, LENT, asset.id)).row.status == "offered"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"products": ["inventory_pledge"]}, "mandate_missing"),
        ({"grades": ["D"]}, "mandate_grade"),
        ({"rate_floor": Decimal("0.9")}, "mandate_rate"),
    ],
)
def test_offer__what_the_mandate_does_not_cover__declined(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow], more: dict[str, Any], code: str
) -> None:
    borrower, asset = claim
    site.mandate(lender, **more)
    assert refused(site, site.apply(borrower, LENT, asset.id)) == ("declined", [code])


def test_offer__debtor_without_a_limit__declined(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    other = site.admit(Role.LENDER)
    monkeypatch.setitem(site.cast, "lender", other)
    site.mandate(other)
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    assert refused(site, site.apply(borrower, LENT, asset.id)) == ("declined", ["limit_missing"])


def test_mandate__its_amount__is_the_most_outstanding(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow]
) -> None:
    borrower, asset = claim
    given = site.mandate(lender, LENT + 50_000_00)
    site.funded(borrower, LENT, asset.id)
    second = site.application(site.apply(borrower, LENT, site.confirmed(borrower).id))
    assert second.offer is not None
    assert second.offer.amount == 50_000_00, "what is left of the mandate"
    standing = mandates.get(site.ctx, lender, given.id)
    assert (standing.used, standing.held) == (LENT, 50_000_00)


@pytest.mark.parametrize("stopped_by", ["in its last day", "lowered"])  # revoked, expired: its offer ends before
def test_accept__no_longer_allowed__refused_and_nothing_is_taken(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow], stopped_by: str
) -> None:
    borrower, asset = claim
    given = site.mandate(lender, expires_at=site.ctx.clock.now() + PAYOUT_TAKES + timedelta(hours=2))
    application = site.offered(borrower, LENT, asset.id)
    stop(site, lender, given, stopped_by)
    with pytest.raises(ChainfinError) as error:
        applications.accept(site.ctx, borrower, application)
    assert error.value.code == STOPPED_BY[stopped_by]
    assert site.application(application).row.status == "offered"
    assert site.receivable(asset.id).reserved == 0


def test_revoked__its_open_offers__withdrawn_and_what_they_held_is_free(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow]
) -> None:
    borrower, asset = claim
    given = site.mandate(lender)
    application = site.offered(borrower, LENT, asset.id)
    assert site.taken(application)["held"] > 0
    revoked = mandates.revoke(site.ctx, lender, given.id)
    assert (revoked.held, revoked.status) == (0, "revoked")
    assert site.application(application).row.status == "withdrawn"
    assert set(site.taken(application)) == {"freed"}
    (why,) = [node.detail for node in site.application(application).progress if node.name == "withdrawn"]
    assert why == {"reason": "mandate_revoked", "mandate_id": given.id}
    with pytest.raises(ChainfinError) as error:
        applications.accept(site.ctx, borrower, application)
    assert error.value.code == "application_not_offered"


def test_revoked__and_then_a_crash__the_housekeeping_withdraws_its_offers(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower, asset = claim
    given = site.mandate(lender)
    application = site.offered(borrower, LENT, asset.id)
    with monkeypatch.context() as patch:
        patch.setattr(offers, "withdraw_under_revoked", lambda ctx: 0)
        mandates.revoke(site.ctx, lender, given.id)
    with pytest.raises(ChainfinError) as error:
        applications.accept(site.ctx, borrower, application)
    assert error.value.code == "mandate_revoked"
    site.run()
    assert site.application(application).row.status == "withdrawn"


def test_offer__mandate_that_names_no_product_document__declined(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow]
) -> None:
    given = site.mandate(lender)
    assert given.documents == {each.value: product.current(each).hash for each in Product}
    with site.ctx.store.begin() as session:
        session.get_one(MandateRow, given.id).documents = {}  # as all were once
    borrower, asset = claim
    assert refused(site, site.apply(borrower, LENT, asset.id)) == ("declined", ["mandate_document"])


def test_offer__another_policy_decides_than_the_mandate_names__declined(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow]
) -> None:
    given = site.mandate(lender)
    with site.ctx.store.begin() as session:
        row = session.get_one(MandateRow, given.id)
        assert row.policies == {each.value: policy_for(each).hash for each in Product}
        row.policies = {**row.policies, Product.RECEIVABLE_PLEDGE.value: "0x" + "cd" * 32}  # of before it was changed
    borrower, asset = claim
    assert refused(site, site.apply(borrower, LENT, asset.id)) == ("declined", ["mandate_policy"])


@pytest.mark.parametrize("more", [{"grades": ["D"]}, {"rate_floor": Decimal("0.9")}])
def test_offer__one_of_two_mandates_covers_it__made_under_that_one(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow], more: dict[str, Any]
) -> None:
    borrower, asset = claim
    small = site.mandate(lender, LENT)
    large = site.mandate(lender, 10 * LENT, **more)
    view = site.application(site.apply(borrower, LENT, asset.id))
    assert view.offer is not None, view.row.refusals
    assert view.offer.terms["mandate_id"] == small.id
    assert [mandates.get(site.ctx, lender, each.id).held for each in (small, large)] == [LENT, 0]


@pytest.mark.parametrize("stopped_by", STOPPED_BY)
def test_payout__no_longer_allowed__fails_and_frees_everything(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow], stopped_by: str
) -> None:
    borrower, asset = claim
    given = site.mandate(lender, expires_at=site.ctx.clock.now() + PAYOUT_TAKES + timedelta(hours=2))
    application = site.offered(borrower, LENT, asset.id)
    paid = len(site.payments())
    applications.accept(site.ctx, borrower, application)
    stop(site, lender, given, stopped_by)
    site.run()
    row = site.application(application).row
    assert row.status == "failed"
    assert len(site.payments()) == paid, "no money went"
    assert set(site.taken(application)) == {"freed"}
    assert site.receivable(asset.id).pledged == 0


def test_limit__lowered_below_what_is_promised__says_what_was_said(
    site: Site, lender: Actor, claim: tuple[Actor, ReceivableRow]
) -> None:
    borrower, asset = claim
    site.mandate(lender, rate_floor=Decimal("-0"))
    assert [each.rate_floor for each in mandates.list_(site.ctx, lender)] == ["0"]
    site.offered(borrower, LENT, asset.id)
    core = str(site.cast["core"].party_id)
    said = limits.set_(site.ctx, lender, kind="debtor", key=core, amount=Money(50, CNY))
    assert (said.amount, said.held) == (50, LENT)
    with site.ctx.store.read() as session:
        assert session.get_one(LimitRow, said.id).amount == LENT, "what the database holds is never below what is taken"


def test_apply__to_oneself_or_as_a_witness__refused(site: Site, lender: Actor) -> None:
    site.mandate(lender)
    consent: dict[str, object] = {"token": "consent-1"}
    for borrower, code in ((lender, "lender_is_borrower"), (site.admit(Role.AUDITOR), "witness_borrows")):
        with pytest.raises(ChainfinError) as error:
            site.apply(borrower, LENT, None, product="general_310", consent=consent)
        assert error.value.code == code


def test_explained_limit__taken_before__is_less_by_it_with_every_lender(
    site: Site, lender: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.mandate(lender)
    shop = site.admit(Role.SUPPLIER)
    uscc = site.companies[str(shop.party_id)].uscc
    site.world.has_data(uscc, "payments", site.today, sales(site.today))
    consent = {
        "token": site.world.consents(uscc, ("payments",), site.today + timedelta(days=30)),
        "sources": ["payments"],
    }

    def asked() -> int:
        application = site.apply(shop, 90_000_000, None, product="general_310", consent=consent)
        site.run()
        offer = site.application(application).offer
        return 0 if offer is None else offer.amount

    limit = asked()
    assert limit > 0
    assert asked() == 0, "the whole explained limit is offered"
    other = site.admit(Role.LENDER)
    site.mandate(other)
    monkeypatch.setitem(site.cast, "lender", other)
    assert asked() == 0, "with another lender too"


def test_mandate__of_another_lender__unknown(site: Site, lender: Actor) -> None:
    given = site.mandate(lender)
    stranger = site.admit(Role.LENDER)
    for attempt in (mandates.get, mandates.revoke):
        with pytest.raises(ChainfinError) as error:
            attempt(site.ctx, stranger, given.id)
        assert error.value.code == "mandate_unknown"


def test_limit__raised_without_naming_the_grade__keeps_it(site: Site, lender: Actor) -> None:
    core = str(site.cast["core"].party_id)
    limits.set_(site.ctx, lender, kind="debtor", key=core, amount=Money(1_000_00, CNY), grade="A")
    raised = limits.set_(site.ctx, lender, kind="debtor", key=core, amount=Money(2_000_00, CNY))
    assert (raised.amount, raised.grade) == (2_000_00, "A")
