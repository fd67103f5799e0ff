"""A whole installation on the embedded chain, stepped by hand, with three loans of invented companies in it.

Every party's key is in custody; documents are the project's samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import JsonValue
from sqlmodel import select

from chainfin import samples
from chainfin.audit.report import Report
from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.chain.views import ContractViews
from chainfin.connectors.registry_view import RegistryLookup
from chainfin.connectors.sandbox import World
from chainfin.runtime.installation import Installation
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import applications, limits, mandates, prices
from chainfin.services.oversight import evidence, reconcile
from chainfin.services.oversight.findings import Reconciliation
from chainfin.services.payments import deposits
from chainfin.services.trade import orders, receivables
from chainfin.services.views.trade import ReceivableView
from chainfin.settings import load
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, ApplicationRow
from chainfin.storage.party_tables import PartyRow
from chainfin.values.money import Money
from chainfin.values.party import Role, first_person
from chainfin.values.product import Product
from tests import cast

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CAST = {
    "core": (samples.CORE, Role.CORE),
    "supplier": (samples.SUPPLIER, Role.SUPPLIER),
    "distributor": (samples.DISTRIBUTOR, Role.DISTRIBUTOR),
    "keeper": (samples.KEEPER, Role.KEEPER),
    "lender": (samples.LENDER, Role.LENDER),
    "auditor": (samples.AUDITOR, Role.AUDITOR),
    "shop": (samples.SHOP, Role.SUPPLIER),
    "bank": (samples.SETTLEMENT_BANK, Role.BANK),
}


@dataclass
class Town:
    """``run`` lets every driver work until nothing moves."""

    inst: Installation
    world: World
    parties: dict[str, PartyRow] = field(default_factory=dict)

    @property
    def ctx(self) -> Context:
        return self.inst.ctx

    @property
    def prover(self) -> ChainProver:
        return ChainProver(self.inst.node, self.inst.deployment)

    @property
    def partner_key(self) -> str:
        assert self.inst.sandbox is not None
        return self.inst.sandbox.public_key

    @property
    def head(self) -> str:
        return "0x" + self.inst.node.head().hash.hex()

    def run(self) -> None:
        for _ in range(200):
            moved = self.inst.chain.run_until_idle() + self.inst.worker.run_once() + self.inst.incoming.run_once()
            if not moved:
                return
        raise AssertionError("it never comes to rest")

    def actor(self, who: str) -> Actor:
        row = self.parties[who]
        return Actor("party", row.id, Role(row.roles), first_person(row.id))

    def admit_all(self) -> None:
        admitted: dict[str, str] = {}
        for who, (company, role) in CAST.items():
            admitted[who] = cast.admit(self.ctx, company, role).id
        self.run()
        with self.ctx.store.read() as session:
            for who, party_id in admitted.items():
                self.parties[who] = session.get_one(PartyRow, party_id)
                assert self.parties[who].status == "active", who

    def limit(self, kind: str, who: str, amount: int = 5_000_000_00, grade: str = "A") -> None:
        key = self.parties[who].id
        limits.set_(self.ctx, self.actor("lender"), kind=kind, key=key, amount=Money(amount, "CNY"), grade=grade)

    def confirmed(self, number: str, *, overinvoiced: bool = False) -> ReceivableView:
        """A receivable from order to confirmation."""
        ctx, core, supplier = self.ctx, self.actor("core"), self.actor("supplier")
        today = ctx.clock.today()
        documents = samples.trade(today, number, overinvoiced=overinvoiced)
        order, _ = orders.post_order(ctx, core, documents["order"], "order.xml")
        self.run()
        orders.acknowledge(ctx, supplier, order.id, documents["response"])
        self.run()
        orders.despatch(ctx, supplier, order.id, documents["despatch"])
        self.run()
        orders.receive(ctx, core, order.id, documents["receipt"])
        self.run()
        made = receivables.issue(ctx, supplier, order.id, documents["invoice"], accept_matched=overinvoiced)
        self.run()
        row = made.receivable
        face = Money(row.face, row.currency)
        receivables.confirm(ctx, core, row.id, document_root=str(row.document_root), face=face, due_date=row.due_date)
        self.run()
        return row

    def funded(self, who: str, product: str, asset: str | None, amount: int, days: int, consent: str = "") -> str:
        """Apply, accept, be paid. The loan's id."""
        row = applications.apply(
            self.ctx,
            self.actor(who),
            product=product,
            lender_id=self.parties["lender"].id,
            amount=Money(amount, "CNY"),
            days=days,
            asset_id=asset,
            consent={"token": consent} if consent else None,
        )
        self.run()
        applications.accept(self.ctx, self.actor(who), row.id)
        self.run()
        with self.ctx.store.read() as session:
            after = session.exec(select(ApplicationRow).where(ApplicationRow.id == row.id)).one()
        assert after.status == "funded", (after.status, after.refusals)
        return str(after.loan_id)

    def pay(self, who: str, amount: Money, remittance: str) -> None:
        self.world.pays(
            uuid4().hex,
            amount,
            payer_account=self.parties[who].account,
            payer_name=self.parties[who].name,
            payee_account=COLLECTION_ACCOUNT,
            remittance=remittance,
        )
        self.run()

    def reconciled(self, who: str = "auditor") -> Reconciliation:
        inst = self.inst
        views = ContractViews(inst.node, self.ctx.contracts)
        return reconcile.run(self.ctx, self.actor(who), views, RegistryLookup(inst.partners.registry))

    def bundle(self, loan_id: str, who: str = "auditor") -> bytes:
        return evidence.bundle(self.ctx, self.actor(who), loan_id, self.prover)


