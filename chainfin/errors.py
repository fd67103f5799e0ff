"""The error tree. Every error carries a stable ``code`` (snake_case) that callers may rely on.

The class says whose move it is (see each docstring); the code says what happened; ``message`` is one line
for a person; ``where`` names the place in the input (a file, an XPath, a JSON pointer, a field).
A refusal by a rule of money or trade is a *value* (`Refusal`); it becomes an exception (`Refused`) only at
an edge that has to stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class ChainfinError(Exception):
    """Base of all errors that this package raises on purpose."""

    def __init__(self, code: str, message: str, *, where: str | None = None, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.details: Mapping[str, object] = details

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.code}: {self.message}{place}"


class BadInput(ChainfinError):
    """What was sent can't be read or breaks its own form. The sender has to change it."""


class Unauthenticated(ChainfinError):
    """Nobody known is speaking: the token is missing, expired or not ours."""


class Forbidden(ChainfinError):
    """Somebody known speaks, but not for this thing."""


class NotFound(ChainfinError):
    """There is no such thing, or none that this caller may see."""


class Conflict(ChainfinError):
    """The state of the thing doesn't admit this now (a transition that isn't in the table, a key in flight)."""


class Refused(ChainfinError):
    """A rule of trade, credit or pledge says no. ``details`` holds the proof."""


class Unavailable(ChainfinError):
    """Something outside (node, bank, registry, database) doesn't answer or is not what it should be."""


class Unknown(ChainfinError):
    """It was sent, and nobody knows yet whether it happened. Never treat as failed; ask again."""


class Halted(ChainfinError):
    """Going on would build on something that isn't so (an event of the chain that can't be applied, another chain than
    before). The work stops for good until a person has looked."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule's "no" as a value: a stable code, a sentence, and the facts that prove it (JSON-able)."""

    code: str
    message: str
    proof: Mapping[str, object] = field(default_factory=dict)

    def error(self) -> Refused:
        error = Refused(self.code, self.message)
        error.details = dict(self.proof)  # not as keywords: a fact may be called "where"
        return error
