"""Where a payment belongs: a borrower's to its loan; a debtor's to those who hold what it owes.

A debtor's payment settles pledged parts first (the lender is paid, the rest of the part is the holder's), then the free
part (the holder's). What a lender holds since it enforced a pledge still serves that loan, and the rest is the former
pledgor's: taking a security is no sale. A payment that names a receivable that was split, and covers all that is owed
on it and its parts, is passed on to the parts; one that covers less is for what it names alone, so that nobody has to
guess which part comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import Session, col, or_, select

from chainfin.errors import unless_refused
from chainfin.eth.bindings.receivables_acts import Settle
from chainfin.hashing import keccak
from chainfin.rules import ledger
from chainfin.rules import pledge as pledges
from chainfin.rules import receivable as rules
from chainfin.rules.authority import CHAIN
from chainfin.rules.loan import Added, Changed, Happening, Kind, LoanState
from chainfin.rules.loan.state import ACCRUING
from chainfin.rules.receivable import Receivable
from chainfin.services.books import journals, loan_book
from chainfin.services.kernel import acts, in_flight, pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.lending import limits, margin_calls
from chainfin.services.payments import attesting, between_lenders, payouts
from chainfin.services.pledges import assets, release
from chainfin.services.trade import claim_family, pending_credits, receivable_state
from chainfin.storage.lending_tables import IncomingRow, LoanRow, RepaymentRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Arrival:
    """A payment as the bank signed it."""

    bank_ref: str
    sequence: int
    payer_account: str
    payee_account: str
    amount: Money
    remittance: str
    received_on: date
    evidence: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that was taken in, to be placed. ``bank_ref`` and ``payer_account`` are the bank's words; ours for it
    is ``row.id``."""

    row: IncomingRow
    amount: Money
    payer_account: str
    received_on: date

    @classmethod
    def of(cls, row: IncomingRow) -> Payment:
        return cls(row, Money(row.amount, row.currency), row.payer_account, row.received_on)

    def settlement_reference(self, asset_id: str, pledge_id: str) -> str:
        """The ``bankRef`` under which a part of it is attested on chain: a commitment to the bank's own reference, and,
        where an earlier payment has that too, to our id of this one. ``pledge_id`` is empty for the free part."""
        name = f"{self.row.bank_ref}:{self.row.book_ref}" if self.row.repeat else self.row.bank_ref
        return "0x" + keccak(f"{name}:{asset_id}:{pledge_id}".encode()).hex()


@dataclass(frozen=True, slots=True)
class _Share:
    """A part of a payment that is a lender's, for a loan. ``owner``: whose is what the loan doesn't need."""

    asset: ReceivableRow
    pledge: PledgeRow
    part: Money
    owner: str


@dataclass(slots=True)
class _Spread:
    """How a payment is spread, as far as it is known."""

    left: Money
    shares: dict[str, list[_Share]] = field(default_factory=dict)
    """By loan: a payment serves each loan once, whatever it has in pledge."""
    owed: dict[tuple[str, str], Money] = field(default_factory=dict)
    """(receivable, party) → what leaves again to it."""

    def owe(self, asset: ReceivableRow, party_id: str, amount: Money) -> None:
        key = (asset.id, party_id)
        self.owed[key] = self.owed.get(key, Money.zero(amount.currency)) + amount


def hold_reason(session: Session, receivable_id: str, *, parts: bool = True) -> str | None:
    """Why a debtor's payment can't be placed now: a pledge on the receivable (or, where ``parts``, on a part of it) is
    being made or given up, or it is being passed on, and until that is known nobody can say who is to be paid; or
    nobody is there to attest it."""
    asset = session.get(ReceivableRow, receivable_id)
    if attesting.bank(session, but=() if asset is None else (asset.debtor_id,)) is None:
        return "settlement_bank_missing"
    family = claim_family.ids(session, receivable_id) if parts else [receivable_id]
    unsettled = or_(
        col(PledgeRow.status).in_((pledges.State.PENDING.value, pledges.State.RELEASING.value)),
        (col(PledgeRow.status) == pledges.State.ACTIVE.value) & (col(LoanRow.status) == LoanState.APPROVED.value),
    )
    found = session.exec(
        select(PledgeRow.id)
        .join(LoanRow, col(LoanRow.id) == col(PledgeRow.loan_id))
        .where(col(PledgeRow.asset_id).in_(family), unsettled)
        .limit(1)
    )
    if found.first() is not None:
        return "pledge_under_way"
    return "transfer_under_way" if in_flight.under_way(session, family) else None


