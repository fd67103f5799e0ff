"""The client against a running service: a whole trade by both kinds; lost answers; acts that weren't asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
import pytest

from chainfin import samples
from chainfin.client import operations as api
from chainfin.client.async_client import AsyncClient
from chainfin.client.client import Client
from chainfin.client.problem import ApiProblem
from chainfin.client.retries import Retries
from chainfin.demo.member import Member
from chainfin.demo.stage import Stage
from chainfin.errors import Refused, Unknown
from tests.wire import Wire

FEW = Retries(attempts=3, first_s=0.0)


@dataclass
class Town:
    """A service at which everybody but the lender's desk has its own key."""

    stage: Stage
    core: Member
    supplier: Member
    lender: Member
    trades: int = 0

    def documents(self) -> dict[str, bytes]:
        """Of a trade that nobody has made yet."""
        self.trades += 1
        return samples.trade(self.stage.today, f"CLIENT-INV-{self.trades}", order_number=f"CLIENT-PO-{self.trades}")

    def forging(self, member: Member, alter: Callable[[str, Any], Any]) -> tuple[Client, Wire]:
        """``member`` at a service that changes its answers."""
        wire = Wire(alter)
        client = Client(wire.client(self.stage.server.url), signer=member.key)
        client.sign_in()
        return client, wire


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with ExitStack() as stack:
        stage = stack.enter_context(Stage())

        def admit(company: samples.Company, role: str) -> Member:
            return stage.admit(company.english, ("USCC", company.uscc), [role])

        made = Town(
            stage, admit(samples.CORE, "core"), admit(samples.SUPPLIER, "supplier"), admit(samples.LENDER, "lender")
        )
        for kind, party in (("lender", made.lender), ("debtor", made.core), ("borrower", made.supplier)):
            stage.limit(made.lender, kind, party, "5000000.00", "CNY", "A")
        stage.mandate(made.lender, "5000000.00", "CNY")
        stage.fund(made.lender, "5000000.00", "CNY")
        yield made


def test_client__main_trade__from_an_order_to_a_repaid_loan(town: Town) -> None:
    papers = {name: data.decode() for name, data in town.documents().items()}
    url = town.stage.server.url
    with (
        Client(url, signer=town.core.key) as core,
        Client(url, signer=town.supplier.key) as supplier,
        Client(url, signer=town.lender.key) as lender,
    ):
        for each in (core, supplier, lender):
            each.sign_in()
        order = core.do(api.orders_post_order(document=papers["order"]))["order"]["id"]
        supplier.do(api.orders_acknowledge(order, document=papers["response"]))
        supplier.do(api.orders_despatch(order, document=papers["despatch"]))
        assert core.do(api.orders_receive(order, document=papers["receipt"]))["status"] == "final"
        billed = supplier.do(api.receivables_issue(order_id=order, document=papers["invoice"]))
        claim = core.call(api.receivables_get_receivable(billed["receivable"]["id"]))
        assert core.confirm(claim, papers["invoice"].encode())["status"] == "final"

        asked = api.applications_apply(
            product="receivable_pledge",
            lender_id=town.lender.id,
            asset_id=claim["id"],
            amount={"amount": "500000.00", "currency": "CNY"},
            days=60,
        )
        looking = api.applications_get_application(supplier.call(asked)["id"])
        supplier.accept(supplier.wait(looking, lambda seen: seen["status"] == "offered"))
        supplier.wait(looking, lambda seen: seen["status"] == "pledging")
        assert lender.sign_waiting("release", "enforce") == 0
        assert lender.sign_waiting("pledge") == 1
        loan = str(supplier.wait(looking, lambda seen: seen["status"] == "funded")["loan_id"])

        due = supplier.call(api.loans_repay(loan))
        supplier.call(api.sandbox_pay(account=due["account"], reference=due["reference"], amount=due["amount"]))
        repaying = api.loans_get_loan(loan)
        supplier.wait(repaying, lambda seen: seen["pledges"][0]["status"] == "releasing")
        lender.sign_waiting()
        ended = supplier.wait(repaying, lambda seen: seen["pledges"][0]["status"] == "released")
        assert ended["status"] == "repaid"
        assert loan in [each["id"] for each in supplier.every(api.loans_list_loans())]


