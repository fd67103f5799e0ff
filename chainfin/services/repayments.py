"""Money that comes in: each payment taken once by the bank's reference, spread by the waterfall, attested on chain.

A debtor's payment settles pledged parts first (the lender is paid, the rest of the part is the holder's), then the
free part (the holder's). A borrower's payment serves its loan. What nobody can place goes back; while a pledge is being
made or given up, a debtor's payment waits in suspense.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from eth_hash.auto import keccak
from sqlmodel import Session, col, or_, select

from chainfin import ledger
from chainfin.errors import NotFound, Refusal
from chainfin.loan import LoanState, Paid, payoff
from chainfin.loan.state import ACCRUING
from chainfin.loan.waterfall import Due
from chainfin.money import Money
from chainfin.party import Role
from chainfin.services import acts, booking, funding, goods, limits, loanbook, payouts
from chainfin.services.context import Actor, Context
from chainfin.storage.lending_tables import IncomingRow, LoanRow, RepaymentRow
from chainfin.storage.party_tables import FactRow, PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, ReceivableRow
from chainfin.storage.types import new_id

COLLECTION_ACCOUNT = "chainfin-collection"
"""The account at the settlement bank into which debtors and borrowers pay."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A payment as the bank signed it."""

    bank_ref: str
    sequence: int
    payer_account: str
    amount: Money
    remittance: str
    received_on: date
    evidence: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PaymentInstruction:
    """What a payer has to write on its payment."""

    account: str
    remittance: str
    amount: Money


def instructions(ctx: Context, actor: Actor, loan_id: str, amount: Money | None) -> PaymentInstruction:
    """How the borrower repays ``amount`` (None: all that settles the loan today). Raises NotFound loan_unknown."""
    with ctx.store.read() as session:
        row, loan = loanbook.load(session, loan_id)
        if not actor.sees_all and actor.party_id not in (row.borrower_id, row.lender_id):
            raise NotFound("loan_unknown", f"there is no loan {loan_id}")
        due = payoff(loan, max(ctx.clock.today(), loan.accrued_to))
    return PaymentInstruction(COLLECTION_ACCOUNT, f"LOAN {loan_id}", amount or due)


def cursor(ctx: Context) -> int:
    """The bank's sequence number up to which payments were taken in."""
    with ctx.store.read() as session:
        row = session.get(FactRow, "rail_cursor")
        return 0 if row is None else int(str(row.value["sequence"]))


def take_in(ctx: Context, arrivals: Sequence[Arrival], next_cursor: int) -> None:
    """A page of payments and the cursor after it, in one transaction; a payment known by its reference is skipped."""
    with ctx.store.begin() as session:
        booking.lock(session)
        for arrival in arrivals:
            if session.get(IncomingRow, arrival.bank_ref) is None:
                _take(session, ctx, arrival)
        session.merge(FactRow(name="rail_cursor", value={"sequence": next_cursor}))


def _take(session: Session, ctx: Context, arrival: Arrival) -> None:
    row = IncomingRow(
        bank_ref=arrival.bank_ref,
        sequence=arrival.sequence,
        payer_account=arrival.payer_account,
        currency=arrival.amount.currency,
        amount=arrival.amount.minor,
        remittance=arrival.remittance,
        received_on=arrival.received_on,
        status="applied",
        evidence=dict(arrival.evidence),
        created_at=ctx.clock.now(),
    )
    session.add(row)
    session.flush()
    _place(session, ctx, row, arrival)


def _place(session: Session, ctx: Context, row: IncomingRow, arrival: Arrival) -> None:
    word, _, target = arrival.remittance.partition(" ")
    left, reason = arrival.amount, "remittance_unknown"
    if word == "LOAN":
        left, reason = _for_loan(session, ctx, arrival, target)
    elif word == "RECEIVABLE":
        session.get(ReceivableRow, target, with_for_update=True)
        hindrance = _hindrance(session, target)
        if hindrance is not None:
            _wait(session, ctx, row, hindrance)
            return
        left, reason = _for_receivable(session, ctx, arrival, target)
    if left.minor:
        payouts.refund(session, ctx, row, left, reason)


def _hindrance(session: Session, receivable_id: str) -> str | None:
    """Why a debtor's payment can't be placed now: a pledge on the receivable is being made or given up, and until that
    is known nobody can say who is to be paid; or nobody is there to attest it."""
    if _bank(session) is None:
        return "settlement_bank_missing"
    unsettled = or_(
        col(PledgeRow.status).in_(("pending", "releasing")),
        (col(PledgeRow.status) == "active") & (col(LoanRow.status) == LoanState.APPROVED.value),
    )
    found = session.exec(
        select(PledgeRow.id)
        .join(LoanRow, col(LoanRow.id) == col(PledgeRow.loan_id))
        .where(PledgeRow.asset_id == receivable_id, unsettled)
        .limit(1)
    )
    return None if found.first() is None else "pledge_under_way"


