"""Goods at a keeper: receipts issued by the keeper and released by it, and what a unit of them is worth to whom."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import cast

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from chainfin.documents.commitment import commit_fields
from chainfin.documents.fingerprint import normalised
from chainfin.documents.model import Json
from chainfin.errors import BadInput, Conflict, NotFound, Refused, unless_refused
from chainfin.eth.bindings import warehouse_receipts_acts
from chainfin.hashing import keccak
from chainfin.rules import catalogue
from chainfin.rules import inventory as rules
from chainfin.rules import lot as lots
from chainfin.rules.catalogue import Good
from chainfin.rules.inventory import WarehouseReceipt
from chainfin.rules.lot import Lot
from chainfin.services.kernel import acts, pledge_rows
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.views.acts import ActView
from chainfin.services.views.goods import WarehouseReceiptView
from chainfin.storage import locks
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.price_tables import PriceRow, PriceSourceRow
from chainfin.storage.trade_tables import WarehouseReceiptRow
from chainfin.values.before_chain import BeforeChain
from chainfin.values.money import Money
from chainfin.values.party import Kind, Role


def thousandths(quantity: Decimal, *, smallest: int, where: str = "quantity") -> int:
    """A quantity as the chain counts it; ``smallest``: what it has to be a multiple of.

    Raises BadInput quantity_not_positive, quantity_too_precise, quantity_too_large, quantity_not_whole.
    """
    if not quantity.is_finite() or quantity <= 0:
        raise BadInput("quantity_not_positive", f"a quantity must be greater than zero, not {quantity}", where=where)
    scaled = quantity.scaleb(3)
    if scaled != scaled.to_integral_value():
        raise BadInput("quantity_too_precise", f"{quantity} has more than three decimals", where=where)
    if scaled > rules.MAX_QUANTITY:
        raise BadInput("quantity_too_large", f"{quantity} does not fit the register's 56 bits", where=where)
    broken = catalogue.unless_whole(int(scaled), smallest)
    if broken is not None:
        raise BadInput(broken.code, broken.message, where=where)
    return int(scaled)


def smallest(row: WarehouseReceiptRow) -> int:
    """What every quantity of the receipt's goods is a multiple of, in thousandths; 1 of goods that aren't in the
    catalogue."""
    good = catalogue.find(row.good)
    return 1 if good is None else good.smallest(row.issued)


def listed(code: str, *, where: str) -> Good:
    """The good of the catalogue. Raises BadInput good_not_listed."""
    good = catalogue.find(code)
    if good is None:
        raise BadInput("good_not_listed", f"{code!r} is no code of the catalogue (/v1/goods)", where=where)
    return good


def issue(
    ctx: Context,
    actor: Actor,
    *,
    number: str,
    owner_id: str,
    goods: dict[str, str],
    unit: str,
    quantity: Decimal,
    lot: Lot,
) -> tuple[WarehouseReceiptView, ActView]:
    """The keeper issues a receipt. ``goods``: commodity (a code of the catalogue), insured, best_before (a date;
    perishable goods need one), and what else describes them; class and grade are the catalogue's. What is said of goods
    and lot is under the document root, which the keeper signs.

    Raises Forbidden role_missing, party_not_active; BadInput good_not_listed, goods_not_as_listed, goods_incomplete,
    quantity_…, lot_incomplete; Refused self_attested (it keeps goods of others), lot_receipted; Conflict
    warehouse_receipt_exists, act_paused.
    """
    keeper_id = actor.require(Role.KEEPER)
    good = listed(goods.get("commodity", ""), where="goods/commodity")
    _unless_listed(good, goods, unit, ctx.clock.today())
    goods = {**goods, "commodity_class": good.goods_class.value, "grade": good.grade}
    amount = thousandths(quantity, smallest=good.step)
    untold = lots.unless_told(lot)
    if untold is not None:
        raise BadInput(untold.code, untold.message, where=f"lot/{untold.proof['where']}")
    with ctx.store.begin() as session:
        keeper = gate.enter(session, keeper_id, Kind.RECEIPT)
        owner = gate.active_party(session, owner_id)
        receipt_id = _id_of(ctx, keeper, number)
        _unless_issued(session, receipt_id, keeper.id, number)
        _unless_receipted(session, lot)
        issued = unless_refused(
            rules.issue(
                id=receipt_id,
                owner=owner.id,
                keeper=keeper.id,
                goods=good.code,
                unit=unit,
                quantity=amount,
            )
        )
        root = _document_root(ctx, issued, number, goods, quantity, lot)
        row = session.merge(_new_row(ctx, issued, number, goods, lot, root))
        act = acts.prepare(
            session,
            ctx,
            party=keeper,
            act=warehouse_receipts_acts.Issue(
                id=receipt_id, owner=acts.chain_number(owner), document_root=root, quantity=issued.issued
            ),
            subject=receipt_id,
        )
        return view(row), ActView.of(act)


def _id_of(ctx: Context, keeper: PartyRow, number: str) -> str:
    """The receipt's id: keyed, so that nobody outside can guess it from keeper and number."""
    message = b"chainfin/warehouse-receipt/1" + f"{keeper.legal_value}\0{normalised(number)}".encode()
    return "0x" + hmac.new(ctx.fingerprint_key, message, hashlib.sha256).hexdigest()


