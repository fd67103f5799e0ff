"""One act in two forms: what a service is asked, and the same thing said to the contract by the party itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chainfin.eth import eip712


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a contract by the party itself. ``riders``: signatures of others that ride in it."""

    contract: str
    function: str
    params: Mapping[str, Any]
    riders: tuple[eip712.Auth, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.contract}.{self.function}"

    @property
    def data(self) -> bytes:
        return eip712.call_data(self.contract, self.function, self.params, self.riders)


@dataclass(frozen=True, slots=True)
class Deed:
    """``ask`` puts it to the service: None if it is taken, else the code of what is missing where no error says so.
    Raises the service's own errors. ``call`` None: nothing that a party could say to a contract (a day passes, a
    borrower pays). ``said`` is what a person reads of it.
    """

    call: Call | None
    by: str
    said: str
    ask: Callable[[], str | None]
    beside: tuple[str, ...] = ()
    """Parties whom it concerns and whom neither the call nor its signatures name."""

    @property
    def name(self) -> str:
        return "" if self.call is None else self.call.name

    def __str__(self) -> str:
        return f"{self.by}: {self.name}({self.said})"
