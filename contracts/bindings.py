"""Writes (or checks) the Python bindings of the contracts: a dataclass for each signed act, rider, batch and event.

`python contracts/bindings.py` reads artifacts/ and the comments of src/interfaces/ and writes chainfin/eth/bindings/
(all but base.py, which is written by hand). `--check` compares instead of writing: exit 1 and one line for each file
that differs. It needs no Node.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tools import natspec

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT.parent / "chainfin" / "eth" / "bindings"
CONTRACTS = ("Participants", "Orders", "Receivables", "WarehouseReceipts", "Pledges")
WRITTEN = "Written by contracts/bindings.py (`make contracts`): change the contracts, not this file."
#: Solidity types and their names in base.py.
KINDS = {
    "bool": "Bool",
    "uint8": "Uint8",
    "uint32": "Uint32",
    "uint64": "Uint64",
    "uint256": "Uint256",
    "address": "Address",
    "bytes": "Bytes",
    "bytes3": "Bytes3",
    "bytes32": "Bytes32",
}
#: Names that Python keeps for itself.
KEYWORDS = {"from"}
#: Said of a member that stands in no struct of the interfaces.
LOOSE = {
    "trail": "The goods' trail (`IOrders.trailOf`) with which the invoice's lines were matched; no call carries it.",
    "trails": "For each item: the goods' trail, for the registrar's signature alone.",
    "registryNos": "For each item: number (or its hash) of the entry in the statutory registry; not zero.",
}


class NotBindable(Exception):
    """An ABI holds what these bindings have no form for."""


@dataclass(frozen=True)
class Shape:
    """One dataclass to be written: class constants by name, and members as (name, annotation, comment)."""

    name: str
    base: str
    doc: str
    constants: tuple[tuple[str, str], ...]
    members: tuple[tuple[str, str, str], ...]


def field_name(name: str) -> str:
    """A member's name in Python: ``pledgeId`` → ``pledge_id``; base.py's `contract_name` is the way back."""
    snake = re.sub(r"(?=[A-Z])", "_", name).lower()
    if not re.fullmatch(r"[a-z]+[0-9]*(_[a-z]+[0-9]*)*", snake):
        raise NotBindable(f"no name for {name!r}")
    return snake + "_" if snake in KEYWORDS else snake


def module_name(contract: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", contract).lower()


def annotation(kind: str) -> str:
    if kind.endswith("[]"):
        return f"tuple[{annotation(kind[:-2])}, ...]"
    if kind not in KINDS:
        raise NotBindable(f"no form for {kind}")
    return KINDS[kind]


def _is_auth(entry: dict[str, Any]) -> bool:
    return str(entry.get("internalType")) == "struct Auth"


class Bindings:
    """What one contract's modules hold."""

    def __init__(self, contract: str) -> None:
        self.contract = contract
        self.abi = json.loads((ROOT / "artifacts" / f"{contract}.json").read_text("utf-8"))["abi"]
        acts = json.loads((ROOT / "artifacts" / "acts.json").read_text("utf-8"))[contract]
        self.acts: dict[str, Any] = acts["acts"]
        self.batches: dict[str, Any] = acts["batches"]
        interfaces = ROOT / "src" / "interfaces"
        self.docs = natspec.read(interfaces / "IActs.sol") | natspec.read(interfaces / f"I{contract}.sol")
        self.functions = {e["name"]: e for e in self.abi if e["type"] == "function"}

    def act(self, function: str) -> Shape:
        relayed = f"{function}BySig"
        inputs = [i for i in self.functions[relayed]["inputs"] if not _is_auth(i)]
        members = [m for entry in inputs for m in self._members(function, entry)]
        act = self.acts[function]
        signed = [f["name"] for f in act["fields"][:-2]]
        if [name for name, _, _ in members] != signed:
            raise NotBindable(f"{self.contract}.{function} signs {signed}")
        return Shape(act["primaryType"], "Act", self._about(function), self._named(act, function), tuple(members))

    def batch(self, function: str) -> tuple[Shape, Shape]:
        """The items' struct, and the batch."""
        batch = self.batches[function]
        items, *others = [i for i in self.functions[f"{function}BySig"]["inputs"] if not _is_auth(i)]
        single = function.removesuffix("Batch")
        item = Shape(batch["itemType"], "Struct", f"One item of `{function}`.", (), self._members(single, items))
        members = [(items["name"], f"tuple[{item.name}, ...]", "")]
        members += [m for entry in others for m in self._members(function, entry)]
        named = self._named(batch, function)
        return item, Shape(batch["primaryType"], "Batch", self._about(function), named, tuple(members))

    def riders(self) -> Iterable[Shape]:
        """Counter-signatures inside acts, each type once (one key succeeds another in two acts)."""
        found: dict[str, list[str]] = {}
        for function, act in self.acts.items():
            if act["counterSignature"] is not None:
                found.setdefault(act["counterSignature"]["primaryType"], []).append(function)
        for primary, functions in sorted(found.items()):
            fields = self.acts[functions[0]]["counterSignature"]["fields"][:-2]
            if any(self.acts[f]["counterSignature"]["fields"][:-2] != fields for f in functions):
                raise NotBindable(f"{primary} has two forms")
            said = {k: v for f in functions for k, v in self._said(f).items()}
            members = [(f["name"], annotation(f["type"]), said.get(f["name"], "")) for f in fields]
            argument = self.acts[functions[0]]["counterSignature"]["argument"]
            inside = " and ".join(f"`{function}`" for function in functions)
            doc = f"What a second party signs: its signature is ``{argument}`` in {inside}."
            constants = (("CONTRACT", self.contract), ("PRIMARY_TYPE", primary))
            yield Shape(primary, "Rider", doc, constants, tuple(members))

    def events(self) -> Iterable[Shape]:
        for event in sorted((e for e in self.abi if e["type"] == "event"), key=lambda e: str(e["name"])):
            about = self.docs.get(("event", event["name"]), natspec.Doc())
            members = [(i["name"], annotation(i["type"]), about.params.get(i["name"], "")) for i in event["inputs"]]
            signature = ", ".join(f"{i['type']} {i['name']}" for i in event["inputs"])
            doc = about.notice or f"`{event['name']}({signature})`."
            constants = (("CONTRACT", self.contract), ("NAME", event["name"]))
            yield Shape(event["name"], "Event", doc, constants, tuple(members))

    def _about(self, function: str) -> str:
        struct = self.docs.get(("struct", _params_of(function)), natspec.Doc()).notice
        said = self.docs.get(("function", function), natspec.Doc()).notice or struct
        inputs = ", ".join(f"{_solidity(i)} {i['name']}" for i in self.functions[function]["inputs"])
        return f"{said}\n\n`{function}({inputs})`" if said else f"`{function}({inputs})`"

    def _named(self, act: dict[str, Any], function: str) -> tuple[tuple[str, str], ...]:
        relayed = f"{function}BySig"
        return (
            ("CONTRACT", self.contract),
            ("FUNCTION", self.functions[function]["name"]),
            ("RELAYED", self.functions[relayed]["name"]),
            ("PRIMARY_TYPE", act["primaryType"]),
        )

    def _members(self, function: str, entry: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
        """A struct's members, or the plain argument itself."""
        said = self._said(function)
        found = entry.get("components", [entry])
        return tuple((m["name"], annotation(m["type"]), said.get(m["name"], "")) for m in found)

    def _said(self, function: str) -> dict[str, str]:
        struct = self.docs.get(("struct", _params_of(function)), natspec.Doc()).params
        return {**LOOSE, **self.docs.get(("function", function), natspec.Doc()).params, **struct}


def _params_of(function: str) -> str:
    return f"{function[:1].upper()}{function[1:]}Params"


def _solidity(entry: dict[str, Any]) -> str:
    return str(entry["internalType"]).removeprefix("struct ").rsplit(".", 1)[-1]


def render_module(doc: str, shapes: list[Shape], lists: dict[str, list[str]]) -> str:
    """One module: its classes, and at the end the tuples of them that the registry is made of."""
    names = [shape.name for shape in shapes]
    if len(set(names)) != len(names):
        raise NotBindable(f"two of one name in {names}")
    bases = {shape.base for shape in shapes}
    kinds = {kind for shape in shapes for _, kind, _ in shape.members for kind in re.findall(r"\w+", kind)}
    used = bases | (kinds & set(KINDS.values()))
    lines = [f'"""{doc}\n\n{WRITTEN}\n"""\n']
    lines.append("from __future__ import annotations\n\nfrom dataclasses import dataclass\n")
    lines.append(f"from chainfin.eth.bindings.base import {', '.join(sorted(used))}\n")
    lines.extend(_render_class(shape) for shape in shapes)
    for name, members in lists.items():
        lines.append(f"{name} = ({''.join(member + ', ' for member in members)})")
    return "\n".join(lines)


def _render_class(shape: Shape) -> str:
    lines = ["", "@dataclass(frozen=True, slots=True)", f"class {shape.name}({shape.base}):", _docstring(shape.doc), ""]
    lines += [f"    {name} = {json.dumps(value)}" for name, value in shape.constants]
    lines.append("")
    for name, kind, said in shape.members:
        lines.append(f"    {field_name(name)}: {kind}")
        if said:
            lines.append(_docstring(said[:1].upper() + said[1:]))
    return "\n".join(lines) + "\n"


def _docstring(text: str) -> str:
    if '"""' in text or "\\" in text:
        raise NotBindable(f"can't be a docstring: {text}")
    first, *rest = text.split("\n\n")
    # 110: four blanks of indent and the quotes, in 120
    paragraphs = [textwrap.fill(p, 110, break_long_words=False, break_on_hyphens=False) for p in (first, *rest)]
    whole = "\n\n".join(paragraphs)
    several = "\n" if "\n" in whole else ""
    return textwrap.indent(f'"""{whole}{several}"""', "    ")


def build() -> dict[str, str]:
    """File name to text of every generated module."""
    files: dict[str, str] = {}
    for contract in CONTRACTS:
        bindings = Bindings(contract)
        riders = list(bindings.riders())
        acts = [bindings.act(function) for function in bindings.acts]
        batches = [bindings.batch(function) for function in bindings.batches]
        events = list(bindings.events())
        shapes = [*acts, *riders, *(shape for pair in batches for shape in pair)]
        lists = {"ACTS": acts, "RIDERS": riders, "BATCHES": [batch for _, batch in batches]}
        named = {name: [shape.name for shape in of] for name, of in lists.items()}
        module = module_name(contract)
        files[f"{module}_acts.py"] = render_module(f"Acts of parties on the contract {contract}.", shapes, named)
        told = {"EVENTS": [event.name for event in events]}
        files[f"{module}_events.py"] = render_module(f"What the contract {contract} tells.", events, told)
    files["__init__.py"] = f'''"""The contracts' acts, riders, batches and events in Python.

{WRITTEN}
"""
'''
    files["registry.py"] = _registry()
    return {name: _formatted(name, text) for name, text in files.items()}


def _registry() -> str:
    modules = [module_name(contract) for contract in CONTRACTS]
    both = sorted(f"{module}_{kind}" for module in modules for kind in ("acts", "events"))
    acts, riders, batches = (
        "(" + ", ".join(f"*{module}_acts.{name}" for module in modules) + ")" for name in ("ACTS", "RIDERS", "BATCHES")
    )
    events = "(" + ", ".join(f"*{module}_events.EVENTS" for module in modules) + ")"
    key = "tuple[str, str]"
    return f'''"""Every signed act, rider, batch and event of the contracts as a dataclass of its own.

{WRITTEN}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chainfin.eth.bindings import {", ".join(both)}
from chainfin.eth.bindings.base import Act, Batch, Event, Rider

_ACTS: tuple[type[Act], ...] = {acts}
_RIDERS: tuple[type[Rider], ...] = {riders}
_BATCHES: tuple[type[Batch], ...] = {batches}
_EVENTS: tuple[type[Event], ...] = {events}

ACTS: Final[Mapping[{key}, type[Act]]] = {{(act.CONTRACT, act.FUNCTION): act for act in _ACTS}}
"""(contract, function) to the act."""
RIDERS: Final[Mapping[str, type[Rider]]] = {{rider.PRIMARY_TYPE: rider for rider in _RIDERS}}
"""Primary type to the rider."""
BATCHES: Final[Mapping[{key}, type[Batch]]] = {{(batch.CONTRACT, batch.FUNCTION): batch for batch in _BATCHES}}
"""(contract, function) to the batch."""
EVENTS: Final[Mapping[{key}, type[Event]]] = {{(event.CONTRACT, event.NAME): event for event in _EVENTS}}
"""(contract, event) to the event."""
'''


def _formatted(name: str, text: str) -> str:
    """As `ruff format` and the import order of this project want it."""
    for command in (["check", "--fix", "--quiet", "--select", "I"], ["format"]):
        argv = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(PACKAGE / name), "-"]
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, cwd=ROOT.parent)
        if done.returncode != 0:
            raise NotBindable(f"ruff refuses {name}: {done.stderr.strip()[-500:]}")
        text = done.stdout
    return text


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare with the committed bindings, write nothing")
    args = parser.parse_args(argv)
    try:
        files = build()
    except NotBindable as failure:
        print(failure, file=sys.stderr)
        return 2
    gone = {path.name for path in PACKAGE.glob("*.py")} - {*files, "base.py"}
    stale = [name for name, text in files.items() if not _same(PACKAGE / name, text)]
    if args.check:
        for name in sorted({*stale, *gone}):
            print(f"chainfin/eth/bindings/{name} differs from what the artifacts give: run `make contracts`")
        return 1 if stale or gone else 0
    for name in gone:
        (PACKAGE / name).unlink()
    for name in stale:
        (PACKAGE / name).write_text(files[name], encoding="utf-8")
    print(f"{len(files)} bindings, {len(stale)} changed")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
