"""The states of a loan, the one table of transitions between them, and the five-category classification."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from chainfin.errors import Conflict


class LoanState(StrEnum):
    APPROVED = "approved"
    ACTIVE = "active"
    OVERDUE = "overdue"
    RESTRUCTURED = "restructured"
    REPAID = "repaid"
    WRITTEN_OFF = "written_off"
    RECOVERED = "recovered"
    CANCELLED = "cancelled"


class LoanEvent(StrEnum):
    DISBURSE = "disburse"
    CANCEL = "cancel"
    PAYOUT_RETURNED = "payout_returned"
    """The bank gave the payout back."""
    PAY = "pay"
    FALL_OVERDUE = "fall_overdue"
    CURE = "cure"
    CURE_RESTRUCTURED = "cure_restructured"
    REPAY = "repay"
    RESTRUCTURE = "restructure"
    WRITE_OFF = "write_off"
    RECOVER = "recover"
    RECOVER_FULLY = "recover_fully"


_S, _E = LoanState, LoanEvent

TRANSITIONS: Mapping[tuple[LoanState, LoanEvent], LoanState] = {
    (_S.APPROVED, _E.DISBURSE): _S.ACTIVE,
    (_S.APPROVED, _E.CANCEL): _S.CANCELLED,
    (_S.ACTIVE, _E.PAYOUT_RETURNED): _S.CANCELLED,
    (_S.OVERDUE, _E.PAYOUT_RETURNED): _S.CANCELLED,
    (_S.ACTIVE, _E.PAY): _S.ACTIVE,
    (_S.ACTIVE, _E.FALL_OVERDUE): _S.OVERDUE,
    (_S.ACTIVE, _E.RESTRUCTURE): _S.RESTRUCTURED,
    (_S.ACTIVE, _E.REPAY): _S.REPAID,
    (_S.OVERDUE, _E.PAY): _S.OVERDUE,
    (_S.OVERDUE, _E.CURE): _S.ACTIVE,
    (_S.OVERDUE, _E.CURE_RESTRUCTURED): _S.RESTRUCTURED,
    (_S.OVERDUE, _E.RESTRUCTURE): _S.RESTRUCTURED,
    (_S.OVERDUE, _E.REPAY): _S.REPAID,
    (_S.OVERDUE, _E.WRITE_OFF): _S.WRITTEN_OFF,
    (_S.RESTRUCTURED, _E.PAY): _S.RESTRUCTURED,
    (_S.RESTRUCTURED, _E.FALL_OVERDUE): _S.OVERDUE,
    (_S.RESTRUCTURED, _E.RESTRUCTURE): _S.RESTRUCTURED,
    (_S.RESTRUCTURED, _E.REPAY): _S.REPAID,
    (_S.WRITTEN_OFF, _E.RECOVER): _S.WRITTEN_OFF,
    (_S.WRITTEN_OFF, _E.RECOVER_FULLY): _S.RECOVERED,
}

ACCRUING = frozenset({LoanState.ACTIVE, LoanState.OVERDUE, LoanState.RESTRUCTURED})
"""States in which interest runs."""
OVER = (LoanState.REPAID, LoanState.CANCELLED, LoanState.RECOVERED)
"""States in which nothing is owed: all that is pledged for the loan is to be given up."""


def transition(state: LoanState, event: LoanEvent) -> LoanState:
    """The state after ``event``. Raises Conflict loan_transition_refused for what isn't in the table."""
    if (state, event) not in TRANSITIONS:
        raise Conflict("loan_transition_refused", f"a loan that is {state} can't {event}")
    return TRANSITIONS[state, event]


class Category(StrEnum):
    """五级分类, from best to worst."""

    NORMAL = "normal"  # 正常
    SPECIAL_MENTION = "special_mention"  # 关注
    SUBSTANDARD = "substandard"  # 次级
    DOUBTFUL = "doubtful"  # 可疑
    LOSS = "loss"  # 损失


# 商业银行金融资产风险分类办法 (NFRA/PBoC 2023, no. 1): overdue at all; more than 90, 270, 360 days.
CATEGORY_FLOORS = (
    (360, Category.LOSS),
    (270, Category.DOUBTFUL),
    (90, Category.SUBSTANDARD),
    (0, Category.SPECIAL_MENTION),
)


def classify(days_past_due: int, *, restructured: bool = False) -> Category:
    """The best category that the days past due allow; a restructured loan is special-mention at best."""
    for days, category in CATEGORY_FLOORS:
        if days_past_due > days:
            return category
    return Category.SPECIAL_MENTION if restructured else Category.NORMAL
