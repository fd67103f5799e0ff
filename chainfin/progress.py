"""A bar for work that takes a while: on stderr, only where somebody looks on (a terminal), none beside JSON."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Step = Callable[[int, int | None], None]
"""Is told how much is done, and of how much (None: nobody can say yet)."""


def silent(_done: int, _total: int | None) -> None:
    """For work at which nobody looks on."""


@contextmanager
def shown(what: str, *, quiet: bool = False) -> Iterator[Step]:
    """A bar named ``what`` while the block runs; what it gives is told of each step. Gone when the block ends."""
    if quiet or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        plain = warnings.showwarning
        # above the bar: written by anybody else, a line would stand in the middle of it
        warnings.showwarning = lambda message, *_where, **_more: bar.console.print(
            f"chainfin: {message}", markup=False, highlight=False
        )

        def step(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        try:
            yield step
        finally:
            warnings.showwarning = plain
