"""Applications: received, checked, decided, offered; accepted or withdrawn. See `funding` for what follows.

Everything up to the offer is done as soon as its data is there; the decision itself is a pure function of the
record that is kept and hashed.
"""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, select

from chainfin.errors import BadInput, Conflict, NotFound, Refused
from chainfin.rules.loan import LoanState, LoanTerms, check_start
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import decision, funding, limits, progress, review
from chainfin.services.lending.sales import SOURCES
from chainfin.services.parties import gate
from chainfin.services.pledges import assets
from chainfin.storage import outbox
from chainfin.storage.lending_tables import ApplicationRow, LoanRow, OfferRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, ReceivableRow, WarehouseReceiptRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money
from chainfin.values.party import Kind, Role
from chainfin.values.product import Product

PRODUCTS = tuple(Product)
FETCH = "data.fetch"
MAX_DAYS = 366
UNDECIDED = "data_check"
"""Received, the decision still to come."""
RESUME_AFTER = timedelta(seconds=2)
"""Longer than it takes from receiving to deciding in one call: what is older was left behind."""


def apply(
    ctx: Context,
    actor: Actor,
    *,
    product: str,
    lender_id: str,
    amount: Money,
    days: int,
    asset_id: str | None = None,
    consent: dict[str, object] | None = None,
    appeal_of: str | None = None,
) -> ApplicationRow:
    """Ask for money; comes back as far as it got without waiting.

    ``consent`` (general path): ``token`` of the data partner and ``sources``. Raises BadInput product_unknown,
    amount_not_positive, days_invalid, asset_missing, consent_missing, currency_mismatch; NotFound lender_unknown,
    asset_unknown (somebody else's asset is as unknown as none); Forbidden party_not_active; Refused lender_is_debtor,
    self_attested; Conflict asset_not_final, act_paused.
    """
    borrower_id = actor.require()
    _check(product, amount, days, asset_id, consent)
    now = ctx.clock.now()
    with ctx.store.begin() as session:
        lender = session.get(PartyRow, lender_id)
        if lender is None or lender.status == "pending" or not lender.roles & Role.LENDER:
            raise NotFound("lender_unknown", f"there is no lender {lender_id}")
        _entered(session, borrower_id, lender_id, asset_id)
        if asset_id is not None:
            _own_asset(session, product, asset_id, borrower_id, amount.currency, lender_id)
        row = ApplicationRow(
            id=new_id("app"),
            cell=ctx.cell,
            product=product,
            borrower_id=borrower_id,
            lender_id=lender_id,
            asset_id=asset_id,
            currency=amount.currency,
            requested=amount.minor,
            days=days,
            consent=dict(consent or {}),
            appeal_of=appeal_of,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        session.flush()
        progress.at_once(session, ctx, row, "received", detail={"amount": str(amount), "currency": amount.currency})
        progress.start(session, ctx, row, "data_check")
        if product == Product.GENERAL_310:
            _fetch(session, ctx, row)
            return row
        progress.end(session, ctx, row, "data_check", detail={"sources": ["chain"]})
    # A commit of its own, so that the trail is seen from the first moment on.
    with ctx.store.begin() as session:
        row = session.get_one(ApplicationRow, row.id, with_for_update=True)
        if row.status == UNDECIDED:
            decision.decide(session, ctx, row)
        return row


def resume(ctx: Context, *, limit: int = 100) -> int:
    """Decide what was received and not decided, since the process ended in between. Returns how many."""
    before = ctx.clock.now() - RESUME_AFTER
    with ctx.store.read() as session:
        left = session.exec(
            select(ApplicationRow.id)
            .where(
                ApplicationRow.status == UNDECIDED,
                ApplicationRow.product != Product.GENERAL_310.value,
                ApplicationRow.updated_at <= before,
            )
            .limit(limit)
        ).all()
    for application_id in left:
        with ctx.store.begin() as session:
            row = session.get_one(ApplicationRow, application_id, with_for_update=True)
            if row.status == UNDECIDED:
                decision.decide(session, ctx, row)
    return len(left)


def _check(product: str, amount: Money, days: int, asset_id: str | None, consent: dict[str, object] | None) -> None:
    if product not in PRODUCTS:
        raise BadInput("product_unknown", f"{product!r} is none of {', '.join(PRODUCTS)}", where="product")
    if amount.minor <= 0:
        raise BadInput("amount_not_positive", "the amount must be greater than zero", where="amount")
    if not 1 <= days <= MAX_DAYS:
        raise BadInput("days_invalid", f"a loan runs 1 to {MAX_DAYS} days, not {days}", where="days")
    if (product == Product.GENERAL_310) == (asset_id is not None):
        raise BadInput(
            "asset_missing", "chain products name their asset, the general path names none", where="asset_id"
        )
    if product == Product.GENERAL_310 and not (consent or {}).get("token"):
        raise BadInput("consent_missing", "the general path needs the applicant's consent to its data", where="consent")


def _own_asset(session: Session, product: str, asset_id: str, borrower_id: str, currency: str, lender_id: str) -> None:
    asset: ReceivableRow | WarehouseReceiptRow | None
    if product == Product.RECEIVABLE_PLEDGE:
        asset = session.get(ReceivableRow, asset_id)
        owner = None if asset is None else asset.holder_id
        if asset is not None and owner == borrower_id and asset.currency != currency:
            raise BadInput("currency_mismatch", f"the receivable is in {asset.currency}", where="currency")
        if asset is not None and owner == borrower_id and asset.debtor_id == lender_id:
            raise Refused("lender_is_debtor", "nobody lends on its own promise to pay", where="lender_id")
    else:
        asset = session.get(WarehouseReceiptRow, asset_id)
        owner = None if asset is None else asset.owner_id
        if asset is not None and owner == borrower_id and asset.keeper_id in (borrower_id, lender_id):
            raise Refused("self_attested", "a keeper neither lends nor borrows on what it counts", where="lender_id")
    if asset is None or owner != borrower_id:
        raise NotFound("asset_unknown", f"you hold no such asset {asset_id}", where="asset_id")
    if asset.status in ("issuing", "refused"):
        raise Conflict("asset_not_final", f"the asset is {asset.status}")


def _entered(session: Session, borrower_id: str, lender_id: str, asset_id: str | None) -> None:
    """Both may do new business; a loan on an asset takes a pledge. Raises Forbidden party_not_active; Conflict
    act_paused."""
    if asset_id is not None:
        gate.unless_paused(session, Kind.PLEDGE)
    for party_id in (borrower_id, lender_id):
        gate.active_party(session, party_id)


def _unless_blocked(session: Session, row: ApplicationRow) -> None:
    """The debtor or keeper was in good standing when the offer was made, and still is. Raises Forbidden
    party_not_active."""
    if row.product == Product.RECEIVABLE_PLEDGE:
        gate.active_party(session, session.get_one(ReceivableRow, row.asset_id).debtor_id)
    elif row.product == Product.INVENTORY_PLEDGE:
        gate.active_party(session, session.get_one(WarehouseReceiptRow, row.asset_id).keeper_id)


def _fetch(session: Session, ctx: Context, row: ApplicationRow) -> None:
    sources = row.consent.get("sources") or list(SOURCES)
    borrower = session.get_one(PartyRow, row.borrower_id)
    payload = {"subject_id": borrower.legal_value, "consent": row.consent["token"], "sources": sources}
    outbox.put(session, FETCH, f"fetch:{row.id}", payload, now=ctx.clock.now(), cell=ctx.cell)


def fetched(session: Session, ctx: Context, application_id: str, answers: dict[str, object]) -> None:
    """The data partner answered (each source for itself): the decision follows in the same transaction."""
    row = session.get_one(ApplicationRow, application_id, with_for_update=True)
    if row.status == UNDECIDED:
        decision.decide(session, ctx, row, answers)


def accept(ctx: Context, actor: Actor, application_id: str, signature: str | None = None) -> ApplicationRow:
    """The borrower takes the offer with its EIP-712 signature (None: by its key in custody). Its asset is reserved.

    Raises NotFound application_unknown; Conflict application_not_offered, offer_expired, key_not_held; BadInput
    signature_malformed, signature_expired; Forbidden signature_foreign, party_not_active (borrower, lender, or whose
    word the asset stands on); Conflict act_paused; Refused asset_not_free.
    """
    now = ctx.clock.now()
    with ctx.store.begin() as session:
        row = _own(session, actor, application_id)
        if row.status != "offered":
            if row.loan_id is not None and signature is not None:
                raise Conflict("signature_replayed", f"the offer was taken before; the application is {row.status}")
            raise Conflict("application_not_offered", f"the application is {row.status}")
        offer = session.exec(select(OfferRow).where(OfferRow.application_id == row.id).with_for_update()).one()
        if now >= offer.expires_at:
            raise Conflict("offer_expired", f"the offer stood until {offer.expires_at:%Y-%m-%d %H:%M} UTC")
        late = check_start(LoanTerms.from_json(offer.terms), ctx.clock.today())
        if late is not None:
            raise Conflict("offer_expired", f"the terms can't hold any more: {late.message}", reason=late.code)
        _entered(session, row.borrower_id, row.lender_id, row.asset_id)
        _unless_blocked(session, row)
        act = session.get_one(ActRow, offer.act_id)
        acts.take_acceptance(session, ctx, act, signature)
        loan = _loan(session, ctx, row, offer)
        pledge = None if row.asset_id is None else _reserve(session, ctx, row, offer, act, loan)
        offer.status = "accepted"
        row.loan_id = loan.id
        session.add(offer)
        progress.end(session, ctx, row, "offered", "accepted")
        progress.at_once(session, ctx, row, "accepted", detail={"signer": act.signer})
        funding.begin(session, ctx, row, loan, pledge)
        return row


def _loan(session: Session, ctx: Context, row: ApplicationRow, offer: OfferRow) -> LoanRow:
    terms = LoanTerms.from_json(offer.terms)
    loan = LoanRow(
        id=str(offer.terms["loan_id"]),
        cell=ctx.cell,
        application_id=row.id,
        borrower_id=row.borrower_id,
        lender_id=row.lender_id,
        product=row.product,
        currency=row.currency,
        principal=terms.principal.minor,
        terms=offer.terms,
        maturity=terms.maturity,
        status=LoanState.APPROVED.value,
        created_at=ctx.clock.now(),
    )
    session.add(loan)
    session.flush()
    return loan


def _reserve(
    session: Session, ctx: Context, row: ApplicationRow, offer: OfferRow, act: ActRow, loan: LoanRow
) -> PledgeRow:
    """Promise a part of the asset to this loan; the table's CHECK backs it."""
    asset = assets.locked_asset(session, str(Product(row.product).asset_kind), row.asset_id)
    free = assets.free_of(asset)
    if asset.status not in ("confirmed", "issued") or free < offer.pledge_amount:
        raise Refused(
            "asset_not_free",
            "the part that this offer needs is no longer free",
            status=asset.status,
            free=str(free),
            needed=str(offer.pledge_amount),
        )
    asset.reserved += offer.pledge_amount
    session.add(asset)
    pledge = PledgeRow(
        id=str(act.params["pledgeId"]),
        cell=ctx.cell,
        loan_id=loan.id,
        asset_kind=str(Product(row.product).asset_kind),
        asset_id=asset.id,
        pledgor_id=row.borrower_id,
        lender_id=row.lender_id,
        amount=offer.pledge_amount,
        decision_hash=str(row.record_hash),
        created_at=ctx.clock.now(),
    )
    session.add(pledge)
    session.flush()
    return pledge


def withdraw(ctx: Context, actor: Actor, application_id: str) -> ApplicationRow:
    """The borrower changes its mind before accepting.

    Raises NotFound application_unknown; Conflict application_not_open.
    """
    with ctx.store.begin() as session:
        row = _own(session, actor, application_id)
        if row.status in progress.FINAL or row.loan_id is not None:
            raise Conflict("application_not_open", f"the application is {row.status}")
        _close(session, ctx, row, "withdrawn")
        return row


def expire(ctx: Context, *, limit: int = 100) -> int:
    """Close offers that nobody took in time, and what waits too long for the lender's desk; what they held is free.
    Returns how many."""
    now = ctx.clock.now()
    with ctx.store.read() as session:
        offers = session.exec(
            select(OfferRow.application_id).where(OfferRow.status == "open", OfferRow.expires_at <= now).limit(limit)
        ).all()
        due = [*offers, *review.overdue(session, ctx, limit)]
    for application_id in due:
        with ctx.store.begin() as session:
            row = session.get_one(ApplicationRow, application_id, with_for_update=True)
            if row.status in ("offered", "review"):
                _close(session, ctx, row, "expired")
    return len(due)


def _close(session: Session, ctx: Context, row: ApplicationRow, state: str) -> None:
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == row.id)).one_or_none()
    if offer is not None:
        offer.status = state
        session.add(offer)
        act = session.get_one(ActRow, offer.act_id)
        act.status = "expired"
        session.add(act)
    limits.free(session, ctx, row.id)
    progress.end(session, ctx, row, row.status, state)
    progress.at_once(session, ctx, row, state, state)


def appeal(
    ctx: Context, actor: Actor, application_id: str, *, reason: str, consent: dict[str, object]
) -> ApplicationRow:
    """Dispute a decision: a new application on today's facts (and the data now consented to), linked to the old one.

    Raises NotFound application_unknown; Conflict application_not_decided.
    """
    with ctx.store.begin() as session:
        old = _own(session, actor, application_id)
        if old.status not in ("declined", "expired", "withdrawn", "failed", "review"):
            raise Conflict("application_not_decided", f"the application is {old.status}")
    return apply(
        ctx,
        actor,
        product=old.product,
        lender_id=old.lender_id,
        amount=Money(old.requested, old.currency),
        days=old.days,
        asset_id=old.asset_id,
        consent={**old.consent, **consent, "appeal_reason": reason},
        appeal_of=old.id,
    )


def _own(session: Session, actor: Actor, application_id: str) -> ApplicationRow:
    row = session.get(ApplicationRow, application_id, with_for_update=True)
    if row is None or row.borrower_id != actor.require():
        raise NotFound("application_unknown", f"there is no application {application_id}")
    return row
