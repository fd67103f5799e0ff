"""Limits, applications with their trail, and offers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.common import (
    Amount,
    AmountIn,
    AmountOrNoneIn,
    FreeJson,
    Input,
    Moment,
    Reason,
    Ref,
    Signature,
    major,
    states,
)
from api.schemas.parties import ActOut
from chainfin.rules import application, facility
from chainfin.rules.offer import OfferState
from chainfin.services.views.lending import ApplicationDetail as ApplicationSeen
from chainfin.services.views.lending import ApplicationView, LimitView, NodeView, OfferView
from chainfin.values.money import Money
from chainfin.values.product import Product

Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class LimitIn(Input):
    """A lender's own limit on a debtor or borrower, or (kind lender) on itself. Zero lets nothing new out."""

    kind: Literal["debtor", "borrower", "lender"]
    key: Ref = Field(description="party id")
    amount: AmountOrNoneIn = Field(description="zero: nothing new")
    grade: Literal["A", "B", "C", "D"] | None = Field(default=None, description="of the lender's underwriter")


class LimitOut(BaseModel):
    """``held`` is promised to offers, ``used`` is paid out; both together exceed ``amount`` only where it was lowered
    below them."""

    id: str
    lender_id: str
    kind: str = states(facility.LimitKind)
    key: str
    currency: str
    amount: str
    held: str
    used: str
    grade: str | None
    proposal_id: str | None
    updated_at: Moment

    @classmethod
    def of(cls, seen: LimitView) -> LimitOut:
        amounts = {name: major(getattr(seen, name), seen.currency) for name in ("amount", "held", "used")}
        return cls(
            id=seen.id,
            lender_id=seen.lender_id,
            kind=seen.kind,
            key=seen.key,
            currency=seen.currency,
            grade=seen.grade,
            proposal_id=seen.proposal_id,
            updated_at=seen.updated_at,
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
    def of(cls, seen: NodeView) -> NodeOut:
        took = None if seen.ended_at is None else f"{(seen.ended_at - seen.started_at).total_seconds():.6f}"
        return cls(
            seq=seen.seq,
            name=seen.name,
            started_at=seen.started_at,
            ended_at=seen.ended_at,
            seconds=took,
            outcome=seen.outcome,
            detail=seen.detail,
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
    def started(cls, seen: NodeView) -> NodeEvent:
        return cls(
            seq=seen.seq, node=seen.name, phase="started", at=seen.started_at, seconds=None, outcome=None, detail={}
        )

    @classmethod
    def ended(cls, seen: NodeView) -> NodeEvent:
        node = NodeOut.of(seen)
        return cls(
            seq=seen.seq,
            node=seen.name,
            phase="ended",
            at=seen.ended_at or seen.started_at,
            seconds=node.seconds,
            outcome=seen.outcome,
            detail=seen.detail,
        )


class RefusalOut(BaseModel):
    code: str
    message: str
    proof: dict[str, Any]


class EndEvent(BaseModel):
    """The data of the `end` event: the application rests in this state."""

    application_id: str
    status: str = states(application.State)
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
    status: str = states(OfferState)
    expires_at: Moment
    created_at: Moment
    act: ActOut | None = Field(description="the borrower sees what it has to sign")

    @classmethod
    def of(cls, seen: OfferView) -> OfferOut:
        currency = str(seen.terms["currency"])
        known = {name: seen.terms.get(name) for name in OfferTerms.model_fields}
        return cls(
            id=seen.id,
            application_id=seen.application_id,
            loan_id=str(seen.terms["loan_id"]),
            currency=currency,
            amount=major(seen.amount, currency),
            pledge_amount=seen.pledged_in.text(seen.pledge_amount),
            terms=OfferTerms.model_validate(known),
            status=seen.status,
            expires_at=seen.expires_at,
            created_at=seen.created_at,
            act=None if seen.act is None else ActOut.of(seen.act),
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
    status: str = states(application.State)
    decision_hash: str | None = Field(description="hash of the decision record; with a pledge it is on chain")
    refusals: list[RefusalOut]
    loan_id: str | None
    appeal_of: str | None
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, seen: ApplicationView) -> ApplicationOut:
        return cls(**_application(seen))


class ApplicationDetail(ApplicationOut):
    """With its trail, the offer, and the decision in sentences."""

    progress: list[NodeOut]
    offer: OfferOut | None
    explanation: list[SentenceOut]
    limit_parts: list[LimitPartOut] = Field(description="general path: what makes up the limit")

    @classmethod
    def full(cls, seen: ApplicationSeen) -> ApplicationDetail:
        return cls(
            **_application(seen.application),
            progress=[NodeOut.of(node) for node in seen.progress],
            offer=None if seen.offer is None else OfferOut.of(seen.offer),
            explanation=[SentenceOut(en=sentence.en, zh=sentence.zh) for sentence in seen.explanation],
            limit_parts=[
                LimitPartOut(
                    code=part["code"],
                    amount=major(int(part["amount_minor"]), seen.application.currency),
                    en=part["en"],
                    zh=part["zh"],
                    facts=part["facts"],
                )
                for part in seen.limit_parts
            ],
        )


def _application(seen: ApplicationView) -> dict[str, Any]:
    return {
        "id": seen.id,
        "product": seen.product,
        "borrower_id": seen.borrower_id,
        "lender_id": seen.lender_id,
        "asset_id": seen.asset_id,
        "requested": Amount.of(Money(seen.requested, seen.currency)),
        "days": seen.days,
        "status": seen.status,
        "decision_hash": seen.record_hash,
        "refusals": [RefusalOut.model_validate(each) for each in seen.refusals],
        "loan_id": seen.loan_id,
        "appeal_of": seen.appeal_of,
        "created_at": seen.created_at,
        "updated_at": seen.updated_at,
    }


class AcceptIn(Input):
    """The signature over the offer's typed data; without one the key in custody signs, if there is one."""

    signature: Signature | None = None


class ReviewIn(Input):
    """The word of the lender's underwriter; the applicant reads the reason."""

    decision: Literal["approved", "refused"]
    reason: Reason


class AppealIn(Input):
    """Why, and what further data may be looked at."""

    reason: Reason
    data: FreeJson = Field(default_factory=dict)
