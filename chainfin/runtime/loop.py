"""The one loop that runs every driver: it takes turns, rests, backs off, and always knows what state it is in.

A driver knows its work and nothing of threads; the loop knows threads and nothing of the work. What a driver raises
says what happens next:

* the database is away → wait for it, back off, go on;
* `Unavailable` (a node, a bank doesn't answer) → wait for it, back off, go on;
* `Halted` (going on would build on something that isn't so) → stop for good, and say so;
* anything else is a fault of ours → log it, back off, try again, and say "failing" until a turn succeeds.

A driver that meets a bad *item* parks the item itself and goes on with the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from chainfin.connectors.http import Retry, full_jitter
from chainfin.errors import Halted, Unavailable
from chainfin.storage.away import TROUBLES, is_away, reason, trouble

BACKOFF = Retry(base_s=0.2, cap_s=5.0)
"""How long a loop waits at most after the first, second … failure in a row."""

_log = structlog.get_logger("chainfin.loop")


class Driver(Protocol):
    """One kind of work that is never finished."""

    @property
    def rest_s(self) -> float:
        """Seconds until the next look when there is nothing to do and nobody wakes the loop."""

    def begin(self, wake: Callable[[], None]) -> None:
        """Get ready. ``wake`` makes the loop look at once; it never blocks. What this raises, `Loop.start` raises."""

    def turn(self) -> bool:
        """Do what there is to do. True: look again at once. Raises as the module says."""

    def end(self) -> None:
        """Finish what is in hand; no turn comes after it."""


class State(StrEnum):
    """What a loop is doing."""

    NEW = "new"
    RUNNING = "running"
    WAITING_FOR_DATABASE = "waiting_for_database"
    WAITING = "waiting"
    """For somebody outside: a node, a bank."""
    FAILING = "failing"
    HALTED = "halted"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class View:
    """A loop at one moment. ``code`` and ``message`` say why it isn't running, else they are None; anybody may read
    them, so they are words of ours, never those of a bank or a database."""

    name: str
    state: State
    code: str | None
    message: str | None
    turns: int
    """Turns that ended well, since the process began."""
    failures: int
    """Turns that didn't."""


class Loop:
    """Runs one driver in one thread, from `start` to `stop`."""

    def __init__(
        self,
        name: str,
        driver: Driver,
        *,
        patient: bool = False,
        backoff: Retry = BACKOFF,
        jitter: Callable[[float], float] = full_jitter,
    ) -> None:
        """``patient``: the service counts as ready while this loop waits for somebody outside (a bank that is away
        delays money, and that is all)."""
        self.name = name
        self._driver = driver
        self._patient = patient
        self._backoff = backoff
        self._jitter = jitter
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._in_a_row = 0
        self._view = View(name, State.NEW, None, None, 0, 0)

    @property
    def view(self) -> View:
        """How it stands now."""
        return self._view

    def start(self) -> None:
        """Prepare the driver and begin. Raises what the driver's `begin` raises; RuntimeError if started already."""
        if self._thread is not None:
            raise RuntimeError(f"the loop {self.name} is already started")
        self._stopping.clear()
        self._driver.begin(self.wake)
        self._set(State.RUNNING)
        self._thread = threading.Thread(target=self._run, name=f"loop-{self.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do. Never blocks. A loop that backs off after a failure isn't hurried by it."""
        self._woken.set()

    def stop(self) -> None:
        """End after the turn under way, and let the driver finish what it has in hand. A halted loop stays halted."""
        if self._thread is None:
            return
        self._stopping.set()
        self._woken.set()
        self._thread.join()
        self._thread = None
        try:
            self._driver.end()
        except Exception as error:
            # what was in hand is found again at the next start; whoever stops us has more to take apart
            _log.exception("loop_not_ended_well", loop=self.name, code=_code(error))
        if self._view.state is not State.HALTED:
            self._set(State.STOPPED)

    def check(self) -> None:
        """Raise Unavailable if the service isn't ready because of this loop: <name>_halted, <name>_failing,
        database_unreachable, or the code of what it waits for."""
        view = self._view
        if view.state is State.HALTED:
            raise Unavailable(f"{self.name}_halted", f"{view.code}: {view.message}")
        if view.state is State.FAILING:
            raise Unavailable(f"{self.name}_failing", f"{view.code}: {view.message}")
        outside = view.state is State.WAITING and not self._patient
        if outside or view.state is State.WAITING_FOR_DATABASE:
            raise Unavailable(str(view.code), str(view.message))

    def _run(self) -> None:
        with structlog.contextvars.bound_contextvars(loop=self.name):
            try:
                while not self._stopping.is_set() and self._view.state is not State.HALTED:
                    self._one_turn()
            except BaseException as error:
                # only what ends a whole process comes here; a dead thread must not look like a living one
                self._set(State.HALTED, "loop_died", type(error).__name__, failed=True)
                raise

    def _one_turn(self) -> None:
        self._woken.clear()
        try:
            more = self._driver.turn()
            rest_s = 0.0 if more else self._driver.rest_s
        except Halted as error:
            self._set(State.HALTED, error.code, error.message, failed=True)
            _log.critical("loop_halted", code=error.code, reply=error.message, exc_info=True)
            return
        except Exception as error:
            self._failed(error)
            return
        if self._in_a_row:
            _log.info("loop_goes_on", failures=self._in_a_row)
        self._in_a_row = 0
        self._set(State.RUNNING, turned=True)
        if rest_s:
            self._woken.wait(rest_s)

    def _failed(self, error: Exception) -> None:
        before = self._view.code
        told: dict[str, str] = {}
        self._in_a_row += 1
        database = trouble(error) or (error.code if isinstance(error, Unavailable) and error.code in TROUBLES else None)
        if database is not None:
            told = {"reply": reason(error)} if is_away(error) else {}
            self._set(State.WAITING_FOR_DATABASE, database, TROUBLES[database], failed=True)
        elif isinstance(error, Unavailable):
            self._set(State.WAITING, error.code, "somebody outside does not answer, or not as it should", failed=True)
        else:
            # the text of an unknown error may hold anything: it goes to the log (which redacts), not to callers
            self._set(State.FAILING, _code(error), "an error that nobody foresaw; the log has it", failed=True)
            _log.error("loop_failing", code=_code(error), exc_info=error)
        view = self._view
        if view.state is not State.FAILING and view.code != before:
            # once, not at every try of a night without a bank
            _log.warning("loop_waits", code=view.code, **told)
        self._stopping.wait(self._jitter(self._backoff.ceiling_s(min(self._in_a_row, 16))))

    def _set(
        self,
        state: State,
        code: str | None = None,
        message: str | None = None,
        *,
        turned: bool = False,
        failed: bool = False,
    ) -> None:
        now = self._view
        self._view = View(self.name, state, code, message, now.turns + turned, now.failures + failed)


def _code(error: BaseException) -> str:
    return str(getattr(error, "code", None) or type(error).__name__)
