"""Migration 0006 on a database in the old form: ids for payments, columns for commands, the book as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlmodel import col, select

from chainfin.services.kernel import commands
from chainfin.services.kernel.commands import FetchData, PayHolder, PayLoan, Refund, RegisterPledge, SendAct
from chainfin.storage.ledger_tables import JournalRow, OutboxRow
from chainfin.storage.lending_tables import IncomingRow, RepaymentRow
from chainfin.storage.store import Store
from chainfin.values.money import Money

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ASSET, PLEDGE = "0x" + "aa" * 32, "0x" + "bb" * 32
PAID, ODD = "SBI1", "SBI:9A/45"
"""References of payments; the second one's money could only go back in the old form."""

PAYEE = {"payee_account": "6228", "payee_name": "Sample", "amount": "10.00", "currency": "CNY", "purpose": "p"}
FILED = {
    "pledgor": "S",
    "pledgee": "L",
    "asset_kind": "receivable",
    "asset_hash": "aa" * 32,
    "amount": "10.00",
    "currency": "CNY",
    "starts_on": "2026-03-02",
    "ends_on": "2026-05-02",
}
OLD: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("payment.pay", "pay:loan_1", "unknown", {"instruction_id": "loan_1", **PAYEE}),
    ("payment.pay", f"holder:{PAID}:{ASSET}:party_1", "replaced", {"instruction_id": f"holder-{PAID}-aa", **PAYEE}),
    ("payment.pay", f"holder:{PAID}:{ASSET}:party_1-2", "refused", {"instruction_id": f"holder-{PAID}-aa-2", **PAYEE}),
    ("payment.pay", f"holder:{PAID}:{PLEDGE}:party_1", "due", {"instruction_id": f"holder-{PAID}-bb", **PAYEE}),
    (
        "payment.refund",
        f"refund:{ODD}",
        "claimed",
        {"refund_id": f"refund-{ODD}", "bank_reference": ODD, "amount": "1.00", "currency": "CNY", "reason": "r"},
    ),
    ("registry.register", f"register:{PLEDGE}", "due", {"pledge_ref": PLEDGE, **FILED}),
    ("registry.release", f"unregister:{PLEDGE}", "refused", {"pledge_ref": PLEDGE, "registry_no": "N", "reason": "r"}),
    ("data.fetch", "fetch:app_1", "due", {"subject_id": "S", "consent": "t", "sources": ["tax"]}),
    (
        "chain.send",
        "act:act_1",
        "due",
        {"act_id": "act_1", "contract": "Orders", "function": "postBySig", "params": {"a": 1}, "auths": []},
    ),
)


@pytest.fixture
def old(database_url: str) -> Iterator[Store]:
    """A database of before, in which things are under way."""
    store = Store(database_url)
    command.upgrade(store._alembic(), "0005")
    tables = sa.MetaData()
    tables.reflect(store.engine)
    with store.begin() as session:

        def add(name: str, **given: Any) -> None:
            table = tables.tables[name]
            needed = [c for c in table.columns if not c.nullable and c.name not in given and c.server_default is None]
            missing = {c.name: _any(c.type) for c in needed if not (c.name == "id" and c.autoincrement is True)}
            session.connection().execute(table.insert().values(**missing, **given))

        add("party", id="party_1", address="0x1")
        add("application", id="app_1", borrower_id="party_1", lender_id="party_1")
        add("loan", id="loan_1", application_id="app_1", borrower_id="party_1", lender_id="party_1")
        add("pledge", id=PLEDGE, loan_id="loan_1", pledgor_id="party_1", lender_id="party_1", asset_id=ASSET)
        add("act", id="act_1", party_id="party_1", subject="0xorder")
        add("incoming_payment", bank_ref=PAID, sequence=1, status="payout_refused", amount=20_00, remittance="x")
        add("incoming_payment", bank_ref=ODD, sequence=2, status="refunding", amount=1_00, unapplied=1_00)
        add("repayment", id="rep_1", loan_id="loan_1", bank_ref=f"{PAID}:loan_1", amount=5_00)
        keys = (
            ("payment", f"payment:{PAID}:loan_1"),
            ("payment", f"payment:{PAID}:free:{ASSET}"),
            ("suspense", f"suspense:{ODD}"),
            ("accrual", "accrual:loan_1:2026-03-02"),
        )
        for number, (kind, key) in enumerate(keys, 1):
            add("journal", id=number, key=key, kind=kind, ref="loan_1", hash=str(number))
        for number, (topic, key, status, payload) in enumerate(OLD, 1):
            add("outbox", id=number, topic=topic, key=key, status=status, payload=payload, attempts=1)
    yield store
    store.close()


