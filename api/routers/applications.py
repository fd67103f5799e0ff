"""Applications: asked, followed live, accepted, withdrawn, appealed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header
from starlette.requests import Request
from starlette.responses import Response

from api import sse
from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.lending import (
    AcceptIn,
    AppealIn,
    ApplicationDetail,
    ApplicationIn,
    ApplicationOut,
    OfferOut,
    ReviewIn,
)
from api.trail import STREAM_EXAMPLE, STREAM_SCHEMA, source
from chainfin.services.lending import applications, review
from chainfin.services.reads import queries

router = APIRouter(prefix="/v1")
asked = APIRouter(prefix="/applications", tags=["applications"], route_class=OnceRoute)
offers = APIRouter(prefix="/offers", tags=["applications"], route_class=OnceRoute)


@asked.post("", status_code=202)
def apply(ctx: Ctx, actor: Acting, body: ApplicationIn, response: Response) -> ApplicationOut:
    """Apply for financing (融资申请). What happens then is shown at /events while it happens."""
    made = applications.apply(
        ctx,
        actor,
        product=body.product,
        lender_id=body.lender_id,
        amount=body.amount.money("/amount/amount"),
        days=body.days,
        asset_id=body.asset_id,
        consent=None if body.consent is None else body.consent.model_dump(),
    )
    response.headers["Location"] = f"/v1/applications/{made.id}"
    return ApplicationOut.of(made)


@asked.get("")
def list_applications(ctx: Ctx, actor: Acting, window: Paged) -> Page[ApplicationOut]:
    """Applications in which one is borrower or lender."""
    return page(
        window,
        lambda after, limit: queries.applications(ctx, actor, after=after, limit=limit),
        ApplicationOut.of,
        lambda seen: seen.id,
    )


@asked.get("/{application_id}")
def get_application(ctx: Ctx, actor: Acting, application_id: Id) -> ApplicationDetail:
    """One application: its trail, its offer, and the decision in sentences that add up."""
    return ApplicationDetail.full(queries.application(ctx, actor, application_id))


@asked.get(
    "/{application_id}/events",
    response_class=Response,
    responses={
        200: {
            "description": "`node` events as nodes start and end, then one `end` event; `id` resumes by Last-Event-ID",
            "content": {"text/event-stream": {"schema": STREAM_SCHEMA, "example": STREAM_EXAMPLE}},
        },
        204: {"description": "Last-Event-ID was the end: nothing more comes"},
    },
)
async def events(
    request: Request,
    ctx: Ctx,
    actor: Acting,
    application_id: Id,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:
    """The application's way, live (server-sent events)."""
    news = source(ctx, actor, application_id)
    return await sse.respond(request.app.state.commits, news, last_event_id, about=application_id)


@asked.post("/{application_id}/accept", status_code=202)
def accept(
    ctx: Ctx, actor: Acting, application_id: Id, body: AcceptIn = Body(default_factory=AcceptIn)
) -> ApplicationOut:
    """The borrower takes the offer with its EIP-712 signature."""
    return ApplicationOut.of(applications.accept(ctx, actor, application_id, body.signature))


@asked.post("/{application_id}/withdrawal")
def withdraw(ctx: Ctx, actor: Acting, application_id: Id) -> ApplicationOut:
    """The borrower changes its mind before accepting."""
    return ApplicationOut.of(applications.withdraw(ctx, actor, application_id))


@asked.post("/{application_id}/decision", status_code=202)
def decide(ctx: Ctx, actor: Acting, application_id: Id, body: ReviewIn) -> ApplicationOut:
    """The lender decides what the policy leaves to a person; what the rules refuse, asked again, stays refused."""
    return ApplicationOut.of(review.decide(ctx, actor, application_id, body.decision, body.reason))


@asked.post("/{application_id}/appeals", status_code=202)
def appeal(ctx: Ctx, actor: Acting, application_id: Id, body: AppealIn, response: Response) -> ApplicationOut:
    """Dispute a decision: it is made again on today's facts, as a new application linked to the old one."""
    made = applications.appeal(ctx, actor, application_id, reason=body.reason, consent=body.data)
    response.headers["Location"] = f"/v1/applications/{made.id}"
    return ApplicationOut.of(made)


@offers.get("/{offer_id}")
def get_offer(ctx: Ctx, actor: Acting, offer_id: Id) -> OfferOut:
    """An offer and its terms; the borrower finds in ``act`` what it has to sign."""
    return OfferOut.of(queries.offer(ctx, actor, offer_id))


router.include_router(asked)
router.include_router(offers)
