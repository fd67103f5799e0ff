"""Parked items."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.common import Input, Line, Moment, Reason, Ref, ZonedMoment
from chainfin.services.views.oversight import ParkedView

ParkedStatus = Literal["open", "retried", "resolved"]
"""`rules.parked_item.ParkedState`, written out: so the document says it without a name of its own."""


class ResolveIn(Input):
    """What was done about it."""

    reason: Reason


class AllocationIn(Input):
    """For which claim a parked payment is: a loan, a receivable, or a pledge whose goods are bought back."""

    kind: Literal["loan", "receivable", "buy_back"]
    id: Ref
    reason: Reason


class PayeeIn(Input):
    """To which account a payment goes that can't go back to where it came from."""

    account: Line
    name: Line
    reason: Reason


class PassedOnIn(Input):
    """By which number of the bank's a lender's share was passed on to it."""

    reference: Line
    reason: Reason


class OutcomeIn(Input):
    """What became of a command whose partner's answers can't be taken in."""

    became: Literal["done", "refused"]
    at: ZonedMoment | None = None
    reference: Line | None = None
    reason: Reason


class TryOut(BaseModel):
    """A further try that was in vain."""

    at: Moment
    code: str = Field(description="stable code of why it could not be taken in then")
    detail: str


class ParkedOut(BaseModel):
    """An item that was put aside whole, with the reason of the last try."""

    id: str
    source: str = Field(description="the feed that it came from")
    kind: str
    subject: str = Field(description="what it is about, as far as that could be read")
    payload: str = Field(description="the whole item, JSON as text; what is not ASCII is escaped")
    reason: str = Field(description="stable code of why it could not be taken in, at the last try")
    detail: str = Field(description="the sentence of the first try")
    first_seen_at: Moment
    last_tried_at: Moment
    attempts: int
    tries: list[TryOut] = Field(description="each further try that was in vain, the newest 50")
    status: ParkedStatus
    resolved_by: str | None
    resolution: str | None

    @classmethod
    def of(cls, seen: ParkedView) -> ParkedOut:
        return cls.model_validate(seen, from_attributes=True)
