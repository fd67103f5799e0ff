"""What the world outside does at a sandbox, for demo and tests: a debtor pays, a subject consents, a shop has sales."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import httpx
from pydantic import JsonValue

from chainfin.connectors.sandbox.data import Consent, Dataset
from chainfin.connectors.sandbox.rail import Resolution
from chainfin.connectors.sandbox.server import Sandbox
from chainfin.connectors.sandbox.statement import Statement
from chainfin.connectors.wire import ConsentRequest, IncomingDocument, IncomingRequest
from chainfin.errors import BadInput, Conflict
from chainfin.values.money import Money


class World:
    """Calls the sandbox as the others would. Raises BadInput with the sandbox's code where it says no."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._client = httpx.Client(base_url=sandbox.url, timeout=10.0, trust_env=False)

    def pays(
        self,
        payment_id: str,
        amount: Money,
        *,
        payer_account: str,
        payer_name: str,
        payee_account: str,
        remittance: str,
        bank_reference: str | None = None,
    ) -> IncomingDocument:
        """Somebody pays into ``payee_account``; booked once for each ``payment_id``, under a reference that the bank
        makes up (None) or that it is told. Returns the bank's line of it."""
        body = IncomingRequest(
            payment_id=payment_id,
            bank_reference=bank_reference,
            payer_account=payer_account,
            payer_name=payer_name,
            payee_account=payee_account,
            amount=str(amount),
            currency=amount.currency,
            remittance=remittance,
        )
        return IncomingDocument.model_validate_json(self._call("POST", "/rail/incoming", body.model_dump_json()))

    def consents(self, subject_id: str, sources: tuple[str, ...], valid_until: date) -> str:
        """The subject agrees that we read ``sources`` until that day (inclusive); the token that says so."""
        body = ConsentRequest(subject_id=subject_id, sources=sources, valid_until=valid_until)
        return Consent.model_validate_json(self._call("POST", "/data/consents", body.model_dump_json())).token

    def has_data(self, subject_id: str, source: str, as_of: date, payload: JsonValue) -> None:
        """What ``source`` shall say of the subject from now on, in place of invented figures."""
        body = Dataset(as_of=as_of, payload=payload)
        self._call("PUT", f"/data/subjects/{subject_id}/{source}", body.model_dump_json())

    def resolves(self, instruction_id: str, status: Literal["done", "refused"]) -> None:
        """A pending payment ends."""
        body = Resolution(status=status)
        self._call("POST", f"/rail/payments/{instruction_id}/resolve", body.model_dump_json())

    def statement(self, account: str) -> Statement:
        """What the bank has booked on an account that is somebody's outside."""
        return Statement.model_validate_json(self._call("GET", "/rail/statement", account=account))

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, content: str | None = None, **params: str) -> bytes:
        response = self._client.request(
            method, path, content=content, params=params, headers={"content-type": "application/json"}
        )
        if response.is_success:
            return response.content
        if response.is_client_error:
            body = response.json()
            raise BadInput(body["code"], body["message"])
        response.raise_for_status()
        return response.content


Partner = Literal["bank", "registry", "data"]
PARTNERS: Final[tuple[Partner, ...]] = ("bank", "registry", "data")


@dataclass(frozen=True, slots=True)
class Played:
    """Which partners the sandbox plays for an installation: none where all of them are real."""

    world: World | None = None
    partners: tuple[Partner, ...] = ()

    def acting_on(self, partner: Partner) -> World:
        """The world outside, to do something at ``partner``. Raises Conflict sandbox_only: a real one is named."""
        if self.world is None or partner not in self.partners:
            raise Conflict("sandbox_only", f"a real partner is named ({partner}): this is done there")
        return self.world
