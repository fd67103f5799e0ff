"""Compiles the contracts and writes (or checks) the committed artifacts.

`python contracts/compile.py` installs the pinned npm packages if they are absent, compiles src/ and writes
artifacts/<Name>.json, acts.json and deployment.json. `--check` compares instead of writing: exit 1 and one line for
each file that differs; without Node it says so and exits 0. Exit 2: no Node to compile with, or the compiler refused.
Only this and the contracts' own tests need Node.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tools.acts import acts_of
from tools.deployment import DEPLOYMENT

ROOT = Path(__file__).resolve().parent
ARTIFACTS = ROOT / "artifacts"
#: Those with acts of parties, and what governs them.
WITH_ACTS = ("Participants", "Orders", "Receivables", "WarehouseReceipts", "Pledges")
OURS = ("Governance", *WITH_ACTS)
#: EIP-170: what a network accepts as one contract, in bytes.
MAX_CODE_BYTES = 24_576
SETTINGS: dict[str, Any] = {
    # Cancun: transient storage and mcopy, understood by every node we run on (py-evm, Besu, geth, FISCO BCOS 3).
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 500},
    "viaIR": True,
    # No trailing metadata: the bytecode depends on the code alone, not on comments or paths.
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    "outputSelection": {
        "*": {
            "*": [
                "abi",
                "evm.bytecode.object",
                "evm.deployedBytecode.object",
                "evm.deployedBytecode.immutableReferences",
            ]
        }
    },
}


class CompileFailed(Exception):
    """The compiler, or something that it needs, said no; the text is one or more lines for a person."""


def install() -> None:
    """Puts the pinned npm packages into contracts/node_modules unless they are there."""
    if (ROOT / "node_modules" / "solc" / "soljson.js").exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise CompileFailed("npm is not installed: the contracts can't be compiled here")
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise CompileFailed(f"npm install failed: {done.stderr.strip()[-500:]}")


def compile_all() -> dict[str, Any]:
    """The compiler's output for all sources; raises CompileFailed on any error."""
    sources = {f"src/{p.relative_to(ROOT / 'src').as_posix()}": p for p in sorted((ROOT / "src").rglob("*.sol"))}
    request = {
        "language": "Solidity",
        "sources": {name: {"content": path.read_text(encoding="utf-8")} for name, path in sources.items()},
        "settings": SETTINGS,
    }
    if shutil.which("node") is None:
        raise CompileFailed("node is not installed: the contracts can't be compiled here")
    try:
        output: dict[str, Any] = solcx.compile_standard(request, base_path=ROOT, solc_binary=ROOT / "tools" / "solc")
    except SolcError as error:
        raise CompileFailed((error.stderr_data or str(error)).strip()[-2000:]) from None
    ours = [e for e in output.get("errors", []) if e["severity"] == "error" or "src/" in e["formattedMessage"]]
    if ours:
        raise CompileFailed("\n".join(e["formattedMessage"] for e in ours))
    return output


def artifact(name: str, compiled: dict[str, Any]) -> dict[str, Any]:
    """One contract's committed form. ``immutables``: (first byte, bytes) of what a constructor writes into the code."""
    runtime = compiled["evm"]["deployedBytecode"]
    deployed = runtime["object"]
    immutables = [(at["start"], at["length"]) for found in runtime["immutableReferences"].values() for at in found]
    if len(deployed) // 2 > MAX_CODE_BYTES:
        raise CompileFailed(f"{name}: {len(deployed) // 2} bytes of code, above {MAX_CODE_BYTES}")
    return {
        "contractName": name,
        "abi": compiled["abi"],
        "bytecode": "0x" + compiled["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + deployed,
        "immutables": sorted(immutables),
        "compiler": {
            "name": "solc",
            "version": "0.8.37",
            **{k: SETTINGS[k] for k in ("evmVersion", "optimizer", "viaIR")},
        },
    }


def render(value: object) -> str:
    """Stable text: sorted keys, one trailing newline."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def build() -> dict[str, str]:
    """File name to text of everything under artifacts/."""
    install()
    output = compile_all()["contracts"]
    built = {name: artifact(name, output[f"src/{name}.sol"][name]) for name in OURS}
    files: dict[str, object] = {f"{name}.json": value for name, value in built.items()}
    files["acts.json"] = acts_of({name: built[name]["abi"] for name in WITH_ACTS}, ROOT / "src")
    files["deployment.json"] = DEPLOYMENT
    return {name: render(value) for name, value in files.items()}


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare with the committed artifacts, write nothing")
    args = parser.parse_args(argv)
    if args.check and (shutil.which("node") is None or shutil.which("npm") is None):
        print("contracts: artifacts not compared, Node isn't installed")
        return 0
    try:
        files = build()
    except CompileFailed as failure:
        print(failure, file=sys.stderr)
        return 2
    stale = [name for name, text in files.items() if not _same(ARTIFACTS / name, text)]
    if args.check:
        for name in stale:
            print(f"contracts/artifacts/{name} differs from what the sources compile to")
        return 1 if stale else 0
    ARTIFACTS.mkdir(exist_ok=True)
    for name in stale:
        (ARTIFACTS / name).write_text(files[name], encoding="utf-8")
    print(f"{len(files)} artifacts, {len(stale)} changed")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
