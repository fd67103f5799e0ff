"""Whether a service and a contract say the same about one act: the one table of what is the same, and what isn't.

`SAME` is the table of the rules (`reasons`) with the services' own codes. Where only the service refuses, `STRICTER`
has to say why that is meant. Where both refuse and name different reasons, one of these has to hold: the thing is
hidden from a stranger (`HIDDEN`), the parties' standing is asked at another place and is what one of them says
(`Standing`), the service's reason is one that the contracts don't know, or `ASKED_FIRST` has the pair. The contract
refusing alone is always a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.differential.reasons import EQUIVALENT, REASONS
from tests.differential.services.deed import Call, Deed
from tests.differential.services.harness import Harness

SAME: Final[dict[str, frozenset[str]]] = {
    **REASONS,
    **{
        code: frozenset(errors.split())
        for code, errors in {
            "party_not_active": "PartySuspended",
            "operator_only": "AccessManagedUnauthorized",
            "party_already_suspended": "AlreadySuspended",
            "party_not_suspended": "NotSuspended",
            "act_of_other_party": "NotBuyer NotSeller",
            "invoice_already_registered": "ReceivableExists",
            "warehouse_receipt_exists": "ReceiptExists",
            "debtor_not_lined": "RoleMissing",
            "lender_unknown": "RoleMissing",
            "lender_is_borrower": "LenderIsPledgor",
            "pledge_state_wrong": "PledgeStateWrong",
            # of what can't be paid, what is owed on it is nothing
            "receivable_not_payable": "ReceivableStateWrong",
            "payment_above_due": "ReceivableStateWrong ExceedsFree",
            "buy_back_not_undertaken": "UndertakingMissing",
            # under the reference of a pledge that was taken goods are sold, not bought back
            "sale_unknown": "PledgeStateWrong",
            # a loan whose money isn't out owes nothing
            "loan_not_payable": "NotDrawn",
            # the only one there would attest its own payment
            "settlement_bank_missing": "SelfAttested",
            # why a decision declines
            "nothing_free": "ExceedsFree ReceivableStateWrong",
            "not_confirmed": "ReceivableStateWrong",
            "disputed": "ReceivableStateWrong",
            "defaulted": "ReceivableStateWrong",
        }.items()
    },
}

_CREDITED: Final = "the chain knows what is off by a credit note, not what its holder has still to take off"
_LOAN: Final = "loan, limits and prices aren't on chain"
_HOLIDAY: Final = "what falls due on a holiday is paid in time on the next business day: the chain knows no holidays"
_UNTOLD: Final = "the bank may still tell of a payment in time: the chain knows no statements"
_WAITS: Final = "a payment waits, and nobody knows yet whose it is: the chain isn't told of it"
STRICTER: Final[dict[tuple[str, str], str]] = {
    ("Pledges.pledge", "declined"): "credit: the contracts know no limits, grades and prices",
    ("Pledges.pledge", "review"): "credit: a person at the lender's desk decides",
    ("Pledges.substitute", "pledge_without_loan"): "made past the service, for a loan that isn't in its book",
    ("Pledges.substitute", "pledge_not_drawn"): "what takes its place counts as drawn: not before the money is out",
    ("Receivables.issue", "party_not_active"): "nothing new is billed to a suspended debtor, who could confirm nothing",
    ("Receivables.split", "payment_under_way"): _WAITS,
    ("Receivables.transfer", "payment_under_way"): _WAITS,
    ("Pledges.substitute", "payment_under_way"): _WAITS,
    ("Pledges.pledge", "payment_under_way"): _WAITS,
    ("Receivables.transfer", "credit_pending"): _CREDITED,
    ("Pledges.pledge", "credit_pending"): _CREDITED,
    ("Pledges.substitute", "credit_pending"): _CREDITED,
    ("Receivables.settle", "pledge_under_way"): "the payment waits until it is known whether the lender is to be paid",
    ("Receivables.declareDefault", "not_yet_due"): _HOLIDAY,
    ("Receivables.declareDefault", "bank_statement_missing"): _UNTOLD,
    ("Pledges.enforce", "not_yet_due"): _HOLIDAY,
    ("Pledges.enforce", "bank_statement_missing"): _UNTOLD,
    ("Pledges.buyBack", "bank_statement_missing"): _UNTOLD,
    ("Pledges.expire", "not_expired"): "the chain has a clock of its own, a block ahead: it may be over there first",
    ("Pledges.expire", "loan_paid_out"): "the lender has paid out, and the chain isn't told of it yet",
    ("Pledges.pledge", "witness_borrows"): "whose word others' money stands on doesn't borrow here",
    ("Pledges.enforce", "loan_not_overdue"): "the loan isn't on chain: there a lender may take what is drawn",
    ("Pledges.undertake", "until_not_after_due"): "an undertaking that could never be called: the chain has it, unused",
    ("Pledges.undertake", "transfer_to_debtor"): "as well: nobody may hold its own debt",
    ("Orders.post", "document_party_foreign"): "on chain the buyer is who sends it: there it is its own order",
    ("Pledges.substitute", "receivable_due_late"): _LOAN,
    ("Pledges.substitute", "price_stale"): _LOAN,
    ("Pledges.buyBack", "price_stale"): _LOAN,
    ("Pledges.buyBack", "buy_back_not_agreed"): _LOAN,
    ("Pledges.undertake", "until_not_after_maturity"): _LOAN,
    ("Pledges.pledge", "margin_call_open"): _LOAN,
    ("Pledges.release", "margin_call_open"): _LOAN,
    ("Pledges.release", "release_leaves_short"): _LOAN,
    ("Pledges.release", "price_stale"): _LOAN,
    ("Pledges.substitute", "limit_exceeded"): _LOAN,
    ("Pledges.substitute", "substitution_undervalued"): _LOAN,
    ("WarehouseReceipts.release", "taken_not_sold"): "the chain knows no loan: there a lender owns what it took",
    ("WarehouseReceipts.transfer", "taken_not_sold"): "the chain knows no loan: there a lender owns what it took",
    ("WarehouseReceipts.correct", "pledged_goods_missing"): "the contract doesn't know that a lender lost them",
    ("Receivables.credit", "credit_above_invoice"): "the chain knows no invoice, only what is free of the claim",
}
"""(act, code) that only a service says, and why that is meant."""

HIDDEN: Final = frozenset(
    {"order_unknown", "receivable_unknown", "warehouse_receipt_unknown", "pledge_unknown", "asset_unknown"}
)
"""What isn't a party's is as unknown to it as what isn't there: the contracts, that hide nothing, say what is wrong."""

