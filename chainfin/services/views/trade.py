"""Orders, receivables and debtors' credit lines. Amounts in minor units of ``currency``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chainfin.services.views.of_row import shown
from chainfin.storage.trade_tables import LineRow, LineShareRow, OrderRow, ReceivableRow


@dataclass(frozen=True, slots=True)
class OrderView:
    """A purchase order, for its buyer and seller. Amounts are gross and cumulative; ``received`` is what the buyer has
    (what came and stayed, or was replaced), ``returned`` what went back of all that came; ``goods_returned``: goods of
    it were sent back."""

    id: str
    number: str
    buyer_id: str
    seller_id: str
    currency: str
    ordered: int
    despatched: int
    received: int
    returned: int
    invoiced: int
    confirmed: int
    goods_returned: bool
    status: str
    created_at: datetime

    @classmethod
    def of(cls, row: OrderRow, returned: int) -> OrderView:
        return shown(cls, row, received=row.received - returned, returned=returned)


@dataclass(frozen=True, slots=True)
class ReceivableView:
    """A receivable: ``free + pledged + split_away + settled + diluted = face``; ``reserved`` is a part of free.

    ``document_root``: the commitment to the invoice, for those whom the invoice names; ``uncarried``: what of the face
    is for goods that were sent back and that no credit note took off; ``credit_pending``: what credit notes
    have still to take off. A list leaves them out.
    """

    id: str
    number: str
    order_id: str
    document_root: str | None
    seller_id: str
    debtor_id: str
    holder_id: str
    parent_id: str | None
    currency: str
    face: int
    free: int
    reserved: int
    pledged: int
    split_away: int
    settled: int
    diluted: int
    due_date: date
    status: str
    confirmed_at: datetime | None
    created_at: datetime
    uncarried: int | None
    credit_pending: int | None

    @classmethod
    def of(
        cls,
        row: ReceivableRow,
        *,
        free: int,
        document_root: str | None = None,
        uncarried: int | None = None,
        credit_pending: int | None = None,
    ) -> ReceivableView:
        more = {"document_root": document_root, "uncarried": uncarried, "credit_pending": credit_pending}
        return shown(cls, row, free=free, **more)


@dataclass(frozen=True, slots=True)
class DebtorLineShareView:
    """What one lender has set of a debtor's line."""

    lender_id: str
    limit: int


@dataclass(frozen=True, slots=True)
class DebtorLineView:
    """A debtor's line, its currency (None: nobody named it yet), and of the lenders' shares those that one may see."""

    debtor_id: str
    currency: str | None
    limit: int
    used: int
    shares: tuple[DebtorLineShareView, ...]

    @classmethod
    def of(cls, row: LineRow, currency: str | None, shares: Sequence[LineShareRow]) -> DebtorLineView:
        return shown(cls, row, currency=currency, shares=tuple(shown(DebtorLineShareView, share) for share in shares))
