"""Does everything agree: chain, projection, statutory registry, ledger. Every mismatch by name; nothing is changed.

The chain is asked at the block up to which the projection stands, so that the two speak of the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from sqlmodel import Session, col, select

from chainfin.errors import ChainfinError, Forbidden, Unavailable
from chainfin.progress import Step, silent
from chainfin.rules.pledge import State
from chainfin.services.goods import receipts
from chainfin.services.kernel import attestations
from chainfin.services.kernel.commands import StrikeOutPledge
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.kernel.pledge_rows import LIVE_STATUS as LIVE
from chainfin.services.oversight import (
    reconcile_bank,
    reconcile_book,
    reconcile_missing,
    reconcile_orders,
    reconcile_owed,
    reconcile_payments,
)
from chainfin.services.oversight.reconcile_missing import Standing
from chainfin.services.parties import gate
from chainfin.services.pledges import assets, realisation
from chainfin.services.reactions.asset_events import STATES
from chainfin.services.trade import receivables
from chainfin.services.trade.receivables import day_number
from chainfin.storage.chain_tables import ChainBlockRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import (
    LineRow,
    LineShareRow,
    OrderRow,
    PledgeRow,
    ReceivableRow,
    UndertakingRow,
    WarehouseReceiptRow,
)

NEVER = (State.PENDING.value, State.FAILED.value)
NOT_THERE = ("posting", "issuing", "refused")
"""States of rows that no final event has confirmed: the chain must not know them."""
ORDER_STATES = {"posted": 1, "cancelled": 3}
"""Orders.OrderState; every other state of a row is 2 (acknowledged) there."""


class ChainView(Protocol):
    """Views of the contracts at a block. Raises Unavailable: chain_behind, chain_unreachable."""

    def view(
        self, contract: str, function: str, key: str | int | tuple[str | int, ...], block: int
    ) -> Mapping[str, Any]:
        """What the view returns, by name (of the struct's members, else of the outputs); what isn't there is all zeros.

        A view that reverts for what it doesn't know gives an empty mapping.
        """


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """What the statutory registry has on a pledge. ``status``: registered | cancelled | not_found."""

    status: str
    number: str | None


class RegistryView(Protocol):
    """The statutory registry's entry of a pledge, and those that stand over an asset. Raises Unavailable, Unknown where
    it gives no answer."""

    def entry(self, pledge_id: str) -> RegistryEntry: ...

    def standing(self, asset_hash: str) -> Sequence[Standing]: ...


@dataclass(frozen=True, slots=True)
class Mismatch:
    """``name``: what was compared ("receivable.pledged"); ``subject``: of which thing; then both sides."""

    name: str
    subject: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.name} of {self.subject}: {self.found}, expected {self.expected}"


@dataclass
class Findings:
    """What was looked at (kind → number) and what doesn't agree."""

    mismatches: list[Mismatch] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=dict)
    progress: Step = silent

    def count(self, kind: str) -> None:
        self.looked_at[kind] = self.looked_at.get(kind, 0) + 1
        self.progress(sum(self.looked_at.values()), None)

    def same(self, name: str, subject: str, found: object, expected: object) -> None:
        if found != expected:
            self.mismatches.append(Mismatch(name, subject, str(found), str(expected)))


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The outcome as of block ``block`` (the last one that was taken in)."""

    block: int
    block_hash: str
    looked_at: Mapping[str, int]
    mismatches: tuple[Mismatch, ...]

    @property
    def ok(self) -> bool:
        return not self.mismatches

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "block": self.block,
            "block_hash": self.block_hash,
            "looked_at": dict(self.looked_at),
            "mismatches": [asdict(mismatch) for mismatch in self.mismatches],
        }

    def lines(self) -> list[str]:
        """For a terminal: every mismatch, then what was looked at."""
        seen = ", ".join(f"{number} {kind}" for kind, number in self.looked_at.items()) or "nothing"
        verdict = "everything agrees" if self.ok else f"{len(self.mismatches)} mismatches"
        return [*(str(m) for m in self.mismatches), f"at block {self.block}, {seen}: {verdict}"]


@dataclass(frozen=True, slots=True)
class _Rows:
    block: ChainBlockRow
    parties: dict[str, PartyRow]
    orders: list[OrderRow]
    receivables: list[ReceivableRow]
    receipts: list[WarehouseReceiptRow]
    pledges: list[PledgeRow]
    undertakings: list[UndertakingRow]
    sold: dict[str, int]
    """Of each receipt over goods that a lender took, what buyers have paid for."""
    lines: list[LineRow]
    line_shares: list[LineShareRow]
    trails: dict[str, str]
    """Of each order's goods, as the events that were taken in tell it (0x-hex)."""
    striking: frozenset[str]
    """Pledges whose registry entry is still to be struck out."""
    paused: int
    """The bitmap of paused kinds of acts."""


