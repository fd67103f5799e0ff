"""An API on a real SQLite database, without a chain: what the infrastructure needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from chainfin import samples
from chainfin.eth.keys import address_of, new_private_key
from chainfin.services.kernel.context import Clock, Context
from chainfin.services.parties import persons
from chainfin.services.parties import signin as signin_service
from chainfin.services.parties.signin import SignIn
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.store import Store
from chainfin.storage.vault import Vault
from chainfin.values.party import Role
from tests.api.world import World, build
from tests.migrated import migrated_store


class Wall:
    """A wall clock that a test can move."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Site:
    """One installation of the API, with two parties that hold their own keys."""

    ctx: Context
    wall: Wall
    signin: SignIn
    http: TestClient
    operator_key: bytes
    keys: dict[str, bytes]

    def token(self, key: bytes) -> str:
        """Sign in with a wallet."""
        from chainfin.eth.keys import sign_digest
        from chainfin.eth.siwe import personal_digest

        message = self.signin.challenge(address_of(key)).message
        assert message is not None
        return self.signin.wallet(message, "0x" + sign_digest(personal_digest(message), key).hex()).value

    def as_(self, who: str) -> dict[str, str]:
        """The Authorization header of a party or the operator."""
        key = self.operator_key if who == "operator" else self.keys[who]
        return {"Authorization": f"Bearer {self.token(key)}"}


def make_context(home: Path, operator: bytes, *, movable: bool = False, store: Store | None = None) -> Context:
    """``store``: a migrated one; None: a new one in SQLite."""
    if store is None:
        store = migrated_store(home)
    return Context(
        store=store,
        vault=Vault.open(home),
        clock=Clock(store, movable=movable),
        cell="c0",
        chain_id=131277322940537,
        contracts={
            name: "0x" + f"{place:040x}"
            for place, name in enumerate(("Participants", "Orders", "Receivables", "WarehouseReceipts", "Pledges"), 1)
        },
        operator_address=address_of(operator),
        registrar_address=address_of(new_private_key()),
    )


def add_party(ctx: Context, party_id: str, roles: Role, address: str, status: str = "active") -> None:
    with ctx.store.begin() as session:
        session.add(
            PartyRow(
                id=party_id,
                cell="c0",
                name=f"Invented company {party_id}",
                legal_scheme="LEI",
                legal_value=party_id,
                commitment=party_id,
                commitment_salt="",
                roles=int(roles),
                address=address,
                account=f"ACC-{party_id}",
                status=status,
                created_at=datetime(2026, 11, 1, tzinfo=UTC),
            )
        )
        session.flush()
        persons.make_first(session, party_id, datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as found:
        yield found
        found.ctx.store.close()


@contextmanager
def open_site(home: Path, store: Store | None = None) -> Iterator[Site]:
    operator = new_private_key()
    ctx = make_context(home, operator, movable=True, store=store)
    keys = {name: new_private_key() for name in ("core", "supplier")}
    add_party(ctx, "core", Role.CORE, address_of(keys["core"]))
    add_party(ctx, "supplier", Role.SUPPLIER, address_of(keys["supplier"]))
    wall = Wall()
    signin = SignIn(ctx, domain="finance.example", wall=wall)
    with TestClient(create_app(ctx, signin=signin), raise_server_exceptions=False) as http:
        yield Site(ctx, wall, signin, http, operator, keys)


@pytest.fixture(scope="module")
def town() -> Iterator[World]:
    """A world of the test file's own, with a bank that attests."""
    with ExitStack() as stack:
        found = build(stack)
        found.stage.admit(samples.SETTLEMENT_BANK.name, ("USCC", samples.SETTLEMENT_BANK.uscc), ["bank"], custody=True)
        yield found


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """One trade for all tests that only read it, or that are refused."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            # it outlives a token: on a slow machine all files take longer than that
            patch.setattr(signin_service, "TOKEN_LIFETIME", timedelta(days=1))
            made = build(stack)
        yield made
