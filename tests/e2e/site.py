"""An installation stepped by hand at the level of the services: every driver moves when a test lets it.

Companies are invented; all keys are in custody. A test makes its own trade, so that one installation serves many.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlmodel import select

from chainfin import samples
from chainfin.connectors.sandbox import World
from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.eth import eip712, keys
from chainfin.risk.explain import Sentence
from chainfin.rules.loan import Loan
from chainfin.runtime.installation import Installation
from chainfin.services.goods import receipts
from chainfin.services.kernel import commands
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import applications, limits, mandates, prices
from chainfin.services.payments import accounts
from chainfin.services.pledges import undertakings
from chainfin.services.reactions import approved, signing
from chainfin.services.reads import queries
from chainfin.services.trade import orders, receivables
from chainfin.services.views.acts import ActView
from chainfin.services.views.goods import PriceView, WarehouseReceiptView
from chainfin.services.views.lending import MandateView, NodeView, OfferView
from chainfin.services.views.pledges import PledgeView
from chainfin.services.views.trade import ReceivableView
from chainfin.settings import load
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import ApplicationRow, HoldRow, LimitRow, LoanRow
from chainfin.storage.party_tables import PersonRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import DocumentRow, OrderRow, ReceivableRow
from chainfin.values.calendar import OFFICIAL, Adjustment
from chainfin.values.money import Money
from chainfin.values.party import Role, first_person
from chainfin.values.product import Product
from tests import cast
from tests.e2e.site_money import CNY, MoneySite
from tests.migrated import copied

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FACE = 999_767_50
"""What the sample trade comes to, in fen."""


@dataclass(frozen=True)
class Applied:
    """An application as it is stored, with what the operator sees of its way."""

    row: ApplicationRow
    progress: list[NodeView]
    offer: OfferView | None
    explanation: list[Sentence]


@dataclass(frozen=True)
class Lent:
    """A loan as it is stored, with what is owed and what the operator sees pledged."""

    row: LoanRow
    loan: Loan
    pledges: list[PledgeView]


@dataclass
class Site(MoneySite):
    """``cast``: core, lender, bank, keeper are shared; borrowers are made as tests want them."""

    cast: dict[str, Actor] = field(default_factory=dict)
    companies: dict[str, samples.Company] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    """The keys of parties that have their own, by party."""
    checked: set[tuple[object, ...]] = field(default_factory=set)
    """Assets in states in which they were compared with their contract before."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1001))

    # letting things happen

    def move_to(self, day: date) -> None:
        self.ctx.clock.move_to(datetime.combine(day, time(9), UTC))

    def fall_due(self, due: date) -> None:
        """To the day on which what was due is late (a holiday is kept on the next business day), with the bank's word
        on all that was paid until then."""
        self.move_to(OFFICIAL.adjust(due, Adjustment.FOLLOWING) + timedelta(days=1))
        self.inst.incoming.run_once()

    # people

    def admit(self, role: Role, *, account: str | None = None, company: samples.Company | None = None) -> Actor:
        """A company with a valid invented id (the division 990000 doesn't exist)."""
        company = company or cast.invented(next(self.numbers))
        made = cast.admit(self.ctx, company, role, account=account)
        self.run()
        party = self.party(made.id)
        assert party.status == "active", party.status
        self.companies[party.id] = company
        return Actor("party", party.id, Role(party.roles), first_person(party.id))

    def admit_with_own_key(self, role: Role) -> Actor:
        """A company whose key only this test has (`keys`): what it has to sign stays unsigned until `sign`."""
        company, key = cast.invented(next(self.numbers)), keys.new_private_key()
        made = cast.admit(self.ctx, company, role, key=key)
        self.run()
        self.companies[made.id] = company
        self.keys[made.id] = key
        return Actor("party", made.id, role, first_person(made.id))

    def sign(self, actor: Actor, act: ActView) -> ActView:
        """The act, signed with the key that only this test has."""
        signature = eip712.sign(act.typed_data, self.keys[str(actor.party_id)])
        return signing.sign(self.ctx, actor, act.id, "0x" + signature.hex())

    def borrower(self, limit: int = 5_000_000_00, account: str | None = None) -> Actor:
        """A supplier with a limit of its own."""
        actor = self.admit(Role.SUPPLIER, account=account)
        self.limit("borrower", actor, limit)
        return actor

    def limit(self, kind: str, party: Actor, amount: int, by: Actor | None = None) -> LimitRow:
        """Set by a lender (None: the shared one)."""
        assert party.party_id is not None
        money = Money(amount, CNY)
        lender = by or self.cast["lender"]
        made = limits.set_(self.ctx, lender, kind=kind, key=party.party_id, amount=money, grade="B")
        if made.proposal_id is not None:
            approved.approve(self.ctx, self.second(lender), made.proposal_id, "within what the board allows")
        with self.ctx.store.read() as session:
            return session.get_one(LimitRow, made.id)

    def lender(self, borrower: Actor, limit: int = 5_000_000_00) -> Actor:
        """Another lender: its mandate, a limit on the borrower, ample ones on itself and the core enterprise."""
        made = self.admit(Role.LENDER)
        for kind, party, amount in (
            ("lender", made, 900_000_000_00),
            ("debtor", self.cast["core"], 500_000_000_00),
            ("borrower", borrower, limit),
        ):
            self.limit(kind, party, amount, made)
        self.mandate(made)
        return made

    def mandate(self, lender: Actor, amount: int = 900_000_000_00, **more: Any) -> MandateView:
        """The lender's word for all products, at any grade and rate, for ten years; and the money for it."""
        self.fund(lender)
        until = self.ctx.clock.now() + timedelta(days=3650)
        body = {"products": list(Product), "amount": Money(amount, CNY), "expires_at": until, **more}
        return mandates.prepare(self.ctx, lender, **body)

    # trade

    def papers(self, seller: Actor, **more: Any) -> dict[str, bytes]:
        number = f"INV-{next(self.numbers)}"
        return samples.trade(self.today, number, seller=self.companies[str(seller.party_id)], **more)

    def received(self, seller: Actor, papers: dict[str, bytes]) -> str:
        """An order up to the receipt of its goods. Its id."""
        core = self.cast["core"]
        order, _ = orders.post_order(self.ctx, core, papers["order"], "order.xml")
        self.run()
        orders.acknowledge(self.ctx, seller, order.id, papers["response"])
        self.run()
        orders.despatch(self.ctx, seller, order.id, papers["despatch"])
        self.run()
        orders.receive(self.ctx, core, order.id, papers["receipt"])
        self.run()
        return order.id

    def confirmed(self, seller: Actor, papers: dict[str, bytes] | None = None) -> ReceivableRow:
        """A receivable over `FACE`, confirmed by the core enterprise."""
        papers = papers or self.papers(seller)
        made = receivables.issue(self.ctx, seller, self.received(seller, papers), papers["invoice"])
        self.run()
        self.confirm(made.receivable)
        self.run()
        return self.receivable(made.receivable.id)

    def confirm(self, row: ReceivableView | ReceivableRow) -> None:
        root = queries.receivable(self.ctx, self.cast["core"], row.id).document_root
        assert root is not None
        face = Money(row.face, row.currency)
        receivables.confirm(self.ctx, self.cast["core"], row.id, document_root=root, face=face, due_date=row.due_date)

    def receivable(self, receivable_id: str) -> ReceivableRow:
        with self.ctx.store.read() as session:
            return session.get_one(ReceivableRow, receivable_id)

    def order(self, order_id: str) -> OrderRow:
        with self.ctx.store.read() as session:
            return session.get_one(OrderRow, order_id)

    def price(self, minor: int, lender: Actor | None = None, *, days_old: int = 0) -> PriceView:
        """A lender's price of a kilogram of copper; approved by its second person where that is needed."""
        by = lender or self.cast["lender"]
        row = prices.set_price(
            self.ctx,
            by,
            good="copper-cathode",
            unit="KGM",
            price=Money(minor, CNY),
            source="sample price",
            as_of=self.today - timedelta(days=days_old),
        )
        if row.proposal_id is not None:
            approved.approve(self.ctx, self.second(by), row.proposal_id, "the market fell, or rose")
        return row

    def second(self, actor: Actor) -> Actor:
        """Another person of the same party (None: of the operator), made once."""
        person_id = f"per_second_{actor.party_id or 'operator'}"
        with self.ctx.store.begin() as session:
            if session.get(PersonRow, person_id) is None:
                row = PersonRow(id=person_id, party_id=actor.party_id, name="", created_at=self.ctx.clock.now())
                row.confirmed = True
                session.add(row)
        return replace(actor, person_id=person_id)

    def paid_to(self, party: Actor, account: str) -> None:
        """The party's account is another from now on: the operator asks, the party approves."""
        asking = replace(OPERATOR, person_id=first_person(None))
        made = accounts.propose(self.ctx, asking, str(party.party_id), account, "the bank closed the old one")
        owner = replace(party, person_id=first_person(party.party_id))
        approved.approve(self.ctx, owner, made.id, "it is ours")

    def goods(self, owner: Actor, kilograms: int = 20_000) -> WarehouseReceiptView:
        """Copper at the keeper, at 70.00 a kilogram."""
        self.price(70_00)
        number = f"WR-{next(self.numbers)}"
        row, _ = receipts.issue(
            self.ctx,
            self.cast["keeper"],
            number=number,
            lot=cast.lot(number),
            owner_id=str(owner.party_id),
            goods={"commodity": "copper-cathode", "commodity_class": "standard", "insured": "true"},
            unit="KGM",
            quantity=Decimal(kilograms),
        )
        self.run()
        return row

    def undertake(
        self, pledge: PledgeRow | PledgeView, *, price: int | None = None, agreed: Actor | None = None
    ) -> None:
        """The core enterprise undertakes to buy all of the pledged goods, until a month after their loan's maturity.
        ``agreed``: the pledgor, which lets it buy them before."""
        until, core = self.loan(str(pledge.loan_id)).row.maturity + timedelta(days=30), self.cast["core"]
        amount, at = str(Decimal(pledge.left).scaleb(-3)), None if price is None else Money(price, CNY)
        undertakings.undertake(self.ctx, core, pledge.id, amount, until, "we buy what isn't redeemed", price=at)
        self.run()
        if agreed is not None:
            undertakings.agree(self.ctx, agreed, pledge.id, str(core.party_id))

    # lending

    def apply(self, borrower: Actor, amount: int, asset: str | None, **more: Any) -> str:
        """Ask; nothing is stepped. The application's id."""
        body: dict[str, Any] = {"product": "receivable_pledge", "days": 60, **more}
        body.setdefault("lender_id", str(self.cast["lender"].party_id))
        money = Money(amount, CNY)
        return applications.apply(self.ctx, borrower, amount=money, asset_id=asset, **body).id

    def unpaid(self, borrower: Actor, amount: int) -> tuple[ReceivableRow, str]:
        """A loan on a new receivable, whose money is on its way and doesn't arrive; with its application."""
        asset = self.confirmed(borrower)
        application = self.offered(borrower, amount, asset.id)
        assert self.inst.sandbox is not None
        self.inst.sandbox.faults.add(Rule(Fault.PENDING, prefix="/rail/payments", method="PUT"))
        applications.accept(self.ctx, borrower, application)
        self.run()
        return asset, application

    def offered(self, borrower: Actor, amount: int, asset: str | None, **more: Any) -> str:
        application = self.apply(borrower, amount, asset, **more)
        self.run()
        assert self.application(application).row.status == "offered", self.application(application).row.refusals
        return application

    def funded(self, borrower: Actor, amount: int, asset: str | None, **more: Any) -> str:
        """A loan that was paid out. Its id."""
        application = self.offered(borrower, amount, asset, **more)
        applications.accept(self.ctx, borrower, application)
        self.run()
        row = self.application(application).row
        assert row.status == "funded", row.status
        return str(row.loan_id)

    def application(self, application_id: str) -> Applied:
        seen = queries.application(self.ctx, OPERATOR, application_id)
        with self.ctx.store.read() as session:
            row = session.get_one(ApplicationRow, application_id)
        return Applied(row, seen.progress, seen.offer, seen.explanation)

    def loan_terms_over(self, application_id: str) -> bool:
        """Whether the offered loan would be due by now."""
        offer = self.application(application_id).offer
        assert offer is not None
        return date.fromisoformat(str(offer.terms["maturity"])) <= self.today

    def loan(self, loan_id: str) -> Lent:
        seen = queries.loan(self.ctx, OPERATOR, loan_id)
        with self.ctx.store.read() as session:
            return Lent(session.get_one(LoanRow, loan_id), seen.loan, seen.pledges)

    def struck_out(self, pledge_id: str) -> list[OutboxRow]:
        return self.commands(commands.StrikeOutPledge, subject=pledge_id)

    def documents(self, order_id: str) -> int:
        """How many papers are kept about an order."""
        with self.ctx.store.read() as session:
            return len(session.exec(select(DocumentRow.id).where(DocumentRow.order_id == order_id)).all())

    def taken(self, application_id: str) -> dict[str, int]:
        """What an application has of its limits, by state of the hold."""
        sums: dict[str, int] = {}
        with self.ctx.store.read() as session:
            for row in session.exec(select(HoldRow).where(HoldRow.application_id == application_id)):
                sums[row.state] = sums.get(row.state, 0) + row.amount
        return sums


