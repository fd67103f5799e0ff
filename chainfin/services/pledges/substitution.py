"""Pledged goods are sold: the receivable of the sale takes their place under the same loan, in one transaction.

offered → registering → pledging → done; offered → expired | withdrawn; registering, pledging → failed. The lender
offers what it would take (its own signature comes at the end), the pledgor grants it, the statutory registry files it,
then both signatures go to the chain. The book isn't touched: the loan owes on as before, secured by something else.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sqlmodel import Session, col, or_, select

from chainfin.errors import Conflict, NotFound, Refused, unless_refused
from chainfin.eth import eip712
from chainfin.eth.bindings import pledges_acts
from chainfin.rules import pledge as pledges
from chainfin.rules import substitution as rules
from chainfin.rules.act import ActEvent
from chainfin.rules.inventory import PledgedGoods, WarehouseReceipt
from chainfin.rules.loan import LoanState, accrue
from chainfin.rules.loan.state import ACCRUING
from chainfin.rules.substitution import GRANTED, SubstitutionEvent, SubstitutionState
from chainfin.services.books import loan_book
from chainfin.services.goods import receipts, redemption
from chainfin.services.kernel import act_state, acts, in_flight, pledge_rows
from chainfin.services.kernel.commands import RegisterSubstitute
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.pledges import assets, cover, register
from chainfin.services.trade import receivable_state
from chainfin.services.trade.receivable_asset import ReceivableAsset
from chainfin.services.views.acts import ActView
from chainfin.services.views.pledges import SubstitutionView
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow, SubstitutionRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow, WarehouseReceiptRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money
from chainfin.values.party import Kind, Role

LIFETIME = timedelta(hours=24)
"""How long an offer stands."""


def offer(
    ctx: Context, actor: Actor, *, sold_id: str, quantity: Decimal, receivable_id: str, amount: Money
) -> SubstitutionView:
    """The lender of pledge ``sold_id`` offers to set ``quantity`` of its goods free, against a pledge over ``amount``
    of the receivable of their sale. Nothing is reserved before the pledgor has granted it.

    Raises Forbidden role_missing; NotFound pledge_unknown, receivable_unknown (one that the pledgor doesn't hold is as
    unknown as none); BadInput quantity_…; Conflict receivable_not_final; Refused not_lender, pledge_state_wrong,
    not_over_goods, pledge_not_drawn, pledge_without_loan, currency_mismatch, exceeds_pledged, receivable_state_wrong,
    lender_is_debtor, amount_too_large, exceeds_free; receivable_due_late, limit_missing, limit_exceeded (the lender's
    limit on the debtor), payment_under_way (the debtor has paid), price_missing, price_stale, substitution_undervalued
    (see `rules.substitution.unless_worse`).
    """
    actor.require(Role.LENDER)
    with ctx.store.begin() as session:
        # assets before pledges: so does everybody who locks both
        asset = session.get(ReceivableRow, receivable_id, with_for_update=True)
        sold = assets.for_party(session, actor, sold_id)
        unless_refused(pledges.may_replace(pledge_rows.value(sold), by=actor.require()))
        if asset is None or asset.holder_id != sold.pledgor_id:
            raise NotFound("receivable_unknown", f"the pledgor holds no receivable {receivable_id}")
        _unless_over_goods(sold)
        goods = session.get_one(WarehouseReceiptRow, sold.asset_id)
        thousandths = receipts.thousandths(quantity, smallest=receipts.smallest(goods), where="/quantity")
        pledge_id = eip712.pledge_id(asset.id, new_id("sub"))
        _judge(session, ctx, sold, asset, thousandths, amount, pledge_id)
        lender, pledgor = _entered(session, sold)
        expires_at = ctx.clock.now() + LIFETIME
        grant = acts.offer(
            session,
            ctx,
            party=pledgor,
            acceptance=pledges_acts.Exchange(
                sold_pledge_id=sold.id,
                goods_id=sold.asset_id,
                quantity=thousandths,
                pledge_id=pledge_id,
                receivable_id=asset.id,
                amount=amount.minor,
                lender=acts.chain_number(lender),
                loan_ref=loan_book.loan_ref(str(sold.loan_id)),
                decision_hash=sold.decision_hash,
                expires_at=0,  # the loan was paid out: the pledge is drawn from the start
            ),
            subject=pledge_id,
            expires_at=expires_at,
        )
        row = SubstitutionRow(
            pledge_id=pledge_id,
            cell=ctx.cell,
            sold_id=sold.id,
            receivable_id=asset.id,
            lender_id=lender.id,
            pledgor_id=pledgor.id,
            quantity=thousandths,
            amount=amount.minor,
            act_id=grant.id,
            expires_at=expires_at,
            created_at=ctx.clock.now(),
        )
        session.add(row)
        session.flush()
        return SubstitutionView.of(row, currency=asset.currency, act=None)


def _entered(session: Session, sold: PledgeRow) -> tuple[PartyRow, PartyRow]:
    """Lender and pledgor. Raises Forbidden party_not_active; Conflict act_paused."""
    lender = gate.enter(session, sold.lender_id, Kind.PLEDGE)
    return lender, gate.active_party(session, sold.pledgor_id)


def _unless_over_goods(sold: PledgeRow) -> None:
    """Raises Refused not_over_goods."""
    if not assets.KINDS[sold.asset_kind].sold:
        raise Refused("not_over_goods", "only pledged goods are sold and replaced", pledge=sold.id)


def _judge(
    session: Session, ctx: Context, sold: PledgeRow, asset: ReceivableRow, quantity: int, amount: Money, pledge_id: str
) -> None:
    """Raises Refused (see `offer`). All rows are locked."""
    _unless_over_goods(sold)
    unless_refused(pledges.may_replace(pledge_rows.value(sold), by=sold.lender_id))
    if sold.loan_id is None:
        raise Refused("pledge_without_loan", "it secures no loan of this book", pledge=sold.id)
    loan = session.get_one(LoanRow, sold.loan_id)
    if loan.currency != asset.currency:
        raise Refused("currency_mismatch", f"the loan is in {loan.currency}", currency=asset.currency)
    value = receivable_state.value(session, asset)
    goods = _goods(session, sold)
    unless_refused(
        rules.substitute(
            goods, value, quantity=quantity, amount=amount, sold_id=sold.id, pledge_id=pledge_id, lender=sold.lender_id
        )
    )
    paid = assets.unless_paid(session, asset, amount.minor)
    if paid is not None:
        raise paid.error()
    receivable_state.unless_promised(session, asset, amount.minor)
    if asset.due_date > loan.maturity:
        raise Refused("receivable_due_late", f"it is due after the loan ({loan.maturity})", receivable=asset.id)
    cover.unless_limited(session, loan.lender_id, asset.debtor_id, amount)
    _unless_undervalued(session, ctx, loan, sold, quantity, amount)


def _unless_undervalued(
    session: Session, ctx: Context, row: LoanRow, sold: PledgeRow, quantity: int, amount: Money
) -> None:
    """Raises Refused price_missing, price_stale, substitution_undervalued."""
    today, rate = ctx.clock.today(), cover.advance_rate(session, row)
    assert rate is not None, "what was lent on goods has a rate"
    price = receipts.unit_price(redemption.price_of(session, sold, row.currency, today))
    _, loan = loan_book.load(session, ctx, row.id)
    owed = accrue(loan, max(today, loan.accrued_to)).loan.dues.total if loan.state in ACCRUING else loan.dues.total
    own = sold.left - in_flight.leaving(session, sold)
    others = cover.base(session, row, rate, today, but=frozenset({sold.id})).total
    unless_refused(rules.unless_worse(own, quantity, price, amount, others=others, owed=owed, rate=rate))


def _goods(session: Session, sold: PledgeRow) -> WarehouseReceipt:
    """The receipt as the rules see it, of the sold pledge what isn't on its way out of it already."""
    row = session.get_one(WarehouseReceiptRow, sold.asset_id)
    going = in_flight.attested(session, row.id).get(sold.id, 0) + in_flight.replaced(session, sold.id)
    own = sold.left - going
    if own <= 0:
        raise Refused("exceeds_pledged", "all that is locked under it is on its way out", pledge=sold.id)
    goods = receipts.value(session, row)
    if not going:
        return goods
    # What is going stays pledged until it is gone, but nobody can set it free a second time.
    parts = [replace(item, quantity=own) if item.pledge_id == sold.id else item for item in goods.pledges]
    return replace(goods, pledges=(*parts, PledgedGoods(pledge_rows.UNNAMED, "", going)))


