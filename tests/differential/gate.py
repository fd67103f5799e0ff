"""What the register of parties says before any rule of trade is asked: the model's side of it.

A refusal inside the model is `No`: it carries the code, and nothing of the model has changed by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from chainfin.errors import Refusal
from chainfin.values.money import Money
from chainfin.values.party import Kind, Role
from tests.differential.act import Act, Rider
from tests.differential.parties import PARTIES

T = TypeVar("T")
MAX_AMOUNT = 2**56 - 1


class No(Exception):
    """The act is refused; the argument is the reason's code."""

    @property
    def code(self) -> str:
        return str(self.args[0])


EXCUSED: set[str] = set()
"""Reasons that are looked past, to find what else is wrong with an act (see `Model.reasons`)."""


def need(result: T | Refusal) -> T:
    """The result of a rule, or `No`."""
    if isinstance(result, Refusal):
        raise No(result.code)
    return result


def stop(result: object, *codes: str) -> None:
    """`No` if the rule refused for one of these reasons: they come before the next check."""
    if isinstance(result, Refusal) and result.code in codes:
        demand(False, result.code)


def demand(condition: bool, code: str) -> None:
    if not condition and code not in EXCUSED:
        raise No(code)


def money(value: int, currency: str) -> Money:
    """An amount of the ABI (up to 2^64 - 1) for the rules, whose money ends at 2^63 - 1: both are far too large."""
    return Money(min(value, 2**63 - 1), currency)


def amount(value: int) -> None:
    """An amount of the registers that no Python rule looks at."""
    demand(value > 0, "amount_not_positive")
    demand(value <= MAX_AMOUNT, "amount_too_large")


class Gate:
    """Roles, suspensions and pauses; withdrawn counter-signatures."""

    def __init__(self) -> None:
        self.roles = dict(PARTIES)
        self.suspended: set[str] = set()
        self.paused = 0
        self.withdrawn: set[tuple[str, str, int]] = set()

    def actor(self, who: str) -> None:
        """For exits: only a stranger is refused."""
        demand(who in self.roles, "not_admitted")

    def enter(self, kind: Kind, *who: str) -> None:
        """For new business of ``who``."""
        demand(not self.paused >> kind & 1, "act_paused")
        for party in who:
            demand(party in self.roles, "not_admitted")
            demand(party not in self.suspended, "party_suspended")
            demand(self.roles[party] != Role.AUDITOR, "reads_only")

    def counterpart(self, party: str) -> None:
        """Somebody who gets something without acting."""
        demand(party in self.roles, "party_unknown")
        demand(party not in self.suspended, "party_suspended")

    def role(self, who: str, role: int) -> None:
        demand(bool(self.roles[who] & role), "role_missing")

    def rider(self, act: Act, *, once: bool = False) -> None:
        """The counter-signature: in time, not withdrawn, over this very act. ``once``: it uses up its nonce."""
        rider = act.rider
        assert rider is not None
        demand(not rider.expired, "act_expired")
        demand((rider.signer, act.contract, rider.nonce) not in self.withdrawn, "act_replayed")
        detail = {name: value for name, value in rider.detail.items() if name != Rider.TRAIL}
        genuine = not rider.swapped and all(act.params[name] == value for name, value in detail.items())
        demand(genuine, "signature_invalid")
        if once:
            self.withdrawn.add((rider.signer, act.contract, rider.nonce))

    def revoke(self, contract: str, who: str, params: Mapping[str, int]) -> None:
        for bit in range(256):
            if params["mask"] >> bit & 1:
                self.withdrawn.add((who, contract, params["word"] << 8 | bit))

    def operate(self, act: Act, operator: str) -> None:
        """Acts of the operator: suspend, resume, setRoles, pause."""
        demand(act.by == operator, "not_operator")
        if act.function == "pause":
            self.paused = act.params["kinds"]
            return
        party = act.params["party"]
        if act.function == "setRoles":
            roles = act.params["roles"]
            demand(0 < roles < 1 << 31, "roles_invalid")
            demand(party in self.roles, "party_unknown")
            self.roles[party] = roles
            return
        demand(party in self.roles, "party_unknown")
        if act.function == "suspend":
            demand(party not in self.suspended, "already_suspended")
            self.suspended.add(party)
        else:
            demand(party in self.suspended, "not_suspended")
            self.suspended.remove(party)
