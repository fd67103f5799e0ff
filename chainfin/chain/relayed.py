"""A signed act as it stands in the outbox, and the bytes with which its contract is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chainfin.errors import BadInput
from chainfin.eth.bindings.base import Act
from chainfin.eth.bindings.registry import ACTS
from chainfin.eth.eip712 import Auth, call_data
from chainfin.services.kernel import commands
from chainfin.services.kernel.commands import SendAct
from chainfin.storage.ledger_tables import OutboxRow

_BY_CALL: Final[Mapping[tuple[str, str], type[Act]]] = {(act.CONTRACT, act.RELAYED): act for act in ACTS.values()}
"""(contract, function that anyone may call with the signatures) to the act."""


@dataclass(frozen=True, slots=True)
class Relayed:
    """An act with the signatures that it needs, the acting party's own last."""

    act: Act
    auths: tuple[Auth, ...]

    @property
    def contract(self) -> str:
        return self.act.CONTRACT

    def call_data(self) -> bytes:
        """Raises BadInput: act_auths_missing, act_param_invalid."""
        return call_data(self.contract, self.act.RELAYED, self.act.params(), self.auths)


def relayed(row: OutboxRow) -> Relayed:
    """The act that a command of the topic `SendAct` holds; the row's subject is its id.

    Raises BadInput: payload_malformed, act_unknown, binding_member_missing, binding_member_invalid, act_param_missing,
    act_param_invalid, address_invalid, hex_invalid.
    """
    command = commands.parse(SendAct, row.payload)
    act = _BY_CALL.get((command.contract, command.function))
    if act is None:
        raise BadInput("act_unknown", f"{command.contract} has no act {command.function!r}")
    return Relayed(act.from_params(command.params), tuple(Auth.from_json(raw) for raw in command.auths))
