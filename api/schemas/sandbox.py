"""The sandbox: what a participant does outside, at its own bank and with its own data."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.common import Amount, AmountIn, Input, Line, Moment
from chainfin.connectors.sandbox.statement import Booked, Statement
from chainfin.connectors.wire import IncomingDocument

AccountNumber = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x2e\x30-\x7e]+$")]
"""Printable ASCII without blanks and slashes, as banks' messages take it."""
Source = Literal["tax", "payments", "marketplace"]


class SandboxPaymentIn(Input):
    """A transfer from one's own account, as one would order it at one's bank."""

    account: AccountNumber = Field(description="to which is paid")
    reference: Line = Field(description="what is written on it: the creditor reference, as the instruction says it")
    amount: AmountIn


class SandboxPaymentOut(BaseModel):
    """As the bank has booked it. The service hears of it by the bank's feed, a moment later."""

    bank_reference: str
    payer_account: str
    account: str
    reference: str
    amount: Amount
    at: Moment

    @classmethod
    def of(cls, line: IncomingDocument) -> SandboxPaymentOut:
        return cls(
            bank_reference=line.bank_reference,
            payer_account=line.payer_account,
            account=line.payee_account,
            reference=line.remittance,
            amount=Amount(amount=line.amount, currency=line.currency),
            at=line.at,
        )


class SandboxLineOut(BaseModel):
    """A line of the account's statement."""

    at: Moment
    direction: Literal["in", "out"]
    amount: Amount
    bank_reference: str
    other_account: str = Field(description="empty where the bank doesn't tell it")
    text: str

    @classmethod
    def of(cls, line: Booked) -> SandboxLineOut:
        fields = line.model_dump(exclude={"amount", "currency"})
        return cls(**fields, amount=Amount(amount=line.amount, currency=line.currency))


class SandboxStatementOut(BaseModel):
    """The newest 200 lines of one's own account, the oldest of them first."""

    account: str
    lines: list[SandboxLineOut]

    @classmethod
    def of(cls, seen: Statement) -> SandboxStatementOut:
        return cls(account=seen.account, lines=[SandboxLineOut.of(line) for line in seen.lines])


class SandboxConsentIn(Input):
    """From which sources a lender may read one's figures."""

    sources: Annotated[list[Source], Field(min_length=1, max_length=3)]


class SandboxConsentOut(BaseModel):
    """What an application on the general path carries as its ``consent``."""

    token: str
    sources: list[Source]
    valid_until: dt.date
