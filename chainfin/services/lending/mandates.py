"""Mandates: a lender's signed word under which its money goes out. No mandate, no money.

Asked when an offer is made and again when the money goes; what is held and outstanding under a mandate is counted as a
limit of its own (`limits`), under the same locks as every other limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func
from sqlmodel import Session, col, select

from chainfin.errors import BadInput, Conflict, Forbidden, NotFound, Refusal, Refused
from chainfin.eth import eip712, mandate_message
from chainfin.eth.abi import from_hex
from chainfin.risk.grades import payer_grade
from chainfin.risk.policy import policy_for
from chainfin.risk.record import DecisionRecord
from chainfin.rules.facility import LimitKind
from chainfin.rules.mandate import GRADES, Mandate, MandateState, Use, live, permits
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.storage.lending_tables import ApplicationRow, HoldRow, LimitRow, MandateRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money
from chainfin.values.party import Role
from chainfin.values.product import Product


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
) -> MandateRow:
    """The text of a lender's mandate, to be signed with its key; signed at once by a key in custody (a sandbox alone).

    ``products`` are covered under the policies that decide on them today. Raises Forbidden role_missing,
    party_not_active; BadInput product_unknown, mandate_… (see `rules.mandate`); Refused mandate_key_in_custody (with
    a real payment rail a lender signs with a key of its own).
    """
    lender_id = actor.require(Role.LENDER)
    now = ctx.clock.now()
    begins = (not_before or now).replace(microsecond=0)
    value = Mandate(
        id=new_id("man"),
        lender=lender_id,
        amount=amount,
        policies={_product(name): policy_for(_product(name)).hash for name in products},
        grades=tuple(grades),
        rate_floor=rate_floor,
        not_before=begins,
        expires_at=expires_at.replace(microsecond=0),
    )
    with ctx.store.begin() as session:
        lender = gate.active_party(session, lender_id)
        key = custody.signer_of(session, ctx, lender.address)
        if key is not None and ctx.real_money:
            raise Refused("mandate_key_in_custody", "with a real payment rail a lender's mandate takes its own key")
        data = mandate_message.typed_data(
            lender=f"{lender.legal_scheme}:{lender.legal_value}",
            amount=amount,
            policies=value.policies,
            grades=value.grades,
            rate_floor=rate_floor,
            not_before=value.not_before,
            expires_at=value.expires_at,
            nonce=eip712.random_nonce(),
            chain_id=ctx.chain_id,
            platform=ctx.platform,
        )
        row = MandateRow(
            id=value.id,
            cell=ctx.cell,
            lender_id=lender_id,
            currency=amount.currency,
            amount=amount.minor,
            policies={product.value: hash_ for product, hash_ in value.policies.items()},
            grades=list(value.grades),
            rate_floor=str(rate_floor),
            not_before=value.not_before,
            expires_at=value.expires_at,
            signer=lender.address,
            typed_data=data,
            created_at=now,
        )
        session.add(row)
        session.flush()
        if key is not None:
            _activate(session, ctx, row, mandate_message.sign(data, key))
        return row


def _product(name: str) -> Product:
    try:
        return Product(name)
    except ValueError:
        known = ", ".join(Product)
        raise BadInput("product_unknown", f"{name!r} is none of {known}", where="products") from None


def sign(ctx: Context, actor: Actor, mandate_id: str, signature: str) -> MandateRow:
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
        return row


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


def revoke(ctx: Context, actor: Actor, mandate_id: str) -> MandateRow:
    """From now on nothing new goes out under it, offers that were made included; what was lent stands. A suspended
    lender may too. Raises NotFound mandate_unknown; Conflict mandate_revoked."""
    with ctx.store.begin() as session:
        row = _own(session, actor, mandate_id)
        if row.status == MandateState.REVOKED:
            raise Conflict("mandate_revoked", "the mandate was revoked before")
        row.status = MandateState.REVOKED.value
        row.revoked_at = ctx.clock.now()
        session.add(row)
        return row


def _own(session: Session, actor: Actor, mandate_id: str) -> MandateRow:
    """Locked before any limit is, by everybody."""
    row = session.get(MandateRow, mandate_id, with_for_update=True)
    if row is None or row.lender_id != actor.party_id:
        raise NotFound("mandate_unknown", f"there is no mandate {mandate_id}")
    return row


def value(row: MandateRow) -> Mandate:
    """The row as the rules take it."""
    return Mandate(
        id=row.id,
        lender=row.lender_id,
        amount=Money(row.amount, row.currency),
        policies={Product(name): hash_ for name, hash_ in row.policies.items()},
        grades=tuple(row.grades),
        rate_floor=Decimal(row.rate_floor),
        not_before=row.not_before,
        expires_at=row.expires_at,
        state=MandateState(row.status),
    )


def choose(session: Session, ctx: Context, *, lender_id: str, product: Product, currency: str) -> MandateRow | Refusal:
    """The lender's mandate for a new loan of this product, locked: of those that are live the one with the most left.

    Refusals: mandate_missing, or why the only one that names the product doesn't hold now (see `rules.mandate.live`).
    """
    now = ctx.clock.now()
    found = session.exec(
        select(MandateRow)
        .where(MandateRow.lender_id == lender_id, MandateRow.currency == currency, MandateRow.status != "prepared")
        .order_by(col(MandateRow.id))
        .with_for_update()
    ).all()
    naming = [row for row in found if product.value in row.policies]
    alive = [row for row in naming if live(value(row), now) is None]
    if alive:
        counted = select(LimitRow).where(
            LimitRow.kind == LimitKind.MANDATE.value, col(LimitRow.key).in_([row.id for row in alive])
        )
        left = {limit.key: limit.amount - limit.held - limit.used for limit in session.exec(counted)}
        return max(alive, key=lambda row: (left[row.id], row.expires_at, row.id))
    why = None if not naming else live(value(naming[-1]), now)
    return why or Refusal(
        "mandate_missing",
        f"the lender has signed no mandate for {product.value} in {currency}",
        {"lender": lender_id, "product": product.value, "currency": currency},
    )


def unless_permitted(
    row: MandateRow, record: DecisionRecord, rate: Decimal, amount: Money, now: datetime
) -> Refusal | None:
    """Why the decided terms can't be offered under the mandate; None where they can."""
    content = record.as_dict()
    use = Use(Product(content["product"]), str(content["policy"]["hash"]), payer_grade(content), rate, amount)
    return permits(value(row), use, now)


