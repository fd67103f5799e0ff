"""What an auditor asks for: evidence bundles, the trial balance, the reconciliation of chain, registry and ledger."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.auth import Acting, Ctx
from api.route import Route
from chainfin.money import Money
from chainfin.services import queries

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=Route)


class TrialLineOut(BaseModel):
    """Turnovers of an account; ``balance`` is on its normal side (negative: on the other)."""

    account: str
    name: str
    name_zh: str
    currency: str
    debit: str
    credit: str
    balance: str


class TrialBalanceOut(BaseModel):
    """The book. ``difference`` per currency is debit less credit: always zero."""

    lines: list[TrialLineOut]
    difference: dict[str, str]


class Bundle(BaseModel):
    """Everything needed to verify one loan offline (`chainfin audit verify`)."""

    loan_id: str
    bundle: dict[str, Any] = Field(description="see docs: the verifier reads it as it is")


@router.get("/trial-balance")
def trial_balance(ctx: Ctx, actor: Acting) -> TrialBalanceOut:
    lines = queries.trial_balance(ctx, actor)
    difference: dict[str, Money] = {}
    for line in lines:
        net = line.debit - line.credit
        known = difference.get(net.currency)
        difference[net.currency] = net if known is None else known + net
    return TrialBalanceOut(
        lines=[
            TrialLineOut(
                account=line.account.code,
                name=line.account.name,
                name_zh=line.account.name_zh,
                currency=line.debit.currency,
                debit=str(line.debit),
                credit=str(line.credit),
                balance=str(line.balance),
            )
            for line in lines
        ],
        difference={currency: str(net) for currency, net in difference.items()},
    )
