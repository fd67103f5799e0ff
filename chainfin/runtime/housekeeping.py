"""The driver of what time alone brings about: offers, unsigned acts and days end, what was left behind is taken up."""

from __future__ import annotations

from collections.abc import Callable

from chainfin.services.kernel import approvals
from chainfin.services.kernel.context import Context
from chainfin.services.lending import applications, credit_notes, end_of_day, offers
from chainfin.services.oversight import bank_daily, statements_late
from chainfin.services.parties import pending
from chainfin.services.payments import incoming, payoff
from chainfin.services.pledges import enforcement, realisation, release, returns, substitution
from chainfin.services.reactions import act_outcomes
from chainfin.storage.away import is_away

DUTIES: tuple[Callable[[Context], int], ...] = (
    applications.expire,
    applications.resume,
    offers.withdraw_under_revoked,
    act_outcomes.expire,
    substitution.expire,
    release.remind,
    credit_notes.take_off_due,
    approvals.expire,
    pending.lapse,
    incoming.place_waiting,
    payoff.attest_due,
    enforcement.expire_due,
    realisation.give_back_due,
    returns.remind,
    end_of_day.run_due,
    bank_daily.run_due,
    statements_late.run_due,
)
"""Each tells how much it moved."""


class Housekeeper:
    """For a `Loop` or stepped by hand (`run_once`). Looks by reads; an idle one takes no writer's lock."""

    def __init__(self, ctx: Context, *, rest_s: float = 0.5) -> None:
        self._ctx = ctx
        self.rest_s = rest_s

    def begin(self, wake: Callable[[], None]) -> None:
        """Nobody but the clock wakes this loop."""

    def turn(self) -> bool:
        """One round, then rest. Raises as `run_once`."""
        self.run_once()
        return False

    def end(self) -> None:
        """Nothing is in hand between two rounds."""

    def run_once(self) -> int:
        """One round. Returns how much moved. A duty that fails doesn't hold up the others; the first failure is raised
        when all have had their turn."""
        moved = 0
        failure: Exception | None = None
        for duty in DUTIES:
            try:
                moved += duty(self._ctx)
            except Exception as error:
                if is_away(error):
                    raise
                failure = failure or error
        if failure is not None:
            raise failure
        return moved
