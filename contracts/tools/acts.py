"""Lists every signed act and its EIP-712 type, from the ABIs; written to artifacts/acts.json.

The types are derived from the ABI by the convention of src/Acts.sol, and each must stand, letter for letter, in the
contract's source: a type that drifted from its parameters stops the build.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

Abi = list[dict[str, Any]]
Field = dict[str, str]

#: Counter-signatures: (contract, function) to (EIP-712 type, argument, members of the act's struct that it states).
COUNTERSIGNED: dict[tuple[str, str], tuple[str, str, tuple[str, ...] | None]] = {
    ("Participants", "admit"): ("Join", "proof", None),
    ("Participants", "recoverKey"): ("Succeed", "proof", None),
    ("Receivables", "issue"): ("Attest", "registrar", ("id", "orderId", "documentRoot")),
    ("Pledges", "pledge"): ("Grant", "pledgor", None),
}
TAIL: list[Field] = [{"name": "nonce", "type": "uint256"}, {"name": "deadline", "type": "uint256"}]


class TypeDrift(Exception):
    """A type in the sources isn't the one that the ABI implies."""


def acts_of(abis: dict[str, Abi], sources: Path) -> dict[str, Any]:
    """Contract to function to its EIP-712 type, counter-signature and arguments."""
    return {name: _contract(name, abi, (sources / f"{name}.sol").read_text("utf-8")) for name, abi in abis.items()}


def _contract(name: str, abi: Abi, source: str) -> dict[str, Any]:
    functions = {entry["name"]: entry for entry in abi if entry["type"] == "function"}
    acts: dict[str, Any] = {}
    for function in sorted(n.removesuffix("BySig") for n in functions if n.endswith("BySig")):
        inputs = functions[function]["inputs"]
        members = [_field(c) for c in inputs[0]["components"]]
        extra = [_field(i) for i in inputs[1:] if i["type"] != "tuple"]
        act: dict[str, Any] = {
            "arguments": [i["name"] for i in inputs],
            "primaryType": function[0].upper() + function[1:],
            "fields": members + extra + TAIL,
            "counterSignature": None,
        }
        act["typeString"] = _type_string(act["primaryType"], act["fields"])
        counter = COUNTERSIGNED.get((name, function))
        if counter is not None:
            primary, argument, stated = counter
            fields = [m for m in members if stated is None or m["name"] in stated] + TAIL
            act["counterSignature"] = {
                "argument": argument,
                "primaryType": primary,
                "fields": fields,
                "typeString": _type_string(primary, fields),
            }
        acts[function] = act
        for text in [act["typeString"], (act["counterSignature"] or act)["typeString"]]:
            if f'"{text}"' not in source:
                raise TypeDrift(f"{name}.{function}: the source has no {text}")
    return {"domainName": f"chainfin {name}", "domainVersion": "1", "acts": acts}


def _field(entry: dict[str, Any]) -> Field:
    return {"name": entry["name"], "type": entry["type"]}


def _type_string(primary: str, fields: list[Field]) -> str:
    return f"{primary}({','.join(f['type'] + ' ' + f['name'] for f in fields)})"
