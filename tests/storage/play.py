"""The main job at the level of the services, spread over as many installations as are given."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

from sqlmodel import Session, col, func, select

from chainfin import samples
from chainfin.connectors.sandbox import World
from chainfin.errors import Conflict
from chainfin.eth import eip712, keys, mandate_message
from chainfin.eth.signer import KeySigner
from chainfin.runtime.installation import Installation
from chainfin.runtime.loop import State
from chainfin.services.books import funding_accounts, journals
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import OPERATOR, Actor, Context
from chainfin.services.lending import applications, limits, mandates
from chainfin.services.parties import admission
from chainfin.services.payments import deposits
from chainfin.services.reactions import signing
from chainfin.services.reads import queries
from chainfin.services.trade import orders, receivables
from chainfin.services.views.acts import ActView
from chainfin.services.views.trade import ReceivableView
from chainfin.storage.chain_tables import ChainTxRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, LimitRow, LoanRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values import instruction
from chainfin.values.money import Money
from chainfin.values.party import Role, first_person
from chainfin.values.product import Product
from tests import cast

T = TypeVar("T")
PATIENCE_S = 90.0


def cny(yuan: int) -> Money:
    return Money(yuan * 100, "CNY")


@dataclass
class Play:
    """Who takes part and what they made. Every call goes to the next installation in turn."""

    sites: Sequence[Installation]
    keys: dict[str | None, bytes | None] = field(default_factory=dict)
    _turn: Iterator[Installation] = field(init=False)

    def __post_init__(self) -> None:
        self._turn = itertools.cycle(self.sites)

    @property
    def ctx(self) -> Context:
        return next(self._turn).ctx

    def until(self, look: Callable[[], T], what: str) -> T:
        """What ``look`` finds, once it finds something."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            for site in self.sites:
                broken = [loop.view for loop in site.loops.values() if loop.view.state in (State.HALTED, State.FAILING)]
                assert broken == []
            time.sleep(0.01)
        troubles = [loop.view for site in self.sites for loop in site.loops.values()]
        raise AssertionError(f"waited for {what} in vain: {troubles}")

    def admit(self, company: samples.Company, role: Role, *, own: bool = True) -> Actor:
        key = keys.new_private_key() if own else None
        made = cast.admit(self.ctx, company, role, account=f"acc-{company.uscc}", key=key)
        self.until(lambda: admission.get(self.ctx, OPERATOR, made.id).status == "active", "an admission")
        self.keys[made.id] = key
        return Actor("party", made.id, role, first_person(made.id))

    def finish(self, act: ActView, actor: Actor) -> None:
        key = self.keys[actor.party_id]
        if act.status == "awaiting_signature" and key is not None:
            act = signing.sign(self.ctx, actor, act.id, "0x" + eip712.sign(act.typed_data, key).hex())

        def final() -> bool:
            now = acts.get(self.ctx, actor, act.id)
            assert now.status != "refused", (now.function, now.error_code, now.error_message)
            return now.status == "final"

        self.until(final, act.function)

    def confirmed(self, core: Actor, supplier: Actor, number: str) -> ReceivableView:
        """A trade up to the debtor's confirmation."""
        documents = samples.trade(self.sites[0].clock.today(), number)
        order, act = orders.post_order(self.ctx, core, documents["order"], "order.xml")
        self.finish(act, core)
        self.finish(orders.acknowledge(self.ctx, supplier, order.id, documents["response"]), supplier)
        self.finish(orders.despatch(self.ctx, supplier, order.id, documents["despatch"]), supplier)
        self.finish(orders.receive(self.ctx, core, order.id, documents["receipt"]), core)
        issued = receivables.issue(self.ctx, supplier, order.id, documents["invoice"])
        self.finish(issued.act, supplier)
        row = queries.receivable(self.ctx, core, issued.receivable.id)
        act = receivables.confirm(
            self.ctx,
            core,
            row.id,
            document_root=str(row.document_root),
            face=Money(row.face, "CNY"),
            due_date=row.due_date,
        )
        self.finish(act, core)
        return queries.receivable(self.ctx, supplier, row.id)

    def limit(self, lender: Actor, kind: str, party: Actor, amount: Money) -> None:
        limits.set_(self.ctx, lender, kind=kind, key=str(party.party_id), amount=amount, grade="A")

    def mandate(self, lender: Actor) -> None:
        """The lender's word for all products, signed here where it has a key of its own; and the money for it."""
        self.fund(lender)
        until = self.ctx.clock.now() + timedelta(days=3650)
        row = mandates.prepare(self.ctx, lender, products=list(Product), amount=Money(10**12, "CNY"), expires_at=until)
        key = self.keys[lender.party_id]
        if key is not None:
            mandates.sign(self.ctx, lender, row.id, "0x" + mandate_message.sign(row.typed_data, KeySigner(key)).hex())

    def fund(self, lender: Actor) -> None:
        """The lender places money for lending."""
        sandbox, told = self.sites[0].sandbox, deposits.instruction(self.ctx, lender)
        assert sandbox is not None
        bank = World(sandbox)
        bank.pays(
            uuid4().hex,
            Money(10**12, "CNY"),
            payer_account=told.payer_account,
            payer_name=told.payer_name,
            payee_account=COLLECTION_ACCOUNT,
            remittance=told.remittance,
        )
        bank.close()
        self.until(lambda: funding_accounts.list_(self.ctx, lender), "the lender's money")

    def borrow(self, borrower: Actor, lender: Actor, asset: ReceivableView, amount: Money) -> str:
        """Apply, accept, wait for the money; the application's last status. Another one on the same asset may take the
        offer's place before it is accepted: then once more."""
        while True:
            row = applications.apply(
                self.ctx,
                borrower,
                product="receivable_pledge",
                lender_id=str(lender.party_id),
                amount=amount,
                days=60,
                asset_id=asset.id,
            )
            if row.status != "offered":
                return row.status
            key = self.keys[borrower.party_id]
            offer = queries.application(self.ctx, borrower, row.id).offer
            assert key is not None
            assert offer is not None
            assert offer.act is not None
            try:
                applications.accept(self.ctx, borrower, row.id, "0x" + eip712.sign(offer.act.typed_data, key).hex())
                break
            except Conflict as overtaken:
                if overtaken.code != "application_not_offered":
                    raise

        def ended() -> str | None:
            self._sign_due(lender)
            status = queries.application(self.ctx, borrower, row.id).application.status
            return status if status in ("funded", "failed") else None

        return str(self.until(ended, "the money"))

    def _sign_due(self, party: Actor) -> None:
        """What waits for the party's signature, signed; another thread of the play may be first."""
        key = self.keys[party.party_id]
        if key is None:
            return
        for act in acts.list_(self.ctx, party, "awaiting_signature"):
            with suppress(Conflict):
                signing.sign(self.ctx, party, act.id, "0x" + eip712.sign(act.typed_data, key).hex())


