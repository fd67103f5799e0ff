"""The driver of what time alone brings about: offers, unsigned acts and days end, what was left behind is taken up."""

from __future__ import annotations

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from chainfin.services.kernel.context import Context
from chainfin.services.lending import applications, end_of_day
from chainfin.services.payments import incoming
from chainfin.services.pledges import substitution
from chainfin.services.reactions import act_outcomes

_log = structlog.get_logger("chainfin.housekeeping")


class Housekeeper:
    """`run_once` for tests, `start` and `stop` for service. Looks by reads; an idle one takes no writer's lock."""

    def __init__(self, ctx: Context, *, poll_s: float = 0.5) -> None:
        self._ctx = ctx
        self._poll_s = poll_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        """What ended the loop, if it wasn't `stop`."""

    def run_once(self) -> int:
        """One round. Returns how much moved."""
        ended = applications.expire(self._ctx) + applications.resume(self._ctx) + act_outcomes.expire(self._ctx)
        ended += substitution.expire(self._ctx) + incoming.place_waiting(self._ctx)
        return ended + end_of_day.run_due(self._ctx)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._loop, name="housekeeping", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _loop(self) -> None:
        try:
            while not self._stop.wait(self._poll_s):
                try:
                    self.run_once()
                except SQLAlchemyError:
                    # The database comes back or it doesn't; what had to be done is still to be done.
                    _log.exception("housekeeping failed in the database; trying again")
        except BaseException as error:
            self.failure = error
            _log.critical("housekeeping has stopped", exc_info=True)
            raise
