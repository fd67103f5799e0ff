"""Participants: admitted by the operator, with the consent of the key that will speak for them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, select

from chainfin.errors import BadInput, Conflict, NotFound
from chainfin.eth import eip712
from chainfin.eth.abi import from_hex, parse_address
from chainfin.eth.bindings.participants_acts import Admit, Join
from chainfin.rules.act import CAME_TO_NOTHING, ActState
from chainfin.services.kernel import acts, custody
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import bank_accounts, gate, persons
from chainfin.services.views.acts import ActView
from chainfin.services.views.parties import PartyView
from chainfin.storage.party_tables import PartyAliasRow, PartyRow
from chainfin.storage.trade_tables import ActRow
from chainfin.storage.types import new_id
from chainfin.values.party import ALL_ROLES, SALT_BYTES, Kind, LegalId, PartyState, Role, legal_commitment, legal_id

CONSENT_LIFETIME = timedelta(days=14)
"""How long a company has to agree; then its admission lapses (`pending.lapse`)."""
ACCOUNT = re.compile(r"[\x21-\x2e\x30-\x7e]{1,128}")
"""What the payment rail takes as an account."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A participant, the operator's act that admits it, and what its own key still has to sign (None in custody)."""

    party: PartyView
    act: ActView | None
    consent: dict[str, object] | None


def admit(
    ctx: Context,
    actor: Actor,
    *,
    name: str,
    legal_scheme: str,
    legal_value: str,
    roles: int,
    address: str | None,
    account: str,
    profile: dict[str, object],
    aliases: Sequence[str] = (),
) -> Admission:
    """Admit a party. Without ``address`` a key is made and held for it. ``aliases``: other identifiers by which
    trade documents name it.

    Raises Forbidden operator_only; BadInput uscc_invalid, lei_invalid, legal_scheme_unknown, roles_invalid,
    account_invalid, address_invalid; Conflict party_exists, key_taken, alias_taken,
    account_taken, act_paused.
    """
    actor.require_operator()
    identity = legal_id(legal_scheme, legal_value)
    check_roles(roles)
    check_account(account)
    now = ctx.clock.now()
    with ctx.store.begin() as session:
        gate.unless_paused(session, Kind.ADMIT)
        party_id = new_id("pty")
        spelled = None if address is None else parse_address(address, where="address")
        unless_known(session, identity)
        if spelled is not None:
            unless_key_taken(session, ctx, spelled)
        bank_accounts.unless_taken(session, account)
        party = PartyRow(
            id=party_id,
            cell=ctx.cell,
            name=name,
            legal_scheme=identity.scheme,
            legal_value=identity.value,
            commitment="",
            commitment_salt="",
            roles=roles,
            address=spelled or "",
            account=account,
            profile=profile,
            created_at=now,
        )
        commit_to(ctx, party, identity)
        if spelled is None:
            party.address = f"pending:{party_id}"
            session.add(party)
            session.flush()
            party.address = custody.create(session, ctx.vault, "party", party_id, now)
        session.add(party)
        session.flush()
        persons.make_first(session, party_id, now)
        name_by(session, party_id, {identity.value, *aliases})
        return ask_consent(session, ctx, party)


def unless_known(session: Session, identity: LegalId, *, but: str = "") -> None:
    """Raises Conflict party_exists, which says who it is."""
    same = (PartyRow.legal_scheme == identity.scheme) & (PartyRow.legal_value == identity.value)
    known = session.exec(select(PartyRow).where(same, col(PartyRow.id) != but)).first()
    if known is not None:
        raise _exists(known, f"with {identity.scheme} {identity.value}", where="legal_value")


def unless_key_taken(session: Session, ctx: Context, address: str) -> None:
    """Raises Conflict party_exists, which says whose key it is; key_taken: it is a person's."""
    known = session.exec(select(PartyRow).where(PartyRow.address == address)).first()
    if known is not None:
        raise _exists(known, f"whose key is {address}", where="address")
    if persons.key_taken(session, ctx, address):
        raise Conflict("key_taken", "this key speaks for somebody already", where="address")


def _exists(party: PartyRow, how: str, *, where: str) -> Conflict:
    why = f"there is a participant {how}: {party.id}, {party.status}"
    more = "; its admission can be corrected or withdrawn" if party.status == PartyState.PENDING else ""
    return Conflict("party_exists", why + more, where=where, participant=party.id, status=party.status)


def check_roles(roles: int) -> None:
    """Raises BadInput roles_invalid."""
    if roles <= 0 or roles & ~int(ALL_ROLES):
        raise BadInput("roles_invalid", "at least one known role is needed", where="roles")


def commit_to(ctx: Context, party: PartyRow, identity: LegalId) -> None:
    """The party's legal id, and under a fresh salt what stands for it on chain."""
    salt = secrets.token_bytes(SALT_BYTES)
    party.legal_scheme, party.legal_value = identity.scheme, identity.value
    party.commitment = "0x" + legal_commitment(identity, salt).hex()
    party.commitment_salt = ctx.vault.seal(salt, context=party.id)


