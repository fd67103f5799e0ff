"""A confirmed receivable that goes down the chain: split, passed on, borrowed on, and paid to whom each part is due."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from chainfin.audit.bundle import seal
from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.errors import ChainfinError, NotFound, Refused
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import applications, decision_inputs, end_of_day
from chainfin.services.oversight import evidence
from chainfin.services.reads import queries
from chainfin.services.trade import disputes, order_state, receivables, splits_and_transfers
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.ending import act, mismatches, parts, pledges_on, sent
from tests.e2e.onchain import view
from tests.e2e.site import CNY, FACE, Site

PART = 400_000_00
OTHER = 100_000_00
LENT = 300_000_00


def split(site: Site, holder: Actor, asset_id: str, *amounts: int) -> list[ReceivableRow]:
    """The parts, the largest first."""
    splits_and_transfers.split(site.ctx, holder, asset_id, [Money(amount, CNY) for amount in amounts])
    site.run()
    return parts(site, asset_id)


@pytest.fixture
def passed_on(site: Site) -> tuple[Actor, Actor, ReceivableRow, ReceivableRow]:
    """Supplier, its own supplier, the receivable, and the part of it that the second one holds."""
    first, second = site.borrower(), site.borrower()
    asset = site.confirmed(first)
    part = split(site, first, asset.id, PART, OTHER)[0]
    splits_and_transfers.transfer(site.ctx, first, part.id, str(second.party_id))
    site.run()
    return first, second, site.receivable(asset.id), site.receivable(part.id)


def accounts(site: Site, bank_ref: str) -> dict[object, str]:
    """Account → what was paid out to it of a payment."""
    return {row.payload["payee_account"]: str(row.payload["amount"]) for row in site.payouts(bank_ref)}


def test_tiers__second_borrows_on_its_part__each_is_paid_at_the_due_date(
    site: Site, passed_on: tuple[Actor, Actor, ReceivableRow, ReceivableRow]
) -> None:
    first, second, asset, part = passed_on
    assert (asset.split_away, part.face, part.holder_id) == (PART + OTHER, PART, second.party_id)
    loan_id = site.funded(second, LENT, part.id)
    (pledge,) = pledges_on(site, part.id)
    assert (pledge.pledgor_id, pledge.status, pledge.drawn) == (second.party_id, "active", True)
    assert mismatches(site) == []
    site.move_to(asset.due_date)
    end_of_day.run(site.ctx, OPERATOR, site.today)
    dues = site.loan(loan_id).loan.dues.total.minor
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.incoming(ref).unapplied == 0
    assert site.loan(loan_id).row.status == "repaid"
    firsts = sum(row.payload["payee_account"] == site.party(first.party_id).account for row in site.payouts(ref))
    assert firsts == 2, "what wasn't split off, and the part that it kept"
    assert accounts(site, ref)[site.party(second.party_id).account] == str(Money(PART - dues, CNY))
    family = [asset.id, *(each.id for each in parts(site, asset.id))]
    assert {site.receivable(each).status for each in family} == {"settled"}
    assert {view(site.inst, "Receivables", "receivable", each)["state"] for each in family} == {4}
    assert mismatches(site) == []


def test_tiers__bundle_of_the_second_ones_loan__leads_back_to_the_invoice(
    site: Site, passed_on: tuple[Actor, Actor, ReceivableRow, ReceivableRow]
) -> None:
    _, second, _, part = passed_on
    loan_id = site.funded(second, LENT, part.id)
    prover = ChainProver(site.inst.node, site.inst.deployment)
    data = evidence.bundle(site.ctx, second, loan_id, prover)
    names = [fact["event"] for fact in json.loads(data)["chain"]["facts"]]
    assert {"Receivables.Split", "Receivables.Transferred", "Receivables.Issued"} <= set(names)
    report = verify(data)
    assert report.failures == ()
    forged = json.loads(data)
    place = names.index("Receivables.Split")
    forged["chain"]["facts"][place] = forged["chain"]["facts"][names.index("Orders.Posted")]
    assert "Receivables.Confirmed" in " ".join(str(each) for each in verify(seal(forged)).failures)


def test_payment__of_a_part_by_name__only_that_part(
    site: Site, passed_on: tuple[Actor, Actor, ReceivableRow, ReceivableRow]
) -> None:
    _, second, asset, part = passed_on
    ref = site.pays(PART, f"RECEIVABLE {part.id}")
    assert accounts(site, ref) == {site.party(second.party_id).account: str(Money(PART, CNY))}
    assert site.receivable(part.id).status == "settled"
    assert site.receivable(asset.id).status == "confirmed"
    assert mismatches(site) == []


def test_payment__of_less_than_all__not_spread_over_the_parts(
    site: Site, passed_on: tuple[Actor, Actor, ReceivableRow, ReceivableRow]
) -> None:
    first, _, asset, part = passed_on
    ref = site.pays(FACE - 1, f"RECEIVABLE {asset.id}")
    rest = FACE - PART - OTHER
    assert accounts(site, ref) == {site.party(first.party_id).account: str(Money(rest, CNY))}
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("refunded", FACE - 1 - rest)
    assert site.receivable(part.id).settled == 0
    assert mismatches(site) == []


def test_payment__while_a_part_is_passed_on__waits_for_the_new_holder(
    site: Site, passed_on: tuple[Actor, Actor, ReceivableRow, ReceivableRow]
) -> None:
    _, second, _, part = passed_on
    third = site.admit(Role.SUPPLIER)
    splits_and_transfers.transfer(site.ctx, second, part.id, str(third.party_id))
    ref = site.pays(PART, f"RECEIVABLE {part.id}", step=False)
    site.inst.incoming.run_once()
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "transfer_under_way")
    site.run()
    assert accounts(site, ref) == {site.party(third.party_id).account: str(Money(PART, CNY))}
    assert mismatches(site) == []


def test_transfer__while_a_payment_is_on_its_way__not_yet(
    site: Site, passed_on: tuple[Actor, Actor, ReceivableRow, ReceivableRow]
) -> None:
    first, second, _, part = passed_on
    site.pays(PART - 1, f"RECEIVABLE {part.id}", step=False)
    site.inst.incoming.run_once()
    with pytest.raises(ChainfinError) as refused:
        splits_and_transfers.transfer(site.ctx, second, part.id, str(first.party_id))
    assert refused.value.code == "payment_under_way"
    site.run()
    assert mismatches(site) == []


def test_part__passed_on__no_business_of_the_first_seller_any_more(
    site: Site, passed_on: tuple[Actor, Actor, ReceivableRow, ReceivableRow]
) -> None:
    first, second, asset, part = passed_on
    with pytest.raises(NotFound):
        queries.receivable(site.ctx, first, part.id)
    assert part.id not in [row.id for row in queries.receivables(site.ctx, first, limit=200)]
    assert part.id in [row.id for row in queries.receivables(site.ctx, second, limit=200)]
    seen = {
        who: len(queries.parts(site.ctx, actor, asset.id))
        for who, actor in (("first", first), ("core", site.cast["core"]))
    }
    assert seen == {"first": 1, "core": 2}
    with pytest.raises(NotFound):
        queries.parts(site.ctx, second, asset.id)


@pytest.mark.parametrize(
    ("who", "amounts", "code"),
    [
        ("first", (FACE, 1), "exceeds_free"),
        ("core", (1, 1), "not_holder"),
        ("first", (1,), "parts_invalid"),
    ],
)
def test_split__beyond_what_is_ones_own__refused(site: Site, who: str, amounts: tuple[int, ...], code: str) -> None:
    first = site.borrower()
    asset = site.confirmed(first)
    with pytest.raises(Refused) as refused:
        splits_and_transfers.split(
            site.ctx, first if who == "first" else site.cast["core"], asset.id, [Money(a, CNY) for a in amounts]
        )
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("to", "code"), [("itself", "transfer_to_self"), ("debtor", "transfer_to_debtor"), ("nobody", "party_unknown")]
)
def test_transfer__to_whom_it_cannot_go__refused(site: Site, to: str, code: str) -> None:
    first = site.borrower()
    asset = site.confirmed(first)
    party = {"itself": first.party_id, "debtor": site.cast["core"].party_id, "nobody": "pty_nobody"}[to]
    with pytest.raises(ChainfinError) as refused:
        splits_and_transfers.transfer(site.ctx, first, asset.id, str(party))
    assert refused.value.code == code


def test_promised_part__while_the_pledge_is_made__neither_split_nor_passed_on(site: Site) -> None:
    first, other = site.borrower(), site.borrower()
    asset = site.confirmed(first)
    application = site.offered(first, LENT, asset.id)
    applications.accept(site.ctx, first, application)
    with pytest.raises(Refused) as refused:
        splits_and_transfers.transfer(site.ctx, first, asset.id, str(other.party_id))
    assert refused.value.code == "part_promised"
    with pytest.raises(Refused) as refused:
        splits_and_transfers.split(site.ctx, first, asset.id, [Money(FACE - 1, CNY), Money(1, CNY)])
    assert refused.value.code == "exceeds_free"


def test_split__order_goes_on__the_parts_are_no_invoices_of_their_own(site: Site) -> None:
    first = site.borrower()
    documents = site.papers(first)
    asset = site.confirmed(first, documents)
    split(site, first, asset.id, PART, OTHER)
    with site.ctx.store.read() as session:
        row = site.order(asset.order_id)
        assert order_state.as_value(session, row).invoiced == FACE
    with pytest.raises(ChainfinError) as refused:
        receivables.issue(site.ctx, first, asset.order_id, documents["invoice"])
    assert refused.value.code == "invoice_already_registered"


def test_split_and_transfer__past_the_service__projected_all_the_same(site: Site) -> None:
    first, second = site.borrower(), site.borrower()
    asset = site.confirmed(first)
    sent(site, first, "Receivables", "split", id=asset.id, amounts=[PART, OTHER])
    part = parts(site, asset.id)[0]
    sent(site, first, "Receivables", "transfer", id=part.id, to=site.party(second.party_id).chain_party)
    assert site.receivable(part.id).holder_id == second.party_id
    sent(site, second, "Receivables", "split", id=part.id, amounts=[1, 2])
    assert [row.face for row in parts(site, part.id)] == [2, 1]
    assert mismatches(site) == []


def test_dispute__withdrawn_by_the_debtor__as_before(site: Site) -> None:
    first = site.borrower()
    asset = site.confirmed(first)
    disputes.dispute(site.ctx, site.cast["core"], asset.id, "scratched")
    site.run()
    with pytest.raises(Refused) as refused:
        disputes.resolve_dispute(site.ctx, first, asset.id)
    assert refused.value.code == "not_debtor"
    made = disputes.resolve_dispute(site.ctx, site.cast["core"], asset.id)
    site.run()
    assert (act(site, made.id).status, site.receivable(asset.id).status) == ("final", "confirmed")
    with pytest.raises(Refused) as refused:
        receivables.declare_default(site.ctx, first, asset.id)
    assert refused.value.code == "not_yet_due"
    assert mismatches(site) == []


def test_history__of_a_split_receivable__one_trade(site: Site) -> None:
    first = site.borrower()
    asset = site.confirmed(first)
    with site.ctx.store.read() as session:
        before = decision_inputs.history(session, str(first.party_id), CNY, as_debtor=False)
    split(site, first, asset.id, PART, OTHER)
    site.move_to(asset.due_date + timedelta(days=3))
    with site.ctx.store.read() as session:
        split_up = decision_inputs.history(session, str(first.party_id), CNY, as_debtor=False)
    assert split_up == before
    site.pays(FACE, f"RECEIVABLE {asset.id}")
    with site.ctx.store.read() as session:
        after = decision_inputs.history(session, str(first.party_id), CNY, as_debtor=False)
    assert (after.receivables_count, after.receivables_minor) == (1, FACE)
    assert (after.settled_count, after.late_count) == (1, 1)
