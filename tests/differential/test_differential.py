"""The Python rules and the contracts agree: on every act, on every reason for refusing one, on every amount.

CHAINFIN_DIFFERENTIAL_STEPS sets how many acts (default: 1,000, or as many as fit into half a minute);
CHAINFIN_DIFFERENTIAL_SEED with which to begin. A failure prints its seed and a short sequence that shows it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.differential import runner
from tests.differential.mutants import PYTHON, SOLIDITY, ContractMutant, PythonMutant, compiled
from tests.differential.reasons import EACH, RARE, REASONS
from tests.differential.system import System

NORMAL = 1_000
STEPS = int(os.environ.get("CHAINFIN_DIFFERENTIAL_STEPS", NORMAL))
SEED = int(os.environ.get("CHAINFIN_DIFFERENTIAL_SEED", "20261121"))
LONG = 10_000
RUN = 2_500
"""Acts on one chain before a new one is begun."""
SECONDS = 25.0
"""The normal run ends after these, however far it got (a busy machine)."""
MUTANT_STEPS = 2_500

long_only = pytest.mark.skipif(LONG > STEPS, reason=f"CHAINFIN_DIFFERENTIAL_STEPS below {LONG}: planted bugs take long")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    made = System(tmp_path_factory.mktemp("differential"))
    yield made
    made.close()


@pytest.mark.timeout(0)
def test_rules_and_contracts__generated_acts__agree(system: System) -> None:
    met: Counter[tuple[str, str]] = Counter()
    done = others = 0
    while done < STEPS:
        seconds = SECONDS if STEPS < LONG else None
        made = runner.run(system, SEED + done, min(RUN, STEPS - done), seconds=seconds)
        met += made.met
        others += made.another_first
        done += len(made.done)
        if seconds is not None:
            break
    taken = sum(count for (_, end), count in met.items() if end == "done")
    print(f"{done} acts, {taken} taken; {others} refused for several reasons of which each side named another")
    print(", ".join(f"{act}: {_of(met, act)}, {met[act, 'done']} taken" for act in EACH))
    assert taken > done // 3
    if done >= NORMAL:
        assert all(met[act, "done"] for act in EACH)
    if done >= LONG:
        unmet = set(REASONS) - RARE - {end for _, end in met}
        unmet |= {f"{act}: {code}" for act, codes in EACH.items() for code in codes if (act, code) not in met}
        assert not unmet, "these reasons were never met: say so in OUT_OF_REACH, or generate what meets them"


def _of(met: Mapping[tuple[str, str], int], act: str) -> int:
    return sum(count for (name, _), count in met.items() if name == act)


def _found(system: System) -> bool:
    """Whether generated acts find the bug; only the finding counts here, not the telling of it."""
    with patch.object(runner, "SHRINK_SECONDS", 0.0):
        for seed in range(SEED, SEED + 3):
            try:
                runner.run(system, seed, MUTANT_STEPS)
            except (runner.Disagreement, ValueError):  # ValueError: the value itself doesn't add up any more
                return True
    return False


@long_only
@pytest.mark.timeout(0)
@pytest.mark.parametrize("mutant", PYTHON, ids=lambda mutant: mutant.title.replace(" ", "_"))
def test_rules__a_planted_bug__found(system: System, mutant: PythonMutant) -> None:
    with patch.object(mutant.module, mutant.name, mutant.plant(getattr(mutant.module, mutant.name))):
        assert _found(system), mutant.title


@long_only
@pytest.mark.timeout(0)
@pytest.mark.parametrize("mutant", SOLIDITY, ids=lambda mutant: mutant.title.replace(" ", "_"))
def test_contracts__a_planted_bug__found(mutant: ContractMutant, tmp_path: Path) -> None:
    planted = System(tmp_path / "chain", compiled(mutant, tmp_path))
    try:
        assert _found(planted), mutant.title
    finally:
        planted.close()


def test_disagreement__a_planted_bug__told_with_its_seed_in_few_acts(system: System) -> None:
    mutant = PYTHON[0]
    planted = patch.object(mutant.module, mutant.name, mutant.plant(getattr(mutant.module, mutant.name)))
    with planted, patch.object(runner, "SHRINK_SECONDS", 10.0), pytest.raises(runner.Disagreement) as caught:
        runner.run(system, SEED, MUTANT_STEPS)
    reply = str(caught.value)
    assert reply.startswith(f"seed {SEED}, step ")
    assert "Pledges." in reply
    assert "the same in" in reply
