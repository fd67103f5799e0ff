"""What a buyer pays for goods that a lender took on default: it serves the loan, and the rest is the pledgor's."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.rules import realisation as rules
from chainfin.rules.pledge import State
from chainfin.services.kernel.context import Context
from chainfin.services.payments import allocation
from chainfin.services.payments.allocation import Payment
from chainfin.services.pledges import assets, realisation
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.values.money import Money


def is_taken(session: Session, pledge_id: str) -> bool:
    """Whether a payment under the pledge's reference is for goods that its lender took."""
    pledge = session.get(PledgeRow, pledge_id)
    return pledge is not None and pledge.status == State.ENFORCED and assets.KINDS[pledge.asset_kind].priced


def for_sale(session: Session, ctx: Context, payment: Payment, pledge_id: str) -> tuple[Money, str]:
    """What is left over of a buyer's payment, and why."""
    pledge = assets.locked_pledge(session, pledge_id)
    sale = realisation.payable(session, pledge, payment.amount, payment.payer_account)
    if sale is None or pledge.loan_id is None:
        return payment.amount, "sale_unknown"
    least = realisation.floor(session, ctx, pledge, sale)
    refusal = rules.pay(payment.amount, least=least, agreed=realisation.agreed(session, sale))
    if refusal is not None:
        return payment.amount, refusal.code
    realisation.paid(session, ctx, sale, payment.row.id)
    allocation.serve(session, ctx, pledge, payment, payment.amount)
    return Money.zero(payment.amount.currency), ""
