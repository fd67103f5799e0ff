"""The way of a repayment as the architecture's document tells it is the one that it takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType

from tests.architecture.markdown import ROOT
from tests.architecture.test_where_do_i import stops
from tests.e2e.reckoned import owed
from tests.e2e.site import Site

LENT = 500_000_00
Stop = tuple[str, str]


@contextmanager
def entered(looked_for: list[Stop]) -> Iterator[list[Stop]]:
    """Of these functions, those that this thread enters, each time that it does."""
    found: list[Stop] = []
    known = {(str(ROOT / file), function): (file, function) for file, function in looked_for}

    def look(frame: FrameType, event: str, _: object) -> None:
        stop = known.get(_name(frame.f_code)) if event == "call" else None
        if stop is not None:
            found.append(stop)

    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(None)


def _name(code: CodeType) -> tuple[str, str]:
    return str(Path(code.co_filename)), code.co_qualname


def test_repayment__of_a_whole_loan__passes_the_stops_in_their_order(shared_site: Site) -> None:
    site, way = shared_site, stops("A repayment in twelve stops")
    borrower = site.borrower()
    loan_id = site.funded(borrower, LENT, site.confirmed(borrower).id)
    with entered(way) as passed:
        site.pays(owed(site, loan_id, site.today), f"LOAN {loan_id}")
        site.run()
    assert site.loan(loan_id).row.status == "repaid"
    assert way == in_order(way, passed)


def in_order(way: list[Stop], passed: list[Stop]) -> list[Stop]:
    """The stops of the way that were passed one after the other; loops that find nothing to do pass some besides."""
    found: list[Stop] = []
    for stop in passed:
        if stop == way[len(found)]:
            found.append(stop)
            if len(found) == len(way):
                break
    return found
