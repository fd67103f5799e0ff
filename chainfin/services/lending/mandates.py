"""Mandates: a lender's signed word under which its money goes out, as the lender prepares, signs and revokes it.

What may go out under them: `mandate_use`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, select

from chainfin.errors import BadInput, Conflict, Forbidden, NotFound, Refused
from chainfin.eth import eip712, mandate_message
from chainfin.eth.abi import from_hex
from chainfin.risk.policy import policy_for
from chainfin.rules.facility import LimitKind
from chainfin.rules.loan import product as product_document
from chainfin.rules.mandate import GRADES, Mandate, MandateState, is_over
from chainfin.services.kernel import approvals, custody
from chainfin.services.kernel.commands import PayLoan
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import offers
from chainfin.services.parties import gate
from chainfin.services.views.lending import MandateView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import HoldRow, LimitRow, LoanRow, MandateRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.types import new_id
from chainfin.values import command_state
from chainfin.values.money import Money
from chainfin.values.party import Role
from chainfin.values.product import Product

MANDATE = "mandate"
"""The kind of a proposal to sign a mandate with a key in custody."""


def prepare(
    ctx: Context,
    actor: Actor,
    *,
    products: Sequence[str],
    amount: Money,
    grades: Sequence[str] = GRADES,
    rate_floor: Decimal = Decimal(0),
    not_before: datetime | None = None,
    expires_at: datetime,
) -> MandateView:
    """The text of a lender's mandate, to be signed with its key. A key in custody (a sandbox alone) signs at once for a
    lender of one person; where it has several, once a second one has approved (``proposal_id``).

    ``products`` are covered under the policies that decide on them and the product documents that hold today.

    Raises Forbidden role_missing, party_not_active, person_missing, person_not_active; BadInput product_unknown,
    mandate_… (see `rules.mandate`); Refused mandate_key_in_custody (with a real payment rail a lender signs with a key
    of its own).
    """
    lender_id = actor.require(Role.LENDER)
    named = [_product(name) for name in products]
    begins = (not_before or ctx.clock.now()).replace(microsecond=0)
    value = Mandate(
        id=new_id("man"),
        lender=lender_id,
        amount=amount,
        policies={each: policy_for(each).hash for each in named},
        grades=tuple(grades),
        rate_floor=abs(rate_floor) if rate_floor == 0 else rate_floor,  # JSON knows -0
        not_before=begins,
        expires_at=expires_at.replace(microsecond=0),
        documents={each: product_document.current(each).hash for each in named},
    )
    with ctx.store.begin() as session:
        lender = gate.active_party(session, lender_id)
        key = custody.signer_of(session, ctx, lender.address)
        if key is not None:
            _unless_real_money(ctx)
        row = _row(ctx, lender, value)
        session.add(row)
        session.flush()
        if key is not None and approvals.two_persons(session, lender_id):
            row.proposal_id = _propose(session, ctx, actor, row).id
            session.add(row)
            session.flush()
        elif key is not None:
            _activate(session, ctx, row, mandate_message.sign(row.typed_data, key))
        return _views(session, ctx, [row])[0]


def _row(ctx: Context, lender: PartyRow, value: Mandate) -> MandateRow:
    """The mandate with the text to be signed."""
    data = mandate_message.typed_data(
        lender=f"{lender.legal_scheme}:{lender.legal_value}",
        amount=value.amount,
        policies=value.policies,
        documents=value.documents,
        grades=value.grades,
        rate_floor=value.rate_floor,
        not_before=value.not_before,
        expires_at=value.expires_at,
        nonce=eip712.random_nonce(),
        chain_id=ctx.chain_id,
        platform=ctx.platform,
    )
    return MandateRow(
        id=value.id,
        cell=ctx.cell,
        lender_id=value.lender,
        currency=value.amount.currency,
        amount=value.amount.minor,
        policies={product.value: hash_ for product, hash_ in value.policies.items()},
        documents={product.value: hash_ for product, hash_ in value.documents.items()},
        grades=list(value.grades),
        rate_floor=str(value.rate_floor),
        not_before=value.not_before,
        expires_at=value.expires_at,
        signer=lender.address,
        typed_data=data,
        created_at=ctx.clock.now(),
    )


def _unless_real_money(ctx: Context) -> None:
    if ctx.real_money:
        raise Refused("mandate_key_in_custody", "with a real payment rail a lender's mandate takes its own key")


def _propose(session: Session, ctx: Context, actor: Actor, row: MandateRow) -> ProposalRow:
    return approvals.propose(
        session,
        ctx,
        actor,
        kind=MANDATE,
        subject=row.id,
        payload={
            "amount": str(Money(row.amount, row.currency)),
            "currency": row.currency,
            "policies": row.policies,
            "documents": row.documents,
            "grades": row.grades,
            "rate_floor": row.rate_floor,
            "not_before": row.not_before.isoformat(),
            "expires_at": row.expires_at.isoformat(),
        },
        reason="a mandate by a key in custody takes two persons",
    )


def sign_in_custody(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved: the lender's key, which is in custody, signs.

    Raises Refused mandate_key_in_custody (there is a real payment rail by now), mandate_not_prepared (revoked
    meanwhile, or its key is another), mandate_expired; Forbidden party_not_active.
    """
    _unless_real_money(ctx)
    row = session.get_one(MandateRow, proposal.subject, with_for_update=True)
    lender = gate.active_party(session, row.lender_id)
    key = custody.signer_of(session, ctx, row.signer)
    if row.status != MandateState.PREPARED or key is None or lender.address != row.signer:
        raise Refused("mandate_not_prepared", f"the mandate is {row.status}, or the lender's key is another by now")
    if row.expires_at <= ctx.clock.now():
        raise Refused("mandate_expired", "the mandate's time is over; begin it again")
    _activate(session, ctx, row, mandate_message.sign(row.typed_data, key))


