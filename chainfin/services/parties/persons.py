"""The persons of a party, and of the operator: each with credentials of its own, so that two tokens aren't two people.

Every party has a first person from the beginning: whoever holds its key (in custody: whoever the operator gave its
first client to). It is an administrator and makes the others, each of whom a second person confirms (`confirming`);
what takes two persons then takes two of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from chainfin.errors import Conflict, Forbidden, NotFound
from chainfin.eth.abi import parse_address
from chainfin.services.kernel import approvals, custody
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import confirming
from chainfin.services.parties.gate import active_party
from chainfin.services.parties.signin import NewClient, SignedIn, SignIn
from chainfin.services.views.parties import PersonView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.party_tables import PartyRow, PersonRow
from chainfin.storage.types import new_id
from chainfin.values.party import PersonState, first_person


def add(
    ctx: Context, who: SignedIn, *, name: str, address: str | None = None, administrator: bool = False
) -> PersonView:
    """A further person of the administrator's own party. ``address``: its own wallet, to sign in with. Until a second
    person confirms it (``proposal_id``) it has no say in what takes two.

    Raises Forbidden administrator_needed, wallet_needed, party_not_active, person_not_confirmed; BadInput
    address_invalid; Conflict key_taken (it speaks for somebody already).
    """
    actor = who.actor
    spelled = None if address is None else parse_address(address, where="address")
    with ctx.store.begin() as session:
        _administrator(session, ctx, who)
        if actor.party_id is not None:
            active_party(session, actor.party_id)
        if spelled is not None and key_taken(session, ctx, spelled):
            raise Conflict("key_taken", f"{spelled} speaks for somebody already", where="address")
        row = PersonRow(id=new_id("per"), party_id=actor.party_id, name="", created_at=ctx.clock.now())
        row.name = ctx.vault.seal(name.encode(), context=row.id)
        row.address, row.administrator, row.made_by = spelled, administrator, actor.person_id
        session.add(row)
        confirming.ask_for_person(session, ctx, actor, row)
        return _view(ctx, row)


def new_client(ctx: Context, signin: SignIn, who: SignedIn, person_id: str) -> NewClient:
    """Client credentials for a person of the administrator's own party: those for another one have a say in what takes
    two once a second person confirms them (``proposal_id``).

    Raises Forbidden administrator_needed, wallet_needed, party_not_active, person_not_active, person_not_confirmed;
    NotFound person_unknown.
    """
    with ctx.store.read() as session:
        _administrator(session, ctx, who)
        row = _own(session, who.actor, person_id)
        if row.status != PersonState.ACTIVE:
            raise Forbidden("person_not_active", "a suspended person gets no credentials")
        if row.party_id is not None:
            active_party(session, row.party_id)
    return signin.client_of(row, who.actor)


def second_of_operator(ctx: Context, signin: SignIn, *, name: str) -> NewClient:
    """The operator's second person with its credentials, made by whoever holds the machine: part of the set-up, and of
    beginning again where the others are suspended. Raises Conflict second_person_exists."""
    with ctx.store.begin() as session:
        first = first_person(None)
        session.get_one(PersonRow, first, with_for_update=True)  # of two at once one finds the other's
        others = select(PersonRow.id).where(
            col(PersonRow.party_id).is_(None),
            PersonRow.id != first,
            PersonRow.status == PersonState.ACTIVE,
            col(PersonRow.confirmed).is_(True),
        )
        if session.exec(others).first() is not None:
            raise Conflict("second_person_exists", "the operator has a second person: it confirms further ones")
        row = PersonRow(id=new_id("per"), party_id=None, name="", created_at=ctx.clock.now())
        row.name = ctx.vault.seal(name.encode(), context=row.id)
        row.administrator = row.confirmed = True
        session.add(row)
        session.flush()
        return signin.at_the_machine(session, row.id)


def suspend(ctx: Context, who: SignedIn, person_id: str) -> PersonView:
    """End a person's credentials and every token that it has. It doesn't come back; another one is made.

    A confirmed administrator other than oneself is suspended once another person agrees (``proposal_id``): one of the
    party but the two of them, or else the operator.
    Raises Forbidden administrator_needed, wallet_needed, person_not_confirmed; NotFound person_unknown; Conflict
    person_not_active, last_administrator.
    """
    with ctx.store.begin() as session:
        _administrator(session, ctx, who)
        others = _administrators(session, who.actor.party_id)
        row = _own(session, who.actor, person_id, lock=True)
        if not any(other.id == who.actor.person_id for other in others):
            raise Forbidden("administrator_needed", "this takes an administrator of the party")
        _unless_last(others, row)
        if row.administrator and row.confirmed and row.id != who.actor.person_id:
            confirming.ask_to_suspend(session, ctx, who.actor, row)
        else:
            row.status = PersonState.SUSPENDED.value
            session.add(row)
        return _view(ctx, row)


def suspended(session: Session, _ctx: Context, proposal: ProposalRow) -> None:
    """Another person agreed that an administrator is suspended. Raises Conflict person_not_active, last_administrator;
    Forbidden administrator_needed (who asked for it is none any more)."""
    row = session.get_one(PersonRow, proposal.subject)
    others = _administrators(session, row.party_id)
    if not any(other.id == proposal.proposed_by for other in others):
        raise Forbidden("administrator_needed", "who asked for it is no administrator of the party any more")
    session.refresh(row, with_for_update=True)
    _unless_last(others, row)
    row.status = PersonState.SUSPENDED.value
    session.add(row)


def _administrators(session: Session, party_id: str | None) -> Sequence[PersonRow]:
    """The active ones of a party, locked, all in one order: of two that suspend each other one comes first."""
    return session.exec(
        select(PersonRow)
        .where(
            PersonRow.party_id == party_id,
            col(PersonRow.administrator).is_(True),
            PersonRow.status == PersonState.ACTIVE.value,
        )
        .order_by(col(PersonRow.id))
        .with_for_update()
    ).all()


def _unless_last(administrators: Sequence[PersonRow], row: PersonRow) -> None:
    if row.status != PersonState.ACTIVE:
        raise Conflict("person_not_active", "the person is suspended")
    if [each.id for each in administrators] == [row.id]:
        raise Conflict("last_administrator", "somebody has to be able to make persons")


def list_(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[PersonView]:
    """The persons of one's own party; the operator sees its own."""
    query = select(PersonRow).where(PersonRow.party_id == actor.party_id, PersonRow.id > after)
    with ctx.store.read() as session:
        return [_view(ctx, row) for row in session.exec(query.order_by(col(PersonRow.id)).limit(limit))]


