"""More goods pledged for a loan that runs (补仓): what a margin call asks for may be brought in goods.

As at a new loan, the borrower grants the pledge, the statutory registry files it, and the lender's act takes it to the
chain with the grant in it; whether it signs is the lender's own affair. It counts once it is in a final block.
"""

from __future__ import annotations

from decimal import Decimal

from sqlmodel import Session, select

from chainfin.errors import NotFound, Refused, unless_refused
from chainfin.eth import eip712
from chainfin.eth.bindings.pledges_acts import Grant
from chainfin.rules import margin
from chainfin.rules import pledge as rules
from chainfin.rules.loan import LoanState
from chainfin.rules.loan.state import ACCRUING
from chainfin.services.books import loan_book
from chainfin.services.goods import care, receipts
from chainfin.services.goods.receipt_asset import ReceiptAsset
from chainfin.services.kernel import acts
from chainfin.services.kernel.commands import RegisterTopUp
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.pledges import assets, register
from chainfin.services.views.acts import ActView
from chainfin.storage.lending_tables import ApplicationRow, LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow, WarehouseReceiptRow
from chainfin.storage.types import new_id
from chainfin.values.party import Kind
from chainfin.values.product import Product

GRANT = eip712.word_name(Grant)


def pledge_more(ctx: Context, actor: Actor, loan_id: str, *, receipt_id: str, quantity: Decimal) -> ActView:
    """The borrower pledges ``quantity`` more of goods like those that were lent on, for the same loan. Returns its
    grant, to be signed by it; the goods are reserved from now on.

    Raises NotFound loan_unknown, warehouse_receipt_unknown; BadInput quantity_…; Conflict receipt_not_final,
    act_paused; Forbidden party_not_active (borrower, lender or keeper); Refused loan_not_on_goods, loan_not_running,
    goods_differ, price_missing, price_stale, exceeds_free, asset_not_free, self_attested, too_many_pledges.
    """
    borrower_id = actor.require()
    with ctx.store.begin() as session:
        asset = session.get(WarehouseReceiptRow, receipt_id, with_for_update=True)
        row = session.get(LoanRow, loan_id)
        if row is None or row.borrower_id != borrower_id:
            raise NotFound("loan_unknown", f"there is no loan {loan_id}")
        if asset is None or asset.owner_id != borrower_id:
            raise NotFound("warehouse_receipt_unknown", f"you hold no warehouse receipt {receipt_id}")
        thousandths = receipts.thousandths(quantity, smallest=receipts.smallest(asset), where="/quantity")
        value = ReceiptAsset.of(session, asset)
        lender = gate.enter(session, row.lender_id, Kind.PLEDGE)
        borrower = gate.active_party(session, borrower_id)
        gate.active_party(session, value.voucher_id)
        application = session.get_one(ApplicationRow, row.application_id)
        _judge(session, ctx, row, application, asset)
        pledge_id = eip712.pledge_id(asset.id, new_id("top"))
        unless_refused(value.pledge(thousandths, pledge_id=pledge_id, lender=lender.id, by=borrower_id))
        free = assets.free_of(session, asset)
        if free < thousandths:
            raise Refused("asset_not_free", "a part of it is promised already", free=str(free))
        asset.reserved += thousandths
        session.add(asset)
        session.add(
            PledgeRow(
                id=pledge_id,
                cell=ctx.cell,
                loan_id=row.id,
                asset_kind=ReceiptAsset.kind,
                asset_id=asset.id,
                pledgor_id=borrower_id,
                lender_id=lender.id,
                amount=thousandths,
                decision_hash=str(application.record_hash),
                created_at=ctx.clock.now(),
            )
        )
        session.flush()
        grant = Grant(
            pledge_id=pledge_id,
            asset_kind=ReceiptAsset.number,
            asset_id=asset.id,
            amount=thousandths,
            lender=acts.chain_number(lender),
            loan_ref=loan_book.loan_ref(row.id),
            decision_hash=str(application.record_hash),
            expires_at=0,  # the loan was paid out: the pledge is drawn from the start
        )
        act = acts.ride(session, ctx, party=borrower, rider=grant, subject=pledge_id)
        if act.signature is not None:
            granted(session, ctx, act)
        return ActView.of(act)


