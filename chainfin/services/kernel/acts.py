"""Acts: typed data made for a party, signed by it, handed to the relayer.

awaiting_signature → signed → final | refused; awaiting_signature → expired. Nothing that a party signs is made
up later: nonce and deadline are fixed when the typed data is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from chainfin.errors import BadInput, Conflict, NotFound
from chainfin.eth import eip712
from chainfin.eth.abi import from_hex
from chainfin.eth.bindings import pledges_acts
from chainfin.eth.bindings.base import Act, Rider, Signed
from chainfin.eth.bindings.registry import ACTS
from chainfin.rules.act import ActEvent, ActState
from chainfin.services.kernel import act_state, commands, custody, in_flight
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.views.acts import ActView
from chainfin.storage import locks
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.store import moves
from chainfin.storage.trade_tables import ActNonceRow, ActRow
from chainfin.storage.types import new_id

LIFETIME = timedelta(hours=24)
"""How long a prepared act may wait for its signature and its block."""

Acceptance = pledges_acts.Grant | pledges_acts.Exchange | eip712.AcceptOffer
"""What is signed by accepting an offer and not sent alone: a grant rides in the lender's pledge, an exchange in its
substitution, the acceptance of an unsecured offer is kept as evidence."""


def domain(ctx: Context, contract: str) -> eip712.Domain:
    return eip712.Domain(contract, ctx.chain_id, ctx.contracts[contract])


def next_nonce(session: Session, signer: str, contract: str) -> int:
    """The signer's next act nonce at ``contract``: in order, so that the contracts' nonce words fill up."""
    row = locks.row(session, ActNonceRow, {"signer": signer, "contract": contract}, {"next": 0})
    nonce = row.next
    row.next = nonce + 1
    session.add(row)
    return nonce


def prepare(
    session: Session,
    ctx: Context,
    *,
    party: PartyRow | None,
    act: Act,
    subject: str,
    auths: Sequence[eip712.Auth] = (),
    extra: Mapping[str, object] | None = None,
    lifetime: timedelta = LIFETIME,
) -> ActRow:
    """Make ``act`` one of ``party`` (None: the operator). Signed at once where its key is in custody."""
    deadline = ctx.clock.now() + lifetime
    row = _row(session, ctx, party, act, act.FUNCTION, subject, deadline, auths=auths, extra=extra)
    key = custody.signer_of(session, ctx, row.signer)
    session.add(row)
    moves(session, row, None)
    in_flight.unless_paid(session, row)
    if key is not None:
        submit(session, ctx, row, eip712.sign(row.typed_data, key))
    return row


def repeat(session: Session, ctx: Context, row: ActRow) -> ActRow:
    """The same act of the same party once more, with a nonce and a deadline of its own."""
    party = None if row.party_id is None else session.get_one(PartyRow, row.party_id)
    act = ACTS[row.contract, row.function].from_params(row.params)
    return prepare(session, ctx, party=party, act=act, subject=row.subject, extra=row.extra)


def _row(
    session: Session,
    ctx: Context,
    party: PartyRow | None,
    signed: Signed,
    function: str,
    subject: str,
    deadline: datetime,
    *,
    auths: Sequence[eip712.Auth] = (),
    extra: Mapping[str, object] | None = None,
) -> ActRow:
    """What the party (None: the operator) is to sign until ``deadline``, under its next nonce."""
    contract, signer = signed.CONTRACT, ctx.operator_address if party is None else party.address
    nonce, until = next_nonce(session, signer, contract), int(deadline.timestamp())
    return ActRow(
        id=new_id("act"),
        cell=ctx.cell,
        contract=contract,
        function=function,
        party_id=None if party is None else party.id,
        signer=signer,
        params=_stored(signed),
        extra=dict(extra or {}),
        auths=[dict(auth.as_json()) for auth in auths],
        typed_data=eip712.signable(signed, nonce, until, domain(ctx, contract)),
        nonce=nonce,
        deadline=until,
        subject=subject,
        created_at=ctx.clock.now(),
    )


def ride(session: Session, ctx: Context, *, party: PartyRow, rider: Signed, subject: str) -> ActRow:
    """Ask a party for its word, in another's act or as evidence. Signed at once where its key is in custody; never sent
    alone."""
    name = eip712.word_name(type(rider))
    row = _row(session, ctx, party, rider, name, subject, ctx.clock.now() + LIFETIME)
    session.add(row)
    moves(session, row, None)
    key = custody.signer_of(session, ctx, party.address)
    if key is not None:
        take_ride(session, ctx, row, eip712.sign(row.typed_data, key))
    session.flush()
    return row


def take_ride(session: Session, ctx: Context, row: ActRow, signature: bytes) -> None:
    """The signature under a word that rides. Raises as `submit`."""
    eip712.verify(row.typed_data, signature, row.signer, ctx.clock.now())
    row.signature = "0x" + signature.hex()
    act_state.move(session, row, ActEvent.SIGN)


def offer(
    session: Session,
    ctx: Context,
    *,
    party: PartyRow,
    acceptance: Acceptance,
    subject: str,
    expires_at: datetime,
) -> ActRow:
    """Typed data whose signature accepts an offer. Never signed by itself: accepting is the borrower's decision.

    ``expires_at`` bounds the acceptance; the signature itself stays valid for `LIFETIME`, since registry and chain
    come after it.
    """
    name = eip712.word_name(type(acceptance))
    row = _row(session, ctx, party, acceptance, name, subject, expires_at + LIFETIME)
    session.add(row)
    session.flush()
    return row


def take_acceptance(session: Session, ctx: Context, row: ActRow, signature: str | None) -> None:
    """The borrower's signature under an offer, its own or (None) by its key in custody.

    Raises Conflict key_not_held; BadInput signature_malformed, signature_expired; Forbidden signature_foreign.
    """
    if signature is None:
        key = custody.signer_of(session, ctx, row.signer)
        if key is None:
            raise Conflict("key_not_held", "your key is your own: sign the offer's typed data and send the signature")
        raw = eip712.sign(row.typed_data, key)
    else:
        raw = from_hex(signature, where="signature")
    eip712.verify(row.typed_data, raw, row.signer, ctx.clock.now())
    row.signature = "0x" + raw.hex()
    act_state.move(session, row, ActEvent.SIGN)


def side_auth(session: Session, ctx: Context, rider: Rider, signer: str) -> eip712.Auth:
    """A signature that rides in another's act (a registrar's attestation), by a key that is held here."""
    key = custody.signer_of(session, ctx, signer)
    if key is None:
        raise Conflict("key_not_held", f"the key of {signer} is not held here")
    deadline = int((ctx.clock.now() + LIFETIME).timestamp())
    nonce = next_nonce(session, signer, rider.CONTRACT)
    return eip712.authorise(eip712.signable(rider, nonce, deadline, domain(ctx, rider.CONTRACT)), key)


def submit(session: Session, ctx: Context, row: ActRow, signature: bytes) -> None:
    """Take the signature and hand the act to the relayer. Raises BadInput signature_malformed, signature_expired;
    Forbidden signature_foreign."""
    eip712.verify(row.typed_data, signature, row.signer, ctx.clock.now())
    row.signature = "0x" + signature.hex()
    act_state.move(session, row, ActEvent.SIGN)
    own = eip712.Auth(row.signer, row.nonce, row.deadline, signature)
    commands.give(
        session,
        ctx,
        commands.SendAct(
            act_id=row.id,
            act_subject=row.subject,
            contract=row.contract,
            function=ACTS[row.contract, row.function].RELAYED,
            params=row.params,
            auths=[*row.auths, own.as_json()],
        ),
    )


def overtaken(session: Session, ctx: Context, kind: type[Act], subject: str, why: str) -> None:
    """Ask no more for signatures under acts of this kind on ``subject``: what happened meanwhile leaves no place for
    them, and the contract would refuse them."""
    code = "act_overtaken"
    waiting = select(ActRow).where(ActRow.subject == subject, ActRow.status == ActState.AWAITING_SIGNATURE.value)
    for row in session.exec(waiting.where(ActRow.contract == kind.CONTRACT, ActRow.function == kind.FUNCTION)):
        act_state.move(session, row, ActEvent.REFUSE)
        row.error_code, row.error_message = code, why
        row.final_at = ctx.clock.now()
        session.add(row)


def get(ctx: Context, actor: Actor, act_id: str) -> ActView:
    """Raises NotFound act_unknown."""
    with ctx.store.read() as session:
        row = session.get(ActRow, act_id)
    if row is None or not (actor.sees_all or actor.party_id == row.party_id):
        raise NotFound("act_unknown", f"there is no act {act_id}")
    return ActView.of(row)


def list_(ctx: Context, actor: Actor, status: str | None = None, *, after: str = "", limit: int = 50) -> list[ActView]:
    """The actor's acts in the order of making."""
    query = select(ActRow).where(ActRow.id > after).order_by(col(ActRow.id)).limit(limit)
    if not actor.sees_all:
        query = query.where(ActRow.party_id == actor.party_id)
    if status is not None:
        query = query.where(ActRow.status == status)
    with ctx.store.read() as session:
        return [ActView.of(row) for row in session.exec(query)]


def chain_number(party: PartyRow) -> int:
    """The party's number at the contracts. Raises BadInput act_param_invalid: it was never admitted there."""
    if party.chain_party is None:
        raise BadInput("act_param_invalid", f"{party.name} is not admitted on chain", where="party")
    return party.chain_party


def _stored(value: Signed) -> dict[str, object]:
    """Members as JSON keeps them: integers beyond 2^53 as strings."""
    return {name: _exact(member) for name, member in value.params().items()}


def _exact(member: object) -> object:
    if isinstance(member, list):
        return [_exact(item) for item in member]
    if isinstance(member, int) and not isinstance(member, bool) and abs(member) >= 2**53:
        return str(member)
    return member
