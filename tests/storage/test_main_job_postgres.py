"""The main job on PostgreSQL: in one process with the embedded chain, and in two that share database and node."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, time
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import col, func, select

from chainfin import samples
from chainfin.chain.embedded import EmbeddedNode
from chainfin.connectors.sandbox import World, start_sandbox
from chainfin.errors import Unavailable
from chainfin.runtime.installation import Installation
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import OPERATOR, Clock
from chainfin.services.lending import end_of_day
from chainfin.services.reads import queries
from chainfin.settings import load
from chainfin.storage.chain_tables import ChainBlockRow, ChainEventRow
from chainfin.storage.lending_tables import LoanEventRow, LoanRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.store import Store
from chainfin.storage.vault import Vault
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.chain.rpc_server import serve
from tests.storage.play import Play, check_books, check_sent_once, cny

APPEND_ONLY = ("journal", "entry", "loan_event", "chain_event", "chain_block", "source_data", "repayment")


class Statements:
    """Every statement that an engine runs."""

    def __init__(self, store: Store) -> None:
        self.seen: list[str] = []
        self._lock = threading.Lock()
        event.listen(store.engine, "before_cursor_execute", self._hear)

    def _hear(self, _conn: object, _cursor: object, statement: str, *_: object) -> None:
        with self._lock:
            self.seen.append(statement)

    def rewriting(self, tables: tuple[str, ...]) -> list[str]:
        """Those that change or remove a row of ``tables``."""
        pattern = re.compile(rf"^\s*(UPDATE|DELETE FROM|TRUNCATE)\s+\"?({'|'.join(tables)})\"?\b", re.IGNORECASE)
        return sorted({found for found in self.seen if pattern.match(found)})


@pytest.fixture
def alone(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    """One process with the embedded chain, on either database."""
    with Installation(load({"CHAINFIN_HOME": str(tmp_path / "home"), "CHAINFIN_DATABASE_URL": database_url})) as site:
        yield site


def test_main_job__one_process__settled_to_the_fen_and_nothing_rewritten(alone: Installation) -> None:
    statements = Statements(alone.store)
    play = Play([alone])
    core, supplier = play.admit(samples.CORE, Role.CORE), play.admit(samples.SUPPLIER, Role.SUPPLIER)
    lender = play.admit(samples.LENDER, Role.LENDER, own=False)
    play.mandate(lender)
    play.admit(samples.SETTLEMENT_BANK, Role.BANK, own=False)
    asset = play.confirmed(core, supplier, "INV-1")
    play.limit(lender, "debtor", core, cny(10_000_000))
    play.limit(lender, "borrower", supplier, cny(10_000_000))

    with ThreadPoolExecutor(4) as pool:
        ended = list(
            pool.map(lambda yuan: play.borrow(supplier, lender, asset, cny(yuan)), (90_000, 80_001, 70_002, 60_003))
        )
    assert ended == ["funded"] * 4
    assert alone.sandbox is not None
    with alone.store.read() as session:
        check_books(session, alone.sandbox.payments())

    alone.clock.move_to(datetime.combine(asset.due_date, time(10), UTC))
    end_of_day.run(alone.ctx, OPERATOR, alone.clock.today())
    assert end_of_day.run(alone.ctx, OPERATOR, alone.clock.today()).repeated
    world = World(alone.sandbox)
    world.pays(
        "p1",
        Money(asset.face, "CNY"),
        payer_account="acc-core",
        payer_name="core",
        payee_account="chainfin-collection",
        remittance=f"RECEIVABLE {asset.id}",
    )
    world.close()
    play.until(lambda: queries.receivable(alone.ctx, supplier, asset.id).status == "settled", "the settlement")

    def over() -> bool:
        with alone.store.read() as session:
            return set(session.exec(select(PledgeRow.status))) == {"released"}

    play.until(over, "the release of every pledge")
    paid = alone.sandbox.payments()
    bank = alone.sandbox
    play.until(lambda: any(key.startswith("holder-") for key in bank.payments()), "the holder's rest")
    with alone.store.read() as session:
        check_books(session, [key for key in paid if key.startswith("loan-")])
        assert set(session.exec(select(LoanRow.status))) == {"repaid"}
        assert session.exec(select(func.count()).select_from(LoanEventRow)).one() >= 12
        assert session.exec(select(func.count()).select_from(ChainEventRow)).one() > 20
    assert len(statements.seen) > 1000
    assert statements.rewriting(APPEND_ONLY) == []


@pytest.fixture
def two(tmp_path: Path, postgres_url: str) -> Iterator[tuple[Installation, Installation]]:
    """Two processes' worth: each its own connections, drivers and relayer counter; one database, one node, one bank."""
    home = tmp_path / "home"
    store, vault = Store(postgres_url), Vault.open(home)
    store.upgrade()
    with store.begin() as session:
        relayer = [custody.create(session, vault, purpose, None, datetime.now(UTC)) for purpose in custody.OWN][
            list(custody.OWN).index("relayer")
        ]
    store.close()
    with ExitStack() as stack:
        node = EmbeddedNode(tmp_path / "node", Clock().now, funded=[relayer])
        stack.callback(node.close)
        rpc = stack.enter_context(serve(node))
        sandbox = start_sandbox(tmp_path)
        stack.callback(sandbox.stop)
        surroundings = {
            "CHAINFIN_HOME": str(home),
            "CHAINFIN_DATABASE_URL": postgres_url,
            "CHAINFIN_CHAIN_URL": rpc.url,
            "CHAINFIN_FINALITY_DEPTH": "0",
        }
        for name, url in (
            ("RAIL", sandbox.rail_url),
            ("REGISTRY", sandbox.registry_url),
            ("PARTNER", sandbox.partner_url),
        ):
            surroundings |= {f"CHAINFIN_{name}_URL": url, f"CHAINFIN_{name}_KEY": sandbox.public_key}
        sites: list[Installation] = []
        opened = threading.Lock()

        def open_one(_: int) -> None:
            site = Installation(load(surroundings))
            with opened:
                sites.append(site)
                stack.callback(site.close)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(open_one, range(2)))
        sites[0].sandbox = sandbox
        yield sites[0], sites[1]


