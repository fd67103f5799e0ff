"""Lenders' mandates: what goes in and out."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.schemas.common import AmountIn, Input, Moment, ZonedMoment, major, states
from chainfin.rules.mandate import MandateState
from chainfin.services.views.lending import MandateView
from chainfin.values.product import Product

Grade = Literal["A", "B", "C", "D"]


class MandateIn(Input):
    """What a lender allows its money to be lent for. Products are covered under the policies that decide on them today
    (`/v1/policies`) and the product documents that hold today (`/v1/products`)."""

    products: Annotated[list[Product], Field(min_length=1, max_length=len(Product))]
    amount: AmountIn = Field(description="the most that may be held and outstanding at once")
    grades: Annotated[list[Grade], Field(min_length=1, max_length=4)] = Field(
        description="of who is expected to pay: the debtor of a receivable, else the borrower"
    )
    rate_floor: Annotated[Decimal, Field(ge=0, le=1, max_digits=7, decimal_places=6)] = Field(
        default=Decimal(0), description="the least yearly rate, 0.035 for 3.5 %"
    )
    not_before: ZonedMoment | None = Field(default=None, description="now, if left out")
    expires_at: ZonedMoment


class MandateOut(BaseModel):
    """A mandate. ``prepared``: sign ``typed_data`` and send the signature to its /signature; where ``proposal_id`` is
    set, its key is in custody and a second person of the lender approves. ``revoked``: sign ``revocation`` and send the
    signature to its /revocation/signature, and keep both: they are the proof of when it ended."""

    id: str
    lender_id: str
    products: list[Product]
    policies: dict[str, str] = Field(description="product → hash of the policy that decides on it")
    documents: dict[str, str] = Field(
        description="product → hash of the product document that its loans follow; a mandate without one lends nothing"
    )
    currency: str
    amount: str
    held: str = Field(description="promised to offers")
    used: str = Field(description="outstanding")
    grades: list[Grade]
    rate_floor: str
    not_before: Moment
    expires_at: Moment
    status: str = states(MandateState)
    signer: str
    typed_data: dict[str, Any]
    signature: str | None
    proposal_id: str | None
    created_at: Moment
    revoked_at: Moment | None
    revocation: dict[str, Any] | None = Field(description="typed data; it holds whether it is signed or not")
    revocation_signature: str | None

    @classmethod
    def of(cls, seen: MandateView) -> MandateOut:
        return cls.model_validate(
            {
                "id": seen.id,
                "lender_id": seen.lender_id,
                "products": sorted(seen.policies),
                "policies": seen.policies,
                "documents": seen.documents,
                "currency": seen.currency,
                "amount": major(seen.amount, seen.currency),
                "held": major(seen.held, seen.currency),
                "used": major(seen.used, seen.currency),
                "grades": seen.grades,
                "rate_floor": seen.rate_floor,
                "not_before": seen.not_before,
                "expires_at": seen.expires_at,
                "status": seen.status,
                "signer": seen.signer,
                "typed_data": seen.typed_data,
                "signature": seen.signature,
                "proposal_id": seen.proposal_id,
                "created_at": seen.created_at,
                "revoked_at": seen.revoked_at,
                "revocation": seen.revocation,
                "revocation_signature": seen.revocation_signature,
            }
        )
