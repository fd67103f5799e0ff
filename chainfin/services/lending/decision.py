"""From an application with its data to a decision record and, if it is a yes, an offer with its limits held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from chainfin.errors import BadInput, Refusal, Refused
from chainfin.eth import eip712
from chainfin.eth.bindings.pledges_acts import Grant
from chainfin.risk.decide import decide_general, decide_inventory, decide_receivable
from chainfin.risk.general import GeneralInputs, cap_left
from chainfin.risk.policy import policy_for
from chainfin.risk.record import DecisionRecord
from chainfin.risk.review import Review, reviewed
from chainfin.risk.sales import SalesData
from chainfin.rules.application import Event
from chainfin.rules.loan import LoanTerms, check_all_in_cap, cost_to_borrower, product, schedule
from chainfin.services.books import loan_book
from chainfin.services.goods import care
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Context
from chainfin.services.lending import application_state, decision_inputs, limits, mandate_use, offers, progress, sales
from chainfin.services.pledges import assets, standing_calls
from chainfin.storage import locks
from chainfin.storage.lending_tables import ApplicationRow, LimitRow, MandateRow, OfferRow, SourceDataRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow, WarehouseReceiptRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money
from chainfin.values.party import PartyState
from chainfin.values.product import Product

OFFER_LIFETIME = timedelta(hours=24)
PLEDGE_LIFETIME = timedelta(days=7)
"""How long a pledge may stand on chain without being drawn."""


def decide(
    session: Session,
    ctx: Context,
    row: ApplicationRow,
    answers: Mapping[str, object] | None = None,
    review: Review | None = None,
) -> None:
    """Decide and, on a yes, offer. Whatever a rule says no to declines the application with its proof.

    ``review``: the word of the lender's underwriter on what the rules leave to it.
    """
    # the facts are those of the block that the record names
    locks.named(session, locks.PROJECTION, shared=True)
    ways = offers.on_asset(session, row)
    lender = session.get_one(PartyRow, row.lender_id)
    if review is None and lender.status != PartyState.ACTIVE:  # suspended while the data was on its way
        _decline(session, ctx, row, [Refusal("lender_blocked", f"{lender.name} is {lender.status}")])
        return
    product = Product(row.product)
    paid = None if row.asset_id is None else _unless_paid(session, product, row.asset_id)
    if paid is not None:
        _decline(session, ctx, row, [paid])
        return
    against = _against_goods(session, ctx, row) if product is Product.INVENTORY_PLEDGE else None
    if against is not None:
        _decline(session, ctx, row, [against])
        return
    live = mandate_use.live_ones(session, ctx, lender_id=row.lender_id, product=product, currency=row.currency)
    if isinstance(live, Refusal):
        _decline(session, ctx, row, [live])
        return
    rows = _limits(session, row, product, live, ways)
    if isinstance(rows, Refusal):
        _decline(session, ctx, row, [rows])
        return
    try:
        way = _under_the_best(session, ctx, row, rows, live, _sales(session, ctx, row, answers), ways, review)
    except Refused as refused:
        _decline(session, ctx, row, [Refusal(refused.code, refused.message, refused.details)])
        return
    record = way.record
    row.record = record.canonical.decode()
    row.record_hash = record.hash()
    session.add(row)
    content = record.as_dict()
    scores = {name: f"{score['points']} ({score['band']})" for name, score in content["scores"].items()}
    progress.at_once(session, ctx, row, "fraud_score", detail={"fraud": scores.pop("fraud")})
    progress.at_once(session, ctx, row, "credit_score", detail=scores)
    progress.start(session, ctx, row, "limit_and_price")
    outcome = record.outcome
    if outcome.decision == "review":
        application_state.move(session, ctx, row, Event.REFER)
        progress.end(session, ctx, row, "limit_and_price", "review")
        progress.at_once(
            session, ctx, row, "review", "review", detail={"reasons": [reason.code for reason in outcome.reviews]}
        )
        return
    if not outcome.approved:
        _decline(session, ctx, row, outcome.refusals)
        return
    _offer(session, ctx, row, way)


def _against_goods(session: Session, ctx: Context, row: ApplicationRow) -> Refusal | None:
    """Why nothing is lent on the goods, whatever the policy says: a margin call of the lender's isn't met, or they
    aren't cared for through the loan's last day."""
    called = standing_calls.unless_called(session, row.lender_id, row.borrower_id)
    goods = session.get_one(WarehouseReceiptRow, row.asset_id)
    today = ctx.clock.today()
    return called or care.unless_cared(session, goods, today, today + timedelta(days=row.days))


def _unless_paid(session: Session, product: Product, asset_id: str) -> Refusal | None:
    """Nothing is decided, nor left to a person, on what somebody has just paid. `offers.on_asset` has locked it."""
    return assets.unless_paid(session, assets.locked_asset(session, str(product.asset_kind), asset_id))


@dataclass(frozen=True, slots=True)
class _Way:
    """A decision as it falls under one mandate: the limits that count, and how its offer would stand to open ones.
    ``refusal``: why the mandate doesn't allow what was approved."""

    record: DecisionRecord
    mandate: MandateRow
    limits: list[LimitRow]
    standing: offers.OpenOffers
    refusal: Refusal | None


