"""Money of a `Site`: what is paid, what the bank has, what the book says; and the stepping that all of it takes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from uuid import uuid4

from sqlmodel import col, select

from chainfin.connectors.sandbox import World
from chainfin.rules import ledger
from chainfin.runtime.installation import Installation
from chainfin.services.books import funding_accounts, journals
from chainfin.services.kernel import commands, parking
from chainfin.services.kernel.context import OPERATOR, Actor, Context
from chainfin.services.payments import deposits, unmatched
from chainfin.services.reads import queries
from chainfin.storage.bank_tables import VirtualAccountRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import PartyRow
from chainfin.values.money import Money
from chainfin.values.party import first_person

CNY = "CNY"


@dataclass
class MoneySite:
    """An installation and its bank, stepped by hand."""

    inst: Installation
    world: World

    @property
    def ctx(self) -> Context:
        return self.inst.ctx

    @property
    def today(self) -> date:
        return self.ctx.clock.today()

    def run(self) -> None:
        """Until nothing moves any more."""
        for _ in range(200):
            moved = self.inst.chain.run_until_idle() + self.inst.worker.run_once() + self.inst.incoming.run_once()
            moved += 0 if self.inst.files is None else self.inst.files.run_once()
            if not moved + self.inst.housekeeper.run_once():
                return
        raise AssertionError("it never comes to rest")

    def party(self, party_id: str | None) -> PartyRow:
        with self.ctx.store.read() as session:
            return session.get_one(PartyRow, party_id)

    def fund(self, lender: Actor, amount: int = 900_000_000_00) -> None:
        """The lender places money for lending, from its own account at its bank."""
        told = deposits.instruction(self.ctx, lender)
        self.pays(amount, told.remittance, payer=told.payer_account, payer_name=told.payer_name, account=told.account)

    def funds(self, lender: Actor) -> tuple[int, int]:
        """What a lender has placed, and what of it is committed, in fen."""
        rows = funding_accounts.list_(self.ctx, lender)
        return sum(row.balance for row in rows), sum(row.committed for row in rows)

    def pays(
        self,
        amount: int,
        remittance: str,
        *,
        payer: str = "6228-payer",
        payer_name: str = "A payer (invented)",
        step: bool = True,
        bank_ref: str | None = None,
        account: str = COLLECTION_ACCOUNT,
    ) -> str:
        """A payment reaches ``account`` (of before, if none is named) at the settlement bank, which may have been told
        what to call it; with ``step`` all that follows happens. The bank's reference."""
        done = self.world.pays(
            uuid4().hex,
            Money(amount, CNY),
            payer_account=payer,
            payer_name=payer_name,
            payee_account=account,
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

    def unmatched(self, bank_ref: str, row: IncomingRow | None = None) -> ParkedItemRow:
        """The parked item of a payment that names no claim (``row``: where several have the reference)."""
        payload = parking.as_payload((row or self.incoming(bank_ref)).id)
        with self.ctx.store.read() as session:
            query = select(ParkedItemRow).where(ParkedItemRow.source == "unmatched_payments")
            return session.exec(query.where(ParkedItemRow.payload == payload)).one()

    def sends_back(self, bank_ref: str, row: IncomingRow | None = None) -> None:
        """A person of the operator sends back what names no claim, and all that follows happens."""
        operator = replace(OPERATOR, person_id=first_person(None))
        unmatched.send_back(self.ctx, operator, self.unmatched(bank_ref, row).id, "nobody's")
        self.run()

    def settles(self, loan_id: str) -> int:
        """What settles the loan today, in fen: no more than its cost cap lets."""
        return queries.payoff(self.ctx, OPERATOR, loan_id, self.today).total.minor

    def bank_cash(self) -> int:
        """What the bank's own file says is left: all that came in on lenders' accounts less all that
        it paid and gave back, in fen."""
        path = self.inst.settings.home / "sandbox" / "sandbox.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            paid = db.execute("SELECT request FROM payment WHERE status = 'done'").fetchall()
            lines = db.execute("SELECT minor, request FROM incoming").fetchall()
            (back,) = db.execute("SELECT COALESCE(SUM(minor), 0) FROM refund").fetchone()
        with self.ctx.store.read() as session:
            ours = {COLLECTION_ACCOUNT, *session.exec(select(VirtualAccountRow.account)).all()}
        came = sum(minor for minor, request in lines if json.loads(request)["payee_account"] in ours)
        return int(came) - int(back) - sum(Money.parse(json.loads(each)["amount"], CNY).minor for (each,) in paid)

    def balance(self, account: ledger.Account, *, ref: str | None = None) -> int:
        with self.ctx.store.read() as session:
            return journals.balance(session, account, CNY, ref=ref).minor