_ENDED: Final = "PledgeStateWrong"
ASKED_FIRST: Final[dict[tuple[str, str], frozenset[str]]] = {
    key: frozenset(errors.split())
    for key, errors in {
        # the document with the order, before the day and the number
        ("Receivables.issue", "invoice_above_received"): "TenorTooLong DueDayPast ReceivableExists",
        ("Receivables.issue", "invoice_already_registered"): "InvoiceExceedsReceived TenorTooLong DueDayPast",
        # whose invoice it is, before its days
        ("Receivables.issue", "act_of_other_party"): "TenorTooLong DueDayPast ReceivableExists",
        # the caller's role, before the thing
        ("WarehouseReceipts.recount", "role_missing"): "NotKeeper",
        ("WarehouseReceipts.correct", "role_missing"): "NotKeeper",
        ("Pledges.substitute", "role_missing"): "NotLender",
        # whose pledge it is and what day it is, before how the pledge stands
        ("Pledges.release", "not_lender"): _ENDED,
        ("Pledges.enforce", "not_lender"): _ENDED,
        ("Pledges.expire", "not_pledgor"): _ENDED,
        ("Pledges.undertake", "until_past"): f"{_ENDED} ExceedsPledge RoleMissing UndertakingExists UndertakerIsParty",
        ("Pledges.undertake", "role_missing"): f"{_ENDED} ExceedsPledge UndertakingExists",
        ("Pledges.substitute", "pledge_state_wrong"): "NotOverGoods",
        # the loan and the promise, before how the pledge stands
        ("Pledges.buyBack", "loan_not_payable"): _ENDED,
        ("Pledges.buyBack", "buy_back_not_undertaken"): f"{_ENDED} NotDrawn",
        ("Orders.post", "document_party_foreign"): "SellerIsBuyer OrderExists",
    }.items()
}
"""Both are so, and each side asks the one first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is so of the parties of a deed, whatever else is wrong with it."""

    suspended: bool
    paused: bool
    beside: bool = False
    """Whether a party that the contract isn't told of is suspended."""

    @classmethod
    def of(cls, harness: Harness, deed: Deed) -> Standing:
        if deed.call is None:
            return cls(False, False)
        numbers = {value for value in deed.call.params.values() if isinstance(value, int)}
        signers = {rider.signer for rider in deed.call.riders}
        out = harness.suspended()
        suspended = any(
            name == deed.by or harness.number(name) in numbers or harness.address(name) in signers for name in out
        )
        return cls(suspended, bool(harness.view("Participants", "paused")), any(name in out for name in deed.beside))

    def explains(self, code: str, error: str) -> bool:
        """Whether one of the two reasons is the parties' standing, and so it stands."""
        return (self.suspended and (code == "party_not_active" or error == "PartySuspended")) or (
            self.paused and (code == "act_paused" or error == "ActPaused")
        )


def same(act: str, code: str, error: str) -> bool:
    """Whether a service's code (with a decision's reasons after it) and the contract's error are one reason."""
    return any(error in SAME.get(each, ()) or EQUIVALENT.get((act, each)) == error for each in code.split())


OWN_WORDS: Final = frozenset(
    {"documentRoot", "trail", "bankRef", "pledgeId", "registryNo", "loanRef", "decisionHash", "expiresAt", "valuation"}
)
"""What a service says of its own: roots of the documents that it made, and references."""
SIZED: Final = frozenset({"Pledges.pledge", "Pledges.buyBack", "Receivables.settle"})
"""Acts whose amount and parts follow from money: the service reckons them."""


def said_otherwise(call: Call, params: Mapping[str, Any]) -> list[str]:
    """What the act that a service made of a deed says otherwise than the deed."""
    free = OWN_WORDS | ({"amount", "payee", "lender"} if call.name in SIZED else set())
    names = [name for name in call.params if name not in free and name in params]
    wrong = [name for name in names if str(params[name]) != str(call.params[name])]
    return [f"{name} is {params[name]} in the act, and {call.params[name]} was asked" for name in wrong]


def difference(act: str, code: str | None, error: str | None, standing: Standing) -> str | None:
    """What the two sides disagree about; None if they don't."""
    if code is None:
        return None if error is None else f"the service takes it, and the contract says {error}"
    first = code.split()[0]
    # what the contracts don't know at all they can't name: there may be something else that they do
    meant = (act, first) in STRICTER and (first != "party_not_active" or standing.beside)
    if error is None:
        return None if meant else f"the service says {code}, and the contract takes it"
    fits = same(act, code, error) or first in HIDDEN or standing.explains(first, error)
    if fits or meant or error in ASKED_FIRST.get((act, first), ()):
        return None
    return f"the service says {code}, the contract {error}"