def _under_the_best(
    session: Session,
    ctx: Context,
    row: ApplicationRow,
    rows: list[LimitRow],
    live: Sequence[MandateRow],
    sales_found: SalesData | None,
    ways: Sequence[offers.OpenOffers],
    review: Review | None,
) -> _Way:
    """The decision under the first mandate that allows what it says; where none does, under the first of all."""
    found: list[_Way] = []
    progress.start(session, ctx, row, "trade_verification")
    for mandate in live:
        counted = limits.under(rows, mandate.id)
        record, standing = _record(session, ctx, row, counted, sales_found, ways)
        if review is not None:
            record = reviewed(record, review)
        refusal = None
        if record.outcome.approved:
            terms = _terms(ctx, row, record)
            refusal = check_all_in_cap(terms) or mandate_use.unless_permitted(
                mandate, record, terms.annual_rate, terms.principal, ctx.clock.now()
            )
        found.append(_Way(record, mandate, counted, standing, refusal))
        if refusal is None:
            break
    if row.product == Product.GENERAL_310:
        progress.end(session, ctx, row, "trade_verification", "not_applicable")
    else:
        block = decision_inputs.block(session)
        progress.end(session, ctx, row, "trade_verification", detail={"block": block.number, "block_hash": block.hash})
    return found[-1] if found[-1].refusal is None else found[0]


def _limits(
    session: Session,
    row: ApplicationRow,
    product: Product,
    live: Sequence[MandateRow],
    ways: Sequence[offers.OpenOffers],
) -> list[LimitRow] | Refusal:
    """The limits that the loan would take from, locked. Refusal limit_missing: a lender lends on a debtor's promise, or
    to a distributor, only where it has set a limit on it; the general path explains a limit of its own."""
    debtor_id = None
    if product is Product.RECEIVABLE_PLEDGE:
        debtor_id = session.get_one(ReceivableRow, row.asset_id).debtor_id
    rows = limits.applicable(
        session,
        row.lender_id,
        row.currency,
        borrower_id=row.borrower_id,
        debtor_id=debtor_id,
        mandate_ids=[mandate.id for mandate in live],
        also=ways[-1].freed,
    )
    kind, key = {
        Product.RECEIVABLE_PLEDGE: ("debtor", debtor_id),
        Product.INVENTORY_PLEDGE: ("borrower", row.borrower_id),
        Product.GENERAL_310: ("mandate", live[0].id),
    }[product]
    if not any((limit.kind, limit.key) == (kind, key) for limit in rows):
        proof = {"kind": kind, "key": str(key), "currency": row.currency}
        return Refusal("limit_missing", f"the lender has set no limit in {row.currency} on the {kind}", proof)
    return rows


