"""How mutants.py tries a planted bug: on the tests next to it, then on all."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from run_forge import binary


@dataclass(frozen=True)
class Mutant:
    """`before` stands exactly once in `file` and becomes `after`."""

    rule: str
    file: str
    before: str
    after: str


#: Tests next to a source: they find most of its bugs.
NEAR = {
    "Acts.sol": "{Signatures,Items,Hundred,*/*Batch}",
    "Orders.sol": "orders/*",
    "Participants.sol": "{participants/*,Signatures}",
    "PledgeRules.sol": "{pledges/*,receipts/Recount}",
    "Pledges.sol": "{pledges/*,Items,RelayedRefusals}",
    "ReceivableBatches.sol": "{receivables/*Batch,receivables/Issue,Items,RelayedRefusals}",
    "Receivables.sol": "{receivables/*,pledges/Enforce,RelayedRefusals}",
    "WarehouseReceipts.sol": "{receipts/*,pledges/*}",
    "libraries/Entries.sol": "{pledges/*,receivables/Settle,receipts/Recount}",
    "libraries/Stocks.sol": "{receipts/*,pledges/PledgeRank}",
}
#: Those next to whatever isn't named above.
NEAR_OTHERS = "{receivables/*,pledges/Enforce}"


def near(mutant: Mutant) -> list[str]:
    """forge's options for the tests next to the bug."""
    return ["--match-path", f"test/{NEAR.get(mutant.file, NEAR_OTHERS)}.t.sol"]


def run(work: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs forge on the copy, with few fuzz runs."""
    fewer = {"FOUNDRY_OFFLINE": "true", "FOUNDRY_FUZZ_RUNS": "64", "FOUNDRY_INVARIANT_RUNS": "4"}
    command = [binary(), *arguments]
    return subprocess.run(command, cwd=work, env={**os.environ, **fewer}, capture_output=True, text=True, check=False)


def passes(work: Path, selection: list[str]) -> bool:
    """Whether these tests pass on the sources as they are in the copy."""
    return run(work, ["test", "--fail-fast", *selection]).returncode == 0


def killed(mutant: Mutant, work: Path) -> bool:
    """Whether the tests find the mutant."""
    target = work / "src" / mutant.file
    original = target.read_text(encoding="utf-8")
    if original.count(mutant.before) != 1:
        raise SystemExit(f"mutants: {mutant.rule}: found {original.count(mutant.before)} times in {mutant.file}")
    target.write_text(original.replace(mutant.before, mutant.after), encoding="utf-8")
    try:
        # The tests deploy what is compiled, by name: all of it has to be, also where only some of them run.
        if run(work, ["build"]).returncode != 0:
            raise SystemExit(f"mutants: {mutant.rule}: doesn't compile")
        return not passes(work, near(mutant)) or not passes(work, [])
    finally:
        target.write_text(original, encoding="utf-8")