def name_by(session: Session, party_id: str, values: Iterable[str]) -> None:
    """Trade documents may name the party so from now on. Raises Conflict alias_taken."""
    for value in sorted(set(values)):
        if session.get(PartyAliasRow, value) is not None:
            raise Conflict("alias_taken", f"{value!r} already names a participant", where="aliases")
        session.add(PartyAliasRow(value=value, party_id=party_id))


def ask_consent(session: Session, ctx: Context, party: PartyRow) -> Admission:
    """What the party's key has to agree to; where the key is in custody it agrees at once, and the act goes out."""
    join = Join(commitment=party.commitment, roles=party.roles, key=party.address)
    nonce = acts.next_nonce(session, party.address, Join.CONTRACT)
    deadline = int((ctx.clock.now() + CONSENT_LIFETIME).timestamp())
    consent = eip712.signable(join, nonce, deadline, acts.domain(ctx, Join.CONTRACT))
    party.profile = {**party.profile, "consent": consent}
    session.add(party)
    key = custody.signer_of(session, ctx, party.address)
    if key is None:
        return Admission(PartyView.of(party, private=True), None, consent)
    act = acts.prepare(
        session,
        ctx,
        party=None,
        act=_admit(party),
        subject=party.id,
        auths=[eip712.authorise(consent, key)],
    )
    return Admission(PartyView.of(party, private=True), ActView.of(act), None)


def consent(ctx: Context, party_id: str, signature: str) -> ActView:
    """The new party's own key agrees to be admitted; the operator's act then goes to the chain.

    Raises NotFound party_unknown; Conflict party_not_pending, act_paused; BadInput signature_malformed,
    signature_expired; Forbidden signature_foreign.
    """
    with ctx.store.begin() as session:
        party = session.get(PartyRow, party_id, with_for_update=True)
        if party is None:
            raise NotFound("party_unknown", f"there is no participant {party_id}")
        data = party.profile.get("consent")
        if party.status != PartyState.PENDING or not isinstance(data, dict) or under_way(session, party_id) is not None:
            raise Conflict("party_not_pending", f"the participant is {party.status} or its admission is under way")
        raw = from_hex(signature, where="signature")
        eip712.verify(data, raw, party.address, ctx.clock.now())
        gate.unless_paused(session, Kind.ADMIT)
        message = data["message"]
        auth = eip712.Auth(party.address, int(message["nonce"]), int(message["deadline"]), raw)
        act = acts.prepare(session, ctx, party=None, act=_admit(party), subject=party_id, auths=[auth])
        return ActView.of(act)


def under_way(session: Session, party_id: str) -> ActRow | None:
    """The act that admits the party, once its key has agreed; None: it hasn't, or the act came to nothing."""
    query = select(ActRow).where(ActRow.subject == party_id, ActRow.function == Admit.FUNCTION)
    return session.exec(query.where(col(ActRow.status).not_in(CAME_TO_NOTHING))).first()


def _admit(party: PartyRow) -> Admit:
    return Admit(commitment=party.commitment, roles=party.roles, key=party.address)


def get(ctx: Context, actor: Actor, party_id: str) -> PartyView:
    """A participant. Name and roles are no secret among participants; what is private only itself, the operator and
    auditors see. Raises NotFound party_unknown."""
    with ctx.store.read() as session:
        party = session.get(PartyRow, party_id)
    if party is None:
        raise NotFound("party_unknown", f"there is no participant {party_id}")
    return seen_by(actor, party)


def seen_by(actor: Actor, party: PartyRow) -> PartyView:
    """The participant as the actor may see it."""
    return PartyView.of(party, private=actor.sees_all or actor.party_id == party.id)


def check_account(account: str) -> None:
    """Raises BadInput account_invalid."""
    if not ACCOUNT.fullmatch(account):
        why = "an account is 1 to 128 printable ASCII characters without / or blanks"
        raise BadInput("account_invalid", why, where="account")


def list_(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[PartyView]:
    """All participants, each as the actor may see it."""
    with ctx.store.read() as session:
        query = select(PartyRow).where(PartyRow.id > after).order_by(col(PartyRow.id)).limit(limit)
        return [seen_by(actor, party) for party in session.exec(query)]


REGISTRAR = "registrar"


def admit_registrar(ctx: Context) -> None:
    """The service's own registrar key becomes a party on chain (once): it attests that an id is an invoice's
    fingerprint. It stands for no company, so its commitment is random."""
    with ctx.store.begin() as session:
        if session.exec(
            select(ActRow).where(ActRow.subject == REGISTRAR, ActRow.status != ActState.REFUSED.value)
        ).first():
            return
        commitment, roles, key = "0x" + secrets.token_hex(32), int(Role.REGISTRAR), ctx.registrar_address
        proof = acts.side_auth(session, ctx, Join(commitment=commitment, roles=roles, key=key), key)
        acts.prepare(
            session,
            ctx,
            party=None,
            act=Admit(commitment=commitment, roles=roles, key=key),
            subject=REGISTRAR,
            auths=[proof],
        )
