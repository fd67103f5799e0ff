"""A decision in sentences for the person it concerns, in English and Chinese, from the record alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chainfin.risk.record import DecisionRecord
from chainfin.risk.scorecard import ScorePart
from chainfin.values.money import Money

_OPENING = {
    "approved": ("Approved: {amount}.", "已批准：{amount}。"),
    "review": ("A person will look at your application; proposed: {amount}.", "您的申请需人工复核；拟批：{amount}。"),
    "declined": ("Declined.", "未获批准。"),
}
_BINDING = {
    "requested": ("This is all that you asked for.", "已满足您的全部申请金额。"),
    "advance": ("More than the advance rate on the free asset can't be lent.", "金额以可用资产乘以融资比例为限。"),
    "policy_cap": ("This is the most that one loan may be.", "已达单笔上限。"),
    "limit": ("This is your whole limit.", "已达您的全部额度。"),
    "buy_back": ("This is what the buy-back undertaking covers.", "金额以回购承诺金额为限。"),
}
_HEADROOM = ("This is what is left of a credit limit.", "金额以剩余授信额度为限。")
_SCORES = {
    "credit_borrower": ("Your credit score", "您的信用评分"),
    "credit_debtor": ("The debtor's credit score", "债务人信用评分"),
    "credit_core": ("The core enterprise's credit score", "核心企业信用评分"),
    "fraud": ("The fraud score", "欺诈评分"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in both languages."""

    en: str
    zh: str


def explain(record: DecisionRecord | Mapping[str, Any]) -> list[Sentence]:
    """What was decided, why, at what cost, from which parts, and the three strongest reasons of one's own credit
    score. Other parties' scores are not told in detail: they are theirs."""
    content = record.as_dict() if isinstance(record, DecisionRecord) else record
    outcome = content["outcome"]
    currency = str(outcome["currency"])

    def money(minor: str) -> str:
        return f"{Money(int(minor), currency)} {currency}"

    detail = [_fill(_OPENING[outcome["decision"]], amount=money(outcome["amount_minor"]))]
    if outcome["binding"] is not None:
        detail.append(Sentence(*_BINDING.get(outcome["binding"], _HEADROOM)))
        detail.append(_price(outcome, money))
    for kind in ("refusals", "reviews", "notes"):
        detail += [Sentence(reason["en"], reason["zh"]) for reason in outcome[kind]]
    parts = outcome.get("limit_parts", [])
    if parts:
        detail += [Sentence(f"{p['en']} {_signed(p, money)}", f"{p['zh']}{_signed(p, money)}") for p in parts]
        total = money(outcome["limit_minor"])
        detail.append(Sentence(f"The parts add up to the limit: {total}.", f"以上各项合计即为额度：{total}。"))
    return detail + _scores(content["scores"])


def _fill(texts: tuple[str, str], **values: str) -> Sentence:
    return Sentence(texts[0].format(**values), texts[1].format(**values))


def _signed(part: Mapping[str, Any], money: Any) -> str:
    amount = int(part["amount_minor"])
    return f"({'+' if amount >= 0 else ''}{money(str(amount))})"


def _percent(rate: str) -> str:
    return f"{(Decimal(rate) * 100).quantize(Decimal('0.01'))}%"


def _price(outcome: Mapping[str, Any], money: Any) -> Sentence:
    values = {
        "rate": _percent(outcome["annual_rate"]),
        "fee": money(outcome["fee_minor"]),
        "interest": money(outcome["interest_minor"]),
        "yearly": _percent(outcome["yearly_rate"]),
        "days": str(outcome["loan_days"]),
        "end": str(outcome["maturity_on"]),
    }
    return _fill(
        (
            "{rate} a year, fee {fee}; repaid in one sum after {days} days, on {end}, the interest is {interest} and"
            " all costs together come to {yearly} a year; repaid earlier, only the days used are charged.",
            "年利率 {rate}，费用 {fee}；若 {days} 天后（{end}）一次还清，利息 {interest}，综合年化成本（IRR）"
            "{yearly}；提前还款仅按实际使用天数计息。",
        ),
        **values,
    )


def _scores(scores: Mapping[str, Any]) -> list[Sentence]:
    detail = []
    for name, score in scores.items():
        en, zh = _SCORES[name]
        points, band = score["points"], score["band"]
        detail.append(Sentence(f"{en}: {points} ({band}).", f"{zh}：{points}（{band}）。"))
        if name == "credit_borrower":
            own = [ScorePart(part["feature"], part["value"], part["points"]) for part in score["parts"]]
            weakest = sorted(own, key=lambda part: part.points)[:3]
            detail += [Sentence(*part.sentence()) for part in weakest]
    return detail
