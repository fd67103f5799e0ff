"""赎货: goods go as a loan on them is paid down. What is asked for counts as gone at once, and what is left always
covers what is owed, in whatever order and however late the lender's acts are signed and carried out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import col, select

from chainfin.audit.verify import verify
from chainfin.canon import content_hash
from chainfin.chain.prover import ChainProver
from chainfin.errors import ChainfinError
from chainfin.eth import eip712
from chainfin.rules.inventory import UnitPrice, quantity_to_cover
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Actor
from chainfin.services.oversight import evidence
from chainfin.services.pledges import release
from chainfin.services.reactions import signing
from chainfin.services.views.acts import ActView
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values.money import BasisPoints
from tests.e2e.ending import mismatches, pledges_on
from tests.e2e.onchain import view
from tests.e2e.site import Site
from tests.e2e.site_money import CNY

LENT = 490_000_00
"""70 % of 10,000 kg at 70.00: all of the goods are pledged."""


HELD = custody.signer_of


@pytest.fixture
def lent(site: Site) -> tuple[Actor, str, str]:
    """The borrower, the loan and the receipt of its goods."""
    borrower = site.borrower()
    goods = site.goods(borrower, 10_000)
    return borrower, site.funded(borrower, LENT, goods.id, product="inventory_pledge"), goods.id


def needed(site: Site, loan_id: str, price: int = 70) -> int:
    """Thousandths that what is owed needs at 70 %."""
    return quantity_to_cover(site.loan(loan_id).loan.dues.total, UnitPrice(Decimal(price), CNY), BasisPoints(7_000))


def pays(site: Site, loan_id: str, amount: int) -> None:
    """A payment is taken in; nothing of what follows reaches the chain yet."""
    site.pays(amount, f"LOAN {loan_id}", step=False)
    site.inst.incoming.run_once()


@contextmanager
def unsigned(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if everybody held its key itself."""
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        yield


def waiting(site: Site, pledge_id: str, function: str = "release") -> list[ActRow]:
    with site.ctx.store.read() as session:
        query = select(ActRow).where(ActRow.subject == pledge_id, ActRow.function == function)
        rows = session.exec(query.where(ActRow.status == "awaiting_signature").order_by(col(ActRow.id))).all()
    return list(rows)


def signed(site: Site, act: ActRow | ActView) -> ActView:
    """Signed by its party, brought through the API's service."""
    with site.ctx.store.read() as session:
        key = HELD(session, site.ctx, act.signer)
    assert key is not None
    actor = Actor("party", act.party_id)
    return signing.sign(site.ctx, actor, act.id, "0x" + eip712.sign(act.typed_data, key).hex())


def covered(site: Site, loan_id: str, goods: str, price: int = 70) -> PledgeRow:
    """What is left of the pledge, here and on chain, is what is owed needs, and no more."""
    (pledge,) = pledges_on(site, goods)
    assert pledge.left == needed(site, loan_id, price)
    assert view(site.inst, "Pledges", "pledgeOf", pledge.id)["amount"] == pledge.left
    assert mismatches(site) == []
    return pledge


def test_thirty_repayments__before_the_first_release_is_final__cover_what_is_owed(
    site: Site, lent: tuple[Actor, str, str]
) -> None:
    _, loan_id, goods = lent
    for _ in range(30):
        pays(site, loan_id, 1_050_00)
    site.run()
    assert site.loan(loan_id).loan.dues.total.minor > LENT - 31_500_00
    covered(site, loan_id, goods)