def payout_under_way(session: Session, loan_id: str) -> bool:
    """Whether the loan's money is on its way: the borrower may have it, and pay back, before we hear of it."""
    row = session.get(LoanRow, loan_id)
    return row is not None and row.status == LoanState.APPROVED.value


def for_loan(session: Session, ctx: Context, payment: Payment, loan_id: str) -> tuple[Money, str]:
    """What is left over of a borrower's payment, and why."""
    assets.lock_for(session, loan_id)
    row = session.get(LoanRow, loan_id, with_for_update=True)
    if row is None or row.currency != payment.amount.currency or not ran(session, ctx, row, payment.received_on):
        return payment.amount, "loan_not_payable"
    paid = pay(session, ctx, row, Kind.PAY_BORROWER, payment, payment.amount, "")
    after_payment(session, ctx, row, paid)
    return paid.allocation.remainder, "repayment_above_due"


def ran(session: Session, ctx: Context, row: LoanRow, on: date) -> bool:
    """Whether the loan owed something on ``on``: one that is repaid by now may have, before its last payment's day."""
    if LoanState(row.status) in ACCRUING:
        return True
    return row.status == LoanState.REPAID.value and on < _ended_on(session, ctx, row)


def _ended_on(session: Session, ctx: Context, row: LoanRow) -> date:
    """The value date of the payment that settled a repaid loan: what came later is accrued on nothing."""
    return loan_book.load(session, ctx, row.id)[1].accrued_to


def for_receivable(session: Session, ctx: Context, payment: Payment, receivable_id: str) -> tuple[Money, str]:
    """What is left over of a debtor's payment, and why."""
    asset = session.get(ReceivableRow, receivable_id, with_for_update=True)
    if asset is None or asset.currency != payment.amount.currency:
        return payment.amount, "receivable_unknown"
    if not payable(session, asset):
        return payment.amount, "receivable_not_payable"
    family = [asset]
    for part_id in claim_family.ids(session, receivable_id)[1:]:
        family.append(session.get_one(ReceivableRow, part_id, with_for_update=True))
    credited = sum(share.total for share in pending_credits.shares(session, asset))
    if payment.amount.minor < sum(receivable_state.outstanding(each) for each in family) - credited:
        family = [asset]
    spread = _Spread(payment.amount)
    for each in family:
        if payable(session, each):
            _claim(session, ctx, each, payment, spread)
    for loan_id, shares in spread.shares.items():
        _serve(session, ctx, loan_id, shares, payment, spread)
    for (asset_id, party_id), amount in spread.owed.items():
        payouts.to_holder(session, ctx, session.get_one(ReceivableRow, asset_id), party_id, amount, payment.row.id)
    return spread.left, "payment_above_due"


def _claim(session: Session, ctx: Context, asset: ReceivableRow, payment: Payment, spread: _Spread) -> None:
    """What of the payment is this receivable's: attested by the bank, and put down for whom it serves."""
    value = unclaimed(session, asset)
    for pledge in pledge_rows.live(session, asset.id):
        if pledge.loan_id is None:
            continue  # of others the book knows nothing: the bank pays them itself
        open_part = value.pledged_by(pledge.id)
        part = min(spread.left, Money(open_part, asset.currency))
        if part.minor:
            value = unless_refused(rules.settle(value, part, payee=pledge.lender_id, pledge_id=pledge.id))
            unless_refused(pledges.settle(pledge_rows.value(pledge), part.minor, by=pledge.lender_id))
            attest(session, ctx, asset, pledge.id, part, pledge.lender_id, payment)
            share = _Share(asset, pledge, part, asset.holder_id)
            spread.shares.setdefault(str(pledge.loan_id), []).append(share)
            spread.left -= part
    part = min(spread.left, Money(value.free, asset.currency))
    if not part.minor:
        return
    unless_refused(rules.settle(value, part, payee=asset.holder_id))
    attest(session, ctx, asset, "", part, asset.holder_id, payment)
    spread.left -= part
    late = released_since(session, ctx, asset, payment.received_on)
    if late is not None:
        serves = min(part, Money(late.amount, asset.currency))
        share = _Share(asset, late, serves, asset.holder_id)
        spread.shares.setdefault(str(late.loan_id), []).append(share)
        part -= serves
        if not part.minor:
            return
    taken = taken_under(session, asset)
    if taken is not None:
        share = _Share(asset, taken, part, taken.pledgor_id)
        spread.shares.setdefault(str(taken.loan_id), []).append(share)
        return
    owe(session, ctx, f"payment:{payment.row.book_ref}:free:{asset.id}", asset.id, asset.holder_id, part, payment)
    spread.owe(asset, asset.holder_id, part)


