"""From an accepted offer to the money: registered, pledged, paid out – once – or everything undone.

Each step is taken when the step before it is *known* to be done: the registry's number before the pledge, the
final pledge before the payment. Every step may be reported twice and happens once.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlmodel import Session, select

from chainfin import acts as eip712
from chainfin.errors import BadInput
from chainfin.loan import LoanEvent, LoanState, transition
from chainfin.money import Money
from chainfin.services import acts, booking, limits, loanbook, nodes
from chainfin.services.context import Context
from chainfin.storage import outbox
from chainfin.storage.lending_tables import ApplicationRow, LoanRow, OfferRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, ReceivableRow, WarehouseReceiptRow

REGISTER = "registry.register"
UNREGISTER = "registry.release"
PAY = "payment.pay"


def locked_asset(session: Session, kind: str, asset_id: str | None) -> ReceivableRow | WarehouseReceiptRow:
    """An asset's row, locked. ``kind``: receivable | warehouse_receipt."""
    if kind == "receivable":
        return session.get_one(ReceivableRow, asset_id, with_for_update=True)
    return session.get_one(WarehouseReceiptRow, asset_id, with_for_update=True)


def asset_of(session: Session, pledge: PledgeRow) -> ReceivableRow | WarehouseReceiptRow:
    """The pledged asset's row, locked."""
    return locked_asset(session, pledge.asset_kind, pledge.asset_id)


def locked_pledge(session: Session, pledge_id: str) -> PledgeRow:
    """A pledge's row, locked after its asset's: in that order by everybody, so that nobody waits in a circle."""
    asset_of(session, session.get_one(PledgeRow, pledge_id))
    return session.get_one(PledgeRow, pledge_id, with_for_update=True)


def registry_bytes(number: str) -> bytes:
    """A registry number as the chain carries it: its ASCII characters, zero-padded to 32 bytes.

    Raises BadInput registry_number_invalid.
    """
    raw = number.encode("ascii", errors="replace")
    if not raw or len(raw) > 32 or b"?" in raw:
        raise BadInput("registry_number_invalid", f"{number!r} is not up to 32 ASCII characters")
    return raw.ljust(32, b"\0")


def begin(session: Session, ctx: Context, application: ApplicationRow, loan: LoanRow, pledge: PledgeRow | None) -> None:
    """The offer is accepted: file the pledge with the registry or, where nothing is pledged, pay."""
    if pledge is None:
        _pay_out(session, ctx, application, loan)
        return
    nodes.start(session, ctx, application, "registration")
    register(session, ctx, pledge, loan, loan.maturity)


def register(session: Session, ctx: Context, pledge: PledgeRow, loan: LoanRow, until: date) -> None:
    """File a pledge for what the loan lent, ``until`` a day, with the statutory registry."""
    pledgor = session.get_one(PartyRow, pledge.pledgor_id)
    lender = session.get_one(PartyRow, pledge.lender_id)
    outbox.put(
        session,
        REGISTER,
        f"register:{pledge.id}",
        {
            "pledge_ref": pledge.id,
            "pledgor": pledgor.legal_value,
            "pledgee": lender.legal_value,
            "asset_kind": pledge.asset_kind,
            "asset_hash": pledge.asset_id.removeprefix("0x"),
            "amount": str(Money(loan.principal, loan.currency)),
            "currency": loan.currency,
            "starts_on": ctx.clock.today().isoformat(),
            "ends_on": until.isoformat(),
        },
        now=ctx.clock.now(),
        cell=ctx.cell,
    )


def registered(session: Session, ctx: Context, pledge_id: str, number: str) -> None:
    """The registry gave its number: the pledge goes to the chain, signed by pledgor and lender."""
    pledge = locked_pledge(session, pledge_id)
    if pledge.registry_number is not None:
        return
    pledge.registry_number = number
    session.add(pledge)
    application = _application(session, pledge.loan_id)
    nodes.end(session, ctx, application, "registration", detail={"registry_number": number})
    nodes.start(session, ctx, application, "pledging")
    grant = _grant(session, application)
    assert grant.signature is not None
    auth = eip712.Auth(grant.signer, grant.nonce, grant.deadline, bytes.fromhex(grant.signature[2:]))
    acts.prepare(
        session,
        ctx,
        party=session.get_one(PartyRow, pledge.lender_id),
        contract="Pledges",
        function="pledge",
        params={**grant.params, "registryNo": registry_bytes(number)},
        subject=pledge.id,
        auths=[auth],
    )


