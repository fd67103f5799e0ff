"""Applications: asked, followed live, accepted, withdrawn, appealed."""

from __future__ import annotations

from contextlib import suppress
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
from api.trail import STREAM_SCHEMA, source
from chainfin.errors import NotFound
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import applications, review
from chainfin.services.reads import queries
from chainfin.storage.lending_tables import ApplicationRow, OfferRow

router = APIRouter(prefix="/v1")
asked = APIRouter(prefix="/applications", tags=["applications"], route_class=OnceRoute)
offers = APIRouter(prefix="/offers", tags=["applications"], route_class=OnceRoute)


@asked.post("", status_code=202)
def apply(ctx: Ctx, actor: Acting, body: ApplicationIn, response: Response) -> ApplicationOut:
    """Ask for money. What happens then is shown at /events while it happens."""
    row = applications.apply(
        ctx,
        actor,
        product=body.product,
        lender_id=body.lender_id,
        amount=body.amount.money("/amount/amount"),
        days=body.days,
        asset_id=body.asset_id,
        consent=None if body.consent is None else body.consent.model_dump(),
    )
    response.headers["Location"] = f"/v1/applications/{row.id}"
    return ApplicationOut.of(row)


@asked.get("")
def list_applications(ctx: Ctx, actor: Acting, window: Paged) -> Page[ApplicationOut]:
    """Applications in which one is borrower or lender."""
    return page(
        window,
        lambda after, limit: queries.applications(ctx, actor, after=after, limit=limit),
        ApplicationOut.of,
        lambda row: row.id,
    )


@asked.get("/{application_id}")
def get_application(ctx: Ctx, actor: Acting, application_id: Id) -> ApplicationDetail:
    """The application with its trail, its offer, and the decision in sentences that add up."""
    view = queries.application(ctx, actor, application_id)
    return ApplicationDetail.full(view, None if view.offer is None else _offer(ctx, actor, view.offer, view.row))


@asked.get(
    "/{application_id}/events",
    response_class=Response,
    responses={
        200: {
            "description": "`node` events as nodes start and end, then one `end` event; `id` resumes by Last-Event-ID",
            "content": {"text/event-stream": {"schema": STREAM_SCHEMA}},
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
    row = applications.appeal(ctx, actor, application_id, reason=body.reason, consent=body.data)
    response.headers["Location"] = f"/v1/applications/{row.id}"
    return ApplicationOut.of(row)


@offers.get("/{offer_id}")
def get_offer(ctx: Ctx, actor: Acting, offer_id: Id) -> OfferOut:
    """An offer; the borrower finds in ``act`` what it has to sign."""
    row = queries.offer(ctx, actor, offer_id)
    return _offer(ctx, actor, row, queries.application(ctx, actor, row.application_id).row)


def _offer(ctx: Context, actor: Actor, row: OfferRow, application: ApplicationRow) -> OfferOut:
    """The act is the borrower's: the lender sees the offer without it."""
    act = None
    with suppress(NotFound):
        act = acts.get(ctx, actor, row.act_id or "")
    return OfferOut.of(row, act, application.product)


router.include_router(asked)
router.include_router(offers)