def goods(town: Town) -> str:
    """The distributor's copper at the keeper, with a price. The receipt's id."""
    lender = town.actor("lender")
    prices.set_price(
        town.ctx,
        lender,
        good="copper-cathode",
        unit="KGM",
        price=Money(70_00, "CNY"),
        source="sample exchange",
        as_of=town.ctx.clock.today(),
    )
    row, _ = receipts.issue(
        town.ctx,
        town.actor("keeper"),
        number="WR-1",
        lot=cast.lot("WR-1"),
        owner_id=town.parties["distributor"].id,
        goods={"commodity": "copper-cathode", "commodity_class": "standard", "insured": "true"},
        unit="KGM",
        quantity=Decimal("5000"),
    )
    town.run()
    return row.id


def sales(today: date) -> JsonValue:
    """Two years of a noodle shop's takings, a day a line."""
    days = [today - timedelta(days=n) for n in range(730, 0, -1)]
    return {"currency": "CNY", "takings": [{"on": d.isoformat(), "gross": f"{3000 + d.day * 10}.00"} for d in days]}


def open_town(home: Path) -> Town:
    settings = load({"CHAINFIN_HOME": str(home)})
    inst = Installation(settings, start_at=START, drive=False)
    assert inst.sandbox is not None
    town = Town(inst, World(inst.sandbox))
    inst.sender.start()
    town.admit_all()
    for kind, who in (("debtor", "core"), ("borrower", "supplier"), ("borrower", "distributor"), ("borrower", "shop")):
        town.limit(kind, who)
    town.limit("lender", "lender", 9_000_000_00)
    until = town.ctx.clock.now() + timedelta(days=3650)
    most = Money(9_000_000_00, "CNY")
    town.pay("lender", most, deposits.instruction(town.ctx, town.actor("lender")).remittance)
    mandates.prepare(town.ctx, town.actor("lender"), products=list(Product), amount=most, expires_at=until)
    return town


@dataclass
class Played:
    """Three loans, two of them partly or wholly repaid, and their bundles."""

    town: Town
    receivable: str
    loans: dict[str, str]
    bundles: dict[str, bytes]
    head: str

    def report(self, data: bytes) -> Report:
        deployment = self.town.inst.deployment
        return verify(data, [self.head], [self.town.partner_key], deployment.contracts, deployment.code_hashes)


def played_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    town = open_town(tmp_path_factory.mktemp("audit"))
    receivable = town.confirmed("INV-1")
    loans = {"receivable_pledge": town.funded("supplier", "receivable_pledge", receivable.id, 500_000_00, 60)}
    loans["inventory_pledge"] = town.funded("distributor", "inventory_pledge", goods(town), 150_000_00, 60)
    today = town.ctx.clock.today()
    shop = town.parties["shop"].legal_value
    town.world.has_data(shop, "payments", today, sales(today))
    consent = town.world.consents(shop, ("payments",), today + timedelta(days=30))
    loans["general_310"] = town.funded("shop", "general_310", None, 20_000_00, 60, consent)
    town.ctx.clock.move_to(START + timedelta(days=30))
    town.pay("distributor", Money(50_000_00, "CNY"), f"LOAN {loans['inventory_pledge']}")
    town.ctx.clock.move_to(START + timedelta(days=60))
    town.pay("core", Money(999_767_50, "CNY"), f"RECEIVABLE {receivable.id}")
    yield Played(town, receivable.id, loans, {n: town.bundle(i) for n, i in loans.items()}, town.head)
    town.inst.close()
