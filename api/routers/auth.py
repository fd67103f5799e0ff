"""Sign-in: a wallet's signature or client credentials against a token; and the clients themselves."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Body, Depends
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Acting, Signing, Who
from api.paging import Page, Paged, page
from api.route import OnceRoute, Route
from api.schemas.auth import ChallengeIn, ChallengeOut, ClientIn, ClientOut, NewClientOut, TokenIn, TokenOut, WalletIn
from api.schemas.common import Id
from chainfin.errors import BadInput
from chainfin.services.parties.signin import Token

# One-time nonces and secrets guard sign-in; an Idempotency-Key would only make the service keep tokens.
router = APIRouter(prefix="/v1")
signing_in = APIRouter(prefix="/auth", tags=["auth"], route_class=Route)
clients = APIRouter(prefix="/clients", tags=["auth"], route_class=OnceRoute)


@signing_in.post("/nonce")
def nonce(signin: Signing, body: ChallengeIn | None = None) -> ChallengeOut:
    """A one-time nonce for a wallet sign-in, good for ten minutes."""
    given = signin.challenge(body.address if body else None)
    return ChallengeOut(
        nonce=given.nonce,
        domain=given.domain,
        uri=given.uri,
        chain_id=given.chain_id,
        expires_at=given.expires_at,
        message=given.message,
    )


@signing_in.post("/wallet")
def wallet(signin: Signing, body: WalletIn, response: Response) -> TokenOut:
    """A token for the key that signed an EIP-4361 message with a nonce of ours."""
    return _out(signin.wallet(body.message, body.signature), response)


_TOKEN_FORMS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": TokenIn.model_json_schema()}
            for kind in ("application/json", "application/x-www-form-urlencoded")
        },
    }
}


async def _credentials(request: Request) -> TokenIn:
    """From a form (as OAuth has it) or JSON."""
    raw = await request.body()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        try:
            fields = parse_qs(raw.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=10)
        except ValueError:
            raise BadInput("input_invalid", "the form can't be read", where="/") from None
        raw = orjson.dumps({name: values[0] if len(values) == 1 else values for name, values in fields.items()})
    try:
        return TokenIn.model_validate_json(raw)
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(found) from None


@signing_in.post("/token", openapi_extra=_TOKEN_FORMS)
def token(signin: Signing, credentials: TokenIn = Depends(_credentials), *, response: Response) -> TokenOut:
    """A token for client credentials (OAuth 2.0)."""
    return _out(signin.client(credentials.client_id, credentials.client_secret), response)


@clients.post("", status_code=201)
def create_client(signin: Signing, who: Who, body: ClientIn = Body(default_factory=ClientIn)) -> NewClientOut:
    """Credentials for an ERP system. The secret is shown in this answer only."""
    made = signin.create_client(who, body.party_id)
    return NewClientOut(**ClientOut.of(made.row).model_dump(), client_secret=made.secret)


@clients.get("")
def list_clients(signin: Signing, actor: Acting, window: Paged) -> Page[ClientOut]:
    """One's own clients."""
    return page(
        window,
        lambda after, limit: signin.clients(actor, after=after, limit=limit),
        ClientOut.of,
        lambda row: row.client_id,
    )


@clients.delete("/{client_id}")
def revoke_client(signin: Signing, actor: Acting, client_id: Id) -> ClientOut:
    """End a client, and every token that it got, at once."""
    return ClientOut.of(signin.revoke_client(actor, client_id))


def _out(made: Token, response: Response) -> TokenOut:
    response.headers["Cache-Control"] = "no-store"
    return TokenOut(
        access_token=made.value, expires_in=made.expires_in_s, subject=made.subject, person_id=made.person_id
    )


router.include_router(signing_in)
router.include_router(clients)
