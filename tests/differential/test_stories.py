"""Where the rules and the contracts once disagreed, they agree now; and what random acts rarely meet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chainfin.rules.inventory import MAX_PLEDGES
from tests.differential import stories
from tests.differential.model_buy_back import bought_id
from tests.differential.runner import Run, replayed
from tests.differential.stories import DEBT, FIRST, GOODS, ON_GOODS, YOUNGER, over
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


def test_line__drawn_on_and_paid_in_parts__the_same_in_model_storage_and_events(system: System) -> None:
    run = Run(system)
    for act in stories.ONCE["a_line_to_its_last_fen"]:
        assert run.step(act) == []
    assert [run.met["Receivables.confirm", end] for end in ("line_exceeded", "done")] == [2, 1]
    assert (run.model.book.line("buyer").used, len(run.refused)) == (600, 3)
    assert run.finish() == []


def test_exchange__goods_sold_in_parts__each_counted_in_one_place(system: System) -> None:
    run = Run(system)
    for act in stories.ONCE["goods_sold_in_parts"]:
        assert run.step(act) == []
    assert [run.met["Pledges.substitute", end] for end in ("done", "pledge_exists", "pledge_ended")] == [2, 1, 1]
    goods, debt = system.view("WarehouseReceipts", "receipt", GOODS), system.view("Receivables", "receivable", DEBT)
    assert [goods["free"], goods["pledged"], debt["free"], debt["pledged"]] == [1000, 0, 0, 1000]
    assert run.model.book.pledges[ON_GOODS].state == "released"
    assert run.finish() == []


def test_exchange__a_grant_instead__refused_as_not_signed(system: System) -> None:
    run = Run(system)
    for act in stories.ONCE["a_grant_is_no_exchange"]:
        assert run.step(act) == []
    assert run.met["Pledges.substitute", "signature_invalid"] == run.met["Pledges.pledge", "signature_invalid"] == 1
    assert run.met["Pledges.substitute", "done"] == 1


def test_buy_back__of_goods_by_two__each_its_own_parts(system: System) -> None:
    run = Run(system)
    for act in stories.ONCE["goods_bought_back_in_parts"]:
        assert run.step(act) == []
    assert [run.met["Pledges.buyBack", end] for end in ("done", "undertaking_missing", "exceeds_pledged")] == [3, 1, 1]
    assert [run.met["Pledges.buyBack", end] for end in ("self_attested", "bank_ref_used", "pledge_ended")] == [1, 1, 1]
    bought = [bought_id(ON_GOODS, "group", 0), bought_id(ON_GOODS, "group", 1), bought_id(ON_GOODS, "core", 0)]
    assert [system.view("WarehouseReceipts", "receipt", each)["free"] for each in bought] == [30, 50, 20]
    assert system.view("Pledges", "undertakingOf", ON_GOODS, system.numbers["core"])["amount"] == 80
    assert run.finish() == []


def test_recourse__when_it_is_overdue__as_much_as_was_undertaken(system: System) -> None:
    run = Run(system)
    for act in stories.ONCE["recourse_when_it_is_overdue"]:
        assert run.step(act) == []
    assert [run.met["Pledges.buyBack", end] for end in ("done", "not_yet_due", "transfer_to_debtor")] == [2, 1, 1]
    assert [run.met["Receivables.settle", "bank_ref_used"], run.met["Pledges.enforce", "done"]] == [1, 1]
    assert run.model.book.receivables[bought_id(FIRST, "dealer", 1)].holder == "dealer"
    assert run.finish() == []


def test_count__below_two_pledges__the_younger_bears_the_loss_and_ends(system: System) -> None:
    run = Run(system)
    for act in [*stories.two_pledged(), stories.count(170, ON_GOODS, YOUNGER)]:
        assert run.step(act) == []
    assert [run.model.book.pledged(each) for each in (ON_GOODS, YOUNGER)] == [80, 0]
    seen = [system.view("Pledges", "pledgeOf", each) for each in (ON_GOODS, YOUNGER)]
    assert [(each["amount"], each["rank"]) for each in seen] == [(80, 1), (0, 2)]
    assert run.model.book.pledges[YOUNGER].state == "lost"
    # what the first lender sets free is its own
    assert run.step(stories.release(ON_GOODS, 80, asset=GOODS)) == []
    assert system.view("WarehouseReceipts", "receipt", GOODS)["free"] == 80
    assert not run.refused
    assert run.finish() == []


def test_issue__attested_before_the_goods_moved_on__refused_by_both(system: System) -> None:
    run = Run(system)
    half = [
        *stories.received()[:2],
        stories.order("despatch", "maker", 500),
        stories.order("receiveGoods", "core", 500),
    ]
    for act in half:
        assert run.step(act) == []
    attested = system.view("Orders", "trailOf", stories.ORDER)
    assert run.step(stories.order("despatch", "maker", 500)) == []
    stale = stories.issue(500, trail=attested)
    assert run.model.apply(stale, system.now) == "signature_invalid"
    assert system.send(stale).error == "ActSignatureInvalid"
    assert run.step(stories.issue(500)) == []
    assert len(run.refused) == 0
    assert run.finish() == []


def test_pledge__a_hundred_over_one_receipt__no_more(system: System) -> None:
    run = Run(system)
    assert run.step(stories.stored()) == []
    for number in range(MAX_PLEDGES + 1):
        assert run.step(stories.pledge(over(GOODS, 100 + number), "lender", 1, kind=2)) == []
    assert run.met["Pledges.pledge", "too_many_pledges"] == 1
    assert run.step(stories.release(over(GOODS, 100), 1, asset=GOODS)) == []
    assert run.step(stories.pledge(YOUNGER, "lender", 1, kind=2)) == []
    assert len(run.refused) == 1
    assert run.finish() == []