def _product(name: str) -> Product:
    try:
        return Product(name)
    except ValueError:
        known = ", ".join(Product)
        raise BadInput("product_unknown", f"{name!r} is none of {known}", where="products") from None


def sign(ctx: Context, actor: Actor, mandate_id: str, signature: str) -> MandateView:
    """Take the lender's signature: from now on the mandate holds.

    Raises NotFound mandate_unknown; Conflict mandate_not_prepared; BadInput signature_malformed; Forbidden
    signature_foreign, party_not_active; Refused mandate_expired.
    """
    with ctx.store.begin() as session:
        row = _own(session, actor, mandate_id)
        if row.status != MandateState.PREPARED:
            raise Conflict("mandate_not_prepared", f"the mandate is {row.status}")
        if row.expires_at <= ctx.clock.now():
            raise Refused("mandate_expired", "the mandate's time is over; begin it again")
        lender = gate.active_party(session, row.lender_id)
        if lender.address != row.signer:
            raise Conflict("mandate_not_prepared", "the lender's key has changed since; begin it again")
        _activate(session, ctx, row, from_hex(signature, where="signature"))
        return _views(session, ctx, [row])[0]


def _activate(session: Session, ctx: Context, row: MandateRow, signature: bytes) -> None:
    signer = mandate_message.recover(row.typed_data, signature)
    if signer != row.signer:
        raise Forbidden("signature_foreign", f"signed by {signer}, not by {row.signer}", where="signature")
    row.signature = "0x" + signature.hex()
    row.status = MandateState.ACTIVE.value
    row.signed_at = ctx.clock.now()
    session.add(row)
    session.add(
        LimitRow(
            id=new_id("lim"),
            cell=ctx.cell,
            lender_id=row.lender_id,
            kind=LimitKind.MANDATE.value,
            key=row.id,
            currency=row.currency,
            amount=row.amount,
            updated_at=ctx.clock.now(),
        )
    )


def revoke(ctx: Context, actor: Actor, mandate_id: str) -> MandateView:
    """End a mandate: from now on nothing goes out under it, not even for offers that were accepted. Loans that were
    paid out stand, and so does what the bank has been ordered to pay. It holds at once, by one person's word; what is
    signed of it besides (at once by a key in custody) is for loans' evidence. Open offers under it are withdrawn, and
    what they held is free. A suspended lender may revoke too.

    Raises NotFound mandate_unknown; Conflict mandate_revoked.
    """
    with ctx.store.begin() as session:
        row = _own(session, actor, mandate_id)
        if row.status == MandateState.REVOKED:
            raise Conflict("mandate_revoked", "the mandate was revoked before")
        signed = row.status == MandateState.ACTIVE
        row.status = MandateState.REVOKED.value
        row.revoked_at = ctx.clock.now()
        if signed:
            row.revocation = mandate_message.revocation(
                row.typed_data, revoked_at=row.revoked_at, on_their_way=_on_their_way(session, row.id)
            )
            key = custody.signer_of(session, ctx, session.get_one(PartyRow, row.lender_id).address)
            if key is not None:
                signature = mandate_message.sign(row.revocation, key, mandate_message.REVOCATION)
                row.revocation_signature = "0x" + signature.hex()
        session.add(row)
    # Each in a transaction of its own, after this one: who accepts an offer locks it before the mandate. What a crash
    # leaves behind is taken up by the housekeeping.
    offers.withdraw_under_revoked(ctx)
    return get(ctx, actor, mandate_id)


