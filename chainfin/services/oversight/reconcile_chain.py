"""The contracts' part of a reconciliation: each row says what they say, and what came about there has its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from sqlmodel import Session, col, select

from chainfin.eth.bindings import orders_events, pledges_events, receivables_events, warehouse_receipts_events
from chainfin.services.goods import receipts
from chainfin.services.kernel.pledge_rows import LIVE_STATUS as LIVE
from chainfin.services.oversight.findings import Findings
from chainfin.services.oversight.reconciled_rows import NEVER, NOT_THERE, Rows
from chainfin.services.pledges import assets
from chainfin.services.reactions.asset_events import STATES
from chainfin.services.trade import receivable_state
from chainfin.services.trade.receivables import day_number
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.trade_tables import (
    ActRow,
    OrderRow,
    PledgeRow,
    ReceivableRow,
    WarehouseReceiptRow,
)
from chainfin.values.party import PartyState

ORDER_STATES = {"posted": 1, "cancelled": 3}
"""Orders.OrderState; every other state of a row is 2 (acknowledged) there."""


ROWS: Final[Sequence[tuple[type[Any], str, Any]]] = (
    (orders_events.Posted, "order", OrderRow.id),
    (receivables_events.Issued, "receivable", ReceivableRow.id),
    (warehouse_receipts_events.Issued, "receipt", WarehouseReceiptRow.id),
    (pledges_events.Pledged, "pledge", PledgeRow.id),
)
"""The event by which a thing comes about, what the thing is called here, and whose id the event tells."""


class ChainView(Protocol):
    """Views of the contracts at a block. Raises Unavailable: chain_behind, chain_unreachable."""

    def view(
        self, contract: str, function: str, key: str | int | tuple[str | int, ...], block: int
    ) -> Mapping[str, Any]:
        """What the view returns, by name (of the struct's members, else of the outputs); what isn't there is all zeros.

        A view that reverts for what it doesn't know gives an empty mapping.
        """


def check(rows: Rows, chain: ChainView, findings: Findings) -> None:
    """Compare every row with what the contracts' views say at the rows' block. Raises Unavailable as `ChainView`."""
    _parties(rows, chain, findings)
    _orders(rows, chain, findings)
    _receivables(rows, chain, findings)
    _receipts(rows, chain, findings)
    _pledges(rows, chain, findings)
    _undertakings(rows, chain, findings)
    _lines(rows, chain, findings)


def check_events(session: Session, findings: Findings) -> None:
    """Each thing that came about on chain by an act of ours has its row. What others made there on the same contracts
    is none of ours."""
    ours = select(col(ActRow.tx_hash)).where(col(ActRow.tx_hash).is_not(None))
    for event, name, row_id in ROWS:
        by_event = select(ChainEventRow.subject, row_id).outerjoin(
            row_id.class_, col(ChainEventRow.subject) == col(row_id)
        )
        made = by_event.where(
            ChainEventRow.contract == event.CONTRACT,
            ChainEventRow.name == event.NAME,
            col(ChainEventRow.tx_hash).in_(ours),
        )
        for subject, known in session.exec(made).all():
            findings.count("things told by the chain")
            findings.same(f"{name}.in_book", str(subject), known is not None, True)


def _parties(rows: Rows, chain: ChainView, findings: Findings) -> None:
    for party in rows.parties.values():
        if party.chain_party is None:
            continue
        findings.count("parties")
        seen = chain.view("Participants", "party", party.chain_party, rows.block.number)
        for name, found, expected in (
            ("key", seen.get("key"), party.address),
            ("roles", seen.get("roles"), party.roles),
            ("commitment", seen.get("commitment"), party.commitment),
            ("suspended", seen.get("suspended"), party.status == PartyState.SUSPENDED),
        ):
            findings.same(f"party.{name}", party.id, found, expected)
    (paused,) = chain.view("Participants", "paused", (), rows.block.number).values()
    findings.same("pauses", "kinds", paused, rows.paused)


def _orders(rows: Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.orders:
        findings.count("orders")
        seen = chain.view("Orders", "order", row.id, rows.block.number)
        there = row.status not in NOT_THERE
        findings.same("order.on_chain", row.id, bool(seen.get("state")), there)
        if not there or not seen.get("state"):
            continue
        findings.same("order.buyer", row.id, seen["buyer"], rows.number(row.buyer_id))
        findings.same("order.seller", row.id, seen["seller"], rows.number(row.seller_id))
        findings.same("order.currency", row.id, seen["currency"], "0x" + row.currency.encode().hex())
        findings.same("order.state", row.id, seen["state"], ORDER_STATES.get(row.status, 2))
        for name in ("ordered", "despatched", "received", "invoiced"):
            findings.same(f"order.{name}", row.id, seen[name], getattr(row, name))
        findings.same("order.trail", row.id, seen["trail"], rows.trails[row.id])


def _receivables(rows: Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.receivables:
        findings.count("receivables")
        seen = chain.view("Receivables", "receivable", row.id, rows.block.number)
        there = row.status not in NOT_THERE
        findings.same("receivable.on_chain", row.id, bool(seen.get("state")), there)
        if not there or not seen.get("state"):
            continue
        confirmed, ended = row.confirmed_at is not None, row.status == "cancelled"
        expected = {
            "state": STATES.index(row.status),
            # before its confirmation nobody but the seller can have it: the register doesn't keep that
            "holder": rows.number(row.holder_id) if confirmed or ended else 0,
            "debtor": rows.number(row.debtor_id),
            "dueDay": day_number(row.due_date),
            "confirmed": confirmed,
            "part": row.parent_id is not None,
            "lined": row.lined,
            "face": 0 if ended else row.face,
            "free": 0 if ended else receivable_state.free(row),
            "pledged": row.pledged,
            "splitAway": row.split_away,
            "settled": row.settled,
            "diluted": row.diluted,
        }
        for name, value in expected.items():
            findings.same(f"receivable.{name}", row.id, seen[name], value)


def _receipts(rows: Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.receipts:
        findings.count("warehouse receipts")
        seen = chain.view("WarehouseReceipts", "receipt", row.id, rows.block.number)
        there = row.status not in NOT_THERE
        findings.same("receipt.on_chain", row.id, bool(seen.get("owner")), there)
        if not there or not seen.get("owner"):
            continue
        expected = {
            "owner": rows.number(row.owner_id),
            "keeper": rows.number(row.keeper_id),
            "part": row.parent_id is not None,
            "issued": row.issued,
            "free": receipts.free(row),
            "pledged": row.pledged,
            "released": row.released,
            "liquidated": row.liquidated,
            "missing": row.missing,
        }
        for name, value in expected.items():
            findings.same(f"receipt.{name}", row.id, seen[name], value)


def _pledges(rows: Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.pledges:
        findings.count("pledges")
        seen = chain.view("Pledges", "pledgeOf", row.id, rows.block.number)
        there = row.status not in NEVER
        findings.same("pledge.on_chain", row.id, bool(seen.get("state")), there)
        if not there or not seen.get("state"):
            continue
        # PledgeState: 1 active, 2 released, 3 enforced, 4 expired (a released row may be an expired pledge), 5 lost
        states = {"active": (1,), "releasing": (1,), "released": (2, 4), "enforced": (3,), "lost": (5,)}[row.status]
        findings.same("pledge.state", row.id, seen["state"] in states, True)
        findings.same("pledge.kind", row.id, seen["assetKind"], assets.KINDS[row.asset_kind].number)
        findings.same("pledge.lender", row.id, seen["lender"], rows.number(row.lender_id))
        if row.status in LIVE:
            findings.same("pledge.amount", row.id, seen["amount"], row.left)
            findings.same("pledge.drawn", row.id, seen["drawn"], row.drawn)


def _undertakings(rows: Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.undertakings:
        findings.count("undertakings")
        key = (row.pledge_id, rows.number(row.buyer_id) or 0)
        seen = chain.view("Pledges", "undertakingOf", key, rows.block.number)
        findings.same("undertaking.amount", row.pledge_id, seen.get("amount"), row.left)
        findings.same("undertaking.until", row.pledge_id, seen.get("untilDay"), day_number(row.until))


def _lines(rows: Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.lines:
        findings.count("credit lines")
        seen = chain.view("Receivables", "line", rows.number(row.debtor_id) or 0, rows.block.number)
        findings.same("line.limit", row.debtor_id, seen.get("limit"), row.limit)
        findings.same("line.used", row.debtor_id, seen.get("used"), row.used)
    for share in rows.line_shares:
        key = (rows.number(share.lender_id) or 0, rows.number(share.debtor_id) or 0)
        seen = chain.view("Receivables", "lineOf", key, rows.block.number)
        findings.same("line.share", f"{share.debtor_id} by {share.lender_id}", seen.get("limit"), share.limit)
