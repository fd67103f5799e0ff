"""Limits, applications with their trail, and offers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.common import Amount, AmountIn, FreeJson, Input, Moment, Reason, Ref, Signature, asset_amount, major
from api.schemas.parties import ActOut
from chainfin.services.reads.queries import ApplicationView
from chainfin.storage.lending_tables import ApplicationNodeRow, ApplicationRow, LimitRow, OfferRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values.money import Money
from chainfin.values.product import Product

Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class LimitIn(Input):
    """A lender's own limit on a debtor or borrower, or (kind lender) on itself."""

    kind: Literal["debtor", "borrower", "lender"]
    key: Ref = Field(description="party id")
    amount: AmountIn
    grade: Literal["A", "B", "C", "D"] | None = Field(default=None, description="of the lender's rating desk")


class LimitOut(BaseModel):
    """``held`` is promised to offers, ``used`` is paid out; both together never exceed ``amount``."""

    id: str
    lender_id: str
    kind: str
    key: str
    currency: str
    amount: str
    held: str
    used: str
    grade: str | None
    updated_at: Moment

    @classmethod
    def of(cls, row: LimitRow) -> LimitOut:
        amounts = {name: major(getattr(row, name), row.currency) for name in ("amount", "held", "used")}
        return cls(
            id=row.id,
            lender_id=row.lender_id,
            kind=row.kind,
            key=row.key,
            currency=row.currency,
            grade=row.grade,
            updated_at=row.updated_at,
            **amounts,
        )


class ConsentIn(Input):
    """The applicant's consent to its data (general path): the data partner's token and the sources it covers."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    sources: Annotated[list[Word], Field(max_length=20)] = Field(default_factory=list)


class ApplicationIn(Input):
    """A request for money. Chain products name their asset; the general path carries a consent instead."""

    product: Product
    lender_id: Ref
    amount: AmountIn
    days: int = Field(ge=1, le=366, strict=True)
    asset_id: Ref | None = None
    consent: ConsentIn | None = None


class NodeOut(BaseModel):
    """One node of the application's way. ``seconds`` once it has ended."""

    seq: int
    name: str
    started_at: Moment
    ended_at: Moment | None
    seconds: str | None
    outcome: str | None
    detail: dict[str, Any]

    @classmethod
    def of(cls, row: ApplicationNodeRow) -> NodeOut:
        took = None if row.ended_at is None else f"{(row.ended_at - row.started_at).total_seconds():.6f}"
        return cls(
            seq=row.seq,
            name=row.name,
            started_at=row.started_at,
            ended_at=row.ended_at,
            seconds=took,
            outcome=row.outcome,
            detail=row.detail,
        )


class NodeEvent(BaseModel):
    """The data of a `node` event: a node has started, or ended."""

    seq: int
    node: str
    phase: Literal["started", "ended"]
    at: Moment
    seconds: str | None = Field(description="once ended")
    outcome: str | None
    detail: dict[str, Any]

    @classmethod
    def started(cls, row: ApplicationNodeRow) -> NodeEvent:
        return cls(
            seq=row.seq, node=row.name, phase="started", at=row.started_at, seconds=None, outcome=None, detail={}
        )

    @classmethod
    def ended(cls, row: ApplicationNodeRow) -> NodeEvent:
        node = NodeOut.of(row)
        return cls(
            seq=row.seq,
            node=row.name,
            phase="ended",
            at=row.ended_at or row.started_at,
            seconds=node.seconds,
            outcome=row.outcome,
            detail=row.detail,
        )


class RefusalOut(BaseModel):
    code: str
    message: str
    proof: dict[str, Any]


class EndEvent(BaseModel):
    """The data of the `end` event: the application rests in this state."""

    application_id: str
    status: str
    loan_id: str | None
    refusals: list[RefusalOut]


class SentenceOut(BaseModel):
    en: str
    zh: str


class LimitPartOut(SentenceOut):
    """One part of the limit; all parts add up to it, to the fen."""

    code: str
    amount: str
    facts: dict[str, Any]


