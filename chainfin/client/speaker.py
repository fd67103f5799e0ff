"""What both clients have: a key, a token, and the steps of all that they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from chainfin.client.flows import Flows
from chainfin.errors import BadInput
from chainfin.eth.signer import Signer

TIMEOUT_S = 60.0
"""How long an answer may take, where the httpx client is ours."""


def base_url(where: str) -> str:
    """A service's URL. Raises BadInput url_malformed."""
    try:
        url = httpx.URL(where)
    except httpx.InvalidURL as error:
        raise BadInput("url_malformed", f"this is no URL: {error}", where=where) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise BadInput("url_malformed", "a URL begins with http:// or https://, then a host", where=where)
    return where


class Speaker:
    """Somebody at the API: with a key (``signer``, which never leaves this side), with client credentials, or with a
    ``token`` alone. `Client` and `AsyncClient` open, sign in, call and close alike; one says ``await`` before each.

    ``where``: the service's URL, or an httpx client of one's own for it. What was sent and not answered, and what the
    service can't answer now (429, 502, 503, 504), is asked again as ``retries`` say, under the same Idempotency-Key;
    what isn't idempotent never is. An expired token is renewed. ``domain``: for whom sign-in messages have to be, by
    default the URL's host. ``contracts``: their addresses by name (`chainfin contracts deploy --json`); of one that
    isn't named, the first that is seen stays.
    """

    def __init__(self, flows: Flows) -> None:
        self.flows = flows

    @property
    def token(self) -> str:
        """The bearer token of the sign-in; empty before."""
        return self.flows.token

    @token.setter
    def token(self, token: str) -> None:
        self.flows.token = token

    @property
    def signer(self) -> Signer | None:
        return self.flows.signer

    @property
    def domain(self) -> str:
        """For whom sign-in messages have to be."""
        return self.flows.host

    @property
    def address(self) -> str:
        """Of the key on this side. Raises BadInput key_missing."""
        return self.flows.own_signer.address

    def signature(self, typed_data: Mapping[str, Any]) -> str:
        """Over typed data of an act, unseen: for who has looked at it itself."""
        return self.flows.signature(typed_data)
