"""All planted bugs, in the order in which they are tried."""

from __future__ import annotations

from tests.planted import bad_input, journey, money, outcome, people, securities, serving
from tests.planted.bug import Bug

BUGS: tuple[Bug, ...] = (
    *journey.BUGS,
    *outcome.BUGS,
    *bad_input.BUGS,
    *serving.BUGS,
    *money.BUGS,
    *securities.BUGS,
    *people.BUGS,
)