def payable(session: Session, asset: ReceivableRow) -> bool:
    """Whether the rule lets it be paid at all."""
    return asset.status in set(rules.State) and rules.may_settle(receivable_state.value(session, asset)) is None


def unclaimed(session: Session, asset: ReceivableRow) -> Receivable:
    """The receivable as it will be once payments that are on their way to the chain are there, and what is credited of
    its free part is off: nobody owes that any more."""
    value = receivable_state.value(session, asset)
    for pledge_id, claimed in in_flight.attested(session, asset.id).items():
        there = value.pledged_by(pledge_id) if pledge_id else value.free
        amount = Money(min(claimed, there), asset.currency)
        if amount.minor:
            value = unless_refused(rules.settle(value, amount, payee=CHAIN, pledge_id=pledge_id or None))
    credited = Money(min(value.free, pending_credits.held(session, asset)), asset.currency)
    return unless_refused(rules.credit(value, credited, by=CHAIN)) if credited.minor else value


def released_since(session: Session, ctx: Context, asset: ReceivableRow, on: date) -> PledgeRow | None:
    """The pledge under which the payment would have served a loan, had it been heard of on the bank's day: the loan was
    repaid and the pledge released meanwhile, and the receivable is still its pledgor's."""
    released = select(PledgeRow).where(
        PledgeRow.asset_id == asset.id,
        PledgeRow.status == pledges.State.RELEASED.value,
        PledgeRow.pledgor_id == asset.holder_id,
        col(PledgeRow.loan_id).is_not(None),
    )
    for pledge in session.exec(released.order_by(col(PledgeRow.block_number), col(PledgeRow.id))):
        row = session.get_one(LoanRow, pledge.loan_id)
        if row.start_date is not None and row.start_date <= on and ran(session, ctx, row, on):
            return pledge
    return None


def taken_under(session: Session, asset: ReceivableRow) -> PledgeRow | None:
    """The enforced pledge out of which its lender holds this receivable, or what it was split off, if it still does."""
    at = asset
    while at.parent_id is not None:
        pledge = session.exec(select(PledgeRow).where(PledgeRow.taken_id == at.id)).one_or_none()
        if pledge is not None:
            return pledge if pledge.loan_id is not None and pledge.lender_id == asset.holder_id else None
        at = session.get_one(ReceivableRow, at.parent_id)
    return None


def owe(session: Session, ctx: Context, key: str, ref: str, party_id: str, amount: Money, payment: Payment) -> None:
    """Money came in that is a party's: booked as owed to it."""
    entries = (
        ledger.debit(ledger.CASH, amount, ref, party_id),
        ledger.credit(ledger.HOLDER_PAYABLE, amount, ref, party_id),
    )
    journals.post(
        session,
        ledger.Journal(key, payment.received_on, "payment", ref, entries),
        now=ctx.clock.now(),
        payment=payment.row.id,
    )


def _serve(
    session: Session, ctx: Context, loan_id: str, shares: Sequence[_Share], payment: Payment, spread: _Spread
) -> None:
    """The lender is paid; what of its parts the loan doesn't need is the owner's, and put down for it. A loan repaid by
    less than a whole pledge sets the unsettled rest free (a part settled in full is released by the contract)."""
    last = shares[-1]
    total = sum((share.part for share in shares), Money.zero(payment.amount.currency))
    row = session.get_one(LoanRow, loan_id, with_for_update=True)
    if not ran(session, ctx, row, payment.received_on):
        owe(session, ctx, f"payment:{payment.row.book_ref}:{last.pledge.id}", row.id, last.owner, total, payment)
        spread.owe(last.asset, last.owner, total)
        return
    paid = pay(session, ctx, row, Kind.PAY_DEBTOR, payment, total, last.owner)
    after_payment(session, ctx, row, paid, settled=[share.pledge.id for share in shares])
    if paid.loan.state is LoanState.REPAID:
        for share in shares:
            release.ask(session, ctx, share.pledge)
    if paid.allocation.remainder.minor:
        spread.owe(last.asset, last.owner, paid.allocation.remainder)


