"""Credit lines on chain: each lender sets its share of what a marked debtor may confirm; confirmations use it up.

The chain counts in minor units of the currency of the debtor's orders and doesn't name it; here it is kept beside.
"""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import Session, col, or_, select

from chainfin.errors import NotFound, Refused, unless_refused
from chainfin.eth.bindings import receivables_acts
from chainfin.rules import debtor_line as rules
from chainfin.rules.act import UNDER_WAY
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.views.acts import ActView
from chainfin.services.views.trade import DebtorLineView
from chainfin.storage import locks
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, LineRow, LineShareRow, OrderRow, ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import Kind, Role


def set_(ctx: Context, actor: Actor, debtor_id: str, limit: Money) -> ActView:
    """The lender sets its share of a debtor's line; zero takes it back. Below what is used it stops new confirmations.

    Less than before goes at any time, also for a lender or a debtor that is suspended or has lost its role.
    Raises Forbidden role_missing, party_not_active; NotFound party_unknown; Refused debtor_not_lined,
    currency_mismatch, amount_too_large.
    """
    lender_id = actor.require()
    with ctx.store.begin() as session:
        share = session.get(LineShareRow, (lender_id, debtor_id))
        if share is not None and limit.minor < share.limit:
            lender, debtor = session.get_one(PartyRow, lender_id), session.get_one(PartyRow, debtor_id)
        else:
            actor.require(Role.LENDER)
            lender = gate.enter(session, lender_id, Kind.PLEDGE)
            debtor = gate.active_party(session, debtor_id)
            if not debtor.roles & Role.LINED:
                raise Refused("debtor_not_lined", f"{debtor.name}'s confirmations draw on no line", debtor=debtor_id)
        row = _locked(session, debtor_id)
        known = _currency(session, row)
        if known is not None and known != limit.currency:
            raise Refused("currency_mismatch", f"the debtor's line is in {known}", currency=known)
        unless_refused(rules.set_share(_value(row), old=0 if share is None else share.limit, new=limit.minor))
        row.currency = limit.currency
        session.add(row)
        act = receivables_acts.SetLine(debtor=acts.chain_number(debtor), limit=limit.minor)
        return ActView.of(acts.prepare(session, ctx, party=lender, act=act, subject=debtor_id))


def unless_exceeded(session: Session, debtor: PartyRow, receivable: ReceivableRow) -> None:
    """A debtor with a credit line can confirm only what the line has room for; confirmations that are on their way to
    the chain count already.

    Raises Refused line_exceeded, currency_mismatch.
    """
    if not debtor.roles & Role.LINED:
        return
    row = _locked(session, debtor.id)
    if row.currency not in (None, receivable.currency):
        raise Refused("currency_mismatch", f"the debtor's line is in {row.currency}", currency=row.currency)
    waiting = session.exec(
        select(ActRow).where(
            ActRow.party_id == debtor.id,
            ActRow.function == receivables_acts.Confirm.FUNCTION,
            ActRow.subject != receivable.id,
            col(ActRow.status).in_(UNDER_WAY),
        )
    )
    under_way = sum(receivables_acts.Confirm.from_params(act.params).face for act in waiting)
    unless_refused(rules.draw(replace(_value(row), used=row.used + under_way), receivable.face))


def _value(row: LineRow) -> rules.Line:
    return rules.Line(row.debtor_id, row.limit, row.used)


def _keep(session: Session, row: LineRow, line: rules.Line) -> None:
    row.limit, row.used = line.limit, line.used
    session.add(row)


def _locked(session: Session, debtor_id: str) -> LineRow:
    return locks.row(session, LineRow, {"debtor_id": debtor_id}, {"limit": 0, "used": 0})


def _currency(session: Session, row: LineRow) -> str | None:
    """The one that a lender named, or that of the debtor's orders."""
    if row.currency is not None:
        return row.currency
    return session.exec(select(OrderRow.currency).where(OrderRow.buyer_id == row.debtor_id).limit(1)).first()


def project_share(session: Session, lender: PartyRow | None, debtor: PartyRow, limit: int, total: int) -> None:
    """A lender's new share of a debtor's line is in a final block. ``total``: all lenders' shares together. ``lender``
    None: one that this service never admitted; its share is known in the total alone."""
    row = _locked(session, debtor.id)
    before = row.limit - total + limit
    _keep(session, row, unless_refused(rules.set_share(_value(row), old=before, new=limit)))
    if lender is not None:
        session.merge(LineShareRow(lender_id=lender.id, debtor_id=debtor.id, limit=limit))


def project_draw(session: Session, receivable: ReceivableRow) -> None:
    """The confirmation is in a final block. If its debtor carries the role LINED at that moment, the confirmed face
    counts against its credit line, until it is paid or credited."""
    if session.get_one(PartyRow, receivable.debtor_id).roles & Role.LINED:
        receivable.lined = True
        row = _locked(session, receivable.debtor_id)
        _keep(session, row, unless_refused(rules.draw(_value(row), receivable.face)))


def project_give_back(session: Session, receivable: ReceivableRow, amount: int) -> None:
    """``amount`` (minor units) of the receivable was paid or credited, in a final block: as much of its debtor's credit
    line is free again, if its confirmation drew on one."""
    if receivable.lined:
        row = _locked(session, receivable.debtor_id)
        _keep(session, row, rules.give_back(_value(row), amount))


def get(ctx: Context, actor: Actor, debtor_id: str) -> DebtorLineView:
    """A debtor's line, for the debtor and for lenders that have set a share of it. Raises NotFound line_unknown."""
    with ctx.store.read() as session:
        row = session.get(LineRow, debtor_id)
        mine = row is not None and (
            actor.sees_all
            or actor.party_id == debtor_id
            or session.get(LineShareRow, (str(actor.party_id), debtor_id)) is not None
        )
        if row is None or not mine:
            raise NotFound("line_unknown", f"there is no line of {debtor_id}")
        return _view(session, actor, row)


def list_(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[DebtorLineView]:
    """The actor's own line, and the lines of which it has set a share."""
    key = col(LineRow.debtor_id)
    query = select(LineRow).where(key > after).order_by(key).limit(limit)
    if not actor.sees_all:
        shared = select(LineShareRow.debtor_id).where(LineShareRow.lender_id == actor.party_id)
        query = query.where(or_(key == actor.party_id, key.in_(shared)))
    with ctx.store.read() as session:
        return [_view(session, actor, row) for row in session.exec(query)]


def _view(session: Session, actor: Actor, row: LineRow) -> DebtorLineView:
    shares = select(LineShareRow).where(LineShareRow.debtor_id == row.debtor_id).order_by(col(LineShareRow.lender_id))
    if not (actor.sees_all or actor.party_id == row.debtor_id):
        shares = shares.where(LineShareRow.lender_id == actor.party_id)
    return DebtorLineView.of(row, _currency(session, row), session.exec(shares).all())
