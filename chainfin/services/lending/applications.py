"""Applications: received, checked, decided, offered; accepted or withdrawn. See `disbursement` for what follows.

Everything up to the offer is done as soon as its data is there; the decision itself is a pure function of the
record that is kept and hashed.
"""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, select

from chainfin.errors import BadInput, Conflict, Forbidden, NotFound, Refused, unless_refused
from chainfin.eth.bindings.pledges_acts import Grant
from chainfin.rules import offer as offer_rules
from chainfin.rules.application import APPEALABLE, Event, State, allows
from chainfin.rules.loan import LoanState, LoanTerms, check_start
from chainfin.rules.offer import OfferEvent, OfferState
from chainfin.services.books import funding_accounts
from chainfin.services.kernel import acts, commands
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import (
    application_state,
    decision,
    disbursement,
    limits,
    mandate_use,
    offers,
    progress,
    review,
    still_granted,
)
from chainfin.services.lending.sales import SOURCES
from chainfin.services.parties import gate
from chainfin.services.pledges import assets
from chainfin.services.views.lending import ApplicationView
from chainfin.storage.lending_tables import ApplicationRow, LoanRow, OfferRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow
from chainfin.storage.types import new_id
from chainfin.values.before_chain import NOT_ISSUED
from chainfin.values.money import Money
from chainfin.values.party import Kind, PartyState, Role
from chainfin.values.product import Product

PRODUCTS = tuple(Product)
MAX_DAYS = 366
WITNESSES = Role.BANK | Role.REGISTRAR | Role.AUDITOR
"""Others' money depends on the word of these roles; they may not borrow here."""
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
) -> ApplicationView:
    """Ask for money; comes back as far as it got without waiting.

    ``consent`` (general path): ``token`` of the data partner and ``sources``. Raises BadInput product_unknown,
    amount_not_positive, days_invalid, asset_missing, consent_missing, currency_mismatch; NotFound lender_unknown,
    asset_unknown (somebody else's asset is as unknown as none); Forbidden party_not_active, witness_borrows (who
    attests, registers or audits doesn't borrow here); Refused lender_is_borrower, lender_is_debtor, self_attested;
    Conflict asset_not_final, act_paused, payment_under_way (somebody has paid it, or a payment of it has no place yet).
    """
    borrower_id = actor.require()
    _check(product, amount, days, asset_id, consent)
    if actor.roles & WITNESSES:
        raise Forbidden("witness_borrows", "a settlement bank, registrar or auditor takes no loan on this platform")
    now = ctx.clock.now()
    with ctx.store.begin() as session:
        lender = session.get(PartyRow, lender_id)
        if lender is None or lender.status == PartyState.PENDING or not lender.roles & Role.LENDER:
            raise NotFound("lender_unknown", f"there is no lender {lender_id}")
        if borrower_id == lender_id:
            raise Refused("lender_is_borrower", "nobody lends to itself")
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
        application_state.move(session, ctx, row, Event.CHECK)
        progress.start(session, ctx, row, "data_check")
        if product == Product.GENERAL_310:
            _fetch(session, ctx, row)
            return ApplicationView.of(row)
        progress.end(session, ctx, row, "data_check", detail={"sources": ["chain"]})
    # A commit of its own, so that the trail is seen from the first moment on.
    with ctx.store.begin() as session:
        row = session.get_one(ApplicationRow, row.id, with_for_update=True)
        if application_state.of(row) is State.DECIDING:
            decision.decide(session, ctx, row)
        return ApplicationView.of(row)


def resume(ctx: Context, *, limit: int = 100) -> int:
    """Decide applications that were received and not decided, since the process ended in between. Returns how many."""
    before = ctx.clock.now() - RESUME_AFTER
    with ctx.store.read() as session:
        left = session.exec(
            select(ApplicationRow.id)
            .where(
                ApplicationRow.status == State.DECIDING.value,
                ApplicationRow.product != Product.GENERAL_310.value,
                ApplicationRow.updated_at <= before,
            )
            .limit(limit)
        ).all()
    for application_id in left:
        with ctx.store.begin() as session:
            row = session.get_one(ApplicationRow, application_id, with_for_update=True)
            if application_state.of(row) is State.DECIDING:
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
    row = assets.found(session, asset_id, kind=Product(product).asset_kind)
    if row is None or assets.holder_of(row) != borrower_id:
        raise NotFound("asset_unknown", f"you hold no such asset {asset_id}", where="asset_id")
    if row.status in NOT_ISSUED:
        raise Conflict("asset_not_final", f"the asset is {row.status}")
    asset = assets.of_row(session, row)
    if asset.currency not in (None, currency):
        raise BadInput("currency_mismatch", f"the receivable is in {asset.currency}", where="currency")
    unless_refused(asset.may_lend(lender=lender_id, by=borrower_id))
    _unless_paid(session, row)


