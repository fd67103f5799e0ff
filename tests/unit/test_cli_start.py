"""What a call of the command line loads before it does something: no more than it needs, so that it starts fast.
`benchmarks/cli_start.py` says how fast."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from chainfin.cli.lazy import LazyGroup
from chainfin.cli.main import app
from chainfin.client import key_file
from chainfin.eth.signer import KeySigner

_RUN = """
import json, sys
from chainfin.cli.main import main
sys.argv = ["chainfin", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(name for name, module in sys.modules.items() if module is not None)))
"""
HEAVY = ("eth_abi", "eth_utils", "eth_typing", "structlog", "sqlalchemy", "fastapi", "web3", "eth", "lxml", "holidays")
"""Each takes from 30 ms to seconds to load."""
OURS = (
    "chainfin.services",
    "chainfin.storage",
    "chainfin.runtime",
    "chainfin.documents",
    "chainfin.eth.bindings.registry",
)


def loaded(*words: str) -> set[str]:
    """The modules that are there after `chainfin WORDS`."""
    done = subprocess.run([sys.executable, "-c", _RUN, *words], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("words", [("--help",), ("bank", "--help")], ids=" ".join)
def test_help__of_a_group__loads_no_command(words: tuple[str, ...]) -> None:
    assert loaded(*words).isdisjoint((*HEAVY, *OURS, "httpx", "chainfin.cli.party", "chainfin.cli.bank"))


def test_call__that_signs_in__loads_what_a_participant_needs(tmp_path: Path) -> None:
    key_file.write(tmp_path / "my.key", KeySigner.new(), None)
    found = loaded("call", str(tmp_path / "my.key"), "/v1/orders", "--url", "http://127.0.0.1:9")
    assert {"httpx", "chainfin.client.client"} <= found
    assert found.isdisjoint((*HEAVY, *OURS, "rich", "click", "chainfin.cli.service"))


def _entries(group: LazyGroup, above: str = "") -> list[tuple[str, LazyGroup, str]]:
    found = [(f"{above}{name}", group, name) for name in group.entries]
    for name, command in group.commands.items():
        if isinstance(command, LazyGroup):
            found += _entries(command, f"{name} ")
    return found


def _root() -> LazyGroup:
    root = get_command(app)
    assert isinstance(root, LazyGroup)
    return root


@pytest.mark.parametrize(("group", "name"), [pytest.param(g, n, id=i) for i, g, n in _entries(_root())])
def test_entry__of_each_command__can_be_loaded_and_says_what_it_does(group: LazyGroup, name: str) -> None:
    command = group.whole(name)
    assert command.name == name
    assert command.help
    assert group.entries[name].help.endswith(".")
