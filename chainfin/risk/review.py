"""A person's word in a decision: where the policy sends an application to the lender's underwriter, who decides.

It can let pass what the rules leave open, and refuse anything; what the rules refuse it can't approve. Its word is a
part of the record, and so of the record's hash.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from chainfin.errors import BadInput
from chainfin.risk.record import DecisionRecord

Word = Literal["approved", "refused"]
REFUSED: Final = "refused_by_lender"
_NOTHING: Final[Mapping[str, object]] = {
    "amount_minor": "0",
    "binding": None,
    "advance_rate": None,
    "annual_rate": None,
    "fee_rate": None,
    "fee_minor": "0",
    "interest_minor": "0",
    "yearly_rate": None,
    "maturity_on": None,
}
"""Terms of what is refused; those that only some products have are set to None where they are."""


@dataclass(frozen=True, slots=True)
class Review:
    """Which party's underwriter said what, when (UTC), and why."""

    by: str
    decision: Word
    reason: str
    at: dt.datetime

    def as_json(self) -> dict[str, str]:
        return {"by": self.by, "decision": self.decision, "reason": self.reason, "at": self.at.isoformat()}

    @classmethod
    def from_json(cls, raw: object) -> Review:
        """Raises BadInput decision_record_malformed unless it is exactly what `as_json` gives."""
        if isinstance(raw, Mapping) and raw.get("decision") in ("approved", "refused"):
            try:
                read = cls(
                    str(raw["by"]),
                    cast(Word, raw["decision"]),
                    str(raw["reason"]),
                    dt.datetime.fromisoformat(str(raw["at"])),
                )
            except (KeyError, ValueError):
                read = None
            if read is not None and read.as_json() == dict(raw):
                return read
        raise BadInput("decision_record_malformed", "the review is not one", where="/review")


def reviewed(record: DecisionRecord, review: Review) -> DecisionRecord:
    """The record with the underwriter's word and what follows from it."""
    content = record.as_dict()
    outcome: dict[str, Any] = content["outcome"]
    if review.decision == "refused":
        outcome.update(_NOTHING)
        outcome.update({name: None for name in outcome if name.startswith("pledge_")})
        outcome["decision"] = "declined"
        outcome["refusals"].append(
            {
                "code": REFUSED,
                "en": f"The lender refuses: {review.reason}",
                "zh": f"资金方未予批准：{review.reason}",
                "proof": {"by": review.by},
            }
        )
    elif outcome["decision"] == "review":
        outcome["decision"] = "approved"
    return DecisionRecord.of({**content, "review": review.as_json()})
