"""A bank's files, taken in by the operator; statements as those whose account they are of see them."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.bank import BankFileIn, BankFileOut, BankOrderOut, BankStatementOut, WriteAgainIn
from api.schemas.common import Id
from chainfin.connectors import bank_files
from chainfin.documents import encoded
from chainfin.services.payments import bank_orders
from chainfin.services.reads import bank

router = APIRouter(prefix="/v1", tags=["bank"], route_class=OnceRoute)


@router.post("/bank-files")
def take_in(ctx: Ctx, actor: Acting, body: BankFileIn) -> BankFileOut:
    """Take a file of the bank's in: a statement (camt.053.001.08), a notification (camt.054.001.08) or what became of
    orders (pain.002.001.10). What can't be understood of it is parked; the same file again does nothing."""
    return BankFileOut.of(bank_files.take_in(ctx, actor, encoded(body.document), body.name))


@router.get("/bank-statements")
def list_statements(ctx: Ctx, actor: Acting, window: Paged) -> Page[BankStatementOut]:
    """Statements that were taken in, with their balances and what didn't fit; a lender's of its own account."""
    return page(
        window,
        lambda after, limit: bank.statements(ctx, actor, after=after, limit=limit),
        BankStatementOut.of,
        lambda row: row.id,
    )


@router.post("/bank-orders/{number}/write-again", status_code=200)
def write_again(ctx: Ctx, actor: Acting, number: Id, body: WriteAgainIn) -> BankOrderOut:
    """Have an order's file written once more, which the bank never had. A file is otherwise written once, ever: ask the
    bank first, since one that had it may pay twice."""
    return BankOrderOut.of(bank_orders.write_again(ctx, actor, number, body.reason))
