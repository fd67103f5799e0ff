"""The contracts' part of a reconciliation: each row says what they say, and what came about there has its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlmodel import Session, col, select

from chainfin.eth.bindings import orders_events, pledges_events, receivables_events, warehouse_receipts_events
from chainfin.rules import order_value, pledge, receivable_value
from chainfin.services.goods import receipts
from chainfin.services.kernel.pledge_rows import LIVE_STATUS as LIVE
from chainfin.services.oversight.findings import Findings
from chainfin.services.oversight.reconciled_rows import NEVER, NOT_THERE, Rows
from chainfin.services.pledges import assets
from chainfin.services.reactions.asset_events import STATES
from chainfin.services.trade import receivable_state
from chainfin.services.trade.receivables import day_number
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow, OrderRow, ReceivableRow, WarehouseReceiptRow
from chainfin.values.party import PartyState

ACKNOWLEDGED: Final = 2
ORDER_STATES: Final = {order_value.State.POSTED: 1, order_value.State.CANCELLED: 3}
"""Orders.OrderState; every other state of a row is `ACKNOWLEDGED` there."""
PLEDGE_STATES: Final = {
    pledge.State.ACTIVE: (1,),
    pledge.State.RELEASING: (1,),
    pledge.State.RELEASED: (2, 4),
    pledge.State.ENFORCED: (3,),
    pledge.State.LOST: (5,),
}
"""Pledges.PledgeState: 1 active, 2 released, 3 enforced, 4 expired (which a row calls released), 5 lost."""

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


class _Thing(Protocol):
    id: str
    status: str


T = TypeVar("T", bound=_Thing)


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """A kind of thing that is kept on chain: ``name`` before what is found of one, ``counted`` of many. ``view`` of its
    ``contract`` says what is kept of one; ``always``: a member of what it says that is zero of none but what isn't
    there. ``expected``: what it has to say of a row, by the members' names."""

    name: str
    counted: str
    contract: str
    view: str
    always: str
    expected: Callable[[Rows, T], Mapping[str, object]]


def check(rows: Rows, chain: ChainView, findings: Findings) -> None:
    """Compare every row with what the contracts' views say at the rows' block. Raises Unavailable as `ChainView`."""
    _parties(rows, chain, findings)
    _things(rows, chain, findings, _ORDER, rows.orders)
    _things(rows, chain, findings, _RECEIVABLE, rows.receivables)
    _things(rows, chain, findings, _RECEIPT, rows.receipts)
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


def _things(rows: Rows, chain: ChainView, findings: Findings, kind: _Kind[T], things: Sequence[T]) -> None:
    """Each is on chain if a final event has confirmed it, and there the view says what its row says."""
    for row in things:
        findings.count(kind.counted)
        seen = chain.view(kind.contract, kind.view, row.id, rows.block.number)
        there = row.status not in NOT_THERE
        findings.same(f"{kind.name}.on_chain", row.id, bool(seen.get(kind.always)), there)
        if not there or not seen.get(kind.always):
            continue
        for name, value in kind.expected(rows, row).items():
            findings.same(f"{kind.name}.{name}", row.id, seen[name], value)


def _order(rows: Rows, row: OrderRow) -> Mapping[str, object]:
    return {
        "buyer": rows.number(row.buyer_id),
        "seller": rows.number(row.seller_id),
        "currency": "0x" + row.currency.encode().hex(),
        "state": ORDER_STATES.get(order_value.State(row.status), ACKNOWLEDGED),
        "ordered": row.ordered,
        "despatched": row.despatched,
        "received": row.received,
        "invoiced": row.invoiced,
        "trail": rows.trails[row.id],
    }


def _receivable(rows: Rows, row: ReceivableRow) -> Mapping[str, object]:
    confirmed, ended = row.confirmed_at is not None, row.status == receivable_value.State.CANCELLED
    return {
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


def _receipt(rows: Rows, row: WarehouseReceiptRow) -> Mapping[str, object]:
    return {
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


_ORDER = _Kind("order", "orders", "Orders", "order", "state", _order)
_RECEIVABLE = _Kind("receivable", "receivables", "Receivables", "receivable", "state", _receivable)
_RECEIPT = _Kind("receipt", "warehouse receipts", "WarehouseReceipts", "receipt", "owner", _receipt)


def _pledges(rows: Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.pledges:
        findings.count("pledges")
        seen = chain.view("Pledges", "pledgeOf", row.id, rows.block.number)
        there = row.status not in NEVER
        findings.same("pledge.on_chain", row.id, bool(seen.get("state")), there)
        if not there or not seen.get("state"):
            continue
        expected = PLEDGE_STATES[pledge.State(row.status)]
        findings.same("pledge.state", row.id, seen["state"] in expected, True)
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
