"""The rows that a reconciliation holds against chain and registry, read in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from chainfin.errors import Unavailable
from chainfin.rules.pledge import State
from chainfin.services.kernel import attestations
from chainfin.services.kernel.commands import StrikeOutPledge
from chainfin.services.parties import gate
from chainfin.services.pledges import realisation
from chainfin.storage.chain_tables import ChainBlockRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow
from chainfin.storage.trade_tables import LineRow, LineShareRow, OrderRow, ReceivableRow, WarehouseReceiptRow
from chainfin.values.before_chain import BeforeChain
from chainfin.values.command_state import CommandState

NEVER = (State.PENDING.value, State.FAILED.value)
"""States of pledges that the chain must not know."""
NOT_THERE = tuple(BeforeChain)
"""States of rows that no final event has confirmed: the chain must not know them."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What the installation has, as of the block ``block``."""

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

    def number(self, party_id: str) -> int | None:
        """The party's number on chain, None while it has none."""
        party = self.parties.get(party_id)
        return None if party is None else party.chain_party

    @property
    def assets(self) -> list[ReceivableRow | WarehouseReceiptRow]:
        return [*self.receivables, *self.receipts]


def read(session: Session) -> Rows:
    """Raises Unavailable chain_not_indexed."""
    block = session.exec(select(ChainBlockRow).order_by(col(ChainBlockRow.number).desc()).limit(1)).first()
    if block is None:
        raise Unavailable("chain_not_indexed", "no final block was taken in yet")
    striking = session.exec(
        select(OutboxRow.subject).where(
            OutboxRow.topic == StrikeOutPledge.TOPIC, OutboxRow.status != CommandState.DONE.value
        )
    ).all()
    orders = list(session.exec(select(OrderRow)))
    return Rows(
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
