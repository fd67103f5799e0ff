"""The route classes: every error becomes problem details, and what changes something happens once for a key."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Coroutine
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import idempotency, problems
from api.auth import identify
from api.observe import bind_path_ids
from chainfin.errors import BadInput
from chainfin.services.kernel.idempotency import Answer, Claim, Idempotency
from chainfin.storage.away import is_away

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
JSON = "application/json"


async def refuse_unreadable(request: Request, taken: Collection[str]) -> None:
    """Raises BadInput content_type_unsupported for a body that says it is something else than what is ``taken`` here;
    RequestValidationError for a JSON body that can't be read or is nested more than a thousand deep; BadInput
    json_name_repeated for an object with one name twice: readers differ in which they take.

    py-evm raises Python's recursion limit so far that the standard library's parser, which FastAPI uses, runs off the
    stack on a body of a hundred thousand brackets and takes the process with it; orjson has a limit of its own.
    """
    if request.method == "GET":
        return  # nobody looks at its body
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind not in taken:
        given = f"not {kind[:100]!r}" if kind else "which was left out"
        why = f"this takes {' or '.join(sorted(taken))}: send it as the header Content-Type, {given}"
        raise BadInput("content_type_unsupported", why, where="header:content-type")
    if kind != JSON:
        return
    try:
        if body:
            orjson.loads(body)
    except orjson.JSONDecodeError as error:
        found = {
            "type": "json_invalid",
            "loc": ("body", error.pos),
            "msg": f"JSON decode error: {error.msg}",
            "input": {},
        }
        raise RequestValidationError([found]) from None
    if body:
        json.loads(body, object_pairs_hook=_each_once, parse_int=str)  # its depth is known to be bounded


def _each_once(pairs: list[tuple[str, object]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise BadInput("json_name_repeated", f"{name[:100]!r} stands twice in one object")
        names.add(name)


class Route(APIRoute):
    """Reads, and what needs no key (sign-in has one-time nonces of its own)."""

    @property
    def taken(self) -> Collection[str]:
        """Media types of bodies: JSON, and what the operation names besides."""
        named = (self.openapi_extra or {}).get("requestBody", {}).get("content", {})
        return {JSON, *named}

    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            bind_path_ids(request)
            try:
                await refuse_unreadable(request, self.taken)
                return await inner(request)
            except Exception as error:
                return problems.to_response(error, request)

        return handler


class OnceRoute(Route):
    """POSTs that change something: an ``Idempotency-Key`` is needed. Other methods are as in `Route`."""

    needs_token = True

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in (options.get("methods") or ()):
            extra = dict(options.get("openapi_extra") or {})
            parameter = {
                "name": idempotency.HEADER,
                "in": "header",
                "required": True,
                "description": "the same key and body get the same answer; another body is refused",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": idempotency.KEY_PATTERN},
            }
            extra["parameters"] = [*extra.get("parameters", ()), parameter]
            options["openapi_extra"] = extra
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        inner = APIRoute.get_route_handler(self)
        plain = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if request.method != "POST":
                return await plain(request)
            bind_path_ids(request)
            try:
                await refuse_unreadable(request, self.taken)
                return await self._once(inner, request)
            except Exception as error:
                return problems.to_response(error, request)

        return handler

    async def _once(self, inner: Handler, request: Request) -> Response:
        subject = (await run_in_threadpool(identify, request)).subject if self.needs_token else "-"
        key = idempotency.check_key(request.headers.get(idempotency.HEADER))
        keeper: Idempotency = request.app.state.idempotency
        digest = idempotency.body_digest(await request.body())
        what = f"{request.method} {request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        claim = await run_in_threadpool(keeper.begin, subject, key, what, digest)
        if isinstance(claim, Answer):
            return idempotency.replayed(claim)
        return await self._carry_out(inner, request, keeper, claim)

    async def _carry_out(self, inner: Handler, request: Request, keeper: Idempotency, claim: Claim) -> Response:
        keep, sure = False, True
        try:
            try:
                request.state.claim = claim
                answer = await inner(request)
                keep = True
            except Exception as error:
                answer = problems.to_response(error, request)
                # a database that goes away in a commit may have committed
                sure = not is_away(error)
                # What was never begun (the form was wrong) may be put right under the same key.
                keep = answer.status_code < 500 and not isinstance(error, RequestValidationError)
            if keep:
                await run_in_threadpool(keeper.finish, claim, idempotency.kept(answer))
            return answer
        except BaseException:
            keep = False  # cancelled, or the answer could not be kept
            raise
        finally:
            if not keep:
                keeper.release(claim, sure=sure)


class OpenOnceRoute(OnceRoute):
    """The same without a token: what is sent proves itself (a signature)."""

    needs_token = False