def _on_their_way(session: Session, mandate_id: str) -> list[str]:
    """The mandate's loans of which the payout is ordered and not answered. No order follows while its row is locked."""
    query = (
        select(LoanRow.id)
        .join(HoldRow, col(HoldRow.application_id) == col(LoanRow.application_id))
        .join(LimitRow, col(LimitRow.id) == col(HoldRow.limit_id))
        .join(OutboxRow, col(OutboxRow.subject) == col(LoanRow.id))
        .where(LimitRow.kind == LimitKind.MANDATE.value, LimitRow.key == mandate_id)
        .where(OutboxRow.topic == PayLoan.TOPIC, col(OutboxRow.status).in_(command_state.OPEN))
        .order_by(col(LoanRow.id))
    )
    return list(session.exec(query).all())


def sign_revocation(ctx: Context, actor: Actor, mandate_id: str, signature: str) -> MandateView:
    """Take the lender's signature over its revocation, which held before already.

    Raises NotFound mandate_unknown; Conflict revocation_not_awaited; BadInput signature_malformed; Forbidden
    signature_foreign.
    """
    with ctx.store.begin() as session:
        row = _own(session, actor, mandate_id)
        if row.revocation is None or row.revocation_signature is not None:
            raise Conflict("revocation_not_awaited", f"the mandate is {row.status}; no revocation waits to be signed")
        given = from_hex(signature, where="signature")
        signer = mandate_message.recover(row.revocation, given, mandate_message.REVOCATION)
        lender = session.get_one(PartyRow, row.lender_id)
        if signer != lender.address:
            raise Forbidden("signature_foreign", f"signed by {signer}, not by {lender.address}", where="signature")
        row.revocation_signature = "0x" + given.hex()
        session.add(row)
        return _views(session, ctx, [row])[0]


def _own(session: Session, actor: Actor, mandate_id: str) -> MandateRow:
    """Locked before any limit is, by everybody."""
    row = session.get(MandateRow, mandate_id, with_for_update=True)
    if row is None or row.lender_id != actor.party_id:
        raise NotFound("mandate_unknown", f"there is no mandate {mandate_id}")
    return row


def get(ctx: Context, actor: Actor, mandate_id: str) -> MandateView:
    """One mandate, with what is held and used of it. Raises NotFound mandate_unknown."""
    with ctx.store.read() as session:
        row = session.get(MandateRow, mandate_id)
        if row is None or not (actor.sees_all or row.lender_id == actor.party_id):
            raise NotFound("mandate_unknown", f"there is no mandate {mandate_id}")
        return _views(session, ctx, [row])[0]


def list_(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[MandateView]:
    """A lender's own; the operator and auditors see all."""
    query = select(MandateRow).where(MandateRow.id > after).order_by(col(MandateRow.id)).limit(limit)
    if not actor.sees_all:
        query = query.where(MandateRow.lender_id == actor.party_id)
    with ctx.store.read() as session:
        return _views(session, ctx, session.exec(query).all())


def _views(session: Session, ctx: Context, rows: Sequence[MandateRow]) -> list[MandateView]:
    """With what is held and used of each; one whose time is over is shown as expired."""
    counted = select(LimitRow).where(
        LimitRow.kind == LimitKind.MANDATE.value, col(LimitRow.key).in_([row.id for row in rows])
    )
    taken = {limit.key: (limit.held, limit.used) for limit in session.exec(counted)}
    found = []
    for row in rows:
        held, used = taken.get(row.id, (0, 0))
        over = is_over(MandateState(row.status), row.expires_at, ctx.clock.now())
        found.append(MandateView.of(row, held=held, used=used, status=MandateState.EXPIRED if over else row.status))
    return found
