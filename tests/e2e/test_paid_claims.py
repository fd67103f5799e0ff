"""What is paid is not lent on: whatever of a claim the debtor has paid counts as gone from the moment on which it is
taken in, and money that reached a holder is neither lost nor lent against."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

import pytest
from sqlmodel import select

from chainfin.errors import ChainfinError
from chainfin.eth import eip712
from chainfin.services.kernel import acts, custody
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import applications
from chainfin.services.oversight import parked
from chainfin.services.payments import instructions, unsettled
from chainfin.services.trade import splits_and_transfers
from chainfin.services.views.oversight import ParkedView
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow
from chainfin.values.money import Money
from tests.e2e.ending import mismatches, parts, sent
from tests.e2e.onchain import view
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY

LENT = 500_000_00
NUMBERS = count(1)


@pytest.fixture
def owned(site: Site) -> tuple[Actor, ReceivableRow, str]:
    """A holder, its confirmed claim, and its own account."""
    account = f"6228-PAID-CLAIMS-{next(NUMBERS)}"
    holder = site.borrower(account=account)
    return holder, site.confirmed(holder), account


@contextmanager
def silent_bank(site: Site) -> Iterator[None]:
    """The settlement bank's signer is down: what it has to sign waits."""
    address, real = site.party(site.cast["bank"].party_id).address, custody.signer_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda s, ctx, at: None if at == address else real(s, ctx, at))
        yield


def bank_signs(site: Site) -> None:
    """All that the settlement bank was asked to sign, and all that follows."""
    with site.ctx.store.begin() as session:
        bank = session.get_one(PartyRow, site.cast["bank"].party_id)
        key = custody.signer_of(session, site.ctx, bank.address)
        assert key is not None
        waiting = select(ActRow).where(ActRow.party_id == bank.id, ActRow.status == "awaiting_signature")
        for act in session.exec(waiting).all():
            acts.submit(session, site.ctx, act, eip712.sign(act.typed_data, key))
    site.run()


def pays(site: Site, amount: int, asset: ReceivableRow, account: str) -> str:
    """The bank tells of the payment, and nothing has reached the chain."""
    ref = site.pays(amount, asset.reference, account=account, step=False)
    site.inst.incoming.run_once()
    return ref


def refused(site: Site, borrower: Actor, asset_id: str, amount: int = LENT) -> str:
    with pytest.raises(ChainfinError) as why:
        site.apply(borrower, amount, asset_id)
    return why.value.code


def items(site: Site, source: str, subject: str) -> list[ParkedView]:
    found = parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
    return [item for item in found if (item.source, item.subject) == (source, subject)]


def named(site: Site, subject: str) -> list[str]:
    return [each.found for each in mismatches(site) if (each.name, each.subject) == ("payment.settled", subject)]


# paid, and on its way to the chain


def test_paid_and_not_signed__asked_to_lend_on__refused(site: Site, owned: tuple[Actor, ReceivableRow, str]) -> None:
    holder, asset, account = owned
    with silent_bank(site):
        pays(site, FACE, asset, account)
        site.run()
        assert site.receivable(asset.id).settled == 0
        assert refused(site, holder, asset.id) == "payment_under_way"
        how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
        assert (how.amount.minor, how.under_way.minor) == (0, FACE), "nobody is told to pay twice"
        assert named(site, asset.id) == []
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=23))
        site.run()
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=2))
        (since,) = named(site, asset.id)
        assert since.startswith("awaiting_signature since")
        site.run()
        assert refused(site, holder, asset.id) == "payment_under_way", "the word is asked for anew"
    bank_signs(site)
    assert site.receivable(asset.id).status == "settled"
    assert mismatches(site) == []


def test_offer__paid_before_it_is_taken__refused(site: Site, owned: tuple[Actor, ReceivableRow, str]) -> None:
    holder, asset, account = owned
    application = site.offered(holder, LENT, asset.id)
    pays(site, FACE, asset, account)
    with pytest.raises(ChainfinError) as why:
        applications.accept(site.ctx, holder, application)
    assert why.value.code == "payment_under_way"
    site.run()
    assert (site.receivable(asset.id).status, site.receivable(asset.id).reserved) == ("settled", 0)
    assert site.application(application).row.loan_id is None
    assert mismatches(site) == []


def test_part_of_it_paid__the_rest_is_lent_on(site: Site, owned: tuple[Actor, ReceivableRow, str]) -> None:
    holder, asset, account = owned
    with silent_bank(site):
        pays(site, 300_000_00, asset, account)
        application = site.offered(holder, FACE, asset.id)
        offer = site.application(application).offer
        assert offer is not None
        assert 0 < offer.pledge_amount <= FACE - 300_000_00
        applications.accept(site.ctx, holder, application)
        site.run()
    bank_signs(site)
    seen = view(site.inst, "Receivables", "receivable", asset.id)
    assert (seen["settled"], seen["pledged"]) == (300_000_00, offer.pledge_amount)
    assert site.application(application).row.status == "funded"
    assert mismatches(site) == []


# the pledge was first


def test_accepted__the_lender_is_paid_before_the_payout__serves_the_loan(
    site: Site, owned: tuple[Actor, ReceivableRow, str]
) -> None:
    holder, asset, _ = owned
    application = site.offered(holder, LENT, asset.id)
    applications.accept(site.ctx, holder, application)
    told = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    assert told.payee == site.party(site.cast["lender"].party_id).name
    ref = pays(site, FACE, asset, told.account)
    assert site.incoming(ref).status == "waiting"
    assert refused(site, holder, asset.id, 100_000_00) == "payment_under_way", "nor is the rest of it lent on"
    site.run()
    assert site.loan(str(site.application(application).row.loan_id)).row.status == "repaid"
    assert site.receivable(asset.id).status == "settled"
    assert mismatches(site) == []


