"""Is it alive, is it ready, and what time is it in business."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from api.auth import Acting, Ctx
from api.route import OnceRoute, Route
from api.schemas.common import Input, Moment, ZonedMoment
from chainfin.errors import Conflict

router = APIRouter()
probes = APIRouter(tags=["system"], route_class=Route)
clock = APIRouter(prefix="/v1/clock", tags=["system"], route_class=OnceRoute)


class Alive(BaseModel):
    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    checks: list[str]


class ClockOut(BaseModel):
    """Business time; ``movable`` in a sandbox only."""

    now: Moment
    movable: bool


class ClockIn(Input):
    now: ZonedMoment


@probes.get("/healthz")
def healthz() -> Alive:
    """The process answers."""
    return Alive()


@probes.get("/readyz")
def readyz(request: Request) -> Ready:
    """Every part that the service needs does its work; else 503 with the part's code."""
    checks = request.app.state.ready
    for check in checks.values():
        check()
    return Ready(checks=list(checks))


@clock.get("")
def read_clock(ctx: Ctx, _actor: Acting) -> ClockOut:
    return ClockOut(now=ctx.clock.now(), movable=ctx.clock.movable)


@clock.post("")
def move_clock(ctx: Ctx, actor: Acting, body: ClockIn) -> ClockOut:
    """Move business time forward (operator, in a sandbox)."""
    actor.require_operator()
    if not ctx.clock.movable:
        raise Conflict("clock_not_movable", "business time follows the wall clock here")
    ctx.clock.move_to(body.now)
    return ClockOut(now=ctx.clock.now(), movable=True)


router.include_router(probes)
router.include_router(clock)
