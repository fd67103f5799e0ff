"""Follows the bank's incoming payments from a stored cursor and hands them on, each once."""

from __future__ import annotations

from collections.abc import Callable

from chainfin.connectors.outcome import Done, Outcome, Refused
from chainfin.connectors.payment_rail import IncomingPage, PaymentRail
from chainfin.errors import Unavailable


class IncomingWatch:
    """Asks the rail, for a `Loop` or stepped by hand (`run_once`). The services keep the cursor.

    ``on_page`` must commit the payments *and* ``next_cursor`` together, so that a crash between two pages repeats none
    and loses none.
    """

    def __init__(
        self,
        rail: PaymentRail,
        cursor: Callable[[], int],
        on_page: Callable[[IncomingPage], None],
        *,
        rest_s: float = 1.0,
        limit: int = 200,
    ) -> None:
        self._rail = rail
        self._cursor = cursor
        self._on_page = on_page
        self.rest_s = rest_s
        self._limit = limit

    def begin(self, wake: Callable[[], None]) -> None:
        """Nobody but the clock wakes this loop: the bank doesn't call."""

    def turn(self) -> bool:
        """Take all that is there, then rest. Raises as `run_once`."""
        self.run_once()
        return False

    def end(self) -> None:
        """Nothing is in hand between two pages."""

    def run_once(self) -> int:
        """Take all that is there; the number of lines handed on. Raises Unavailable: partner_refused, or the outcome's
        code if the rail doesn't answer, or not as a bank does."""
        taken = 0
        while True:
            page: Outcome[IncomingPage] = self._rail.incoming(self._cursor(), self._limit)
            if not isinstance(page, Done):
                # the bank's own words, and the code with which it refuses, are text from outside
                code = "partner_refused" if isinstance(page, Refused) else page.code
                raise Unavailable(code, "incoming payments can't be read")
            if page.value.lines or page.value.through is not None:
                self._on_page(page.value)
            if not page.value.lines:
                return taken
            taken += len(page.value.lines)
