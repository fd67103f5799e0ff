"""Warehouse receipts and the prices of goods."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.auth import Acting, Ctx
from api.paging import Page, Paged, number, page
from api.route import OnceRoute
from api.schemas.common import Id, quantity
from api.schemas.goods import (
    BuyBackPromiseIn,
    BuyBackPromiseOut,
    BuyBackPromisesOut,
    CareOut,
    CorrectionIn,
    CountIn,
    InspectionIn,
    InspectionOut,
    InsuranceIn,
    InsuranceOut,
    PriceIn,
    PriceOut,
    PriceSourceIn,
    PriceSourceOut,
    PriceWithdrawalIn,
    ReleaseIn,
    WarehouseReceiptAct,
    WarehouseReceiptIn,
    WarehouseReceiptOut,
)
from api.schemas.parties import ActOut
from api.schemas.persons import ProposalOut
from api.schemas.trade import TransferIn
from chainfin.services.goods import care, two_words
from chainfin.services.goods import receipts as receipts_service
from chainfin.services.lending import prices as prices_service
from chainfin.services.pledges import promises
from chainfin.services.reads import goods_care, queries

router = APIRouter(prefix="/v1")
receipts = APIRouter(prefix="/warehouse-receipts", tags=["warehouse receipts"], route_class=OnceRoute)
price_sources = APIRouter(prefix="/price-sources", tags=["warehouse receipts"], route_class=OnceRoute)
prices = APIRouter(prefix="/prices", tags=["warehouse receipts"], route_class=OnceRoute)


@receipts.post("", status_code=202)
def issue(ctx: Ctx, actor: Acting, body: WarehouseReceiptIn, response: Response) -> WarehouseReceiptAct:
    """The keeper issues a receipt over goods in its warehouse."""
    receipt, act = receipts_service.issue(
        ctx,
        actor,
        number=body.number,
        owner_id=body.owner_id,
        goods=dict(body.goods),
        unit=body.unit,
        quantity=quantity(body.quantity, "/quantity"),
        lot=body.lot.value(),
    )
    response.headers["Location"] = f"/v1/warehouse-receipts/{receipt.id}"
    return WarehouseReceiptAct(warehouse_receipt=WarehouseReceiptOut.of(receipt), act=ActOut.of(act))


@receipts.get("")
def list_receipts(ctx: Ctx, actor: Acting, window: Paged) -> Page[WarehouseReceiptOut]:
    """Receipts that one owns or keeps."""
    return page(
        window,
        lambda after, limit: queries.warehouse_receipts(ctx, actor, after=after, limit=limit),
        WarehouseReceiptOut.of,
        lambda seen: seen.id,
    )


@receipts.get("/{receipt_id}")
def get_receipt(ctx: Ctx, actor: Acting, receipt_id: Id) -> WarehouseReceiptOut:
    """One warehouse receipt, for its keeper and its owner: what of the goods is free, pledged and gone."""
    return WarehouseReceiptOut.of(queries.warehouse_receipt(ctx, actor, receipt_id))


@receipts.post("/{receipt_id}/releases", status_code=202)
def release(ctx: Ctx, actor: Acting, receipt_id: Id, body: ReleaseIn) -> ActOut:
    """The owner orders free goods out (赎货): its order is to be signed by it, then the keeper's act is made."""
    return ActOut.of(two_words.order(ctx, actor, receipt_id, quantity(body.quantity, "/quantity")))


@receipts.post("/{receipt_id}/transfer", status_code=202)
def transfer(ctx: Ctx, actor: Acting, receipt_id: Id, body: TransferIn) -> ActOut:
    """The owner passes title to the goods on, where none of them is pledged."""
    return ActOut.of(receipts_service.transfer(ctx, actor, receipt_id, body.to))


@receipts.post("/{receipt_id}/counts", status_code=202)
def recount(ctx: Ctx, actor: Acting, receipt_id: Id, body: CountIn) -> ActOut:
    """The keeper's count found less: free goods bear the loss first, then the youngest pledge."""
    return ActOut.of(receipts_service.recount(ctx, actor, receipt_id, quantity(body.missing, "/missing"), body.reason))


@receipts.post("/{receipt_id}/corrections", status_code=202)
def correct(ctx: Ctx, actor: Acting, receipt_id: Id, body: CorrectionIn) -> ActOut:
    """The keeper has found again what a count missed: the owner signs its agreement, then the keeper's act is made."""
    return ActOut.of(two_words.find(ctx, actor, receipt_id, quantity(body.found, "/found"), body.reason))