def test_async_client__main_trade__from_an_order_to_a_repaid_loan(town: Town) -> None:
    papers = {name: data.decode() for name, data in town.documents().items()}

    @asynccontextmanager
    async def signed_in(member: Member) -> AsyncIterator[AsyncClient]:
        async with AsyncClient(town.stage.server.url, signer=member.key) as client:
            await client.sign_in()
            yield client

    async def play() -> str:
        async with signed_in(town.core) as core, signed_in(town.supplier) as supplier, signed_in(town.lender) as lender:
            order = (await core.do(api.orders_post_order(document=papers["order"])))["order"]["id"]
            await supplier.do(api.orders_acknowledge(order))
            await supplier.do(api.orders_despatch(order, document=papers["despatch"]))
            await core.do(api.orders_receive(order, document=papers["receipt"]))
            billed = await supplier.do(api.receivables_issue(order_id=order, document=papers["invoice"]))
            claim = await core.call(api.receivables_get_receivable(billed["receivable"]["id"]))
            await core.confirm(claim, papers["invoice"].encode())
            asked = api.applications_apply(
                product="receivable_pledge",
                lender_id=town.lender.id,
                asset_id=claim["id"],
                amount={"amount": "500000.00", "currency": "CNY"},
                days=60,
            )
            path = f"/v1/applications/{(await supplier.call(asked))['id']}"
            async for name, data in supplier.events(f"{path}/events"):
                if name == "end":
                    return str((await repaid(supplier, lender, data["loan_id"]))["status"])
                if data["phase"] == "started" and data["node"] == "offered":
                    await supplier.accept(await supplier.get(path))
                if data["phase"] == "started" and data["node"] == "pledging":
                    await lender.sign_waiting()
        raise AssertionError("the stream had no end")

    async def repaid(supplier: AsyncClient, lender: AsyncClient, loan: str) -> Any:
        due = await supplier.call(api.loans_repay(loan))
        paid = api.sandbox_pay(account=due["account"], reference=due["reference"], amount=due["amount"])
        await supplier.call(paid)
        await supplier.wait(api.loans_get_loan(loan), lambda seen: seen["pledges"][0]["status"] == "releasing")
        await lender.sign_waiting()
        return await supplier.wait(api.loans_get_loan(loan), lambda seen: seen["pledges"][0]["status"] == "released")

    assert asyncio.run(play()) == "repaid"


def issued(town: Town) -> dict[str, Any]:
    """A receivable of the supplier's, final on the chain and not confirmed."""
    papers = {name: data.decode() for name, data in town.documents().items()}
    order = town.core.do(api.orders_post_order(document=papers["order"]))["order"]["id"]
    town.supplier.do(api.orders_acknowledge(order, document=papers["response"]))
    town.supplier.do(api.orders_despatch(order, document=papers["despatch"]))
    town.core.do(api.orders_receive(order, document=papers["receipt"]))
    claim = town.supplier.do(api.receivables_issue(order_id=order, document=papers["invoice"]))["receivable"]["id"]
    return {"id": claim, "invoice": papers["invoice"].encode()}


def test_sign_waiting__an_act_that_was_overtaken__the_others_are_signed_and_it_is_named(town: Town) -> None:
    overtaken, other = issued(town), issued(town)
    stale = town.supplier.call(api.receivables_cancel(overtaken["id"]))
    good = town.supplier.call(api.receivables_cancel(other["id"]))
    town.core.confirm(town.core.call(api.receivables_get_receivable(overtaken["id"])), overtaken["invoice"])
    with pytest.raises(Refused) as refused:
        town.supplier.sign_waiting("cancel")
    assert refused.value.code == "acts_refused"
    assert refused.value.details["signed"] == 1
    assert [each["id"] for each in cast("Any", refused.value.details["refused"])] == [stale["id"]]
    assert f"cancel of {overtaken['id']} ({stale['id']})" in refused.value.message
    assert town.supplier.call(api.acts_get_act(good["id"]))["status"] == "final"
    assert town.supplier.sign_waiting("cancel") == 0


class Deciding(Wire):
    """Shows an application as one that is still decided on, the first times that it is looked at."""

    looks = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if request.method == "GET" and request.url.path.startswith("/v1/applications/") and self.looks < 3:
            self.looks += 1
            early = answer.json() | {"status": "data_check", "offer": None}
            return httpx.Response(200, json=early)
        return answer


