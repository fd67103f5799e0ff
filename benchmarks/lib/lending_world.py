"""An installation with its server, its partners (in a process of their own), its members, and confirmed receivables."""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

import httpx
from sqlmodel import col, func, select

from api.serve import Server
from benchmarks.lib import hardhat_node, lending_client
from benchmarks.lib.lending_client import Account, Job, Paid
from chainfin import samples
from chainfin.client.client import Client
from chainfin.connectors.sandbox import start_sandbox
from chainfin.demo.member import Member
from chainfin.errors import Unavailable
from chainfin.eth import eip712
from chainfin.rules.mandate import GRADES
from chainfin.runtime import log_setup
from chainfin.runtime.installation import Installation
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Actor
from chainfin.services.reactions import signing
from chainfin.services.reads import queries
from chainfin.services.trade import orders as orders_service
from chainfin.services.trade import receivables
from chainfin.services.views.acts import ActView
from chainfin.settings import Settings, load
from chainfin.storage.trade_tables import ActRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from chainfin.values.product import Product

CNY = "CNY"
PATIENCE_S = 120.0
_spawn = multiprocessing.get_context("spawn")


def _partners(home: str, pipe: Connection) -> None:
    """Bank and registry, in a process of their own as they are in life."""
    sandbox = start_sandbox(Path(home))
    pipe.send((sandbox.rail_url, sandbox.registry_url, sandbox.partner_url, sandbox.public_key))
    pipe.recv()
    sandbox.stop()