@receipts.post("/{receipt_id}/buy-back-promises", status_code=201)
def promise_buy_back(ctx: Ctx, actor: Acting, receipt_id: Id, body: BuyBackPromiseIn) -> BuyBackPromiseOut:
    """A core enterprise promises to undertake to buy goods back that are lent on (保兑仓): a lender with a limit on it
    counts that, and pays out once the undertaking is on chain."""
    price = None if body.price is None else body.price.money("/price/amount")
    much = quantity(body.quantity, "/quantity")
    made = promises.promise(ctx, actor, receipt_id, much, body.until, body.wording, price=price)
    return BuyBackPromiseOut.of(made)


@receipts.get("/{receipt_id}/buy-back-promises")
def list_buy_back_promises(ctx: Ctx, actor: Acting, receipt_id: Id) -> BuyBackPromisesOut:
    """Who promised to buy goods of the receipt back: for its owner all of them, for a core enterprise its own."""
    made = promises.of_receipt(ctx, actor, receipt_id)
    return BuyBackPromisesOut(receipt_id=receipt_id, promises=[BuyBackPromiseOut.of(each) for each in made])


@receipts.post("/buy-back-promises/{promise_id}/withdrawal")
def withdraw_buy_back_promise(ctx: Ctx, actor: Acting, promise_id: Id) -> BuyBackPromiseOut:
    """Whoever promised takes it back; what it has undertaken stands."""
    return BuyBackPromiseOut.of(promises.withdraw(ctx, actor, promise_id))


@receipts.post("/{receipt_id}/inspections", status_code=201)
def inspect(ctx: Ctx, actor: Acting, receipt_id: Id, body: InspectionIn) -> InspectionOut:
    """The keeper has inspected the goods, and says by when it does so again: until then they may be lent on."""
    made = care.inspect(ctx, actor, receipt_id, made_on=body.made_on, next_by=body.next_by, report=body.report)
    return InspectionOut.of(made)


@receipts.post("/{receipt_id}/insurance", status_code=201)
def insure(ctx: Ctx, actor: Acting, receipt_id: Id, body: InsuranceIn) -> InsuranceOut:
    """The keeper has seen a policy over the goods: loans that are due after its last day aren't made on them."""
    made = care.insure(
        ctx,
        actor,
        receipt_id,
        number=body.number,
        insurer=body.insurer,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
    )
    return InsuranceOut.of(made)


@receipts.get("/{receipt_id}/care")
def get_care(ctx: Ctx, actor: Acting, receipt_id: Id) -> CareOut:
    """Inspections and insurance of the goods, for whoever sees the receipt: what is due, and what stands against
    lending on them."""
    return CareOut.of(receipt_id, goods_care.of_receipt(ctx, actor, receipt_id))


@prices.post("", status_code=201)
def set_price(ctx: Ctx, actor: Acting, body: PriceIn) -> PriceOut:
    """A lender's price for its own loans, or the operator's from an approved source; one far from the price before
    counts once a second person has approved the proposal that it names. Loans that it leaves short of cover are called.
    """
    made = prices_service.set_price(
        ctx,
        actor,
        good=body.good,
        unit=body.unit,
        price=body.price.money("/price/amount"),
        source=body.source,
        as_of=body.as_of,
    )
    return PriceOut.of(made)


@prices.get("")
def list_prices(
    ctx: Ctx, actor: Acting, window: Paged, good: Annotated[str | None, Query(max_length=64)] = None
) -> Page[PriceOut]:
    """One's own prices and the operator's in the order in which they were set."""
    return page(
        window,
        lambda after, limit: queries.prices(ctx, actor, good=good, after=number(after), limit=limit),
        PriceOut.of,
        lambda seen: str(seen.id),
    )


@prices.post("/{price_id}/withdrawal", status_code=202)
def withdraw_price(ctx: Ctx, actor: Acting, price_id: Id, body: PriceWithdrawalIn) -> ProposalOut:
    """One's own price is wrong: once a second person approves the proposal, it counts no more, and loans on such goods
    are looked at by the one before it."""
    return ProposalOut.of(prices_service.propose_withdrawal(ctx, actor, number(price_id), reason=body.reason))


@price_sources.post("", status_code=202)
def propose_source(ctx: Ctx, actor: Acting, body: PriceSourceIn) -> ProposalOut:
    """A person of the operator proposes a source of prices for all lenders; another one approves it."""
    return ProposalOut.of(prices_service.propose_source(ctx, actor, name=body.name, reason=body.reason))


@price_sources.get("")
def list_sources(ctx: Ctx, _actor: Acting, window: Paged) -> Page[PriceSourceOut]:
    """The approved sources of the operator's prices."""
    return page(
        window,
        lambda after, limit: prices_service.sources(ctx, after=after, limit=limit),
        PriceSourceOut.of,
        lambda seen: seen.name,
    )


router.include_router(receipts)
router.include_router(prices)
router.include_router(price_sources)
