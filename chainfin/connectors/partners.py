"""The three adapters, connected: to real partners by address and key, or to a sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainfin.connectors.data_partner import DataPartner
from chainfin.connectors.handlers import Handler, partner_handlers
from chainfin.connectors.http import HttpClient, Limits, Retry
from chainfin.connectors.payment_rail import PaymentRail
from chainfin.connectors.registry import Registry
from chainfin.connectors.sandbox import Sandbox
from chainfin.connectors.signature import Verifier

DATA_LIMITS = Limits(connect_s=1.0, read_s=4.0, total_s=6.0)
DATA_RETRY = Retry(attempts=2)
"""An applicant waits for the data sources: two tries, twelve seconds at most."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A partner's base address, and the public keys (hex) that sign its answers."""

    url: str
    public_keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Partners:
    """The connected adapters; `close` gives the connections back."""

    rail: PaymentRail
    registry: Registry
    data: DataPartner
    clients: tuple[HttpClient, ...]

    def handlers(self) -> dict[str, Handler]:
        """For the worker: what to do for each topic."""
        return partner_handlers(self.rail, self.registry, self.data)

    def close(self) -> None:
        for client in self.clients:
            client.close()


def connect(rail: Endpoint, registry: Endpoint, data: Endpoint) -> Partners:
    """Adapters to these three. Nothing is called yet. Raises BadInput partner_key_missing, partner_key_malformed."""
    rail_client = HttpClient(rail.url, Verifier(rail.public_keys))
    registry_client = HttpClient(registry.url, Verifier(registry.public_keys))
    data_client = HttpClient(data.url, Verifier(data.public_keys), limits=DATA_LIMITS, retry=DATA_RETRY)
    return Partners(
        PaymentRail(rail_client),
        Registry(registry_client),
        DataPartner(data_client),
        (rail_client, registry_client, data_client),
    )


def connect_sandbox(sandbox: Sandbox) -> Partners:
    """Adapters to all three of a sandbox."""
    keys = (sandbox.public_key,)
    return connect(
        Endpoint(sandbox.rail_url, keys), Endpoint(sandbox.registry_url, keys), Endpoint(sandbox.partner_url, keys)
    )
