"""A bank's files and statements."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, Field

from api.schemas.common import DocumentText, Input, Moment, Reason, Word, major, states
from chainfin.connectors.iso20022 import status
from chainfin.connectors.iso20022.model import Kind
from chainfin.rules.bank_order import Standing
from chainfin.services.payments.statement_comparison import Compared
from chainfin.services.views.books import BankFileView, BankOrderView, BankStatementView
from chainfin.values.money import Money


class BankFileIn(Input):
    """``document``: the file as XML text; ``name``: what it is called, for people."""

    name: Word
    document: Annotated[DocumentText, Field(description="the bank's file as XML text (ISO 20022)")]


class BankFileProposalIn(BankFileIn):
    """``reason``: how it came, for the person who approves."""

    reason: Reason


class TakenOut(BaseModel):
    """What became of a statement's entries: ``taken`` came in, ``paid`` are orders of ours, ``odd`` are parked."""

    number: str
    account: str
    taken: int
    paid: int
    odd: int
    difference: str | None = Field(description="code of what doesn't follow the statement before, or doesn't add up")


class BankFileBecame(BaseModel):
    """What became of a file once it was taken in."""

    kind: str = states((*Kind, status.MESSAGE))
    taken: list[TakenOut]
    again: int = Field(description="statements that were taken in before")
    statuses: int = Field(description="orders that ended by it")
    parked: int = Field(description="parts that nobody could understand")


class BankFileOut(BaseModel):
    """A bank's file that was handed in."""

    id: str
    name: str
    sha256: str = Field(description="of the file's bytes, hex")
    document: str = Field(description="the bank's file as XML text (ISO 20022)")
    proposal_id: str | None
    became: BankFileBecame | None = Field(description="null until a second person has approved it")
    created_at: Moment

    @classmethod
    def of(cls, seen: BankFileView) -> BankFileOut:
        return cls.model_validate(seen, from_attributes=True)


class NotInBookOut(BaseModel):
    """An entry that the book doesn't have as the file tells it."""

    place: str = Field(description="entry and payment within it, counted from 1")
    bank_ref: str
    amount: str | None = Field(description="signed; null: it can't be read")
    why: str


class ComparedOut(BaseModel):
    """A statement held against the book."""

    account: str
    currency: str
    number: str
    opening: str | None
    closing: str | None
    fits: int = Field(description="entries that the book has as the file tells them")
    not_in_book: list[NotInBookOut]
    not_on_it: list[str] = Field(description="payments of its days that the book has and it doesn't")

    @classmethod
    def of(cls, seen: Compared) -> ComparedOut:
        def shown(amount: Money | None) -> str | None:
            return None if amount is None else str(amount)

        differ = [
            NotInBookOut(place=each.place, bank_ref=each.bank_ref, amount=shown(each.amount), why=each.why)
            for each in seen.not_in_book
        ]
        return cls(
            account=seen.account,
            currency=seen.currency,
            number=seen.number,
            opening=shown(seen.opening),
            closing=shown(seen.closing),
            fits=seen.fits,
            not_in_book=differ,
            not_on_it=list(seen.not_on_it),
        )


class BankFileComparison(BaseModel):
    """A bank's file held against the book; nothing of it is kept or booked."""

    sha256: str = Field(description="of the file's bytes, hex")
    compared: list[ComparedOut]


class BankStatementOut(BaseModel):
    """Balances are signed: below zero is overdrawn."""

    id: str
    account: str
    currency: str
    kind: str = states(Kind)
    number: str = Field(description="the bank's own")
    sequence: int | None
    page: int
    opening: str | None
    closing: str | None
    closing_on: dt.date | None
    difference: str | None
    source: str = Field(description="the file")
    taken_at: Moment

    @classmethod
    def of(cls, seen: BankStatementView) -> BankStatementOut:
        shown = asdict(seen)
        for name in ("opening", "closing"):
            shown[name] = None if shown[name] is None else major(shown[name], seen.currency)
        return cls.model_validate(shown)


class WriteAgainIn(Input):
    """How it is known that the bank never had the order's file."""

    reason: Reason


class BankOrderOut(BaseModel):
    """An order that went to the bank as a file."""

    instruction_id: str
    standing: str = states(Standing)
    written_again: list[dict[str, str]]

    @classmethod
    def of(cls, seen: BankOrderView) -> BankOrderOut:
        return cls.model_validate(seen, from_attributes=True)
