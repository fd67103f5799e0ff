"""Goods at a keeper: receipts issued by the keeper, released by it, priced from a named source."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date
from decimal import Decimal
from typing import get_args

from sqlmodel import Session, col, select

from chainfin.documents import units
from chainfin.documents.commitment import commit_fields
from chainfin.documents.fingerprint import normalised
from chainfin.documents.model import Json
from chainfin.errors import BadInput, Conflict, Forbidden, NotFound, Refusal, Refused
from chainfin.eth.bindings import warehouse_receipts_acts
from chainfin.hashing import keccak
from chainfin.risk.inputs import ReceiptFacts
from chainfin.rules import inventory as rules
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, PriceRow, WarehouseReceiptRow
from chainfin.values.money import Money
from chainfin.values.party import Kind, Role

MAX_THOUSANDTHS = 2**63 - 1
COMMODITY_CLASSES = get_args(ReceiptFacts.model_fields["commodity_class"].annotation)
"""What policies tell apart; the one list lives with the decision's inputs."""


def thousandths(quantity: Decimal, *, where: str = "quantity") -> int:
    """A quantity as the chain counts it.

    Raises BadInput quantity_not_positive, quantity_too_precise, quantity_too_large.
    """
    if not quantity.is_finite() or quantity <= 0:
        raise BadInput("quantity_not_positive", f"a quantity must be greater than zero, not {quantity}", where=where)
    scaled = quantity.scaleb(3)
    if scaled != scaled.to_integral_value():
        raise BadInput("quantity_too_precise", f"{quantity} has more than three decimals", where=where)
    if scaled > MAX_THOUSANDTHS:
        raise BadInput("quantity_too_large", f"{quantity} does not fit", where=where)
    return int(scaled)


def _known_unit(unit: str) -> None:
    if not units.known(unit):
        raise BadInput("unit_unknown", f"{unit!r} is no unit of UN/ECE Recommendation 20", where="unit")


def issue(
    ctx: Context,
    actor: Actor,
    *,
    number: str,
    owner_id: str,
    goods: dict[str, str],
    unit: str,
    quantity: Decimal,
) -> tuple[WarehouseReceiptRow, ActRow]:
    """The keeper issues a receipt. ``goods``: commodity, commodity_class, insured, and what else describes them.

    Raises Forbidden role_missing, party_not_active; BadInput unit_unknown, quantity_…, goods_incomplete;
    Refused self_attested (it keeps goods of others); Conflict warehouse_receipt_exists, act_paused.
    """
    keeper_id = actor.require(Role.KEEPER)
    _known_unit(unit)
    amount = thousandths(quantity)
    if not goods.get("commodity"):
        raise BadInput("goods_incomplete", "the goods need a commodity", where="goods/commodity")
    if goods.get("commodity_class") not in COMMODITY_CLASSES:
        raise BadInput("goods_incomplete", f"one of {', '.join(COMMODITY_CLASSES)}", where="goods/commodity_class")
    with ctx.store.begin() as session:
        keeper = gate.enter(session, keeper_id, Kind.RECEIPT)
        owner = gate.active_party(session, owner_id)
        if owner.id == keeper.id:
            raise Refused("self_attested", "a keeper vouches for goods of others, not for its own")
        message = b"chainfin/warehouse-receipt/1" + f"{keeper.legal_value}\0{normalised(number)}".encode()
        receipt_id = "0x" + hmac.new(ctx.fingerprint_key, message, hashlib.sha256).hexdigest()
        standing = session.get(WarehouseReceiptRow, receipt_id)
        if standing is not None and standing.status != "refused":
            raise Conflict("warehouse_receipt_exists", f"receipt {number} was issued before")
        body: dict[str, Json] = {"number": number, "goods": goods, "unit": unit, "quantity": str(quantity)}
        salt = hmac.new(ctx.vault.derive("receipts"), receipt_id.encode(), hashlib.sha256).digest()
        root = "0x" + commit_fields(body, salt).root.hex()
        row = session.merge(
            WarehouseReceiptRow(
                id=receipt_id,
                cell=ctx.cell,
                number=number,
                keeper_id=keeper.id,
                owner_id=owner.id,
                goods=dict(goods),
                document_root=root,
                unit=unit,
                issued=amount,
                created_at=ctx.clock.now(),
            )
        )
        act = acts.prepare(
            session,
            ctx,
            party=keeper,
            act=warehouse_receipts_acts.Issue(
                id=receipt_id, owner=acts.chain_number(owner), document_root=root, quantity=amount
            ),
            subject=receipt_id,
        )
        return row, act


