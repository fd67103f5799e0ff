"""Money that comes in and goes out is counted once for /metrics, by whatever way the bank tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import Session

from chainfin.services.books import bank_statement
from chainfin.services.kernel.context import OPERATOR, Context
from chainfin.services.oversight import parked
from chainfin.services.payments import bank_line, incoming
from chainfin.storage.lending_tables import IncomingRow
from tests.e2e.site import FACE, Site, open_site
from tests.e2e.statements import Bank, take


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One whose bank tells by a file of what the rail doesn't know of."""
    with open_site() as made:
        yield made


def counted(site: Site, what: str) -> int:
    name = f'chainfin_money_{what}_minor_total{{currency="CNY"}}'
    lines = site.inst.metrics.text().decode().splitlines()
    return sum(int(float(line.removeprefix(name))) for line in lines if line.startswith(name))


def test_received__by_the_feed_a_file_and_a_retry__each_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before = counted(site, "received")
    site.pays(1_00, "nobody's")
    assert counted(site, "received") - before == 1_00
    ours = Bank(site, "chainfin-collection", tells_of_before=False)
    data = ours.statement(ours.entry(20_00, "nobody's"), moved=20_00)
    take(site, data)
    take(site, data)
    assert counted(site, "received") - before == 21_00
    plain = incoming._place

    def broken(session: Session, ctx: Context, row: IncomingRow) -> None:
        plain(session, ctx, row)
        raise RuntimeError("a fault of ours, after all is posted")

    with monkeypatch.context() as patch:
        patch.setattr(incoming, "_place", broken)
        ref = site.pays(300_00, "nobody's")
    assert counted(site, "received") - before == 21_00, "what was taken back isn't counted"
    items = parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
    (item,) = (each for each in items if each.source == bank_line.SOURCE and each.subject == ref)
    parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries())
    assert counted(site, "received") - before == 321_00
    site.run()


def test_paid__loan_holder_and_refund__each_once(site: Site) -> None:
    holder = site.borrower()
    before = counted(site, "paid")
    site.funded(holder, 500_00, site.confirmed(holder).id)
    assert counted(site, "paid") - before == 500_00
    site.pays(FACE, f"RECEIVABLE {site.confirmed(holder).id}")
    assert counted(site, "paid") - before == 500_00 + FACE
    site.sends_back(site.pays(12_00, "nobody's"))
    assert counted(site, "paid") - before == 512_00 + FACE


def test_received__a_transaction_that_fails__counts_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before = counted(site, "received")

    def lost(*_given: Any) -> None:
        raise RuntimeError("after the line was taken")

    ref = site.pays(7_00, "nobody's", step=False)
    with monkeypatch.context() as patch:
        patch.setattr(bank_statement, "note", lost)
        with pytest.raises(RuntimeError):
            site.inst.incoming.run_once()
    assert counted(site, "received") == before
    site.run()
    assert (counted(site, "received") - before, site.incoming(ref).amount) == (7_00, 7_00)
