"""What a verification found: named checks, each with what was compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from rlp.exceptions import RLPException

from chainfin.errors import ChainfinError

HOSTILE = (
    ChainfinError, RLPException, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError,
    RecursionError, OSError,
)  # fmt: skip
"""What reading a forged value can raise: our own errors, and Python's of a value that is not what it should be.
(OSError: of a time in a year that no clock has.)"""


class State(StrEnum):
    OK = "ok"
    FAILED = "failed"
    NOT_COMPARED = "not_compared"
    """It could not be compared, because what to compare it with was not given (or is not in the file)."""


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison. ``name``: part and thing ("chain: proof of Pledges.Pledged"); ``what``: what was compared."""

    name: str
    state: State
    what: str

    @property
    def ok(self) -> bool:
        return self.state is not State.FAILED


@dataclass(frozen=True, slots=True)
class Report:
    """The checks in the order in which they were made. ``facts``: what is shown, for a reader."""

    checks: tuple[Check, ...]
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Nothing that was compared is wrong, and something was compared."""
        return bool(self.checks) and all(check.ok for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.state is State.FAILED)

    @property
    def not_compared(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.state is State.NOT_COMPARED)


class Findings:
    """Collects checks. Hostile content ends the check that meets it, not the verification."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.facts: dict[str, str] = {}
        self._heading = ""

    def under(self, heading: str) -> Findings:
        """The same collection; what is found through it bears the heading before its name."""
        inner = Findings()
        inner.checks, inner.facts = self.checks, self.facts
        inner._heading = f"{self._heading}{heading}: "
        return inner

    def check(self, name: str, holds: bool, what: str) -> bool:
        self.checks.append(Check(self._heading + name, State.OK if holds else State.FAILED, what))
        return holds

    def equal(self, name: str, found: object, expected: object) -> bool:
        same = type(found) is type(expected) and found == expected
        return self.check(name, same, f"{found}" if same else f"{found} is not {expected}")

    def not_compared(self, name: str, why: str) -> None:
        self.checks.append(Check(self._heading + name, State.NOT_COMPARED, why))

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """An error inside is a failed check of this name."""
        try:
            yield
        except HOSTILE as error:
            self.check(name, False, explain(error))

    def report(self) -> Report:
        return Report(tuple(self.checks), dict(self.facts))


def explain(error: BaseException) -> str:
    """One line for a failed check."""
    if isinstance(error, ChainfinError):
        return str(error)
    return f"malformed: {type(error).__name__} {str(error)[:160]}"
