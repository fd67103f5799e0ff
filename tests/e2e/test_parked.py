"""Lines of the bank that can't be understood or applied: parked whole, tried again or resolved; the others go on. Every
kind of odd line is in `test_odd_lines`."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from chainfin.connectors.outcome import Done
from chainfin.connectors.payment_rail import IncomingPage, Line
from chainfin.errors import BadInput, Conflict, Forbidden, NotFound
from chainfin.jws import sign
from chainfin.services.kernel.commands import Refund
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked
from chainfin.services.payments import incoming
from chainfin.services.views.oversight import ParkedView
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, IncomingRow
from tests.e2e.site import Site


def line(site: Site, minor: int = 1_00) -> Line:
    """A line that the bank has booked and nobody has taken in yet."""
    site.pays(minor, "nobody's", step=False)
    page = site.inst.partners.rail.incoming(incoming.cursor(site.ctx))
    assert isinstance(page, Done)
    return page.value.lines[-1]


def odd_line(site: Site, **changes: Any) -> Line:
    """A line that the bank has signed and booked nowhere, like a good one but for ``changes``."""
    body = {
        "kind": "incoming",
        "sequence": 1,
        "bank_reference": f"ODD{uuid4().hex}",
        "payer_account": "6228-payer",
        "payer_name": "A payer (invented)",
        "payee_account": COLLECTION_ACCOUNT,
        "amount": "1.00",
        "currency": "CNY",
        "remittance": "nobody's",
        "at": site.ctx.clock.now().isoformat(),
    }
    text = json.dumps(body | changes)
    key = Ed25519PrivateKey.from_private_bytes((site.inst.settings.home / "sandbox" / "key").read_bytes())
    return site.inst.partners.rail.line({"body": text, "signature": sign(key, text.encode())})


def feed(site: Site, *lines: Line) -> None:
    """They come in as one page; the cursor is then past all that the sandbox has."""
    page = site.inst.partners.rail.incoming(incoming.cursor(site.ctx))
    assert isinstance(page, Done)
    site.inst._on_incoming(IncomingPage(lines, page.value.next_cursor))


@pytest.fixture
def before(site: Site) -> set[str]:
    return {row.id for row in everything(site)}


def everything(site: Site) -> list[ParkedView]:
    """But what only names no claim: its money is in the book."""
    items = parked.list_(site.ctx, OPERATOR, status=None, after="", limit=500)
    return [item for item in items if item.source != incoming.UNMATCHED]


def new(site: Site, before: set[str]) -> list[ParkedView]:
    return [row for row in everything(site) if row.id not in before]


def taken(site: Site, reference: str) -> bool:
    with site.ctx.store.read() as session:
        return session.exec(select(IncomingRow.id).where(IncomingRow.bank_ref == reference)).first() is not None


def reference(line_: Line) -> str:
    return line_.reference


def test_line__same_reference_with_another_amount__held_and_parked(site: Site, before: set[str]) -> None:
    ref = f"SAME{uuid4().hex}"
    for amount in (1_00, 2_00):
        site.pays(amount, "nobody's", bank_ref=ref)
    assert new(site, before) == []
    (item,) = [
        each
        for each in parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
        if each.reason == "bank_reference_reused" and each.subject == ref
    ]
    assert item.source == incoming.UNMATCHED
    assert site.incoming(ref).amount == 1_00
    with site.ctx.store.read() as session:
        rows = session.exec(select(IncomingRow).where(IncomingRow.bank_ref == ref)).all()
    held = [(row.status, row.unapplied) for row in rows if row.repeat]
    assert held == [("unmatched", 2_00)], "its money is in the book"
    again = parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries())
    assert (again.status, again.reason) == ("open", "bank_reference_reused"), "one person alone doesn't place it"


def test_page__repeated__nothing_twice_and_the_odd_line_counted(site: Site, before: set[str]) -> None:
    good, odd = line(site), odd_line(site, currency="KWD")
    feed(site, good, odd)
    feed(site, good, odd)
    (item,) = new(site, before)
    assert item.attempts == 2
    with site.ctx.store.read() as session:
        rows = session.exec(select(IncomingRow).where(col(IncomingRow.bank_ref) == reference(good))).all()
    assert len(rows) == 1


def test_line__a_fault_of_ours__parks_that_line_with_nothing_half_posted(
    site: Site, before: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, bad, last = line(site), line(site, 3_00), line(site)
    plain = incoming._place

    def broken(session: Any, ctx: Any, row: IncomingRow) -> None:
        plain(session, ctx, row)
        if row.amount == 3_00:
            raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(incoming, "_place", broken)
        feed(site, first, bad, last)
    assert [taken(site, reference(each)) for each in (first, bad, last)] == [True, False, True]
    (item,) = new(site, before)
    assert item.reason == "item_not_applied"
    assert "fault of ours" not in item.detail
    assert [each for each in site.commands(Refund) if each.payload["bank_reference"] == reference(bad)] == []
    done = parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries())
    assert (done.status, done.resolved_by, done.attempts) == ("retried", "operator", 2)
    site.run()
    assert site.incoming(reference(bad)).status == "unmatched"
    with pytest.raises(Conflict) as refused:
        parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries())
    assert refused.value.code == "parked_item_not_open"


def test_page__database_away_in_the_middle__nothing_taken_nothing_parked(
    site: Site, before: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = line(site), line(site)
    cursor = incoming.cursor(site.ctx)
    plain = incoming._take

    def away(session: Any, ctx: Any, arrival: Any, directly: Any) -> IncomingRow | None:
        if arrival.bank_ref == reference(second):
            raise OperationalError("insert", {}, Exception("server closed the connection"))
        return plain(session, ctx, arrival, directly)

    with monkeypatch.context() as patch:
        patch.setattr(incoming, "_take", away)
        with pytest.raises(OperationalError):
            feed(site, first, second)
    assert (new(site, before), incoming.cursor(site.ctx), taken(site, reference(first))) == ([], cursor, False)


def test_retry__still_odd__stays_open_with_the_reason(site: Site, before: set[str]) -> None:
    feed(site, odd_line(site, currency="BTC"))
    (item,) = new(site, before)
    again = parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries())
    assert (again.status, again.reason, again.attempts) == ("open", "currency_unknown", 2)
    assert again.detail == item.detail, "what was said of it first stays"
    assert [each["code"] for each in again.tries] == ["currency_unknown"]


def test_resolve__with_a_reason__closed_and_not_opened_by_seeing_it_again(site: Site, before: set[str]) -> None:
    odd = odd_line(site, currency="THB")
    feed(site, odd)
    (item,) = new(site, before)
    with pytest.raises(BadInput) as missing:
        parked.resolve(site.ctx, OPERATOR, item.id, "  ")
    assert missing.value.code == "reason_missing"
    done = parked.resolve(site.ctx, OPERATOR, item.id, "the bank books it again in yuan")
    assert (done.status, done.resolution) == ("resolved", "the bank books it again in yuan")
    feed(site, odd)
    (same,) = new(site, before)
    assert same.status == "resolved"
    with pytest.raises(Conflict) as refused:
        parked.resolve(site.ctx, OPERATOR, item.id, "again")
    assert refused.value.code == "parked_item_not_open"


def test_parked__asked_by_a_party__operator_only(site: Site) -> None:
    lender = site.cast["lender"]
    for ask in (
        lambda: parked.list_(site.ctx, lender, status=None, after="", limit=5),
        lambda: parked.retry(site.ctx, lender, "park_1", {}),
        lambda: parked.resolve(site.ctx, lender, "park_1", "mine"),
    ):
        with pytest.raises(Forbidden) as refused:
            ask()
        assert refused.value.code == "operator_only"


def test_parked__unknown_item_or_source__refused(site: Site, before: set[str]) -> None:
    with pytest.raises(NotFound) as unknown:
        parked.retry(site.ctx, OPERATOR, "park_none", site.inst.retries())
    assert unknown.value.code == "parked_item_unknown"
    feed(site, odd_line(site, currency="THB"))
    (item,) = new(site, before)
    with pytest.raises(Conflict) as fixed:
        parked.retry(site.ctx, OPERATOR, item.id, {})
    assert fixed.value.code == "parked_item_fixed"


def test_waiting_payment__that_cannot_be_placed__parked_once_and_housekeeping_goes_on(
    site: Site, before: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = line(site, 4_00)
    feed(site, waits)
    with site.ctx.store.begin() as session:
        row = session.get_one(IncomingRow, site.incoming(reference(waits)).id)
        standing = row.status
        row.status, row.remittance = "waiting", "nobody's"
        session.add(row)
    tries: list[str] = []

    def broken(session: Any, ctx: Any, row: IncomingRow) -> None:
        tries.append(row.id)
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(incoming, "_end_wait", broken)
        site.inst.housekeeper.run_once()
        site.inst.housekeeper.run_once()
    (item,) = new(site, before)
    assert (item.source, item.subject, tries) == ("waiting_payments", row.id, [row.id])
    with site.ctx.store.begin() as session:
        session.get_one(IncomingRow, row.id).status = standing
    assert parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries()).status == "retried"


def test_metrics__after_it_all__show_open_items_loops_and_money(site: Site, before: set[str]) -> None:
    feed(site, line(site, 5_00), odd_line(site, currency="THB"))
    site.run()
    text = site.inst.metrics.text().decode()
    found = parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
    open_ = len([item for item in found if item.source == "incoming_payments"])
    for wanted in (
        f'chainfin_parked_items{{source="incoming_payments"}} {float(open_)}',
        'chainfin_loop_state{loop="chain",state="new"} 1.0',
        'chainfin_money_received_minor_total{currency="CNY"}',
        "chainfin_chain_lag 0.0",
        "chainfin_pool_in_use",
    ):
        assert wanted in text, wanted
