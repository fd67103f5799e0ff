"""The feature registry: every number a scorecard or policy may look at, what it means and its unit.

Features are whole numbers or None (not known): counts, days, months, and ratios in hundredths of a percent (bps)
rounded down. None is never the same as zero; a scorecard says what a missing value is worth.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chainfin.errors import BadInput
from chainfin.risk.inputs import History

Features: TypeAlias = dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Feature:
    """One entry of the registry."""

    name: str
    unit: Literal["count", "days", "months", "bps"]
    en: str
    zh: str


_ALL = (
    Feature("settled_count", "count", "receivables settled before", "以往已结清应收账款笔数"),
    Feature("dilution_bps", "bps", "share lost to credit notes and returns", "贸易折减比例"),
    Feature("disputed_bps", "bps", "share of receivables disputed", "争议应收账款占比"),
    Feature("late_bps", "bps", "share of settlements that came late", "逾期结清占比"),
    Feature("counterparties_count", "count", "trading partners", "交易对手数量"),
    Feature("tenure_days", "days", "days since the first trade", "首笔交易至今天数"),
    Feature("cancelled_bps", "bps", "share of invoices cancelled", "发票作废率"),
    Feature("concentration_bps", "bps", "share of the largest partner", "最大交易对手占比"),
    Feature("size_ratio_bps", "bps", "this amount against the usual amount", "本笔金额与以往平均之比"),
    Feature("document_age_days", "days", "days since the document was issued", "单据签发至今天数"),
    Feature("months_count", "months", "months with sales data", "有销售数据的月数"),
    Feature("active_months_count", "months", "months with sales in the last twelve", "近十二个月有销售的月数"),
    Feature("trend_bps", "bps", "last three months against the average", "近三个月相对均值的变化"),
    Feature("volatility_bps", "bps", "how far months differ from each other", "月度销售波动率"),
    Feature("void_bps", "bps", "share of sales voided", "作废金额占比"),
    Feature("returns_bps", "bps", "share of sales returned", "退货（红冲）占比"),
    Feature("top_customer_bps", "bps", "share of the largest customer", "最大客户占比"),
    Feature("both_ways_bps", "bps", "share sold to one's own suppliers", "对互为买卖方的销售占比"),
    Feature("jump_bps", "bps", "highest recent month against the average", "近期最高月与均值之比"),
    Feature("tax_bps", "bps", "tax against net sales", "税额占净销售比例"),
    Feature("tenure_months", "months", "months since the first sale", "首笔销售至今月数"),
)
REGISTRY: dict[str, Feature] = {feature.name: feature for feature in _ALL}


def bps(part: int, whole: int) -> int | None:
    """``part / whole`` in hundredths of a percent, rounded towards minus infinity; None where whole is nil."""
    return part * 10_000 // whole if whole > 0 else None


def days_between(earlier: dt.date | None, later: dt.date) -> int | None:
    """Whole days; None where the earlier date isn't known. Raises BadInput decision_inputs_invalid if it is later."""
    if earlier is None:
        return None
    days = (later - earlier).days
    if days < 0:
        raise BadInput("decision_inputs_invalid", f"{earlier} lies after the business date {later}")
    return days


def history_features(history: History, today: dt.date) -> Features:
    """The credit features of a borrower's or a debtor's trade history."""
    return {
        "settled_count": history.settled_count,
        "dilution_bps": bps(history.diluted_minor, history.receivables_minor),
        "disputed_bps": bps(history.disputed_count, history.receivables_count),
        "late_bps": bps(history.late_count, history.settled_count),
        "counterparties_count": history.counterparties_count,
        "tenure_days": days_between(history.first_trade_on, today),
        "cancelled_bps": bps(history.invoices_cancelled_count, history.invoices_count),
        "concentration_bps": bps(history.largest_counterparty_minor, history.receivables_minor),
    }


def fraud_features(history: History, today: dt.date, amount_minor: int, issued_on: dt.date | None) -> Features:
    """What a forged or stuffed trade tends to show: an amount out of proportion, cancelled invoices, disputes."""
    average = history.receivables_minor // history.receivables_count if history.receivables_count else 0
    ratio = bps(amount_minor, average)
    return {
        "size_ratio_bps": None if ratio is None else min(ratio, 10_000_000),
        "document_age_days": days_between(issued_on, today),
        "cancelled_bps": bps(history.invoices_cancelled_count, history.invoices_count),
        "disputed_bps": bps(history.disputed_count, history.receivables_count),
        "dilution_bps": bps(history.diluted_minor, history.receivables_minor),
    }
