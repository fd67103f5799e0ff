"""Lending at the level of the services on one database, without a chain and without partners: a test says what the
registry, the chain, the bank and the data partner answer, and when.

Rows of trade and goods are put there as the projection would leave them; everything that lends, holds, pays and takes
back is the services' own. Companies are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import true, update
from sqlmodel import Session, col, select

from chainfin.eth.bindings.pledges_events import Pledged, Released
from chainfin.hashing import keccak
from chainfin.resources import CONTRACTS
from chainfin.services.kernel import commands, custody
from chainfin.services.kernel.context import Actor, Clock, Context
from chainfin.services.lending import applications, disbursement, limits, mandates
from chainfin.services.payments import deposits
from chainfin.services.payments.allocation import Arrival
from chainfin.services.payments.bank_line import StatementLine
from chainfin.services.payments.incoming import take_in
from chainfin.services.reactions import chain_events, partner_outcomes
from chainfin.storage import locks
from chainfin.storage.chain_tables import ChainBlockRow, ChainEvent
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, OfferRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.price_tables import PriceRow
from chainfin.storage.store import Store
from chainfin.storage.trade_tables import DocumentRow, OrderRow, ReceivableRow, WarehouseReceiptRow
from chainfin.storage.vault import Vault
from chainfin.values.money import Money
from chainfin.values.party import Role
from chainfin.values.product import Product

CNY = "CNY"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Answer = Mapping[str, object] | str
"""What a partner brings back: what it did, or the code with which it refuses."""


class StillClock(Clock):
    """Business time that only a test moves; back as well, where it begins anew."""

    def __init__(self) -> None:
        super().__init__(movable=True)
        self.at = START

    def now(self) -> datetime:
        return self.at

    def move_to(self, moment: datetime) -> None:
        self.at = moment


def hash_of(text: str) -> str:
    return "0x" + keccak(text.encode()).hex()


@dataclass
class Board:
    """``made`` numbers whatever is made here, ``sequence`` the lines of the bank's feed."""

    ctx: Context
    clock: StillClock
    made: count[int] = field(default_factory=lambda: count(1))
    sequence: count[int] = field(default_factory=lambda: count(1))

    @classmethod
    def on(cls, store: Store, home: Path) -> Board:
        vault, clock = Vault.open(home), StillClock()
        with store.begin() as session:
            operator, registrar = (
                custody.create(session, vault, name, None, START) for name in ("operator", "registrar")
            )
            session.add(ChainBlockRow(number=1, hash=hash_of("1"), parent_hash=hash_of("0"), timestamp=START))
        contracts = {name: "0x" + keccak(name.encode()).hex()[-40:] for name in CONTRACTS}
        ctx = Context(store, vault, clock, "c0", 1337, contracts, operator, registrar)
        return cls(ctx, clock)

    # who and what there is

    def party(self, role: Role) -> Actor:
        return self.parties(role)[0]

    def parties(self, *roles: Role) -> list[Actor]:
        """Admitted companies with their keys in custody."""
        with self.ctx.store.begin() as session:
            return [self._party(session, role) for role in roles]

    def _party(self, session: Session, role: Role) -> Actor:
        number = next(self.made)
        name = f"pty_{number:08d}"
        row = PartyRow(
            id=name,
            cell="c0",
            name=f"Invented {number}",
            legal_scheme="USCC",
            legal_value=f"91990000{number:010d}",
            commitment=hash_of(name),
            commitment_salt="",
            roles=int(role),
            address=custody.create(session, self.ctx.vault, "party", None, START),
            chain_party=number,
            account=f"6228-{number}",
            status="active",
            created_at=START,
        )
        session.add(row)
        return Actor("party", name, role)

    def receivable(self, holder: Actor, debtor: Actor, face: int) -> str:
        """Confirmed by its debtor, of a delivery that was received in full; due in ninety days."""
        number = next(self.made)
        asset, order, document = (hash_of(f"{kind}{number}") for kind in ("asset", "order", "document"))
        seller, buyer = str(holder.party_id), str(debtor.party_id)
        amounts: dict[str, Any] = dict.fromkeys(("ordered", "despatched", "received", "invoiced", "confirmed"), face)
        today = self.clock.today()
        with self.ctx.store.begin() as session:
            session.add(
                DocumentRow(
                    id=document,
                    cell="c0",
                    kind="invoice",
                    number=str(number),
                    root=document,
                    secret="",
                    canonical={"issue_date": today.isoformat()},
                    source_sha256=document,
                    created_at=START,
                )
            )
            session.flush()
            session.add(
                OrderRow(
                    id=order,
                    cell="c0",
                    number=str(number),
                    buyer_id=buyer,
                    seller_id=seller,
                    document_id=document,
                    currency=CNY,
                    status="invoiced",
                    created_at=START,
                    **amounts,
                )
            )
            session.flush()
            session.add(
                ReceivableRow(
                    id=asset,
                    cell="c0",
                    number=str(number),
                    order_id=order,
                    document_id=document,
                    seller_id=seller,
                    debtor_id=buyer,
                    holder_id=seller,
                    currency=CNY,
                    face=face,
                    due_date=today + timedelta(days=90),
                    status="confirmed",
                    confirmed_at=self.clock.now(),
                    created_at=self.clock.now(),
                )
            )
        return asset

    def goods(self, owner: Actor, keeper: Actor, lender: Actor, kilograms: int) -> str:
        """Copper at the keeper, at the lender's price of 70.00 a kilogram."""
        asset = hash_of(f"goods{next(self.made)}")
        with self.ctx.store.begin() as session:
            self._price(session, lender)
            session.add(
                WarehouseReceiptRow(
                    id=asset,
                    cell="c0",
                    number=asset[:10],
                    keeper_id=str(keeper.party_id),
                    owner_id=str(owner.party_id),
                    good="copper-cathode",
                    goods={"commodity": "copper-cathode", "commodity_class": "standard", "insured": "true"},
                    document_root=asset,
                    unit="KGM",
                    issued=kilograms * 1000,
                    status="issued",
                    created_at=self.clock.now(),
                )
            )
        return asset

    def price(self, lender: Actor) -> None:
        """Copper's price of today."""
        with self.ctx.store.begin() as session:
            self._price(session, lender)

    def _price(self, session: Session, lender: Actor) -> None:
        session.add(
            PriceRow(
                good="copper-cathode",
                unit="KGM",
                currency=CNY,
                minor_per_unit=70_00,
                source="sample",
                as_of=self.clock.today(),
                owner_id=lender.party_id,
                counts_from=self.clock.now(),
                created_at=self.clock.now(),
            )
        )

    # what the parties do

    def limit(self, lender: Actor, kind: str, key: Actor, amount: int) -> None:
        limits.set_(self.ctx, lender, kind=kind, key=str(key.party_id), amount=Money(amount, CNY), grade="B")

    def mandate(
        self, lender: Actor, amount: int, hours: int = 10_000, products: tuple[str, ...] = tuple(Product)
    ) -> str:
        until = self.clock.now() + timedelta(hours=hours)
        row = mandates.prepare(self.ctx, lender, products=products, amount=Money(amount, CNY), expires_at=until)
        return row.id

    def fund(self, lender: Actor, amount: int) -> None:
        """The lender's money reaches the bank."""
        told = deposits.instruction(self.ctx, lender)
        self.pays(amount, told.remittance, told.payer_account)

    def apply(self, borrower: Actor, lender: Actor, product: str, amount: int, asset: str | None) -> str:
        consent: dict[str, object] = {"token": "consent"} if asset is None else {}
        row = applications.apply(
            self.ctx,
            borrower,
            product=product,
            lender_id=str(lender.party_id),
            amount=Money(amount, CNY),
            days=30,
            asset_id=asset,
            consent=consent,
        )
        return row.id

    # what the others answer

    def due(self, session: Session, kind: type[commands.Command], correlation: str | None = None) -> list[OutboxRow]:
        """Commands that nobody answered yet, locked."""
        query = select(OutboxRow).where(OutboxRow.topic == kind.TOPIC, OutboxRow.status == "due")
        if correlation is not None:
            query = query.where(OutboxRow.correlation == correlation)
        return list(session.exec(query.order_by(col(OutboxRow.id)).with_for_update(skip_locked=True)).all())

    def answer(
        self, kind: type[commands.Command], answer: Answer, correlation: str | None = None, pick: int = 0
    ) -> int:
        """A partner answers one of the commands of this kind that are due. How many that were."""
        with self.ctx.store.begin() as session:
            found = self.due(session, kind, correlation)
            for row in [found[pick % len(found)]] if found else []:
                if isinstance(answer, str):
                    partner_outcomes.refused(session, self.ctx, row, answer, "so it is")
                    row.status = "refused"
                else:
                    partner_outcomes.done(session, self.ctx, row, answer)
                    row.status = "done"
                session.add(row)
        return min(1, len(found))

    def bank(self, answer: Answer | None = None, loan_id: str | None = None, pick: int = 0) -> int:
        """The bank pays a loan out, or refuses with a code."""
        done: Answer = {"bank_reference": f"OUT-{next(self.made)}", "paid_at": self.clock.now().isoformat()}
        return self.answer(commands.PayLoan, done if answer is None else answer, loan_id, pick)

    def registry(self, answer: Answer | None = None, loan_id: str | None = None, pick: int = 0) -> int:
        """The registry files the pledge of a loan that begins, or refuses with a code."""
        done: Answer = {"registry_no": f"REG{next(self.made)}"}
        return self.answer(commands.RegisterPledge, done if answer is None else answer, loan_id, pick)

    def data(self, monthly: int, application_id: str | None = None) -> int:
        """The data partner tells of two years of sales of so much a month, in yuan."""
        today = self.clock.today()
        months = [date(today.year - 1 - (m > today.month), m, 1) for m in range(1, 13)]
        months += [date(today.year - (m > today.month), m, 1) for m in range(1, 13)]
        told = [{"month": f"{on:%Y-%m}", "amount": f"{monthly + on.month}.00"} for on in sorted(set(months))]
        payload = {"currency": CNY, "months": told}
        source = {"status": "done", "as_of": today.isoformat(), "payload": payload}
        return self.answer(commands.FetchData, {"sources": {"payments": source}}, application_id)

    def chain_takes(self, refuse: bool = False, loan_id: str | None = None) -> int:
        """A pledge (of this loan) with a registry number reaches a final block, or the chain refuses it; one that is
        given up ends."""
        of_loan = true() if loan_id is None else col(PledgeRow.loan_id) == loan_id
        with self.ctx.store.begin() as session:
            locks.named(session, locks.PROJECTION)  # as the indexer
            row = session.exec(
                select(PledgeRow)
                .where(
                    of_loan,
                    ((col(PledgeRow.status) == "pending") & col(PledgeRow.registry_number).is_not(None))
                    | (col(PledgeRow.status) == "releasing"),
                )
                .order_by(col(PledgeRow.created_at))
                .limit(1)
            ).first()
            if row is None:
                return 0
            if row.status == "releasing":
                self._event(session, Released, pledgeId=row.id, assetId=row.asset_id, amount=row.left, remaining=0)
            elif refuse:
                disbursement.pledge_refused(session, self.ctx, row.id, "chain_refused", "so it is")
            else:
                self._pledged(session, row)
        return 1

    def _pledged(self, session: Session, row: PledgeRow) -> None:
        lender, pledgor = (session.get_one(PartyRow, each).chain_party for each in (row.lender_id, row.pledgor_id))
        self._event(
            session,
            Pledged,
            pledgeId=row.id,
            assetId=row.asset_id,
            loanRef=hash_of(str(row.loan_id)),
            assetKind=1 if row.asset_kind == "receivable" else 2,
            amount=row.amount,
            pledgor=pledgor,
            lender=lender,
            decisionHash=row.decision_hash,
            registryNo=hash_of(str(row.registry_number)),
            expiresAt=int((self.clock.now() + timedelta(days=7)).timestamp()),
        )

    def _event(self, session: Session, kind: type[Pledged] | type[Released], **args: Any) -> None:
        number = next(self.made)
        event = ChainEvent(
            kind.CONTRACT, kind.NAME, args, block_number=number, block_hash=hash_of(f"b{number}"),
            tx_hash=hash_of(f"t{number}"), log_index=0, block_time=self.clock.now(),
        )  # fmt: skip
        chain_events.apply(session, self.ctx, event)

    def stand(self, party: Actor, status: str) -> None:
        """The operator's suspension, or its end, is final."""
        with self.ctx.store.begin() as session:
            row = session.get_one(PartyRow, party.party_id, with_for_update=True)
            row.status = status
            session.add(row)

    def sweep(self) -> None:
        """Whatever is under way is left as it is, and nothing follows from it any more."""
        with self.ctx.store.begin() as session:
            for row, was, now in ((OutboxRow, ("due",), "dead"), (OfferRow, ("open",), "expired")):
                session.execute(update(row).where(col(row.status).in_(was)).values(status=now))
            ended = update(PledgeRow).where(col(PledgeRow.status).in_(("pending", "releasing"))).values(status="failed")
            session.execute(ended)

    def pays(self, amount: int, remittance: str, account: str = "6228-payer") -> None:
        """A payment is in the bank's feed, and taken in."""
        number = next(self.sequence)
        arrival = Arrival(
            bank_ref=f"IN-{number}",
            sequence=number,
            payer_account=account,
            payee_account=COLLECTION_ACCOUNT,
            amount=Money(amount, CNY),
            remittance=remittance,
            received_on=self.clock.today(),
            evidence={},
        )
        take_in(self.ctx, [StatementLine("{}", arrival.bank_ref, arrival)], number)
