"""Funding accounts: what lenders have placed for lending. No cash, no payout."""

from __future__ import annotations

from uuid import uuid4

from fastapi import APIRouter
from starlette.requests import Request

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import AmountIn
from api.schemas.funding import DepositInstructionOut, FundingOut
from chainfin.connectors.sandbox import Played
from chainfin.errors import Conflict
from chainfin.services.books import funding_accounts
from chainfin.services.payments import deposits

router = APIRouter(prefix="/v1/funding", tags=["funding"], route_class=OnceRoute)


@router.get("")
def list_accounts(ctx: Ctx, actor: Acting, window: Paged) -> Page[FundingOut]:
    """A lender's own accounts, one a currency; the operator and auditors see all."""
    return page(
        window,
        lambda after, limit: funding_accounts.list_(ctx, actor, after=after, limit=limit),
        FundingOut.of,
        lambda seen: seen.id,
    )


@router.get("/instruction")
def read_instruction(ctx: Ctx, actor: Acting) -> DepositInstructionOut:
    """How a lender places money: account and reference for its bank. It moves nothing by itself."""
    return DepositInstructionOut.of(deposits.instruction(ctx, actor))


@router.post("/sandbox-deposits", status_code=202)
def deposit(request: Request, ctx: Ctx, actor: Acting, body: AmountIn) -> DepositInstructionOut:
    """Have the lender's bank pay by its instruction, in a sandbox; the account shows it once the bank's feed was read.

    Raises Conflict funding_by_bank_only: with a real payment rail money is placed at the bank.
    """
    how, amount = deposits.instruction(ctx, actor), body.money("/amount")
    played: Played = request.app.state.played
    if "bank" not in played.partners:
        raise Conflict("funding_by_bank_only", "money is placed by paying at the bank, see /v1/funding/instruction")
    played.acting_on("bank").pays(
        uuid4().hex,
        amount,
        payer_account=how.payer_account,
        payer_name=how.payer_name,
        payee_account=how.account,
        remittance=how.remittance,
    )
    return DepositInstructionOut.of(how)