def _any(kind: sa.types.TypeEngine[Any]) -> Any:
    for of_type, value in (
        (sa.JSON, {}),
        (sa.DateTime, NOW),
        (sa.Date, date(2026, 3, 2)),
        (sa.Boolean, False),
        (sa.Integer, 0),
    ):
        if isinstance(kind, of_type):
            return value
    return ""


def test_upgrade__of_what_is_under_way__in_the_new_form(old: Store) -> None:
    old.upgrade()
    ten = Money(10_00, "CNY")
    with old.read() as session:
        paid, odd = session.exec(select(IncomingRow).order_by(col(IncomingRow.sequence))).all()
        rows = session.exec(select(OutboxRow).order_by(col(OutboxRow.id))).all()
        repayment = session.exec(select(RepaymentRow)).one()
        journals = session.exec(select(JournalRow.key, JournalRow.payment).order_by(col(JournalRow.id))).all()
    assert [(row.bank_ref, row.book_ref, row.repeat) for row in (paid, odd)] == [(PAID, PAID, 0), (ODD, ODD, 0)]
    assert len({paid.id, odd.id}) == 2
    assert all(row.id.startswith("inc_") for row in (paid, odd))
    assert (repayment.incoming_id, repayment.amount) == (paid.id, 5_00)
    assert [payment for _, payment in journals] == [paid.id, paid.id, odd.id, None]
    assert journals[0][0] == f"payment:{PAID}:loan_1", "what was posted stays"
    assert [row.status for row in rows] == [status for _, _, status, _ in OLD]
    asked = [commands.of(row) for row in rows]
    rest = ("6228", "Sample", ten, "p")
    assert asked[:5] == [
        PayLoan("loan_1", "loan_1", *rest),
        PayHolder(paid.id, ASSET, "party_1", 1, f"holder-{PAID}-aa", *rest),
        PayHolder(paid.id, ASSET, "party_1", 2, f"holder-{PAID}-aa-2", *rest),
        PayHolder(paid.id, PLEDGE, "party_1", 1, f"holder-{PAID}-bb", *rest),
        Refund(odd.id, f"refund-{ODD}", ODD, Money(1_00, "CNY"), "r"),
    ], "under the number that the bank may know"
    assert isinstance(asked[5], RegisterPledge)
    assert (asked[5].pledge_id, asked[5].loan_id, asked[5].ends_on) == (PLEDGE, "loan_1", date(2026, 5, 2))
    assert asked[6] == commands.StrikeOutPledge(PLEDGE, "loan_1", "N", "r")
    assert asked[7] == FetchData("app_1", "S", "t", ("tax",))
    assert asked[8] == SendAct("act_1", "0xorder", "Orders", "postBySig", {"a": 1}, [])
    for row, command_ in zip(rows, asked, strict=True):
        assert (row.topic, row.key, row.subject, row.correlation) == (
            command_.TOPIC,
            command_.key,
            command_.subject,
            command_.correlation,
        )


def test_upgrade__of_an_empty_database__nothing_to_do(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0005")
    store.upgrade()
    store.check_schema()
    store.close()
