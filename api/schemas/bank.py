"""A bank's files and statements."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, Field

from api.schemas.common import DocumentText, Input, Moment, Reason, Word, major, states
from chainfin.connectors.bank_files import Report
from chainfin.connectors.iso20022 import status
from chainfin.connectors.iso20022.model import Kind
from chainfin.rules.bank_order import Standing
from chainfin.services.views.books import BankOrderView, BankStatementView


class BankFileIn(Input):
    """``document``: the file as XML text; ``name``: what it is called, for people."""

    name: Word
    document: Annotated[DocumentText, Field(description="the bank's file as XML text (ISO 20022)")]


class TakenOut(BaseModel):
    """What became of a statement's entries: ``taken`` came in, ``paid`` are orders of ours, ``odd`` are parked."""

    number: str
    account: str
    taken: int
    paid: int
    odd: int
    difference: str | None = Field(description="code of what doesn't follow the statement before, or doesn't add up")


class BankFileOut(BaseModel):
    kind: str = states((*Kind, status.MESSAGE))
    statements: list[TakenOut]
    again: int = Field(description="statements that were taken in before")
    statuses: int = Field(description="orders that ended by it")
    parked: int = Field(description="parts that nobody could understand")

    @classmethod
    def of(cls, report: Report) -> BankFileOut:
        return cls(
            kind=report.kind,
            statements=[TakenOut.model_validate(each, from_attributes=True) for each in report.taken],
            again=report.again,
            statuses=report.statuses,
            parked=report.parked,
        )


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
