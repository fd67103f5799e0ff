"""Addresses of a party that are called when something of it moves: made, given another secret, switched off and on."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlmodel import Session, col, func, select

from chainfin.errors import BadInput, Conflict, Forbidden, NotFound
from chainfin.rules import webhook as rules
from chainfin.rules.webhook import WebhookEvent, WebhookState
from chainfin.services.kernel import commands
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties.gate import active_party
from chainfin.services.views.webhooks import DeliveryView, WebhookView
from chainfin.storage import locks
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.types import new_id
from chainfin.storage.webhook_tables import WebhookEndpointRow, WebhookEventRow
from chainfin.values.event_kind import EventKind

MOST = 10
"""Addresses of one party."""
OLD_SECRET_HOLDS = timedelta(hours=24)
TOLD_AGAIN = 1000
"""Events at most that are told again at once."""


def create(ctx: Context, actor: Actor, *, url: str, events: Sequence[EventKind]) -> tuple[WebhookView, str]:
    """An address of the actor's party, and the secret that signs what is sent to it, which is shown this once.

    Raises BadInput webhook_url_invalid, webhook_events_missing; Conflict webhook_too_many; Forbidden party_needed,
    party_not_active.
    """
    party_id, secret = _party(actor), secrets.token_bytes(32)
    if not events:
        raise BadInput("webhook_events_missing", "name at least one kind of event", where="events")
    _check_url(url, private=ctx.private_webhooks)
    with ctx.store.begin() as session:
        locks.named(session, f"webhooks:{party_id}")
        active_party(session, party_id)
        query = select(func.count()).select_from(WebhookEndpointRow).where(WebhookEndpointRow.party_id == party_id)
        if session.exec(query).one() >= MOST:
            raise Conflict("webhook_too_many", f"a party has at most {MOST} addresses")
        row = WebhookEndpointRow(
            id=new_id("whk"),
            cell=ctx.cell,
            party_id=party_id,
            url=url,
            events=sorted({each.value for each in events}),
            secret="",
            created_at=ctx.clock.now(),
        )
        row.secret = ctx.vault.seal(secret, context=row.id)
        session.add(row)
        return WebhookView.of(row), _shown(secret)


def rotate(ctx: Context, actor: Actor, webhook_id: str) -> tuple[WebhookView, str]:
    """Another secret. For a day what is sent is signed with the old one too. Raises NotFound webhook_unknown."""
    secret = secrets.token_bytes(32)
    with ctx.store.begin() as session:
        row = _own(session, actor, webhook_id)
        row.previous_secret, row.previous_until = row.secret, ctx.clock.now() + OLD_SECRET_HOLDS
        row.secret = ctx.vault.seal(secret, context=row.id)
        session.add(row)
        return WebhookView.of(row), _shown(secret)


def switch(ctx: Context, actor: Actor, webhook_id: str, *, on: bool) -> WebhookView:
    """Nothing is sent to an address that is off, nor afterwards what moved meanwhile (see `tell_again`).

    Raises NotFound webhook_unknown."""
    with ctx.store.begin() as session:
        row = _own(session, actor, webhook_id)
        event, row.reason = (WebhookEvent.SWITCH_ON, None) if on else (WebhookEvent.SWITCH_OFF, "switched off")
        row.status = rules.transition(WebhookState(row.status), event).value
        session.add(row)
        return WebhookView.of(row)


def delete(ctx: Context, actor: Actor, webhook_id: str) -> None:
    """Forget an address. Raises NotFound webhook_unknown."""
    with ctx.store.begin() as session:
        session.delete(_own(session, actor, webhook_id))


def tell_again(ctx: Context, actor: Actor, webhook_id: str, since: datetime) -> int:
    """Tell the address again what its party was told since then, the oldest first, at most `TOLD_AGAIN` events.
    Returns how many. Raises NotFound webhook_unknown; Conflict webhook_disabled."""
    with ctx.store.begin() as session:
        row = _own(session, actor, webhook_id)
        if row.status != WebhookState.ACTIVE:
            raise Conflict("webhook_disabled", f"the address is off: {row.reason}")
        query = (
            select(WebhookEventRow)
            .where(WebhookEventRow.party_id == row.party_id, WebhookEventRow.occurred_at >= since)
            .where(col(WebhookEventRow.kind).in_(row.events))
            .order_by(col(WebhookEventRow.occurred_at), col(WebhookEventRow.id))
            .limit(TOLD_AGAIN)
        )
        found = session.exec(query).all()
        for event in found:
            given = select(func.count()).select_from(OutboxRow)
            given = given.where(OutboxRow.topic == commands.DeliverEvent.TOPIC, OutboxRow.correlation == event.id)
            attempt = session.exec(given.where(OutboxRow.subject == row.id)).one() + 1
            commands.give(session, ctx, commands.DeliverEvent(event.id, row.id, attempt))
        return len(found)


def list_(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[WebhookView]:
    """The addresses of the actor's party."""
    query = select(WebhookEndpointRow).where(WebhookEndpointRow.id > after).order_by(col(WebhookEndpointRow.id))
    with ctx.store.read() as session:
        rows = session.exec(query.where(WebhookEndpointRow.party_id == _party(actor)).limit(limit))
        return [WebhookView.of(row) for row in rows]


def get(ctx: Context, actor: Actor, webhook_id: str) -> WebhookView:
    """One of them. Raises NotFound webhook_unknown."""
    with ctx.store.read() as session:
        return WebhookView.of(_own(session, actor, webhook_id))


def deliveries(ctx: Context, actor: Actor, webhook_id: str, *, after: int = 0, limit: int = 50) -> list[DeliveryView]:
    """What was sent to an address, in order, and what became of it. Raises NotFound webhook_unknown."""
    query = (
        select(OutboxRow, WebhookEventRow)
        .join(WebhookEventRow, col(WebhookEventRow.id) == col(OutboxRow.correlation))
        .where(OutboxRow.topic == commands.DeliverEvent.TOPIC, OutboxRow.subject == webhook_id)
        .where(col(OutboxRow.id) > after)
        .order_by(col(OutboxRow.id))
        .limit(limit)
    )
    with ctx.store.read() as session:
        _own(session, actor, webhook_id)
        return [DeliveryView.of_rows(sent, event) for sent, event in session.exec(query)]


def given_up(session: Session, webhook_id: str, reason: str) -> None:
    """The address doesn't answer, or says that it is gone: nothing is sent to it until its party switches it on."""
    row = session.get(WebhookEndpointRow, webhook_id, with_for_update=True)
    if row is not None and row.status == WebhookState.ACTIVE:
        row.status = rules.transition(WebhookState(row.status), WebhookEvent.GIVE_UP).value
        row.reason = reason
        session.add(row)


def _party(actor: Actor) -> str:
    if actor.party_id is None:
        raise Forbidden("party_needed", "addresses are those of a party")
    return actor.party_id


def _own(session: Session, actor: Actor, webhook_id: str) -> WebhookEndpointRow:
    row = session.get(WebhookEndpointRow, webhook_id)
    if row is None or row.party_id != actor.party_id:
        raise NotFound("webhook_unknown", f"there is no webhook {webhook_id}")
    return row


def _shown(secret: bytes) -> str:
    """As Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secret).decode()


def _check_url(url: str, *, private: bool) -> None:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and not (parts.username or parts.password or parts.fragment)
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable or parts.scheme not in (("https", "http") if private else ("https",)) or not url.isascii():
        raise BadInput("webhook_url_invalid", "an https address with a host, without user or fragment", where="url")
