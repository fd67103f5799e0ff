"""The general 310 path: features of sales data, and a limit as parts that add up to it exactly.

``limit = base + adjustments − debts (+ floor) (− cap) − rounding (− minimum)``: every part is a whole number of minor
units with its sentence; factors come from the policy. Each adjustment is a share of the base rounded towards minus
infinity (the lender gains less than one minor unit a part).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

from pydantic import model_validator

from chainfin.risk.features import Features, bps
from chainfin.risk.inputs import Block, CommonInputs, Headroom, Minor
from chainfin.risk.policy import Fact, Policy, PolicyOutcome, plain_fact, shown_fact
from chainfin.risk.sales import SalesData

CAP = "limit_most_minor"
"""The policy's name for the most that a limit can be."""
RATIO_MAX = 10_000_000
"""Ratios are cut off at a thousandfold, so that nearly nothing in the denominator stays readable."""

ADJUSTMENTS = (
    ("trend", "trend_bps"),
    ("volatility", "volatility_bps"),
    ("concentration", "top_customer_bps"),
    ("void", "void_bps"),
    ("tenure", "tenure_months"),
    ("tax", "tax_bps"),
)


class GeneralInputs(CommonInputs):
    """Inputs of the general 310 path. No chain fact is used; ``block`` may be left out.

    ``other_debt_minor``: what the applicant owes elsewhere, from a consented source.
    """

    block: Block | None = None
    sales: SalesData
    other_debt_minor: Minor = 0

    @model_validator(mode="after")
    def _same_terms(self) -> GeneralInputs:
        if self.application.days is None:
            raise ValueError("days must be given")
        if self.sales.currency != self.application.currency:
            raise ValueError("the sales data are in another currency than the application")
        if self.sales.as_of > self.business_date:
            raise ValueError("the sales data are of a later day than the business date")
        return self


@dataclass(frozen=True, slots=True)
class LimitPart:
    """One explained part of a limit; ``facts`` are the numbers in its sentences."""

    code: str
    amount_minor: int
    en: str
    zh: str
    facts: dict[str, Fact]

    def json_dict(self) -> dict[str, object]:
        facts = {name: plain_fact(name, value) for name, value in self.facts.items()}
        return {"code": self.code, "amount_minor": str(self.amount_minor), "en": self.en, "zh": self.zh, "facts": facts}


def sales_features(sales: SalesData) -> Features:
    """All from the whole months of the window; None where the data don't tell (see the registry for meanings)."""
    nets = [month.net_minor for month in sales.months]
    number, total = len(nets), sum(nets)
    gross = sum(month.gross_minor for month in sales.months)
    void = sum(month.void_minor for month in sales.months)
    recent = nets[-3:]
    idle = 0
    for month in reversed(sales.months):
        if month.gross_minor > 0:
            break
        idle += 1
    features: Features = {
        "months_count": number,
        "active_months_count": sum(1 for net in nets if net > 0),
        "idle_months_count": idle,
        "trend_bps": None,
        "volatility_bps": None,
        "jump_bps": None,
        "void_bps": bps(void, gross + void) if sales.voids_known else None,
        "returns_bps": bps(sum(month.returns_minor for month in sales.months), gross),
        "top_customer_bps": _of_customers(sales, sales.top_customer_minor),
        "both_ways_bps": _of_customers(sales, sales.both_ways_minor),
        "tax_bps": None if sales.tax_minor is None else _cut(bps(sales.tax_minor, total)),
        "tenure_months": None,
    }
    if sales.first_sale_on is not None:
        first, today = sales.first_sale_on, sales.as_of
        features["tenure_months"] = max(0, (today.year - first.year) * 12 + today.month - first.month)
    if number >= 3 and total > 0:
        features["trend_bps"] = _cut(sum(recent) * number * 10_000 // (3 * total) - 10_000)
        # the coefficient of variation, sqrt(n·Σx² − (Σx)²) / Σx, in whole numbers
        spread = number * sum(net * net for net in nets) - total * total
        features["volatility_bps"] = _cut(isqrt(spread * 10**8) // total)
        features["jump_bps"] = _cut(bps(max(recent) * number, total))
    return {name: _cut(value) for name, value in features.items()}


def _of_customers(sales: SalesData, part: int | None) -> int | None:
    return None if part is None or sales.customers_net_minor is None else bps(part, sales.customers_net_minor)


def _cut(value: int | None) -> int | None:
    return None if value is None else max(-RATIO_MAX, min(RATIO_MAX, value))


def average_net_minor(sales: SalesData) -> int:
    """Average monthly net sales of the window, rounded down; nil where there are none or they are negative."""
    total = sum(month.net_minor for month in sales.months)
    return max(0, total) // len(sales.months) if sales.months else 0


def limit_parts(
    policy: Policy, terms: PolicyOutcome, known: GeneralInputs, features: Features, grade: str
) -> tuple[LimitPart, ...]:
    """The parts of the limit, in the order in which they are reckoned. Their sum is the limit (`limit_of`)."""
    sales, other_debt_minor = known.sales, known.other_debt_minor
    parts: list[LimitPart] = []

    def add(code: str, amount: int, text: str, **facts: Fact) -> None:
        shown = {name: shown_fact(name, value, sales.currency) for name, value in facts.items()}
        texts = policy.parts[text]
        parts.append(LimitPart(code, amount, texts["en"].format(**shown), texts["zh"].format(**shown), facts))

    average, multiple = average_net_minor(sales), terms.whole("multiple_bps")
    base = average * multiple // 10_000
    add("base", base, "base", average_minor=average, multiple_bps=multiple, grade=grade)
    for code, feature in ADJUSTMENTS:
        factor = terms.whole(f"{code}_bps")
        amount = base * factor // 10_000
        if features[feature] is None:
            add(code, amount, f"{code}_unknown", factor_bps=factor)
        else:
            unit = "feature_months" if feature.endswith("_months") else "feature_bps"
            add(code, amount, code, **{unit: features[feature], "factor_bps": factor})
    if other_debt_minor:
        add("debts", -other_debt_minor, "debts", debts_minor=other_debt_minor)
    cap, step, least = terms.whole("cap_minor"), terms.whole("step_minor"), terms.whole("min_minor")
    if (running := limit_of(parts)) < 0:
        add("floor", -running, "floor")
    if (running := limit_of(parts)) > cap:
        add("cap", cap - running, "cap", cap_minor=cap)
    if rest := limit_of(parts) % step:
        add("rounding", -rest, "rounding", step_minor=step)
    if 0 < (running := limit_of(parts)) < least:
        add("minimum", -running, "minimum", min_minor=least)
    return tuple(parts)


def cap_left(policy: Policy, currency: str, taken_minor: int) -> Headroom:
    """What of the most that a limit can be is left to a borrower that has ``taken_minor`` of this product, from all
    lenders: the cap is one, however many loans it is lent in. Nothing in a currency that the policy doesn't list."""
    most = policy.amounts[CAP].get(currency, 0)
    return Headroom(key=f"cap:{policy.product}", headroom_minor=most - taken_minor)


def limit_of(parts: Sequence[LimitPart]) -> int:
    """The limit: the sum of its parts, minor units."""
    return sum(part.amount_minor for part in parts)