def accept(ctx: Context, actor: Actor, pledge_id: str, signature: str | None = None) -> SubstitutionView:
    """The pledgor grants the new pledge with its EIP-712 signature (None: by its key in custody). What it is over is
    reserved, and the registry is asked for its number.

    Raises NotFound substitution_unknown; Conflict substitution_not_offered, signature_replayed, offer_expired,
    key_not_held; BadInput signature_malformed, signature_expired; Forbidden signature_foreign; Refused as `offer`.
    """
    with ctx.store.begin() as session:
        row = _own(session, actor, pledge_id, "pledgor")
        if row.status != SubstitutionState.OFFERED:
            if row.status in GRANTED and signature is not None:
                raise Conflict("signature_replayed", f"the offer was taken before; the substitution is {row.status}")
            raise Conflict("substitution_not_offered", f"the substitution is {row.status}")
        if ctx.clock.now() >= row.expires_at:
            raise Conflict("offer_expired", f"the offer stood until {row.expires_at:%Y-%m-%d %H:%M} UTC")
        asset = session.get_one(ReceivableRow, row.receivable_id, with_for_update=True)
        sold = assets.locked_pledge(session, row.sold_id)
        _entered(session, sold)
        _judge(session, ctx, sold, asset, row.quantity, Money(row.amount, asset.currency), row.pledge_id)
        act = session.get_one(ActRow, row.act_id)
        acts.take_acceptance(session, ctx, act, signature)
        asset.reserved += row.amount
        session.add(asset)
        pledge = PledgeRow(
            id=row.pledge_id,
            cell=ctx.cell,
            loan_id=sold.loan_id,
            asset_kind=ReceivableAsset.kind,
            asset_id=asset.id,
            pledgor_id=row.pledgor_id,
            lender_id=row.lender_id,
            amount=row.amount,
            decision_hash=sold.decision_hash,
            created_at=ctx.clock.now(),
        )
        session.add(pledge)
        _move(session, row, SubstitutionEvent.GRANT)
        session.flush()
        loan = session.get_one(LoanRow, sold.loan_id)
        until = max(loan.maturity, asset.due_date, ctx.clock.today())
        register.register(session, ctx, RegisterSubstitute, pledge, loan, until)
        return SubstitutionView.of(row, currency=asset.currency, act=ActView.of(act))


