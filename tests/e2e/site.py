"""An installation stepped by hand at the level of the services: every driver moves when a test lets it.

Companies are invented; all keys are in custody. A test makes its own trade, so that one installation serves many.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from sqlmodel import Session, col, select

from chainfin import samples
from chainfin.connectors.sandbox import World
from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.eth import eip712, keys
from chainfin.rules import ledger
from chainfin.rules.loan import LoanState
from chainfin.rules.loan.state import ACCRUING
from chainfin.runtime.installation import Installation
from chainfin.services.books import funding_accounts, journals, loan_book
from chainfin.services.goods import receipts
from chainfin.services.kernel import acts, commands
from chainfin.services.kernel.context import OPERATOR, Actor, Context
from chainfin.services.lending import applications, limits, mandates, prices
from chainfin.services.payments import incoming as incoming_service
from chainfin.services.reactions import approved
from chainfin.services.reads import queries
from chainfin.services.reads.queries import ApplicationView, LoanView
from chainfin.services.trade import orders, receivables
from chainfin.settings import load
from chainfin.storage.funding_tables import FundingAccountRow, FundingHoldRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import HoldRow, IncomingRow, LimitRow, LoanRow, MandateRow
from chainfin.storage.party_tables import PartyRow, PersonRow
from chainfin.storage.trade_tables import (
    ActRow,
    DocumentRow,
    OrderRow,
    PledgeRow,
    PriceRow,
    ReceivableRow,
    WarehouseReceiptRow,
)
from chainfin.values.calendar import Adjustment, adjust
from chainfin.values.money import Money
from chainfin.values.party import Role, first_person
from chainfin.values.product import Product
from tests import cast
from tests.e2e.onchain import view

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CNY = "CNY"
FACE = 999_767_50
"""What the sample trade comes to, in fen."""


@dataclass
class Site:
    """``cast``: core, lender, bank, keeper are shared; borrowers are made as tests want them."""

    inst: Installation
    world: World
    cast: dict[str, Actor] = field(default_factory=dict)
    companies: dict[str, samples.Company] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    """The keys of parties that have their own, by party."""
    checked: set[tuple[object, ...]] = field(default_factory=set)
    """Assets in states in which they were compared with their contract before."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1001))

    @property
    def ctx(self) -> Context:
        return self.inst.ctx

    @property
    def today(self) -> date:
        return self.ctx.clock.today()

    # letting things happen

    def run(self) -> None:
        """Until nothing moves any more."""
        for _ in range(200):
            moved = self.inst.chain.run_until_idle() + self.inst.worker.run_once() + self.inst.incoming.run_once()
            if not moved + self.inst.housekeeper.run_once():
                return
        raise AssertionError("it never comes to rest")

    def move_to(self, day: date) -> None:
        self.ctx.clock.move_to(datetime.combine(day, time(9), UTC))

    def fall_due(self, due: date) -> None:
        """To the day on which what was due is late (a holiday is kept on the next business day), with the bank's word
        on all that was paid until then."""
        self.move_to(adjust(due, Adjustment.FOLLOWING) + timedelta(days=1))
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

    def sign(self, actor: Actor, act: ActRow) -> ActRow:
        """The act, signed with the key that only this test has."""
        signature = eip712.sign(act.typed_data, self.keys[str(actor.party_id)])
        return acts.sign(self.ctx, actor, act.id, "0x" + signature.hex())

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
        return limits.set_(self.ctx, lender, kind=kind, key=party.party_id, amount=money, grade="B")

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

    def mandate(self, lender: Actor, amount: int = 900_000_000_00, **more: Any) -> MandateRow:
        """The lender's word for all products, at any grade and rate, for ten years; and the money for it."""
        self.fund(lender)
        until = self.ctx.clock.now() + timedelta(days=3650)
        body = {"products": list(Product), "amount": Money(amount, CNY), "expires_at": until, **more}
        return mandates.prepare(self.ctx, lender, **body)

    def fund(self, lender: Actor, amount: int = 900_000_000_00) -> None:
        """The lender places money for lending, from its own account at its bank."""
        party = self.party(lender.party_id)
        self.pays(amount, f"FUNDING {party.id}", payer=party.account, payer_name=party.name)

    def funds(self, lender: Actor) -> tuple[int, int]:
        """What a lender has placed, and what of it is committed, in fen."""
        rows = funding_accounts.list_(self.ctx, lender)
        return sum(row.balance for row in rows), sum(row.committed for row in rows)

    def party(self, party_id: str | None) -> PartyRow:
        with self.ctx.store.read() as session:
            return session.get_one(PartyRow, party_id)

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

    def confirm(self, row: ReceivableRow) -> None:
        with self.ctx.store.read() as session:
            root = session.get_one(DocumentRow, row.document_id).root
        face = Money(row.face, row.currency)
        receivables.confirm(self.ctx, self.cast["core"], row.id, document_root=root, face=face, due_date=row.due_date)

    def receivable(self, receivable_id: str) -> ReceivableRow:
        with self.ctx.store.read() as session:
            return session.get_one(ReceivableRow, receivable_id)

    def order(self, order_id: str) -> OrderRow:
        with self.ctx.store.read() as session:
            return session.get_one(OrderRow, order_id)

    def price(self, minor: int, lender: Actor | None = None, *, days_old: int = 0) -> PriceRow:
        """A lender's price of a kilogram of copper; approved by its second person where that is needed."""
        by = lender or self.cast["lender"]
        row = prices.set_price(
            self.ctx,
            by,
            good="copper",
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
                session.add(row)
        return replace(actor, person_id=person_id)

    def goods(self, owner: Actor, kilograms: int = 20_000) -> WarehouseReceiptRow:
        """Copper at the keeper, at 70.00 a kilogram."""
        self.price(70_00)
        row, _ = receipts.issue(
            self.ctx,
            self.cast["keeper"],
            number=f"WR-{next(self.numbers)}",
            owner_id=str(owner.party_id),
            goods={"commodity": "copper", "commodity_class": "standard", "insured": "true"},
            unit="KGM",
            quantity=Decimal(kilograms),
        )
        self.run()
        return row

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

    def application(self, application_id: str) -> ApplicationView:
        return queries.application(self.ctx, OPERATOR, application_id)

    def loan_terms_over(self, application_id: str) -> bool:
        """Whether the offered loan would be due by now."""
        offer = self.application(application_id).offer
        assert offer is not None
        return date.fromisoformat(str(offer.terms["maturity"])) <= self.today

    def loan(self, loan_id: str) -> LoanView:
        return queries.loan(self.ctx, OPERATOR, loan_id)

    def pays(
        self,
        amount: int,
        remittance: str,
        *,
        payer: str = "6228-payer",
        payer_name: str = "A payer (invented)",
        step: bool = True,
        bank_ref: str | None = None,
    ) -> str:
        """A payment reaches the settlement bank, which may have been told what to call it; with ``step`` all that
        follows happens. The bank's reference."""
        done = self.world.pays(
            uuid4().hex,
            Money(amount, CNY),
            payer_account=payer,
            payer_name=payer_name,
            payee_account=incoming_service.COLLECTION_ACCOUNT,
            remittance=remittance,
            bank_reference=bank_ref,
        )
        if step:
            self.run()
        return done.bank_reference

    def payments(self) -> list[str]:
        """The bank's numbers of the orders that it carried out."""
        assert self.inst.sandbox is not None
        return self.inst.sandbox.payments()

    def incoming(self, bank_ref: str) -> IncomingRow:
        with self.ctx.store.read() as session:
            return session.exec(
                select(IncomingRow).where(IncomingRow.bank_ref == bank_ref, IncomingRow.repeat == 0)
            ).one()

    def commands(
        self, kind: type[commands.Command], *, subject: str | None = None, correlation: str | None = None
    ) -> list[OutboxRow]:
        """Commands of a kind (about ``subject``, that belong to ``correlation``), in order of making."""
        query = select(OutboxRow).where(OutboxRow.topic == kind.TOPIC).order_by(col(OutboxRow.id))
        if subject is not None:
            query = query.where(OutboxRow.subject == subject)
        if correlation is not None:
            query = query.where(OutboxRow.correlation == correlation)
        with self.ctx.store.read() as session:
            return list(session.exec(query).all())

    def payouts(self, bank_ref: str) -> list[OutboxRow]:
        """What of a payment leaves to those whose it is."""
        return self.commands(commands.PayHolder, correlation=self.incoming(bank_ref).id)

    def refunds(self, bank_ref: str) -> list[OutboxRow]:
        return self.commands(commands.Refund, correlation=self.incoming(bank_ref).id)

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

    def bank_cash(self) -> int:
        """What the bank's own file says is left: all that came in less all that it paid and gave back, in fen."""
        path = self.inst.settings.home / "sandbox" / "sandbox.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            paid = db.execute("SELECT request FROM payment WHERE status = 'done'").fetchall()
            (came,) = db.execute("SELECT COALESCE(SUM(minor), 0) FROM incoming").fetchone()
            (back,) = db.execute("SELECT COALESCE(SUM(minor), 0) FROM refund").fetchone()
        return int(came) - int(back) - sum(Money.parse(json.loads(each)["amount"], CNY).minor for (each,) in paid)

    def settles(self, loan_id: str) -> int:
        """What settles the loan today, in fen: no more than its cost cap lets."""
        return queries.payoff(self.ctx, OPERATOR, loan_id, self.today).total.minor

    def balance(self, account: ledger.Account, *, ref: str | None = None) -> int:
        with self.ctx.store.read() as session:
            return journals.balance(session, account, CNY, ref=ref).minor


def settle_up(site: Site) -> None:
    """Debtors and borrowers pay what they are late with: one test's is no reason to decline the next one's."""
    for _ in range(3):  # an enforced part, or a part that was split off, may come to light by what is paid
        with site.ctx.store.read() as session:
            late = session.exec(
                select(ReceivableRow).where(
                    ReceivableRow.due_date < site.today, col(ReceivableRow.status).in_(("confirmed", "defaulted"))
                )
            ).all()
            owed = {row.id: row.face - row.split_away - row.settled - row.diluted for row in late}
        owed = {receivable_id: amount for receivable_id, amount in owed.items() if amount > 0}
        if not owed:
            return
        for receivable_id, amount in owed.items():
            site.pays(amount, f"RECEIVABLE {receivable_id}")


def check_books(site: Site) -> None:
    """What has to hold whatever happened: the book balances and agrees with every loan, limits with every hold,
    every asset with its contract, every pledge with its asset, and our cash with the bank's own books."""
    with site.ctx.store.read() as session:
        assert journals.check_chain(session) >= 0
        trial = journals.trial_balance(session)
        assert sum(line.debit.minor - line.credit.minor for line in trial) == 0
        assert journals.balance(session, ledger.CASH, CNY).minor == site.bank_cash()
        for row in session.exec(select(LoanRow)):
            _, loan = loan_book.load(session, row.id)
            assert LoanState(row.status) is loan.state or row.status == "cancelled", (row.id, row.status, loan.state)
            owed = {
                ledger.LOANS: loan.outstanding,
                ledger.INTEREST_RECEIVABLE: loan.dues.interest + loan.dues.overdue_interest,
                ledger.PENALTY_RECEIVABLE: loan.dues.penalty,
                ledger.FEE_RECEIVABLE: loan.dues.fee,
            }
            for account, amount in owed.items():
                booked = journals.balance(session, account, row.currency, ref=row.id)
                wanted = amount if loan.state in ACCRUING else Money.zero(row.currency)
                assert booked == wanted, (row.id, account.name, str(booked), str(wanted))
        for limit in session.exec(select(LimitRow)):
            held = session.exec(select(HoldRow).where(HoldRow.limit_id == limit.id)).all()
            assert limit.held == sum(h.amount for h in held if h.state == "held"), limit
            assert limit.used == sum(h.amount for h in held if h.state == "used"), limit
            assert limit.held + limit.used <= limit.amount, limit  # what a limit was lowered to is another column
        check_funds(session)
        pledges = list(session.exec(select(PledgeRow)).all())
        for asset in session.exec(select(ReceivableRow)):
            _check_asset(site, asset, pledges)


def check_funds(session: Session) -> None:
    """No lender's cash is below zero, each account says what the book says, and holds what is under way."""
    for account in session.exec(select(FundingAccountRow)):
        cash, owed = (
            journals.balance(session, each, account.currency, party=account.lender_id).minor
            for each in (ledger.CASH, ledger.HOLDER_PAYABLE)
        )
        assert account.overdrawn == 0, "only of lenders from before accounts"
        assert cash - owed == account.balance >= account.committed >= 0, account
        held = select(FundingHoldRow, LoanRow).where(
            FundingHoldRow.account_id == account.id, col(LoanRow.id) == col(FundingHoldRow.loan_id)
        )
        rows = session.exec(held).all()
        assert account.committed == sum(hold.amount for hold, _ in rows if hold.state == "held"), account
        for hold, loan in rows:
            wanted = {"approved": "held", "cancelled": "freed"}.get(loan.status, "used")
            assert (hold.state, hold.amount) == (wanted, loan.principal), (hold, loan.status)


def _check_asset(site: Site, asset: ReceivableRow, pledges: list[PledgeRow]) -> None:
    mine = [pledge for pledge in pledges if pledge.asset_id == asset.id]
    live = [pledge for pledge in mine if pledge.status in ("active", "releasing")]
    assert asset.pledged >= sum(p.amount - p.released - p.settled for p in live), asset.id
    assert asset.reserved == sum(p.amount for p in mine if p.status == "pending"), asset.id
    seen = (asset.model_dump_json(), *(pledge.model_dump_json() for pledge in mine))
    if asset.status in ("issuing", "refused", "cancelled") or seen in site.checked:
        return
    site.checked.add(seen)
    chain = view(site.inst, "Receivables", "receivable", asset.id)
    same = {"pledged": asset.pledged, "settled": asset.settled, "diluted": asset.diluted, "splitAway": asset.split_away}
    assert {name: chain[name] for name in same} == same, asset.id
    assert chain["free"] + sum(same.values()) == chain["face"] == asset.face
    for pledge in live:
        assert view(site.inst, "Pledges", "pledgeOf", pledge.id)["state"] == 1, pledge.id


@contextmanager
def open_site(*, drive: bool = False, start: datetime = START) -> Iterator[Site]:
    """A site with core enterprise, lender, settlement bank and keeper, and ample limits on core and lender."""
    with TemporaryDirectory(prefix="chainfin-test-") as folder:
        home = Path(folder)
        settings = load({"CHAINFIN_HOME": str(home)})
        with Installation(settings, start_at=start, faults=True, drive=drive) as inst:
            assert inst.sandbox is not None
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
