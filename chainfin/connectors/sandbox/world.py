"""What the world outside does at a sandbox, for demo and tests: a debtor pays, a subject consents, a shop has sales."""

from __future__ import annotations

from datetime import date
from typing import Literal

import httpx
from pydantic import JsonValue

from chainfin.connectors.sandbox.data import Consent, Dataset
from chainfin.connectors.sandbox.rail import Resolution
from chainfin.connectors.sandbox.server import Sandbox
from chainfin.connectors.wire import ConsentRequest, IncomingDocument, IncomingRequest
from chainfin.errors import BadInput
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

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, content: str) -> bytes:
        response = self._client.request(method, path, content=content, headers={"content-type": "application/json"})
        if response.is_success:
            return response.content
        if response.is_client_error:
            body = response.json()
            raise BadInput(body["code"], body["message"])
        response.raise_for_status()
        return response.content
