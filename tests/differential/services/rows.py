"""The projected rows against what the contracts answer and what the rules reckon, field by field: an oracle of its own,
beside `reconcile`.

Of an order the rule's value is folded anew from all its papers. A receivable or receipt is made into the rule's value,
which checks its sum; nothing here is pledged past the services, so that every locked part has to be a pledge's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlmodel import col, select

from chainfin.rules.order import Order
from chainfin.services.goods import receipts
from chainfin.services.kernel import pledge_rows
from chainfin.services.parties import gate
from chainfin.services.trade import order_state, receivable_state, receivables
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import LineRow, LineShareRow, OrderRow, ReceivableRow, WarehouseReceiptRow
from tests.differential.services.harness import Harness, Known

ABSENT = ("posting", "issuing", "refused")
"""Status of rows of which the chain must know nothing."""
RECEIVABLE_STATES = ("none", "issued", "confirmed", "disputed", "settled", "defaulted", "cancelled")
PLEDGE_STATES = {"active": (1,), "releasing": (1,), "released": (2, 4), "enforced": (3,), "lost": (5,)}
"""A row that is released may be a pledge that has expired."""


class Rows:
    """One look at the rows. Every method gives what differs, in words."""

    def __init__(self, harness: Harness, known: Known) -> None:
        self._harness = harness
        self._known = known
        with harness.site.ctx.store.read() as session:
            self._numbers = dict(session.exec(select(PartyRow.id, PartyRow.chain_party)).all())

    def all(self) -> Iterator[str]:
        known = self._known
        yield from self._of((*known.orders, *known.receivables, *known.receipts, *known.pledges))
        yield from self._undertakings()
        yield from self._lines()
        yield from self._parties()

    def touched(self, events: Sequence[ChainEventRow]) -> Iterator[str]:
        """Of everything that these events name."""
        ids = {value for event in events for value in event.args.values() if isinstance(value, str)}
        known = self._known
        rows: list[OrderRow | ReceivableRow | WarehouseReceiptRow | PledgeRow]
        rows = [*known.orders, *known.receivables, *known.receipts, *known.pledges]
        yield from self._of([row for row in rows if row.id in ids])
        if any(event.name in ("Undertaken", "BoughtBack") for event in events):
            yield from self._undertakings()
        if any(event.contract == "Receivables" for event in events):
            yield from self._lines()
        if any(event.contract == "Participants" for event in events):
            yield from self._parties()

    def _of(self, rows: Sequence[Any]) -> Iterator[str]:
        checks: dict[type, tuple[str, str, Callable[[Any], Mapping[str, Any]]]] = {
            OrderRow: ("Orders", "order", self._order),
            ReceivableRow: ("Receivables", "receivable", self._receivable),
            WarehouseReceiptRow: ("WarehouseReceipts", "receipt", self._receipt),
            PledgeRow: ("Pledges", "pledgeOf", self._pledge),
        }
        for row in rows:
            contract, function, expected = checks[type(row)]
            seen = self._harness.view(contract, function, row.id)
            if row.status in (*ABSENT, "pending", "failed"):
                if any(value for value in seen.values() if not isinstance(value, bytes)):
                    yield f"{function} {row.id[:10]}: the row is {row.status}, and the chain knows it"
                continue
            for name, value in expected(row).items():
                found = seen[name] in value if isinstance(value, tuple) else seen[name] == value
                if not found:
                    yield f"{function} {row.id[:10]} ({row.status}): {name} is {seen[name]} on chain, {value} here"
            yield from self._by_the_rules(row)

    def _by_the_rules(self, row: Any) -> Iterator[str]:
        with self._harness.site.ctx.store.read() as session:
            if isinstance(row, OrderRow):
                yield from _folded(row, order_state.replay(session, session.get_one(OrderRow, row.id)))
                return
            held: Sequence[Any] = ()
            if isinstance(row, ReceivableRow):
                held = receivable_state.value(session, row).pledges
            elif isinstance(row, WarehouseReceiptRow):
                held = receipts.value(session, row).pledges
            if any(part.pledge_id == pledge_rows.UNNAMED for part in held):
                yield f"{row.id[:10]}: {row.pledged} is pledged, and the pledges come to another sum"

    def _order(self, row: OrderRow) -> Mapping[str, Any]:
        amounts = {name: getattr(row, name) for name in ("ordered", "despatched", "received", "invoiced")}
        return {
            "buyer": self._numbers[row.buyer_id],
            "seller": self._numbers[row.seller_id],
            "state": {"posted": 1, "cancelled": 3}.get(row.status, 2),
            **amounts,
        }

    def _receivable(self, row: ReceivableRow) -> Mapping[str, Any]:
        ended, confirmed = row.status == "cancelled", row.confirmed_at is not None
        return {
            "holder": self._numbers[row.holder_id] if confirmed or ended else 0,
            "debtor": self._numbers[row.debtor_id],
            "dueDay": receivables.day_number(row.due_date),
            "state": RECEIVABLE_STATES.index(row.status),
            "confirmed": confirmed,
            "part": row.parent_id is not None,
            "face": 0 if ended else row.face,
            "free": 0 if ended else receivable_state.free(row),
            "pledged": row.pledged,
            "splitAway": row.split_away,
            "settled": row.settled,
            "diluted": row.diluted,
        }

    def _receipt(self, row: WarehouseReceiptRow) -> Mapping[str, Any]:
        gone = {name: getattr(row, name) for name in ("issued", "pledged", "released", "liquidated", "missing")}
        owner, keeper = self._numbers[row.owner_id], self._numbers[row.keeper_id]
        return {"owner": owner, "keeper": keeper, "part": row.parent_id is not None, "free": receipts.free(row), **gone}

    def _pledge(self, row: PledgeRow) -> Mapping[str, Any]:
        live = row.status in ("active", "releasing")
        return {
            "state": PLEDGE_STATES[row.status],
            "assetKind": 1 if row.asset_kind == "receivable" else 2,
            "lender": self._numbers[row.lender_id],
            **({"amount": row.left, "drawn": row.drawn} if live else {}),
        }

    def _undertakings(self) -> Iterator[str]:
        for row in self._known.undertakings:
            seen = self._harness.view("Pledges", "undertakingOf", row.pledge_id, self._numbers[row.buyer_id])
            expected = (row.left, receivables.day_number(row.until))
            if (seen["amount"], seen["untilDay"]) != expected:
                yield f"undertaking over {row.pledge_id[:10]}: {seen} on chain, {expected} here"

    def _lines(self) -> Iterator[str]:
        with self._harness.site.ctx.store.read() as session:
            lines, shares = session.exec(select(LineRow)).all(), session.exec(select(LineShareRow)).all()
        for line in lines:
            seen = tuple(self._harness.view("Receivables", "line", self._numbers[line.debtor_id]))
            if seen != (line.limit, line.used):
                yield f"line of {line.debtor_id}: {seen} on chain, {line.limit}, {line.used} here"
        for share in shares:
            pair = (self._numbers[share.lender_id], self._numbers[share.debtor_id])
            limit = self._harness.view("Receivables", "lineOf", *pair)
            if limit != share.limit:
                yield f"share of {share.lender_id}: {limit} on chain, {share.limit} here"

    def _parties(self) -> Iterator[str]:
        with self._harness.site.ctx.store.read() as session:
            parties = session.exec(select(PartyRow).where(col(PartyRow.chain_party).is_not(None))).all()
            paused = gate.paused_bits(session)
        for row in parties:
            seen = self._harness.view("Participants", "party", row.chain_party)
            if (seen["suspended"], seen["roles"]) != (row.status == "suspended", row.roles):
                yield f"party {row.name}: {seen} on chain, {row.status} here"
        if paused != self._harness.view("Participants", "paused"):
            yield f"{paused} is paused here, and not on chain"


def _folded(row: OrderRow, order: Order) -> Iterator[str]:
    """What the papers of an order make of it, against its row."""
    wanted = {name: getattr(order, name) for name in ("ordered", "despatched", "received", "invoiced", "confirmed")}
    for name, value in {**wanted, "status": order.state.value}.items():
        if getattr(row, name) != value:
            yield f"order {row.number}: {name} is {value} by its papers, {getattr(row, name)} here"