def _document_root(
    ctx: Context, issued: WarehouseReceipt, number: str, goods: Mapping[str, str], quantity: Decimal, lot: Lot
) -> str:
    """The salted root over what the keeper says of goods and lot."""
    body: dict[str, Json] = {
        "number": number,
        "goods": dict(goods),
        "unit": issued.unit,
        "quantity": str(quantity),
        "lot": cast(Json, lot.to_json()),
    }
    salt = hmac.new(ctx.vault.derive("receipts"), issued.id.encode(), hashlib.sha256).digest()
    return "0x" + commit_fields(body, salt).root.hex()


def _new_row(
    ctx: Context, issued: WarehouseReceipt, number: str, goods: Mapping[str, str], lot: Lot, root: str
) -> WarehouseReceiptRow:
    return WarehouseReceiptRow(
        id=issued.id,
        cell=ctx.cell,
        number=number,
        number_folded=lots.folded(number),
        lot=lot.to_json(),
        lot_place=lot.identity.place,
        lot_seal=lot.identity.seal,
        keeper_id=issued.keeper,
        owner_id=issued.owner,
        good=issued.goods,
        goods=dict(goods),
        document_root=root,
        unit=issued.unit,
        issued=issued.issued,
        created_at=ctx.clock.now(),
    )


def _unless_issued(session: Session, receipt_id: str, keeper_id: str, number: str) -> None:
    """Raises Conflict warehouse_receipt_exists."""
    standing = session.get(WarehouseReceiptRow, receipt_id)
    locks.named(session, "lots")  # of two receipts over one lot at once the second sees the first
    if (standing is not None and standing.status != BeforeChain.REFUSED) or _numbered(session, keeper_id, number):
        raise Conflict("warehouse_receipt_exists", f"receipt {number} was issued before")


def _numbered(session: Session, keeper_id: str, number: str) -> bool:
    """Whether the keeper has a receipt of this number, however it is spelled."""
    same = select(WarehouseReceiptRow.id).where(
        WarehouseReceiptRow.keeper_id == keeper_id, WarehouseReceiptRow.number_folded == lots.folded(number)
    )
    return session.exec(same.limit(1)).first() is not None


def _unless_receipted(session: Session, lot: Lot) -> None:
    """Raises Refused lot_receipted."""
    rows = session.exec(select(WarehouseReceiptRow).where(WarehouseReceiptRow.lot_place == lot.identity.place))
    standing = [lots.Identity(lot.identity.place, row.lot_seal or "") for row in rows]
    refusal = lots.unless_receipted(lot, standing)
    if refusal is not None:
        raise refusal.error()


def refused(session: Session, receipt_id: str) -> None:
    """The act of issuing came to nothing: number and lot are free for another. A refused repeat touches nothing that
    stands."""
    row = session.get(WarehouseReceiptRow, receipt_id)
    if row is not None and row.status == BeforeChain.ISSUING:
        row.status = BeforeChain.REFUSED.value
        row.number_folded = row.lot_place = row.lot_seal = None
        session.add(row)


def _unless_listed(good: Good, goods: Mapping[str, str], unit: str, today: date) -> None:
    """Raises BadInput goods_not_as_listed, goods_incomplete."""
    refusal = catalogue.unless_listed(good, goods, unit, today)
    if refusal is not None:
        name = str(refusal.proof["where"])
        where = name if name == "unit" else f"goods/{name}"
        raise BadInput(refusal.code, refusal.message, where=where)


