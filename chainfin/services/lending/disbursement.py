"""From an accepted offer to the money: registered, pledged, paid out – once – or everything undone.

Each step is taken when the step before it is *known* to be done: the registry's number before the pledge, the
final pledge before the payment. Every step may be reported twice and happens once.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session, col, select

from chainfin.errors import Refusal, Refused
from chainfin.eth import eip712
from chainfin.eth.bindings import pledges_acts
from chainfin.rules import pledge as pledges
from chainfin.rules.application import Event, State
from chainfin.rules.loan import (
    Added,
    Changed,
    Happening,
    Kind,
    LoanState,
    LoanTerms,
    add,
    cancel,
    check_start,
)
from chainfin.rules.loan.state import ACCRUING
from chainfin.services.books import funding_accounts, journals, loan_book
from chainfin.services.kernel import acts, commands, pledge_rows
from chainfin.services.kernel.commands import RegisterPledge
from chainfin.services.kernel.context import Context
from chainfin.services.lending import application_state, limits, mandate_use, progress, still_granted
from chainfin.services.pledges import assets, promises, register, release
from chainfin.storage.lending_tables import ApplicationRow, LoanRow, OfferRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import BuyBackPromiseRow, PledgeRow
from chainfin.storage.store import moves
from chainfin.storage.trade_tables import ActRow
from chainfin.values import instruction
from chainfin.values.money import Money


def begin(session: Session, ctx: Context, application: ApplicationRow, loan: LoanRow, pledge: PledgeRow | None) -> None:
    """The offer is accepted: file the pledge with the registry or, where nothing is pledged, pay."""
    if pledge is None:
        _pay_out(session, ctx, application, loan)
        return
    application_state.move(session, ctx, application, Event.REGISTER)
    progress.start(session, ctx, application, "registration")
    register.register(session, ctx, RegisterPledge, pledge, loan, loan.maturity)


def registered(session: Session, ctx: Context, pledge_id: str, number: str) -> None:
    """The registry gave its number: the pledge goes to the chain, signed by pledgor and lender. Under a number that
    can't be used nothing is pledged, and what was filed is struck out again; so it is where the debtor has paid the
    holder meanwhile."""
    pledge = assets.locked_pledge(session, pledge_id)
    if pledge.registry_number is not None or pledge.status == pledges.State.FAILED:
        return
    unusable = register.unusable(session, pledge_id, number)
    if unusable is not None:
        _fail(session, ctx, pledge, "registration", unusable.code, unusable.message)
        register.strike_out(session, ctx, pledge, number, "the number can't be used")
        return
    paid = assets.unless_paid_beside(session, pledge)
    if paid is not None:
        _fail(session, ctx, pledge, "registration", paid.code, paid.message)
        register.strike_out(session, ctx, pledge, number, "what it was on was paid")
        return
    pledge.registry_number = number
    session.add(pledge)
    application = _application(session, pledge.loan_id)
    application_state.move(session, ctx, application, Event.PLEDGE)
    progress.end(session, ctx, application, "registration", detail={"registry_number": number})
    progress.start(session, ctx, application, "pledging")
    grant = _grant(session, application)
    assert grant.signature is not None
    auth = eip712.Auth(grant.signer, grant.nonce, grant.deadline, bytes.fromhex(grant.signature[2:]))
    acts.prepare(
        session,
        ctx,
        party=session.get_one(PartyRow, pledge.lender_id),
        act=register.pledge_act(pledges_acts.Grant.from_params(grant.params), number),
        subject=pledge.id,
        auths=[auth],
    )


def registration_refused(session: Session, ctx: Context, pledge_id: str, code: str, message: str) -> None:
    """The registry says no: nothing is pledged, nothing is paid."""
    pledge = assets.locked_pledge(session, pledge_id)
    if pledge.status == pledges.State.PENDING:
        _fail(session, ctx, pledge, "registration", code, message)


def pledge_final(session: Session, ctx: Context, pledge: PledgeRow) -> None:
    """The pledge is in a final block: only now is the money due. A pledge whose loan owes nothing any more (the last
    payment overtook a substitution) is given up at once."""
    application = _application(session, pledge.loan_id)
    if application_state.of(application) is not State.PLEDGING:
        if session.get_one(LoanRow, pledge.loan_id).status == LoanState.REPAID:
            release.ask(session, ctx, pledge)
        return
    promise_id = still_granted.counted_promise(application)
    if promise_id is not None:
        promise = session.get(BuyBackPromiseRow, promise_id)
        gone = promises.ask(session, ctx, promise, pledge, session.get_one(LoanRow, pledge.loan_id).maturity)
        if gone is not None:
            not_undertaken(session, ctx, pledge.id, gone.code, gone.message)
        return
    _secured(session, ctx, application, pledge)


def undertaken(session: Session, ctx: Context, pledge: PledgeRow) -> None:
    """An undertaking over the pledge is in a final block: if its loan waits for it, the money is due now."""
    if pledge.loan_id is None:
        return
    application = _application(session, pledge.loan_id)
    promise_id = still_granted.counted_promise(application)
    if promise_id is None or application_state.of(application) is not State.PLEDGING:
        return
    if promises.is_kept(session, session.get(BuyBackPromiseRow, promise_id), pledge):
        _secured(session, ctx, application, pledge)


def not_undertaken(session: Session, ctx: Context, pledge_id: str, code: str, message: str) -> None:
    """Who promised to undertake what is pledged doesn't: nothing is paid out, and what was pledged is given up."""
    pledge = session.get(PledgeRow, pledge_id)
    if pledge is None or pledge.loan_id is None:
        return
    application = _application(session, pledge.loan_id)
    if still_granted.counted_promise(application) is None or application_state.of(application) is not State.PLEDGING:
        return
    row, undone = session.get_one(LoanRow, pledge.loan_id), ["funding", "limits", f"pledge {pledge.id}"]
    _end_loan(session, ctx, application, row, "pledging", code, message, undone)
    release.ask(session, ctx, pledge)


