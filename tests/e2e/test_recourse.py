"""有追索权: whoever gave recourse pays the lender what a pledged receivable's debtor doesn't, and has the claim."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.errors import ChainfinError, Conflict
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import end_of_day
from chainfin.services.oversight import evidence
from chainfin.services.pledges import enforcement, undertakings
from chainfin.services.trade.receivables import day_number
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow
from chainfin.values.measure import Measure
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.ending import mismatches, parts, pledges_on, sent
from tests.e2e.onchain import view
from tests.e2e.site import FACE, Site, open_site
from tests.e2e.site_money import CNY

LENT = 500_000_00
CALLABLE_DAYS = 30
"""After the due day."""


@pytest.fixture
def lent(site: Site) -> tuple[Actor, ReceivableRow, str]:
    """A borrower, its receivable, and the loan on it."""
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    return borrower, asset, site.funded(borrower, LENT, asset.id)


def the_pledge(site: Site, asset_id: str) -> PledgeRow:
    (pledge,) = pledges_on(site, asset_id)
    return pledge


def account(site: Site, actor: Actor) -> str:
    return site.party(actor.party_id).account


def recourse(site: Site, who: Actor, asset: ReceivableRow, amount: int | None = None) -> PledgeRow:
    """``who`` undertakes all that is pledged, or ``amount``."""
    pledge = the_pledge(site, asset.id)
    until = asset.due_date + timedelta(days=CALLABLE_DAYS)
    detail = str(Money(pledge.left if amount is None else amount, CNY))
    undertakings.undertake(site.ctx, who, pledge.id, detail, until, "we pay if the debtor doesn't")
    site.run()
    return pledge


def fall_due(site: Site, asset: ReceivableRow) -> None:
    site.fall_due(asset.due_date)
    end_of_day.run(site.ctx, OPERATOR, site.today)


def test_undertaken__by_another_party__as_on_chain_and_read_by_those_concerned(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, asset, _ = lent
    giver = site.admit(Role.SUPPLIER)
    pledge = recourse(site, giver, asset)
    for actor in (borrower, giver, site.cast["lender"]):
        (seen,) = undertakings.of_pledge(site.ctx, actor, pledge.id)
        assert (seen.left, seen.measure) == (pledge.left, Measure.money(CNY))
    buyer = site.party(giver.party_id).chain_party
    assert view(site.inst, "Pledges", "undertakingOf", pledge.id, buyer)["amount"] == pledge.left
    assert mismatches(site) == []


def test_bought__by_who_gave_recourse__loan_repaid_the_claim_its_own_and_the_rest_free(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    _, asset, loan_id = lent
    giver = site.admit(Role.SUPPLIER)
    pledge = recourse(site, giver, asset)
    fall_due(site, asset)
    dues = site.loan(loan_id).loan.dues.total.minor
    assert dues < pledge.left
    ref = site.pays(pledge.left, f"BUYBACK {pledge.id}", payer=account(site, giver))
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("refunded", pledge.left - dues)
    assert site.loan(loan_id).row.status == "repaid"
    (taken,) = parts(site, asset.id)
    assert (taken.face, taken.holder_id, taken.status) == (dues, giver.party_id, "confirmed")
    after = the_pledge(site, asset.id)
    assert (after.status, after.settled, after.released) == ("released", dues, pledge.left - dues)
    assert site.payouts(ref) == [], "nothing is over: the claim went for what was paid on the loan"
    assert mismatches(site) == []


def test_bought__by_a_third_party__the_debtor_pays_it_for_its_part(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, asset, loan_id = lent
    guarantor = site.admit(Role.DISTRIBUTOR)
    pledge = recourse(site, guarantor, asset)
    fall_due(site, asset)
    before = site.loan(loan_id).loan.dues.total.minor
    ref = site.pays(100_000_00, f"BUYBACK {pledge.id}", payer=account(site, guarantor))
    assert site.incoming(ref).unapplied == 0
    assert site.loan(loan_id).loan.dues.total.minor == before - 100_000_00
    assert mismatches(site) == []
    prover = ChainProver(site.inst.node, site.inst.deployment)
    assert verify(evidence.bundle(site.ctx, borrower, loan_id, prover)).failures == ()
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).row.status == "repaid"
    outs = {row.payload["payee_account"]: row.payload["amount"] for row in site.payouts(ref)}
    assert outs[account(site, guarantor)] == str(Money(100_000_00, CNY))
    assert set(outs) == {account(site, guarantor), account(site, borrower)}
    assert mismatches(site) == []


def test_bought__by_the_only_settlement_bank__goes_back_as_nobody_else_can_attest_it(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    _, asset, loan_id = lent
    bank = site.cast["bank"]
    pledge = recourse(site, bank, asset)
    fall_due(site, asset)
    before = site.loan(loan_id).loan.dues.total.minor
    ref = site.pays(100_000_00, f"BUYBACK {pledge.id}", payer=account(site, bank))
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("refunded", "settlement_bank_missing")
    assert site.loan(loan_id).loan.dues.total.minor == before
    assert mismatches(site) == []


def test_bought__by_one_of_two_settlement_banks__the_other_attests_it() -> None:
    with open_site() as site:  # another bank is for no other test
        borrower = site.borrower()
        asset = site.confirmed(borrower)
        loan_id = site.funded(borrower, LENT, asset.id)
        bank, other = site.cast["bank"], site.admit(Role.BANK)
        pledge = recourse(site, bank, asset)
        fall_due(site, asset)
        before = site.loan(loan_id).loan.dues.total.minor
        site.pays(100_000_00, f"BUYBACK {pledge.id}", payer=account(site, bank))
        assert site.loan(loan_id).loan.dues.total.minor == before - 100_000_00
        with site.ctx.store.read() as session:
            attested = session.exec(select(ActRow).where(ActRow.function == "buyBack")).one()
        assert (attested.status, attested.party_id) == ("final", other.party_id)
        assert mismatches(site) == []


def test_bought__no_more_than_was_undertaken__the_rest_goes_back(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    _, asset, _ = lent
    giver = site.admit(Role.SUPPLIER)
    pledge = recourse(site, giver, asset, 70_000_00)
    fall_due(site, asset)
    first = site.pays(50_000_00, f"BUYBACK {pledge.id}", payer=account(site, giver), step=False)
    second = site.pays(50_000_00, f"BUYBACK {pledge.id}", payer=account(site, giver))
    assert [site.incoming(ref).unapplied for ref in (first, second)] == [0, 30_000_00]
    (seen,) = undertakings.of_pledge(site.ctx, giver, pledge.id)
    assert seen.left == 0
    assert sorted(part.face for part in parts(site, asset.id)) == [20_000_00, 50_000_00]
    assert mismatches(site) == []


def test_debtor__pays_while_a_buy_back_is_on_its_way__nothing_is_paid_twice(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, asset, loan_id = lent
    guarantor = site.admit(Role.SUPPLIER)
    pledge = recourse(site, guarantor, asset)
    fall_due(site, asset)
    dues = site.loan(loan_id).loan.dues.total.minor
    first = site.pays(100_000_00, f"BUYBACK {pledge.id}", payer=account(site, guarantor), step=False)
    second = site.pays(FACE - 100_000_00, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).row.status == "repaid"
    out = [*site.payouts(first), *site.payouts(second)]
    assert {(order.status, order.payload["payee_account"]) for order in out} == {("done", account(site, borrower))}
    assert sum(Money.parse(str(order.payload["amount"]), CNY).minor for order in out) == FACE - dues
    (claim,) = parts(site, asset.id)
    assert (claim.face, claim.holder_id) == (100_000_00, guarantor.party_id)
    assert site.receivable(asset.id).settled == FACE - 100_000_00
    assert mismatches(site) == []


def test_enforce__while_a_buy_back_is_on_its_way__not_yet(site: Site, lent: tuple[Actor, ReceivableRow, str]) -> None:
    _, asset, _ = lent
    giver = site.admit(Role.SUPPLIER)
    pledge = recourse(site, giver, asset)
    fall_due(site, asset)
    site.pays(100_000_00, f"BUYBACK {pledge.id}", payer=account(site, giver), step=False)
    site.inst.incoming.run_once()
    with pytest.raises(Conflict) as refused:
        enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
    assert refused.value.code == "payment_under_way"


def test_payment__while_the_lender_takes_the_pledge__waits_and_goes_back(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    _, asset, loan_id = lent
    giver = site.admit(Role.SUPPLIER)
    pledge = recourse(site, giver, asset)
    fall_due(site, asset)
    dues = site.loan(loan_id).loan.dues.total
    enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
    ref = site.pays(100_000_00, f"BUYBACK {pledge.id}", payer=account(site, giver), step=False)
    site.inst.incoming.run_once()
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "transfer_under_way")
    site.run()
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("refunded", "buy_back_not_undertaken")
    assert site.loan(loan_id).loan.dues.total == dues
    assert mismatches(site) == []


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("before the due day", "not_yet_due"),
        ("another", "buy_back_not_undertaken"),
        ("too late", "buy_back_not_undertaken"),
        ("the debtor", "transfer_to_debtor"),
    ],
)
def test_payment__not_now_or_not_by_this_one__goes_back(
    site: Site, lent: tuple[Actor, ReceivableRow, str], case: str, reason: str
) -> None:
    _, asset, loan_id = lent
    giver = site.admit(Role.SUPPLIER)
    pledge = recourse(site, giver, asset)
    payer = account(site, giver)
    if case == "the debtor":  # nothing here lets it, but the contracts take its undertaking
        until = day_number(asset.due_date + timedelta(days=1))
        root = "0x" + "11" * 32
        sent(site, site.cast["core"], "Pledges", "undertake", pledgeId=pledge.id, assetId=asset.id, amount=10_000_00,
             untilDay=until, documentRoot=root)  # fmt: skip
        payer = account(site, site.cast["core"])
    if case == "another":
        payer = "6228-stranger"
    if case != "before the due day":
        fall_due(site, asset)
    if case == "too late":
        site.move_to(asset.due_date + timedelta(days=CALLABLE_DAYS + 1))
    ref = site.pays(10_000_00, f"BUYBACK {pledge.id}", payer=payer)
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("refunded", reason)
    assert (site.incoming(ref).unapplied, site.loan(loan_id).loan.outstanding.minor) == (10_000_00, LENT)
    assert parts(site, asset.id) == []
    assert mismatches(site) == []


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("twice", "undertaking_exists"),
        ("the debtor", "transfer_to_debtor"),
        ("no later than due", "until_not_after_due"),
        ("past", "until_past"),
        ("too much", "exceeds_pledged"),
        ("of a fen's tenth", "amount_too_precise"),
        ("nothing", "amount_not_positive"),
        ("unknown", "pledge_unknown"),
        ("ended", "pledge_state_wrong"),
        ("the operator", "role_missing"),
        ("the pledgor", "undertaker_is_party"),
        ("the lender", "undertaker_is_party"),
    ],
)
def test_undertake__what_cannot_be__refused(
    site: Site, lent: tuple[Actor, ReceivableRow, str], case: str, code: str
) -> None:
    borrower, asset, loan_id = lent
    giver = site.admit(Role.SUPPLIER)
    pledge = the_pledge(site, asset.id)
    if case == "twice":
        recourse(site, giver, asset)
    if case == "ended":
        site.pays(site.loan(loan_id).loan.dues.total.minor, f"LOAN {loan_id}")
    actor = {"the debtor": site.cast["core"], "the operator": OPERATOR, "the pledgor": borrower}.get(case, giver)
    actor = site.cast["lender"] if case == "the lender" else actor
    until = {"no later than due": asset.due_date, "past": site.today - timedelta(days=1)}.get(
        case, asset.due_date + timedelta(days=1)
    )
    amount = {"too much": str(Money(pledge.left + 1, CNY)), "of a fen's tenth": "1.001", "nothing": "0"}.get(case, "1")
    target = "0x" + "00" * 32 if case == "unknown" else pledge.id
    with pytest.raises(ChainfinError) as refused:
        undertakings.undertake(site.ctx, actor, target, amount, until, "again")
    assert refused.value.code == code
