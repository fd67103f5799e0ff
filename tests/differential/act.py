"""One act as data: who does what with which parameters. The model and the contracts get the same value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Rider:
    """The counter-signature inside an act: whose it is, and what is wrong with it (usually nothing).

    ``said``: members that it was signed over with other values. ``expired``: its deadline has passed. A registrar signs
    over the trail of the goods as it stands, unless ``said`` has another. ``swapped``: a pledgor signed the same terms
    as the other of `Grant` (a pledge) and `Exchange` (a pledge for sold goods).
    """

    TRAIL: ClassVar[str] = "trail"

    signer: str
    nonce: int
    expired: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """``params`` by the ABI's member names; parties by name. ``at``: seconds by which time moves on before it."""

    PARTY_FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"seller", "to", "payee", "lender", "owner", "party", "debtor", "buyer"}
    )

    contract: str
    function: str
    by: str
    params: Mapping[str, Any]
    rider: Rider | None = None
    wait: int = 0

    @property
    def name(self) -> str:
        return f"{self.contract}.{self.function}"

    def __str__(self) -> str:
        detail = ", ".join(f"{key}={_short(value)}" for key, value in self.params.items())
        after = f"[+{self.wait} s] " if self.wait else ""
        rider = "" if self.rider is None else f" with {self.rider.signer}'s signature"
        if self.rider is not None and (self.rider.expired or self.rider.detail):
            rider += " (expired)" if self.rider.expired else f" (over other {', '.join(self.rider.detail)})"
        if self.rider is not None and self.rider.swapped:
            rider += " (of the other kind)"
        return f"{after}{self.by}: {self.name}({detail}){rider}"


def _short(value: Any) -> str:
    return value.hex()[:8] if isinstance(value, bytes) else str(value)