def _bank(session: Session) -> PartyRow | None:
    """The settlement bank that attests payments."""
    of_bank = col(PartyRow.roles).op("&")(int(Role.BANK)) != 0
    return session.exec(select(PartyRow).where(of_bank, PartyRow.status == "active").order_by(col(PartyRow.id))).first()


def _wait(session: Session, ctx: Context, row: IncomingRow, reason: str) -> None:
    """The money is in the book, in suspense, until it can be placed."""
    row.status, row.unapplied, row.reason = "waiting", row.amount, reason
    session.add(row)
    held = Money(row.amount, row.currency)
    entries = (ledger.debit(ledger.CASH, held, row.bank_ref), ledger.credit(ledger.SUSPENSE, held, row.bank_ref))
    journal = ledger.Journal(f"waiting:{row.bank_ref}", row.received_on, "suspense", row.bank_ref, entries)
    booking.post(session, journal, now=ctx.clock.now())


def place_waiting(ctx: Context) -> int:
    """Place the payments that waited for a pledge and needn't any more, in the order in which they came. How many."""
    with ctx.store.read() as session:
        waiting = session.exec(
            select(IncomingRow.bank_ref, IncomingRow.remittance)
            .where(IncomingRow.status == "waiting")
            .order_by(col(IncomingRow.sequence))
        ).all()
        ready = [bank_ref for bank_ref, said in waiting if _hindrance(session, said.partition(" ")[2]) is None]
    for bank_ref in ready:
        with ctx.store.begin() as session:
            booking.lock(session)
            row = session.get_one(IncomingRow, bank_ref, with_for_update=True)
            if row.status == "waiting":
                _end_wait(session, ctx, row)
    return len(ready)


def _end_wait(session: Session, ctx: Context, row: IncomingRow) -> None:
    """Out of suspense, and placed as if it came now (for interest: on the day on which it did come)."""
    amount = Money(row.amount, row.currency)
    entries = (ledger.debit(ledger.SUSPENSE, amount, row.bank_ref), ledger.credit(ledger.CASH, amount, row.bank_ref))
    journal = ledger.Journal(f"placed:{row.bank_ref}", row.received_on, "suspense", row.bank_ref, entries)
    booking.post(session, journal, now=ctx.clock.now())
    row.status, row.unapplied, row.reason = "applied", 0, None
    session.add(row)
    arrival = Arrival(
        bank_ref=row.bank_ref,
        sequence=row.sequence,
        payer_account=row.payer_account,
        amount=amount,
        remittance=row.remittance,
        received_on=row.received_on,
        evidence=row.evidence,
    )
    _place(session, ctx, row, arrival)


def _for_loan(session: Session, ctx: Context, arrival: Arrival, loan_id: str) -> tuple[Money, str]:
    row = session.get(LoanRow, loan_id, with_for_update=True)
    if row is None or row.currency != arrival.amount.currency or LoanState(row.status) not in ACCRUING:
        return arrival.amount, "loan_not_payable"
    row, loan = loanbook.load(session, loan_id, lock=True)
    on = max(arrival.received_on, loan.accrued_to)
    due = payoff(loan, on)
    taken = min(arrival.amount, due)
    paid = _pay(session, ctx, row, "pay_borrower", taken, on, arrival.bank_ref, "")
    if isinstance(paid, Refusal):
        return arrival.amount, paid.code
    _after_payment(session, ctx, row, paid)
    return arrival.amount - taken, "repayment_above_due"


def _for_receivable(session: Session, ctx: Context, arrival: Arrival, receivable_id: str) -> tuple[Money, str]:
    asset = session.get(ReceivableRow, receivable_id, with_for_update=True)
    if asset is None or asset.currency != arrival.amount.currency:
        return arrival.amount, "receivable_unknown"
    if asset.status not in ("confirmed", "disputed", "defaulted"):
        return arrival.amount, "receivable_not_payable"
    left = arrival.amount
    to_holder = Money.zero(asset.currency)
    claimed = _already_attested(session, asset)
    for pledge in session.exec(
        select(PledgeRow)
        .where(PledgeRow.asset_id == asset.id, col(PledgeRow.status).in_(("active", "releasing")))
        .order_by(col(PledgeRow.block_number), col(PledgeRow.id))
    ):
        open_part = pledge.left - claimed.get(pledge.id, 0)
        part = min(left, Money(max(0, open_part), asset.currency))
        if part.minor:
            to_holder += _settle_pledged(session, ctx, asset, pledge, part, open_part - part.minor, arrival)
            left -= part
    free = asset.face - asset.pledged - asset.split_away - asset.settled - asset.diluted - claimed.get("", 0)
    part = min(left, Money(max(0, free), asset.currency))
    if part.minor:
        _attest(session, ctx, asset, "", part, asset.holder_id, arrival)
        entries = (
            ledger.debit(ledger.CASH, part, asset.id, asset.holder_id),
            ledger.credit(ledger.HOLDER_PAYABLE, part, asset.id, asset.holder_id),
        )
        key = f"payment:{arrival.bank_ref}:free"
        booking.post(
            session, ledger.Journal(key, arrival.received_on, "payment", asset.id, entries), now=ctx.clock.now()
        )
        to_holder += part
        left -= part
    if to_holder.minor:
        payouts.to_holder(session, ctx, asset, to_holder, arrival.bank_ref)
    return left, "payment_above_due"