def _unless_paid(session: Session, asset: assets.AssetRow, needed: int = 1) -> None:
    """Raises Conflict payment_under_way."""
    refusal = assets.unless_paid(session, asset, needed)
    if refusal is not None:
        error = Conflict(refusal.code, refusal.message)
        error.details = dict(refusal.proof)
        raise error


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
    if row.asset_id is not None:
        asset = assets.locked_asset(session, str(Product(row.product).asset_kind), row.asset_id)
        gate.active_party(session, assets.of_row(session, asset).voucher_id)


def _fetch(session: Session, ctx: Context, row: ApplicationRow) -> None:
    named = row.consent.get("sources")
    sources = named if isinstance(named, list) and named else SOURCES
    borrower = session.get_one(PartyRow, row.borrower_id)
    asked = commands.FetchData(
        application_id=row.id,
        subject_id=borrower.legal_value,
        consent=str(row.consent["token"]),
        sources=tuple(str(source) for source in sources),
    )
    commands.give(session, ctx, asked)


def fetched(session: Session, ctx: Context, application_id: str, answers: dict[str, object]) -> None:
    """The data partner has answered, source by source: decide, in the same transaction."""
    row = session.get_one(ApplicationRow, application_id, with_for_update=True)
    if application_state.of(row) is State.DECIDING:
        decision.decide(session, ctx, row, answers)


def accept(ctx: Context, actor: Actor, application_id: str, signature: str | None = None) -> ApplicationView:
    """The borrower takes the offer with its EIP-712 signature (None: by its key in custody). Its asset is reserved.

    Raises NotFound application_unknown; Conflict application_not_offered, offer_expired, key_not_held; BadInput
    signature_malformed, signature_expired; Forbidden signature_foreign, party_not_active (borrower, lender, or whose
    word the asset stands on); Conflict act_paused, payment_under_way (it was paid meanwhile); Refused asset_not_free,
    receivable_state_wrong, not_holder, not_owner, too_many_pledges, funding_missing, funding_short, mandate_… (the
    lender's mandate doesn't stand any more), limit_lowered; borrower_overdue, debtor_overdue, margin_call_open (by
    now).
    """
    now = ctx.clock.now()
    with ctx.store.begin() as session:
        offers.hold(session, application_id)
        row = _own(session, actor, application_id)
        if application_state.of(row) is not State.OFFERED:
            if row.loan_id is not None and signature is not None:
                raise Conflict("signature_replayed", f"the offer was taken before; the application is {row.status}")
            raise Conflict("application_not_offered", f"the application is {row.status}")
        offer = session.exec(select(OfferRow).where(OfferRow.application_id == row.id).with_for_update()).one()
        if now >= offer.expires_at:
            raise Conflict("offer_expired", f"the offer stood until {offer.expires_at:%Y-%m-%d %H:%M} UTC")
        late = check_start(LoanTerms.from_json(offer.terms, ctx.calendar), ctx.clock.today())
        if late is not None:
            raise Conflict("offer_expired", f"the terms can't hold any more: {late.message}", reason=late.code)
        _entered(session, row.borrower_id, row.lender_id, row.asset_id)
        _unless_blocked(session, row)
        act = session.get_one(ActRow, offer.act_id)
        acts.take_acceptance(session, ctx, act, signature)
        loan = _loan(session, ctx, row, offer)
        _fund(session, ctx, loan)
        pledge = None if row.asset_id is None else _reserve(session, ctx, row, offer, act, loan)
        _unless_withdrawn(session, ctx, row, offer)
        unless_refused(still_granted.unless_still(session, ctx, row))
        offer.status = offer_rules.transition(OfferState(offer.status), OfferEvent.ACCEPT).value
        row.loan_id = loan.id
        session.add(offer)
        application_state.move(session, ctx, row, Event.ACCEPT)
        progress.end(session, ctx, row, "offered", "accepted")
        progress.at_once(session, ctx, row, "accepted", detail={"signer": act.signer})
        disbursement.begin(session, ctx, row, loan, pledge)
        return ApplicationView.of(row)


