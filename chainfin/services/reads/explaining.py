"""What is said to an applicant: the decision's reasons, at the cost of the terms, and how the application ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from chainfin.error_titles import title
from chainfin.risk.explain import Cost, Sentence, explain
from chainfin.rules.application import OVER, State
from chainfin.rules.loan import LoanTerms, cost_to_borrower, product, schedule
from chainfin.services.kernel.context import Context
from chainfin.storage.lending_tables import ApplicationRow, OfferRow
from chainfin.values.money import Money, days_between
from chainfin.values.product import Product

_ENDED: Final[Mapping[State, tuple[str, str]]] = MappingProxyType(
    {
        State.DECLINED: ("Declined.", "未获批准。"),
        State.EXPIRED: (
            "The application has ended: nobody accepted or decided in time.",
            "未在期限内接受或复核，申请已失效。",
        ),
        State.WITHDRAWN: ("The application was withdrawn.", "申请已撤回。"),
        State.REVOKED: ("The offer has ended: its lender revoked it.", "要约已终止：资金方已撤销。"),
        State.FAILED: ("It was approved, but no money was paid out.", "已批准，但未放款。"),
    }
)
"""How an application came to nothing. Of one that was paid out the decision stands."""
assert _ENDED.keys() == OVER - {State.FUNDED}, "every end has its words"


def told(ctx: Context, row: ApplicationRow, offer: OfferRow | None) -> list[Sentence]:
    """The decision and what became of it, in sentences for the applicant. Nothing before anything is known."""
    record = None if row.record is None else json.loads(row.record)
    ended = _ended(row, record)
    if record is None:
        return ended
    return explain(record, cost=None if ended else _cost(ctx, record, offer), ended=ended)


def limit_parts(row: ApplicationRow) -> list[dict[str, Any]]:
    """What makes up the limit of an application on the general path."""
    return [] if row.record is None else list(json.loads(row.record)["outcome"].get("limit_parts", []))


def _ended(row: ApplicationRow, record: Mapping[str, Any] | None) -> list[Sentence]:
    """How it ended and why; what the record itself refuses, it tells itself."""
    state = State(row.status)
    if state not in _ENDED:
        return []
    known = () if record is None else tuple(refusal["code"] for refusal in record["outcome"]["refusals"])
    why = [(str(each["code"]), str(each["message"])) for each in row.refusals if each["code"] not in known]
    reasons = [Sentence(_sentence(message), f"{title(code, 'zh') or message}。") for code, message in why]
    return [Sentence(*_ENDED[state]), *reasons]


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:].rstrip('.')}."


def _cost(ctx: Context, record: Mapping[str, Any], offer: OfferRow | None) -> Cost | None:
    """What the loan costs by the terms that are offered, or that would be; None where the record proposes none."""
    outcome = record["outcome"]
    if outcome["maturity_on"] is None:
        return None
    terms = _proposed(ctx, record) if offer is None else LoanTerms.from_json(offer.terms, ctx.calendar)
    plan = schedule(terms)
    return Cost(
        days=days_between(terms.start, plan.due_dates[-1]),
        end=plan.due_dates[-1],
        nominal=terms.maturity,
        interest=plan.interest,
        yearly=cost_to_borrower(terms),
    )


def _proposed(ctx: Context, record: Mapping[str, Any]) -> LoanTerms:
    """The terms that the record proposes to the lender's underwriter."""
    outcome = record["outcome"]
    return product.current(Product(record["product"])).loan_terms(
        principal=Money(int(outcome["amount_minor"]), outcome["currency"]),
        annual_rate=Decimal(outcome["annual_rate"]),
        fee=Money(int(outcome["fee_minor"]), outcome["currency"]),
        start=date.fromisoformat(record["inputs"]["business_date"]),
        maturity=date.fromisoformat(outcome["maturity_on"]),
        calendar=ctx.calendar,
    )