def pay(
    session: Session, ctx: Context, row: LoanRow, kind: Kind, payment: Payment, amount: Money, holder: str
) -> Added:
    """Spread ``amount`` of a payment over what the loan owed on the day on which the bank had it, and keep it. Of a
    debtor's payment the rest is owed to ``holder``. What the loan had of later payments and now doesn't need is ordered
    to whose it is."""
    assert row.start_date is not None, "a loan that runs was paid out"
    before = loan_book.load(session, ctx, row.id)[1]
    on = max(payment.received_on, row.start_date)
    incoming = payment.row
    new = Happening(kind, on, amount, incoming.book_ref, holder)
    paid = loan_book.record(session, ctx, row, new, incoming=incoming)
    assert paid.taken is not None, "a payment gives a payment"
    minor, spread = loan_book.spread(paid.taken)
    session.add(
        RepaymentRow(
            id=new_id("rep"),
            loan_id=row.id,
            source="debtor" if kind is Kind.PAY_DEBTOR else "borrower",
            incoming_id=incoming.id,
            currency=row.currency,
            amount=minor,
            allocation=spread,
            received_on=on,
            created_at=ctx.clock.now(),
        )
    )
    between_lenders.owe(session, ctx, incoming, row, paid.allocation.allocated)
    give_back(session, ctx, row, paid.changed)
    back = before.outstanding - paid.loan.outstanding
    if back.minor > 0:
        limits.give_back(session, ctx, row.application_id, back)
    return paid


def serve(session: Session, ctx: Context, pledge: PledgeRow, payment: Payment, amount: Money) -> None:
    """What was paid for something pledged serves the loan as on the day on which the bank had it; what the loan doesn't
    need is the pledgor's."""
    row = session.get_one(LoanRow, pledge.loan_id, with_for_update=True)
    over = amount
    if ran(session, ctx, row, payment.received_on):
        paid = pay(session, ctx, row, Kind.PAY_DEBTOR, payment, amount, pledge.pledgor_id)
        after_payment(session, ctx, row, paid, settled=[pledge.id])
        over = paid.allocation.remainder
        if paid.loan.state is LoanState.REPAID:
            release.ask(session, ctx, pledge)
    else:  # somebody else has repaid it meanwhile
        journal = f"payment:{payment.row.book_ref}:{pledge.id}"
        owe(session, ctx, journal, row.id, pledge.pledgor_id, amount, payment)
    if over.minor:
        payouts.to_pledgor(session, ctx, pledge, over, payment.row.id)


def give_back(session: Session, ctx: Context, row: LoanRow, spread_anew: Sequence[Changed]) -> None:
    """What the loan had of payments and now doesn't need is ordered to whose it is."""
    for changed in spread_anew:
        if changed.more.minor > 0:
            of = changed.taken.happening
            earlier = session.exec(select(IncomingRow).where(IncomingRow.book_ref == of.payment)).one()
            payouts.to_party(session, ctx, of.holder or row.borrower_id, row.id, changed.more, earlier.id)


def after_payment(session: Session, ctx: Context, row: LoanRow, paid: Added, settled: Sequence[str] = ()) -> None:
    """What it was called for may be met. A repaid loan gives up its pledges, a smaller one some goods.

    ``settled``: pledges that the payment was on; of these the caller gives up what is left.
    """
    margin_calls.paid(session, ctx, row, paid.loan)
    for pledge in session.exec(
        select(PledgeRow).where(PledgeRow.loan_id == row.id, col(PledgeRow.status).in_(pledge_rows.LIVE_STATUS))
    ):
        if pledge.id not in settled:
            release.ask(session, ctx, pledge)


def attest(
    session: Session,
    ctx: Context,
    asset: ReceivableRow,
    pledge_id: str,
    part: Money,
    payee_id: str,
    payment: Payment,
) -> None:
    """The settlement bank's act: this much of the receivable was paid, to that party."""
    act = Settle(
        id=asset.id,
        pledge_id=pledge_id or "0x" + "00" * 32,
        amount=part.minor,
        bank_ref=payment.settlement_reference(asset.id, pledge_id),
        payee=acts.chain_number(session.get_one(PartyRow, payee_id)),
    )
    attester = attesting.bank(session, but=(asset.debtor_id,))
    attesting.attest(session, ctx, attester, act, subject=asset.id, incoming_id=payment.row.id)