def registration_refused(session: Session, ctx: Context, pledge_id: str, code: str, message: str) -> None:
    """The registry says no: nothing is pledged, nothing is paid."""
    pledge = locked_pledge(session, pledge_id)
    if pledge.status == "pending":
        _fail(session, ctx, pledge, "registration", code, message)


def pledge_final(session: Session, ctx: Context, pledge: PledgeRow) -> None:
    """The pledge is in a final block: now, and not before, the money is due. One that comes when its loan owes nothing
    more (a substitution that the last payment overtook) is given up at once."""
    application = _application(session, pledge.loan_id)
    if application.status != "pledging":
        if session.get_one(LoanRow, pledge.loan_id).status == LoanState.REPAID:
            release(session, ctx, pledge, pledge.left)
        return
    nodes.end(session, ctx, application, "pledging", detail={"tx_hash": pledge.tx_hash, "block": pledge.block_number})
    _pay_out(session, ctx, application, session.get_one(LoanRow, pledge.loan_id))


def pledge_refused(session: Session, ctx: Context, pledge_id: str, code: str, message: str) -> None:
    """The chain refuses the pledge: give back the reservation and the limits, strike out the registry entry."""
    if session.get(PledgeRow, pledge_id) is None:
        return
    pledge = locked_pledge(session, pledge_id)
    if pledge.status == "pending":
        _fail(session, ctx, pledge, "pledging", code, message)
        unregister(session, ctx, pledge, "the pledge was not taken up")


def _pay_out(session: Session, ctx: Context, application: ApplicationRow, loan: LoanRow) -> None:
    nodes.start(session, ctx, application, "disbursing")
    if ctx.clock.today() >= loan.maturity:
        payout_refused(session, ctx, loan.id, "loan_term_over", f"the loan would have been due on {loan.maturity}")
        return
    borrower = session.get_one(PartyRow, loan.borrower_id)
    outbox.put(
        session,
        PAY,
        f"pay:{loan.id}",
        {
            "instruction_id": loan.id,
            "payee_account": borrower.account,
            "payee_name": borrower.name,
            "amount": str(Money(loan.principal, loan.currency)),
            "currency": loan.currency,
            "purpose": f"loan {loan.id}",
        },
        now=ctx.clock.now(),
        cell=ctx.cell,
    )


def paid_out(session: Session, ctx: Context, loan_id: str, bank_ref: str) -> None:
    """The bank paid: the loan is active from today, the limits are used, the pledge is marked drawn on chain."""
    booking.lock(session)
    row, loan = loanbook.load(session, loan_id, lock=True)
    if loan.state is not LoanState.APPROVED:
        return
    # Money that left late is lent all the same, and due at once: a bank may take longer than a short loan runs.
    on = min(ctx.clock.today(), loan.schedule.due_dates[0] - timedelta(days=1))
    loanbook.record(session, ctx, row, loan, "disburse", on)
    application = session.get_one(ApplicationRow, row.application_id)
    limits.use(session, ctx, application.id)
    nodes.end(session, ctx, application, "disbursing", detail={"bank_ref": bank_ref})
    nodes.at_once(session, ctx, application, "funded", "funded", detail={"loan_id": loan_id})
    for pledge in session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan_id)):
        acts.prepare(
            session,
            ctx,
            party=session.get_one(PartyRow, pledge.lender_id),
            contract="Pledges",
            function="draw",
            params={"pledgeId": pledge.id},
            subject=pledge.id,
        )