def transfer(ctx: Context, actor: Actor, receipt_id: str, to: str) -> ActView:
    """The owner passes title on.

    Raises NotFound warehouse_receipt_unknown, party_unknown; Forbidden party_not_active; Conflict receipt_not_final;
    Refused not_owner, receipt_ended, part_pledged, part_promised, taken_not_sold, transfer_to_self, self_attested.
    """
    party_id = actor.require()
    with ctx.store.begin() as session:
        row = session.get(WarehouseReceiptRow, receipt_id, with_for_update=True)
        if row is None or party_id not in (row.keeper_id, row.owner_id):
            raise NotFound("warehouse_receipt_unknown", f"there is no receipt {receipt_id}")
        unless_refused(rules.transfer(value(session, row), to, by=party_id))
        if row.reserved:
            raise promised(session, row, "part_promised", row.reserved)
        transferee = gate.active_party(session, to)
        owner = gate.enter(session, row.owner_id, Kind.TRANSFER)
        act = warehouse_receipts_acts.Transfer(id=row.id, to=acts.chain_number(transferee))
        return ActView.of(acts.prepare(session, ctx, party=owner, act=act, subject=row.id))


def value(session: Session, row: WarehouseReceiptRow) -> rules.WarehouseReceipt:
    """The row as the rules see it, with its live pledges, the oldest first. What parties unknown to this service have
    pledged comes last: of its age nothing is known. Raises Conflict receipt_not_final."""
    if row.status not in set(rules.State):
        raise Conflict("receipt_not_final", f"the receipt is {row.status}")
    rows = pledge_rows.live(session, row.id) if row.pledged else ()
    pledges = [rules.PledgedGoods(each.id, each.lender_id, each.left) for each in rows]
    unnamed = row.pledged - sum(each.quantity for each in pledges)
    if unnamed:
        pledges.append(rules.PledgedGoods(pledge_rows.UNNAMED, "", unnamed))
    return rules.WarehouseReceipt(
        id=row.id,
        owner=row.owner_id,
        keeper=row.keeper_id,
        goods=row.good,
        unit=row.unit,
        issued=row.issued,
        free=free(row),
        released=row.released,
        liquidated=row.liquidated,
        missing=row.missing,
        pledges=tuple(pledges),
    )


def put(session: Session, row: WarehouseReceiptRow, after: rules.WarehouseReceipt) -> None:
    """Write the value back to its row. If less is free now than was promised to an application, the promise is cut
    down: the chain will refuse the pledge that it was for."""
    row.status = after.state.value
    row.owner_id = after.owner
    row.pledged, row.released = after.pledged, after.released
    row.liquidated, row.missing = after.liquidated, after.missing
    row.reserved = min(row.reserved, after.free)
    session.add(row)


def part_row(parent: WarehouseReceiptRow, part: rules.WarehouseReceipt) -> WarehouseReceiptRow:
    """The row of goods that were taken out of ``parent``."""
    names = {"cell", "number", "lot", "keeper_id", "good", "goods", "document_root", "unit", "created_at"}
    inherited = parent.model_dump(include=names)
    return WarehouseReceiptRow(
        **inherited, id=part.id, parent_id=parent.id, owner_id=part.owner, issued=part.issued, status=part.state.value
    )


def free(row: WarehouseReceiptRow) -> int:
    """The quantity that lies at the keeper and isn't pledged, on chain; thousandths of the unit."""
    return rules.free_part(
        issued=row.issued, pledged=row.pledged, released=row.released, liquidated=row.liquidated, missing=row.missing
    )


def view(row: WarehouseReceiptRow) -> WarehouseReceiptView:
    """What owner and keeper see of it."""
    return WarehouseReceiptView.of(row, free=free(row))


def unpromised(row: WarehouseReceiptRow) -> int:
    """What is free, and not promised to an application that isn't on chain yet."""
    return free(row) - row.reserved


def promised(session: Session, row: WarehouseReceiptRow, code: str, quantity: int) -> Refused:
    """Why goods that are promised don't leave: under ``code``, or taken_not_sold where a lender took them."""
    shown = str(Decimal(quantity).scaleb(-3))
    if pledge_rows.taken_as(session, row.id) is None:
        return Refused(code, f"{shown} {row.unit} are promised to a lender", promised=shown)
    return Refused("taken_not_sold", f"{shown} {row.unit} were taken on default and aren't sold", promised=shown)