def withdraw(ctx: Context, actor: Actor, pledge_id: str) -> SubstitutionView:
    """The lender takes its offer back, or the pledgor declines it, before it was granted.

    Raises NotFound substitution_unknown; Conflict substitution_not_offered.
    """
    with ctx.store.begin() as session:
        row = _own(session, actor, pledge_id, "lender", "pledgor")
        if row.status != SubstitutionState.OFFERED:
            raise Conflict("substitution_not_offered", f"the substitution is {row.status}")
        _close(session, row, SubstitutionEvent.WITHDRAW)
        return _view(session, actor, row)


def expire(ctx: Context, *, limit: int = 100) -> int:
    """Close offers that nobody took in time. Returns how many."""
    late = (
        SubstitutionRow.status == SubstitutionState.OFFERED.value,
        col(SubstitutionRow.expires_at) <= ctx.clock.now(),
    )
    with ctx.store.read() as session:
        due = session.exec(select(SubstitutionRow.pledge_id).where(*late).limit(limit)).all()
    for pledge_id in due:
        with ctx.store.begin() as session:
            row = session.get_one(SubstitutionRow, pledge_id, with_for_update=True)
            if row.status == SubstitutionState.OFFERED:
                _close(session, row, SubstitutionEvent.EXPIRE)
    return len(due)


def _close(session: Session, row: SubstitutionRow, event: SubstitutionEvent) -> None:
    act_state.move(session, session.get_one(ActRow, row.act_id), ActEvent.EXPIRE)
    _move(session, row, event)


def _move(session: Session, row: SubstitutionRow, event: SubstitutionEvent) -> None:
    row.status = rules.transition(SubstitutionState(row.status), event).value
    session.add(row)


def registered(session: Session, ctx: Context, pledge_id: str, number: str) -> None:
    """The registry has given its number: the lender's act is prepared, with the pledgor's grant in it, so that goods
    and receivable change places in one transaction. Where the number can't be used, or the debtor has paid the holder
    meanwhile, nothing changes, and the registry's entry is struck out again."""
    pledge = assets.locked_pledge(session, pledge_id)
    if pledge.registry_number is not None or pledge.status == pledges.State.FAILED:
        return
    row = session.get_one(SubstitutionRow, pledge_id, with_for_update=True)
    unusable = register.unusable(session, pledge_id, number)
    if unusable is not None:
        _fail(session, ctx, row, pledge, unusable.code, unusable.message)
        register.strike_out(session, ctx, pledge, number, "the number can't be used")
        return
    paid = assets.unless_paid_beside(session, pledge)
    if paid is not None:
        _fail(session, ctx, row, pledge, paid.code, paid.message)
        register.strike_out(session, ctx, pledge, number, "what it was on was paid")
        return
    pledge.registry_number = number
    session.add(pledge)
    loan = session.get_one(LoanRow, pledge.loan_id)
    if LoanState(loan.status) not in ACCRUING:
        _fail(session, ctx, row, pledge, "loan_not_payable", f"the loan is {loan.status}")
        return
    grant = session.get_one(ActRow, row.act_id)
    assert grant.signature is not None, "a granted pledge was signed"
    acts.prepare(
        session,
        ctx,
        party=session.get_one(PartyRow, row.lender_id),
        act=_substitute(pledges_acts.Exchange.from_params(grant.params), register.registry_hex(number)),
        subject=row.pledge_id,
        auths=[eip712.Auth(grant.signer, grant.nonce, grant.deadline, bytes.fromhex(grant.signature[2:]))],
    )
    _move(session, row, SubstitutionEvent.REGISTER)