def release(ctx: Context, actor: Actor, receipt_id: str, quantity: Decimal) -> ActRow:
    """The keeper hands free goods out to the owner. Raises NotFound warehouse_receipt_unknown; Refused exceeds_free."""
    keeper_id = actor.require(Role.KEEPER)
    amount = thousandths(quantity)
    with ctx.store.begin() as session:
        row = session.get(WarehouseReceiptRow, receipt_id, with_for_update=True)
        if row is None or row.keeper_id != keeper_id:
            raise NotFound("warehouse_receipt_unknown", f"there is no receipt {receipt_id}")
        free = row.issued - row.pledged - row.released - row.liquidated - row.missing - row.reserved
        if row.status != "issued" or amount > free:
            shown = Decimal(free).scaleb(-3)
            raise Refused("exceeds_free", f"{shown} {row.unit} are free (the receipt is {row.status})", free=str(shown))
        return acts.prepare(
            session,
            ctx,
            party=session.get_one(PartyRow, keeper_id),
            act=warehouse_receipts_acts.Release(id=row.id, quantity=amount),
            subject=row.id,
        )


def transfer(ctx: Context, actor: Actor, receipt_id: str, to: str) -> ActRow:
    """The owner passes title on.

    Raises NotFound warehouse_receipt_unknown, party_unknown; Forbidden party_not_active; Conflict receipt_not_final;
    Refused not_owner, receipt_ended, part_pledged, part_promised, transfer_to_self, self_attested.
    """
    party_id = actor.require()
    with ctx.store.begin() as session:
        row = session.get(WarehouseReceiptRow, receipt_id, with_for_update=True)
        if row is None or party_id not in (row.keeper_id, row.owner_id):
            raise NotFound("warehouse_receipt_unknown", f"there is no receipt {receipt_id}")
        if row.status in ("issuing", "refused"):
            raise Conflict("receipt_not_final", f"the receipt is {row.status}")
        refusal = rules.transfer(as_value(row), to, by=party_id)
        if isinstance(refusal, Refusal):
            raise refusal.error()
        if row.reserved:
            promised = Decimal(row.reserved).scaleb(-3)
            raise Refused("part_promised", f"{promised} {row.unit} are promised to a lender", promised=str(promised))
        transferee = gate.active_party(session, to)
        return acts.prepare(
            session,
            ctx,
            party=gate.enter(session, row.owner_id, Kind.TRANSFER),
            act=warehouse_receipts_acts.Transfer(id=row.id, to=acts.chain_number(transferee)),
            subject=row.id,
        )


def as_value(row: WarehouseReceiptRow) -> rules.WarehouseReceipt:
    """The row as the rules see it, its pledges taken together."""
    gone = row.released + row.liquidated + row.missing
    return rules.WarehouseReceipt(
        id=row.id,
        owner=row.owner_id,
        keeper=row.keeper_id,
        goods=str(row.goods["commodity"]),
        unit=row.unit,
        issued=row.issued,
        free=row.issued - row.pledged - gone,
        released=row.released,
        liquidated=row.liquidated,
        missing=row.missing,
        pledges=(rules.PledgedGoods("", "", row.pledged),) if row.pledged else (),
    )