@contextmanager
def open_site(*, drive: bool = False, start: datetime = START, bank_folder: bool = False) -> Iterator[Site]:
    """A site with core enterprise, lender, settlement bank and keeper, and ample limits on core and lender."""
    with TemporaryDirectory(prefix="chainfin-test-") as folder:
        home = Path(folder)
        files = (
            {"CHAINFIN_BANK_FOLDER": str(home / "bank"), "CHAINFIN_BANK_AGENT": "102100099996"} if bank_folder else {}
        )
        settings = load({"CHAINFIN_HOME": str(home), **files})
        with copied():
            opened = Installation(settings, start_at=start, faults=True, drive=drive)
        with opened as inst:
            assert inst.sandbox is not None
            # with a real bank a mandate takes its lender's own key; here all keys are in custody
            object.__setattr__(inst.ctx, "real_money", False)
            site = Site(inst, World(inst.sandbox))
            try:
                for name, role in (("core", Role.CORE), ("lender", Role.LENDER), ("bank", Role.BANK)):
                    site.cast[name] = site.admit(role, company=samples.CORE if name == "core" else None)
                site.cast["keeper"] = site.admit(Role.KEEPER)
                site.limit("debtor", site.cast["core"], 500_000_000_00)
                site.limit("lender", site.cast["lender"], 900_000_000_00)
                site.mandate(site.cast["lender"])
                yield site
            finally:
                site.world.close()
