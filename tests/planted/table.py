"""All planted bugs, in the order in which they are tried: one for each requirement that no other check backs.

Only what a mutation tool hardly makes is kept here (a missing check, the wrong party, the wrong order, a posting
left out, told twice); what it makes is in `tests/mutation`.
"""

from __future__ import annotations

from tests.planted import deal, money, service
from tests.planted.bug import Bug

BUGS: tuple[Bug, ...] = (*deal.BUGS, *money.BUGS, *service.BUGS)

MOST = 60
"""More than these nobody keeps up with the sources."""
