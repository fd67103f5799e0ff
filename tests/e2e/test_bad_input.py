"""What strangers, typos and attackers send, over HTTP: a status and a stable code, and not one row half-done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from chainfin import samples
from chainfin.client.client import Client
from chainfin.client.flows import confirmation
from chainfin.client.problem import ApiProblem
from chainfin.demo.folder import invented_lei
from chainfin.demo.report import Report
from chainfin.demo.stage import Stage
from chainfin.demo.story import Cast, Story
from chainfin.eth.keys import address_of, new_private_key
from tests.e2e.onchain import rows

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = {
    "dtd": "<!DOCTYPE Order><Order/>",
    "external dtd": '<!DOCTYPE Order SYSTEM "http://127.0.0.1:9/x.dtd"><Order/>',
    "entity": '<!DOCTYPE o [<!ENTITY a "b">]><Order>&a;</Order>',
    "billion laughs": f'<!DOCTYPE o [<!ENTITY l0 "ha">{LAUGHS}]><Order>&l9;</Order>',
    "file entity": '<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><Order>&x;</Order>',
    "parameter entity": '<!DOCTYPE o [<!ENTITY % p SYSTEM "file:///etc/hosts">%p;]><Order/>',
    "utf-16 entity": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE o [<!ENTITY a "b">]><Order>&a;</Order>',
    "deep": "<a>" * 5000 + "</a>" * 5000,
    "wide": "<a>" + "<b/>" * 250_000 + "</a>",
}
MALFORMED = {"cut off": "<Order><cbc:ID", "text": "an order", "blank": "  \n ", "two roots": "<a/><b/>"}
FOREIGN_KINDS = {"html": "<html><body/></html>", "unknown": "<Order xmlns='urn:example:other'/>"}


@dataclass
class Scene:
    """A trade up to the confirmed receivable, and a second one up to the receipt of its goods."""

    stage: Stage
    story: Story
    received: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    @property
    def who(self) -> Cast:
        return self.story.who

    @property
    def order(self) -> str:
        return f"/v1/orders/{self.story.order['id']}"

    @property
    def receivable(self) -> str:
        return f"/v1/receivables/{self.story.receivable['id']}"

    def papers(self, **more: Any) -> dict[str, str]:
        number = f"BAD-{next(self.numbers)}"
        return {name: data.decode() for name, data in samples.trade(self.stage.today, number, **more).items()}

    def deliver(self, papers: Mapping[str, str]) -> str:
        core, supplier = self.who.core, self.who.supplier
        order = str(core.act("/v1/orders", {"document": papers["order"]})["order"]["id"])
        supplier.act(f"/v1/orders/{order}/acknowledgement", {"document": papers["response"]})
        supplier.act(f"/v1/orders/{order}/despatches", {"document": papers["despatch"]})
        core.act(f"/v1/orders/{order}/receipts", {"document": papers["receipt"]})
        return order

    def ask(self, amount: str = "1000.00", currency: str = "CNY", **more: Any) -> dict[str, Any]:
        body: dict[str, Any] = {"product": "receivable_pledge", "lender_id": self.who.lender.id, "days": 60}
        return {
            **body,
            "amount": {"amount": amount, "currency": currency},
            "asset_id": self.story.receivable["id"],
            **more,
        }


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with Stage() as stage:
        story = Story(stage, Report(Console(file=StringIO())))
        story.admit_everyone()
        story.trade()
        made = Scene(stage, story)
        made.received = made.deliver(made.papers())
        yield made


def refused(scene: Scene, status: int, code: str, attempt: Callable[[], object]) -> ApiProblem:
    """The attempt is refused exactly so, and leaves no row in any table of business."""
    before = rows(scene.stage.installation.store)
    with pytest.raises(ApiProblem) as caught:
        attempt()
    problem = caught.value
    assert (problem.status, problem.code) == (status, code), problem.body
    assert problem.body["type"] == f"urn:chainfin:problem:{code}"
    assert len(problem.message.splitlines()) == 1
    assert rows(scene.stage.installation.store) == before
    return problem


def posts(who: Client, path: str, **body: Any) -> Callable[[], object]:
    return lambda: who.post(path, body)


# XML


@pytest.mark.parametrize("kind", HOSTILE)
def test_xml__hostile__refused_unread(scene: Scene, kind: str) -> None:
    problem = refused(scene, 422, "document_hostile", posts(scene.who.core, "/v1/orders", document=HOSTILE[kind]))
    assert "root:" not in str(problem.body), "no file of ours comes back"
    assert problem.body["where"] == "document"


@pytest.mark.parametrize("kind", MALFORMED)
def test_xml__malformed__refused(scene: Scene, kind: str) -> None:
    refused(scene, 422, "document_malformed", posts(scene.who.core, "/v1/orders", document=MALFORMED[kind]))


@pytest.mark.parametrize("kind", FOREIGN_KINDS)
def test_xml__no_trade_document__refused(scene: Scene, kind: str) -> None:
    refused(scene, 422, "document_kind_unknown", posts(scene.who.core, "/v1/orders", document=FOREIGN_KINDS[kind]))


@pytest.mark.parametrize(
    ("size", "status", "code"),
    [(5_100_000, 422, "document_too_large"), (5_600_000, 422, "input_invalid"), (7_000_000, 413, "body_too_large")],
)
def test_xml__huge__refused_by_its_size(scene: Scene, size: int, status: int, code: str) -> None:
    document = scene.papers()["order"] + " " * size
    refused(scene, status, code, posts(scene.who.core, "/v1/orders", document=document))


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("supplier", "{order}/acknowledgement"),
        ("core", "{order}/amendment"),
        ("supplier", "{order}/despatches"),
        ("core", "{order}/receipts"),
        ("supplier", "{receivable}/credit-notes"),
    ],
)
def test_xml__every_door__hostile_and_wrong_kind_refused(scene: Scene, who: str, path: str) -> None:
    at = path.format(order=scene.order, receivable=scene.receivable)
    member = getattr(scene.who, who)
    refused(scene, 422, "document_hostile", posts(member, at, document=HOSTILE["file entity"]))
    refused(scene, 422, "document_kind_wrong", posts(member, at, document=scene.papers()["invoice"]))


def test_xml__invoice__hostile_and_wrong_kind_refused(scene: Scene) -> None:
    supplier = scene.who.supplier
    for document, code in ((HOSTILE["dtd"], "document_hostile"), (scene.papers()["order"], "document_kind_wrong")):
        attempt = posts(supplier, "/v1/receivables", order_id=scene.received, document=document)
        refused(scene, 422, code, attempt)


# identifiers


@pytest.mark.parametrize(
    ("scheme", "value", "code"),
    [
        ("USCC", samples.CORE.uscc[:-1] + "3", "uscc_invalid"),
        ("USCC", samples.CORE.uscc[:-1], "uscc_invalid"),
        ("USCC", samples.SUPPLIER.uscc.lower(), "uscc_invalid"),
        ("LEI", "5493001KJTIIGC8Y1R13", "lei_invalid"),
        ("LEI", "5493001KJTIIGC8Y1R1", "lei_invalid"),
        ("DUNS", "150483782", "input_invalid"),
    ],
)
def test_participant__wrong_check_digit__refused(scene: Scene, scheme: str, value: str, code: str) -> None:
    body = {"name": "X", "legal_scheme": scheme, "legal_value": value, "roles": ["core"], "account": "1"}
    refused(scene, 422, code, posts(scene.stage.operator, "/v1/participants", **body))


def test_order__names_a_company_with_a_wrong_check_digit__refused(scene: Scene) -> None:
    document = scene.papers()["order"].replace(samples.SUPPLIER.uscc, samples.SUPPLIER.uscc[:-1] + "X")
    refused(scene, 422, "document_party_unknown", posts(scene.who.core, "/v1/orders", document=document))


def test_order__in_anothers_name__refused(scene: Scene) -> None:
    document = scene.papers()["order"]
    refused(scene, 403, "document_party_foreign", posts(scene.who.supplier, "/v1/orders", document=document))


# amounts


BAD_AMOUNTS = [
    ("100.001", "amount_too_precise"),
    ("-5.00", "amount_not_positive"),
    ("0", "amount_not_positive"),
    ("0.00", "amount_not_positive"),
    ("1e5", "amount_malformed"),
    ("NaN", "amount_malformed"),
    ("Infinity", "amount_malformed"),
    ("1,000.00", "amount_malformed"),
    ("９９", "amount_malformed"),
    ("99999999999999999999", "amount_too_large"),
    ("", "input_invalid"),
]


@pytest.mark.parametrize(("amount", "code"), BAD_AMOUNTS)
def test_amount__not_a_positive_amount__refused(scene: Scene, amount: str, code: str) -> None:
    problem = refused(scene, 422, code, posts(scene.who.supplier, "/v1/applications", **scene.ask(amount)))
    assert problem.body["where"] == "/amount/amount"


@pytest.mark.parametrize(("amount", "code"), BAD_AMOUNTS[:3])
def test_amount__of_limit_price_and_confirmation__refused(scene: Scene, amount: str, code: str) -> None:
    money = {"amount": amount, "currency": "CNY"}
    lender, core = scene.who.lender, scene.who.core
    if code != "amount_not_positive":
        refused(scene, 422, code, posts(lender, "/v1/limits", kind="debtor", key=core.id, amount=money))
        # a price may be zero or below: nothing is lent on such goods then
        day = str(scene.stage.today)
        refused(scene, 422, code, posts(lender, "/v1/prices", good="c", unit="KGM", price=money, source="s", as_of=day))
    stated = {**confirmation(scene.story.receivable), "face": money}
    refused(scene, 422, code, posts(core, f"{scene.receivable}/confirmation", **stated))


def test_amount__of_a_limit__is_zero_or_more(scene: Scene) -> None:
    money = {"amount": "-5.00", "currency": "CNY"}
    refused(
        scene,
        422,
        "amount_negative",
        posts(scene.who.lender, "/v1/limits", kind="debtor", key=scene.who.core.id, amount=money),
    )


@pytest.mark.parametrize(
    ("currency", "code"),
    [("USD", "currency_mismatch"), ("JPY", "currency_mismatch"), ("XYZ", "currency_unknown"), ("cny", "input_invalid")],
)
def test_amount__in_another_currency__refused(scene: Scene, currency: str, code: str) -> None:
    body = scene.ask("1000", currency)
    refused(scene, 422, code, posts(scene.who.supplier, "/v1/applications", **body))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ('currencyID="CNY">999767.505', "amount_too_precise"),
        ('currencyID="CNY">-999767.50', "amount_not_positive"),
        ('currencyID="CNY">0.00', "amount_not_positive"),
        ('currencyID="USD">999767.50', "currency_mismatch"),
        ('currencyID="CNY">a lot', "amount_malformed"),
    ],
)
def test_document__total_that_is_none__refused_by_its_place(scene: Scene, written: str, code: str) -> None:
    document = scene.papers()["order"].replace('currencyID="CNY">999767.50', written)
    problem = refused(scene, 422, code, posts(scene.who.core, "/v1/orders", document=document))
    assert "/Order/cac:AnticipatedMonetaryTotal/" in problem.body["where"]


# units and quantities


def test_unit__unknown_in_a_document__refused_by_its_line(scene: Scene) -> None:
    document = scene.papers()["order"].replace('unitCode="KGM"', 'unitCode="ZZQ"')
    problem = refused(scene, 422, "unit_unknown", posts(scene.who.core, "/v1/orders", document=document))
    assert "cac:OrderLine[2]" in problem.body["where"]


@pytest.mark.parametrize(
    ("unit", "quantity", "code"),
    [
        ("BAG9", "1", "goods_not_as_listed"),
        ("TNE", "1", "goods_not_as_listed"),
        ("KGM", "72057594037927.936", "quantity_too_large"),
        ("KGM", "0", "quantity_not_positive"),
        ("KGM", "-1", "quantity_not_positive"),
        ("KGM", "1.0001", "quantity_too_precise"),
        ("KGM", "1e3", "quantity_malformed"),
    ],
)
def test_warehouse_receipt__bad_unit_or_quantity__refused(scene: Scene, unit: str, quantity: str, code: str) -> None:
    goods = {"commodity": "copper-cathode", "commodity_class": "standard"}
    body = {"number": "W", "owner_id": scene.who.distributor.id, "goods": goods, "unit": unit, "quantity": quantity}
    body["lot"] = {"site": "Yard 3", "number": "W", "seal": "W"}
    refused(scene, 422, code, posts(scene.who.keeper, "/v1/warehouse-receipts", **body))


# orders and dates


def test_order__changed_after_despatch__refused(scene: Scene) -> None:
    less = scene.story.documents["order"].decode().replace("5000", "4000")
    core = scene.who.core
    refused(scene, 422, "order_changed_after_despatch", posts(core, f"{scene.order}/amendment", document=less))
    refused(scene, 422, "order_changed_after_despatch", posts(core, f"{scene.order}/cancellation"))


@pytest.mark.parametrize(
    ("days", "code"),
    [(-1, "due_date_past"), (0, "due_date_past"), (185, "tenor_unlawful"), (366, "tenor_unlawful")],
)
def test_due_date__past_or_beyond_the_lawful_tenor__refused(scene: Scene, days: int, code: str) -> None:
    due = scene.stage.today + timedelta(days=days)
    document = _due(scene, due)
    refused(scene, 422, code, posts(scene.who.supplier, "/v1/receivables", order_id=scene.received, document=document))


def _due(scene: Scene, due: date) -> str:
    """The second trade's invoice, due on another day."""
    order = scene.who.core.get(f"/v1/orders/{scene.received}")["number"]
    return scene.papers(due_date=due, order_number=order)["invoice"]