def unless_live(session: Session, ctx: Context, mandate_id: str | None) -> Refusal | None:
    """Why no money may leave under the mandate of an offer now; None where it may. Its signature is looked at again.

    Refusals: mandate_missing, those of `rules.mandate.live`, mandate_signature.
    """
    row = None if mandate_id is None else session.get(MandateRow, mandate_id, with_for_update=True)
    if row is None:
        return Refusal("mandate_missing", "the offer was made under no mandate of the lender", {})
    refusal = live(value(row), ctx.clock.now())
    if refusal is not None:
        return refusal
    signer = mandate_message.recover(row.typed_data, from_hex(str(row.signature)))
    if signer != row.signer or row.typed_data["domain"] != mandate_message.domain(ctx.chain_id, ctx.platform):
        return Refusal(
            "mandate_signature", "the mandate isn't signed by its lender for this platform", {"mandate": row.id}
        )
    return None


def taken_by_borrower(session: Session, borrower_id: str, product: Product, currency: str) -> int:
    """What a borrower has offered, held or outstanding under a product, with all lenders together, in minor units.

    Every loan has exactly one hold on a mandate, so that each counts once.
    """
    query = (
        select(func.coalesce(func.sum(HoldRow.amount), 0))
        .join(LimitRow, col(LimitRow.id) == col(HoldRow.limit_id))
        .join(ApplicationRow, col(ApplicationRow.id) == col(HoldRow.application_id))
        .where(
            LimitRow.kind == LimitKind.MANDATE.value,
            LimitRow.currency == currency,
            HoldRow.state != "freed",
            ApplicationRow.borrower_id == borrower_id,
            ApplicationRow.product == product.value,
        )
    )
    return int(session.exec(query).one())


@dataclass(frozen=True, slots=True)
class Standing:
    """A mandate with what is held and used of it, minor units."""

    row: MandateRow
    held: int
    used: int

    @property
    def value(self) -> Mandate:
        return value(self.row)


def get(ctx: Context, actor: Actor, mandate_id: str) -> Standing:
    """Raises NotFound mandate_unknown."""
    with ctx.store.read() as session:
        row = session.get(MandateRow, mandate_id)
        if row is None or not (actor.sees_all or row.lender_id == actor.party_id):
            raise NotFound("mandate_unknown", f"there is no mandate {mandate_id}")
        return _standing(session, [row])[0]


def list_(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[Standing]:
    """A lender's own; the operator and auditors see all."""
    query = select(MandateRow).where(MandateRow.id > after).order_by(col(MandateRow.id)).limit(limit)
    if not actor.sees_all:
        query = query.where(MandateRow.lender_id == actor.party_id)
    with ctx.store.read() as session:
        return _standing(session, list(session.exec(query).all()))


def _standing(session: Session, rows: list[MandateRow]) -> list[Standing]:
    counted = select(LimitRow).where(
        LimitRow.kind == LimitKind.MANDATE.value, col(LimitRow.key).in_([row.id for row in rows])
    )
    limits = {limit.key: (limit.held, limit.used) for limit in session.exec(counted)}
    return [Standing(row, *limits.get(row.id, (0, 0))) for row in rows]