def _secured(session: Session, ctx: Context, application: ApplicationRow, pledge: PledgeRow) -> None:
    """All that the offer rests on is in final blocks."""
    progress.end(
        session, ctx, application, "pledging", detail={"tx_hash": pledge.tx_hash, "block": pledge.block_number}
    )
    _pay_out(session, ctx, application, session.get_one(LoanRow, pledge.loan_id))


def pledge_refused(session: Session, ctx: Context, pledge_id: str, code: str, message: str) -> None:
    """The chain refuses the pledge: give back the reservation and the limits, strike out the registry entry."""
    if session.get(PledgeRow, pledge_id) is None:
        return
    pledge = assets.locked_pledge(session, pledge_id)
    if pledge.status == pledges.State.PENDING:
        _fail(session, ctx, pledge, "pledging", code, message)
        register.unregister(session, ctx, pledge, "the pledge was not taken up")


def _pay_out(session: Session, ctx: Context, application: ApplicationRow, loan: LoanRow) -> None:
    application_state.move(session, ctx, application, Event.DISBURSE)
    progress.start(session, ctx, application, "disbursing")
    late = check_start(LoanTerms.from_json(loan.terms, ctx.calendar), ctx.clock.today())
    if late is not None:
        _undo_payout(session, ctx, application, loan, late.code, late.message)
        return
    refusal = (
        funding_accounts.hold(session, ctx, loan)  # held since it was accepted
        or mandate_use.unless_live(session, ctx, _mandate_id(loan))
        or limits.unless_held(session, application.id)
        or still_granted.unless_still(session, ctx, application)
        or _paid_beside(session, loan.id)
    )
    if refusal is not None:
        _undo_payout(session, ctx, application, loan, refusal.code, refusal.message)
        return
    borrower = session.get_one(PartyRow, loan.borrower_id)
    order = commands.PayLoan(
        loan_id=loan.id,
        instruction_id=instruction.for_loan(loan.id),
        payee_account=borrower.account,
        payee_name=borrower.name,
        amount=Money(loan.principal, loan.currency),
        purpose=f"loan {loan.id}",
    )
    commands.give(session, ctx, order)


def _paid_beside(session: Session, loan_id: str) -> Refusal | None:
    """Why the loan isn't paid out: its pledgor was paid what it pledged."""
    pledged = session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan_id).order_by(col(PledgeRow.asset_id)))
    found = (assets.unless_paid_beside(session, pledge) for pledge in pledged.all())
    return next((refusal for refusal in found if refusal is not None), None)


def _mandate_id(loan: LoanRow) -> str | None:
    named = loan.terms.get("mandate_id")
    return None if named is None else str(named)


def paid_out(session: Session, ctx: Context, loan_id: str, bank_ref: str, paid_at: datetime) -> None:
    """The bank has paid. The loan runs from the day on which the bank paid, whenever that is heard of; its limits count
    as used, and the pledge is marked as drawn on chain."""
    journals.lock(session)
    row, loan = loan_book.load(session, ctx, loan_id, lock=True)
    if loan.state is not LoanState.APPROVED:
        return
    on = max(ctx.clock.day_of(paid_at), loan.terms.start)
    loan_book.record(session, ctx, row, Happening(Kind.DISBURSE, on, Money.zero(row.currency)))
    application = session.get_one(ApplicationRow, row.application_id)
    limits.use(session, ctx, application.id)
    application_state.move(session, ctx, application, Event.FUND)
    progress.end(session, ctx, application, "disbursing", detail={"bank_ref": bank_ref})
    progress.at_once(session, ctx, application, "funded", "funded", detail={"loan_id": loan_id})
    for pledge in session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan_id)):
        if isinstance(pledges.draw(pledge_rows.value(pledge), by=pledge.lender_id), Refusal):
            continue  # drawn from the start, or ended meanwhile: the contract would refuse it as well
        acts.prepare(
            session,
            ctx,
            party=session.get_one(PartyRow, pledge.lender_id),
            act=pledges_acts.Draw(pledge_id=pledge.id),
            subject=pledge.id,
        )