def run(
    ctx: Context, actor: Actor, chain: ChainView, registry: RegistryView, progress: Step = silent
) -> Reconciliation:
    """Compare everything. For auditors and the operator. ``progress`` is told of each thing that was looked at.

    Raises Forbidden role_missing; Unavailable chain_not_indexed, chain_behind, chain_unreachable.
    """
    if not actor.sees_all:
        raise Forbidden("role_missing", "this takes an auditor or the operator")
    findings = Findings(progress=progress)
    with ctx.store.read() as session:
        rows = _read(session)
        reconcile_orders.check(session, rows.orders, findings.same)
        reconcile_book.check(session, findings.same, findings.count)
        reconcile_bank.check(session, findings.same, findings.count)
        reconcile_payments.check(session, findings.same, findings.count, ctx.clock.now())
        reconcile_owed.check(session, ctx.clock.today(), findings.same, findings.count)
        reconcile_missing.of_chain(session, findings.same, findings.count)
    _parties(rows, chain, findings)
    _orders(rows, chain, findings)
    _receivables(rows, chain, findings)
    _receipts(rows, chain, findings)
    _pledges(rows, chain, findings)
    _undertakings(rows, chain, findings)
    _lines(rows, chain, findings)
    _exclusive(rows, findings)
    _registry(rows, registry, findings)
    return Reconciliation(rows.block.number, rows.block.hash, findings.looked_at, tuple(findings.mismatches))


def _read(session: Session) -> _Rows:
    block = session.exec(select(ChainBlockRow).order_by(col(ChainBlockRow.number).desc()).limit(1)).first()
    if block is None:
        raise Unavailable("chain_not_indexed", "no final block was taken in yet")
    striking = session.exec(
        select(OutboxRow.subject).where(OutboxRow.topic == StrikeOutPledge.TOPIC, OutboxRow.status != "done")
    ).all()
    orders = list(session.exec(select(OrderRow)))
    return _Rows(
        block,
        {row.id: row for row in session.exec(select(PartyRow))},
        orders,
        list(session.exec(select(ReceivableRow))),
        list(session.exec(select(WarehouseReceiptRow))),
        list(session.exec(select(PledgeRow))),
        list(session.exec(select(UndertakingRow))),
        realisation.settled(session),
        list(session.exec(select(LineRow))),
        list(session.exec(select(LineShareRow))),
        {row.id: "0x" + attestations.final_trail(session, row.id)[0].hex() for row in orders},
        frozenset(striking),
        gate.paused_bits(session),
    )


def _number(rows: _Rows, party_id: str) -> int | None:
    party = rows.parties.get(party_id)
    return None if party is None else party.chain_party


def _parties(rows: _Rows, chain: ChainView, findings: Findings) -> None:
    for party in rows.parties.values():
        if party.chain_party is None:
            continue
        findings.count("parties")
        seen = chain.view("Participants", "party", party.chain_party, rows.block.number)
        for name, found, expected in (
            ("key", seen.get("key"), party.address),
            ("roles", seen.get("roles"), party.roles),
            ("commitment", seen.get("commitment"), party.commitment),
            ("suspended", seen.get("suspended"), party.status == "suspended"),
        ):
            findings.same(f"party.{name}", party.id, found, expected)
    (paused,) = chain.view("Participants", "paused", (), rows.block.number).values()
    findings.same("pauses", "kinds", paused, rows.paused)


def _orders(rows: _Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.orders:
        findings.count("orders")
        seen = chain.view("Orders", "order", row.id, rows.block.number)
        there = row.status not in NOT_THERE
        findings.same("order.on_chain", row.id, bool(seen.get("state")), there)
        if not there or not seen.get("state"):
            continue
        findings.same("order.buyer", row.id, seen["buyer"], _number(rows, row.buyer_id))
        findings.same("order.seller", row.id, seen["seller"], _number(rows, row.seller_id))
        findings.same("order.currency", row.id, seen["currency"], "0x" + row.currency.encode().hex())
        findings.same("order.state", row.id, seen["state"], ORDER_STATES.get(row.status, 2))
        for name in ("ordered", "despatched", "received", "invoiced"):
            findings.same(f"order.{name}", row.id, seen[name], getattr(row, name))
        findings.same("order.trail", row.id, seen["trail"], rows.trails[row.id])


def _receivables(rows: _Rows, chain: ChainView, findings: Findings) -> None:
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
            "holder": _number(rows, row.holder_id) if confirmed or ended else 0,
            "debtor": _number(rows, row.debtor_id),
            "dueDay": day_number(row.due_date),
            "confirmed": confirmed,
            "part": row.parent_id is not None,
            "lined": row.lined,
            "face": 0 if ended else row.face,
            "free": 0 if ended else receivables.free(row),
            "pledged": row.pledged,
            "splitAway": row.split_away,
            "settled": row.settled,
            "diluted": row.diluted,
        }
        for name, value in expected.items():
            findings.same(f"receivable.{name}", row.id, seen[name], value)


