"""Persons and credentials that one person made for another have a say once a second one has confirmed them.

Otherwise one administrator could make the second pair of eyes itself. Who confirms is another person of the same party;
where the party has no other one that is active and confirmed, the operator does, as it admitted the first. The
operator's own second person comes with its set-up (`persons.second_of_operator`).
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from chainfin.errors import Conflict
from chainfin.services.kernel import approvals
from chainfin.services.kernel.context import Actor, Context
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.party_tables import ClientRow, PersonRow
from chainfin.values.party import PersonState

PERSON = "person"
"""The kind of a proposal to confirm a person."""
CLIENT = "client"
"""The kind of a proposal to confirm client credentials that were made for somebody else."""
SUSPENSION = "suspension"
"""The kind of a proposal to suspend an administrator."""

_REASON = "made by another person: has a say once it is confirmed"


def ask_for_person(session: Session, ctx: Context, actor: Actor, row: PersonRow) -> None:
    """``row`` was made by ``actor``. Raises Forbidden person_missing, person_not_active, person_not_confirmed."""
    payload: dict[str, object] = {"address": row.address, "administrator": row.administrator}
    row.proposal_id = _ask(session, ctx, actor, PERSON, row, payload, _REASON)
    session.add(row)


def ask_for_client(session: Session, ctx: Context, actor: Actor, row: ClientRow) -> None:
    """``row`` was made by ``actor`` for another person. Raises as `ask_for_person`."""
    row.proposal_id = _ask(session, ctx, actor, CLIENT, row, {"person": row.person_id}, _REASON)
    session.add(row)


def ask_to_suspend(session: Session, ctx: Context, actor: Actor, row: PersonRow) -> None:
    """``actor`` proposes to suspend another administrator of its party. It can't do so alone: a second person decides.
    Raises as `ask_for_person`."""
    reason = "an administrator is suspended by two others"
    row.proposal_id = _ask(session, ctx, actor, SUSPENSION, row, {"administrator": row.administrator}, reason)
    session.add(row)


def _ask(
    session: Session,
    ctx: Context,
    actor: Actor,
    kind: str,
    row: PersonRow | ClientRow,
    payload: dict[str, object],
    reason: str,
) -> str:
    session.flush()
    subject, person_id = (row.client_id, row.person_id) if isinstance(row, ClientRow) else (row.id, row.id)
    others = select(PersonRow.id).where(
        PersonRow.party_id == row.party_id,
        col(PersonRow.id).not_in([actor.person_id, person_id]),
        PersonRow.status == PersonState.ACTIVE.value,
        col(PersonRow.confirmed).is_(True),
    )
    own = actor.party_id == row.party_id and session.exec(others).first() is not None
    made = approvals.propose(
        session,
        ctx,
        actor,
        kind=kind,
        subject=subject,
        payload=payload,
        reason=reason,
        decided_by=row.party_id if own else None,
    )
    return made.id


def person(session: Session, _ctx: Context, proposal: ProposalRow) -> None:
    """A second person confirmed this one: it may propose and approve from now on.

    Raises Conflict person_not_active (suspended meanwhile).
    """
    row = session.get_one(PersonRow, proposal.subject, with_for_update=True)
    if row.status != PersonState.ACTIVE:
        raise Conflict("person_not_active", "the person is suspended")
    row.confirmed = True
    session.add(row)


def client(session: Session, _ctx: Context, proposal: ProposalRow) -> None:
    """A second person confirmed that these credentials are in the right hands: they may be used from now on. Raises
    Conflict client_revoked."""
    row = session.get_one(ClientRow, proposal.subject, with_for_update=True)
    if row.revoked_at is not None:
        raise Conflict("client_revoked", "the client was revoked")
    row.confirmed = True
    session.add(row)
