"""The committed contract artifacts are true to each other; `make check` compiles them again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
ARTIFACTS = CONTRACTS / "artifacts"
NAMES = ("Participants", "Orders", "Receivables", "WarehouseReceipts", "Pledges", "Governance")


def read(name: str) -> Any:
    return json.loads((ARTIFACTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_artifact__each_contract__fits_a_network_and_has_its_parts(name: str) -> None:
    artifact = read(name)
    assert artifact["contractName"] == name
    assert artifact["compiler"]["version"] == "0.8.37"
    code = bytes.fromhex(artifact["deployedBytecode"][2:])
    assert 0 < len(code) <= 24_576
    assert len(artifact["bytecode"]) > len(artifact["deployedBytecode"])


def test_artifacts__stored_form__sorted_and_stable() -> None:
    for path in sorted(ARTIFACTS.glob("*.json")):
        text = path.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n", path.name


def test_acts__every_relayed_function__is_listed_with_its_type() -> None:
    acts = read("acts")
    for name in NAMES[:-1]:
        relayed = {entry["name"] for entry in read(name)["abi"] if entry.get("name", "").endswith("BySig")}
        listed = acts[name]["acts"] | acts[name]["batches"]
        assert relayed == {act + "BySig" for act in listed}
        for function, act in listed.items():
            assert act["typeString"].startswith(function[0].upper() + function[1:] + "(")
            assert act["typeString"].split(")")[0].endswith("uint256 nonce,uint256 deadline")


def test_deployment__every_reference__names_a_step() -> None:
    plan = read("deployment")
    steps = [step["contract"] for step in plan["steps"]]
    assert sorted(steps) == sorted(NAMES)
    for step in plan["steps"]:
        for argument in step["args"]:
            assert argument.lstrip("@$") in (*steps, "operator", *plan["defaults"])
    for check in plan["checks"]:
        assert check["contract"] in steps
        assert check["is"].lstrip("@") in steps