def _receipts(rows: _Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.receipts:
        findings.count("warehouse receipts")
        seen = chain.view("WarehouseReceipts", "receipt", row.id, rows.block.number)
        there = row.status not in NOT_THERE
        findings.same("receipt.on_chain", row.id, bool(seen.get("owner")), there)
        if not there or not seen.get("owner"):
            continue
        expected = {
            "owner": _number(rows, row.owner_id),
            "keeper": _number(rows, row.keeper_id),
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


def _pledges(rows: _Rows, chain: ChainView, findings: Findings) -> None:
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
        findings.same("pledge.lender", row.id, seen["lender"], _number(rows, row.lender_id))
        if row.status in LIVE:
            findings.same("pledge.amount", row.id, seen["amount"], row.left)
            findings.same("pledge.drawn", row.id, seen["drawn"], row.drawn)


def _undertakings(rows: _Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.undertakings:
        findings.count("undertakings")
        key = (row.pledge_id, _number(rows, row.buyer_id) or 0)
        seen = chain.view("Pledges", "undertakingOf", key, rows.block.number)
        findings.same("undertaking.amount", row.pledge_id, seen.get("amount"), row.left)
        findings.same("undertaking.until", row.pledge_id, seen.get("untilDay"), day_number(row.until))


def _lines(rows: _Rows, chain: ChainView, findings: Findings) -> None:
    for row in rows.lines:
        findings.count("credit lines")
        seen = chain.view("Receivables", "line", _number(rows, row.debtor_id) or 0, rows.block.number)
        findings.same("line.limit", row.debtor_id, seen.get("limit"), row.limit)
        findings.same("line.used", row.debtor_id, seen.get("used"), row.used)
    for share in rows.line_shares:
        key = (_number(rows, share.lender_id) or 0, _number(rows, share.debtor_id) or 0)
        seen = chain.view("Receivables", "lineOf", key, rows.block.number)
        findings.same("line.share", f"{share.debtor_id} by {share.lender_id}", seen.get("limit"), share.limit)


def _exclusive(rows: _Rows, findings: Findings) -> None:
    """What is pledged of an asset is the sum of its live pledges. What is reserved is the sum of the pledges under way;
    of goods that a lender took on default it is what is not sold yet, since nothing of it leaves before it is paid."""
    live: dict[str, int] = {}
    waiting: dict[str, int] = {}
    by_id = {receipt.id: receipt for receipt in rows.receipts}
    for pledge in rows.pledges:
        taken = by_id.get(str(pledge.taken_id)) if pledge.loan_id is not None else None
        if taken is not None and taken.owner_id not in (pledge.lender_id, pledge.pledgor_id):
            unsold = max(0, taken.issued - taken.missing - rows.sold.get(taken.id, 0))
            findings.same("taken goods that were passed on unsold", taken.id, unsold, 0)
        if taken is not None and taken.owner_id == pledge.lender_id:
            sold = rows.sold.get(taken.id, 0)
            gone = max(0, taken.released - sold)
            findings.same("taken goods that left unsold", taken.id, gone, 0)
            waiting[taken.id] = max(0, min(taken.issued - sold, receipts.free(taken)))
    for pledge in rows.pledges:
        if pledge.status in LIVE:
            live[pledge.asset_id] = live.get(pledge.asset_id, 0) + pledge.left
        elif pledge.status == State.PENDING:
            waiting[pledge.asset_id] = waiting.get(pledge.asset_id, 0) + pledge.amount
    assets: list[ReceivableRow | WarehouseReceiptRow] = [*rows.receivables, *rows.receipts]
    for asset in assets:
        findings.same("asset.pledged is the sum of its pledges", asset.id, asset.pledged, live.get(asset.id, 0))
        findings.same("asset.reserved is what is promised", asset.id, asset.reserved, waiting.get(asset.id, 0))


def _registry(rows: _Rows, registry: RegistryView, findings: Findings) -> None:
    """A live pledge is registered under its number; an ended one is struck out, or about to be. Nothing else stands."""
    assets: list[ReceivableRow | WarehouseReceiptRow] = [*rows.receivables, *rows.receipts]
    there = [asset.id for asset in assets if asset.status not in NOT_THERE]
    by_id = {row.id: row for row in rows.pledges}
    reconcile_missing.of_registry(there, by_id, rows.striking, registry, findings.same, findings.count)
    for row in rows.pledges:
        if row.registry_number is None or row.status in NEVER:
            continue
        findings.count("registry entries")
        try:
            entry = registry.entry(row.id)
        except ChainfinError as error:
            findings.mismatches.append(Mismatch("registry.answer", row.id, error.code, "an entry"))
            continue
        findings.same("registry.number", row.id, entry.number, row.registry_number)
        if row.status in LIVE:
            findings.same("registry.status", row.id, entry.status, "registered")
        elif row.id not in rows.striking:
            findings.same("registry.status", row.id, entry.status, "cancelled")
