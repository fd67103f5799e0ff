"""Credit lines on chain."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.schemas.common import AmountOrNoneIn, Input, Ref, major
from chainfin.services.views.trade import DebtorLineView


class DebtorLineIn(Input):
    """A lender's own share of a debtor's line, in the currency of the debtor's orders; zero takes it back."""

    debtor_id: Ref = Field(description="of a participant that carries the role lined")
    limit: AmountOrNoneIn


class DebtorLineShareOut(BaseModel):
    lender_id: str
    limit: str


class DebtorLineOut(BaseModel):
    """What all lenders together allow, and what of it the debtor's confirmed debt uses (above it, once it was lowered).

    ``shares``: for the debtor of every lender, for a lender its own.
    """

    debtor_id: str
    currency: str | None = Field(description="none while nobody has named it: then amounts are in minor units")
    limit: str
    used: str
    shares: list[DebtorLineShareOut]

    @classmethod
    def of(cls, view: DebtorLineView) -> DebtorLineOut:
        def text(minor: int) -> str:
            return str(minor) if view.currency is None else major(minor, view.currency)

        return cls(
            debtor_id=view.debtor_id,
            currency=view.currency,
            limit=text(view.limit),
            used=text(view.used),
            shares=[DebtorLineShareOut(lender_id=share.lender_id, limit=text(share.limit)) for share in view.shares],
        )
