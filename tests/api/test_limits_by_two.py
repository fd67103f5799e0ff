"""More than before is lent by the word of two persons of the lender, where it has two; less at once, by one. On both
databases, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chainfin.storage.store import Store
from tests.api.conftest import open_site
from tests.api.persons_town import Town


@pytest.fixture
def town(store: Store, tmp_path: Path) -> Iterator[Town]:
    with open_site(tmp_path, store) as site:
        yield Town(site)


def limit(town: Town, by: dict[str, str], amount: str, *, kind: str = "debtor", **more: Any) -> dict[str, Any]:
    key = "lender" if kind == "lender" else "core"
    money = {"amount": amount, "currency": "CNY"}
    made: dict[str, Any] = town.post(by, "/v1/limits", kind=kind, key=key, amount=money, **more)
    return made


def standing(town: Town) -> dict[str, tuple[str, str | None]]:
    """What counts now: amount and grade by kind."""
    rows = town.call("GET", town.lender, "/v1/limits").json()["items"]
    return {row["kind"]: (row["amount"], row["grade"]) for row in rows}


def approve(town: Town, by: dict[str, str], made: dict[str, Any]) -> tuple[int, str]:
    return town.code(by, f"/v1/proposals/{made['proposal_id']}/approve", reason="the board agreed")


def test_limit__of_a_lender_of_one_person__counts_at_once(town: Town) -> None:
    town.person(town.lender)  # one that isn't confirmed makes no second
    for amount in ("100.00", "900.00"):
        assert limit(town, town.lender, amount)["proposal_id"] is None
    assert standing(town) == {"debtor": ("900.00", None)}


def test_limit__raised__counts_once_the_second_person_approves(town: Town) -> None:
    limit(town, town.lender, "100.00", grade="C")
    second = town.client(town.lender, town.person(town.lender))
    made = limit(town, town.lender, "500.00")
    assert (made["amount"], standing(town)) == ("100.00", {"debtor": ("100.00", "C")})
    assert approve(town, town.lender, made) == (422, "approval_same_person")
    assert approve(town, town.operator, made) == (404, "proposal_unknown")
    assert standing(town) == {"debtor": ("100.00", "C")}
    assert approve(town, second, made)[0] == 200
    assert standing(town) == {"debtor": ("500.00", "C")}


@pytest.mark.parametrize("kind", ["debtor", "borrower"])
def test_limit__new__stands_at_zero_until_the_second_person_approves(town: Town, kind: str) -> None:
    second = town.client(town.lender, town.person(town.lender))
    made = limit(town, second, "500.00", kind=kind, grade="A")
    assert standing(town) == {kind: ("0.00", None)}
    assert approve(town, town.lender, made)[0] == 200
    assert standing(town) == {kind: ("500.00", "A")}


@pytest.mark.parametrize("kind", ["debtor", "borrower", "lender"])
def test_limit__of_zero__counts_at_once_by_one_person_also_the_first_one(town: Town, kind: str) -> None:
    town.client(town.lender, town.person(town.lender))
    assert limit(town, town.lender, "0.00", kind=kind)["proposal_id"] is None
    assert standing(town) == {kind: ("0.00", None)}
    limit(town, town.lender, "0", kind="lender")
    key = "lender" if kind == "lender" else "core"
    below = {"kind": kind, "key": key, "amount": {"amount": "-0.01", "currency": "CNY"}}
    assert town.code(town.lender, "/v1/limits", **below) == (422, "amount_negative")


def test_limit__lowered_or_on_oneself_for_the_first_time__counts_at_once(town: Town) -> None:
    limit(town, town.lender, "500.00", grade="A")
    town.client(town.lender, town.person(town.lender))
    assert limit(town, town.lender, "300.00", grade="B")["proposal_id"] is None
    assert limit(town, town.lender, "700.00", kind="lender")["proposal_id"] is None
    assert standing(town) == {"debtor": ("300.00", "B"), "lender": ("700.00", None)}
    assert limit(town, town.lender, "701.00", kind="lender")["proposal_id"] is not None
    assert standing(town)["lender"] == ("700.00", None)


def test_limit__better_grade_alone__takes_the_second_person(town: Town) -> None:
    limit(town, town.lender, "500.00", grade="C")
    second = town.client(town.lender, town.person(town.lender))
    made = limit(town, town.lender, "400.00", grade="B")
    assert standing(town) == {"debtor": ("500.00", "C")}
    assert approve(town, second, made)[0] == 200
    assert standing(town) == {"debtor": ("400.00", "B")}


def test_limit__lowered_or_asked_for_anew_since__the_older_word_counts_for_nothing(town: Town) -> None:
    limit(town, town.lender, "100.00")
    second = town.client(town.lender, town.person(town.lender))
    first, newer = limit(town, town.lender, "500.00"), limit(town, town.lender, "400.00")
    assert approve(town, second, first) == (422, "limit_changed_since")
    limit(town, town.lender, "50.00")
    assert approve(town, second, newer) == (422, "limit_changed_since")
    assert standing(town) == {"debtor": ("50.00", None)}