def test_do__accept_right_after_applying__the_offer_is_waited_for(town: Town) -> None:
    claim = issued(town)
    town.core.confirm(town.core.call(api.receivables_get_receivable(claim["id"])), claim["invoice"])
    wire = Deciding()
    with Client(wire.client(town.stage.server.url), signer=town.supplier.key) as supplier:
        supplier.sign_in()
        asked = api.applications_apply(
            product="receivable_pledge",
            lender_id=town.lender.id,
            asset_id=claim["id"],
            amount={"amount": "500000.00", "currency": "CNY"},
            days=60,
        )
        taken = supplier.do(api.applications_accept(supplier.call(asked)["id"]))
    assert taken["status"] not in ("data_check", "offered")
    assert wire.looks == 3


class Losing(Wire):
    """Does what it is asked, and loses the first answer to each path."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        first = (request.method, request.url.path) not in self.seen
        answer = super().handle_request(request)
        if first:
            raise httpx.ReadError("cut")
        return answer


def test_do__every_first_answer_lost__one_order_all_the_same(town: Town) -> None:
    before = town.core.get("/v1/orders", limit=200)["items"]
    wire = Losing()
    with Client(wire.client(town.stage.server.url), signer=town.core.key, retries=FEW) as core:
        core.sign_in()
        posted = core.do(api.orders_post_order(document=town.documents()["order"].decode()))
    assert posted["act"]["status"] == "final"
    assert wire.seen.count(("POST", "/v1/orders")) == 2
    after = town.core.get("/v1/orders", limit=200)["items"]
    assert {each["id"] for each in after} - {each["id"] for each in before} == {posted["order"]["id"]}
    acts = town.core.get("/v1/acts", limit=200)["items"]
    assert [each["id"] for each in acts if each["subject"] == posted["order"]["id"]] == [posted["act"]["id"]]


def test_call__lost_answer_and_no_more_attempts__sent_again_by_its_key_is_the_same(town: Town) -> None:
    asked = api.orders_post_order(document=town.documents()["order"].decode())
    with Client(Losing().client(town.stage.server.url), town.core.token, retries=Retries(attempts=1)) as core:
        with pytest.raises(Unknown) as lost:
            core.call(asked)
        again = core.call(asked, key=str(lost.value.details["idempotency_key"]))
    with pytest.raises(ApiProblem) as problem:
        town.core.call(asked)
    assert problem.value.code == "order_exists"
    assert again["order"]["id"] in problem.value.message
    assert problem.value.details["order"] == again["order"]["id"]
    assert town.core.get(f"/v1/orders/{again['order']['id']}")["status"] == "posting"


def forged(part: str, member: str, value: str) -> Callable[[str, Any], Any]:
    """Another value in what is to be signed."""

    def alter(path: str, answer: Any) -> Any:
        act = answer.get("act") or answer if isinstance(answer, dict) else {}
        if path.startswith("/v1/orders") and "typed_data" in act:
            act["typed_data"][part][member] = value
        return answer

    return alter


ELSEWHERE = "0x" + "99" * 20
ANOTHER = "0x" + "99" * 32


@pytest.mark.parametrize(
    ("part", "member", "value"),
    [
        ("message", "orderId", ANOTHER),
        ("message", "amount", "1"),
        ("message", "currency", "0x555344"),
        ("domain", "chainId", "1"),
        ("domain", "name", "chainfin Pledges"),
    ],
)
def test_do__another_order_to_be_signed__refused_and_not_signed(town: Town, part: str, member: str, value: str) -> None:
    core, wire = town.forging(town.core, forged(part, member, value))
    with core, pytest.raises(Refused) as refused:
        core.do(api.orders_post_order(document=town.documents()["order"].decode()))
    assert refused.value.code == "typed_data_foreign"
    assert not [path for _, path in wire.seen if path.endswith("/signature")]


def test_do__another_act_to_be_signed__refused_and_not_signed(town: Town) -> None:
    """Asked to acknowledge, the supplier is shown a transfer of what it holds, well formed."""
    order = town.core.act("/v1/orders", {"document": town.documents()["order"].decode()})["order"]["id"]
    other = town.core.act(f"/v1/orders/{order}/cancellation")

    def alter(path: str, answer: Any) -> Any:
        if path.endswith("/acknowledgement"):
            data = {**other["typed_data"], "message": {**other["typed_data"]["message"], "orderId": order}}
            return {**answer, "function": "cancel", "typed_data": data}
        return answer

    second = town.core.act("/v1/orders", {"document": town.documents()["order"].decode()})["order"]["id"]
    supplier, wire = town.forging(town.supplier, alter)
    with supplier, pytest.raises(Refused) as refused:
        supplier.do(api.orders_acknowledge(second))
    assert refused.value.code == "typed_data_foreign"
    assert not [path for _, path in wire.seen if path.endswith("/signature")]


def test_do__contract_elsewhere_than_before__refused(town: Town) -> None:
    where = town.stage.installation.ctx.contracts["Orders"]
    papers = town.documents()["order"].decode()
    with Client(town.stage.server.url, signer=town.core.key, contracts={"Orders": ELSEWHERE}) as core:
        core.sign_in()
        with pytest.raises(Refused, match=ELSEWHERE):
            core.do(api.orders_post_order(document=papers))
    changed = forged("domain", "verifyingContract", ELSEWHERE)
    core, wire = town.forging(town.core, lambda _path, answer: answer)
    with core:
        core.do(api.orders_post_order(document=town.documents()["order"].decode()))
        wire.alter = changed
        with pytest.raises(Refused, match=where):
            core.do(api.orders_post_order(document=town.documents()["order"].decode()))


@pytest.mark.parametrize(("member", "value"), [("amount", "1"), ("lender", "1"), ("assetId", ANOTHER)])
def test_accept__another_grant_than_the_offer_says__refused(town: Town, member: str, value: str) -> None:
    papers = {name: data.decode() for name, data in town.documents().items()}
    order = town.core.act("/v1/orders", {"document": papers["order"]})["order"]["id"]
    town.supplier.act(f"/v1/orders/{order}/acknowledgement", {"document": papers["response"]})
    town.supplier.act(f"/v1/orders/{order}/despatches", {"document": papers["despatch"]})
    town.core.act(f"/v1/orders/{order}/receipts", {"document": papers["receipt"]})
    body = {"order_id": order, "document": papers["invoice"]}
    billed = town.supplier.act("/v1/receivables", body)["receivable"]["id"]
    town.core.confirm(town.core.get(f"/v1/receivables/{billed}"), papers["invoice"].encode())
    asked = api.applications_apply(
        product="receivable_pledge",
        lender_id=town.lender.id,
        asset_id=billed,
        amount={"amount": "100000.00", "currency": "CNY"},
        days=60,
    )
    looking = api.applications_get_application(town.supplier.call(asked)["id"])
    seen: Any = town.supplier.wait(looking, lambda now: now["status"] == "offered")
    message = seen["offer"]["act"]["typed_data"]["message"]
    honest = message[member]
    message[member] = value if value != honest else "2"
    with pytest.raises(Refused) as refused:
        town.supplier.accept(seen)
    assert refused.value.code == "typed_data_foreign"
    message[member] = honest
    town.supplier.accept(seen)


def test_consent__for_another_key__refused(town: Town) -> None:
    company = samples.SHOP
    body = {
        "name": company.english,
        "legal_scheme": "USCC",
        "legal_value": company.uscc,
        "roles": ["supplier"],
        "account": "6228-shop",
        "address": town.core.address,
    }
    newcomer = Member(town.stage.http)
    admitted = town.stage.operator.post("/v1/participants", {**body, "address": newcomer.address})
    admitted["consent"]["message"]["key"] = town.core.address
    with pytest.raises(Refused) as refused:
        newcomer.consent(admitted)
    assert refused.value.code == "typed_data_foreign"


def test_mandate__over_more_than_was_asked__refused(town: Town) -> None:
    def alter(path: str, answer: Any) -> Any:
        if path == "/v1/mandates":
            answer["typed_data"]["message"]["amount"] = "99999999999"
        return answer

    body = {
        "products": ["receivable_pledge"],
        "amount": {"amount": "1000.00", "currency": "CNY"},
        "grades": ["A"],
        "expires_at": "2099-01-01T00:00:00Z",
    }
    lender, wire = town.forging(town.lender, alter)
    with lender, pytest.raises(Refused) as refused:
        lender.act("/v1/mandates", body)
    assert refused.value.code == "typed_data_foreign"
    assert not [path for _, path in wire.seen if path.endswith("/signature")]
