"""Two persons decide at once, each by a process of its own: one of them does, and the effect happens once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select

from chainfin.errors import ChainfinError, Refused
from chainfin.services.kernel import approvals
from chainfin.services.kernel.context import Actor, Clock, Context
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.party_tables import FactRow, PersonRow
from chainfin.storage.store import Store
from chainfin.storage.vault import Vault
from chainfin.values.party import first_person

ADDRESS = "0x" + "00" * 19 + "01"
AT = datetime(2026, 11, 1, tzinfo=UTC)


def context(store: Store, home: Path) -> Context:
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


def person(name: str) -> Actor:
    return Actor("operator", None, person_id=name)


def ask(ctx: Context) -> str:
    """What the operator's first person proposes, with three others to decide. The proposal's id."""
    with ctx.store.begin() as session:
        for name in ("per_a", "per_b", "per_c"):
            session.merge(PersonRow(id=name, name="", confirmed=True, created_at=AT))
    with ctx.store.begin() as session:
        first = person(first_person(None))
        return approvals.propose(session, ctx, first, kind="count", subject="it", payload={}, reason="why").id


def counted(session: Session, _ctx: Context, proposal: ProposalRow) -> None:
    """An effect that tells how often it happened."""
    row = session.get(FactRow, proposal.id)
    session.merge(FactRow(name=proposal.id, value={"times": 1 if row is None else int(str(row.value["times"])) + 1}))


def at_once(attempts: list[Callable[[], object]]) -> list[str]:
    """Run all together; the codes of those that were refused."""
    gate, codes = threading.Barrier(len(attempts)), list[str]()

    def run(attempt: Callable[[], object]) -> None:
        gate.wait(30)
        try:
            attempt()
        except ChainfinError as refused:
            codes.append(refused.code)

    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return codes


def test_approve_and_reject__at_once__one_decision_and_at_most_one_effect(store: Store, tmp_path: Path) -> None:
    with closing(Store(store.url)) as other:
        mine, theirs = context(store, tmp_path), context(other, tmp_path)
        for _ in range(8):
            proposal_id = ask(mine)

            def yes(ctx: Context, who: str, of: str = proposal_id) -> Callable[[], object]:
                return lambda: approvals.approve(ctx, person(who), of, reason="yes", effects={"count": counted})

            def no(ctx: Context, who: str, of: str = proposal_id) -> Callable[[], object]:
                return lambda: approvals.reject(ctx, person(who), of, reason="no")

            codes = at_once([yes(mine, "per_a"), yes(theirs, "per_b"), no(theirs, "per_c")])
            assert codes == ["proposal_not_open"] * 2
            with store.read() as session:
                row = session.get_one(ProposalRow, proposal_id)
                happened = session.get(FactRow, proposal_id)
            assert row.decided_by in ("per_a", "per_b", "per_c")
            assert row.evidence is not None
            assert (happened is None) == (row.status == "rejected")
            assert happened is None or happened.value == {"times": 1}


def test_approve__the_effect_is_refused__nothing_is_decided(store: Store, tmp_path: Path) -> None:
    ctx = context(store, tmp_path)
    proposal_id = ask(ctx)

    def refusing(session: Session, ctx: Context, proposal: ProposalRow) -> None:
        counted(session, ctx, proposal)
        raise Refused("not_now", "something is in the way")

    with pytest.raises(Refused) as refused:
        approvals.approve(ctx, person("per_a"), proposal_id, reason="yes", effects={"count": refusing})
    assert refused.value.code == "not_now"
    with store.read() as session:
        row = session.get_one(ProposalRow, proposal_id)
        assert (row.status, row.decided_by, row.evidence) == ("open", None, None)
        assert session.exec(select(FactRow)).all() == []