def _already_attested(session: Session, asset: ReceivableRow) -> dict[str, int]:
    """Settlements on their way to the chain (signed by the bank or not yet): pledge id ("" is the free part) → amount
    not yet in the projection."""
    sums: dict[str, int] = {}
    waiting = session.exec(
        select(ActRow).where(
            ActRow.subject == asset.id,
            ActRow.function == "settle",
            col(ActRow.status).in_(("awaiting_signature", "signed")),
        )
    )
    for act in waiting:
        pledge_id = str(act.params["pledgeId"])
        key = pledge_id if int(pledge_id, 16) else ""
        sums[key] = sums.get(key, 0) + int(str(act.params["amount"]))
    return sums


def _settle_pledged(
    session: Session,
    ctx: Context,
    asset: ReceivableRow,
    pledge: PledgeRow,
    part: Money,
    unsettled: int,
    arrival: Arrival,
) -> Money:
    """The pledgee is paid; what of the part its loan doesn't need is the holder's, and returned. A loan repaid by less
    than the whole part sets the ``unsettled`` rest free (a part settled in full is released by the contract)."""
    _attest(session, ctx, asset, pledge.id, part, pledge.lender_id, arrival)
    row, loan = loanbook.load(session, pledge.loan_id, lock=True)
    if loan.state not in ACCRUING:
        entries = (
            ledger.debit(ledger.CASH, part, row.id, asset.holder_id),
            ledger.credit(ledger.HOLDER_PAYABLE, part, row.id, asset.holder_id),
        )
        key = f"payment:{arrival.bank_ref}:{pledge.id}"
        booking.post(session, ledger.Journal(key, arrival.received_on, "payment", row.id, entries), now=ctx.clock.now())
        return part
    on = max(arrival.received_on, loan.accrued_to)
    paid = _pay(session, ctx, row, "pay_debtor", part, on, arrival.bank_ref, asset.holder_id)
    assert isinstance(paid, Paid), "a debtor's payment is never above due: its rest is the holder's"
    _after_payment(session, ctx, row, paid, settled=pledge.id)
    if paid.loan.state is LoanState.REPAID:
        funding.release(session, ctx, pledge, unsettled)
    return paid.allocation.remainder


def _pay(
    session: Session, ctx: Context, row: LoanRow, kind: str, amount: Money, on: date, bank_ref: str, holder: str
) -> Paid | Refusal:
    _, loan = loanbook.load(session, row.id)
    paid = loanbook.record(session, ctx, row, loan, kind, on, amount=amount, payment=bank_ref, holder=holder)
    if isinstance(paid, Refusal):
        return paid
    assert isinstance(paid, Paid), "a payment gives a payment"
    allocation = {due.value: str(part) for due, part in paid.allocation.parts}
    session.add(
        RepaymentRow(
            id=new_id("rep"),
            loan_id=row.id,
            source="debtor" if kind == "pay_debtor" else "borrower",
            bank_ref=f"{bank_ref}:{row.id}",
            currency=row.currency,
            amount=amount.minor,
            allocation={**allocation, "to_holder": str(paid.allocation.remainder)},
            received_on=on,
            created_at=ctx.clock.now(),
        )
    )
    return paid


def _after_payment(session: Session, ctx: Context, row: LoanRow, paid: Paid, settled: str = "") -> None:
    """Principal that came back may be lent again; a repaid loan gives up its pledges, a smaller one some goods."""
    principal = paid.allocation[Due.PRINCIPAL]
    if principal.minor:
        limits.give_back(session, ctx, row.application_id, principal.minor)
    for pledge in session.exec(select(PledgeRow).where(PledgeRow.loan_id == row.id, PledgeRow.status == "active")):
        if paid.loan.state is LoanState.REPAID and pledge.id != settled:
            funding.release(session, ctx, pledge, pledge.left)
        elif pledge.asset_kind == "warehouse_receipt":
            funding.release(session, ctx, pledge, goods.releasable(session, ctx, pledge, paid.loan))


def _attest(
    session: Session,
    ctx: Context,
    asset: ReceivableRow,
    pledge_id: str,
    part: Money,
    payee_id: str,
    arrival: Arrival,
) -> None:
    """The settlement bank's act: this much of the receivable was paid, to that party."""
    bank = _bank(session)
    assert bank is not None, "a payment that nobody can attest waits"
    reference = "0x" + keccak(f"{arrival.bank_ref}:{asset.id}:{pledge_id}".encode()).hex()
    acts.prepare(
        session,
        ctx,
        party=bank,
        contract="Receivables",
        function="settle",
        params={
            "id": asset.id,
            "pledgeId": pledge_id or "0x" + "00" * 32,
            "amount": part.minor,
            "bankRef": reference,
            "payee": session.get_one(PartyRow, payee_id).chain_party,
        },
        subject=asset.id,
        extra={"bank_ref": arrival.bank_ref},
    )