class OfferTerms(BaseModel):
    """The terms of a loan. ``yearly_cost`` is the IRR of all cash flows, fees included; ``cost_cap`` is what it may be
    at most, whenever the loan is repaid."""

    principal: str
    annual_rate: str
    start: str
    maturity: str
    method: str
    day_count: str
    fee: str
    interest: str
    penalty_rate: str
    advance_rate: str | None
    yearly_cost: str
    cost_cap: str | None
    adjustment: str | None = Field(description="of a due date that is no business day: following, the next one")
    time_zone: str | None = Field(description="by which days are reckoned")
    binding: str | None = Field(description="what kept the amount where it is")
    decision_hash: str | None


class OfferOut(BaseModel):
    """An offer. To accept it, sign ``act.typed_data`` and send the signature to the application's /accept."""

    id: str
    application_id: str
    loan_id: str
    currency: str
    amount: str
    pledge_amount: str = Field(description="of the receivable in its currency, or of the goods in the receipt's unit")
    terms: OfferTerms
    status: str
    expires_at: Moment
    created_at: Moment
    act: ActOut | None = Field(description="the borrower sees what it has to sign")

    @classmethod
    def of(cls, row: OfferRow, act: ActRow | None, product: str) -> OfferOut:
        currency = str(row.terms["currency"])
        known = {name: row.terms.get(name) for name in OfferTerms.model_fields}
        return cls(
            id=row.id,
            application_id=row.application_id,
            loan_id=str(row.terms["loan_id"]),
            currency=currency,
            amount=major(row.amount, currency),
            pledge_amount=asset_amount(row.pledge_amount, currency, goods=product == Product.INVENTORY_PLEDGE),
            terms=OfferTerms.model_validate(known),
            status=row.status,
            expires_at=row.expires_at,
            created_at=row.created_at,
            act=None if act is None else ActOut.of(act),
        )


class ApplicationOut(BaseModel):
    """An application as it stands."""

    id: str
    product: Product
    borrower_id: str
    lender_id: str
    asset_id: str | None
    requested: Amount
    days: int
    status: str
    decision_hash: str | None = Field(description="hash of the decision record; with a pledge it is on chain")
    refusals: list[RefusalOut]
    loan_id: str | None
    appeal_of: str | None
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: ApplicationRow) -> ApplicationOut:
        return cls(**_application(row))


class ApplicationDetail(ApplicationOut):
    """With its trail, the offer, and the decision in sentences."""

    nodes: list[NodeOut]
    offer: OfferOut | None
    explanation: list[SentenceOut]
    limit_parts: list[LimitPartOut] = Field(description="general path: what makes up the limit")

    @classmethod
    def full(cls, view: ApplicationView, offer: OfferOut | None) -> ApplicationDetail:
        return cls(
            **_application(view.row),
            nodes=[NodeOut.of(node) for node in view.nodes],
            offer=offer,
            explanation=[SentenceOut(en=said.en, zh=said.zh) for said in view.explanation],
            limit_parts=[
                LimitPartOut(
                    code=part["code"],
                    amount=major(int(part["amount_minor"]), view.row.currency),
                    en=part["en"],
                    zh=part["zh"],
                    facts=part["facts"],
                )
                for part in view.limit_parts
            ],
        )


def _application(row: ApplicationRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "product": row.product,
        "borrower_id": row.borrower_id,
        "lender_id": row.lender_id,
        "asset_id": row.asset_id,
        "requested": Amount.of(Money(row.requested, row.currency)),
        "days": row.days,
        "status": row.status,
        "decision_hash": row.record_hash,
        "refusals": [RefusalOut.model_validate(each) for each in row.refusals],
        "loan_id": row.loan_id,
        "appeal_of": row.appeal_of,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


class AcceptIn(Input):
    """The signature over the offer's typed data; without one the key in custody signs, if there is one."""

    signature: Signature | None = None


class ReviewIn(Input):
    """The word of the lender's desk; the applicant reads the reason."""

    decision: Literal["approved", "refused"]
    reason: Reason


class AppealIn(Input):
    """Why, and what further data may be looked at."""

    reason: Reason
    data: FreeJson = Field(default_factory=dict)
