"""A running installation with a whole trade behind it, up to a funded loan. All names are invented."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from chainfin import samples
from chainfin.demo.member import Member
from chainfin.demo.stage import Stage
from tests import cast


@dataclass
class World:
    """The cast, and the ids of what they made. ``stranger`` has no part in any of it."""

    stage: Stage
    core: Member
    supplier: Member
    stranger: Member
    lender: Member
    keeper: Member
    auditor: Member
    documents: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str, key: str | None = None) -> dict[str, str]:
        token = self.stage.operator.token if who == "operator" else getattr(self, who).token
        return {"Authorization": f"Bearer {token}"} | ({} if key is None else {"Idempotency-Key": key})

    def call(self, method: str, who: str, path: str, **more: Any) -> Any:
        headers = self.headers(who, more.pop("key", None)) | more.pop("headers", {})
        return self.stage.http.request(method, path, headers=headers, **more)


def lot(number: str) -> dict[str, str]:
    """A sealed lot at an invented yard, one for each number."""
    said = cast.lot(number)
    return {"site": said.site, "number": said.number, "seal": str(said.seal)}


def build(stack: ExitStack) -> World:
    """Admit everybody, let them trade, lend on it."""
    stage = stack.enter_context(Stage())

    def admit(company: samples.Company, role: str, *, custody: bool = False) -> Member:
        return stage.admit(company.name, ("USCC", company.uscc), [role], custody=custody)

    world = World(
        stage=stage,
        core=admit(samples.CORE, "core"),
        supplier=admit(samples.SUPPLIER, "supplier"),
        stranger=admit(samples.DISTRIBUTOR, "distributor"),
        lender=admit(samples.LENDER, "lender", custody=True),
        keeper=admit(samples.KEEPER, "keeper", custody=True),
        auditor=admit(samples.AUDITOR, "auditor", custody=True),
        documents={name: data.decode() for name, data in samples.trade(stage.today, "INV-0001").items()},
    )
    _trade(world)
    _lend(world)
    return world


def _trade(world: World) -> None:
    documents = world.documents
    posted = world.core.act("/v1/orders", {"document": documents["order"]})
    order = posted["order"]["id"]
    world.supplier.act(f"/v1/orders/{order}/acknowledgement", {"document": documents["response"]})
    world.supplier.act(f"/v1/orders/{order}/despatches", {"document": documents["despatch"]})
    world.core.act(f"/v1/orders/{order}/receipts", {"document": documents["receipt"]})
    issued = world.supplier.act("/v1/receivables", {"order_id": order, "document": documents["invoice"]})
    receivable = world.core.get(f"/v1/receivables/{issued['receivable']['id']}")
    undertaking = {
        "document_root": receivable["document_root"],
        "face": {"amount": receivable["face"], "currency": receivable["currency"]},
        "due_date": receivable["due_date"],
    }
    world.core.act(f"/v1/receivables/{receivable['id']}/confirmation", undertaking)
    goods = {"commodity": "nickel-cathode", "commodity_class": "standard"}
    stored = {"number": "WR-1", "owner_id": world.stranger.id, "goods": goods, "unit": "TNE", "quantity": "12.500"}
    stored["lot"] = lot("WR-1")
    receipt = world.keeper.act("/v1/warehouse-receipts", stored)["warehouse_receipt"]
    asked = {"name": "exchange (sample)", "reason": "where the trade looks"}
    world.ids["proposal"] = world.stage.operator.post("/v1/price-sources", asked)["id"]
    world.ids |= {"order": order, "receivable": receivable["id"], "receipt": receipt["id"], "act": posted["act"]["id"]}


def _lend(world: World) -> None:
    parties = (("lender", world.lender), ("debtor", world.core), ("borrower", world.supplier))
    for kind, party in parties:
        world.stage.limit(world.lender, kind, party, "5000000.00", "CNY", "A")
    world.stage.mandate(world.lender, "5000000.00", "CNY")
    world.stage.fund(world.lender, "5000000.00", "CNY")
    wish = {
        "product": "receivable_pledge",
        "lender_id": world.lender.id,
        "amount": {"amount": "500000.00", "currency": "CNY"},
        "days": 60,
        "asset_id": world.ids["receivable"],
    }
    application = world.supplier.post("/v1/applications", wish)["id"]
    offer = world.supplier.get(f"/v1/applications/{application}")["offer"]
    signature = world.supplier.signature(offer["act"]["typed_data"])
    world.supplier.post(f"/v1/applications/{application}/accept", {"signature": signature})
    for name, detail in world.supplier.events(f"/v1/applications/{application}/events"):
        if name == "end":
            world.ids["loan"] = detail["loan_id"]
    (pledge,) = world.supplier.get(f"/v1/loans/{world.ids['loan']}")["pledges"]
    world.ids |= {"application": application, "offer": offer["id"], "pledge": pledge["id"]}
