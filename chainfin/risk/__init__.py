"""Risk: features, scorecards, policies and decisions. Pure given their inputs; only package data is read."""

from chainfin.risk.decide import decide_general, decide_inventory, decide_receivable
from chainfin.risk.explain import Sentence, explain
from chainfin.risk.general import GeneralInputs, LimitPart, limit_parts, sales_features
from chainfin.risk.inputs import (
    Application,
    Block,
    BuyBack,
    Headroom,
    History,
    InventoryInputs,
    PartyFacts,
    PriceFacts,
    ReceiptFacts,
    ReceivableFacts,
    ReceivableInputs,
)
from chainfin.risk.policy import Policy, PolicyOutcome, Reason, evaluate, load_policy, policy_document, policy_ids
from chainfin.risk.record import DecisionRecord, Outcome
from chainfin.risk.replay import ReplayResult, replay
from chainfin.risk.sales import (
    InvoiceRow,
    MonthRow,
    SalesData,
    TakingsRow,
    summarise_daily_takings,
    summarise_invoices,
    summarise_monthly,
)
from chainfin.risk.scorecard import Score, Scorecard, load_scorecard

__all__ = [
    "Application", "Block", "BuyBack", "DecisionRecord", "GeneralInputs", "Headroom", "History", "InventoryInputs",
    "InvoiceRow", "LimitPart", "MonthRow", "Outcome", "PartyFacts", "Policy", "PolicyOutcome", "PriceFacts", "Reason",
    "ReceiptFacts", "ReceivableFacts", "ReceivableInputs", "ReplayResult", "SalesData", "Score", "Scorecard",
    "Sentence", "TakingsRow", "decide_general", "decide_inventory", "decide_receivable", "evaluate", "explain",
    "limit_parts", "load_policy", "load_scorecard", "policy_document", "policy_ids", "replay", "sales_features",
    "summarise_daily_takings", "summarise_invoices", "summarise_monthly",
]  # fmt: skip
