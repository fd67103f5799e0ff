"""What lender and borrower agreed on: the terms of a loan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from chainfin.errors import BadInput
from chainfin.rules.loan.waterfall import DEFAULT_WATERFALL, Due, checked_waterfall
from chainfin.values.calendar import OFFICIAL, Adjustment, Calendar
from chainfin.values.money import DayCount, Money


class Method(StrEnum):
    """How a loan is repaid. All may be repaid earlier, and then cost only the days used (随借随还)."""

    BULLET = "bullet"  # 到期一次还本付息
    INTEREST_FIRST = "interest_first"  # 先息后本
    EQUAL_INSTALMENTS = "equal_instalments"  # 等额本息
    EQUAL_PRINCIPAL = "equal_principal"  # 等额本金
    SEASONAL = "seasonal"  # harvest dates, by weights


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """Terms. Rates are yearly fractions (0.0650 is 6.5 %).

    ``penalty_rate`` is charged on overdue principal *on top of* ``annual_rate`` (PBoC, 银发〔2003〕251号: 30–50 %).
    No interest is charged on interest. ``fee`` is payable with the first instalment, never withheld from the
    payout. ``period_months`` lie between two due dates; ``seasonal_dates`` (the last is the maturity) with
    ``seasonal_weights`` (equal if empty) replace it for the seasonal method. ``adjustment``: what becomes of a due date
    that is no business day of the ``calendar``. ``cost_cap``: what the loan may cost in a year, all in, whenever it is
    repaid (None: no cap); what would be above is let off.

    Raises BadInput loan_terms_invalid (``where`` names the field), currency_mismatch, waterfall_invalid.
    """

    principal: Money
    annual_rate: Decimal
    start: date
    maturity: date
    method: Method = Method.BULLET
    day_count: DayCount = DayCount.ACT_360
    fee: Money | None = None
    penalty_rate: Decimal = Decimal(0)
    period_months: int = 1
    seasonal_dates: tuple[date, ...] = ()
    seasonal_weights: tuple[int, ...] = ()
    adjustment: Adjustment = Adjustment.NONE
    waterfall: tuple[Due, ...] = DEFAULT_WATERFALL
    cost_cap: Decimal | None = None
    calendar: Calendar = OFFICIAL

    def __post_init__(self) -> None:
        _require(self.principal.minor > 0, "principal", "the principal must be greater than zero")
        _require(self.maturity > self.start, "maturity", f"the maturity {self.maturity} isn't after {self.start}")
        for name, rate in (("annual_rate", self.annual_rate), ("penalty_rate", self.penalty_rate)):
            _require(rate.is_finite() and 0 <= rate < 100, name, f"{rate} is no yearly rate")
        cap = self.cost_cap
        _require(cap is None or (cap.is_finite() and 0 <= cap < 100), "cost_cap", f"{cap} is no yearly rate")
        _require(self.period_months >= 1, "period_months", "due dates lie at least a month apart")
        if self.fee is not None:
            _require(self.fee >= Money.zero(self.principal.currency), "fee", "a fee can't be negative")
        checked_waterfall(self.waterfall)
        self._check_seasons()

    @classmethod
    def from_json(cls, body: Mapping[str, object], calendar: Calendar) -> LoanTerms:
        """Read `as_json` back; due dates follow the ``calendar``.

        Raises KeyError, ValueError, and BadInput as the constructor and `Money.parse` do.
        """
        currency = str(body["currency"])
        return cls(
            principal=Money.parse(str(body["principal"]), currency),
            annual_rate=Decimal(str(body["annual_rate"])),
            start=date.fromisoformat(str(body["start"])),
            maturity=date.fromisoformat(str(body["maturity"])),
            method=Method(str(body["method"])),
            day_count=DayCount(str(body["day_count"])),
            fee=Money.parse(str(body["fee"]), currency),
            penalty_rate=Decimal(str(body["penalty_rate"])),
            period_months=int(str(body["period_months"])),
            adjustment=Adjustment(str(body.get("adjustment", "none"))),
            cost_cap=None if body.get("cost_cap") is None else Decimal(str(body["cost_cap"])),
            calendar=calendar,
        )

    def as_json(self) -> dict[str, object]:
        """The terms as they are stored, offered and hashed. No offer has seasons or a waterfall of its own."""
        return {
            "principal": str(self.principal),
            "currency": self.currency,
            "annual_rate": str(self.annual_rate),
            "start": self.start.isoformat(),
            "maturity": self.maturity.isoformat(),
            "method": self.method.value,
            "day_count": self.day_count.value,
            "fee": str(self.fee_or_zero),
            "penalty_rate": str(self.penalty_rate),
            "period_months": self.period_months,
            "adjustment": self.adjustment.value,
            "cost_cap": None if self.cost_cap is None else str(self.cost_cap),
        }

    def _check_seasons(self) -> None:
        dates, weights = self.seasonal_dates, self.seasonal_weights
        if self.method is not Method.SEASONAL:
            _require(not dates and not weights, "seasonal_dates", f"{self.method} knows no seasons")
            return
        ordered = list(dates) == sorted(set(dates)) and bool(dates)
        _require(
            ordered and dates[0] > self.start and dates[-1] == self.maturity,
            "seasonal_dates",
            "seasonal dates ascend from after the start to the maturity",
        )
        _require(
            not weights or (len(weights) == len(dates) and all(weight > 0 for weight in weights)),
            "seasonal_weights",
            "there must be a positive weight for each seasonal date",
        )

    @property
    def currency(self) -> str:
        return self.principal.currency

    @property
    def fee_or_zero(self) -> Money:
        return self.fee if self.fee is not None else Money.zero(self.currency)


def _require(condition: bool, field: str, message: str) -> None:
    if not condition:
        raise BadInput("loan_terms_invalid", message, where=field)
