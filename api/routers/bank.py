"""A bank's files, handed in by one person of the operator and approved by another; statements as those whose account
they are of see them."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.bank import (
    BankFileComparison,
    BankFileIn,
    BankFileOut,
    BankFileProposalIn,
    BankOrderOut,
    BankStatementOut,
    ComparedOut,
    WriteAgainIn,
)
from api.schemas.common import Id
from api.schemas.persons import ProposalOut
from chainfin.connectors import bank_by_hand
from chainfin.services.payments import bank_orders
from chainfin.services.reads import bank

router = APIRouter(prefix="/v1", tags=["bank"], route_class=OnceRoute)


@router.post("/bank-files", status_code=202)
def take_in(ctx: Ctx, actor: Acting, body: BankFileProposalIn) -> ProposalOut:
    """Hand in a file of the bank's: a statement (camt.053.001.08), a notification (camt.054.001.08) or what became of
    orders (pain.002.001.10). The proposal says what it says; it is taken in once another person, who has compared it
    with the bank, approves (`/v1/proposals/{id}/approve`). What can't be understood of it is parked then.

    Where the bank's own signed feed tells of the accounts nothing is taken in by hand: see `…/comparison`."""
    return ProposalOut.of(bank_by_hand.propose(ctx, actor, body.name, body.document, body.reason))


@router.get("/bank-files/{file_id}")
def get_file(ctx: Ctx, actor: Acting, file_id: Id) -> BankFileOut:
    """A file that was handed in, whole, and what became of it."""
    return BankFileOut.of(bank_by_hand.get(ctx, actor, file_id))


@router.post("/bank-files/comparison", status_code=200)
def compare(ctx: Ctx, actor: Acting, body: BankFileIn) -> BankFileComparison:
    """Hold a bank's statement against the book. Nothing of it is kept or booked."""
    digest, found = bank_by_hand.compare(ctx, actor, body.name, body.document)
    return BankFileComparison(sha256=digest, compared=[ComparedOut.of(each) for each in found])


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