def _substitute(exchange: pledges_acts.Exchange, registry_no: str) -> pledges_acts.Substitute:
    """What the pledgor granted, with the registry's number."""
    return pledges_acts.Substitute(
        sold_pledge_id=exchange.sold_pledge_id,
        goods_id=exchange.goods_id,
        quantity=exchange.quantity,
        pledge_id=exchange.pledge_id,
        receivable_id=exchange.receivable_id,
        amount=exchange.amount,
        lender=exchange.lender,
        loan_ref=exchange.loan_ref,
        decision_hash=exchange.decision_hash,
        expires_at=exchange.expires_at,
        registry_no=registry_no,
    )


def refused(session: Session, ctx: Context, pledge_id: str, code: str, message: str) -> None:
    """The registry or the chain has refused the substitution, or the lender never signed it: the goods stay pledged,
    the receivable is free, and the registry's entry is struck out."""
    pledge = assets.locked_pledge(session, pledge_id)
    if pledge.status == pledges.State.PENDING:
        row = session.get_one(SubstitutionRow, pledge_id, with_for_update=True)
        _fail(session, ctx, row, pledge, code, message)


def _fail(session: Session, ctx: Context, row: SubstitutionRow, pledge: PledgeRow, code: str, message: str) -> None:
    assets.unreserve(session, pledge)
    register.unregister(session, ctx, pledge, "the pledge was not taken up")
    _move(session, row, SubstitutionEvent.FAIL)
    row.error_code, row.error_message = code, message


def final(session: Session, pledge_id: str) -> None:
    """The substitution is in a final block. What it does to pledges and assets comes with events of their own."""
    row = session.get(SubstitutionRow, pledge_id, with_for_update=True)
    if row is not None:
        _move(session, row, SubstitutionEvent.FINISH)


def half_done(session: Session, sold_id: str) -> bool:
    """Whether goods of this pledge have gone, and what takes their place hasn't come: within one transaction."""
    query = (
        select(SubstitutionRow.pledge_id)
        .join(PledgeRow, col(PledgeRow.id) == col(SubstitutionRow.pledge_id))
        .where(SubstitutionRow.sold_id == sold_id, SubstitutionRow.status == SubstitutionState.DONE.value)
        .where(PledgeRow.status == pledges.State.PENDING.value)
    )
    return session.exec(query.limit(1)).first() is not None


def get(ctx: Context, actor: Actor, pledge_id: str) -> SubstitutionView:
    """A substitution, for its lender and pledgor. Raises NotFound substitution_unknown."""
    with ctx.store.read() as session:
        row = session.get(SubstitutionRow, pledge_id)
        if row is None or not (actor.sees_all or actor.party_id in (row.lender_id, row.pledgor_id)):
            raise NotFound("substitution_unknown", f"there is no substitution {pledge_id}")
        return _view(session, actor, row)


def list_(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[SubstitutionView]:
    """Substitutions of which the actor is lender or pledgor."""
    key = col(SubstitutionRow.pledge_id)
    query = select(SubstitutionRow).where(key > after).order_by(key).limit(limit)
    if not actor.sees_all:
        mine = (SubstitutionRow.lender_id == actor.party_id, SubstitutionRow.pledgor_id == actor.party_id)
        query = query.where(or_(*mine))
    with ctx.store.read() as session:
        return [_view(session, actor, row) for row in session.exec(query)]


def _view(session: Session, actor: Actor, row: SubstitutionRow) -> SubstitutionView:
    currency = session.get_one(ReceivableRow, row.receivable_id).currency
    seen = actor.sees_all or actor.party_id == row.pledgor_id
    act = ActView.of(session.get_one(ActRow, row.act_id)) if seen else None
    return SubstitutionView.of(row, currency=currency, act=act)


def _own(session: Session, actor: Actor, pledge_id: str, *sides: str) -> SubstitutionRow:
    row = session.get(SubstitutionRow, pledge_id, with_for_update=True)
    party_id = actor.require()
    if row is None or party_id not in (row.lender_id, row.pledgor_id):
        raise NotFound("substitution_unknown", f"there is no substitution {pledge_id}")
    if party_id not in [getattr(row, f"{side}_id") for side in sides]:
        raise Refused(f"not_{sides[0]}", f"this is the {sides[0]}'s to say", substitution=pledge_id)
    return row