def recount(ctx: Context, actor: Actor, receipt_id: str, missing: Decimal, report: str) -> ActView:
    """The keeper's count has found less than there should be. Free goods bear the loss first, then the youngest pledge;
    of the ``report`` a hash goes on chain.

    Raises NotFound warehouse_receipt_unknown; Refused exceeds_held, quantity_too_large; Conflict receipt_not_final,
    pledges_unseen (the chain knows pledges that are not ours).
    """
    keeper_id = actor.require(Role.KEEPER)
    with ctx.store.begin() as session:
        row = session.get(WarehouseReceiptRow, receipt_id, with_for_update=True)
        if row is None or row.keeper_id != keeper_id:
            raise NotFound("warehouse_receipt_unknown", f"there is no receipt {receipt_id}")
        amount = thousandths(missing, smallest=smallest(row), where="missing")
        before = value(session, row)
        after = unless_refused(rules.recount(before, amount, by=keeper_id))
        act = warehouse_receipts_acts.Recount(
            id=row.id,
            document_root="0x" + keccak(report.encode()).hex(),
            missing=amount,
            pledge_ids=tuple(_by_age(before)) if after.pledged != before.pledged else (),
        )
        keeper = session.get_one(PartyRow, keeper_id)
        return ActView.of(acts.prepare(session, ctx, party=keeper, act=act, subject=row.id))


def _by_age(receipt: rules.WarehouseReceipt) -> list[str]:
    """All pledges over the goods, the oldest first, as the contract wants them named. Raises Conflict
    pledges_unseen."""
    ids = [item.pledge_id for item in receipt.pledges]
    if pledge_rows.UNNAMED in ids:
        raise Conflict("pledges_unseen", "others have pledged these goods past this service")
    return ids


def latest_price(session: Session, lender_id: str, good: str, unit: str, currency: str) -> PriceRow:
    """The lender's own newest price, else the newest of an approved source. Raises Refused price_missing."""
    known = counting_prices(good, unit, currency)
    approved = select(PriceSourceRow.name)
    row = (
        session.exec(known.where(PriceRow.owner_id == lender_id)).first()
        or session.exec(known.where(col(PriceRow.owner_id).is_(None), col(PriceRow.source).in_(approved))).first()
    )
    if row is None:
        raise Refused("price_missing", f"there is no price of {good} per {unit} in {currency} that counts here")
    return row


def fresh_price(session: Session, lender_id: str, row: WarehouseReceiptRow, currency: str, today: date) -> PriceRow:
    """By what the receipt's goods are reckoned today, wherever a lender's money stands on them: to lend, to call, to
    release, to replace and to buy back alike. Raises Refused price_missing, price_stale, price_not_positive."""
    price = fresh_or_worthless(session, lender_id, row, currency, today)
    worthless = rules.unless_worthless(row.good, price.minor_per_unit)
    if worthless is not None:
        raise worthless.error()
    return price


def fresh_or_worthless(
    session: Session, lender_id: str, row: WarehouseReceiptRow, currency: str, today: date
) -> PriceRow:
    """The same, also where it says that the goods are worth nothing: for that a loan is called. Raises Refused
    price_missing, price_stale."""
    price = latest_price(session, lender_id, row.good, row.unit, currency)
    stale = rules.price_stale(row.good, price.as_of, today)
    if stale is not None:
        raise stale.error()
    return price


def unit_price(price: PriceRow) -> rules.UnitPrice:
    """A stored price as the rules reckon with it."""
    return rules.UnitPrice(Decimal(str(Money(price.minor_per_unit, price.currency))), price.currency)


def counting_prices(good: str, unit: str, currency: str) -> SelectOfScalar[PriceRow]:
    """The prices of a good that count, whoever set them, the newest first."""
    return (
        select(PriceRow)
        .where(PriceRow.good == good, PriceRow.unit == unit, PriceRow.currency == currency)
        .where(col(PriceRow.counts_from).is_not(None), col(PriceRow.withdrawn_at).is_(None))
        .order_by(col(PriceRow.as_of).desc(), col(PriceRow.counts_from).desc(), col(PriceRow.id).desc())
    )
