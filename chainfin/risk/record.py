"""The decision record: everything that a decision knew and said, as canonical bytes whose hash goes on chain.

The bytes are RFC 8785 JSON; `DecisionRecord.hash` is their SHA-256 (not Keccak: an auditor needs nothing but a standard
library to check it). No floats: amounts are strings of whole minor units, rates decimal strings at the scale that the
policy declares, counts and days whole numbers.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from chainfin.canon import canonical_bytes
from chainfin.errors import BadInput, Refusal
from chainfin.values.product import Product

SCHEMA = "chainfin.decision/1"

RECEIVABLE = Product.RECEIVABLE_PLEDGE.value
INVENTORY = Product.INVENTORY_PLEDGE.value
GENERAL = Product.GENERAL_310.value

KEYS = frozenset(
    {"schema", "product", "decided_at", "chain", "inputs", "features", "scores", "policy", "models", "outcome"}
)
REVIEW = "review"
"""A further key, where a person at the lender's had a word in the decision."""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision. ``canonical`` is the record; everything else is read from it."""

    canonical: bytes

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> DecisionRecord:
        """Raises BadInput decision_record_malformed (keys) or record_not_canonical (a float, a huge integer)."""
        if content.keys() - {REVIEW} != KEYS or content["schema"] != SCHEMA:
            raise BadInput("decision_record_malformed", f"not a {SCHEMA} record")
        return cls(canonical_bytes(content))

    @classmethod
    def parse(cls, data: bytes) -> DecisionRecord:
        """Read stored bytes. Raises BadInput decision_record_malformed unless they are exactly canonical."""
        try:
            # orjson first: nested without end it refuses, where the standard parser would end the process.
            orjson.loads(data)
            content = json.loads(data)
        except (ValueError, RecursionError):
            raise BadInput("decision_record_malformed", "the record is not JSON") from None
        if not isinstance(content, dict):
            raise BadInput("decision_record_malformed", "the record is not a JSON object")
        record = cls.of(content)
        if record.canonical != data:
            raise BadInput("decision_record_malformed", "the record's bytes are not in canonical form")
        return record

    def hash(self) -> str:
        """SHA-256 of the canonical bytes, 0x and 64 hex digits: the ``decisionHash`` of the pledge on chain."""
        return "0x" + hashlib.sha256(self.canonical).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """A fresh copy of the content."""
        content: dict[str, Any] = json.loads(self.canonical)
        return content

    @property
    def product(self) -> str:
        return str(self.as_dict()["product"])

    @property
    def outcome(self) -> Outcome:
        return Outcome.read(self.as_dict()["outcome"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome in Python's types. Terms are those of an approval, or those proposed to the reviewer; nil and None
    where the decision is a refusal.

    ``pledge_minor`` (receivable) and ``pledge_thousandths`` (inventory): the least part of the asset that carries the
    amount at the advance rate. ``cure_days``: business days to meet a margin call, None before the third inventory
    policy; ``cure_rate``: at or below which a call is met, None before the fourth. ``limit_minor``: the 310 path's
    limit. ``yearly_rate``: the effective yearly cost (IRR) of one sum repaid at the end, fee included.
    """

    decision: str
    currency: str
    amount_minor: int
    binding: str | None
    advance_rate: Decimal | None
    annual_rate: Decimal | None
    fee_minor: int
    interest_minor: int
    yearly_rate: Decimal | None
    loan_days: int
    maturity_on: dt.date | None
    pledge_minor: int | None
    pledge_thousandths: int | None
    margin_call_rate: Decimal | None
    liquidation_rate: Decimal | None
    cure_days: int | None
    cure_rate: Decimal | None
    limit_minor: int | None
    refusals: tuple[Refusal, ...]
    reviews: tuple[Refusal, ...]
    notes: tuple[Refusal, ...]

    @property
    def approved(self) -> bool:
        return self.decision == "approved"

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Outcome:
        def decimal(name: str) -> Decimal | None:
            return None if data.get(name) is None else Decimal(data[name])

        def whole(name: str) -> int | None:
            return None if data.get(name) is None else int(data[name])

        def reasons(name: str) -> tuple[Refusal, ...]:
            return tuple(Refusal(one["code"], one["en"], {**one["proof"], "zh": one["zh"]}) for one in data[name])

        return cls(
            decision=data["decision"],
            currency=data["currency"],
            amount_minor=int(data["amount_minor"]),
            binding=data["binding"],
            advance_rate=decimal("advance_rate"),
            annual_rate=decimal("annual_rate"),
            fee_minor=int(data["fee_minor"]),
            interest_minor=int(data["interest_minor"]),
            yearly_rate=decimal("yearly_rate"),
            loan_days=data["loan_days"],
            maturity_on=None if data["maturity_on"] is None else dt.date.fromisoformat(data["maturity_on"]),
            pledge_minor=whole("pledge_minor"),
            pledge_thousandths=whole("pledge_thousandths"),
            margin_call_rate=decimal("margin_call_rate"),
            liquidation_rate=decimal("liquidation_rate"),
            cure_days=whole("cure_days"),
            cure_rate=decimal("cure_rate"),
            limit_minor=whole("limit_minor"),
            refusals=reasons("refusals"),
            reviews=reasons("reviews"),
            notes=reasons("notes"),
        )
