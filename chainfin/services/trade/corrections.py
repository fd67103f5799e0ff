"""Corrected invoices (type 384): what is to become of the claims of the invoice that one corrects."""

from __future__ import annotations

from sqlmodel import Session, col, select

from chainfin.documents.financing import CORRECTED
from chainfin.documents.fingerprint import normalised
from chainfin.documents.model import Document
from chainfin.errors import Conflict, Refused
from chainfin.rules.receivable_value import State
from chainfin.services.trade.claim_family import NOT_BILLED
from chainfin.storage.trade_tables import OrderRow, ReceivableRow


def standing(session: Session, order: OrderRow, document: Document) -> list[ReceivableRow]:
    """The claims that the corrected invoice withdraws before it makes its own: those of the invoice that it names, on
    this order, which nobody has confirmed yet. Empty where they are withdrawn, or ``document`` corrects none.

    Raises Refused correction_unknown (no claim here is the named invoice's), correction_of_confirmed (its debtor has
    promised to pay it: a person has to say what is owed); Conflict receivable_not_final.
    """
    if document.billing.type_code != CORRECTED:
        return []
    named = {normalised(each) for each in document.references.invoices}
    query = select(ReceivableRow).where(ReceivableRow.order_id == order.id, col(ReceivableRow.parent_id).is_(None))
    rows = [row for row in session.exec(query.with_for_update()) if normalised(row.number) in named]
    if not rows:
        message = f"invoice {document.id} corrects {', '.join(document.references.invoices)}, which made no claim here"
        raise Refused("correction_unknown", message)
    open_ = [row for row in rows if row.status not in NOT_BILLED]
    for row in open_:
        if row.confirmed_at is not None:
            message = f"invoice {row.number} is confirmed: credit what isn't owed of it by a credit note"
            raise Refused("correction_of_confirmed", message, receivable=row.id)
        if row.status != State.ISSUED:
            raise Conflict("receivable_not_final", f"the receivable is {row.status}")
    return open_