def payout_refused(session: Session, ctx: Context, loan_id: str, code: str, message: str) -> None:
    """The bank won't pay: the loan never comes to be; what was pledged is released."""
    booking.lock(session)
    row = session.get_one(LoanRow, loan_id, with_for_update=True)
    if row.status != LoanState.APPROVED:
        return
    application = session.get_one(ApplicationRow, row.application_id)
    undone = ["limits"]
    for pledge in session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan_id)):
        release(session, ctx, pledge, pledge.left)
        undone.append(f"pledge {pledge.id}")
    _end_loan(session, ctx, application, row, "disbursing", code, message, undone)


def release(session: Session, ctx: Context, pledge: PledgeRow, amount: int) -> ActRow | None:
    """The lender gives up ``amount`` of its pledge on chain (fen, or thousandths of a receipt's unit)."""
    if pledge.status != "active" or amount <= 0:
        return None
    if amount == pledge.left:
        pledge.status = "releasing"
        session.add(pledge)
    return acts.prepare(
        session,
        ctx,
        party=session.get_one(PartyRow, pledge.lender_id),
        contract="Pledges",
        function="release",
        params={"pledgeId": pledge.id, "assetId": pledge.asset_id, "amount": amount},
        subject=pledge.id,
    )


def release_what_is_left(session: Session, ctx: Context, pledge: PledgeRow) -> None:
    """A release of all is on its way, but there is less by now: that one will be refused, and the rest is given up."""
    if pledge.status == "releasing" and pledge.left:
        pledge.status = "active"
        release(session, ctx, pledge, pledge.left)


def release_failed(session: Session, ctx: Context, pledge_id: str, *, unsigned: bool) -> None:
    """A release came to nothing. One that only waited too long for its signature is asked for again, where the pledge
    has nothing to secure any more."""
    if session.get(PledgeRow, pledge_id) is None:
        return
    pledge = locked_pledge(session, pledge_id)
    if pledge.status != "releasing":
        return
    pledge.status = "active"
    session.add(pledge)
    loan = None if pledge.loan_id is None else session.get_one(LoanRow, pledge.loan_id)
    if unsigned and loan is not None and loan.status in (LoanState.REPAID, LoanState.CANCELLED):
        release(session, ctx, pledge, pledge.left)


def pledge_shrunk(session: Session, ctx: Context, pledge: PledgeRow) -> None:
    """A part or all of the pledge is over, finally: an ended pledge leaves the statutory registry too."""
    if pledge.status in ("released", "enforced", "lost"):
        unregister(session, ctx, pledge, pledge.status)


def unregister(session: Session, ctx: Context, pledge: PledgeRow, reason: str) -> None:
    """Strike the pledge out of the statutory registry, if it is in it."""
    if pledge.registry_number is not None:
        outbox.put(
            session,
            UNREGISTER,
            f"unregister:{pledge.id}",
            {"pledge_ref": pledge.id, "registry_no": pledge.registry_number, "reason": reason},
            now=ctx.clock.now(),
            cell=ctx.cell,
        )


def unreserve(session: Session, pledge: PledgeRow) -> None:
    """The pledge doesn't come to be: what was promised to it is free."""
    asset = asset_of(session, pledge)
    asset.reserved -= min(pledge.amount, asset.reserved)
    session.add(asset)
    pledge.status = "failed"
    session.add(pledge)


def _fail(session: Session, ctx: Context, pledge: PledgeRow, node: str, code: str, message: str) -> None:
    unreserve(session, pledge)
    row = session.get_one(LoanRow, pledge.loan_id, with_for_update=True)
    application = session.get_one(ApplicationRow, row.application_id)
    _end_loan(session, ctx, application, row, node, code, message, ["reservation", "limits"])


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
    row.status = transition(LoanState(row.status), LoanEvent.CANCEL).value
    session.add(row)
    limits.free(session, ctx, application.id)
    nodes.end(session, ctx, application, node, "refused", detail={"code": code, "message": message})
    nodes.at_once(
        session, ctx, application, "failed", "failed", detail={"code": code, "message": message, "undone": undone}
    )


def _application(session: Session, loan_id: str | None) -> ApplicationRow:
    return session.get_one(ApplicationRow, session.get_one(LoanRow, loan_id).application_id)


def _grant(session: Session, application: ApplicationRow) -> ActRow:
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == application.id)).one()
    return session.get_one(ActRow, offer.act_id)
