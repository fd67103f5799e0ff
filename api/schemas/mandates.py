"""Lenders' mandates: what goes in and out."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.schemas.common import AmountIn, Input, Moment, ZonedMoment, major
from chainfin.services.lending.mandates import Standing
from chainfin.values.product import Product

Grade = Literal["A", "B", "C", "D"]


class MandateIn(Input):
    """What a lender allows its money to be lent for. Products are covered under the policies that decide on them today
    (`/v1/policies`)."""

    products: Annotated[list[Product], Field(min_length=1, max_length=len(Product))]
    amount: AmountIn = Field(description="the most that may be held and outstanding at once")
    grades: Annotated[list[Grade], Field(min_length=1, max_length=4)] = Field(
        default=["A", "B", "C", "D"],
        description="of who is expected to pay: the debtor of a receivable, else the borrower",
    )
    rate_floor: Annotated[Decimal, Field(ge=0, le=1, max_digits=7, decimal_places=6)] = Field(
        default=Decimal(0), description="the least yearly rate, 0.035 for 3.5 %"
    )
    not_before: ZonedMoment | None = Field(default=None, description="now, if left out")
    expires_at: ZonedMoment


class MandateOut(BaseModel):
    """A mandate. ``prepared``: sign ``typed_data`` and send the signature to its /signature."""

    id: str
    lender_id: str
    products: list[str]
    policies: dict[str, str] = Field(description="product → hash of the policy that decides on it")
    currency: str
    amount: str
    held: str = Field(description="promised to offers")
    used: str = Field(description="outstanding")
    grades: list[str]
    rate_floor: str
    not_before: Moment
    expires_at: Moment
    status: Literal["prepared", "active", "revoked"]
    signer: str
    typed_data: dict[str, Any]
    signature: str | None
    created_at: Moment
    revoked_at: Moment | None

    @classmethod
    def of(cls, standing: Standing) -> MandateOut:
        row, value = standing.row, standing.value
        return cls.model_validate(
            {
                "id": row.id,
                "lender_id": row.lender_id,
                "products": sorted(value.policies),
                "policies": row.policies,
                "currency": row.currency,
                "amount": major(row.amount, row.currency),
                "held": major(standing.held, row.currency),
                "used": major(standing.used, row.currency),
                "grades": row.grades,
                "rate_floor": row.rate_floor,
                "not_before": row.not_before,
                "expires_at": row.expires_at,
                "status": row.status,
                "signer": row.signer,
                "typed_data": row.typed_data,
                "signature": row.signature,
                "created_at": row.created_at,
                "revoked_at": row.revoked_at,
            }
        )