def start_on(session: Session, ctx: Context, loan_id: str, on: date) -> tuple[Changed, ...]:
    """The bank paid on ``on``, and the loan ran from another day: from then on it runs from that day, or from its
    terms' start. What that changes in how payments were spread.

    Raises Refused payout_day_differs (with how much, where interest doesn't run any more), Conflict
    disbursement_out_of_term.
    """
    journals.lock(session)
    row, loan = loan_book.load(session, ctx, loan_id, lock=True)
    target = max(on, LoanTerms.from_json(row.terms, ctx.calendar).start)
    if loan.disbursed_on is None or loan.disbursed_on == target:
        return ()
    moved = Happening(Kind.START_MOVED, target, Money.zero(row.currency))
    if loan.state not in ACCRUING:
        owed = add(loan_book.approved(ctx, row), loan_book.history(session, row), moved).loan.dues.total
        what = f"{owed} {row.currency}" if owed.minor else "nothing more"
        why = f"paid on {target}, and {loan_id} ({loan.state}) ran from {loan.disbursed_on}: it would owe {what}"
        raise Refused("payout_day_differs", why)
    return loan_book.record(session, ctx, row, moved).changed


def payout_refused(session: Session, ctx: Context, loan_id: str, code: str, message: str) -> None:
    """The bank won't pay: the loan never comes to be; what was pledged is released."""
    journals.lock(session)
    row = session.get_one(LoanRow, loan_id, with_for_update=True)
    if row.status != LoanState.APPROVED:
        return
    _undo_payout(session, ctx, session.get_one(ApplicationRow, row.application_id), row, code, message)


def _undo_payout(
    session: Session, ctx: Context, application: ApplicationRow, row: LoanRow, code: str, message: str
) -> None:
    pledged = session.exec(select(PledgeRow).where(PledgeRow.loan_id == row.id)).all()
    undone = ["funding", "limits", *(f"pledge {pledge.id}" for pledge in pledged)]
    _end_loan(session, ctx, application, row, "disbursing", code, message, undone)
    for pledge in pledged:
        release.ask(session, ctx, pledge)


def returned(session: Session, ctx: Context, loan_id: str, on: date) -> Added:
    """The bank gave the payout back on its day ``on``, whenever that is heard of: nothing is owed on the loan from then
    on, its limits are free, and its pledges are given up. What was paid on it, whenever, is to be given back
    (`Changed`).

    Raises Conflict loan_transition_refused.
    """
    journals.lock(session)
    row, loan = loan_book.load(session, ctx, loan_id, lock=True)
    back = Happening(Kind.PAYOUT_RETURNED, max(on, loan.disbursed_on or on), Money.zero(row.currency))
    done = loan_book.record(session, ctx, row, back)
    limits.free(session, ctx, row.application_id)
    for pledge in session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan_id)):
        release.ask(session, ctx, pledge)
    return done


def _fail(session: Session, ctx: Context, pledge: PledgeRow, node: str, code: str, message: str) -> None:
    assets.unreserve(session, pledge)
    row = session.get_one(LoanRow, pledge.loan_id, with_for_update=True)
    application = session.get_one(ApplicationRow, row.application_id)
    _end_loan(session, ctx, application, row, node, code, message, ["reservation", "funding", "limits"])


def _end_loan(
    session: Session,
    ctx: Context,
    application: ApplicationRow,
    row: LoanRow,
    node: str,
    code: str,
    message: str,
    undone: list[str],
) -> None:
    _, loan = loan_book.load(session, ctx, row.id)
    moves(session, row, row.status)
    row.status = cancel(loan).loan.state.value
    session.add(row)
    application_state.move(session, ctx, application, Event.FAIL)
    funding_accounts.free(session, ctx, row)
    limits.free(session, ctx, application.id)
    progress.end(session, ctx, application, node, "refused", detail={"code": code, "message": message})
    progress.at_once(
        session, ctx, application, "failed", "failed", detail={"code": code, "message": message, "undone": undone}
    )


def _application(session: Session, loan_id: str | None) -> ApplicationRow:
    return session.get_one(ApplicationRow, session.get_one(LoanRow, loan_id).application_id)


def _grant(session: Session, application: ApplicationRow) -> ActRow:
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == application.id)).one()
    return session.get_one(ActRow, offer.act_id)
