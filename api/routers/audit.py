"""What an auditor asks for: evidence bundles, the trial balance, the reconciliation of chain, registry and ledger."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Acting, Ctx
from api.route import Route
from api.schemas.common import Day, Id
from chainfin.errors import Unavailable
from chainfin.services.books import daily_root
from chainfin.services.oversight import evidence, reconcile
from chainfin.services.oversight.findings import Reconciliation
from chainfin.services.reads import queries
from chainfin.values.money import Money

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


class MismatchOut(BaseModel):
    """``name``: what was compared, ``subject``: of which thing."""

    name: str
    subject: str
    found: str
    expected: str


class ReconciliationOut(BaseModel):
    """As of the last block that was taken in."""

    ok: bool
    block: int
    block_hash: str
    looked_at: dict[str, int]
    mismatches: list[MismatchOut]

    @classmethod
    def of(cls, done: Reconciliation) -> ReconciliationOut:
        return cls.model_validate(done.as_json())


BUNDLE_EXAMPLE = {"loan": {"id": "loan_4Kd9", "product": "receivable_pledge", "currency": "CNY"}}
"""The beginning of one: what else is in it, `chainfin audit verify` checks part by part."""


@router.get(
    "/loans/{loan_id}/bundle",
    response_class=Response,
    responses={
        200: {
            "description": "everything needed to verify the loan offline (`chainfin audit verify`), sealed by its hash",
            "content": {"application/json": {"schema": {"type": "object"}, "example": BUNDLE_EXAMPLE}},
        },
        409: {},
    },
)
def bundle(request: Request, ctx: Ctx, actor: Acting, loan_id: Id) -> Response:
    """The loan's evidence, byte for byte as it is sealed; for its parties, auditors and the operator."""
    prover = request.app.state.prover
    if prover is None:
        raise Unavailable("prover_missing", "this process has no chain to prove from")
    name = f'attachment; filename="{loan_id}.bundle.json"'
    content = evidence.bundle(ctx, actor, loan_id, prover)
    return Response(content, media_type="application/json", headers={"Content-Disposition": name})


@router.get("/reconciliation")
def reconciliation(request: Request, ctx: Ctx, actor: Acting) -> ReconciliationOut:
    """Whether chain, projection, statutory registry and ledger agree. For auditors and the operator; nothing is
    changed."""
    if request.app.state.views is None:
        raise Unavailable("views_missing", "this process has no chain and registry to compare with")
    return ReconciliationOut.of(reconcile.run(ctx, actor, *request.app.state.views))


@router.get("/trial-balance")
def trial_balance(
    ctx: Ctx,
    actor: Acting,
    on: Annotated[Day | None, Query(description="up to the end of this day; without it, all")] = None,
    by: Annotated[
        Literal["business", "value"], Query(description="which of a journal's two dates counts")
    ] = "business",
    lender: Annotated[Id | None, Query(description="one lender's book; a lender sees its own alone")] = None,
) -> TrialBalanceOut:
    """Turnovers and balance of every account. For auditors and the operator; a lender sees its own book."""
    lines = queries.trial_balance(ctx, actor, on=on, by_value=by == "value", lender=lender)
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


class StepOut(BaseModel):
    """A neighbour on the way from a book's leaf to the top of the tree; ``left``: it stands before."""

    hash: str
    left: bool


class BookHeadOut(BaseModel):
    """The last journal of a book on the day; ``book``: the lender, empty for the collection account's."""

    book: str
    number: int
    hash: str
    path: list[StepOut]


class DailyRootOut(BaseModel):
    """One hash over the last journals of all books; ``previous``: the root before it."""

    day: Day
    root: str
    previous: str
    books: list[BookHeadOut]


@router.get("/daily-roots/{day}")
def get_daily_root(
    ctx: Ctx, actor: Acting, day: Annotated[Day, Path(description="of the end of day that made it")]
) -> DailyRootOut:
    """The root over all books; to a lender with the head and the path of its own book, to others with none."""
    found = daily_root.shown(ctx, actor, day)
    books = [
        BookHeadOut(
            book=each.head.book,
            number=each.head.number,
            hash=each.head.hash,
            path=[StepOut(hash=step.hash, left=step.left) for step in each.path],
        )
        for each in found.books
    ]
    return DailyRootOut(day=found.day, root=found.root, previous=found.previous, books=books)
