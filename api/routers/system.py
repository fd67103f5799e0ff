"""Is it alive, is it ready, and what time is it in business."""

from __future__ import annotations

import secrets
from datetime import date
from ipaddress import ip_address
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Acting, Ctx
from api.route import OnceRoute, Route
from api.schemas.common import Input, Moment, ZonedMoment
from chainfin.errors import Conflict, Forbidden, NotFound, Unauthenticated, Unavailable
from chainfin.runtime.loop import State, View
from chainfin.runtime.metrics import CONTENT_TYPE, Metrics
from chainfin.services.kernel.context import Context

router = APIRouter()
probes = APIRouter(tags=["system"], route_class=Route)
clock = APIRouter(prefix="/v1/clock", tags=["system"], route_class=OnceRoute)


class Alive(BaseModel):
    status: Literal["alive"] = "alive"


class LoopOut(BaseModel):
    """What a loop is doing, and why it isn't running if it isn't."""

    state: State
    code: str | None
    message: str | None


class Ready(BaseModel):
    """``loops``: of the drivers in this process, by name."""

    status: Literal["ready"] = "ready"
    checks: list[str]
    loops: dict[str, LoopOut]


class ClockOut(BaseModel):
    """Business time, and the day that it is in the zone by which business is dated; ``movable`` in a sandbox only."""

    now: Moment
    today: date
    movable: bool


class ClockIn(Input):
    now: ZonedMoment


@probes.get("/healthz")
def healthz() -> Alive:
    """The process answers."""
    return Alive()


@probes.get("/readyz")
def readyz(request: Request) -> Ready:
    """Every part that the service needs does its work; else 503 with the part's code and how each loop stands."""
    checks = request.app.state.ready
    views: list[View] = [loop.view for loop in request.app.state.loops]
    loops = {view.name: LoopOut(state=view.state, code=view.code, message=view.message) for view in views}
    for check in checks.values():
        try:
            check()
        except Unavailable as error:
            states = {name: each.model_dump(mode="json") for name, each in loops.items()}
            raise Unavailable(error.code, error.message, loops=states) from error
    return Ready(checks=list(checks), loops=loops)


@probes.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Numbers alone, in Prometheus' text format. With CHAINFIN_METRICS_TOKEN set that token is needed; without it only
    a caller on this machine, and not through a proxy, is answered.

    Raises Unauthenticated metrics_token_invalid; Forbidden metrics_local_only; NotFound metrics_missing.
    """
    counted: Metrics | None = request.app.state.metrics
    token: str | None = request.app.state.metrics_token
    if token is not None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), token.encode()):
            raise Unauthenticated("metrics_token_invalid", "this takes the bearer token of CHAINFIN_METRICS_TOKEN")
    elif not _is_local(request):
        raise Forbidden("metrics_local_only", "set CHAINFIN_METRICS_TOKEN to read this from another machine")
    if counted is None:
        raise NotFound("metrics_missing", "this process counts nothing")
    return Response(counted.text(), media_type=CONTENT_TYPE)


def _is_local(request: Request) -> bool:
    if request.client is None or "forwarded" in request.headers or "x-forwarded-for" in request.headers:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


@clock.get("")
def read_clock(ctx: Ctx, _actor: Acting) -> ClockOut:
    """Business time as this installation keeps it; every date of business follows it."""
    return _read(ctx)


@clock.post("")
def move_clock(ctx: Ctx, actor: Acting, body: ClockIn) -> ClockOut:
    """Move business time forward (operator, in a sandbox)."""
    actor.require_operator()
    if not ctx.clock.movable:
        raise Conflict("clock_not_movable", "business time follows the wall clock here")
    ctx.clock.move_to(body.now)
    return _read(ctx)


def _read(ctx: Context) -> ClockOut:
    now = ctx.clock.now()
    return ClockOut(now=now, today=ctx.clock.day_of(now), movable=ctx.clock.movable)


router.include_router(probes)
router.include_router(clock)
