"""A payment on one lender's account that serves another's loan too: the loan is paid, and its lender's money lies on
the first one's account. The first owes it on, in its book, and until it has been passed on the other can't lend it.

The bank's word on the passing comes by two accounts of two lenders; one person of the operator says that it was passed
on and by which number of the bank's, and another approves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from sqlmodel import Session

from chainfin.errors import BadInput, Conflict, NotFound, Refused
from chainfin.rules import ledger
from chainfin.rules.parked_item import ParkedState
from chainfin.services.books import funding_accounts, journals
from chainfin.services.kernel import approvals, parking
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.views.acts import ProposalView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.bank_tables import VirtualAccountRow
from chainfin.storage.lending_tables import IncomingRow, LoanRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.values.money import Money

SOURCE = "lenders_shares"
"""The source of these parked items."""
PASSED_ON = "share_passed_on"
"""The kind of a proposal that says that a share was passed on."""


def owe(session: Session, ctx: Context, paid: IncomingRow, loan: LoanRow, share: Money) -> None:
    """``share`` of the payment was the loan's, and its receipt is posted: where it lies on another lender's account,
    that one owes it to the loan's lender."""
    account = session.get(VirtualAccountRow, paid.account)
    if account is None or account.lender_id == loan.lender_id or not share.minor:
        return
    has, gets = account.lender_id, loan.lender_id
    what = {"payment": paid.id, "loan": loan.id, "has": has, "gets": gets}
    what |= {"amount": str(share), "currency": share.currency}
    _post(session, ctx, what, "owed", share, paid.received_on)
    funding_accounts.take_back(session, ctx, gets, share)
    detail = f"{share} {share.currency} of {loan.id} lie on an account of {has}, and are due to {gets}"
    code = "share_on_anothers_account"
    item = parking.Item(SOURCE, "lender_share", paid.id, parking.as_payload(what), code, detail)
    parking.park(session, item, now=ctx.clock.now())


def propose(ctx: Context, actor: Actor, parked_id: str, *, reference: str, reason: str) -> ProposalView:
    """One person of the operator says that the share was passed on, by the bank's number ``reference``; a second one
    has to approve.

    Raises Forbidden operator_only, person_missing, person_not_active; NotFound parked_item_unknown; Conflict
    parked_item_not_open, parked_item_no_share, passing_proposed; BadInput outcome_incomplete.
    """
    actor.require_operator()
    if not reference.strip():
        raise BadInput("outcome_incomplete", "say by which number of the bank's it was passed on", where="/reference")
    with ctx.store.begin() as session:
        item = session.get(ParkedItemRow, parked_id, with_for_update=True)
        if item is None:
            raise NotFound("parked_item_unknown", f"there is no parked item {parked_id}")
        if item.status != ParkedState.OPEN:
            raise Conflict("parked_item_not_open", f"this item is {item.status}")
        if item.source != SOURCE:
            raise Conflict("parked_item_no_share", "this is no lender's share on another's account")
        if approvals.waiting(session, PASSED_ON, item.id) is not None:
            raise Conflict("passing_proposed", "a proposal for this share waits for a decision")
        payload = {**json.loads(item.payload), "reference": reference.strip()}
        made = approvals.propose(session, ctx, actor, kind=PASSED_ON, subject=item.id, payload=payload, reason=reason)
        return ProposalView.of(made)


def passed_on(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved: the share has left the one account for the other, and may be lent again.

    Raises Refused parked_item_not_open.
    """
    journals.lock(session)  # nobody who has it waits for a proposal
    item = session.get_one(ParkedItemRow, proposal.subject, with_for_update=True)
    if item.status != ParkedState.OPEN:
        raise Refused("parked_item_not_open", f"this item is {item.status}")
    what = json.loads(item.payload)
    share = Money.parse(what["amount"], what["currency"])
    _post(session, ctx, what, "passed", share, ctx.clock.today())
    funding_accounts.place(session, ctx, what["gets"], share)
    how = f"passed on by {proposal.payload['reference']}: {proposal.id}"
    parking.resolve(session, item, str(proposal.decided_by), how)


def _post(session: Session, ctx: Context, what: dict[str, str], name: str, share: Money, on: date) -> None:
    """In both books: owed, or (the other way round) passed on."""
    has, gets, row = what["has"], what["gets"], session.get_one(IncomingRow, what["payment"])
    ref = row.book_ref
    debtor: Sequence[tuple[ledger.Account, str]] = ((ledger.CASH, has), (ledger.LENDERS_PAYABLE, gets))
    creditor: Sequence[tuple[ledger.Account, str]] = ((ledger.LENDERS_RECEIVABLE, has), (ledger.CASH, gets))
    for book, pair in ((has, debtor), (gets, creditor)):
        (to, to_party), (from_, from_party) = pair if name == "owed" else (pair[1], pair[0])
        entries = (ledger.debit(to, share, ref, to_party), ledger.credit(from_, share, ref, from_party))
        key = f"between:{name}:{ref}:{what['loan']}:{book}"
        journal = ledger.Journal(key, on, "between_lenders", ref, entries, book=book)
        journals.post(session, journal, now=ctx.clock.now(), payment=row.id)
