"""Credit lines of debtors on chain: set by lenders, share by share, used up by confirmations."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.debtor_lines import DebtorLineIn, DebtorLineOut
from api.schemas.parties import ActOut
from chainfin.services.trade import debtor_lines

router = APIRouter(prefix="/v1/debtor-lines", tags=["debtor lines"], route_class=OnceRoute)


@router.post("", status_code=202)
def set_line(ctx: Ctx, actor: Acting, body: DebtorLineIn) -> ActOut:
    """A lender sets its share of what a marked debtor may confirm (授信额度); zero takes it back."""
    return ActOut.of(debtor_lines.set_(ctx, actor, body.debtor_id, body.limit.money("/limit/amount")))


@router.get("")
def list_lines(ctx: Ctx, actor: Acting, window: Paged) -> Page[DebtorLineOut]:
    """One's own line, and those of which one has set a share."""
    return page(
        window,
        lambda after, limit: debtor_lines.list_(ctx, actor, after=after, limit=limit),
        DebtorLineOut.of,
        lambda seen: seen.debtor_id,
    )


@router.get("/{debtor_id}")
def get_line(ctx: Ctx, actor: Acting, debtor_id: Id) -> DebtorLineOut:
    """A debtor's line and its use; the debtor sees every lender's share, a lender its own."""
    return DebtorLineOut.of(debtor_lines.get(ctx, actor, debtor_id))
