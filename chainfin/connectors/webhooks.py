"""Calls parties' own addresses and tells them of events, signed as Standard Webhooks says.

An address is looked up by us, and what is called is what was looked up: a name that leads to this machine or a private
network is refused (unless the setting allows it), also when it does so later. Nothing is read of an answer but its
status; nobody is followed elsewhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
from standardwebhooks import Webhook

from chainfin.connectors.handlers import Handler, Json, Task
from chainfin.connectors.http import Retry
from chainfin.connectors.outcome import Done, Outcome, Refused, Unavailable
from chainfin.errors import BadInput
from chainfin.rules.webhook import WebhookState
from chainfin.services.kernel.commands import DeliverEvent, parse
from chainfin.storage.store import Store
from chainfin.storage.vault import Vault
from chainfin.storage.webhook_tables import WebhookEndpointRow, WebhookEventRow

GIVEN_UP_AFTER = timedelta(days=3)
"""How long an address is tried; then it is disabled, and its party asks for what it missed."""
BACKOFF = Retry(base_s=5.0, cap_s=3600.0)
TIMEOUT = httpx.Timeout(10.0, connect=5.0)

Resolve = Callable[[str, int], list[str]]


def addresses(host: str, port: int) -> list[str]:
    """The IP addresses of a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet."""
    found = ipaddress.ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not (mapped or found).is_multicast


def unless_private(url: str, *, resolve: Resolve = addresses) -> None:
    """Tell who names an address now what it would be told with the first event. One that isn't found now may be later.

    Raises BadInput webhook_address_private.
    """
    try:
        host = httpx.URL(url).host
        found = resolve(host, 443) if host else []
    except (httpx.InvalidURL, OSError, UnicodeError):
        return
    if not all(map(is_public, found)):
        why = f"{host} is not an address of the open internet (CHAINFIN_PRIVATE_WEBHOOKS allows others, for trials)"
        raise BadInput("webhook_address_private", why, where="url")


class WebhookSender:
    """Delivers events. Safe to share by threads."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        now: Callable[[], datetime],
        *,
        private: bool,
        resolve: Resolve = addresses,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """``private``: whether addresses of this machine and of private networks may be called."""
        self._store, self._vault, self._now = store, vault, now
        self._private, self._resolve = private, resolve
        self._client = httpx.Client(timeout=TIMEOUT, transport=transport, trust_env=False, follow_redirects=False)

    def handlers(self) -> dict[str, Handler]:
        return {DeliverEvent.TOPIC: self.deliver}

    def close(self) -> None:
        self._client.close()

    def deliver(self, task: Task) -> Outcome[Json]:
        """Call the address. Done: it answered 2xx, or doesn't want to know any more. Refused: webhook_given_up,
        webhook_gone (410), webhook_address_private. Everything else is tried again: who has it twice knows it by its
        id."""
        order = parse(DeliverEvent, task.payload)
        with self._store.read() as session:
            endpoint = session.get(WebhookEndpointRow, order.endpoint_id)
            event = session.get(WebhookEventRow, order.event_id)
        if endpoint is None or event is None or endpoint.status != WebhookState.ACTIVE:
            return Done({"status": None})
        if self._now() - event.occurred_at > GIVEN_UP_AFTER:
            return Refused("webhook_given_up", f"{endpoint.url} has not answered for {GIVEN_UP_AFTER.days} days")
        url = httpx.URL(endpoint.url)
        try:
            found = self._resolve(url.host, url.port or 443)
        except OSError as error:
            return Unavailable("webhook_unreachable", f"{url.host}: {error}")
        if not self._private and not all(map(is_public, found)):
            return Refused("webhook_address_private", f"{url.host} is not an address of the open internet")
        try:
            return self._call(url, found[0], endpoint, event)
        except httpx.HTTPError as error:
            return Unavailable("webhook_unreachable", f"{url.host}: {error!r}"[:200])

    def _call(
        self, url: httpx.URL, address: str, endpoint: WebhookEndpointRow, event: WebhookEventRow
    ) -> Outcome[Json]:
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=event.body.encode(),
            headers={"host": url.netloc.decode(), "content-type": "application/cloudevents+json"}
            | self._signed(endpoint, event),
            extensions={"sni_hostname": url.host},
        )
        answer = self._client.send(request, stream=True)
        answer.close()
        if answer.is_success:
            return Done({"status": answer.status_code})
        if answer.status_code == httpx.codes.GONE:
            return Refused("webhook_gone", f"{endpoint.url} answers that it is gone")
        return Unavailable("webhook_not_taken", f"{endpoint.url} answers {answer.status_code}")

    def _signed(self, endpoint: WebhookEndpointRow, event: WebhookEventRow) -> dict[str, str]:
        """By the real time, which receivers compare with their own."""
        at = datetime.now(UTC)
        secrets = [endpoint.secret]
        until = endpoint.previous_until
        if endpoint.previous_secret is not None and until is not None and self._now() < until:
            secrets.append(endpoint.previous_secret)
        keys = [Webhook(self._vault.unseal(each, context=endpoint.id)) for each in secrets]
        return {
            "webhook-id": event.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(key.sign(event.id, at, event.body) for key in keys),
        }
