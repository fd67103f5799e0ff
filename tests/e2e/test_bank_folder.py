"""The bank as a folder: orders lie in the outbox as files, and its word on them comes into the inbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chainfin.connectors.iso20022.payout import MESSAGE
from chainfin.rules import ledger
from chainfin.services.kernel.commands import PayLoan, Refund
from chainfin.services.lending import applications
from chainfin.services.payments import instructions
from chainfin.values import instruction
from tests.e2e.site import Site, open_site
from tests.e2e.statements import BACK, HOSTILE, LENT, PLACED, Bank, differences, lender_account, money, odd
from tests.unit import bank_samples as bank
from tests.unit.test_iso20022_status import order, payment


@pytest.fixture
def files() -> Iterator[Site]:
    """The payment rail is a folder."""
    with open_site(bank_folder=True) as made:
        yield made


def folder(site: Site, name: str) -> Path:
    return site.inst.settings.home / "bank" / name


def outgoing(site: Site, number: str) -> bytes:
    return (folder(site, "outbox") / f"{number}.xml").read_bytes()


def answer(site: Site, number: str, code: str, reason: str = "") -> None:
    """The bank's word on an order, into the inbox."""
    told = order(payment(code, instruction=number, end_to_end=number, reason=reason), name=number)
    data = (
        f'<Document xmlns="{bank.NAMESPACE}pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>A-{code}</MsgId>'
        "<CreDtTm>2026-03-02T10:00:00+08:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>"
        f"<OrgnlMsgId>{number}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
        f"{told}</CstmrPmtStsRpt></Document>"
    )
    deliver(site, f"{number}-{code}.xml", data.encode())


def deliver(site: Site, name: str, data: bytes) -> None:
    (folder(site, "inbox") / name).write_bytes(data)
    site.run()
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()


def under_way(site: Site) -> tuple[str, str]:
    """A loan whose order lies in the outbox: its application and the order's number."""
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, LENT, asset.id)
    applications.accept(site.ctx, borrower, application)
    site.run()
    return application, instruction.for_loan(str(site.application(application).row.loan_id))


def test_order__of_a_loan__is_a_valid_file_and_in_flight_until_the_bank_says_settled(files: Site) -> None:
    application, number = under_way(files)
    data = outgoing(files, number)
    bank.assert_valid(data, "sepaxml", f"schemas/{MESSAGE}.xsd")
    text = data.decode()
    borrower = files.party(files.application(application).row.borrower_id)
    for wanted in (money(LENT), borrower.account, lender_account(files), number, "102100099996"):
        assert wanted in text, wanted
    for code in ("ACCP", "ACTC", "ACSP"):
        answer(files, number, code)
        assert files.application(application).row.status == "disbursing", code
    assert outgoing(files, number) == data, "written once"
    answer(files, number, "ACSC")
    assert files.application(application).row.status == "funded"
    assert [row.status for row in files.commands(PayLoan)] == ["done"]
    assert sorted(each.name for each in folder(files, "inbox").iterdir()) == []
    assert len(list(folder(files, "done").iterdir())) == 4


def test_order__booked_out__is_paid_without_another_word(files: Site) -> None:
    application, number = under_way(files)
    ours = Bank(files, lender_account(files))
    deliver(files, "st.xml", ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    assert files.application(application).row.status == "funded"
    assert differences(files) == []


def test_order__booked_out_and_back_before_we_looked__never_was(files: Site) -> None:
    application, number = under_way(files)
    ours = Bank(files, lender_account(files))
    entries = ours.entry(-LENT, order=number), ours.entry(LENT, order=number, returned=BACK)
    deliver(files, "st.xml", ours.statement(*entries, moved=0))
    assert files.application(application).row.status == "failed"
    assert files.balance(ledger.CASH) == PLACED
    assert differences(files) == []


def test_order__rejected__is_undone(files: Site) -> None:
    application, number = under_way(files)
    answer(files, number, "RJCT", "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></StsRsnInf>")
    row = files.application(application).row
    assert row.status == "failed"
    assert files.receivable(str(row.asset_id)).pledged == 0
    answer(files, number, "ACSC")
    (item,) = odd(files)
    assert item.reason == "payment_status_contradicts"
    assert files.application(application).row.status == "failed"


def test_order__settled_and_not_booked_yet__no_difference(files: Site) -> None:
    _, number = under_way(files)
    ours = Bank(files, lender_account(files))
    deliver(files, "empty.xml", ours.statement(moved=0))
    answer(files, number, "ACSC")
    assert files.balance(ledger.CASH) == PLACED - LENT
    assert differences(files) == []
    files.move_to(files.today + timedelta(days=2))
    deliver(files, "later.xml", ours.statement(moved=0))
    assert [each[:3] for each in differences(files)] == [("book.order", number, "on no statement")]
    deliver(files, "next.xml", ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    assert differences(files) == []


def test_status__of_no_order_of_ours__parked(files: Site) -> None:
    answer(files, "loan-unknown", "ACSC")
    (item,) = odd(files)
    assert item.reason == "original_message_unknown"


def test_refund__of_a_payment_that_names_nothing__leaves_from_where_it_came_in(files: Site) -> None:
    application, number = under_way(files)
    answer(files, number, "ACSC")
    asset = files.receivable(str(files.application(application).row.asset_id))
    how = instructions.for_receivable(files.ctx, files.cast["core"], asset.id)
    ours = Bank(files, lender_account(files))
    deliver(files, "in.xml", ours.statement(ours.entry(9_00, "?", to=how.account), moved=9_00))
    ref = ours.account[-8:] + "-1"
    files.sends_back(ref)
    (back,) = files.commands(Refund)
    sent = outgoing(files, str(back.payload["instruction_id"]))
    bank.assert_valid(sent, "sepaxml", f"schemas/{MESSAGE}.xsd")
    assert "6222021001" in sent.decode()
    assert how.account in sent.decode()
    answer(files, str(back.payload["instruction_id"]), "ACSC")
    assert files.incoming(ref).status == "refunded"


def test_inbox__with_a_file_that_is_none__set_aside_and_the_next_is_taken(files: Site) -> None:
    asset = files.confirmed(files.borrower())
    ours = Bank(files, "chainfin-collection")
    (folder(files, "inbox") / "a.xml").write_bytes(HOSTILE["external entity"])
    (folder(files, "inbox") / ".half.xml").write_bytes(b"<Docu")
    deliver(files, "b.xml", ours.statement(ours.entry(4_00, asset.reference), moved=4_00))
    assert files.receivable(asset.id).settled == 4_00
    assert [each.name for each in folder(files, "refused").iterdir()] == ["a.xml"]
    assert [each.name for each in folder(files, "inbox").iterdir()] == [".half.xml"]
