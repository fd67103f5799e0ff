"""Lists every signed act and its EIP-712 types, from the ABIs; written to artifacts/acts.json.

The types are derived from the ABI by the convention of src/Acts.sol, and each must stand, letter for letter, in the
contract's sources: a type that drifted from its parameters stops the build. A batch signs an array of items, each of a
type of its own (`IssueBatch(IssueItem[] items,…)IssueItem(…)`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

Abi = list[dict[str, Any]]
Field = dict[str, str]

#: What a registrar states besides the act: the trail of the goods. of a batch, an argument for the registrar alone.
TRAIL: Field = {"name": "trail", "type": "bytes32"}
TRAILS = "trails"
TAIL: list[Field] = [{"name": "nonce", "type": "uint256"}, {"name": "deadline", "type": "uint256"}]


@dataclass(frozen=True)
class Counter:
    """A counter-signature inside an act, over all its parameters: its type's name, the argument that carries it."""

    primary: str
    argument: str
    #: The act whose parameters it states; empty: the act itself.
    of: str = ""
    #: What it states besides, after those members.
    besides: tuple[Field, ...] = ()


COUNTERSIGNED: dict[tuple[str, str], Counter] = {
    ("Participants", "admit"): Counter("Join", "proof"),
    ("Participants", "rotateKey"): Counter("Succeed", "proof", of="recoverKey"),
    ("Participants", "recoverKey"): Counter("Succeed", "proof"),
    ("Receivables", "issue"): Counter("Attest", "registrar", besides=(TRAIL,)),
    ("Receivables", "issueBatch"): Counter("AttestBatch", "registrar", besides=(TRAIL,)),
    ("Pledges", "pledge"): Counter("Grant", "pledgor"),
    ("Pledges", "pledgeBatch"): Counter("GrantBatch", "pledgor"),
    ("Pledges", "substitute"): Counter("Exchange", "pledgor"),
    ("WarehouseReceipts", "release"): Counter("HandOut", "owner"),
    ("WarehouseReceipts", "correct"): Counter("Correction", "owner"),
}


class TypeDrift(Exception):
    """A type in the sources isn't the one that the ABI implies."""


def acts_of(abis: dict[str, Abi], sources: Path) -> dict[str, Any]:
    """Contract to function to its EIP-712 types, counter-signature and arguments."""
    text = "\n".join(path.read_text("utf-8") for path in sorted(sources.glob("*.sol")))
    return {name: _contract(name, abi, text) for name, abi in abis.items()}


def _contract(name: str, abi: Abi, source: str) -> dict[str, Any]:
    functions = {entry["name"]: entry for entry in abi if entry["type"] == "function"}
    acts: dict[str, Any] = {}
    batches: dict[str, Any] = {}
    for function in sorted(n.removesuffix("BySig") for n in functions if n.endswith("BySig")):
        inputs = functions[function]["inputs"]
        extra = [_field(i) for i in inputs[1:] if i["type"] != "tuple" and i["name"] != TRAILS]
        act = _typed(function[0].upper() + function[1:], inputs[0], extra)
        act["arguments"] = [i["name"] for i in inputs]
        counter = COUNTERSIGNED.get((name, function))
        act["counterSignature"] = None
        if counter is not None:
            stated = functions[counter.of]["inputs"][0] if counter.of else inputs[0]
            act["counterSignature"] = _typed(counter.primary, stated, [], counter)
            act["counterSignature"]["argument"] = counter.argument
        (batches if "itemType" in act else acts)[function] = act
        for text in [act["typeString"], (act["counterSignature"] or act)["typeString"]]:
            if f'"{text}"' not in source:
                raise TypeDrift(f"{name}.{function}: the sources have no {text}")
    return {"domainName": f"chainfin {name}", "domainVersion": "1", "acts": acts, "batches": batches}


def _typed(primary: str, params: dict[str, Any], extra: list[Field], counter: Counter | None = None) -> dict[str, Any]:
    """The type of one signature: `fields` of the primary type, for a batch also those of its items."""
    members = [_field(c) for c in params.get("components", [params])]
    members += counter.besides if counter is not None else ()
    if not params["type"].endswith("[]"):
        fields = members + extra + TAIL
        return {"primaryType": primary, "fields": fields, "typeString": _type_string(primary, fields)}
    item = primary.removesuffix("Batch") + "Item"
    fields = [{"name": params["name"], "type": f"{item}[]"}, *extra, *TAIL]
    return {
        "primaryType": primary,
        "fields": fields,
        "itemType": item,
        "itemFields": members,
        "typeString": _type_string(primary, fields) + _type_string(item, members),
    }


def _field(entry: dict[str, Any]) -> Field:
    return {"name": entry["name"], "type": entry["type"]}


def _type_string(primary: str, fields: list[Field]) -> str:
    return f"{primary}({','.join(f['type'] + ' ' + f['name'] for f in fields)})"
