"""A party's name, corrected by the word of both: the party's own, and the operator's.

Only the name: the legal id is hashed on chain when a party is admitted, and no act changes the hash (ADR 0285).
"""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import Conflict, NotFound
from chainfin.services.kernel import approvals
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.views.acts import ProposalView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.party_tables import PartyRow
from chainfin.values.party import PartyState

NAME = "name"
"""The kind of a proposal to change a party's name."""


def propose(ctx: Context, actor: Actor, party_id: str, name: str, reason: str) -> ProposalView:
    """Ask that a party be called otherwise: the operator asks and a person of the party approves, or the other way
    round.

    Raises NotFound party_unknown (also of another party's); Forbidden person_missing, person_not_active; Conflict
    party_not_admitted (the admission itself is corrected), name_unchanged, name_change_waits.
    """
    with ctx.store.begin() as session:
        party = session.get(PartyRow, party_id, with_for_update=True)
        if party is None or not (actor.is_operator or actor.party_id == party_id):
            raise NotFound("party_unknown", f"there is no participant {party_id}")
        if party.status == PartyState.PENDING:
            raise Conflict("party_not_admitted", f"{party_id} is pending: its admission is corrected")
        if party.name == name:
            raise Conflict("name_unchanged", "it is called so", where="name")
        if (other := approvals.waiting(session, NAME, party_id)) is not None:
            raise Conflict("name_change_waits", f"another change of this name waits for a decision: {other}")
        made = approvals.propose(
            session,
            ctx,
            actor,
            kind=NAME,
            subject=party_id,
            payload={"name": name, "instead_of": party.name},
            reason=reason,
            decided_by=party_id if actor.is_operator else None,
        )
        return ProposalView.of(made)


def change(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """The other side approved. What the party was called before is kept."""
    party = session.get_one(PartyRow, proposal.subject, with_for_update=True)
    earlier = party.profile.get("earlier_names")
    was = {"name": party.name, "until": ctx.clock.now().isoformat(), "by": proposal.id}
    party.profile = {**party.profile, "earlier_names": [*(earlier if isinstance(earlier, list) else []), was]}
    party.name = str(proposal.payload["name"])
    session.add(party)
