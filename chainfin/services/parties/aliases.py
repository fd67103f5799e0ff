"""Aliases: identifiers other than its legal id by which trade documents name a party (a tax number, a GLN).

A party adds and removes its own. An alias that is another company's legal id is the operator's to give, at the
admission: who could take it for its own would be taken for the other.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from chainfin.errors import BadInput, Conflict, Forbidden, NotFound
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import admission
from chainfin.services.parties.gate import active_party
from chainfin.storage import locks
from chainfin.storage.party_tables import PartyAliasRow, PartyRow
from chainfin.values.party import Scheme, legal_id

MOST = 21
"""Identifiers of one party, its legal id among them."""


def list_(ctx: Context, actor: Actor, party_id: str) -> list[str]:
    """All identifiers by which trade documents may name the party: for itself, the operator and auditors.

    Raises NotFound party_unknown (also of another's).
    """
    with ctx.store.read() as session:
        party = session.get(PartyRow, party_id)
        if party is None or not (actor.sees_all or actor.party_id == party_id):
            raise NotFound("party_unknown", f"there is no participant {party_id}")
        return _of(session, party_id)


def add(ctx: Context, actor: Actor, party_id: str, value: str) -> list[str]:
    """The party is named so too from now on. Once more is no harm. Returns all.

    Raises Forbidden alias_not_yours, party_not_active; Conflict alias_taken, aliases_too_many; BadInput
    alias_is_a_legal_id.
    """
    _own(actor, party_id)
    with ctx.store.begin() as session:
        locks.named(session, f"aliases:{party_id}")
        active_party(session, party_id)
        known = _of(session, party_id)
        if value in known:
            return known
        if len(known) >= MOST:
            raise Conflict("aliases_too_many", f"a party has at most {MOST - 1} aliases")
        if _is_a_legal_id(value):
            why = f"{value} is a company's legal id: the operator says at the admission whose documents bear it"
            raise BadInput("alias_is_a_legal_id", why, where="value")
        admission.name_by(session, party_id, [value])
        return sorted((*known, value))


def remove(ctx: Context, actor: Actor, party_id: str, value: str) -> list[str]:
    """Documents name the party so no more; those that were taken stay its own. Returns the rest.

    Raises Forbidden alias_not_yours; NotFound alias_unknown; Conflict alias_is_own_id.
    """
    _own(actor, party_id)
    with ctx.store.begin() as session:
        row = session.get(PartyAliasRow, value)
        if row is None or row.party_id != party_id:
            raise NotFound("alias_unknown", f"{value!r} is no alias of {party_id}")
        if value == session.get_one(PartyRow, party_id).legal_value:
            raise Conflict("alias_is_own_id", "its legal id always names a party")
        session.delete(row)
        session.flush()
        return _of(session, party_id)


def _own(actor: Actor, party_id: str) -> None:
    if actor.party_id != party_id:
        raise Forbidden("alias_not_yours", "a party itself says what names it")


def _of(session: Session, party_id: str) -> list[str]:
    query = select(PartyAliasRow.value).where(PartyAliasRow.party_id == party_id)
    return sorted(session.exec(query.order_by(col(PartyAliasRow.value))))


def _is_a_legal_id(value: str) -> bool:
    for scheme in Scheme:
        try:
            legal_id(scheme, value.strip().upper())
        except BadInput:
            continue
        return True
    return False
