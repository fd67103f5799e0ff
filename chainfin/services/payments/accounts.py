"""The bank account to which a party is paid, changed by the word of both: the party's own, and the operator's.

Either side asks, a person of the other approves, and only then money goes elsewhere. What the bank refused to pay to
the old one is ordered again. Payouts that are ordered already go where they were ordered to.
"""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import Conflict, NotFound
from chainfin.services.books import journals
from chainfin.services.kernel import approvals
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import admission, bank_accounts
from chainfin.services.payments import payouts
from chainfin.services.views.acts import ProposalView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.party_tables import PartyRow
from chainfin.values.party import PartyState

ACCOUNT = "account"
"""The kind of a proposal to change a party's account."""


def propose(ctx: Context, actor: Actor, party_id: str, account: str, reason: str) -> ProposalView:
    """Ask that a party be paid to another account: the operator asks and a person of the party approves, or the other
    way round.

    Raises BadInput account_invalid; NotFound party_unknown (also of another party's); Forbidden person_missing,
    person_not_active; Conflict account_taken (another party is paid to it, or lenders' money comes
    in there), account_change_waits, party_not_admitted (the admission itself is corrected).
    """
    admission.check_account(account)
    with ctx.store.begin() as session:
        party = session.get(PartyRow, party_id, with_for_update=True)
        if party is None or not (actor.is_operator or actor.party_id == party_id):
            raise NotFound("party_unknown", f"there is no participant {party_id}")
        if party.status == PartyState.PENDING:
            raise Conflict("party_not_admitted", f"{party_id} is pending: its admission is corrected")
        bank_accounts.unless_taken(session, account, but=party.id)
        if approvals.waiting(session, ACCOUNT, party_id) is not None:
            raise Conflict("account_change_waits", "another change of this account waits for a decision")
        made = approvals.propose(
            session,
            ctx,
            actor,
            kind=ACCOUNT,
            subject=party_id,
            payload={"account": account, "instead_of": party.account},
            reason=reason,
            decided_by=party_id if actor.is_operator else None,
        )
        return ProposalView.of(made)


def change(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """The other side approved. Raises Conflict account_taken (by another party meanwhile)."""
    journals.lock(session)  # nobody who has it waits for a proposal; what is ordered again below closes parked items
    party, account = session.get_one(PartyRow, proposal.subject, with_for_update=True), str(proposal.payload["account"])
    bank_accounts.unless_taken(session, account, but=party.id)
    earlier = party.profile.get("earlier_accounts")
    was = {"account": party.account, "until": ctx.clock.now().isoformat(), "by": proposal.id}
    party.profile = {**party.profile, "earlier_accounts": [*(earlier if isinstance(earlier, list) else []), was]}
    party.account = account
    session.add(party)
    payouts.retry(session, ctx, party)