def test_two_repayments__unsigned_for_a_while__one_act_for_both(
    site: Site, lent: tuple[Actor, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, loan_id, goods = lent
    (pledge,) = pledges_on(site, goods)
    with unsigned(monkeypatch):
        pays(site, loan_id, 100_000_00)
        (first,) = waiting(site, pledge.id)
        pays(site, loan_id, 100_000_00)
        (both,) = waiting(site, pledge.id)
    with pytest.raises(ChainfinError) as refused:
        signed(site, first)
    assert refused.value.code == "act_not_awaiting"
    assert both.params["amount"] == pledge.left - needed(site, loan_id)
    assert both.params["keep"] == needed(site, loan_id)
    signed(site, both)
    site.run()
    left = covered(site, loan_id, goods).left
    assert 5_918_000 < left < 5_930_000


def test_releases__carried_out_in_another_order__refused_and_asked_for_again(
    site: Site, lent: tuple[Actor, str, str]
) -> None:
    _, loan_id, goods = lent
    for _ in range(4):
        pays(site, loan_id, 50_000_00)
    (pledge,) = pledges_on(site, goods)
    later = site.ctx.clock.now() + timedelta(hours=1)
    with site.ctx.store.begin() as session:
        made = select(ActRow.id).where(ActRow.subject == pledge.id, ActRow.function == "release")
        acts = session.exec(made.order_by(col(ActRow.id))).all()
        assert len(acts) == 4
        for row in session.exec(select(OutboxRow).where(col(OutboxRow.subject).in_(acts[:2]))):
            row.not_before = later
            session.add(row)
    site.run()
    (pledge,) = pledges_on(site, goods)
    assert pledge.left >= needed(site, loan_id), "the later two can't leave too little"
    site.ctx.clock.move_to(later + timedelta(minutes=1))
    site.run()
    with site.ctx.store.read() as session:
        codes = {act.error_code for act in session.exec(select(ActRow).where(ActRow.subject == pledge.id))}
    assert "chain_leaves_too_little" in codes
    covered(site, loan_id, goods)


def test_price__falls_before_it_is_signed__withdrawn_and_asked_for_once_it_is_back(
    site: Site, lent: tuple[Actor, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, loan_id, goods = lent
    (pledge,) = pledges_on(site, goods)
    with unsigned(monkeypatch):
        pays(site, loan_id, 100_000_00)
        (act,) = waiting(site, pledge.id)
        site.price(40_00)
        with pytest.raises(ChainfinError) as refused:
            signed(site, act)
        assert refused.value.code == "release_outdated"
        site.run()
        assert waiting(site, pledge.id) == [], "at that price nothing may go"
    site.price(65_00)
    site.run()
    assert covered(site, loan_id, goods, 65).left < pledge.left


def test_interest__runs_before_it_is_signed__less_goes(
    site: Site, lent: tuple[Actor, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, loan_id, goods = lent
    (pledge,) = pledges_on(site, goods)
    with unsigned(monkeypatch):
        pays(site, loan_id, 100_000_00)
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=23))
        site.run()
        (act,) = waiting(site, pledge.id)
        with pytest.raises(ChainfinError) as refused:
            signed(site, act)
        assert refused.value.code == "release_outdated"
        (anew,) = waiting(site, pledge.id)
        assert int(str(anew.params["amount"])) < int(str(act.params["amount"]))
        signed(site, anew)
        site.run()
    covered(site, loan_id, goods)


def test_release__unsigned_day_after_day__asked_for_until_it_is_signed(
    site: Site, lent: tuple[Actor, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, loan_id, goods = lent
    (pledge,) = pledges_on(site, goods)
    with unsigned(monkeypatch):
        pays(site, loan_id, 100_000_00)
        for _ in range(3):
            (act,) = waiting(site, pledge.id)
            site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
            site.run()
            assert [each.id for each in waiting(site, pledge.id)] != [act.id]
        (act,) = waiting(site, pledge.id)
        signed(site, act)
        site.run()
    covered(site, loan_id, goods)


def test_repaid__unsigned__the_rest_is_asked_for_in_one_act(
    site: Site, lent: tuple[Actor, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, loan_id, goods = lent
    (pledge,) = pledges_on(site, goods)
    with unsigned(monkeypatch):
        pays(site, loan_id, 100_000_00)
        pays(site, loan_id, site.settles(loan_id))
        (act,) = waiting(site, pledge.id)
    assert (act.params["amount"], act.params["keep"], act.params["valuation"]) == (pledge.left, 0, "0x" + "00" * 32)
    signed(site, act)
    site.run()
    (pledge,) = pledges_on(site, goods)
    assert (pledge.status, pledge.left) == ("released", 0)
    assert mismatches(site) == []


def test_lender__gives_up_a_part_of_its_own__never_what_is_asked_for_already(
    site: Site, lent: tuple[Actor, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, loan_id, goods = lent
    (pledge,) = pledges_on(site, goods)
    with unsigned(monkeypatch):
        pays(site, loan_id, 100_000_00)
        (asked,) = waiting(site, pledge.id)
        left = pledge.left - int(str(asked.params["amount"]))
        with pytest.raises(ChainfinError) as refused:
            release.release_by_lender(site.ctx, site.cast["lender"], pledge.id, str(Decimal(left + 1).scaleb(-3)))
        assert refused.value.code == "exceeds_pledged"
        own = release.release_by_lender(site.ctx, site.cast["lender"], pledge.id, "100")
        signed(site, own)
        site.run()
        (rest,) = waiting(site, pledge.id)
        assert rest.params["amount"] == int(str(asked.params["amount"])) - 100_000, "so much went already"
        signed(site, rest)
    site.run()
    covered(site, loan_id, goods)


def test_valuation__stands_in_the_act_and_in_the_evidence(site: Site, lent: tuple[Actor, str, str]) -> None:
    borrower, loan_id, goods = lent
    pays(site, loan_id, 100_000_00)
    site.run()
    (pledge,) = pledges_on(site, goods)
    with site.ctx.store.read() as session:
        (act,) = session.exec(select(ActRow).where(ActRow.subject == pledge.id, ActRow.function == "release")).all()
    shown = act.extra["valuation"]
    assert isinstance(shown, dict)
    owed = str(site.loan(loan_id).loan.dues.total)
    stated = {"price": "70.00", "unit": "KGM", "currency": CNY, "source": "sample price", "owed": owed}
    assert {name: shown[name] for name in stated} == stated
    assert act.params["valuation"] == content_hash(shown)
    bundle = evidence.bundle(site.ctx, borrower, loan_id, ChainProver(site.inst.node, site.inst.deployment))
    report = verify(bundle)
    assert report.failures == ()
    assert "valuation of Release: covers" in [check.name for check in report.checks]
    forged = verify(bundle.replace(b'"price":"70.00"', b'"price":"71.00"'))
    assert "valuation of Release" in [check.name for check in forged.failures]
