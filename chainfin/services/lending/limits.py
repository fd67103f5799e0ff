"""Credit limits: set by a lender, held when an offer is made, used at the payout, freed afterwards.

Taking from a lender's limits needs a shared lock (`_shared`); setting a limit for the first time needs an exclusive
one, since it counts the loans that exist already. Rows are locked in the order of their ids, so that two holds never
wait for each other; the table's CHECK is the last line against a breach.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlmodel import Session, col, select

from chainfin.errors import BadInput, Refusal, Refused
from chainfin.rules import facility as rules
from chainfin.rules.facility import Held, Hold, HoldState, Limit, LimitKind, Position
from chainfin.services.kernel import announcing, approvals
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties.gate import active_party
from chainfin.services.views.lending import LimitView
from chainfin.storage import locks
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.lending_tables import ApplicationRow, HoldRow, LimitRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.storage.types import new_id
from chainfin.values.event_kind import EventKind
from chainfin.values.money import Money
from chainfin.values.party import Role

LIMIT = "limit"
"""The kind of a proposal to raise a limit."""


def set_(ctx: Context, actor: Actor, *, kind: str, key: str, amount: Money, grade: str | None = None) -> LimitView:
    """Set the lender's own limit on a party (kind ``lender``: on itself) and the grade (A–D) that its underwriter
    gives; no ``grade`` leaves the grade as it is.

    A limit that is set for the first time counts what was lent before. It can be lowered at any time, also for or about
    a suspended party, and also below what is outstanding: that stands, and nothing new goes out until it has shrunk.
    Of a lender of two persons, more than before (or a better grade) waits for the second one's word (``proposal_id``);
    a limit on a debtor or borrower that is new stands at zero until then. One of zero lets nothing new out.
    Raises Forbidden role_missing, party_not_active, person_missing, person_not_active, person_not_confirmed; BadInput
    limit_kind_unknown; NotFound party_unknown.
    """
    lender_id = actor.require(Role.LENDER)
    if kind not in ("debtor", "borrower", "lender"):
        raise BadInput("limit_kind_unknown", f"{kind!r} is none of debtor, borrower, lender", where="kind")
    limit_kind = LimitKind(kind)
    with ctx.store.begin() as session:
        # of two that set the same limit for the first time one finds the other's; and nobody takes meanwhile
        locks.named(session, f"limits:{lender_id}")
        row = _find(session, lender_id, limit_kind, key, amount.currency)
        if row is None or amount > _position(row).limit.amount:
            active_party(session, lender_id)
            active_party(session, key)
        raises = _raises(row, limit_kind, amount, grade)
        if row is None:
            row = LimitRow(
                id=new_id("lim"),
                cell=ctx.cell,
                lender_id=lender_id,
                kind=limit_kind.value,
                key=key,
                currency=amount.currency,
                amount=0,
                updated_at=ctx.clock.now(),
            )
            _take_over(session, row)
            _limit_to(row, 0)
        if raises and approvals.two_persons(session, lender_id):
            session.add(row)
            session.flush()
            row.proposal_id = _propose(session, ctx, actor, row, amount, grade).id
            session.add(row)
            return LimitView.of(row)
        row.proposal_id = None  # what was proposed before is outdated
        _change(session, ctx, row, amount, grade)
        return LimitView.of(row)


def _raises(row: LimitRow | None, kind: LimitKind, amount: Money, grade: str | None) -> bool:
    """Whether more may be lent than before. A lender's first limit on itself takes away."""
    if row is None:
        return kind is not LimitKind.LENDER and (amount.minor > 0 or grade is not None)
    better = grade is not None and (row.grade is None or grade < row.grade)
    return better or amount > _position(row).limit.amount


def _propose(
    session: Session, ctx: Context, actor: Actor, row: LimitRow, amount: Money, grade: str | None
) -> ProposalRow:
    payload = {
        "kind": row.kind,
        "key": row.key,
        "amount": str(amount),
        "currency": amount.currency,
        "instead_of": str(_position(row).limit.amount),
        "grade": grade,
    }
    reason = "a limit is raised by two persons"
    return approvals.propose(session, ctx, actor, kind=LIMIT, subject=row.id, payload=payload, reason=reason)