def _judge(
    session: Session, ctx: Context, row: LoanRow, application: ApplicationRow, asset: WarehouseReceiptRow
) -> None:
    """Raises Refused (see `pledge_more`)."""
    if row.product != Product.INVENTORY_PLEDGE:
        raise Refused("loan_not_on_goods", "goods are added to a loan on goods", loan=row.id)
    if LoanState(row.status) not in ACCRUING:
        raise Refused("loan_not_running", f"the loan is {row.status}", loan=row.id)
    lent_on = session.get_one(WarehouseReceiptRow, application.asset_id)
    refusal = margin.unless_like(_described(lent_on), _described(asset))
    if refusal is not None:
        raise refusal.error()
    against = care.unless_cared(session, asset, ctx.clock.today(), row.maturity)
    if against is not None:
        raise against.error()
    receipts.fresh_price(session, row.lender_id, asset, row.currency, ctx.clock.today())


def _described(row: WarehouseReceiptRow) -> dict[str, object]:
    return {**row.goods, "good": row.good, "unit": row.unit}


def granting(session: Session, act_id: str) -> bool:
    """Whether the act is a borrower's grant of more goods. Its pledge is locked then, before the act itself."""
    act = session.get(ActRow, act_id)
    if act is None or act.function != GRANT or not knows(session, act.subject):
        return False
    assets.locked_pledge(session, act.subject)
    return True


def knows(session: Session, pledge_id: str) -> bool:
    """Whether this pledge was added to a loan that ran."""
    return session.get(PledgeRow, pledge_id) is not None and _grant(session, pledge_id) is not None


def _grant(session: Session, pledge_id: str) -> ActRow | None:
    """What the borrower signs; of a pledge that came with its loan the application has it."""
    return session.exec(select(ActRow).where(ActRow.subject == pledge_id, ActRow.function == GRANT)).first()


def granted(session: Session, ctx: Context, act: ActRow) -> None:
    """The borrower has signed: the pledge is filed with the registry."""
    pledge = session.get_one(PledgeRow, act.subject)
    loan = session.get_one(LoanRow, pledge.loan_id)
    register.register(session, ctx, RegisterTopUp, pledge, loan, max(loan.maturity, ctx.clock.today()))


def registered(session: Session, ctx: Context, pledge_id: str, number: str) -> None:
    """The registry has given its number: the lender's act is prepared, with the borrower's grant in it. Under a number
    that can't be used, or for a loan that has ended meanwhile, nothing is pledged."""
    pledge = assets.locked_pledge(session, pledge_id)
    if pledge.registry_number is not None or pledge.status != rules.State.PENDING:
        return
    unusable = register.unusable(session, pledge_id, number)
    if unusable is not None:
        assets.unreserve(session, pledge)
        register.strike_out(session, ctx, pledge, number, "the number can't be used")
        return
    pledge.registry_number = number
    session.add(pledge)
    if LoanState(session.get_one(LoanRow, pledge.loan_id).status) not in ACCRUING:
        refused(session, ctx, pledge_id)
        return
    grant = _grant(session, pledge_id)
    assert grant is not None, "what is filed was granted"
    assert grant.signature is not None, "what is filed was granted"
    acts.prepare(
        session,
        ctx,
        party=session.get_one(PartyRow, pledge.lender_id),
        act=register.pledge_act(Grant.from_params(grant.params), number),
        subject=pledge_id,
        auths=[eip712.Auth(grant.signer, grant.nonce, grant.deadline, bytes.fromhex(grant.signature[2:]))],
    )


def refused(session: Session, ctx: Context, pledge_id: str) -> None:
    """Registry or chain refused it, or borrower or lender didn't sign in time: the goods are free again, and the
    registry's entry is struck out."""
    pledge = assets.locked_pledge(session, pledge_id)
    if pledge.status == rules.State.PENDING:
        assets.unreserve(session, pledge)
        register.unregister(session, ctx, pledge, "the pledge was not taken up")
