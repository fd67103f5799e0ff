"""What can come of asking somebody outside: one of four answers, never a guess.

* `Done` – it happened (or was answered), and the partner signed for it.
* `Refused` – the partner says no, signed; asking again the same way is pointless.
* `Unavailable` – it was never sent, so it can't have happened; try again later.
* `Unknown` – it was sent, and nobody knows whether it happened; ask (query), never do it again blindly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeAlias, TypeVar

from chainfin.storage import types

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """It happened; ``value`` is what the partner answered."""

    value: T


@dataclass(frozen=True, slots=True)
class Refused:
    """The partner's definite no: a stable code and one line for a person."""

    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, and unanswered or answered in a way that proves nothing. ``answered``: there is an answer, and it can't be
    taken in (it is of another form, about something else, or we fail on it): asking for ever won't help."""

    code: str
    message: str
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Never sent (or turned away unread): nothing has happened."""

    code: str
    message: str


Outcome: TypeAlias = Done[T] | Refused | Unknown | Unavailable


def storable(outcome: Outcome[dict[str, object]]) -> Outcome[dict[str, object]]:
    """The answer with all of its text as both databases can keep it (what the partner signed is JSON, where any
    character is escaped, and stays as it is)."""
    match outcome:
        case Done(value):
            return Done({name: _storable(each) for name, each in value.items()})
        case Refused(code, message, details):
            return Refused(types.storable(code), types.storable(message), details)
        case Unknown(code, message) | Unavailable(code, message):
            return replace(outcome, code=types.storable(code), message=types.storable(message))


def _storable(value: object) -> object:
    if isinstance(value, str):
        return types.storable(value)
    if isinstance(value, dict):
        return {types.storable(name): _storable(each) for name, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list) else value


def then(outcome: Outcome[T], step: Callable[[T], Outcome[U]]) -> Outcome[U]:
    """Go on with the value of a `Done`; hand anything else through unchanged."""
    return step(outcome.value) if isinstance(outcome, Done) else outcome
