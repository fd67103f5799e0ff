"""Parties are told of what moves: by signed calls to their own addresses, with what moved or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from api.events import EVENTS
from chainfin.connectors.webhooks import GIVEN_UP_AFTER, WebhookSender, is_public
from chainfin.connectors.worker import Worker
from chainfin.errors import BadInput, ChainfinError, Conflict, NotFound
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import limits
from chainfin.services.parties import webhooks
from chainfin.services.views.webhooks import WebhookView
from chainfin.storage.lending_tables import ApplicationRow
from chainfin.storage.store import moves
from chainfin.storage.webhook_tables import WebhookEndpointRow, WebhookEventRow
from chainfin.values.event_kind import EventKind
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.site import Site
from tests.e2e.site_money import CNY

LENT = 100_000_00
PUBLIC = "93.184.216.34"


@dataclass
class Receiver:
    """Who is called: what came, and what it answers."""

    answers: list[int | Exception] = field(default_factory=list)
    calls: list[httpx.Request] = field(default_factory=list)
    leads_to: list[str] = field(default_factory=lambda: [PUBLIC])

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, headers={"location": "https://elsewhere.example/"})

    def bodies(self) -> list[dict[str, Any]]:
        """Each has the form that the OpenAPI document gives its kind."""
        found = [json.loads(call.content) for call in self.calls]
        for body in found:
            EVENTS[EventKind(body["type"].removeprefix("chainfin."))].model_validate(body)
        return found

    def said(self, kind: EventKind) -> list[dict[str, Any]]:
        return [body["data"] for body in self.bodies() if body["type"] == f"chainfin.{kind.value}"]


@dataclass
class Listening:
    site: Site
    receiver: Receiver
    worker: Worker

    def deliver(self) -> None:
        while self.worker.run_once():
            pass

    def wait(self, for_: timedelta) -> None:
        self.site.ctx.clock.move_to(self.site.ctx.clock.now() + for_)
        self.deliver()


@pytest.fixture
def listening(site: Site) -> Iterator[Listening]:
    inst, receiver = site.inst, Receiver()
    sender = WebhookSender(
        inst.store,
        inst.ctx.vault,
        inst.ctx.clock.now,
        private=False,
        resolve=lambda _host, _port: receiver.leads_to,
        transport=httpx.MockTransport(receiver),
    )
    worker = Worker(
        inst.store,
        sender.handlers(),
        inst._on_result,
        inst._on_parked,
        now=inst.ctx.clock.now,
        alone=True,
        jitter=lambda most: most,
    )
    yield Listening(site, receiver, worker)
    with site.ctx.store.begin() as session:  # the site is others' too
        for row in session.query(WebhookEndpointRow).all():
            session.delete(row)
    sender.close()


URL = "https://hooks.example/in"


def made(site: Site, actor: Actor, *events: EventKind, url: str = URL) -> tuple[WebhookView, str]:
    return webhooks.create(site.ctx, actor, url=url, events=list(events or EventKind))


def test_loan__from_offer_to_payout__borrower_and_lender_are_told_each_of_its_own(listening: Listening) -> None:
    site = listening.site
    borrower = site.borrower()
    _, secret = made(site, borrower)
    asset = site.confirmed(borrower)
    loan = site.funded(borrower, LENT, asset.id)
    listening.deliver()
    states = [each["status"] for each in listening.receiver.said(EventKind.APPLICATION)]
    assert states[-1] == "funded"
    assert "offered" in states
    assert [each["status"] for each in listening.receiver.said(EventKind.LOAN)][-1] == "active"
    assert {each["loan_id"] for each in listening.receiver.said(EventKind.LOAN)} == {loan}
    assert listening.receiver.said(EventKind.PLEDGE)[-1]["status"] == "active"
    assert "confirmed" in [each["status"] for each in listening.receiver.said(EventKind.RECEIVABLE)]
    for call in listening.receiver.calls:
        body = Webhook(secret).verify(call.content, dict(call.headers))
        assert body["id"] == call.headers["webhook-id"]
        assert body["specversion"] == "1.0"
        assert call.headers["content-type"] == "application/cloudevents+json"
        assert (call.url.host, call.headers["host"]) == (PUBLIC, "hooks.example")
        assert call.extensions["sni_hostname"] == "hooks.example"
    others = Webhook("whsec_" + "A" * 43 + "=")
    with pytest.raises(WebhookVerificationError):
        others.verify(listening.receiver.calls[0].content, dict(listening.receiver.calls[0].headers))
    with site.ctx.store.read() as session:
        parties = {row.party_id for row in session.query(WebhookEventRow).all()}
    assert parties == {borrower.party_id}, "who doesn't listen isn't written for"


def test_kinds__not_wanted__not_sent(listening: Listening) -> None:
    site, lender = listening.site, listening.site.admit(Role.LENDER)
    made(site, lender, EventKind.LIMIT)
    borrower = site.borrower()
    limits.set_(site.ctx, lender, kind="borrower", key=str(borrower.party_id), amount=Money(LENT, CNY), grade="B")
    listening.deliver()
    (said,) = listening.receiver.said(EventKind.LIMIT)
    assert (said["amount"], said["currency"], said["key"]) == ("100000.00", CNY, borrower.party_id)
    assert len(listening.receiver.calls) == 1


def test_state__taken_back_with_its_transaction_or_savepoint__nobody_is_told(listening: Listening) -> None:
    site = listening.site
    borrower = site.borrower()
    made(site, borrower)
    application = site.offered(borrower, LENT, site.confirmed(borrower).id)
    listening.deliver()
    listening.receiver.calls.clear()

    def in_vain(session: Any) -> None:
        with session.begin_nested():
            row = session.get_one(ApplicationRow, application)
            moves(session, row, row.status)
            row.status = "funded"
            session.flush()
            raise ZeroDivisionError

    def all_in_vain() -> None:
        with site.ctx.store.begin() as session:
            in_vain(session)

    with pytest.raises(ZeroDivisionError):
        all_in_vain()
    with site.ctx.store.begin() as session, pytest.raises(ZeroDivisionError):
        in_vain(session)
    listening.deliver()
    assert listening.receiver.calls == []


def one_event(listening: Listening) -> tuple[WebhookView, str, Actor]:
    """An address of a lender, and an event of its own on the way to it."""
    site, lender = listening.site, listening.site.admit(Role.LENDER)
    webhook, secret = made(site, lender, EventKind.LIMIT)
    limits.set_(site.ctx, lender, kind="lender", key=str(lender.party_id), amount=Money(1_00, CNY))
    return webhook, secret, lender


@pytest.mark.parametrize("answer", [500, 302, 404, httpx.ConnectTimeout("late"), httpx.ReadError("cut")])
def test_address__does_not_take_it__tried_again_under_the_same_id(
    listening: Listening, answer: int | Exception
) -> None:
    webhook, _, lender = one_event(listening)
    listening.receiver.answers = [answer, answer]
    listening.deliver()
    assert len(listening.receiver.calls) == 1, "not at once"
    for _ in range(3):
        listening.wait(timedelta(minutes=5))
    assert len(listening.receiver.calls) == 3
    assert len({call.headers["webhook-id"] for call in listening.receiver.calls}) == 1
    assert {call.url.host for call in listening.receiver.calls} == {PUBLIC}, "nobody is followed elsewhere"
    (sent,) = webhooks.deliveries(listening.site.ctx, lender, webhook.id)
    assert (sent.status, sent.attempts) == ("done", 3)


def test_address__never_answers__given_up_after_days_and_switched_on_again(listening: Listening) -> None:
    webhook, _, lender = one_event(listening)
    site = listening.site
    listening.receiver.answers = [503] * 10
    listening.deliver()
    listening.wait(GIVEN_UP_AFTER + timedelta(seconds=1))
    seen = webhooks.get(site.ctx, lender, webhook.id)
    assert seen.status == "disabled"
    assert "3 days" in str(seen.reason)
    limits.set_(site.ctx, lender, kind="lender", key=str(lender.party_id), amount=Money(2_00, CNY))
    listening.receiver.answers.clear()
    before = len(listening.receiver.calls)
    listening.deliver()
    assert len(listening.receiver.calls) == before
    with pytest.raises(Conflict) as refused:
        webhooks.tell_again(site.ctx, lender, webhook.id, site.ctx.clock.now() - timedelta(days=9))
    assert refused.value.code == "webhook_disabled"
    webhooks.switch(site.ctx, lender, webhook.id, on=True)
    assert webhooks.tell_again(site.ctx, lender, webhook.id, site.ctx.clock.now() - timedelta(days=2)) == 0
    limits.set_(site.ctx, lender, kind="lender", key=str(lender.party_id), amount=Money(3_00, CNY))
    listening.deliver()
    assert [each["amount"] for each in listening.receiver.said(EventKind.LIMIT)][before:] == ["3.00"]


def test_address__says_that_it_is_gone__disabled_at_once(listening: Listening) -> None:
    webhook, _, lender = one_event(listening)
    listening.receiver.answers = [410]
    listening.deliver()
    assert webhooks.get(listening.site.ctx, lender, webhook.id).status == "disabled"


def test_replay__same_ids_again__to_this_address_alone(listening: Listening) -> None:
    webhook, _, lender = one_event(listening)
    site = listening.site
    other, _ = made(site, lender, EventKind.LIMIT, url="https://other.example/")
    listening.deliver()
    since = site.ctx.clock.now() - timedelta(hours=1)
    assert webhooks.tell_again(site.ctx, lender, webhook.id, since) == 1
    assert webhooks.tell_again(site.ctx, lender, other.id, since) == 1
    listening.deliver()
    first, second, third = listening.receiver.calls
    assert len({call.headers["webhook-id"] for call in listening.receiver.calls}) == 1
    assert first.content == second.content == third.content
    assert [call.headers["host"] for call in (first, second, third)].count("other.example") == 1


def test_secret__rotated__both_sign_for_a_day(listening: Listening) -> None:
    webhook, old, lender = one_event(listening)
    site = listening.site
    _, new = webhooks.rotate(site.ctx, lender, webhook.id)
    assert old != new
    listening.deliver()
    for secret in (old, new):
        Webhook(secret).verify(listening.receiver.calls[-1].content, dict(listening.receiver.calls[-1].headers))
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
    webhooks.tell_again(site.ctx, lender, webhook.id, site.ctx.clock.now() - timedelta(days=2))
    listening.deliver()
    last = listening.receiver.calls[-1]
    Webhook(new).verify(last.content, dict(last.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(last.content, dict(last.headers))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1",
     "0.0.0.0", "224.0.0.1", "100.64.0.1"],
)  # fmt: skip
def test_address__leads_into_a_private_network__never_called(listening: Listening, address: str) -> None:
    assert not is_public(address)
    assert is_public(PUBLIC)
    webhook, _, lender = one_event(listening)
    listening.receiver.leads_to = [PUBLIC, address]
    listening.deliver()
    assert listening.receiver.calls == []
    seen = webhooks.get(listening.site.ctx, lender, webhook.id)
    assert (seen.status, "open internet" in str(seen.reason)) == ("disabled", True)


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/", "https://", "https://u:p@hooks.example/", "https://hooks.example/#x", "ftp://a.example",
     "https://hooks.example:99999/", "https://hooks.example:0/", "https://höoks.example/", "file:///etc/passwd",
     "https://[::1/"],
)  # fmt: skip
def test_create__what_is_no_address__refused(site: Site, url: str) -> None:
    with pytest.raises(BadInput) as error:
        made(site, site.cast["lender"], url=url)
    assert error.value.code == "webhook_url_invalid"


def test_create__too_many_none_or_for_nobody__refused(listening: Listening) -> None:
    site, lender = listening.site, listening.site.admit(Role.LENDER)
    for _ in range(webhooks.MOST):
        made(site, lender)
    for actor, events, code in (
        (lender, list(EventKind), "webhook_too_many"),
        (lender, [], "webhook_events_missing"),
        (OPERATOR, list(EventKind), "party_needed"),
    ):
        with pytest.raises(ChainfinError) as error:
            webhooks.create(site.ctx, actor, url="https://hooks.example/", events=events)
        assert error.value.code == code


def test_webhook__of_another_party__unknown(listening: Listening) -> None:
    webhook, _, _ = one_event(listening)
    site, other = listening.site, listening.site.admit(Role.LENDER)
    since = site.ctx.clock.now()
    for attempt in (
        lambda: webhooks.get(site.ctx, other, webhook.id),
        lambda: webhooks.rotate(site.ctx, other, webhook.id),
        lambda: webhooks.switch(site.ctx, other, webhook.id, on=False),
        lambda: webhooks.delete(site.ctx, other, webhook.id),
        lambda: webhooks.tell_again(site.ctx, other, webhook.id, since),
        lambda: webhooks.deliveries(site.ctx, other, webhook.id),
    ):
        with pytest.raises(NotFound) as error:
            attempt()
        assert error.value.code == "webhook_unknown"
    assert webhooks.list_(site.ctx, other) == []


def test_said__holds_no_names_accounts_or_secrets(listening: Listening) -> None:
    site = listening.site
    borrower = site.borrower()
    _, secret = made(site, borrower)
    site.funded(borrower, LENT, site.confirmed(borrower).id)
    listening.deliver()
    text = "".join(call.content.decode() for call in listening.receiver.calls)
    company = site.companies[str(borrower.party_id)]
    assert not [word for word in (company.uscc, company.name, secret) if word in text]
