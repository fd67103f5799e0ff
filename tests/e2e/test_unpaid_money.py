"""Money that the bank won't give back or pay out stays seen until it is paid: parked, named, and ordered again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chainfin.errors import Conflict, NotFound, Refused
from chainfin.rules import ledger
from chainfin.services.kernel.commands import PayHolder, Refund
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked, reconcile_payments
from chainfin.services.oversight.findings import Findings
from chainfin.services.payments import bank_orders, instructions, pay_again, unpaid
from chainfin.services.reactions import approved
from chainfin.services.views.oversight import ParkedView
from chainfin.values.money import Money
from chainfin.values.party import first_person
from tests.e2e.site import FACE, Site, open_site
from tests.e2e.statements import BACK, CNY, Bank, lender_account
from tests.e2e.test_bank_folder import answer, deliver, folder, outgoing, under_way

BOSS = replace(OPERATOR, person_id=first_person(None))
CLOSED = "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"


@pytest.fixture
def files() -> Iterator[Site]:
    with open_site(bank_folder=True) as made:
        yield made


def owed(site: Site) -> list[tuple[str, str]]:
    findings = Findings()
    with site.ctx.store.read() as session:
        reconcile_payments.check(session, site.ctx.clock, findings)
    return [(each.name, each.found) for each in findings.mismatches]


def unpaid_items(site: Site) -> list[ParkedView]:
    rows = parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
    return [row for row in rows if row.source == unpaid.SOURCE]


def sent_back(site: Site) -> tuple[Bank, str, str]:
    """A payment that named nothing and that a clerk sent back: the bank, its reference, the order's number."""
    application, number = under_way(site)
    answer(site, number, "ACSC")
    asset = site.receivable(str(site.application(application).row.asset_id))
    how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    ours = Bank(site, lender_account(site))
    deliver(site, "in.xml", ours.statement(ours.entry(9_00, "?", to=how.account), moved=9_00))
    ref = f"{ours.account[-8:]}-{ours.lines}"
    site.sends_back(ref)
    (back,) = site.commands(Refund)
    return ours, ref, str(back.payload["instruction_id"])


def test_refund__that_the_bank_refuses__is_parked_named_and_goes_to_another_account_by_two(files: Site) -> None:
    _, ref, number = sent_back(files)
    answer(files, number, "RJCT", CLOSED)
    (item,) = unpaid_items(files)
    assert (item.reason, item.kind) == ("AC04", Refund.TOPIC)
    assert files.incoming(ref).status == "suspense"
    assert owed(files) == [("payment.placed", "9.00 CNY suspense (AC04) for 0 days")]
    with pytest.raises(Conflict) as undecided:
        parked.resolve(files.ctx, BOSS, item.id, "let it lie")
    assert undecided.value.code == "parked_payout_undecided"
    more = {"account": "6228-other", "name": "The payer (invented)", "reason": "its letter of today"}
    made = pay_again.propose(files.ctx, BOSS, item.id, **more)
    with pytest.raises(Refused) as alone:
        approved.approve(files.ctx, BOSS, made.id, "mine")
    assert alone.value.code == "approval_same_person"
    approved.approve(files.ctx, files.second(OPERATOR), made.id, "I saw the letter")
    files.run()
    assert unpaid_items(files) == []
    again = str(files.commands(Refund)[-1].payload["instruction_id"])
    assert again != number
    assert "6228-other" in outgoing(files, again).decode()
    answer(files, again, "ACSC")
    assert (files.incoming(ref).status, files.balance(ledger.SUSPENSE)) == ("refunded", 0)
    assert owed(files) == []


def test_refund__that_comes_back_after_it_was_paid__is_parked_and_ordered_again(files: Site) -> None:
    ours, ref, number = sent_back(files)
    answer(files, number, "ACSC")
    entries = ours.entry(-9_00, order=number), ours.entry(9_00, order=number, returned=BACK)
    deliver(files, "back.xml", ours.statement(*entries, moved=0))
    (item,) = unpaid_items(files)
    assert item.reason == "payout_returned"
    assert owed(files)[0][0] == "payment.placed"
    done = parked.retry(files.ctx, BOSS, item.id, files.inst.retries())
    assert done.status == "retried"
    files.run()
    again = str(files.commands(Refund)[-1].payload["instruction_id"])
    answer(files, again, "ACSC")
    assert (files.incoming(ref).status, files.balance(ledger.SUSPENSE), owed(files)) == ("refunded", 0, [])


def test_holders_share__that_the_bank_refuses__is_parked_until_it_is_ordered_to_the_new_account(files: Site) -> None:
    application, number = under_way(files)
    answer(files, number, "ACSC")
    row = files.application(application).row
    asset = files.receivable(str(row.asset_id))
    how = instructions.for_receivable(files.ctx, files.cast["core"], asset.id)
    ours = Bank(files, lender_account(files))
    deliver(files, "in.xml", ours.statement(ours.entry(FACE, asset.reference, to=how.account), moved=FACE))
    (out,) = files.commands(PayHolder)
    answer(files, str(out.payload["instruction_id"]), "RJCT", CLOSED)
    (item,) = unpaid_items(files)
    amount = Money.parse(str(out.payload["amount"]), CNY)
    assert (item.kind, item.reason) == (PayHolder.TOPIC, "AC04")
    assert owed(files) == [("payout.paid", f"{amount} CNY refused (AC04), owed for 0 days")]
    borrower = next(each for each in files.companies if each == row.borrower_id)
    files.paid_to(replace(BOSS, kind="party", party_id=borrower), "6228-NEW")
    files.run()
    assert unpaid_items(files) == []
    again = str(files.commands(PayHolder)[-1].payload["instruction_id"])
    answer(files, again, "ACSC")
    assert (files.balance(ledger.HOLDER_PAYABLE), owed(files)) == (0, [])


def test_order__whose_file_the_bank_took_away__is_written_again_by_a_persons_word_alone(files: Site) -> None:
    _, number = under_way(files)
    data = outgoing(files, number)
    file = folder(files, "outbox") / f"{number}.xml"
    file.unlink()
    deliver(files, "st.xml", Bank(files, lender_account(files)).statement(moved=0))
    assert not file.exists(), "written once, wherever it went"
    bank_orders.write_again(files.ctx, BOSS, number, "the bank's client lost it before it was sent")
    deliver(files, "next.xml", Bank(files, "elsewhere").statement(moved=0))
    assert file.read_bytes() == data
    file.unlink()
    deliver(files, "third.xml", Bank(files, "elsewhere-2").statement(moved=0))
    assert not file.exists()
    answer(files, number, "ACSC")
    with pytest.raises(Conflict) as answered:
        bank_orders.write_again(files.ctx, BOSS, number, "again")
    assert answered.value.code == "bank_order_answered"
    with pytest.raises(NotFound):
        bank_orders.write_again(files.ctx, BOSS, "loan-unknown", "again")
