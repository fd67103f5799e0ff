"""A site with a small invented market on it: who there is, what there is, and what the contracts say of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import func, text
from sqlmodel import SQLModel, col, select

from chainfin.chain.decode import describe_revert
from chainfin.chain.node import Reverted
from chainfin.eth import eip712
from chainfin.eth.bindings.base import Signed
from chainfin.eth.signer import Signer
from chainfin.samples import Company
from chainfin.services.kernel import acts, custody
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow
from chainfin.storage.trade_tables import ActRow, DocumentRow, OrderRow, ReceivableRow, WarehouseReceiptRow
from chainfin.values.party import Role
from tests.differential.services.deed import Call
from tests.e2e.onchain import view
from tests.e2e.site import Site, open_site

R = TypeVar("R", bound=SQLModel)
AMPLE = 900_000_000_00
"""A limit, fen: what a limit stops is no matter of the contracts."""
SELLERS = ("maker", "grower")
LENDERS = ("lender", "fund")


@dataclass(frozen=True, slots=True)
class Known:
    """What there is, in the order in which it came to be."""

    orders: Sequence[OrderRow]
    receivables: Sequence[ReceivableRow]
    receipts: Sequence[WarehouseReceiptRow]
    pledges: Sequence[PledgeRow]
    undertakings: Sequence[UndertakingRow]
    loans: Sequence[LoanRow]


@dataclass
class Harness:
    """``actors`` by name. Party numbers and keys stay as they are from the beginning."""

    site: Site
    actors: dict[str, Actor] = field(default_factory=dict)
    _parties: dict[str, PartyRow] = field(default_factory=dict)
    _answers: dict[tuple[object, ...], Any] = field(default_factory=dict)
    """What the contracts answered at `_asked_at`, the newest block then."""
    _asked_at: int = -1

    def __post_init__(self) -> None:
        site = self.site
        self.actors.update({name: site.cast[name] for name in ("core", "lender", "bank", "keeper")})
        roles = {"lined": Role.CORE | Role.LINED, "dealer": Role.DISTRIBUTOR, "fund": Role.LENDER}
        for name, role in roles.items():
            self.actors[name] = site.admit(role)
        for name in SELLERS:
            self.actors[name] = site.admit(Role.SUPPLIER)
        for lender in LENDERS:
            self._lends(self.actors[lender])
        self.actors["operator"] = OPERATOR
        self._parties = {name: site.party(actor.party_id) for name, actor in self.actors.items() if actor.party_id}

    def _lends(self, lender: Actor) -> None:
        kinds = {"debtor": ("core", "lined"), "borrower": (*SELLERS, "dealer", "lined", "fund", "bank")}
        for kind, names in kinds.items():
            for name in names:
                self.site.limit(kind, self.actors[name], AMPLE, lender)
        if lender is not self.site.cast["lender"]:
            self.site.limit("lender", lender, AMPLE, lender)
            self.site.mandate(lender)

    # who

    def name(self, party_id: str | None) -> str:
        return next(name for name, row in self._parties.items() if row.id == party_id)

    def party(self, name: str) -> PartyRow:
        """As it was admitted: of its status ask `suspended`."""
        return self._parties[name]

    def number(self, name: str) -> int:
        return acts.chain_number(self._parties[name])

    def id(self, name: str) -> str:
        return self._parties[name].id

    def company(self, name: str) -> Company:
        return self.site.companies[self.id(name)]

    def suspended(self) -> list[str]:
        with self.site.ctx.store.read() as session:
            found = set(session.exec(select(PartyRow.id).where(PartyRow.status == "suspended")).all())
        return [name for name, row in self._parties.items() if row.id in found]

    def address(self, name: str) -> str:
        return self.site.ctx.operator_address if name == "operator" else self._parties[name].address

    # what

    def known(self) -> Known:
        tables = (OrderRow, ReceivableRow, WarehouseReceiptRow, PledgeRow, UndertakingRow, LoanRow)
        return Known(*(self._all(table) for table in tables))  # type: ignore[arg-type]  # each of its own kind

    def _all(self, table: type[R]) -> Sequence[R]:
        with self.site.ctx.store.read() as session:
            return session.exec(select(table).order_by(text("rowid"))).all()

    def root(self, document_id: str) -> str:
        with self.site.ctx.store.read() as session:
            return session.get_one(DocumentRow, document_id).root

    def due_date(self, receivable_id: str) -> date:
        return self.site.receivable(receivable_id).due_date

    def newest_act(self) -> int:
        """The place of the newest act, for `acts_since`."""
        with self.site.ctx.store.read() as session:
            return int(session.exec(select(func.coalesce(func.max(text("rowid")), 0)).select_from(ActRow)).one())

    def acts_since(self, place: int) -> Sequence[ActRow]:
        """What was made to be sent since then, in the order of making."""
        with self.site.ctx.store.read() as session:
            query = select(ActRow).where(
                text("rowid > :place"), col(ActRow.function).not_in((*eip712.OFFERED, *eip712.RIDING))
            )
            return session.exec(query.order_by(text("rowid")), params={"place": place}).all()

    def drive(self) -> None:
        """Chain and partners to their end, as `Site.run` does; payments and what time brings are looked for where they
        are made."""
        inst = self.site.inst
        while inst.chain.run_until_idle() + inst.worker.run_once():
            pass

    # the contracts

    def view(self, contract: str, function: str, *args: object) -> Any:
        """At the newest block; asked once in each."""
        block, key = self.site.inst.node.head().number, (contract, function, *args)
        if block != self._asked_at:
            self._asked_at, self._answers = block, {}
        if key not in self._answers:
            self._answers[key] = view(self.site.inst, contract, function, *args)
        return self._answers[key]

    def refusal(self, by: str, call: Call) -> str | None:
        """What the contract would say to it now: None, or its custom error's name. Nothing changes by asking."""
        node, contracts = self.site.inst.node, self.site.ctx.contracts
        try:
            node.call(contracts[call.contract], call.data, node.head(), self.address(by))
        except Reverted as revert:
            return describe_revert(call.contract, revert.data)[0]
        return None

    def rider(self, signed: Signed, by: str) -> eip712.Auth:
        """A signature that rides in another's act, by the key of a party or (``registrar``) of the registrar."""
        return eip712.authorise(self.signable(signed), self.signer(by))

    def signable(self, signed: Signed) -> dict[str, Any]:
        ctx = self.site.ctx
        until = int(ctx.clock.now().timestamp()) + 3600
        return eip712.signable(signed, eip712.random_nonce(), until, acts.domain(ctx, signed.CONTRACT))

    def signer(self, by: str) -> Signer:
        ctx = self.site.ctx
        address = ctx.registrar_address if by == "registrar" else self.address(by)
        with ctx.store.read() as session:
            key = custody.signer_of(session, ctx, address)
        assert key is not None, "all keys of this market are in custody"
        return key


@contextmanager
def open_harness() -> Iterator[Harness]:
    """A new market on an installation of its own."""
    with open_site() as site:
        yield Harness(site)