def _record(
    session: Session,
    ctx: Context,
    row: ApplicationRow,
    rows: list[LimitRow],
    sales_found: SalesData | None,
    ways: Sequence[offers.OpenOffers],
) -> tuple[DecisionRecord, offers.OpenOffers]:
    """The decision, and how its offer would stand beside the open offers on the asset: the first way that grants the
    full amount asked for, else the way that grants the most."""
    if sales_found is not None:
        return decide_general(_general(session, ctx, row, rows, sales_found)), ways[0]
    record, standing = _on_asset(session, ctx, row, rows, ways[0]), ways[0]
    for way in ways[1:]:
        if record.outcome.amount_minor < row.requested:
            other = _on_asset(session, ctx, row, rows, way)
            if other.outcome.amount_minor > record.outcome.amount_minor:
                record, standing = other, way
    return record, standing


def _on_asset(
    session: Session, ctx: Context, row: ApplicationRow, rows: list[LimitRow], standing: offers.OpenOffers
) -> DecisionRecord:
    now = ctx.clock.now()
    if row.product == Product.RECEIVABLE_PLEDGE:
        return decide_receivable(decision_inputs.for_receivable(session, ctx, row, rows, now, standing))
    return decide_inventory(decision_inputs.for_inventory(session, ctx, row, rows, now, standing))


def _sales(
    session: Session, ctx: Context, row: ApplicationRow, answers: Mapping[str, object] | None
) -> SalesData | None:
    """The richest sales data that the sources gave, kept with the application; None where the product wants none.

    Raises Refused data_insufficient (with what each source said) when no source gave usable sales.
    """
    if row.product != Product.GENERAL_310:
        return None
    now = ctx.clock.now()
    # the explained limit is one for all lenders: of two applications at once the second sees the first one's offer
    locks.named(session, f"borrower:{row.borrower_id}")
    found, replies = [], {}
    for source, answer in sorted((answers or {}).items()):
        reply: Mapping[str, Any] = answer if isinstance(answer, Mapping) else {}
        replies[source] = str(reply.get("code") or reply.get("status"))
        if reply.get("status") != "done":
            continue
        as_of = date.fromisoformat(str(reply["as_of"]))
        if row.record is None:  # else kept when it was first decided
            session.add(
                SourceDataRow(
                    id=new_id("src"),
                    party_id=row.borrower_id,
                    application_id=row.id,
                    source=source,
                    payload=dict(reply),
                    as_of=as_of,
                    fetched_at=now,
                )
            )
        try:
            found.append(
                (source, sales.reduce(reply["payload"], min(as_of, ctx.clock.day_of(now)), row.currency, source))
            )
        except BadInput as error:
            replies[source] = error.code
    best = sales.richest(found)
    progress.end(session, ctx, row, "data_check", "done" if best else "insufficient", detail={"sources": replies})
    if best is None:
        raise Refused("data_insufficient", "no source that you consented to gave usable sales data", sources=replies)
    return best[1]


def _general(
    session: Session, ctx: Context, row: ApplicationRow, rows: list[LimitRow], sales_found: SalesData
) -> GeneralInputs:
    now = ctx.clock.now()
    taken = mandate_use.taken_by_borrower(session, row.borrower_id, Product.GENERAL_310, row.currency)
    cap = cap_left(policy_for(Product.GENERAL_310), row.currency, taken)
    return GeneralInputs(
        application=decision_inputs.application(row),
        borrower=decision_inputs.party(
            session, ctx, row.borrower_id, row.currency, rows, as_debtor=False, on=ctx.clock.day_of(now)
        ),
        limits=(*decision_inputs.headrooms(rows), cap),
        now=now,
        business_date=ctx.clock.day_of(now),
        sales=sales_found,
        other_debt_minor=taken,
    )


def _decline(session: Session, ctx: Context, row: ApplicationRow, refusals: Any) -> None:
    row.refusals = [{"code": r.code, "message": r.message, "proof": dict(r.proof)} for r in refusals]
    session.add(row)
    codes = [refusal.code for refusal in refusals]
    application_state.move(session, ctx, row, Event.DECLINE)
    progress.end_open(session, ctx, row, "refused", detail={"codes": codes})
    progress.at_once(session, ctx, row, "declined", "declined", detail={"codes": codes})