def test_days__out_of_range__refused(scene: Scene) -> None:
    for days in (0, -1, 367, True, "60", 1.5):
        body = scene.ask(days=days)
        problem = refused(scene, 422, "input_invalid", posts(scene.who.supplier, "/v1/applications", **body))
        assert problem.body["where"] == "/days"


# whose it is


def test_application__on_anothers_receivable__as_unknown_as_none(scene: Scene) -> None:
    stranger = scene.who.distributor
    refused(scene, 404, "asset_unknown", posts(stranger, "/v1/applications", **scene.ask()))
    none = scene.ask(asset_id="0x" + "00" * 32)
    refused(scene, 404, "asset_unknown", posts(stranger, "/v1/applications", **none))
    refused(scene, 404, "asset_unknown", posts(scene.who.core, "/v1/applications", **scene.ask()))


def test_idempotency_key__with_another_body__refused_and_nothing_done(scene: Scene) -> None:
    supplier = scene.who.supplier
    key = "typed-once"
    made = supplier.post("/v1/applications", scene.ask(), key=key)
    again = supplier.post("/v1/applications", scene.ask(), key=key)
    assert again["id"] == made["id"], "the same body is the same request"
    refused(
        scene,
        422,
        "idempotency_key_reused",
        lambda: supplier.post("/v1/applications", scene.ask("2000.00"), key=key),
    )
    supplier.post(f"/v1/applications/{made['id']}/withdrawal")


