"""Bugs in services and rules that the run has to find: each takes away one thing that holds the two sides together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any
from unittest.mock import patch

from sqlmodel import select

from chainfin.errors import Refusal
from chainfin.rules import inventory, order, receivable
from chainfin.services.parties import gate
from chainfin.services.payments import allocation
from chainfin.services.trade import debtor_lines, order_state, receivable_state
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.party_tables import PartyRow
from tests.differential.services.generate_rare import BANK_PAYS

Planted = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class ServiceBug:
    """``plant`` makes of the function ``name`` of ``module`` one that is wrong."""

    title: str
    module: ModuleType
    name: str
    plant: Callable[[Planted], Planted]
    led: tuple[str, ...] = ()
    """What shows the bug, and chance brings late."""

    def planted(self) -> AbstractContextManager[object]:
        """While this is open the bug is there."""
        return patch.object(self.module, self.name, self.plant(getattr(self.module, self.name)))


def _refused(_: Planted) -> Planted:
    return lambda order, _response: Refusal("order_state_wrong", "it is never so")


def _nothing(_: Planted) -> Planted:
    return lambda *_args, **_named: None


def _never(_: Planted) -> Planted:
    return lambda *_args, **_named: False


def _whoever(_: Planted) -> Planted:
    return lambda session, party_id: session.get(PartyRow, party_id)


def _acknowledged(plain: Planted) -> Planted:
    """An acknowledged order forgets what was billed of it before it was amended."""

    def by_events(session: Any, row: Any) -> Any:
        state = plain(session, row)
        told = session.exec(select(ChainEventRow).where(ChainEventRow.subject == row.id)).all()
        newest = max(told, key=lambda event: (event.block_number, event.log_index))
        return order.State.ACKNOWLEDGED if newest.name == "Acknowledged" else state

    return by_events


def _comes_back(plain: Planted) -> Planted:
    def put(session: Any, row: Any, after: Any) -> None:
        plain(session, row, after)
        row.split_away = 0

    return put


def _any_number(plain: Planted) -> Planted:
    """A split into one part or nine goes through."""

    def split(claim: Any, amounts: Any, names: Any, **more: Any) -> Any:
        done = plain(claim, amounts, names, **more)
        if isinstance(done, Refusal) and done.code == "parts_invalid":
            return plain(claim, [replace(amounts[0], minor=1)] * 2, ["0", "1"], **more)
        return done

    return split


def _free_only(plain: Planted) -> Planted:
    """A count's loss is borne by free goods alone."""

    def recount(goods: Any, missing: int, **more: Any) -> Any:
        return plain(goods, min(missing, goods.free) if goods.free else missing, **more)

    return recount


def _anybody(plain: Planted) -> Planted:
    return lambda session, **_: plain(session)


PLANTED: tuple[ServiceBug, ...] = (
    ServiceBug("no order is ever acknowledged", order, "acknowledge", _refused),
    ServiceBug("a cancelled order goes on", order_state, "_cancelled", _never),
    ServiceBug("a suspended party does business", gate, "active_party", _whoever),
    ServiceBug("an acknowledged order isn't billed any more", order_state, "by_events", _acknowledged),
    ServiceBug("a line has no end", debtor_lines, "unless_exceeded", _nothing),
    ServiceBug("a line isn't given back", debtor_lines, "project_give_back", _nothing),
    ServiceBug("a bank attests its own payment", allocation, "bank", _anybody, (BANK_PAYS,)),
    ServiceBug("what was split away comes back", receivable_state, "put", _comes_back),
    ServiceBug("a split has any number of parts", receivable, "split", _any_number, ("Receivables.split",)),
    ServiceBug("a loss stops at what is free", inventory, "recount", _free_only, ("WarehouseReceipts.recount",)),
)
