"""Funding accounts: what comes out."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.schemas.common import Moment, major
from chainfin.services.books import funding_accounts
from chainfin.services.payments.deposits import DepositInstruction
from chainfin.services.payments.incoming import COLLECTION_ACCOUNT
from chainfin.storage.funding_tables import FundingAccountRow


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
    def of(cls, row: FundingAccountRow) -> FundingOut:
        return cls(
            id=row.id,
            lender_id=row.lender_id,
            currency=row.currency,
            balance=major(row.balance, row.currency),
            committed=major(row.committed, row.currency),
            available=str(funding_accounts.value(row).available),
            updated_at=row.updated_at,
        )


class DepositInstructionOut(BaseModel):
    """What a lender's bank is told, to place money for lending."""

    account: str = Field(description="to which it pays")
    remittance: str
    payer_account: str = Field(description="from which alone it is taken; what comes from another goes back")

    @classmethod
    def of(cls, told: DepositInstruction) -> DepositInstructionOut:
        return cls(account=COLLECTION_ACCOUNT, remittance=told.remittance, payer_account=told.payer_account)