# signatures (the last tests: business time moves)


def test_signature__of_another_key__refused_and_the_act_still_waits(scene: Scene) -> None:
    core, supplier = scene.who.core, scene.who.supplier
    act = core.post("/v1/orders", {"document": scene.papers()["order"]})["act"]
    path = f"/v1/acts/{act['id']}/signature"
    foreign = supplier.signature(act["typed_data"])
    refused(scene, 403, "signature_foreign", posts(core, path, signature=foreign))
    changed = {**act["typed_data"], "message": {**act["typed_data"]["message"], "amount": 1}}
    refused(scene, 403, "signature_foreign", posts(core, path, signature=core.signature(changed)))
    for broken in ("0x1234", "0x" + "00" * 65):
        refused(scene, 422, "signature_malformed", posts(core, path, signature=broken))
    assert core.get(f"/v1/acts/{act['id']}")["status"] == "awaiting_signature"
    core.finish(act)
    refused(scene, 409, "signature_replayed", posts(core, path, signature=core.signature(act["typed_data"])))


def test_offer__accepted_by_another_key__refused_and_it_still_stands(scene: Scene) -> None:
    supplier = scene.who.supplier
    made = supplier.post("/v1/applications", scene.ask("100000.00"))
    path = f"/v1/applications/{made['id']}"
    offer = supplier.get(path)["offer"]
    foreign = scene.who.core.signature(offer["act"]["typed_data"])
    refused(scene, 403, "signature_foreign", posts(supplier, f"{path}/accept", signature=foreign))
    refused(scene, 409, "key_not_held", posts(supplier, f"{path}/accept"))
    refused(scene, 404, "application_unknown", posts(scene.who.distributor, f"{path}/accept", signature=foreign))
    assert supplier.get(path)["status"] == "offered"
    supplier.post(f"{path}/withdrawal")


def test_consent__by_another_key__refused(scene: Scene) -> None:
    body = {
        "name": "Invented newcomer (sample)",
        "legal_scheme": "LEI",
        "legal_value": invented_lei(77),
        "roles": ["supplier"],
        "account": "6228-1",
        "address": address_of(new_private_key()),
    }
    made = scene.stage.operator.post("/v1/participants", body)
    foreign = scene.who.core.signature(made["consent"])
    path = f"/v1/participants/{made['participant']['id']}/consent"
    refused(scene, 403, "signature_foreign", posts(Client(scene.stage.http), path, signature=foreign))
    assert scene.stage.operator.get(path.removesuffix("/consent"))["status"] == "pending"


def test_signature__after_its_deadline__refused(scene: Scene) -> None:
    core = scene.who.core
    act = core.post("/v1/orders", {"document": scene.papers()["order"]})["act"]
    scene.stage.move_to(scene.stage.today + timedelta(days=2))
    core.sign_in()
    late = core.signature(act["typed_data"])
    core.until(lambda: core.get(f"/v1/acts/{act['id']}"), lambda now: now["status"] == "expired")
    refused(scene, 422, "signature_expired", posts(core, f"/v1/acts/{act['id']}/signature", signature=late))
