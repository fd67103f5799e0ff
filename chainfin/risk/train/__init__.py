"""Training and judging scorecards on outcomes. Nothing that serves imports this package: it needs the extra
``[train]``.

`table` and `sample` read a CSV file and its outcome; `columns` and `bins` turn a column into bins, `fit` the bins into
points; `document` writes the card that `chainfin.risk.scorecard` scores with; `judge` holds a card against data that it
hasn't seen and against the models of `baselines`, with the measures of `measures`.
"""
