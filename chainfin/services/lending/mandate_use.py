"""Whether a lender's money may go out under a mandate of its own. No mandate, no money.

Asked when an offer is made and again when the money goes; what is held and outstanding under a mandate is counted as a
limit of its own (`limits`), under the same locks as every other limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func
from sqlmodel import Session, col, select

from chainfin.errors import Refusal
from chainfin.eth import mandate_message
from chainfin.eth.abi import from_hex
from chainfin.risk.grades import payer_grade
from chainfin.risk.record import DecisionRecord
from chainfin.rules.facility import HoldState, LimitKind
from chainfin.rules.loan import product as product_document
from chainfin.rules.mandate import Mandate, MandateState, Use, live, payable, permits
from chainfin.services.kernel.context import Context
from chainfin.storage.lending_tables import ApplicationRow, HoldRow, LimitRow, MandateRow
from chainfin.values.money import Money
from chainfin.values.product import Product


def value(row: MandateRow) -> Mandate:
    """The row as the rules take it."""
    return Mandate(
        id=row.id,
        lender=row.lender_id,
        amount=Money(row.amount, row.currency),
        policies=_by_product(row.policies),
        grades=tuple(row.grades),
        rate_floor=Decimal(row.rate_floor),
        not_before=row.not_before,
        expires_at=row.expires_at,
        state=MandateState(row.status),
        documents=_by_product(row.documents),
    )


def _by_product(hashes: Mapping[str, str]) -> dict[Product, str]:
    return {Product(name): hash_ for name, hash_ in hashes.items()}


def live_ones(
    session: Session, ctx: Context, *, lender_id: str, product: Product, currency: str
) -> list[MandateRow] | Refusal:
    """The lender's live mandates for a new loan of this product, at least one, locked; what has most left comes first.

    Refusals: mandate_missing, or why the only one that names the product doesn't hold now (see `rules.mandate.live`).
    """
    now = ctx.clock.now()
    found = session.exec(
        select(MandateRow)
        .where(
            MandateRow.lender_id == lender_id,
            MandateRow.currency == currency,
            MandateRow.status != MandateState.PREPARED.value,
        )
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
        return sorted(alive, key=lambda row: (left[row.id], row.expires_at, row.id), reverse=True)
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
    made_under = product_document.current(Product(content["product"])).hash
    use = Use(
        Product(content["product"]), str(content["policy"]["hash"]), made_under, payer_grade(content), rate, amount
    )
    return permits(value(row), use, now)


def unless_live(session: Session, ctx: Context, mandate_id: str | None) -> Refusal | None:
    """Why no money may leave under the mandate of an offer now; None where it may. Its signature is looked at again.

    Refusals: mandate_missing, those of `rules.mandate.payable`, mandate_signature.
    """
    row = None if mandate_id is None else session.get(MandateRow, mandate_id, with_for_update=True)
    if row is None:
        return Refusal("mandate_missing", "the offer was made under no mandate of the lender", {})
    refusal = payable(value(row), ctx.clock.now())
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
            HoldRow.state != HoldState.FREED.value,
            ApplicationRow.borrower_id == borrower_id,
            ApplicationRow.product == product.value,
        )
    )
    return int(session.exec(query).one())
