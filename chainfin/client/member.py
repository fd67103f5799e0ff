"""A participant's side of the HTTP API: signs in with its own key, signs its own acts, waits for what it started."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import httpx

from chainfin.errors import ChainfinError, Refused, Unavailable
from chainfin.eth import eip712
from chainfin.eth.abi import from_hex
from chainfin.eth.signer import KeySigner, Signer, personal_message
from chainfin.values.money import Money

PATIENCE_S = 30.0


class ApiProblem(ChainfinError):
    """The API's problem details as an exception: ``code`` is the stable code, ``status`` the HTTP status."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("code", "http_error")), str(body.get("detail", status)))
        self.status = status
        self.body = body


@dataclass
class Caller:
    """Somebody with a token."""

    http: httpx.Client
    token: str = ""

    def get(self, path: str, **params: Any) -> Any:
        return self._call("GET", path, params=params or None)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """``key`` is the Idempotency-Key; by default a fresh one."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        return self._call("POST", path, json=dict(body or {}), headers=headers)

    def _call(self, method: str, path: str, **more: Any) -> Any:
        headers = {**more.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = self.http.request(method, path, headers=headers, **more)
        body = answer.json() if answer.content else None
        if answer.is_error:
            raise ApiProblem(answer.status_code, body if isinstance(body, dict) else {})
        return body

    def download(self, path: str) -> bytes:
        """The body as it is."""
        answer = self.http.get(path, headers={"Authorization": f"Bearer {self.token}"})
        if answer.is_error:
            raise ApiProblem(answer.status_code, answer.json())
        return answer.content

    def events(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Server-sent events as (name, data), until the stream ends."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        with self.http.stream("GET", path, headers=headers, timeout=PATIENCE_S) as stream:
            name = ""
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))


def confirmation(known: Mapping[str, Any]) -> dict[str, Any]:
    """What a debtor says when it confirms: root, face and day, so that nothing else can be put before it."""
    face = {"amount": known["face"], "currency": known["currency"]}
    return {"document_root": known["document_root"], "face": face, "due_date": known["due_date"]}


@dataclass
class Member(Caller):
    """A participant with a key that never leaves this side."""

    name: str = ""
    id: str = ""
    account: str = ""
    signer: Signer = field(default_factory=KeySigner.new, repr=False)

    @property
    def address(self) -> str:
        return self.signer.address

    def sign_in(self) -> None:
        """EIP-4361: sign the server's one-time message."""
        challenge = self.post("/v1/auth/nonce", {"address": self.address})
        signature = self.signer.sign(personal_message(challenge["message"]))
        body = {"message": challenge["message"], "signature": "0x" + signature.hex()}
        self.token = self.post("/v1/auth/wallet", body)["access_token"]

    def signature(self, typed_data: Mapping[str, Any]) -> str:
        return "0x" + eip712.sign(typed_data, self.signer).hex()

    def do(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Start an act, sign it, wait until it is in a final block. Returns the answer that started it."""
        answer: dict[str, Any] = self.post(path, body)
        self.finish(answer.get("act", answer))
        return answer

    def confirm(
        self, known: Mapping[str, Any], invoice: bytes, *, seller: str | None = None, due: date | None = None
    ) -> dict[str, Any]:
        """Confirm a receivable (as `GET /v1/receivables` shows it) on one's own copy of its ``invoice``: id and root
        are made again from it, face and day compared with it, and signed is only what one knows oneself. ``seller``:
        its legal id, where the invoice names it by another; ``due``: the day, where the invoice names none. Returns
        the act, final.

        Raises Refused invoice_…_foreign: it isn't this invoice's receivable; typed_data_foreign: the service asks to
        sign something else.
        """
        # only here: a client that reads no invoice needn't load what reads them
        from chainfin.documents import read
        from chainfin.documents.opening import Opening, Revealed

        opened = self.get(f"/v1/receivables/{known['id']}/opening")
        key, secret = from_hex(opened["fingerprint_key"]), from_hex(opened["document_secret"])
        opening = Opening(key, secret, opened["seller_legal_id"])
        mine = read(invoice, source="my invoice")
        face = Money.parse(known["face"], known["currency"])
        day = date.fromisoformat(known["due_date"])
        opening.check(mine, Revealed(known["id"], known["document_root"], face, day), seller=seller, due=due)
        number = self.get(f"/v1/participants/{known['seller_id']}")["chain_party"]
        detail = confirmation(known)
        answer = self.post(f"/v1/receivables/{known['id']}/confirmation", detail)
        asked = answer["typed_data"]["message"]
        own = {
            "id": known["id"],
            "orderId": known["order_id"],
            "seller": str(number),
            "documentRoot": detail["document_root"],
            "face": str(face.minor),
            "dueDay": str((day - date(1970, 1, 1)).days),
        }
        if {name: value for name, value in asked.items() if name not in ("nonce", "deadline")} != own:
            raise Refused("typed_data_foreign", f"to be signed is another confirmation: {asked}"[:300])
        return self.finish(answer)

    def mandate(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Give a mandate: prepared, then signed (see `POST /v1/mandates`). Returns it, active."""
        return self.sign_mandate(self.post("/v1/mandates", body))

    def sign_mandate(self, prepared: Mapping[str, Any]) -> dict[str, Any]:
        """Sign a prepared mandate, if it waits for that (one in custody waits for a second person). Returns it."""
        if prepared["status"] != "prepared" or prepared["proposal_id"] is not None:
            return dict(prepared)
        from chainfin.eth import mandate_message  # what it stands on takes half a second to load

        signature = "0x" + mandate_message.sign(prepared["typed_data"], self.signer).hex()
        signed: dict[str, Any] = self.post(f"/v1/mandates/{prepared['id']}/signature", {"signature": signature})
        return signed

    def sign_revocation(self, revoked: Mapping[str, Any]) -> dict[str, Any]:
        """Sign the revocation of a mandate, if it waits for that. Returns the mandate: keep it, the word in it proves
        from when on nothing was to go out."""
        if revoked["revocation"] is None or revoked["revocation_signature"] is not None:
            return dict(revoked)
        from chainfin.eth import mandate_message  # what it stands on takes half a second to load

        given = mandate_message.sign(revoked["revocation"], self.signer, mandate_message.REVOCATION)
        path = f"/v1/mandates/{revoked['id']}/revocation/signature"
        signed: dict[str, Any] = self.post(path, {"signature": "0x" + given.hex()})
        return signed

    def finish(self, act: Mapping[str, Any]) -> dict[str, Any]:
        """Sign an act (if it waits for that) and wait for its end; a word that rides in another's act, or a grant of
        more goods, is given once it is signed. Raises ApiProblem with the chain's refusal."""
        words = (*eip712.OFFERED, *eip712.RIDING, *eip712.KEPT)
        done = ("final", "signed") if act["function"] in words else ("final",)
        if act["status"] == "awaiting_signature":
            self.post(f"/v1/acts/{act['id']}/signature", {"signature": self.signature(act["typed_data"])})
        ended: dict[str, Any] = self.until(
            lambda: self.get(f"/v1/acts/{act['id']}"),
            lambda now: now["status"] in ("refused", "expired", *done),
        )
        if ended["status"] not in done:
            error = ended["error"] or {"code": f"act_{ended['status']}", "message": ended["status"]}
            raise ApiProblem(409, {"code": error["code"], "detail": error["message"]})
        return ended

    def sign_waiting(self) -> int:
        """Sign every act that waits for this party (a bank attesting what it booked). Returns how many."""
        found = self.get("/v1/acts", status="awaiting_signature")["items"]
        waiting = [act for act in found if act["function"] not in eip712.OFFERED]
        for act in waiting:
            self.finish(act)
        return len(waiting)

    def until(self, look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
        """Look until it is good. Raises Unavailable demo_patience_over."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = look()
            if good(found):
                return found
            time.sleep(0.01)
        raise Unavailable("demo_patience_over", f"{self.name} waited {PATIENCE_S:.0f} s for nothing")