def raise_(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved what `set_` asked for. Raises Refused limit_changed_since (set or asked for anew
    meanwhile); Forbidden party_not_active."""
    locks.named(session, f"limits:{proposal.party_id}")
    row = session.get_one(LimitRow, proposal.subject, with_for_update=True)
    if row.proposal_id != proposal.id:
        raise Refused("limit_changed_since", "the limit was set, or asked for, anew since")
    active_party(session, row.lender_id)
    active_party(session, row.key)
    grade = proposal.payload["grade"]
    amount = Money.parse(str(proposal.payload["amount"]), row.currency)
    _change(session, ctx, row, amount, None if grade is None else str(grade))


def _change(session: Session, ctx: Context, row: LimitRow, amount: Money, grade: str | None) -> None:
    _limit_to(row, amount.minor)
    row.grade = grade or row.grade
    row.updated_at = ctx.clock.now()
    session.add(row)
    said = {"limit_id": row.id, "kind": row.kind, "key": row.key, "amount": str(amount), "currency": amount.currency}
    announcing.say(session, ctx, EventKind.LIMIT, row.id, [row.lender_id], said)


def _take_over(session: Session, row: LimitRow) -> None:
    """A new limit counts the loans and offers that exist already. Each of them has exactly one hold on a mandate, and
    is found by it."""
    query = (
        select(HoldRow)
        .join(LimitRow, col(LimitRow.id) == col(HoldRow.limit_id))
        .join(ApplicationRow, col(ApplicationRow.id) == col(HoldRow.application_id))
        .where(
            LimitRow.kind == LimitKind.MANDATE.value,
            LimitRow.lender_id == row.lender_id,
            LimitRow.currency == row.currency,
            HoldRow.state != HoldState.FREED.value,
        )
    )
    if row.kind == LimitKind.BORROWER.value:
        query = query.where(ApplicationRow.borrower_id == row.key)
    elif row.kind == LimitKind.DEBTOR.value:
        query = query.join(ReceivableRow, col(ReceivableRow.id) == col(ApplicationRow.asset_id))
        query = query.where(ReceivableRow.debtor_id == row.key)
    elif row.key != row.lender_id:
        return  # of another lender nothing is lent here
    session.add(row)
    for taken in session.exec(query).all():
        row.held += taken.amount if taken.state == HoldState.HELD else 0
        row.used += taken.amount if taken.state == HoldState.USED else 0
        session.add(
            HoldRow(
                id=new_id("hld"),
                application_id=taken.application_id,
                limit_id=row.id,
                amount=taken.amount,
                state=taken.state,
                updated_at=row.updated_at,
            )
        )


def _shared(session: Session, lender_id: str) -> None:
    """A shared lock: others may take from the lender's limits at the same time, but nobody may set a new one."""
    locks.named(session, f"limits:{lender_id}", shared=True)


def _limit_to(row: LimitRow, amount: int) -> None:
    """``amount`` never falls below the exposure (a CHECK of the database holds that); a lower figure that the lender
    set is kept in ``lowered_to``."""
    exposure = row.held + row.used
    row.amount = max(amount, exposure)
    row.lowered_to = amount if amount < exposure else None


def _find(session: Session, lender_id: str, kind: LimitKind, key: str, currency: str) -> LimitRow | None:
    return session.exec(
        select(LimitRow)
        .where(
            LimitRow.lender_id == lender_id,
            LimitRow.kind == kind.value,
            LimitRow.key == key,
            LimitRow.currency == currency,
        )
        .with_for_update()
    ).one_or_none()


def applicable(
    session: Session,
    lender_id: str,
    currency: str,
    *,
    borrower_id: str,
    debtor_id: str | None,
    mandate_ids: Collection[str],
    also: Collection[str] = (),
) -> list[LimitRow]:
    """The lender's limits that a loan would take from under any of the mandates (see `under`), locked, in the order of
    their ids. ``also``: ids of limits that are to be freed in the same transaction, locked with them."""
    _shared(session, lender_id)
    keys = [(LimitKind.LENDER, lender_id), (LimitKind.BORROWER, borrower_id)]
    keys += [(LimitKind.MANDATE, mandate_id) for mandate_id in mandate_ids]
    if debtor_id is not None:
        keys.append((LimitKind.DEBTOR, debtor_id))
    wanted = {(kind.value, key) for kind, key in keys}
    rows = session.exec(
        select(LimitRow)
        .where(
            (
                (col(LimitRow.lender_id) == lender_id)
                & (col(LimitRow.currency) == currency)
                & col(LimitRow.key).in_([key for _, key in keys])
            )
            | col(LimitRow.id).in_(also)
        )
        .order_by(col(LimitRow.id))
        .with_for_update()
    ).all()
    return [
        row for row in rows if (row.kind, row.key) in wanted and (row.lender_id, row.currency) == (lender_id, currency)
    ]


def under(rows: Sequence[LimitRow], mandate_id: str) -> list[LimitRow]:
    """Of what is `applicable` the limits of a loan under this mandate: those of other mandates don't count."""
    return [row for row in rows if row.kind != LimitKind.MANDATE or row.key == mandate_id]


def headroom(row: LimitRow) -> int:
    """What may still be held of the limit, minor units."""
    return _position(row).headroom.minor


def hold(
    session: Session, ctx: Context, application_id: str, rows: Sequence[LimitRow], amount: Money
) -> Refusal | None:
    """Hold ``amount`` of every limit for the application, or of none. ``rows`` are locked by `applicable`."""
    if not rows:
        return None
    outcome = rules.hold([_position(row) for row in rows], application_id, amount)
    if isinstance(outcome, Refusal):
        return outcome
    holds = [
        HoldRow(id=new_id("hld"), application_id=application_id, limit_id=row.id, amount=0, updated_at=ctx.clock.now())
        for row in rows
    ]
    _keep(session, ctx, list(zip(holds, rows, strict=True)), outcome)
    return None


def unless_held(session: Session, application_id: str) -> Refusal | None:
    """Why the money that is held for an application may not go out now: it is held no more, or a limit was lowered
    below what is held and used of it. Refusals: limit_not_held, limit_lowered."""
    rows = _locked(session, application_id)
    held = _hold_of(application_id, rows)
    if held is None or held.state is not HoldState.HELD:
        return Refusal("limit_not_held", "no limit is held for this loan", {"application": application_id})
    return rules.still_within([_position(limit) for _, limit in rows])


def use(session: Session, ctx: Context, application_id: str) -> None:
    """The money went out: what was held is used. Doing it twice uses it once."""
    rows = _locked(session, application_id)
    held = _hold_of(application_id, rows)
    if held is not None and held.state is HoldState.HELD:
        _keep(session, ctx, rows, rules.use(held, [_position(limit) for _, limit in rows]))


def free(session: Session, ctx: Context, application_id: str) -> None:
    """Expired, refused, failed or repaid: give everything back. Doing it twice gives back once."""
    rows = _locked(session, application_id)
    held = _hold_of(application_id, rows)
    if held is not None and held.state is not HoldState.FREED:
        _keep(session, ctx, rows, rules.free(held, [_position(limit) for _, limit in rows]))


def give_back(session: Session, ctx: Context, application_id: str, amount: Money) -> None:
    """``amount`` of the principal came back: it may be lent again."""
    rows = _locked(session, application_id)
    held = _hold_of(application_id, rows)
    if held is not None and held.state is HoldState.USED:
        back = min(amount, held.amount)
        _keep(session, ctx, rows, rules.free(held, [_position(limit) for _, limit in rows], back))


_Rows = list[tuple[HoldRow, LimitRow]]
"""What an application has of each limit, with the limit."""


def _locked(session: Session, application_id: str) -> _Rows:
    _shared(session, session.get_one(ApplicationRow, application_id).lender_id)
    rows = session.exec(
        select(HoldRow, LimitRow)
        .where(HoldRow.application_id == application_id, col(LimitRow.id) == col(HoldRow.limit_id))
        .order_by(col(LimitRow.id))
        .with_for_update()
    ).all()
    return [(held, limit) for held, limit in rows]


def _position(row: LimitRow) -> Position:
    amount = row.amount if row.lowered_to is None else row.lowered_to
    limit = Limit(LimitKind(row.kind), row.key, Money(amount, row.currency))
    return Position(limit, Money(row.held, row.currency), Money(row.used, row.currency))


def _hold_of(application_id: str, rows: _Rows) -> Hold | None:
    """The application's hold as a value: it takes the same of each of its limits."""
    if not rows:
        return None
    parts = {(held.amount, held.state) for held, _ in rows}
    assert len(parts) == 1, f"the hold of {application_id} takes the same of all its limits"
    ((amount, state),) = parts
    names = tuple(sorted(_position(limit).limit.name for _, limit in rows))
    return Hold(application_id, names, Money(amount, rows[0][1].currency), HoldState(state))


def _keep(session: Session, ctx: Context, rows: _Rows, after: Held) -> None:
    """Write back what the rule made of a hold and its limits."""
    positions = {position.limit.name: position for position in after.positions}
    now = ctx.clock.now()
    for held, limit in rows:
        position = positions[_position(limit).limit.name]
        limit.held, limit.used = position.held.minor, position.used.minor
        _limit_to(limit, position.limit.amount.minor)
        held.amount, held.state = after.hold.amount.minor, after.hold.state.value
        held.updated_at = limit.updated_at = now
        session.add(limit)
        session.add(held)
    session.flush()
