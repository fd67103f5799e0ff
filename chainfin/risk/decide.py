"""Decisions on the three products: pure functions from inputs to a decision record.

Every function reads nothing but its arguments and the package's policies and scorecards. A fault in the inputs raises
BadInput decision_inputs_invalid; anything that a rule says "no" to is a refusal inside the record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from chainfin.errors import BadInput
from chainfin.risk.features import Features, bps, days_between, fraud_features, history_features
from chainfin.risk.general import GeneralInputs, limit_of, limit_parts, sales_features
from chainfin.risk.inputs import CommonInputs, Headroom, InventoryInputs, PartyFacts, ReceivableInputs
from chainfin.risk.policy import (
    GENERAL_POLICY,
    INVENTORY_POLICY,
    RECEIVABLE_POLICY,
    Fact,
    Policy,
    PolicyOutcome,
    Reason,
    evaluate,
    load_policy,
)
from chainfin.risk.record import GENERAL, INVENTORY, RECEIVABLE, SCHEMA, DecisionRecord
from chainfin.risk.scorecard import Score, load_scorecard
from chainfin.risk.terms import Bound, cost, least_base, share, smallest

_RATES: Final = ("advance_rate", "cure_rate", "margin_call_rate", "liquidation_rate")
"""Shares of what goods are worth, which a haircut lowers together."""


def decide_receivable(
    inputs: ReceivableInputs | Mapping[str, object], policy: Policy | str = RECEIVABLE_POLICY
) -> DecisionRecord:
    """Decide on a loan against a confirmed receivable. The loan ends when the receivable falls due, or sooner if
    fewer days were asked for (a business day is the calendar's matter, not this function's)."""
    known = ReceivableInputs.read(inputs)
    rules = _policy(policy, RECEIVABLE)
    asset, today, asked = known.receivable, known.business_date, known.application
    tenor_days = (asset.due_on - today).days
    loan_days = max(0, tenor_days if asked.days is None else min(tenor_days, asked.days))
    features = {
        "borrower": history_features(known.borrower.history, today),
        "debtor": history_features(known.debtor.history, today),
        "fraud": fraud_features(known.borrower.history, today, asset.face_minor, asset.issued_on),
    }
    scores = {
        "credit_borrower": load_scorecard(rules.scorecards["credit_borrower"]).score(features["borrower"]),
        "credit_debtor": load_scorecard(rules.scorecards["credit_debtor"]).score(features["debtor"]),
        "fraud": load_scorecard(rules.scorecards["fraud"]).score(features["fraud"]),
    }
    facts = _borrower_facts(known, scores) | {
        "borrower_is_holder": asset.holder == asked.borrower,
        "confirmed": asset.confirmed,
        "debtor_blocked": known.debtor.blocked,
        "debtor_grade": _grade(known.debtor, scores["credit_debtor"]),
        "debtor_overdue_days": known.debtor.overdue_days,
        "debtor_points": scores["credit_debtor"].points,
        "defaulted": asset.defaulted,
        "dilution_bps": features["borrower"]["dilution_bps"],
        "disputed": asset.disputed,
        "face_minor": asset.face_minor,
        "free_minor": asset.free_minor,
        "invoiced_minor": asset.invoiced_minor,
        "loan_days": loan_days,
        "ordered_minor": asset.ordered_minor,
        "received_minor": asset.received_minor,
        "tenor_days": tenor_days,
    }
    detail = evaluate(rules, facts)
    base = min(asset.free_minor, asset.received_minor, asset.invoiced_minor)
    rate = detail.rate("advance_rate")
    bounds = [
        Bound("requested", asked.amount_minor),
        Bound("advance", share(base, rate)),
        *_limits(known.limits, detail),
    ]
    outcome = _conclude(rules, detail, facts, bounds, loan_days=loan_days, today=today)
    outcome |= {"base_minor": str(base), "pledge_minor": None}
    if rate > 0 and (amount := int(outcome["amount_minor"])):
        outcome["pledge_minor"] = str(least_base(amount, rate))
    return _record(RECEIVABLE, known, rules, features=features, scores=scores, outcome=outcome)


def decide_inventory(
    inputs: InventoryInputs | Mapping[str, object], policy: Policy | str = INVENTORY_POLICY
) -> DecisionRecord:
    """Decide on a loan against goods at a keeper. A buy-back undertaking improves the terms only as far as it covers
    the amount, so it bounds the amount when the terms rest on it. Raises BadInput decision_inputs_invalid without
    ``days``."""
    known = InventoryInputs.read(inputs)
    rules = _policy(policy, INVENTORY)
    goods, today, asked, undertaking = known.receipt, known.business_date, known.application, known.buy_back
    if asked.days is None:
        raise BadInput("decision_inputs_invalid", "days must be given", where="/application/days")
    value = goods.free_thousandths * known.price.price_minor // 1000
    features = {
        "borrower": history_features(known.borrower.history, today),
        "fraud": fraud_features(known.borrower.history, today, value, None),
    }
    scores = {
        "credit_borrower": load_scorecard(rules.scorecards["credit_borrower"]).score(features["borrower"]),
        "fraud": load_scorecard(rules.scorecards["fraud"]).score(features["fraud"]),
    }
    core_grade = None
    if undertaking is not None and not undertaking.core.blocked:
        features["core"] = history_features(undertaking.core.history, today)
        scores["credit_core"] = load_scorecard(rules.scorecards["credit_core"]).score(features["core"])
        core_grade = _grade(undertaking.core, scores["credit_core"])
    facts = _borrower_facts(known, scores) | {
        "borrower_is_owner": goods.owner == asked.borrower,
        "buy_back_grade": core_grade,
        "commodity_class": goods.commodity_class,
        "free_thousandths": goods.free_thousandths,
        "insured": goods.insured,
        "keeper_blocked": goods.keeper_blocked,
        "price_age_days": days_between(known.price.on, today),
        "price_fall_bps": known.price.fall_bps,
        "shelf_days": None if goods.best_before is None else (goods.best_before - today).days,
        "tenor_days": asked.days,
    }
    detail = _with_haircut(evaluate(rules, facts), goods.haircut_bps)
    rate = detail.rate("advance_rate")
    bounds = [
        Bound("requested", asked.amount_minor),
        Bound("advance", share(value, rate)),
        *_limits(known.limits, detail),
    ]
    if core_grade is not None and undertaking is not None:
        bounds.append(Bound("buy_back", undertaking.covers_minor))
    outcome = _conclude(rules, detail, facts, bounds, loan_days=asked.days, today=today)
    outcome |= {"base_minor": str(value), "pledge_thousandths": None}
    outcome |= {name: str(detail.rate(name)) for name in ("margin_call_rate", "liquidation_rate")}
    outcome |= {name: detail.whole(name) for name in ("cure_days",) if name in detail.terms}  # not before version 3
    outcome |= {name: str(detail.rate(name)) for name in ("cure_rate",) if name in detail.terms}  # not before version 4
    if rate > 0 and (amount := int(outcome["amount_minor"])):
        needed = least_base(amount, rate)
        least, step = -(-needed * 1000 // known.price.price_minor), goods.smallest_thousandths or 1
        outcome["pledge_thousandths"] = str(-(-least // step) * step)
    return _record(INVENTORY, known, rules, features=features, scores=scores, outcome=outcome)


def decide_general(
    inputs: GeneralInputs | Mapping[str, object], policy: Policy | str = GENERAL_POLICY
) -> DecisionRecord:
    """Decide on the general 310 path. The outcome holds the limit and its parts, which add up to it exactly."""
    known = GeneralInputs.read(inputs)
    rules = _policy(policy, GENERAL)
    asked = known.application
    sales = sales_features(known.sales)
    features = {"sales": sales}
    scores = {
        "credit_borrower": load_scorecard(rules.scorecards["credit_borrower"]).score(sales),
        "fraud": load_scorecard(rules.scorecards["fraud"]).score(sales),
    }
    borrower = _borrower_facts(known, scores)
    facts = borrower | {name: sales[name] for name in rules.facts & sales.keys()} | {"tenor_days": asked.days}
    detail = evaluate(rules, facts)
    parts = limit_parts(rules, detail, known, sales, str(borrower["borrower_grade"]))
    limit = limit_of(parts)
    bounds = [Bound("requested", asked.amount_minor), Bound("limit", limit), *_limits(known.limits, detail)]
    more = () if limit > 0 else (rules.reason("limit_is_nil", facts),)
    days = int(asked.days or 0)
    outcome = _conclude(rules, detail, facts, bounds, loan_days=days, today=known.business_date, more_refusals=more)
    outcome |= {"limit_minor": str(limit), "limit_parts": [part.json_dict() for part in parts]}
    return _record(GENERAL, known, rules, features=features, scores=scores, outcome=outcome)


def _with_haircut(detail: PolicyOutcome, haircut_bps: int | None) -> PolicyOutcome:
    """The terms of goods whose price may fall so far before they are sold: no more is lent than the haircut leaves, and
    the rates to cure, call and sell go down by as much as the rate of granting."""
    rate = detail.rate("advance_rate")
    cut = max(Decimal(0), rate - (1 - Decimal(haircut_bps or 0) / 10_000))
    rates = {name: detail.rate(name) - cut for name in _RATES if name in detail.terms and rate > 0}
    return replace(detail, terms=MappingProxyType({**detail.terms, **rates}))


def _policy(policy: Policy | str, product: str) -> Policy:
    rules = load_policy(policy) if isinstance(policy, str) else policy
    if rules.product != product:
        raise BadInput("policy_product_mismatch", f"policy {rules.id} is for {rules.product}, not for {product}")
    return rules


def _grade(party: PartyFacts, score: Score) -> str:
    """The underwriter's grade where there is one, else the scorecard's band."""
    return party.assigned_grade or score.band


def _borrower_facts(known: CommonInputs, scores: Mapping[str, Score]) -> dict[str, Fact]:
    return {
        "borrower_blocked": known.borrower.blocked,
        "borrower_grade": _grade(known.borrower, scores["credit_borrower"]),
        "borrower_overdue_days": known.borrower.overdue_days,
        "borrower_points": scores["credit_borrower"].points,
        "currency": known.application.currency,
        "fraud_band": scores["fraud"].band,
        "fraud_points": scores["fraud"].points,
        "headroom_minor": min((limit.headroom_minor for limit in known.limits), default=None),
        "requested_minor": known.application.amount_minor,
    }


def _limits(limits: Sequence[Headroom], detail: PolicyOutcome) -> list[Bound]:
    return [
        *(Bound(f"headroom:{limit.key}", limit.headroom_minor) for limit in limits),
        Bound("policy_cap", detail.whole("cap_minor")),
    ]


def _conclude(
    rules: Policy,
    detail: PolicyOutcome,
    facts: Mapping[str, Fact],
    bounds: Sequence[Bound],
    *,
    loan_days: int,
    today: dt.date,
    more_refusals: Sequence[Reason] = (),
) -> dict[str, Any]:
    """The part of the outcome that all products share. Amounts are nil in a refusal."""
    refusals = [*detail.refusals, *more_refusals]
    least, minimum = smallest(bounds), detail.whole("min_minor")
    price = None
    if not refusals and least.amount_minor < minimum:
        found: dict[str, Fact] = {"financeable_minor": least.amount_minor, "minimum_minor": minimum}
        refusals.append(rules.reason("financeable_below_minimum", facts, **found, binding=least.name))
    if not refusals:
        price = cost(
            least.amount_minor,
            loan_days,
            detail.rate("annual_rate"),
            detail.rate("fee_rate"),
            detail.rate("all_in_cap"),
        )
        if not price.within_cap:
            shown = {"yearly_cost_bps": bps(int(price.yearly_rate * 10**6), 10**6)}
            cap = {"cap_bps": int(detail.rate("all_in_cap") * 10_000)}
            refusals.append(rules.reason("all_in_cost_above_cap", facts, **shown, **cap))
    agreed = price if price is not None and not refusals else None
    return {
        "decision": "declined" if refusals else "review" if detail.reviews else "approved",
        "currency": facts["currency"],
        "amount_minor": str(least.amount_minor if agreed else 0),
        "binding": least.name if agreed else None,
        "bounds": [{"name": bound.name, "amount_minor": str(bound.amount_minor)} for bound in bounds],
        "advance_rate": str(detail.rate("advance_rate")) if agreed and "advance_rate" in detail.terms else None,
        "annual_rate": str(detail.rate("annual_rate")) if agreed else None,
        "fee_rate": str(detail.rate("fee_rate")) if agreed else None,
        "fee_minor": str(agreed.fee_minor if agreed else 0),
        "interest_minor": str(agreed.interest_minor if agreed else 0),
        "yearly_rate": str(agreed.yearly_rate) if agreed else None,
        "loan_days": loan_days,
        "maturity_on": (today + dt.timedelta(days=loan_days)).isoformat() if agreed else None,
        "refusals": [reason.json_dict() for reason in refusals],
        "reviews": [reason.json_dict() for reason in detail.reviews],
        "notes": [reason.json_dict() for reason in detail.notes],
    }


def _record(
    product: str,
    known: ReceivableInputs | InventoryInputs | GeneralInputs,
    rules: Policy,
    *,
    features: Mapping[str, Features],
    scores: Mapping[str, Score],
    outcome: Mapping[str, Any],
) -> DecisionRecord:
    data = known.json_dict()
    models = {score.card_id: score for score in scores.values()}
    return DecisionRecord.of(
        {
            "schema": SCHEMA,
            "product": product,
            "decided_at": data["now"],
            "chain": data["block"],
            "inputs": data,
            "features": features,
            "scores": {name: score.json_dict() for name, score in scores.items()},
            "policy": {"id": rules.id, "version": rules.version, "hash": rules.hash},
            "models": [
                {"id": score.card_id, "version": score.card_version, "hash": score.card_hash}
                for _, score in sorted(models.items())
            ],
            "outcome": outcome,
        }
    )
