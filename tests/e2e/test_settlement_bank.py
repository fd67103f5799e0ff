"""The settlement bank with a key of its own: nothing is attested for it, and nothing is settled twice meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console
from sqlmodel import col, select

from chainfin.demo.report import Report
from chainfin.demo.stage import Stage
from chainfin.demo.story import Story
from chainfin.storage.lending_tables import IncomingRow
from chainfin.values.money import Money


@pytest.fixture
def story() -> Iterator[Story]:
    with Stage() as stage:
        played = Story(stage, Report(Console(file=StringIO())))
        played.admit_everyone()
        played.trade()
        played.supplier_borrows()
        yield played


def _incoming(story: Story) -> list[IncomingRow]:
    with story.stage.installation.store.read() as session:
        query = select(IncomingRow).where(col(IncomingRow.remittance).startswith("RECEIVABLE"))
        return list(session.exec(query.order_by(col(IncomingRow.sequence))))


def test_settlement__second_payment_before_the_bank_signed__is_given_back(story: Story) -> None:
    who, face = story.who, Money.parse(story.receivable["face"], "CNY")
    remittance = f"RECEIVABLE {story.receivable['id']}"
    for _ in range(2):
        story.stage.pays(who.core, face, "chainfin-collection", remittance)
    found = who.core.until(lambda: _incoming(story), lambda rows: len(rows) == 2 and rows[1].status == "refunded")
    assert [row.status for row in found] == ["applied", "refunded"]
    assert found[1].unapplied == face.minor
    # The loan is repaid in the book; on chain nothing is settled before the bank's own signature.
    assert who.supplier.get(f"/v1/receivables/{story.receivable['id']}")["settled"] == "0.00"
    assert who.bank.sign_waiting() == 2
    settled = who.supplier.until(
        lambda: who.supplier.get(f"/v1/receivables/{story.receivable['id']}"), lambda row: row["status"] == "settled"
    )
    assert settled["settled"] == story.receivable["face"]
