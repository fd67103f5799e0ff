"""What a scorecard must be seen beside: a plain logistic regression and boosted trees on the same columns and rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from chainfin.risk.train.bins import MAX_WORDS, Floats
from chainfin.risk.train.columns import Numbers, Texts
from chainfin.risk.train.sample import Outcomes, Rows


def logistic(columns: Sequence[Numbers | Texts], bads: Outcomes, fitted: Rows, judged: Rows) -> Floats:
    """Probabilities of bad of the rows ``judged``.

    Numbers are clipped to their 1st to 99th percentile and standardised, a missing one is the median and a flag; words
    that come five times are a flag each. What the numbers are made of is learnt from ``fitted`` alone.
    """
    parts: list[Floats] = []
    for column in columns:
        if isinstance(column, Texts):
            if len(column.words) <= MAX_WORDS:
                seen = np.bincount(column.values[fitted] + 1, minlength=len(column.words) + 1)
                parts += [(column.values + 1 == word).astype(np.float64) for word in np.flatnonzero(seen >= 5)]
            continue
        known = column.values[fitted][column.known[fitted]].astype(np.float64)
        if len(known) == 0:
            continue
        low, middle, high = np.quantile(known, [0.01, 0.5, 0.99])
        values = np.clip(np.where(column.known, column.values, middle), low, high)
        spread = float(values[fitted].std())
        if spread > 0:
            parts.append((values - values[fitted].mean()) / spread)
        if not column.known.all():
            parts.append((~column.known).astype(np.float64))
    if not parts:
        return np.full(len(judged), float(bads[fitted].mean()))
    matrix = np.column_stack(parts)
    with threadpool_limits(1):
        model = LogisticRegression(solver="newton-cholesky", max_iter=200).fit(matrix[fitted], bads[fitted])
        return np.asarray(model.predict_proba(matrix[judged])[:, 1], dtype=np.float64)


def trees(columns: Sequence[Numbers | Texts], bads: Outcomes, fitted: Rows, judged: Rows, seed: int) -> Floats:
    """Probabilities of bad of the rows ``judged`` by LightGBM: 200 trees of 15 leaves, words as categories."""
    import lightgbm  # here: it wants a library of the system that fitting a card does without

    matrix = np.column_stack(
        [
            np.where(column.known, column.values, np.nan) if isinstance(column, Numbers) else column.values
            for column in columns
        ]
    ).astype(np.float64)
    words = [place for place, column in enumerate(columns) if isinstance(column, Texts)]
    settings = {
        "objective": "binary",
        "learning_rate": 0.05,
        "num_leaves": 15,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    data = lightgbm.Dataset(matrix[fitted], label=bads[fitted], categorical_feature=words, free_raw_data=False)
    booster = lightgbm.train(settings, data, num_boost_round=200)
    return np.asarray(booster.predict(matrix[judged]), dtype=np.float64)