def _loan(session: Session, ctx: Context, row: ApplicationRow, offer: OfferRow) -> LoanRow:
    terms = LoanTerms.from_json(offer.terms, ctx.calendar)
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


def _fund(session: Session, ctx: Context, loan: LoanRow) -> None:
    """The lender's money is held for the loan. Where there is too little nothing has happened: the offer stands, and
    can be taken once the lender has placed more. Raises Refused funding_missing, funding_short."""
    refusal = funding_accounts.hold(session, ctx, loan)
    if refusal is not None:
        raise refusal.error()


def _unless_withdrawn(session: Session, ctx: Context, row: ApplicationRow, offer: OfferRow) -> None:
    """At acceptance, check what will be checked again at payout, so that nothing is pledged in vain.

    Raises Refused mandate_…, limit_not_held, limit_lowered."""
    named = offer.terms.get("mandate_id")
    refusal = mandate_use.unless_live(session, ctx, None if named is None else str(named)) or limits.unless_held(
        session, row.id
    )
    if refusal is not None:
        raise refusal.error()


def _reserve(
    session: Session, ctx: Context, row: ApplicationRow, offer: OfferRow, act: ActRow, loan: LoanRow
) -> PledgeRow:
    """Promise a part of the asset to this loan; the table's CHECK backs it."""
    asset = assets.locked_asset(session, str(Product(row.product).asset_kind), row.asset_id)
    _unless_paid(session, asset, offer.pledge_amount)
    free, pledge_id = assets.free_of(session, asset), Grant.from_params(act.params).pledge_id
    if free < offer.pledge_amount:
        held = assets.held_by(session, asset)
        named = ", ".join(f"{name} {amount}" for name, amount in held.items())
        raise Refused(
            "asset_not_free",
            "the part that this offer needs is no longer free" + (f": {named}" if named else ""),
            status=asset.status,
            held_by=held,
            free=str(free),
            needed=str(offer.pledge_amount),
        )
    value = assets.of_row(session, asset)
    unless_refused(value.pledge(offer.pledge_amount, pledge_id=pledge_id, lender=row.lender_id, by=row.borrower_id))
    asset.reserved += offer.pledge_amount
    session.add(asset)
    pledge = PledgeRow(
        id=pledge_id,
        cell=ctx.cell,
        loan_id=loan.id,
        asset_kind=value.kind,
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


def withdraw(ctx: Context, actor: Actor, application_id: str) -> ApplicationView:
    """The borrower changes its mind before accepting.

    Raises NotFound application_unknown; Conflict application_not_open.
    """
    with ctx.store.begin() as session:
        row = _own(session, actor, application_id)
        if not allows(application_state.of(row), Event.WITHDRAW):
            raise Conflict("application_not_open", f"the application is {row.status}")
        offers.close(session, ctx, row, Event.WITHDRAW)
        return ApplicationView.of(row)


def expire(ctx: Context, *, limit: int = 100) -> int:
    """End offers that nobody took in time, and applications that waited too long for the lender's underwriter; what
    they held is free again. Returns how many."""
    now = ctx.clock.now()
    with ctx.store.read() as session:
        open_ = session.exec(
            select(OfferRow.application_id)
            .where(OfferRow.status == OfferState.OPEN.value, OfferRow.expires_at <= now)
            .limit(limit)
        ).all()
        due = [*open_, *review.overdue(session, ctx, limit)]
    for application_id in due:
        with ctx.store.begin() as session:
            row = session.get_one(ApplicationRow, application_id, with_for_update=True)
            if allows(application_state.of(row), Event.EXPIRE):
                offers.close(session, ctx, row, Event.EXPIRE)
    return len(due)


def appeal(
    ctx: Context, actor: Actor, application_id: str, *, reason: str, consent: dict[str, object]
) -> ApplicationView:
    """Dispute a decision: a new application on today's facts (and the data now consented to), linked to the old one.

    Raises NotFound application_unknown; Conflict application_not_decided.
    """
    with ctx.store.begin() as session:
        old = _own(session, actor, application_id)
        if application_state.of(old) not in APPEALABLE:
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