def _view(ctx: Context, row: PersonRow) -> PersonView:
    """With its name, opened for its own party; empty for a party's first person."""
    return PersonView.of(row, ctx.vault.unseal(row.name, context=row.id).decode() if row.name else "")


def make_first(session: Session, party_id: str, now: datetime) -> None:
    """The person that a party begins with."""
    row = PersonRow(id=first_person(party_id), party_id=party_id, name="", created_at=now)
    row.administrator = row.confirmed = True
    session.add(row)


def key_taken(session: Session, ctx: Context, address: str) -> bool:
    """Whether a key signs in as somebody: a party, the operator, a person."""
    person = session.exec(select(PersonRow.id).where(PersonRow.address == address)).first()
    party = session.exec(select(PartyRow.id).where(PartyRow.address == address)).first()
    return address == ctx.operator_address or person is not None or party is not None


def _administrator(session: Session, ctx: Context, who: SignedIn) -> None:
    """By its own hand: with a wallet, where it has one. Raises Forbidden administrator_needed, wallet_needed,
    person_not_confirmed."""
    row = session.get(PersonRow, who.actor.person_id)
    if row is None or row.status != PersonState.ACTIVE or not row.administrator:
        raise Forbidden("administrator_needed", "this takes an administrator of the party")
    approvals.require_confirmed(session, who.actor)
    if who.via == "wallet" or row.party_id is None:
        return
    party = session.get_one(PartyRow, row.party_id)
    if row.address is not None or custody.signer_of(session, ctx, party.address) is None:
        raise Forbidden("wallet_needed", "a client makes no persons and no clients: sign in with the wallet")


def _own(session: Session, actor: Actor, person_id: str, *, lock: bool = False) -> PersonRow:
    row = session.get(PersonRow, person_id, with_for_update=True) if lock else session.get(PersonRow, person_id)
    if row is None or row.party_id != actor.party_id:
        raise NotFound("person_unknown", f"there is no person {person_id}")
    return row