def test_main_job__two_processes_on_one_database__each_command_once(two: tuple[Installation, Installation]) -> None:
    assert two[0].ctx.contracts == two[1].ctx.contracts
    assert two[0].ctx.operator_address == two[1].ctx.operator_address
    play = Play(two)
    statements = [Statements(site.store) for site in two]
    core, supplier = play.admit(samples.CORE, Role.CORE), play.admit(samples.SUPPLIER, Role.SUPPLIER)
    lender = play.admit(samples.LENDER, Role.LENDER)
    play.mandate(lender)
    play.limit(lender, "debtor", core, cny(300_000))
    play.limit(lender, "borrower", supplier, cny(10_000_000))
    asset = play.confirmed(core, supplier, "INV-2")

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda number: play.borrow(supplier, lender, asset, cny(25_000 + number)), range(16)))
    # eleven of them fit into the debtor's limit, whichever they are; one more gets what is left of it
    assert sorted(ended) == ["declined"] * 4 + ["funded"] * 12
    sandbox = two[0].sandbox
    assert sandbox is not None

    def drawn() -> bool:
        with two[0].store.read() as session:
            try:
                check_sent_once(session)
            except AssertionError:
                return False
            return True

    play.until(drawn, "the end of every command")
    with two[0].store.read() as session:
        check_books(session, sandbox.payments())
        check_sent_once(session)
        assert session.exec(select(func.sum(LoanRow.principal))).one() <= 300_000_00
        blocks = session.exec(select(ChainBlockRow).order_by(col(ChainBlockRow.number))).all()
        assert all(after.parent_hash == before.hash for before, after in pairwise(blocks))
    for heard in statements:
        assert heard.rewriting(APPEND_ONLY) == []


def test_installation__database_gone__unreachable_in_one_line(tmp_path: Path) -> None:
    surroundings = {
        "CHAINFIN_HOME": str(tmp_path),
        "CHAINFIN_DATABASE_URL": f"postgresql+psycopg://x@/x?host={tmp_path}",
    }
    with pytest.raises(Unavailable) as refused:
        Installation(load(surroundings))
    assert refused.value.code == "database_unreachable"
    assert "\n" not in str(refused.value)
