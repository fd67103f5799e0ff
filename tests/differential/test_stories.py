"""Where the rules and the contracts disagreed, they agree now; where they still do, it is known and shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential import stories
from tests.differential.act import Act
from tests.differential.deviations import ACCEPTED
from tests.differential.runner import Run, replayed
from tests.differential.stories import FIRST, GOODS, SECOND
from tests.differential.system import System


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    made = System(tmp_path_factory.mktemp("stories"))
    yield made
    made.close()


@pytest.mark.parametrize("name", stories.ONCE)
def test_story__once_a_disagreement__none_now(system: System, name: str) -> None:
    assert replayed(system, stories.ONCE[name]) == []


def test_stories__the_acts_before_the_last__are_taken_or_refused_as_told(system: System) -> None:
    run = Run(system)
    for act in stories.ONCE["split_after_an_enforcement"]:
        assert run.step(act) == []
    assert not run.refused
    assert run.finish() == []


@pytest.mark.parametrize("name", stories.STILL)
def test_deviation__known__still_there(system: System, name: str) -> None:
    before, act, code = stories.STILL[name]
    run = Run(system)
    for each in before:
        assert run.step(each) == []
    assert run.model.apply(act, system.now) == code
    assert (act.name, code) in ACCEPTED
    assert system.send(act).error is None, f"the contract agrees now: take {act.name}, {code} out of deviations.py"


def test_deviation__a_count_below_two_pledges__the_first_lender_to_release_frees_what_is_the_others(
    system: System,
) -> None:
    run = Run(system)
    taken = [
        stories.stored(200), stories.pledge(FIRST, "lender", 100, kind=2), stories.pledge(SECOND, "fund", 100, kind=2),
        stories.on_goods("recount", "keeper", documentRoot=stories.ROOT, missing=100),
    ]  # fmt: skip
    for act in taken:
        run.model.apply(act, system.now)
        assert system.send(act).error is None
    rules, chain = run.model.book, system
    assert (rules.pledged(FIRST), rules.pledged(SECOND) if SECOND in rules.pledges else 0) == (100, 0)
    locked = [chain.view("Pledges", "pledgeOf", each)["amount"] for each in (FIRST, SECOND)]
    assert locked == [100, 100], "the contract agrees now: take recount_into_pledges out of deviations.py"
    assert chain.view("WarehouseReceipts", "receipt", GOODS)["pledged"] == 100
    freed: Act = stories.on_pledge("release", SECOND, "fund", asset=GOODS, amount=100)
    assert system.send(freed).error is None
    assert chain.view("WarehouseReceipts", "receipt", GOODS)["pledged"] == 0
    assert chain.view("Pledges", "pledgeOf", FIRST)["amount"] == 100  # a pledge over goods that are free to go
