"""A chain node that is down, behind or another chain, a database of an older schema: said by code, nothing half-done.

The node is the embedded chain behind a JSON-RPC endpoint on the loopback address, with faults on demand.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from api.serve import Server
from chainfin import samples
from chainfin.chain.embedded import EmbeddedNode
from chainfin.errors import ChainfinError, Unavailable
from chainfin.runtime.installation import Installation
from chainfin.runtime.loop import State
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.parties import admission
from chainfin.settings import Settings, load
from chainfin.storage.party_tables import CustodyKeyRow, FactRow, PartyRow
from chainfin.storage.store import Store
from chainfin.values.party import Role
from tests.chain.rpc_server import RpcServer, serve

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0


def settings_of(home: Path, url: str, **more: object) -> Settings:
    plain = load({"CHAINFIN_HOME": str(home)})
    return plain.model_copy(update={"chain_url": url, "finality_depth": 0, **more})


@contextmanager
def chain(home: Path) -> Iterator[RpcServer]:
    """A chain of its own behind JSON-RPC. Nobody needs ether: its gas is free."""
    node = EmbeddedNode(home, lambda: datetime.now(UTC), funded=[])
    try:
        with serve(node) as rpc:
            yield rpc
    finally:
        node.close()


@contextmanager
def funded_chain(home: Path, store_home: Path) -> Iterator[RpcServer]:
    """The chain on which the installation of ``store_home`` may pay for its transactions."""
    store_home.mkdir(parents=True, exist_ok=True)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert opening(settings_of(store_home, f"http://127.0.0.1:{closed.getsockname()[1]}")) == "chain_unreachable"
    store = Store(f"sqlite:///{store_home / 'chainfin.db'}")
    with store.read() as session:
        relayer = session.exec(select(CustodyKeyRow).where(CustodyKeyRow.purpose == "relayer")).one().address
    store.close()
    node = EmbeddedNode(home, lambda: datetime.now(UTC), funded=[relayer])
    try:
        with serve(node) as rpc:
            yield rpc
    finally:
        node.close()


def until(look: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < end, "waited for nothing"
        time.sleep(0.02)


def opening(settings: Settings) -> str:
    """The code by which an installation doesn't open."""
    with pytest.raises(ChainfinError) as caught, Installation(settings):
        pass
    assert isinstance(caught.value, Unavailable)
    return caught.value.code


def command(home: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chainfin.cli", *words],
        cwd=ROOT,
        env={"CHAINFIN_HOME": str(home), "PATH": "", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def admit(installation: Installation) -> str:
    company = samples.SUPPLIER
    made = admission.admit(
        installation.ctx,
        OPERATOR,
        name=company.english,
        legal_scheme="USCC",
        legal_value=company.uscc,
        roles=int(Role.SUPPLIER),
        address=None,
        account="6228-1",
        profile={},
    )
    return made.party.id


def status_of(installation: Installation, party_id: str) -> str:
    with installation.store.read() as session:
        return session.get_one(PartyRow, party_id).status


def test_node__down_at_first_start__said_and_a_later_start_goes_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = command(home, "serve", "--port", "0", CHAINFIN_CHAIN_URL=url)
        assert done.returncode == 1
        starting, line = done.stderr.splitlines()
        assert starting.startswith("starting in ")
        assert line.startswith("chainfin: chain_unreachable: ")
    store = Store(f"sqlite:///{home / 'chainfin.db'}")
    with store.read() as session:
        assert session.get(FactRow, "deployment") is None
        assert session.exec(select(PartyRow)).all() == []
    store.close()
    with funded_chain(tmp_path / "chain", home) as rpc, Installation(settings_of(home, rpc.url)) as installation:
        party = admit(installation)
        until(lambda: status_of(installation, party) == "active")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, RpcServer]]:
    """A home whose contracts are on the chain behind the endpoint."""
    folder = tmp_path_factory.mktemp("there")
    with funded_chain(folder / "chain", folder / "home") as rpc:
        with Installation(settings_of(folder / "home", rpc.url), drive=False):
            pass
        yield folder / "home", rpc


def test_node__another_chain_id_than_configured__refused(there: tuple[Path, RpcServer]) -> None:
    home, rpc = there
    assert opening(settings_of(home, rpc.url, chain_id=1)) == "chain_wrong_id"
    done = command(home, "eod", "--date", "2026-01-01", CHAINFIN_CHAIN_URL=rpc.url, CHAINFIN_CHAIN_ID="1")
    assert done.returncode == 1
    assert done.stderr.startswith("chainfin: chain_wrong_id: ")


def test_node__another_chain_with_the_same_id__contracts_not_there(
    there: tuple[Path, RpcServer], tmp_path: Path
) -> None:
    with chain(tmp_path) as other:
        assert opening(settings_of(there[0], other.url)) == "contracts_foreign"


@pytest.mark.parametrize(
    ("fault", "code"),
    [("forget", "chain_behind"), ("silent", "chain_unreachable"), ("garbage", "chain_unreachable")],
)
def test_node__behind_or_gone_while_serving__not_ready_and_work_goes_on_after(
    there: tuple[Path, RpcServer], fault: str, code: str
) -> None:
    home, rpc = there
    with ExitStack() as stack:
        installation = stack.enter_context(Installation(settings_of(home, rpc.url)))
        server = Server(installation).start()
        stack.callback(server.stop)
        http = stack.enter_context(httpx.Client(base_url=server.url, trust_env=False))
        until(lambda: http.get("/readyz").status_code == 200)
        rpc.faults.add(fault)
        try:
            installation.loops["chain"].wake()
            until(lambda: http.get("/readyz").status_code == 503)
            assert code in http.get("/readyz").text
            assert http.get("/healthz").status_code == 200, "the process itself is well"
            party = _admit_new(installation)
            time.sleep(0.3)
            assert status_of(installation, party) == "pending", "nothing is taken for done that isn't in a block"
        finally:
            rpc.faults.discard(fault)
        until(lambda: status_of(installation, party) == "active")
        until(lambda: http.get("/readyz").status_code == 200)
        assert installation.loops["chain"].view.state is State.RUNNING


def _admit_new(installation: Installation) -> str:
    """The same company under the next free sample id."""
    seen = admission.list_(installation.ctx, OPERATOR, after="", limit=100)
    taken = {row.private.legal_value for row in seen if row.private is not None}
    free = [each for each in (samples.CORE, samples.SUPPLIER, samples.KEEPER, samples.SHOP) if each.uscc not in taken]
    made = admission.admit(
        installation.ctx,
        OPERATOR,
        name=free[0].english,
        legal_scheme="USCC",
        legal_value=free[0].uscc,
        roles=int(Role.SUPPLIER),
        address=None,
        account=f"6228-{free[0].uscc[-8:]}",
        profile={},
    )
    return made.party.id


def test_database__of_an_older_schema__refused_and_untouched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'chainfin.db'}"
    store = Store(url)
    store.upgrade()
    with store.begin() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    store.close()
    before = (tmp_path / "chainfin.db").stat().st_size
    assert opening(load({"CHAINFIN_HOME": str(tmp_path), "CHAINFIN_DATABASE_URL": url})) == "schema_outdated"
    done = command(tmp_path, "serve", "--port", "0")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1].startswith("chainfin: schema_outdated: ")
    again = Store(url)
    with again.read() as session:
        assert session.exec(select(CustodyKeyRow)).all() == [], "not even a key was made"
    again.close()
    assert (tmp_path / "chainfin.db").stat().st_size == before
