"""An admission until the company's key has agreed to it: shown again, corrected, withdrawn, lapsed.

Nothing of it is on chain until then, so what was wrong is put right in its place, and what comes to nothing is
forgotten: legal id, key, account and aliases are free again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from chainfin.errors import Conflict, NotFound
from chainfin.eth.abi import parse_address
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import admission, bank_accounts
from chainfin.services.parties.admission import Admission
from chainfin.services.views.acts import ActView
from chainfin.services.views.parties import PartyView
from chainfin.storage.party_tables import ClientRow, CustodyKeyRow, PartyAliasRow, PartyRow, PersonRow
from chainfin.values.party import PartyState, legal_id


def show(ctx: Context, actor: Actor, party_id: str) -> Admission:
    """How an admission stands: what the company's key has to sign, as long as it hasn't, or the act that it became.

    Raises Forbidden operator_only; NotFound party_unknown.
    """
    actor.require_operator()
    with ctx.store.read() as session:
        party = _known(session.get(PartyRow, party_id), party_id)
        act = admission.under_way(session, party_id)
        asked = party.profile.get("consent") if act is None and party.status == PartyState.PENDING else None
        consent = asked if isinstance(asked, dict) else None
        return Admission(PartyView.of(party, private=True), None if act is None else ActView.of(act), consent)


def correct(
    ctx: Context,
    actor: Actor,
    party_id: str,
    *,
    name: str | None = None,
    legal_scheme: str | None = None,
    legal_value: str | None = None,
    roles: int | None = None,
    address: str | None = None,
    account: str | None = None,
    aliases: Sequence[str] | None = None,
    profile: dict[str, object] | None = None,
) -> Admission:
    """Put right what is given; the rest stays. The company is asked anew, and what it was asked before counts no more.

    Raises Forbidden operator_only; NotFound party_unknown; BadInput uscc_invalid, lei_invalid, roles_invalid,
    account_invalid, address_invalid; Conflict party_not_pending, party_exists, key_taken, key_in_custody, alias_taken,
    account_taken.
    """
    actor.require_operator()
    with ctx.store.begin() as session:
        party = _pending(session, party_id)
        scheme, value = legal_scheme or party.legal_scheme, legal_value or party.legal_value
        identity = legal_id(scheme, value)
        before = party.legal_value
        admission.unless_known(session, identity, but=party_id)
        admission.commit_to(ctx, party, identity)
        if address is not None:
            _other_key(session, ctx, party, parse_address(address, where="address"))
        if roles is not None:
            admission.check_roles(roles)
            party.roles = roles
        if account is not None:
            admission.check_account(account)
            bank_accounts.unless_taken(session, account, but=party_id)
            party.account = account
        party.name = party.name if name is None else name
        party.profile = party.profile if profile is None else profile
        named = session.exec(select(PartyAliasRow.value).where(PartyAliasRow.party_id == party_id)).all()
        wanted = [each for each in named if each != before] if aliases is None else aliases
        session.execute(delete(PartyAliasRow).where(col(PartyAliasRow.party_id) == party_id))
        admission.name_by(session, party_id, {identity.value, *wanted})
        return admission.ask_consent(session, ctx, party)


def _other_key(session: Session, ctx: Context, party: PartyRow, address: str) -> None:
    if address == party.address:
        return
    if custody.signer_of(session, ctx, party.address) is not None:
        why = "its key is held here: withdraw the admission, and admit the company with its own key"
        raise Conflict("key_in_custody", why, where="address")
    admission.unless_key_taken(session, ctx, address)
    party.address = address


def withdraw(ctx: Context, actor: Actor, party_id: str) -> PartyView:
    """Forget an admission to which the company hasn't agreed. Returns it as it was.

    Raises Forbidden operator_only; NotFound party_unknown; Conflict party_not_pending, party_in_use.
    """
    actor.require_operator()
    try:
        with ctx.store.begin() as session:
            return _forget(session, _pending(session, party_id))
    except IntegrityError:
        raise Conflict("party_in_use", f"others have written down something about {party_id} already") from None


def lapse(ctx: Context, *, limit: int = 100) -> int:
    """Forget admissions to which nobody agreed in time. Returns how many."""
    now = ctx.clock.now().timestamp()
    with ctx.store.read() as session:
        rows = session.exec(
            select(PartyRow).where(PartyRow.status == PartyState.PENDING.value).order_by(col(PartyRow.id))
        ).all()
        over = [row.id for row in rows if _deadline(row) <= now and admission.under_way(session, row.id) is None]
    ended = 0
    for party_id in over[:limit]:
        try:
            with ctx.store.begin() as session:
                _forget(session, _pending(session, party_id))
        except (Conflict, IntegrityError):
            continue  # it agreed in this moment, or others refer to it: the operator decides
        ended += 1
    return ended


def _deadline(party: PartyRow) -> float:
    """Until when the key may agree, in seconds of the epoch."""
    asked = party.profile.get("consent")
    message = asked.get("message") if isinstance(asked, dict) else None
    return float(message["deadline"]) if isinstance(message, dict) else float("inf")


def _pending(session: Session, party_id: str) -> PartyRow:
    """The row of an admission that is still the operator's alone. Raises NotFound party_unknown; Conflict
    party_not_pending."""
    party = _known(session.get(PartyRow, party_id, with_for_update=True), party_id)
    if party.status != PartyState.PENDING:
        why = (
            f"{party_id} is {party.status}. Its legal id is hashed on chain, and no act changes that: its name is"
            " corrected by /name; under another id it is admitted anew, and this one suspended"
        )
        raise Conflict("party_not_pending", why)
    if admission.under_way(session, party_id) is not None:
        raise Conflict("party_not_pending", f"the key of {party_id} has agreed: its admission is on its way")
    return party


def _known(party: PartyRow | None, party_id: str) -> PartyRow:
    if party is None:
        raise NotFound("party_unknown", f"there is no participant {party_id}")
    return party


def _forget(session: Session, party: PartyRow) -> PartyView:
    seen = PartyView.of(party, private=True)
    for table in (ClientRow, PersonRow, PartyAliasRow, CustodyKeyRow):
        session.execute(delete(table).where(col(table.party_id) == party.id))
    session.delete(party)
    session.flush()
    return seen
