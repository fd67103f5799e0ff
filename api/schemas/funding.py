"""Funding accounts: what comes out."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.schemas.common import Moment, major
from chainfin.services.payments.deposits import DepositInstruction
from chainfin.services.views.books import FundingAccountView


class FundingOut(BaseModel):
    """A lender's money for lending in one currency."""

    id: str
    lender_id: str
    currency: str
    balance: str = Field(description="the lender's cash in the book; below zero only for what was lent before accounts")
    committed: str = Field(description="of it, held for loans that are accepted and not yet paid out")
    available: str = Field(description="what new loans can be paid out of")
    updated_at: Moment

    @classmethod
    def of(cls, seen: FundingAccountView) -> FundingOut:
        return cls(
            id=seen.id,
            lender_id=seen.lender_id,
            currency=seen.currency,
            balance=major(seen.balance, seen.currency),
            committed=major(seen.committed, seen.currency),
            available=major(seen.available, seen.currency),
            updated_at=seen.updated_at,
        )


class DepositInstructionOut(BaseModel):
    """What a lender's bank is told, to place money for lending."""

    account: str = Field(description="to which it pays; it stands in the lender's name")
    reference: str = Field(description="the creditor reference (ISO 11649), as it is printed")
    payer_account: str = Field(description="from which alone it is taken; what comes from another goes back")

    @classmethod
    def of(cls, instruction: DepositInstruction) -> DepositInstructionOut:
        return cls(
            account=instruction.account, reference=instruction.remittance, payer_account=instruction.payer_account
        )