@pytest.mark.parametrize("filed", [False, True])
def test_accepted__the_holder_is_paid_all_of_it_before_the_payout__nothing_is_paid_out(
    site: Site, owned: tuple[Actor, ReceivableRow, str], filed: bool
) -> None:
    holder, asset, account = owned
    application = site.offered(holder, LENT, asset.id)
    applications.accept(site.ctx, holder, application)
    if filed:
        site.inst.worker.run_once()
        assert site.application(application).row.status == "pledging"
    ref = pays(site, FACE, asset, account)
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "pledge_under_way")
    before = site.payments()
    site.run()
    assert site.application(application).row.status == "failed"
    assert "payment_under_way" in str([node.detail for node in site.application(application).progress])
    assert site.payments() == before
    assert (site.incoming(ref).status, site.receivable(asset.id).status) == ("applied", "settled")
    assert mismatches(site) == []


def test_accepted__the_holder_is_paid_what_is_free__waits_and_is_placed_by_itself(
    site: Site, owned: tuple[Actor, ReceivableRow, str]
) -> None:
    holder, asset, account = owned
    application = site.offered(holder, LENT, asset.id)
    applications.accept(site.ctx, holder, application)
    ref = pays(site, 10_00, asset, account)
    assert site.incoming(ref).status == "waiting"
    (waits,) = named(site, asset.id)
    assert waits.startswith("waits (pledge_under_way)")
    with pytest.raises(ChainfinError):
        splits_and_transfers.split(site.ctx, holder, asset.id, [Money(1_00, CNY), Money(2_00, CNY)])
    site.run()
    assert site.application(application).row.status == "funded"
    assert (site.incoming(ref).status, site.receivable(asset.id).settled) == ("applied", 10_00)
    assert mismatches(site) == []


def test_pledge_on_a_part__the_holder_is_paid_the_rest__placed_at_once(
    site: Site, owned: tuple[Actor, ReceivableRow, str]
) -> None:
    holder, asset, account = owned
    splits_and_transfers.split(site.ctx, holder, asset.id, [Money(600_000_00, CNY), Money(100_000_00, CNY)])
    site.run()
    (part,) = [each for each in parts(site, asset.id) if each.face == 600_000_00]
    applications.accept(site.ctx, holder, site.offered(holder, LENT, part.id))
    ref = pays(site, FACE - 700_000_00, asset, account)
    assert site.incoming(ref).status == "applied"
    site.run()
    assert site.receivable(asset.id).settled == FACE - 700_000_00
    assert mismatches(site) == []


# above what was owed, and beside the pledgee


def test_holder__paid_more_than_is_owed__settled_and_the_excess_is_noted(
    site: Site, owned: tuple[Actor, ReceivableRow, str]
) -> None:
    holder, asset, account = owned
    ref = pays(site, FACE + 1, asset, account)
    assert refused(site, holder, asset.id) == "payment_under_way"
    site.run()
    assert (site.incoming(ref).status, site.incoming(ref).beyond, site.incoming(ref).unapplied) == ("applied", 1, 0)
    assert (site.receivable(asset.id).status, site.receivable(asset.id).settled) == ("settled", FACE)
    how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    assert (how.amount.minor, how.beyond.minor) == (0, 1)
    assert mismatches(site) == []


def test_parked_payment_of_it__asked_to_lend_on__not_before_a_person_has_dealt_with_it(
    site: Site, owned: tuple[Actor, ReceivableRow, str]
) -> None:
    holder, asset, account = owned
    site.funded(holder, LENT, asset.id)
    free = FACE - site.receivable(asset.id).pledged
    application = site.offered(holder, 100_000_00, asset.id)
    ref = site.pays(free + 1, asset.reference, account=account)
    (item,) = items(site, "incoming_payments", ref)
    assert item.reason == "paid_beside_the_pledgee"
    assert refused(site, holder, asset.id, 100_000_00) == "payment_under_way"
    with pytest.raises(ChainfinError) as why:
        applications.accept(site.ctx, holder, application)
    assert why.value.code == "payment_under_way"
    parked.resolve(site.ctx, OPERATOR, item.id, "the holder gave it back")
    applications.accept(site.ctx, holder, application)
    site.run()
    assert site.application(application).row.status == "funded"


# the chain won't have it


def test_settlement__refused_by_the_chain__parked_named_and_asked_for_again(
    site: Site, owned: tuple[Actor, ReceivableRow, str]
) -> None:
    holder, asset, account = owned
    with silent_bank(site):
        pays(site, 600_000_00, asset, account)
    bank, payee = site.cast["bank"], site.party(holder.party_id).chain_party
    whole = {"id": asset.id, "pledgeId": "0x" + "00" * 32, "bankRef": "0x" + "77" * 32, "payee": payee}
    sent(site, bank, "Receivables", "settle", amount=FACE - 500_000_00, **whole)
    bank_signs(site)
    (item,) = items(site, unsettled.SOURCE, asset.id)
    assert item.reason == "chain_exceeds_free"
    (found,) = named(site, asset.id)
    assert found.startswith("refused (chain_exceeds_free)")
    assert refused(site, holder, asset.id, 100_000_00) == "payment_under_way"
    assert parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries()).status == "retried"
    site.run()
    (again,) = items(site, unsettled.SOURCE, asset.id)
    assert again.id != item.id
    parked.resolve(site.ctx, OPERATOR, again.id, "the bank told of it twice")
    assert mismatches(site) == []
    assert site.offered(holder, 100_000_00, asset.id)
