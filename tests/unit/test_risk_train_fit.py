"""Bins, points and the card's file. All samples are invented."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainfin.errors import BadInput
from chainfin.risk.canon import canonical_bytes
from chainfin.risk.scorecard import parse_scorecard, read_scorecard
from chainfin.risk.train.bins import cut
from chainfin.risk.train.columns import Numbers, Texts, read_column
from chainfin.risk.train.document import Label, coarse
from chainfin.risk.train.fit import Scaling
from chainfin.risk.train.judge import score_rows
from chainfin.risk.train.sample import Outcomes
from chainfin.risk.train.train import train
from tests.unit.train_samples import PLAN, cases, table, trained


def _entry(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in document["characteristics"] if one["feature"] == name)


def _drawn(values: list[int], bad: list[float], seed: int = 1) -> tuple[Numbers, Outcomes]:
    draw = random.Random(seed)
    column = read_column("x", [str(value) for value in values])
    assert isinstance(column, Numbers)
    return column, np.array([draw.random() < chance for chance in bad], dtype=np.int8)


def test_read_column__cells__numbers_words_or_missing() -> None:
    numbers = read_column("x", ["0.50", "?", "12", "-1.125"])
    assert isinstance(numbers, Numbers)
    assert (numbers.decimals, numbers.values.tolist(), numbers.known.tolist()) == (
        3, [500, 0, 12_000, -1_125], [True, False, True, True],
    )  # fmt: skip
    words = read_column("x", ["none", "", "7"])
    assert isinstance(words, Texts)
    assert (words.words, words.values.tolist()) == (("7", "none"), [1, -1, 0])
    assert isinstance(read_column("x", ["1", "2"], as_words=True), Texts)


def test_read_column__fine_and_large__stays_exact_in_json() -> None:
    column = read_column("x", ["123456789012.123456789", "0.000000001"])
    assert isinstance(column, Numbers)
    assert column.decimals == 4
    assert int(column.values.max()) < 2**53


def test_cut__rising_risk__monotone_bins() -> None:
    column, bads = _drawn([n % 100 for n in range(2000)], [(n % 100) / 150 for n in range(2000)])
    bins = cut(column, bads, np.arange(2000))
    assert bins is not None
    assert bins.trend == "rising"
    assert len(bins.edges) >= 3
    assert list(bins.woe[:-2]) == sorted(bins.woe[:-2], reverse=True)


def test_cut__small_safe_bin_held_back_by_the_average__still_monotone() -> None:
    """The first 50 are all good, of the next 450 four in a hundred are bad; held back, the 50 look the riskier."""
    column = read_column("x", [str(row) for row in range(1000)])
    bads = np.array(
        [(row >= 50 and row % 25 == 0) or (row >= 500 and row % 25 != 1) for row in range(1000)], dtype=np.int8
    )
    bins = cut(column, bads, np.arange(1000), "monotone")
    assert bins is not None
    assert bins.trend == "rising"
    assert list(bins.woe[:-2]) == sorted(bins.woe[:-2], reverse=True)


@pytest.mark.parametrize(
    ("edges", "decimals", "kept"),
    [
        ((1250, 2000), 3, ([125, 200], 2)),
        ((1000, 2000), 3, ([1, 2], 0)),
        ((-1500, 7), 3, ([-1500, 7], 3)),
        ((), 4, ([], 0)),
    ],
)
def test_coarse__edges__the_coarsest_unit_that_holds_them_all(
    edges: tuple[int, ...], decimals: int, kept: tuple[list[int], int]
) -> None:
    assert coarse(edges, decimals) == kept


def test_cut__risk_at_both_ends__free_unless_monotone_is_asked_for() -> None:
    column, bads = _drawn([n % 100 for n in range(2000)], [abs(n % 100 - 50) / 60 for n in range(2000)])
    free, monotone = (cut(column, bads, np.arange(2000), trend) for trend in ("auto", "monotone"))
    assert free is not None
    assert monotone is not None
    assert free.trend == "free"
    assert monotone.trend in {"rising", "falling"}
    assert free.iv > 2 * monotone.iv


def test_cut__nothing_to_tell_apart__none() -> None:
    column, bads = _drawn([5] * 200, [0.3] * 200)
    assert cut(column, bads, np.arange(200)) is None
    names = read_column("x", [f"company {n}" for n in range(200)])
    assert cut(names, bads, np.arange(200)) is None


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([-1, 1]), st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_cut__any_monotone_bins__woe_moves_one_way_and_counts_add_up(
    seed: int, sign: int, start: int, step: int
) -> None:
    draw = random.Random(seed)
    values = [start + step * draw.randrange(30) for _ in range(300)]
    column, bads = _drawn(values, [0.5 + sign * (value - start) / step / 70 for value in values], seed)
    bins = cut(column, bads, np.arange(300), "monotone")
    if bins is None:
        return
    moves = [after - before for before, after in itertools.pairwise(bins.woe[:-2])]
    assert all(move < 0 for move in moves) if bins.trend == "rising" else all(move > 0 for move in moves)
    assert [sum(part) for part in zip(*bins.counts, strict=True)] == [300, int(bads.sum())]


def test_train__known_law__right_features_and_directions() -> None:
    document = trained().document
    found = {entry["feature"] for entry in document["characteristics"]}
    assert {"debt", "months", "trade"} <= found
    debt, months, trade = (_entry(document, name) for name in ("debt", "months", "trade"))
    assert debt["points"] == sorted(debt["points"], reverse=True)
    assert months["points"] == sorted(months["points"])
    worst = trade["groups"][trade["points"].index(min(trade["points"]))]
    assert "steel" in worst
    assert float(document["training"]["held_out"]["auc"]) > 0.7


def test_train__compiled_lookup__scores_every_row_as_the_fit_does() -> None:
    made, read = trained(), table()
    looked_up, _ = score_rows(parse_scorecard(made.document), read)
    rows = np.arange(read.rows)
    assert looked_up.tolist() == made.fit.points(rows).tolist()
    exact = made.fit.scaling.points(0) + made.fit.log_odds(rows) * made.fit.scaling.pdo / np.log(2)
    assert np.abs(looked_up - exact).max() <= (len(made.fit.features) + 1) / 2


def test_train__same_file_and_seed__same_bytes() -> None:
    first, again = (canonical_bytes(train(table(), PLAN).document) for _ in range(2))
    assert first == again
    other = canonical_bytes(trained(dataclasses.replace(PLAN, seed=43)).document)
    assert other != first


def test_train__file__canonical_and_its_sha256_is_the_cards_hash() -> None:
    made = trained()
    content = canonical_bytes(made.document)
    card, document = read_scorecard(content, "card.json")
    assert card.hash == "0x" + hashlib.sha256(content).hexdigest()
    assert document == made.document
    reply = document["training"]
    assert reply["data"] == {"sha256": hashlib.sha256(cases()).hexdigest(), "rows": 1200, "bads": int(made.bads.sum())}
    assert (reply["target"], reply["excluded"]) == ({"column": "late", "bad": "1"}, ["leak", "opened"])
    assert set(reply["software"]) == {"python", "chainfin", "numpy", "scikit-learn", "scipy"}
    assert "." not in json.dumps([document["base_points"], [one["points"] for one in document["characteristics"]]])


def test_train__dates__first_and_last_recorded_and_no_feature() -> None:
    plan = dataclasses.replace(PLAN, date="opened", exclude=("leak",))
    reply = trained(plan).document["training"]
    assert reply["dates"] == {"column": "opened", "format": "%Y-%m-%d", "first": "2025-01-15", "last": "2025-12-15"}
    assert "opened" not in reply["considered"]


def test_train__missing_values__points_of_their_own() -> None:
    content = b"x,y\n" + b"".join(
        f"{'' if row % 4 == 0 else row % 50},{int((row % 4 == 0 and row % 8 != 0) or row % 50 > 40)}\n".encode()
        for row in range(2000)
    )
    content += b"".join(b",1\n" for _ in range(300))
    document = trained(dataclasses.replace(PLAN, target="y", exclude=()), content).document
    assert _entry(document, "x")["missing"] < 0


def test_train__rare_word__counts_as_other() -> None:
    content = b"w,x,y\n" + b"".join(
        f"{'rare' if row in (5, 9) else 'ab'[row % 2]},{row % 10},{int(row % 10 > (6 if row % 2 else 2))}\n".encode()
        for row in range(600)
    )
    document = trained(dataclasses.replace(PLAN, target="y", exclude=()), content).document
    entry = _entry(document, "w")
    assert sorted(itertools.chain(*entry["groups"])) == ["a", "b"]


def test_train__columns_of_the_registry__a_card_that_decisions_can_use() -> None:
    content = b"settled_count,late\n" + b"".join(
        f"{row % 40},{int(row % 40 < row % 7 * 4)}\n".encode() for row in range(800)
    )
    document = trained(dataclasses.replace(PLAN, exclude=()), content).document
    assert "features" not in document
    assert not parse_scorecard(document).of_columns


def test_train__scaling__odds_double_with_pdo() -> None:
    scale = Scaling(base_score=500, base_odds=10, pdo=30)
    shares = scale.bad_share(np.array([500.0, 530.0]))
    odds = (1 - shares) / shares
    assert odds.tolist() == pytest.approx([10, 20])
    wide, narrow = (trained(dataclasses.replace(PLAN, scaling=Scaling(pdo=pdo))).document for pdo in (80, 20))
    assert max(_entry(wide, "debt")["points"]) > 3 * max(_entry(narrow, "debt")["points"])


@pytest.mark.parametrize("scale", [Scaling(pdo=0), Scaling(base_odds=0), Scaling(base_score=0)])
def test_scaling__without_sense__refused(scale: Scaling) -> None:
    with pytest.raises(BadInput, match="scaling_invalid"):
        trained(dataclasses.replace(PLAN, scaling=scale))


@pytest.mark.parametrize(
    ("label", "code"),
    [
        (Label("../x", "1.0"), "name_invalid"),
        (Label("card", "one two"), "name_invalid"),
        (Label("card", "1.0", 1), "bands_invalid"),
        (Label("card", "1.0", 11), "bands_invalid"),
    ],
)
def test_label__no_name_or_bands__refused(label: Label, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        trained(dataclasses.replace(PLAN, label=label))
    assert refused.value.code == code


def test_train__column_that_tells_the_outcome__warned_of() -> None:
    reply = trained(dataclasses.replace(PLAN, exclude=("opened",))).document["training"]["warnings"]
    leaks = [one["message"] for one in reply if one["code"] == "leak_suspected"]
    assert len(leaks) == 1
    assert leaks[0].startswith("'leak' alone has an AUC of 0.9")
    assert all(one["code"] != "leak_suspected" for one in trained().document["training"]["warnings"])


def test_train__few_bads__warned_of() -> None:
    codes = {one["code"] for one in trained(content=cases(300)).document["training"]["warnings"]}
    assert {"few_bads", "few_bads_measured"} <= codes
