"""The front door: what this is, and where to go on from here."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.route import Route
from chainfin.connectors.sandbox import Partner, Played

router = APIRouter(tags=["system"], route_class=Route)

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{name}</title>
<style>body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}</style>
<h1>{name} <small>{version}</small></h1>
<p>{about}</p>
<p>{played}</p>
<ul>
<li><a href="docs">docs</a>: every operation, to be tried out
<li><a href="openapi.json">openapi.json</a>: the same for programs
<li><a href="readyz">readyz</a>: whether it works, and what each driver is doing
</ul>
"""
_LINK: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}


class Home(BaseModel):
    """What answers here. Paths are relative to this one."""

    name: str
    version: str
    about: str
    sandbox: list[Partner] = Field(description="partners that are only played here; none: money really moves")
    docs: str = "docs"
    openapi: str = "openapi.json"
    ready: str = "readyz"


@router.get("/", response_model=Home, responses={200: {"content": _LINK}})
def read_home(request: Request) -> Response:
    """What this is and where to go on: as JSON, or as a page for browsers."""
    played: Played = request.app.state.played
    about = "Supply-chain finance on a chain that anyone can verify."
    home = Home(name=request.app.title, version=request.app.version, about=about, sandbox=list(played.partners))
    if "text/html" not in request.headers.get("accept", ""):
        return Response(home.model_dump_json(), media_type="application/json")
    words = f"Played here, not real: {', '.join(home.sandbox)}." if home.sandbox else "All partners are real."
    page = _PAGE.format(name=escape(home.name), version=escape(home.version), about=escape(about), played=escape(words))
    return HTMLResponse(page)
