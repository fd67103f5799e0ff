"""New business asks at the door: the party is not suspended, the kind of act not paused. Exits don't ask (ADR 0106).

The same two questions as `Participants.enter` on chain, asked before a transaction is wasted. What the operator did
counts from its final block on; what slips through before that the chain refuses.
"""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import Conflict, Forbidden, NotFound
from chainfin.storage import locks
from chainfin.storage.party_tables import FactRow, PartyRow
from chainfin.values.party import Kind, PartyState, kinds_in

PAUSES = "pauses"
"""The fact that holds the bitmap, as the last final `Paused` event gave it."""


def enter(session: Session, party_id: str, kind: Kind) -> PartyRow:
    """The party, that may do new business of this kind.

    Raises NotFound party_unknown; Forbidden party_not_active; Conflict act_paused.
    """
    unless_paused(session, kind)
    return active_party(session, party_id)


def unless_paused(session: Session, kind: Kind) -> None:
    """Raises Conflict act_paused."""
    if kind in kinds_in(paused_bits(session)):
        name = kind.name.lower()
        raise Conflict("act_paused", f"the operator has paused new business of the kind {name}", kind=name)


def paused_bits(session: Session, *, lock: bool = False) -> int:
    """The bitmap of paused kinds at the last final block. ``lock``: nobody else changes it meanwhile."""
    if lock:
        return _bits(locks.row(session, FactRow, {"name": PAUSES}, {"value": {"kinds": "0"}}))
    row = session.get(FactRow, PAUSES)
    return 0 if row is None else _bits(row)


def project(session: Session, bits: int) -> None:
    """The operator paused and resumed kinds (final), here or with a wallet of its own."""
    session.merge(FactRow(name=PAUSES, value={"kinds": str(bits)}))


def _bits(row: FactRow) -> int:
    return int(str(row.value["kinds"]))


def active_party(session: Session, party_id: str) -> PartyRow:
    """The party, admitted on chain and not suspended. Raises NotFound party_unknown, Forbidden party_not_active."""
    party = session.get(PartyRow, party_id)
    if party is None:
        raise NotFound("party_unknown", f"there is no participant {party_id}")
    if party.status != PartyState.ACTIVE:
        raise Forbidden("party_not_active", f"{party.name} is {party.status}", party=party_id, status=party.status)
    return party
