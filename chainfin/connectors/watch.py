"""Follows the bank's incoming payments from a stored cursor and hands them on, each once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from chainfin.connectors.outcome import Done, Outcome
from chainfin.connectors.payment_rail import IncomingPage, PaymentRail

log = logging.getLogger(__name__)


class IncomingWatch:
    """Polls the rail. The services keep the cursor.

    ``on_page`` must commit the payments *and* ``next_cursor`` together, so that a crash between two pages repeats none
    and loses none.
    """

    def __init__(
        self,
        rail: PaymentRail,
        cursor: Callable[[], int],
        on_page: Callable[[IncomingPage], None],
        *,
        poll_s: float = 1.0,
        limit: int = 200,
    ) -> None:
        self._rail = rail
        self._cursor = cursor
        self._on_page = on_page
        self._poll_s = poll_s
        self._limit = limit
        self._event = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        self.last_trouble: str | None = None
        """Why the last look at the rail gave nothing, or None."""

    def run_once(self) -> int:
        """Take all that is there; the number of payments handed on."""
        taken = 0
        while True:
            page: Outcome[IncomingPage] = self._rail.incoming(self._cursor(), self._limit)
            if not isinstance(page, Done):
                self.last_trouble = f"{page.code}: {page.message}"
                log.warning("incoming payments can't be read: %s", self.last_trouble)
                return taken
            self.last_trouble = None
            if page.value.items or page.value.through is not None:
                self._on_page(page.value)
            if not page.value.items:
                return taken
            taken += len(page.value.items)

    def start(self) -> None:
        """Watch in a thread until `stop`."""
        self._thread = threading.Thread(target=self._loop, name="incoming-watch", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now."""
        self._event.set()

    def stop(self) -> None:
        self._stopping = True
        self.wake()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _loop(self) -> None:
        try:
            while not self._stopping:
                try:
                    self.run_once()
                except SQLAlchemyError as error:
                    # The database comes back or it doesn't; nothing was taken in, so the cursor stands where it stood.
                    self.last_trouble = f"database_failed: {error}"
                    log.exception("incoming payments could not be stored; trying again")
                self._event.wait(self._poll_s)
                self._event.clear()
        except BaseException as error:
            self.failure = error
            log.critical("the watch on incoming payments has stopped: %s", error, exc_info=True)
            raise
