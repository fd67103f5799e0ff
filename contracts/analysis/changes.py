"""What slither-mutate's operators would change in the contracts; run by `mutate.py` with Slither's own Python.

`changes.py FOLDER FILE` compiles FOLDER and writes the changes to FILE as JSON: file, start and end (bytes), new text,
the line as it is, operator.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from slither import Slither
from slither.tools.mutator.mutators import all_mutators

#: Arithmetic, assignment, bitwise, comment out, logical, negated condition, comparison, unary. Left out is what fails
#: wherever it runs (RR: revert instead of the line) or what makes no other contract (visibility, types).
OPERATORS = ("AOR", "ASOR", "BOR", "CR", "LOR", "MIA", "ROR", "UOR")


def main(folder: str, told: str) -> None:
    """Writes all changes, each once."""
    root = Path(folder).resolve()
    slither = Slither(str(root), compile_force_framework="foundry", foundry_out_directory=str(root / "out-slither"))
    found: dict[tuple[str, int, int, str], dict[str, object]] = {}
    for unit in slither.compilation_units:
        for contract in unit.contracts:
            path = Path(contract.source_mapping.filename.absolute)
            if not path.is_relative_to(root / "src") or contract.is_interface:
                continue
            lines = path.read_text(encoding="utf-8").splitlines()
            for name in OPERATORS:
                operator = getattr(all_mutators, name)(unit, 0, "", "", contract, None, False, root, [])
                for patches in operator._mutate().get("patches", {}).values():
                    for patch in patches:
                        file = str(path.relative_to(root))
                        line = lines[patch["line_number"] - 1].strip()
                        # of a part of a line nothing is left that compiles
                        if name == "CR" and line != f"{patch['old_string']};":
                            continue
                        row = {"file": file, "start": patch["start"], "end": patch["end"], "new": patch["new_string"]}
                        place = (file, patch["start"], patch["end"], patch["new_string"])
                        found.setdefault(place, {**row, "line": line, "operator": name})
    Path(told).write_text(json.dumps(list(found.values())), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
