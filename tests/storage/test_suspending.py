"""Two processes of the operator's ask at once, each with connections of its own: one act for each thing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import select

from chainfin.errors import Conflict
from chainfin.services.kernel.context import OPERATOR, Clock, Context
from chainfin.services.parties import gate as gate_service
from chainfin.services.parties import suspension
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.store import Store
from chainfin.storage.trade_tables import ActRow
from chainfin.storage.vault import Vault
from chainfin.values.party import Kind

ADDRESS = "0x" + "00" * 19 + "01"


def _context(store: Store, home: Path) -> Context:
    return Context(
        store=store,
        vault=Vault.open(home),
        clock=Clock(),
        cell="c0",
        chain_id=1,
        contracts={"Participants": ADDRESS},
        operator_address=ADDRESS,
        registrar_address=ADDRESS,
    )


def _refusals(attempts: list[Callable[[], object]]) -> list[str]:
    """Run all together; the codes of those that were refused."""
    gate, codes = threading.Barrier(len(attempts)), list[str]()

    def run(attempt: Callable[[], object]) -> None:
        gate.wait(30)
        try:
            attempt()
        except Conflict as conflict:
            codes.append(conflict.code)

    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return codes


def test_suspend_and_pause__by_two_processes_at_once__one_act_each(store: Store, tmp_path: Path) -> None:
    with store.begin() as session:
        party = PartyRow(
            id="pty_1", cell="c0", name="Invented", legal_scheme="LEI", legal_value="1", commitment="1",
            commitment_salt="", roles=2, address="0x1", chain_party=1, account="A", status="active",
            created_at=datetime(2026, 11, 1, tzinfo=UTC),
        )  # fmt: skip
        session.add(party)
    with closing(Store(store.url)) as other:
        both = [_context(each, tmp_path) for each in (store, other)]
        asked = [(lambda ctx=ctx: suspension.suspend(ctx, OPERATOR, "pty_1", "now")) for ctx in both]
        assert _refusals([*asked, *asked]) == ["change_under_way"] * 3
        kinds = zip(both, (Kind.ORDER, Kind.PLEDGE), strict=True)
        paused = [
            (lambda ctx=ctx, kind=kind: suspension.change_pauses(ctx, OPERATOR, pause=[kind], resume=[], reason="now"))
            for ctx, kind in kinds
        ]
        assert _refusals([*paused, *paused]) == ["change_under_way"] * 3
    with store.begin() as session:
        assert sorted(act.function for act in session.exec(select(ActRow))) == ["pause", "suspend"]
        gate_service.project(session, 1 << Kind.PLEDGE | 1 << 200)
    with store.begin() as session:
        gate_service.project(session, 1 << Kind.PLEDGE | 1 << 200)
        assert gate_service.paused_bits(session, lock=True) == 1 << Kind.PLEDGE | 1 << 200
