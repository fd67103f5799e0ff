"""The operator suspends and resumes participants, and pauses kinds of acts: its own acts, like an admission.

What is asked for is an act in the outbox; a party's status and the paused kinds follow its *final* event, as they
follow one that the operator sent with a wallet of its own (ADR 0210). One change of a thing is under way at a time: the
next would be made on a state that nobody knows yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from chainfin.errors import BadInput, Conflict, NotFound
from chainfin.eth.bindings.base import Act
from chainfin.eth.bindings.participants_acts import Pause, Resume, Suspend
from chainfin.rules.act import UNDER_WAY
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.views.acts import ActView
from chainfin.services.views.of_row import shown
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values.party import Kind, PartyState, kind_bits, kinds_in

REASON = "reason"
"""Where an act keeps the operator's reason: it stays here, nothing of it goes on chain."""
CHANGES = (Suspend.FUNCTION, Resume.FUNCTION)


@dataclass(frozen=True, slots=True)
class Change:
    """A change that the operator asked for here, with its reason: of its act what others than the operator may see."""

    id: str
    function: str
    reason: str
    status: str
    error_code: str | None
    error_message: str | None
    created_at: datetime
    final_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A participant's standing on chain, and the newest change of it that was asked for here (None: none, or not for
    this reader)."""

    party_id: str
    status: str
    change: Change | None


@dataclass(frozen=True, slots=True)
class Pauses:
    """The kinds paused at the last final block, and the newest change asked for here (for operator and auditors) with
    the kinds that are paused once it is final."""

    paused: frozenset[Kind]
    change: Change | None
    after: frozenset[Kind]


def suspend(ctx: Context, actor: Actor, party_id: str, reason: str) -> ActView:
    """Stop a participant's new business; what it owes and is owed goes on.

    Raises Forbidden operator_only; NotFound party_unknown; Conflict party_not_admitted, party_already_suspended,
    change_under_way.
    """
    return _change(ctx, actor, party_id, Suspend, reason)


def resume(ctx: Context, actor: Actor, party_id: str, reason: str) -> ActView:
    """Let a suspended participant do business again.

    Raises Forbidden operator_only; NotFound party_unknown; Conflict party_not_admitted, party_not_suspended,
    change_under_way.
    """
    return _change(ctx, actor, party_id, Resume, reason)


def _change(ctx: Context, actor: Actor, party_id: str, change: type[Suspend] | type[Resume], reason: str) -> ActView:
    actor.require_operator()
    with ctx.store.begin() as session:
        party = session.get(PartyRow, party_id, with_for_update=True)
        if party is None:
            raise NotFound("party_unknown", f"there is no participant {party_id}")
        if party.chain_party is None:
            raise Conflict("party_not_admitted", f"{party.name} is not admitted on chain yet")
        _unless_under_way(session, party_id, CHANGES)
        if change is Suspend and party.status == PartyState.SUSPENDED:
            raise Conflict("party_already_suspended", f"{party.name} is suspended")
        if change is Resume and party.status != PartyState.SUSPENDED:
            raise Conflict("party_not_suspended", f"{party.name} is {party.status}")
        return _act(session, ctx, change(party=party.chain_party), party_id, reason)


def standing(ctx: Context, actor: Actor, party_id: str) -> Standing:
    """Whether a participant may do new business; why it may not is for itself, the operator and auditors.

    Raises NotFound party_unknown.
    """
    with ctx.store.read() as session:
        party = session.get(PartyRow, party_id)
        if party is None:
            raise NotFound("party_unknown", f"there is no participant {party_id}")
        may_see = actor.sees_all or actor.party_id == party_id
        newest = _newest(session, party_id, CHANGES) if may_see else None
        return Standing(party_id, party.status, None if newest is None else _change_of(newest))


def change_pauses(ctx: Context, actor: Actor, *, pause: Iterable[Kind], resume: Iterable[Kind], reason: str) -> ActView:
    """Stop new acts of the kinds in ``pause`` and let those in ``resume`` go on; all others stay as they are.

    Raises Forbidden operator_only; BadInput kinds_contradict; Conflict pauses_unchanged, change_under_way.
    """
    actor.require_operator()
    stop, go = kind_bits(pause), kind_bits(resume)
    if stop & go:
        both = ", ".join(kind.name.lower() for kind in sorted(kinds_in(stop & go)))
        raise BadInput("kinds_contradict", f"both paused and resumed: {both}", where="/resume")
    with ctx.store.begin() as session:
        # the act restates the whole bitmap: of two at once one would undo the other
        before = gate.paused_bits(session, lock=True)
        _unless_under_way(session, gate.PAUSES, (Pause.FUNCTION,))
        after = (before | stop) & ~go
        if after == before:
            raise Conflict("pauses_unchanged", "these kinds are paused, or open, already")
        return _act(session, ctx, Pause(kinds=after), gate.PAUSES, reason)


def pauses(ctx: Context, actor: Actor) -> Pauses:
    """What is paused. Every participant may know; why is for the operator and auditors."""
    with ctx.store.read() as session:
        paused = kinds_in(gate.paused_bits(session))
        newest = _newest(session, gate.PAUSES, (Pause.FUNCTION,)) if actor.sees_all else None
        if newest is None:
            return Pauses(paused, None, paused)
        return Pauses(paused, _change_of(newest), kinds_in(Pause.from_params(newest.params).kinds))


def _change_of(row: ActRow) -> Change:
    return shown(Change, row, reason=str(row.extra.get(REASON, "")))


def _act(session: Session, ctx: Context, act: Act, subject: str, reason: str) -> ActView:
    return ActView.of(acts.prepare(session, ctx, party=None, act=act, subject=subject, extra={REASON: reason}))


def _newest(session: Session, subject: str, functions: tuple[str, ...]) -> ActRow | None:
    return session.exec(_asked(subject, functions).order_by(col(ActRow.id).desc()).limit(1)).first()


def _unless_under_way(session: Session, subject: str, functions: tuple[str, ...]) -> None:
    """Raises Conflict change_under_way."""
    waiting = col(ActRow.status).in_(UNDER_WAY)
    act = session.exec(_asked(subject, functions).where(waiting).limit(1)).first()
    if act is not None:
        raise Conflict("change_under_way", f"a change before it ({act.function}) is {act.status}", act=act.id)


def _asked(subject: str, functions: tuple[str, ...]) -> SelectOfScalar[ActRow]:
    return select(ActRow).where(
        ActRow.subject == subject, ActRow.contract == Suspend.CONTRACT, col(ActRow.function).in_(functions)
    )
