"""The one loop: what each kind of trouble makes of it, and that none ends it in silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chainfin.connectors.http import Retry
from chainfin.errors import BadInput, Halted, Unavailable
from chainfin.runtime.loop import Loop, State

AWAY = OperationalError("select name from party", {"name": "hidden"}, Exception("server closed the connection\nmore"))


class Scripted:
    """A driver whose turns are given; when they are over it has nothing to do and rests long."""

    def __init__(self, *script: bool | Exception, rest_s: float = 3600.0, ends: bool = True) -> None:
        self._script = list(script)
        self.rest_s = rest_s
        self._ends = ends
        self.turns = 0
        self.ended = 0
        self.wake: Callable[[], None] = lambda: None

    def begin(self, wake: Callable[[], None]) -> None:
        self.wake = wake

    def turn(self) -> bool:
        self.turns += 1
        step = self._script.pop(0) if self._script else False
        if isinstance(step, Exception):
            if not self._ends:
                self._script.append(step)
            raise step
        return step

    def end(self) -> None:
        self.ended += 1


Make = Callable[..., Loop]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Loop] = []

    def build(driver: Scripted, **options: bool) -> Loop:
        loop = Loop("work", driver, backoff=Retry(base_s=0.005, cap_s=0.005), **options)  # type: ignore[arg-type]  # patient alone is given here
        made.append(loop)
        loop.start()
        return loop

    yield build
    for loop in made:
        loop.stop()


def until(look: Callable[[], bool]) -> None:
    """Wait for it (it fails after a time that no machine should need)."""
    end = time.monotonic() + 30
    while not look():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


def code_of(loop: Loop) -> str:
    with pytest.raises(Unavailable) as caught:
        loop.check()
    return caught.value.code


def test_loop__more_to_do__turns_at_once_and_then_rests(make: Make) -> None:
    driver = Scripted(True, True, False)
    loop = make(driver)
    until(lambda: loop.view.turns == 3)
    loop.check()
    assert loop.view.state is State.RUNNING


def test_loop__woken__looks_at_once(make: Make) -> None:
    driver = Scripted()
    loop = make(driver)
    until(lambda: loop.view.turns == 1)
    driver.wake()
    until(lambda: loop.view.turns == 2)


def test_loop__woken_while_it_turns__the_wake_is_not_lost(make: Make) -> None:
    begun, go = threading.Event(), threading.Event()

    class Slow(Scripted):
        def turn(self) -> bool:
            begun.set()
            assert go.wait(30)
            return super().turn()

    driver = Slow()
    loop = make(driver)
    assert begun.wait(30)
    loop.wake()
    go.set()
    until(lambda: loop.view.turns == 2)


@pytest.mark.parametrize("away", [AWAY, PoolTimeout("every connection is in use")])
def test_loop__database_away__waited_for_and_said(make: Make, away: Exception) -> None:
    driver = Scripted(away, ends=False)
    loop = make(driver)
    until(lambda: loop.view.failures > 2)
    assert loop.view.state is State.WAITING_FOR_DATABASE
    assert code_of(loop) == "database_unreachable"
    assert "party" not in str(loop.view.message), "the statement is nobody's business"
    driver._ends = True
    until(lambda: loop.view.state is State.RUNNING)
    loop.check()


def test_loop__node_away__waited_for_with_its_code(make: Make) -> None:
    loop = make(Scripted(Unavailable("chain_unreachable", "no answer"), ends=False))
    until(lambda: loop.view.state is State.WAITING)
    assert code_of(loop) == "chain_unreachable"


def test_loop__patient__waits_outside_and_is_ready_but_not_without_database(make: Make) -> None:
    bank = make(Scripted(Unavailable("partner_unreachable", "no answer"), ends=False), patient=True)
    until(lambda: bank.view.state is State.WAITING)
    bank.check()
    database = make(Scripted(AWAY, ends=False), patient=True)
    until(lambda: database.view.state is State.WAITING_FOR_DATABASE)
    assert code_of(database) == "database_unreachable"


@pytest.mark.parametrize(
    "error",
    [RuntimeError("secret=x"), BadInput("odd", "what"), IntegrityError("insert", {}, Exception("unique"))],
)
def test_loop__unforeseen_error__failing_is_said_and_it_is_tried_again(make: Make, error: Exception) -> None:
    driver = Scripted(error, ends=False)
    loop = make(driver)
    until(lambda: loop.view.failures > 2)
    assert loop.view.state is State.FAILING
    assert code_of(loop) == "work_failing"
    assert "secret" not in str(loop.view.message)
    driver._ends = True
    until(lambda: loop.view.state is State.RUNNING)
    loop.check()


def test_loop__halted__never_turns_again_and_stays_halted(make: Make) -> None:
    driver = Scripted(Halted("chain_event_not_applied", "block 7"), True, True)
    loop = make(driver)
    until(lambda: loop.view.state is State.HALTED)
    driver.wake()
    loop.stop()
    assert (driver.turns, loop.view.code) == (1, "chain_event_not_applied")
    assert code_of(loop) == "work_halted"
    assert loop.view.state is State.HALTED


def test_loop__thread_dies__is_not_silent(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _args: None)

    class Dying(Scripted):
        def turn(self) -> bool:
            raise SystemExit

    loop = make(Dying())
    until(lambda: loop.view.state is State.HALTED)
    assert (loop.view.code, code_of(loop)) == ("loop_died", "work_halted")


def test_loop__stopped__sees_the_driver_through_once(make: Make) -> None:
    driver = Scripted()
    loop = make(driver)
    until(lambda: loop.view.turns == 1)
    loop.stop()
    loop.stop()
    assert (driver.ended, loop.view.state) == (1, State.STOPPED)


def test_loop__stopped_while_it_backs_off__does_not_wait_for_the_end_of_it() -> None:
    loop = Loop("work", Scripted(AWAY, ends=False), jitter=lambda ceiling: 3600.0)
    loop.start()
    until(lambda: loop.view.failures == 1)
    loop.stop()
    assert loop.view.state is State.STOPPED


def test_loop__not_prepared__start_raises_and_nothing_runs() -> None:
    class Unprepared(Scripted):
        def begin(self, wake: Callable[[], None]) -> None:
            raise Unavailable("chain_behind", "the node has fewer blocks")

    driver = Unprepared()
    loop = Loop("work", driver)
    with pytest.raises(Unavailable, match="chain_behind"):
        loop.start()
    loop.stop()
    assert (driver.turns, loop.view.state) == (0, State.NEW)


def test_backoff__failures_in_a_row__wait_longer_up_to_the_cap_and_begin_anew() -> None:
    ceilings: list[float] = []

    def jitter(ceiling: float) -> float:
        ceilings.append(ceiling)
        return 0.0

    driver = Scripted(*[AWAY] * 6, True, AWAY)
    loop = Loop("work", driver, backoff=Retry(base_s=1.0, cap_s=8.0), jitter=jitter)
    loop.start()
    until(lambda: loop.view.failures == 7 and loop.view.state is State.RUNNING)
    loop.stop()
    assert ceilings == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 1.0]