def recount(ctx: Context, actor: Actor, receipt_id: str, missing: Decimal, report: str) -> ActRow:
    """The keeper's count finds less. Free goods bear the loss first, then the youngest pledge; ``report`` goes on chain
    as a hash.

    Raises NotFound warehouse_receipt_unknown; Refused exceeds_held; Conflict pledges_unseen (the chain knows pledges
    that are not ours).
    """
    keeper_id = actor.require(Role.KEEPER)
    amount = thousandths(missing, where="missing")
    with ctx.store.begin() as session:
        row = session.get(WarehouseReceiptRow, receipt_id, with_for_update=True)
        if row is None or row.keeper_id != keeper_id:
            raise NotFound("warehouse_receipt_unknown", f"there is no receipt {receipt_id}")
        free = row.issued - row.pledged - row.released - row.liquidated - row.missing
        if row.status != "issued" or amount > free + row.pledged:
            shown = Decimal(free + row.pledged).scaleb(-3)
            raise Refused("exceeds_held", f"{shown} {row.unit} are held (the receipt is {row.status})", held=str(shown))
        return acts.prepare(
            session,
            ctx,
            party=session.get_one(PartyRow, keeper_id),
            act=warehouse_receipts_acts.Recount(
                id=row.id,
                document_root="0x" + keccak(report.encode()).hex(),
                missing=amount,
                pledge_ids=tuple(_pledges_by_age(session, row) if amount > free else ()),
            ),
            subject=row.id,
        )


def _pledges_by_age(session: Session, row: WarehouseReceiptRow) -> list[str]:
    """All live pledges over the goods in the order in which they were made, as the contract wants them named."""
    live = session.exec(
        select(PledgeRow).where(PledgeRow.asset_id == row.id, col(PledgeRow.status).in_(("active", "releasing")))
    ).all()
    if sum(pledge.left for pledge in live) != row.pledged:
        raise Conflict("pledges_unseen", "others have pledged these goods past this service")
    made = session.exec(
        select(ChainEventRow.subject)
        .where(ChainEventRow.name == "Pledged", col(ChainEventRow.subject).in_([pledge.id for pledge in live]))
        .order_by(col(ChainEventRow.block_number), col(ChainEventRow.log_index))
    )
    return [str(pledge_id) for pledge_id in made]


def set_price(ctx: Context, actor: Actor, *, good: str, unit: str, price: Money, source: str, as_of: date) -> PriceRow:
    """A price that counts from now on, set by a lender or the operator, from a named source.

    Raises Forbidden role_missing, party_not_active; BadInput unit_unknown, amount_not_positive, price_date_future.
    """
    if not actor.is_operator and not actor.roles & Role.LENDER:
        raise Forbidden("role_missing", "prices are set by a lender or the operator")
    _known_unit(unit)
    if price.minor <= 0:
        raise BadInput("amount_not_positive", "a price must be greater than zero", where="price")
    if as_of > ctx.clock.today():
        raise BadInput("price_date_future", f"{as_of} is not yet", where="as_of")
    with ctx.store.begin() as session:
        if actor.party_id is not None:
            gate.active_party(session, actor.party_id)
        row = PriceRow(
            good=good,
            unit=unit,
            currency=price.currency,
            minor_per_unit=price.minor,
            source=source,
            as_of=as_of,
            created_at=ctx.clock.now(),
        )
        session.add(row)
        session.flush()
        return row


def latest_price(session: Session, good: str, unit: str, currency: str) -> PriceRow:
    """The newest price. Raises Refused price_missing."""
    row = session.exec(
        select(PriceRow)
        .where(PriceRow.good == good, PriceRow.unit == unit, PriceRow.currency == currency)
        .order_by(col(PriceRow.as_of).desc(), col(PriceRow.id).desc())
    ).first()
    if row is None:
        raise Refused("price_missing", f"there is no price of {good} per {unit} in {currency}")
    return row