class World(AbstractContextManager["World"]):
    """Everything that the benchmark needs, on the embedded chain or (``chain_url``) on a JSON-RPC node."""

    def __init__(self, chain_url: str | None) -> None:
        self._stack = ExitStack()
        self.members: dict[str, Member] = {}
        log_setup.configure("json", "warning")  # to stderr: the figures stand alone on stdout
        try:
            self._open(chain_url)
        except BaseException:
            self._stack.close()
            raise

    def _open(self, chain_url: str | None) -> None:
        home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="chainfin-bench-")))
        rail, registry, partner, key = self._start_partners(home)
        environ = {
            "CHAINFIN_HOME": str(home / "home"),
            "CHAINFIN_RAIL_URL": rail,
            "CHAINFIN_REGISTRY_URL": registry,
            "CHAINFIN_PARTNER_URL": partner,
            "CHAINFIN_RAIL_KEY": key,
            "CHAINFIN_REGISTRY_KEY": key,
            "CHAINFIN_PARTNER_KEY": key,
        }
        if chain_url is not None:
            # a node that mines on demand never reorganises; and two blocks more would never come
            environ |= {"CHAINFIN_CHAIN_URL": chain_url, "CHAINFIN_FINALITY_DEPTH": "0"}
        self.installation = self._stack.enter_context(_installation(load(environ), chain_url))
        server = Server(self.installation)
        server.start()
        self._stack.callback(server.stop)
        self.url = server.url
        self._http = self._stack.enter_context(httpx.Client(base_url=server.url, timeout=60.0, trust_env=False))
        self._admit_all(server)
        self.clients = self._start_clients()

    def _start_partners(self, home: Path) -> Any:
        mine, theirs = _spawn.Pipe()
        process = _spawn.Process(target=_partners, args=(str(home), theirs), daemon=True)
        process.start()
        self._stack.callback(process.join, 10)
        self._stack.callback(mine.send, None)
        return mine.recv()

    def _account(self, who: str) -> Account:
        member = self.members[who]
        return Account(member.id, member.token, member.key.secret)

    def _start_clients(self) -> Connection:
        mine, theirs = _spawn.Pipe()
        market = lending_client.Market(
            self.url, self.members["lender"].id, self._account("core"), self._account("supplier")
        )
        process = _spawn.Process(target=lending_client.run, args=(theirs, market), daemon=True)
        process.start()
        self._stack.callback(process.join, 10)
        self._stack.callback(mine.send, None)
        return mine

    # the cast

    def _admit_all(self, server: Server) -> None:
        operator = Client(self._http)
        made = server.signin.bootstrap_client()
        operator.sign_in_as(made.client.client_id, made.secret)
        cast = (("core", samples.CORE), ("supplier", samples.SUPPLIER), ("lender", samples.LENDER))
        for role, company in cast:
            self.members[role] = self._admit(operator, role, company)
        lender = self.members["lender"]
        for kind, who, grade in (("debtor", "core", "A"), ("borrower", "supplier", "B"), ("lender", "lender", "A")):
            limit = {"amount": "1000000000.00", "currency": CNY}
            lender.post("/v1/limits", {"kind": kind, "key": self.members[who].id, "amount": limit, "grade": grade})
        given = {"products": [*Product], "amount": limit, "grades": [*GRADES], "expires_at": "2099-01-01T00:00:00Z"}
        lender.mandate(given)
        self._place(lender, limit)
        self._lender_signs()

    def _admit(self, operator: Client, role: str, company: samples.Company) -> Member:
        """Each holds its own key: where money is real, no lender's mandate is signed by a key in custody."""
        member = Member(self._http, name=role, account=f"6228-{company.uscc[-8:]}")
        body = {"name": company.english, "legal_scheme": "USCC", "legal_value": company.uscc, "roles": [role]}
        admitted = operator.post("/v1/participants", {**body, "account": member.account, "address": member.address})
        member.id = admitted["participant"]["id"]
        member.consent(admitted)
        path = f"/v1/participants/{member.id}"
        member.until(lambda: operator.get(path), lambda found: found["status"] == "active")
        member.sign_in()
        return member

    def _place(self, lender: Member, limit: dict[str, str]) -> None:
        """The lender places as much money as its limit, at its bank; returns when the bank's feed has told of it."""
        told = lender.get("/v1/funding/instruction")
        paid = {
            "payment_id": uuid4().hex,
            "payer_account": told["payer_account"],
            "payer_name": "lender",
            "payee_account": told["account"],
            "remittance": told["reference"],
            **limit,
        }
        assert self.installation.settings.rail is not None
        httpx.post(f"{self.installation.settings.rail.url}/incoming", json=paid, trust_env=False).raise_for_status()
        lender.until(lambda: lender.get("/v1/funding")["items"], lambda found: len(found) > 0)

    def _lender_signs(self) -> None:
        """The lender's own system: it signs each pledge as soon as it is asked to."""
        actor, key = self._actor("lender", Role.LENDER), self.members["lender"].key
        ctx, over = self.installation.ctx, threading.Event()

        def run() -> None:
            while not over.wait(0.01):
                for act in acts.list_(ctx, actor, "awaiting_signature", limit=200):
                    signing.sign(ctx, actor, act.id, "0x" + eip712.sign(act.typed_data, key).hex())

        thread = threading.Thread(target=run, name="lender-signs", daemon=True)
        thread.start()
        self._stack.callback(thread.join, 10)
        self._stack.callback(over.set)

    # receivables: made in batches, beside the API, since nobody times them

    def receivables(self, name: str, count: int) -> list[Job]:
        """``count`` receivables of as many trades, issued and waiting for the debtor's confirmation."""
        ctx, core, supplier = (
            self.installation.ctx,
            self._actor("core", Role.CORE),
            self._actor("supplier", Role.SUPPLIER),
        )
        today = ctx.clock.today()
        documents = [
            samples.trade(today, f"BENCH-{name}-INV-{n}", order_number=f"BENCH-{name}-PO-{n}") for n in range(count)
        ]
        orders = [orders_service.post_order(ctx, core, paper["order"], "order.xml") for paper in documents]
        self._final("core", [act for _, act in orders])
        both = [(row.id, paper) for (row, _), paper in zip(orders, documents, strict=True)]
        self._final(
            "supplier", [orders_service.acknowledge(ctx, supplier, id_, paper["response"]) for id_, paper in both]
        )
        self._final("supplier", [orders_service.despatch(ctx, supplier, id_, paper["despatch"]) for id_, paper in both])
        self._final("core", [orders_service.receive(ctx, core, id_, paper["receipt"]) for id_, paper in both])
        issued = [receivables.issue(ctx, supplier, id_, paper["invoice"]) for id_, paper in both]
        self._final("supplier", [each.act for each in issued])
        jobs = []
        for each in issued:
            row = queries.receivable(ctx, core, each.receivable.id)
            face = {"amount": str(Money(row.face, row.currency)), "currency": row.currency}
            detail = {"document_root": row.document_root, "face": face, "due_date": row.due_date.isoformat()}
            jobs.append(Job(row.id, detail))
        return jobs

    def confirmed(self, jobs: Sequence[Job]) -> list[Job]:
        """The same, confirmed by the debtor."""
        ctx, core = self.installation.ctx, self._actor("core", Role.CORE)
        done = []
        for job in jobs:
            row = queries.receivable(ctx, core, job.receivable_id)
            face = Money(row.face, row.currency)
            root = str(row.document_root)
            done.append(receivables.confirm(ctx, core, row.id, document_root=root, face=face, due_date=row.due_date))
        self._final("core", done)
        return [Job(job.receivable_id, None) for job in jobs]

    def _actor(self, who: str, role: Role) -> Actor:
        return Actor("party", self.members[who].id, role)

    def _final(self, who: str, made: Sequence[ActView]) -> None:
        """Signed by ``who``'s own key and final on the chain."""
        actor = Actor("party", self.members[who].id)
        key = self.members[who].key
        for act in made:
            signing.sign(self.installation.ctx, actor, act.id, "0x" + eip712.sign(act.typed_data, key).hex())
        ids = [act.id for act in made]

        def all_final() -> bool:
            query = select(ActRow.status, func.count()).where(col(ActRow.id).in_(ids)).group_by(col(ActRow.status))
            with self.installation.store.read() as session:
                found = dict(session.exec(query).all())
            if "refused" in found:
                raise RuntimeError("an act of the preparation was refused")
            return found == {"final": len(ids)}

        self._until(all_final)

    def _until(self, good: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not good():
            for check in self.installation.ready().values():
                check()
            if time.monotonic() > end:
                raise RuntimeError(f"waited {PATIENCE_S:.0f} s for nothing")
            time.sleep(0.05)

    def quiet(self) -> None:
        """Until nothing is left to do: the last loans' marks on the chain are part of nobody's time."""
        from chainfin.storage.ledger_tables import OutboxRow

        def idle() -> bool:
            query = select(func.count()).where(col(OutboxRow.status).in_(("due", "claimed", "unknown")))
            with self.installation.store.read() as session:
                return session.exec(query.select_from(OutboxRow)).one() == 0

        self._until(idle)

    def borrow(self, jobs: Sequence[Job], in_flight: int) -> tuple[list[Paid], float]:
        """Let the clients take loans on ``jobs``. Raises RuntimeError if one isn't funded."""
        self.clients.send((list(jobs), in_flight))
        answer = self.clients.recv()
        if isinstance(answer, Exception):
            raise answer
        loans: list[Paid] = answer[0]
        return loans, answer[1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _installation(settings: Settings, chain_url: str | None) -> Installation:
    """Opened; on a chain with fees the relayer is given money when it says that it has none."""
    try:
        return Installation(settings)
    except Unavailable as error:
        if error.code != "relayer_unfunded" or chain_url is None or error.where is None:
            raise
        hardhat_node.fund(chain_url, error.where)
        return Installation(settings)
