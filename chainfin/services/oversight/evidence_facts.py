"""What of the chain goes into an evidence bundle: final events of all that secures the loan, and of who acted in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session, col, select

from chainfin.audit.signatures import NEEDED
from chainfin.eth.bindings.pledges_events import BoughtBack, Undertaken
from chainfin.eth.bindings.receivables_events import Settled, Split, Taken
from chainfin.eth.bindings.warehouse_receipts_events import Taken as ReceiptTaken
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.lending_tables import ApplicationRow, LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow, WarehouseReceiptRow

UNSIGNED: Final = ("Discharged", "Transferred", "Split", "Taken", "Expired", "Shrunk")
"""Events that a bundle brings along without the act behind them: the contracts let nobody else bring them about."""

PARTIES: Final = ("buyer", "seller", "debtor", "registrar", "bank", "keeper", "lender", "pledgor")
"""Arguments of events that name who acted or is concerned."""

_PARTS: Final[Mapping[tuple[str, str], type[Split] | type[Taken] | type[ReceiptTaken]]] = {
    (event.CONTRACT, event.NAME): event for event in (Split, Taken, ReceiptTaken)
}
"""Events by which a part of an asset came to be."""

Asset = ReceivableRow | WarehouseReceiptRow


@dataclass(frozen=True, slots=True)
class Secured:
    """Every pledge of a loan that came to be on chain (also what was added, or took the place of sold goods), and what
    they are over. An asset without a pledge is what the loan was asked for on."""

    pledges: list[PledgeRow]
    assets: list[Asset]


def secured(session: Session, loan: LoanRow, application: ApplicationRow) -> Secured:
    """In the order of the chain; what was lent on comes first."""
    pledges = session.exec(
        select(PledgeRow)
        .where(PledgeRow.loan_id == loan.id, col(PledgeRow.tx_hash).is_not(None))
        .order_by(col(PledgeRow.block_number), col(PledgeRow.id))
    ).all()
    ids = dict.fromkeys([application.asset_id, *(pledge.asset_id for pledge in pledges)])
    found = [session.get(ReceivableRow, id_) or session.get(WarehouseReceiptRow, id_) for id_ in ids if id_ is not None]
    return Secured(list(pledges), [asset for asset in found if asset is not None])


def events(session: Session, loan: LoanRow, secured: Secured) -> list[ChainEventRow]:
    """Final events of the things that the loan stands on, and of the parties that acted in them, in chain order.

    Only those settlements of a receivable belong here that pay this loan's pledges, or what its lender took by
    enforcing one: other payments are none of this loan's business. An undertaking belongs here once something was
    bought under it.
    """
    lines = {id_ for asset in secured.assets for id_ in _line(session, asset)}
    orders = {asset.order_id for asset in secured.assets if isinstance(asset, ReceivableRow)}
    pledges = {pledge.id for pledge in secured.pledges}
    taken = {pledge.taken_id for pledge in secured.pledges if pledge.taken_id is not None}
    subjects = lines | orders | pledges | taken
    rows = session.exec(select(ChainEventRow).where(col(ChainEventRow.subject).in_(subjects))).all()
    bought = {(row.subject, BoughtBack.from_args(row.args).buyer) for row in rows if row.name == BoughtBack.NAME}

    def belongs(row: ChainEventRow) -> bool:
        if row.name == Settled.NAME:
            return Settled.from_args(row.args).pledge_id in pledges or row.subject in taken
        part = _PARTS.get((row.contract, row.name))
        if part is not None:
            return part.from_args(row.args).child_id in lines | taken
        if row.name == Undertaken.NAME:
            return (row.subject, Undertaken.from_args(row.args).buyer) in bought
        return f"{row.contract}.{row.name}" in NEEDED or row.name in UNSIGNED

    kept = [row for row in rows if row.contract != "Participants" and belongs(row)]
    return sorted([*_people(session, loan, kept), *kept], key=lambda row: (row.block_number, row.log_index))


def _people(session: Session, loan: LoanRow, kept: list[ChainEventRow]) -> list[ChainEventRow]:
    """How those who acted came to be known, with which keys and roles."""
    numbers = {str(row.args[name]) for row in kept for name in PARTIES if name in row.args}
    for party_id in (loan.borrower_id, loan.lender_id):
        numbers.add(str(session.get_one(PartyRow, party_id).chain_party))
    people = select(ChainEventRow).where(
        ChainEventRow.contract == "Participants",
        col(ChainEventRow.name).in_(("Admitted", "KeyRotated", "KeyRecovered", "RolesSet")),
        col(ChainEventRow.subject).in_(numbers),
    )
    return list(session.exec(people).all())


def _line(session: Session, asset: Asset) -> list[str]:
    """The asset, what it was split off or taken out of, and so on to what was issued."""
    kind = ReceivableRow if isinstance(asset, ReceivableRow) else WarehouseReceiptRow
    found, parent = [asset.id], asset.parent_id
    while parent is not None:
        found.append(parent)
        parent = session.exec(select(kind.parent_id).where(kind.id == parent)).one()
    return found