def check_books(session: Session, paid: Sequence[str]) -> None:
    """What has to hold whatever happened: loans paid once, limits and pledges as the loans say, an unbroken book."""
    assert len(paid) == len(set(paid)), "an instruction was paid twice"
    loans = session.exec(select(LoanRow)).all()
    funded = {instruction.for_loan(loan.id) for loan in loans if loan.funded_at is not None}
    assert funded == {key for key in paid if key.startswith("loan-")}
    journals.check_chain(session)
    lines = journals.trial_balance(session)
    assert sum(line.debit.minor for line in lines) == sum(line.credit.minor for line in lines)
    for limit in session.exec(select(LimitRow)):
        mine = [
            loan for loan in loans if loan.funded_at is not None and loan.status != "repaid" and _takes(loan, limit)
        ]
        assert limit.held == 0, (limit.kind, limit.held)
        assert limit.used == sum(loan.principal for loan in mine), limit.kind
    for asset in session.exec(select(ReceivableRow)):
        standing = select(func.sum(PledgeRow.amount - PledgeRow.released - PledgeRow.settled)).where(
            PledgeRow.asset_id == asset.id, PledgeRow.status == "active"
        )
        assert asset.pledged == int(session.exec(standing).one() or 0)
        assert asset.reserved == 0


def _takes(loan: LoanRow, limit: LimitRow) -> bool:
    return limit.kind != "borrower" or limit.key == loan.borrower_id


def check_sent_once(session: Session) -> None:
    """Every act has one transaction that was mined, and every command one end."""
    sent = session.exec(
        select(ChainTxRow.outbox_id, func.count())
        .where(ChainTxRow.status != "displaced")
        .group_by(col(ChainTxRow.outbox_id))
    ).all()
    assert all(count == 1 for _, count in sent)
    assert {row.status for row in session.exec(select(ChainTxRow))} == {"mined"}
    assert {row.status for row in session.exec(select(OutboxRow))} == {"done"}
