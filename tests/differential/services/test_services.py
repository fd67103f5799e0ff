"""Services and contracts agree: on every act, on every reason for refusing one, on every row after it; batches too.

CHAINFIN_DIFFERENTIAL_STEPS sets how many acts (default: 500); CHAINFIN_DIFFERENTIAL_SEED with which to begin. A failure
prints its seed and what led to it; the same seed gives the same acts.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from chainfin.eth.bindings.registry import ACTS, BATCHES
from tests.differential.services import runner
from tests.differential.services.harness import Harness, open_harness
from tests.differential.services.planted import PLANTED, ServiceBug
from tests.differential.services.runner import TAKEN
from tests.e2e.ending import mismatches
from tests.e2e.site_books import check_books

NORMAL = 500
STEPS = int(os.environ.get("CHAINFIN_DIFFERENTIAL_STEPS", NORMAL))
SEED = int(os.environ.get("CHAINFIN_DIFFERENTIAL_SEED", "20261129"))
LONG = 10_000
RUN = 1_000
"""Acts on one installation before a new one is begun."""
NOT_ASKED = frozenset(
    {
        # a service makes it by itself, or nobody here does: keys, roles and admissions stay as they are
        "Pledges.draw", "Pledges.payOff", "Participants.admit", "Participants.setRoles", "Participants.rotateKey",
        "Participants.recoverKey",
    }
)  # fmt: skip
"""Acts of the contracts that are no deed here."""
DEEDS = {f"{contract}.{function}" for contract, function in ACTS if function != "revokeNonces"} - NOT_ASKED
EVERY = sorted(DEEDS | {function for _, function in BATCHES})
"""Every kind of act, alone and in a batch: each run leads to those that it has not met."""

long_only = pytest.mark.skipif(LONG > STEPS, reason=f"CHAINFIN_DIFFERENTIAL_STEPS below {LONG}: planted bugs take long")


@pytest.fixture
def harness() -> Iterator[Harness]:
    with open_harness() as made:
        yield made


@pytest.mark.timeout(0)
def test_services_and_contracts__generated_acts__agree() -> None:
    met: Counter[tuple[str, str]] = Counter()
    done = items = batches = others = 0
    while done < STEPS:
        print(f"seed {SEED + done}")
        with open_harness() as harness:
            made = runner.run(harness, SEED + done, min(RUN, STEPS - done), EVERY)
            # the reconciliation of the service itself finds nothing either, and the books are in order
            assert [str(each) for each in mismatches(harness.site)] == []
            check_books(harness.site)
        met += made.met
        items, batches, others = items + made.items, batches + made.batches, others + made.another_first
        done += made.acts
    for name in sorted({name for name, _ in met}):
        print(f"{name}: {_of(met, name)}, {met[name, TAKEN]} taken")
    never = [name for name in EVERY if not met[name, TAKEN]]
    refused = {name for name in DEEDS if _of(met, name) > met[name, TAKEN]}
    taken = sum(met[name, TAKEN] for name in DEEDS)
    print(f"{others} refused for several reasons, each side naming another")
    kinds = f"of {len(EVERY)} kinds {len(EVERY) - len(never)} were taken and {len(refused)} refused"
    print(f"{done} acts, {taken} taken, {items} in {batches} batches; {kinds}")
    if done >= NORMAL:
        assert not never, "these were never taken"
        assert done // 3 < taken < done * 9 // 10
        assert len(refused) > len(DEEDS) * 2 // 3
    if done >= LONG:
        assert DEEDS - refused == set(), "these were never refused"


def _of(met: Counter[tuple[str, str]], act: str) -> int:
    return sum(count for (name, _), count in met.items() if name == act)


@long_only
@pytest.mark.timeout(0)
@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.title.replace(" ", "_"))
def test_services__a_planted_bug__found(harness: Harness, bug: ServiceBug) -> None:
    with bug.planted(), pytest.raises(runner.Disagreement) as caught:
        runner.run(harness, SEED, RUN, () if bug.led else EVERY, bug.led)
    print(*str(caught.value).splitlines()[:2])


def test_disagreement__a_planted_bug__told_with_its_seed_and_what_led_to_it(harness: Harness) -> None:
    with PLANTED[0].planted(), pytest.raises(runner.Disagreement) as caught:
        runner.run(harness, SEED, 50)
    told = str(caught.value)
    assert told.startswith(f"seed {SEED}, step ")
    assert "Orders.acknowledge" in told
    assert "what led to it:" in told


def test_generated__the_same_seed__the_same_acts() -> None:
    runs = []
    for _ in range(2):
        with open_harness() as harness:
            runs.append(runner.run(harness, SEED, 30).done)
    assert runs[0] == runs[1]
