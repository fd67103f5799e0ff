"""A company of the play: a client that knows its name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from chainfin.client.calls import PATIENCE_S
from chainfin.client.client import Client
from chainfin.errors import Unavailable
from chainfin.eth.signer import KeySigner


class Member(Client):
    """``id`` and ``account`` once it is admitted; a key of its own, fresh by default."""

    def __init__(
        self,
        where: str | httpx.Client,
        token: str = "",
        *,
        name: str = "",
        id: str = "",
        account: str = "",
        signer: KeySigner | None = None,
        domain: str | None = None,
    ) -> None:
        self.key = signer or KeySigner.new()
        super().__init__(where, token, signer=self.key, domain=domain)
        self.name = name
        self.id = id
        self.account = account

    def mandate(self, body: Mapping[str, Any]) -> Any:
        """Give a mandate: prepared, then signed (see `POST /v1/mandates`). Returns it, active."""
        return self.act("/v1/mandates", body)

    def until(self, look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
        """Look, at anything, until it is good. Raises Unavailable demo_patience_over."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = look()
            if good(found):
                return found
            time.sleep(0.01)
        raise Unavailable("demo_patience_over", f"{self.name} waited {PATIENCE_S:.0f} s for nothing")
