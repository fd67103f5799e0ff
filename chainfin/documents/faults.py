"""What is wrong with a document, collected, so that a reader tells all of it at once and not the first fault only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from chainfin.documents.parts import Breach
from chainfin.errors import BadInput

T = TypeVar("T")

MAX_TOLD: Final = 100
"""A file with ten thousand bad lines is told as what it is: a hundred faults, and how many more."""


class Faults:
    """The faults of one document, in the order in which they were found."""

    def __init__(self) -> None:
        self._found: list[BadInput] = []

    def take(self, read: Callable[[], T]) -> T | None:
        """What ``read`` returns; None where it raises BadInput, which is kept."""
        try:
            return read()
        except BadInput as error:
            self._found.append(error)
            return None

    def add(self, fault: BadInput) -> None:
        self._found.append(fault)

    def add_breaches(self, breaches: Iterable[Breach]) -> None:
        """Where anything is wrong already, the rules of a standard that the document breaks besides."""
        told = {fault.details.get("rule") for fault in self._found}
        for each in breaches if self._found else ():
            if each.rule not in told:
                self.add(BadInput("document_inconsistent", each.message, where=each.where, rule=each.rule))

    def error(self) -> BadInput:
        """All faults as one error: code and place are the first one's, ``faults`` in its details has them all."""
        first, *others = self._found
        if not others:
            return first
        message = f"{first.message}; and {len(others)} more"
        told = [_told(each) for each in self._found[:MAX_TOLD]]
        return BadInput(first.code, message, where=first.where, faults=told)

    def stop(self) -> None:
        """Raises BadInput where anything was found."""
        if self._found:
            raise self.error()


def faults_of(error: BadInput) -> list[Mapping[str, object]]:
    """Each fault of an error that a reader raised: its code, its message, where, and the rule that it breaks if any."""
    told = error.details.get("faults")
    return list(told) if isinstance(told, list) else [_told(error)]


def _told(error: BadInput) -> Mapping[str, object]:
    stated = {"code": error.code, "message": error.message, "where": error.where, "rule": error.details.get("rule")}
    return {name: value for name, value in stated.items() if value is not None}
