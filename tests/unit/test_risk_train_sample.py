"""Outcomes, splits, dates and the choice of columns. All samples are invented."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainfin.errors import BadInput
from chainfin.risk.train.sample import chosen_columns, dates, outcomes, split
from chainfin.risk.train.table import read_table
from tests.unit.train_samples import PLAN, csv_of, table, trained

TARGETS: dict[str, tuple[dict[str, str | None], Callable[[int], object], str]] = {
    "absent": ({"column": "z", "bad": None}, lambda row: row % 2, "column_unknown"),
    "constant": ({"column": "y", "bad": None}, lambda _: 1, "target_constant"),
    "constant good": ({"column": "y", "bad": None}, lambda _: 0, "target_constant"),
    "constant and named": ({"column": "y", "bad": "1"}, lambda _: 1, "target_constant"),
    "many values": ({"column": "y", "bad": None}, lambda row: row % 3, "target_not_binary"),
    "a number": ({"column": "x", "bad": None}, lambda row: row % 2, "target_not_binary"),
    "blank": ({"column": "y", "bad": None}, lambda row: "" if row == 7 else row % 2, "target_missing"),
    "unnamed": ({"column": "y", "bad": None}, lambda row: "good" if row % 2 else "bad", "target_bad_unnamed"),
    "one and two": ({"column": "y", "bad": None}, lambda row: 1 + row % 2, "target_bad_unnamed"),
    "no bads": ({"column": "y", "bad": "lost"}, lambda row: "good" if row % 2 else "bad", "no_bads"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_outcomes__no_target_to_fit_to__refused(name: str) -> None:
    asked, law, code = TARGETS[name]
    with pytest.raises(BadInput) as refused:
        outcomes(read_table(csv_of(40, law), "cases.csv"), asked["column"] or "", asked["bad"])
    assert refused.value.code == code
    assert refused.value.where


def test_outcomes__words_and_numbers__bad_is_one() -> None:
    words = read_table(csv_of(4, lambda row: "bad" if row == 2 else "good"), "cases.csv")
    assert outcomes(words, "y", "bad")[1].tolist() == [0, 0, 1, 0]
    numbers = read_table(csv_of(4, lambda row: "1.0" if row == 2 else "0.0"), "cases.csv")
    target, bads = outcomes(numbers, "y", None)
    assert (target.bad, bads.tolist()) == ("1.0", [0, 0, 1, 0])
    assert outcomes(numbers, "y", "1")[1].tolist() == [0, 0, 1, 0]


def test_split__seed__same_rows_disjoint_and_same_share_of_bads() -> None:
    bads = np.array([1] * 100 + [0] * 300, dtype=np.int8)
    fitted, held_out = split(bads, 0.3, 42)
    assert sorted([*fitted, *held_out]) == list(range(400))
    assert (bads[held_out].sum(), len(held_out)) == (30, 120)
    assert split(bads, 0.3, 42)[1].tolist() == held_out.tolist()
    assert split(bads, 0.3, 43)[1].tolist() != held_out.tolist()


def test_split__drawn_today__as_ever() -> None:
    """If this fails, `evaluate` no longer finds the rows that cards of the past were not fitted on."""
    held_out = split(np.array([0, 1] * 40, dtype=np.int8), 0.25, 42)[1]
    assert held_out.tolist() == HELD_OUT_OF_80


HELD_OUT_OF_80 = [1, 8, 9, 12, 21, 24, 25, 30, 31, 32, 37, 38, 45, 52, 53, 54, 65, 67, 74, 78]


@pytest.mark.parametrize(("kinds", "code"), [((15, 300), "too_few_bads"), ((300, 15), "too_few_goods")])
def test_split__few_of_a_kind__refused(kinds: tuple[int, int], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        split(np.array([1] * kinds[0] + [0] * kinds[1], dtype=np.int8), 0.3, 42)
    assert refused.value.code == code


@pytest.mark.parametrize("share", [0.0, 0.6, -1.0, float("nan")])
def test_split__share_beyond_reason__refused(share: float) -> None:
    with pytest.raises(BadInput, match="test_share_invalid"):
        split(np.array([0, 1] * 100, dtype=np.int8), share, 42)


def test_dates__form__read_or_refused_with_the_row() -> None:
    read = read_table(b"d,y\n1/31/2012,0\n2/1/2012,1\n31/1/2012,1\n", "cases.csv")
    with pytest.raises(BadInput) as refused:
        dates(read, "d", "%m/%d/%Y")
    assert (refused.value.code, refused.value.where) == ("date_malformed", "cases.csv, row 3")
    assert dates(read_table(b"d\n1/31/2012\n", "c"), "d", "%m/%d/%Y") == [dt.date(2012, 1, 31)]


@pytest.mark.parametrize(
    ("features", "exclude", "code"),
    [
        (["nothing"], [], "column_unknown"),
        ([], ["nothing"], "column_unknown"),
        (["debt"], ["debt"], "feature_excluded"),
        (["late"], [], "feature_excluded"),
        ([], ["debt", "months", "trade", "noise", "branch", "leak", "opened"], "no_features"),
    ],
)
def test_chosen_columns__can_not_be__refused(features: list[str], exclude: list[str], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        chosen_columns(table(), features, exclude, ["late"])
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"trend": "sideways"}, "trend_unknown"),
        ({"seed": -1}, "seed_invalid"),
        ({"min_iv": -1.0}, "min_iv_invalid"),
        ({"min_iv": 9.0}, "nothing_predicts"),
        ({"words": ("nothing",)}, "column_unknown"),
        ({"date": "nothing"}, "column_unknown"),
    ],
)
def test_train__plan_that_can_not_be__refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        trained(dataclasses.replace(PLAN, **change))
    assert refused.value.code == code
