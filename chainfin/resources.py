"""Where the files that ship with the package lie: contract artifacts and migrations.

In a checkout they lie in the top-level folders (contracts/artifacts, migrations); in an installed wheel they
lie inside the package (chainfin/_contracts, chainfin/_migrations). Callers never look for files themselves.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from chainfin.errors import Unavailable

CONTRACTS = ("Participants", "Orders", "Receivables", "WarehouseReceipts", "Pledges")
"""The five contracts, in the order in which they depend on one another."""

_PACKAGE = Path(__file__).resolve().parent


class Artifact(TypedDict):
    """A compiled contract as `make contracts` writes it. ``bytecode`` values are 0x-hex.

    ``immutables``: (first byte, bytes) of each place in ``deployedBytecode`` that a constructor fills in; zero here.
    """

    contractName: str
    abi: list[dict[str, Any]]
    bytecode: str
    deployedBytecode: str
    immutables: list[tuple[int, int]]


def _first_existing(packaged: str, checkout: str) -> Path:
    inside, beside = _PACKAGE / packaged, _PACKAGE.parent / checkout
    for folder in (inside, beside):
        if folder.is_dir():
            return folder
    raise Unavailable("resource_missing", f"neither {packaged} nor {checkout} came with this installation")


def contracts_dir() -> Path:
    """The folder of ``<Name>.json`` artifacts. Raises Unavailable: resource_missing."""
    return _first_existing("_contracts", "contracts/artifacts")


def migrations_dir() -> Path:
    """The Alembic script folder. Raises Unavailable: resource_missing."""
    return _first_existing("_migrations", "migrations")


@cache
def read_json(name: str) -> Any:
    """A JSON file of `contracts_dir`, read once. Treat the answer as frozen. Raises Unavailable: artifact_missing."""
    path = contracts_dir() / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Unavailable("artifact_missing", "run `make contracts`: an artifact is missing", where=name) from None


def artifact(name: str) -> Artifact:
    """ABI and bytecode of one contract. Treat the answer as frozen. Raises Unavailable: artifact_missing."""
    found: Artifact = read_json(f"{name}.json")
    return found
