"""Proposal → another person's approval → effect, all in the approval's own transaction; or a no, or nobody in time.

What is done on approval is looked up by the proposal's kind in a table of effects, which the caller brings: rooms above
know what they do, this one only who may let it happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from chainfin.canon import canonical_bytes, content_hash
from chainfin.errors import Forbidden, NotFound, Refusal, unless_refused
from chainfin.rules import approval as rules
from chainfin.rules.approval import ProposalState
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.views.acts import ProposalView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.party_tables import ClientRow, PersonRow
from chainfin.storage.types import new_id
from chainfin.values.party import OPERATOR_SUBJECT, PersonState

LIFETIME = timedelta(days=7)
"""How long a proposal waits for the second person."""

_OWN_PARTY = "own party"
"""Stands for whoever asks; no party has this id."""

Effect = Callable[[Session, Context, ProposalRow], None]
"""Carries an approved proposal out. What it refuses (raises) leaves the proposal open."""


def propose(
    session: Session,
    ctx: Context,
    actor: Actor,
    *,
    kind: str,
    subject: str,
    payload: Mapping[str, object],
    reason: str,
    decided_by: str | None = _OWN_PARTY,
) -> ProposalRow:
    """Ask for a second person of the actor's own party, or for one of the party ``decided_by`` (None: the operator).
    ``payload``: JSON without floats, amounts as strings.

    Raises Forbidden person_missing, person_not_active, person_not_confirmed; BadInput record_not_canonical.
    """
    person_id = require_confirmed(session, actor)
    canonical_bytes(dict(payload))
    now = ctx.clock.now()
    row = ProposalRow(
        id=new_id("ppl"),
        cell=ctx.cell,
        party_id=actor.party_id if decided_by == _OWN_PARTY else decided_by,
        kind=kind,
        subject=subject,
        payload=dict(payload),
        reason=reason,
        proposed_by=person_id,
        expires_at=now + LIFETIME,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def waiting(session: Session, kind: str, subject: str) -> str | None:
    """The proposal of this kind about ``subject`` that is open, if there is one."""
    query = select(ProposalRow.id).where(ProposalRow.kind == kind, ProposalRow.subject == subject)
    return session.exec(query.where(ProposalRow.status == ProposalState.OPEN.value)).first()


def approve(
    ctx: Context, actor: Actor, proposal_id: str, *, reason: str, effects: Mapping[str, Effect]
) -> ProposalView:
    """The second person's yes; its effect happens in the same transaction, once.

    Raises NotFound proposal_unknown; Forbidden person_missing; Refused proposal_not_open, proposal_expired,
    approval_same_person, person_not_active, person_not_confirmed; and what the effect refuses.
    """
    with ctx.store.begin() as session:
        row, proposal, person = _locked(session, actor, proposal_id)
        _decided(ctx, row, unless_refused(rules.approve(proposal, person, ctx.clock.now())), person.id, reason)
        session.add(row)
        session.flush()
        effects[row.kind](session, ctx, row)
        return ProposalView.of(row)


def reject(ctx: Context, actor: Actor, proposal_id: str, *, reason: str) -> ProposalView:
    """A no, which any person of the party may give, also the one that proposed it.

    Raises NotFound proposal_unknown; Forbidden person_missing; Refused proposal_not_open, person_not_active,
    person_not_confirmed.
    """
    with ctx.store.begin() as session:
        row, proposal, person = _locked(session, actor, proposal_id)
        _decided(ctx, row, unless_refused(rules.reject(proposal, person)), person.id, reason)
        session.add(row)
        return ProposalView.of(row)


def expire(ctx: Context, *, limit: int = 100) -> int:
    """End what nobody decided in time. Returns how many."""
    now = ctx.clock.now()
    with ctx.store.read() as session:
        due = session.exec(
            select(ProposalRow.id)
            .where(ProposalRow.status == ProposalState.OPEN.value, ProposalRow.expires_at <= now)
            .limit(limit)
        ).all()
    ended = 0
    for proposal_id in due:
        with ctx.store.begin() as session:
            row = session.get_one(ProposalRow, proposal_id, with_for_update=True)
            after = rules.expire(_value(session, row), now)
            if not isinstance(after, Refusal):
                row.status = after.state.value
                session.add(row)
                ended += 1
    return ended


def get(ctx: Context, actor: Actor, proposal_id: str) -> ProposalView:
    """Raises NotFound proposal_unknown."""
    with ctx.store.read() as session:
        row = session.get(ProposalRow, proposal_id)
    if row is None or not (actor.sees_all or _own(actor, row) or row.proposed_by == actor.person_id):
        raise _unknown(proposal_id)
    return ProposalView.of(row)


def list_(
    ctx: Context, actor: Actor, *, status: str | None = None, after: str = "", limit: int = 50
) -> list[ProposalView]:
    """What one's own party decides and what one proposed oneself, in the order of making; the operator and auditors see
    all."""
    query = select(ProposalRow).where(ProposalRow.id > after).order_by(col(ProposalRow.id)).limit(limit)
    if status is not None:
        query = query.where(ProposalRow.status == status)
    if not actor.sees_all:
        query = query.where(
            or_(col(ProposalRow.party_id) == actor.party_id, col(ProposalRow.proposed_by) == actor.person_id)
        )
    with ctx.store.read() as session:
        return [ProposalView.of(row) for row in session.exec(query)]


def _locked(session: Session, actor: Actor, proposal_id: str) -> tuple[ProposalRow, rules.Proposal, rules.Person]:
    """The proposal, held against a second decision, and who decides."""
    actor.require_person()
    row = session.get(ProposalRow, proposal_id, with_for_update=True)
    if row is None or not _own(actor, row):
        raise _unknown(proposal_id)
    return row, _value(session, row), _asking(session, actor)


def _value(session: Session, row: ProposalRow) -> rules.Proposal:
    return rules.Proposal(
        party=row.party_id or OPERATOR_SUBJECT,
        proposer=_person(session, row.proposed_by),
        expires_at=row.expires_at,
        state=rules.ProposalState(row.status),
        decided_by=row.decided_by,
    )


def _person(session: Session, person_id: str) -> rules.Person:
    row = session.get_one(PersonRow, person_id)
    return rules.Person(row.id, row.party_id or OPERATOR_SUBJECT, row.status == PersonState.ACTIVE, row.confirmed)


def _asking(session: Session, actor: Actor) -> rules.Person:
    """Who asks, with what it came with: confirmed if both are."""
    person = _person(session, actor.require_person())
    return replace(person, confirmed=person.confirmed and with_confirmed(session, actor))


def _decided(ctx: Context, row: ProposalRow, after: rules.Proposal, person_id: str, reason: str) -> None:
    row.status = after.state.value
    row.decided_by = person_id
    row.decision_reason = reason
    row.decided_at = ctx.clock.now()
    detail = {
        "id": row.id,
        "party": row.party_id or OPERATOR_SUBJECT,
        "kind": row.kind,
        "subject": row.subject,
        "payload": row.payload,
        "proposed_by": row.proposed_by,
        "proposed_at": row.created_at.isoformat(),
        "reason": row.reason,
        "decision": row.status,
        "decided_by": person_id,
        "decided_at": row.decided_at.isoformat(),
        "decision_reason": reason,
    }
    row.evidence = canonical_bytes(detail).decode()
    row.evidence_hash = content_hash(detail)


def require_confirmed(session: Session, actor: Actor) -> str:
    """The id of the person who asks, who and whose credentials are confirmed. Raises Forbidden person_missing,
    person_not_active, person_not_confirmed."""
    person = _asking(session, actor)
    if (refusal := rules.may_propose(person)) is not None:
        raise Forbidden(refusal.code, refusal.message)
    return person.id


def with_confirmed(session: Session, actor: Actor) -> bool:
    """Whether what the person came with is confirmed: its wallet is, if the person itself is."""
    return actor.client_id is None or session.get_one(ClientRow, actor.client_id).confirmed


def unless_confirmed(ctx: Context, actor: Actor) -> None:
    """With real partners whoever nobody has confirmed only reads: what one person of a party can do alone moves money
    too, and a key in custody signs for whoever asks. Raises Forbidden person_not_confirmed."""
    if actor.person_id is None and actor.client_id is None:
        return
    with ctx.store.read() as session:
        person = actor.person_id is None or session.get_one(PersonRow, actor.person_id).confirmed
        if not (person and with_confirmed(session, actor)):
            raise Forbidden(
                "person_not_confirmed", "a second person hasn't confirmed these credentials: they only read"
            )


def two_persons(session: Session, party_id: str | None) -> bool:
    """Whether a party (None: the operator) ever had two confirmed persons: suspending one is no way to decide alone."""
    count = select(func.count()).select_from(PersonRow)
    return session.exec(count.where(PersonRow.party_id == party_id, col(PersonRow.confirmed).is_(True))).one() > 1


def _own(actor: Actor, row: ProposalRow) -> bool:
    return row.party_id == actor.party_id and (actor.is_operator or row.party_id is not None)


def _unknown(proposal_id: str) -> NotFound:
    return NotFound("proposal_unknown", f"there is no proposal {proposal_id}")
