"""A party's bank account corrected, and what the bank refused to pay to the old one ordered again."""

from __future__ import annotations

from chainfin.errors import NotFound
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import admission
from chainfin.services.payments import payouts
from chainfin.storage.party_tables import PartyRow


def correct_account(ctx: Context, actor: Actor, party_id: str, account: str) -> tuple[PartyRow, int]:
    """The operator corrects the account to which a party is paid; what the bank couldn't pay out to the old one goes
    out again, to the new one. Returns the party and how many payouts that are.

    Raises Forbidden operator_only; BadInput account_invalid; NotFound party_unknown.
    """
    actor.require_operator()
    admission._check_account(account)
    with ctx.store.begin() as session:
        party = session.get(PartyRow, party_id, with_for_update=True)
        if party is None:
            raise NotFound("party_unknown", f"there is no participant {party_id}")
        earlier = party.profile.get("earlier_accounts")
        change = {"account": party.account, "until": ctx.clock.now().isoformat()}
        party.profile = {**party.profile, "earlier_accounts": [*(earlier if isinstance(earlier, list) else []), change]}
        party.account = account
        session.add(party)
        return party, payouts.retry(session, ctx, party)