def _terms(ctx: Context, row: ApplicationRow, record: DecisionRecord) -> LoanTerms:
    """What an approval means for the loan."""
    outcome = record.outcome
    assert outcome.annual_rate is not None, "an approval has its rate"
    assert outcome.maturity_on is not None, "an approval has its day"
    return product.current(Product(row.product)).loan_terms(
        principal=Money(outcome.amount_minor, row.currency),
        annual_rate=outcome.annual_rate,
        fee=Money(outcome.fee_minor, row.currency),
        start=ctx.clock.today(),
        maturity=outcome.maturity_on,
        calendar=ctx.calendar,
    )


def _offer(session: Session, ctx: Context, row: ApplicationRow, way: _Way) -> None:
    outcome, terms, refusal = way.record.outcome, _terms(ctx, row, way.record), way.refusal
    if refusal is None:
        offers.supersede(session, ctx, way.standing, row)
        refusal = limits.hold(session, ctx, row.id, way.limits, terms.principal)
    if refusal is not None:
        _decline(session, ctx, row, [refusal])
        return
    loan_id = new_id("loan")
    pledge_amount = (
        outcome.pledge_minor if row.product == Product.RECEIVABLE_PLEDGE else outcome.pledge_thousandths
    ) or 0
    expires_at = ctx.clock.now() + OFFER_LIFETIME
    act = _acceptance(session, ctx, row, loan_id, pledge_amount, terms)
    yearly = cost_to_borrower(terms)
    body = {
        **terms.as_json(),
        "loan_id": loan_id,
        "advance_rate": None if outcome.advance_rate is None else str(outcome.advance_rate),
        "interest": str(schedule(terms).interest),
        "time_zone": ctx.clock.zone.key,
        "yearly_cost": str(yearly),
        "binding": outcome.binding,
        "decision_hash": row.record_hash,
        "mandate_id": way.mandate.id,
        "product_document": product.current(Product(row.product)).id,
    }
    session.add(
        OfferRow(
            id=new_id("off"),
            application_id=row.id,
            terms=body,
            amount=terms.principal.minor,
            pledge_amount=pledge_amount,
            act_id=act.id,
            expires_at=expires_at,
            created_at=ctx.clock.now(),
        )
    )
    progress.end(
        session,
        ctx,
        row,
        "limit_and_price",
        "approved",
        detail={"amount": str(terms.principal), "yearly_cost": str(yearly)},
    )
    application_state.move(session, ctx, row, Event.OFFER)
    progress.start(session, ctx, row, "offered")


def _acceptance(
    session: Session, ctx: Context, row: ApplicationRow, loan_id: str, pledge_amount: int, terms: LoanTerms
) -> ActRow:
    borrower = session.get_one(PartyRow, row.borrower_id)
    lender = session.get_one(PartyRow, row.lender_id)
    now = ctx.clock.now()
    loan_ref, decision_hash, number = loan_book.loan_ref(loan_id), str(row.record_hash), acts.chain_number(lender)
    acceptance: acts.Acceptance
    if row.asset_id is None:
        acceptance = eip712.AcceptOffer(
            loan_ref=loan_ref, decision_hash=decision_hash, amount=terms.principal.minor, lender=number
        )
    else:
        acceptance = Grant(
            pledge_id=eip712.pledge_id(row.asset_id, loan_id),
            asset_kind=assets.KINDS[str(Product(row.product).asset_kind)].number,
            asset_id=row.asset_id,
            amount=pledge_amount,
            lender=number,
            loan_ref=loan_ref,
            decision_hash=decision_hash,
            expires_at=int((now + OFFER_LIFETIME + PLEDGE_LIFETIME).timestamp()),
        )
    return acts.offer(
        session,
        ctx,
        party=borrower,
        acceptance=acceptance,
        subject=row.id,
        expires_at=now + OFFER_LIFETIME,
    )
