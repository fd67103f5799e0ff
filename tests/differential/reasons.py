"""Why an act is refused, in both languages: the code of the Python rules and the custom errors of the contracts.

The one table. A code with several errors is one reason that the contracts tell apart more finely (said beside it);
an error under several codes is one that they tell apart less. `EQUIVALENT` holds what is only the same for one act.
`OUT_OF_REACH` says of every other error why generated acts can't meet it.
"""

from __future__ import annotations

from typing import Final

REASONS: Final[dict[str, frozenset[str]]] = {
    code: frozenset(errors.split())
    for code, errors in {
        # who may act at all
        "act_paused": "ActPaused",
        "not_admitted": "NotAdmitted",
        "party_suspended": "PartySuspended",
        "reads_only": "ReadsOnly",
        "party_unknown": "PartyUnknown",
        "role_missing": "RoleMissing",
        "not_operator": "AccessManagedUnauthorized",
        "already_suspended": "AlreadySuspended",
        "not_suspended": "NotSuspended",
        "roles_invalid": "RolesInvalid",
        # counter-signatures
        "act_expired": "ActExpired",
        "act_replayed": "ActReplayed",
        "signature_invalid": "ActSignatureInvalid",
        "self_attested": "SelfAttested",
        # amounts; goods have quantities
        "amount_not_positive": "AmountZero",
        "amount_too_large": "AmountTooLarge",
        "quantity_not_positive": "AmountZero",
        "quantity_too_large": "AmountTooLarge",
        "exceeds_free": "ExceedsFree",
        # the asset's parts in all, or the one pledge
        "exceeds_pledged": "ExceedsPledged ExceedsPledge",
        # a count that misses more than there is, free and pledged together
        "exceeds_held": "ExceedsFree",
        "exceeds_missing": "ExceedsMissing",
        # orders
        "order_exists": "OrderExists",
        "order_unknown": "OrderUnknown",
        "order_state_wrong": "OrderStateWrong",
        "order_changed": "OrderChanged",
        "seller_is_buyer": "SellerIsBuyer",
        "currency_invalid": "CurrencyInvalid",
        "not_buyer": "NotBuyer",
        "not_seller": "NotSeller",
        "order_changed_after_despatch": "AlreadyDespatched",
        "despatch_above_order": "DespatchExceedsOrder",
        # beyond the order is beyond what was despatched of it
        "receipt_above_order": "ReceiptExceedsDespatch",
        "receipt_above_despatch": "ReceiptExceedsDespatch",
        "invoice_above_received": "InvoiceExceedsReceived",
        # receivables
        "id_reserved": "IdReserved",
        "receivable_exists": "ReceivableExists",
        "receivable_unknown": "ReceivableUnknown",
        "receivable_state_wrong": "ReceivableStateWrong",
        "due_date_past": "DueDayPast",
        "tenor_unlawful": "TenorTooLong",
        "not_debtor": "NotDebtor",
        "not_holder": "NotHolder",
        "confirmation_mismatch": "ConfirmationMismatch",
        "nothing_left": "NothingLeft",
        "parts_invalid": "PartsInvalid",
        "part_pledged": "PledgedPart",
        "transfer_to_self": "TransferToSelf",
        "transfer_to_debtor": "TransferToDebtor",
        "bank_ref_used": "BankRefUsed",
        "payee_wrong": "PayeeWrong",
        "not_yet_due": "NotYetDue",
        "line_exceeded": "LineExceeded",
        # warehouse receipts
        "receipt_exists": "ReceiptExists",
        "receipt_unknown": "ReceiptUnknown",
        "not_owner": "NotOwner",
        "not_keeper": "NotKeeper",
        "receipt_ended": "NothingLeft",
        "too_many_pledges": "TooManyPledges",
        "pledges_unwanted": "PledgesUnwanted",
        "pledges_incomplete": "PledgesIncomplete",
        "pledges_out_of_order": "PledgesOutOfOrder",
        "not_over_goods": "NotOverGoods",
        # pledges
        "pledge_exists": "PledgeExists",
        "pledge_id_foreign": "PledgeIdForeign",
        "pledge_unknown": "PledgeUnknown",
        "pledge_ended": "PledgeStateWrong",
        "asset_kind_invalid": "AssetKindInvalid",
        "asset_mismatch": "AssetMismatch",
        "not_lender": "NotLender",
        "not_pledgor": "NotPledgor",
        "leaves_too_little": "LeavesTooLittle",
        "lender_is_pledgor": "LenderIsPledgor",
        "lender_is_debtor": "LenderIsDebtor",
        "pledge_not_drawn": "NotDrawn",
        "expiry_invalid": "ExpiryInvalid",
        "not_expired": "NotExpired",
        "pledge_lapsed": "PledgeLapsed",
        "already_drawn": "AlreadyDrawn",
        "registry_no_missing": "RegistryNoMissing",
        "substitute_foreign": "SubstituteForeign",
        "undertaker_is_party": "UndertakerIsParty",
        "undertaking_exists": "UndertakingExists",
        "undertaking_missing": "UndertakingMissing",
        "until_past": "UndertakingPast",
    }.items()
}

EQUIVALENT: Final[dict[tuple[str, str], str]] = {
    # nothing of a cancelled order was ever despatched or received: the contract needs no look at its state
    ("Orders.receiveGoods", "order_state_wrong"): "ReceiptExceedsDespatch",
    ("Receivables.issue", "order_state_wrong"): "InvoiceExceedsReceived",
    # the debtor of an order is its buyer, so whoever bills itself isn't the seller
    ("Receivables.issue", "debtor_is_seller"): "NotSeller",
    # before its confirmation it has no holder but the seller
    ("Receivables.cancel", "not_seller"): "NotHolder",
    # the exchange is signed by the owner of the goods: a receivable that another holds isn't the signer's
    ("Pledges.substitute", "substitute_foreign"): "NotHolder",
}

_SIGNED: Final = "act_expired act_replayed signature_invalid"
_AMOUNT: Final = "amount_not_positive amount_too_large exceeds_pledged"
EACH: Final[dict[str, frozenset[str]]] = {
    act: frozenset(codes.split())
    for act, codes in {
        "Pledges.substitute": f"""
            act_paused not_admitted party_suspended role_missing {_SIGNED} not_over_goods substitute_foreign
            pledge_ended not_lender asset_mismatch quantity_not_positive quantity_too_large {_AMOUNT}
            registry_no_missing expiry_invalid pledge_exists pledge_id_foreign receivable_unknown
            receivable_state_wrong lender_is_debtor exceeds_free
        """,
        "Pledges.undertake": f"""
            act_paused not_admitted party_suspended role_missing pledge_unknown pledge_ended asset_mismatch {_AMOUNT}
            undertaker_is_party undertaking_exists
        """,
        "Pledges.payOff": """
            not_admitted role_missing pledge_unknown pledge_ended asset_mismatch pledge_not_drawn self_attested
        """,
        "Pledges.buyBack": f"""
            not_admitted role_missing pledge_unknown pledge_ended asset_mismatch pledge_not_drawn {_AMOUNT}
            undertaking_missing self_attested bank_ref_used not_yet_due transfer_to_debtor
        """,
    }.items()
}
"""Of acts that are rarer than others: every reason for which each of them has to be met, not only by any act."""

OUT_OF_REACH: Final[dict[str, str]] = {
    "NotSister": "sister contracts call each other only through acts",
    "WiringWrong": "at deployment",
    "MaxTenorInvalid": "at deployment",
    "AccessManagedInvalidAuthority": "at deployment",
    "AccessManagedRequiredDelay": "the operator acts without a delay",
    "SafeCastOverflowedUintDowncast": "a due day beyond 16 bits is beyond the longest tenor",
    "StringTooLong": "at deployment",
    "InvalidShortString": "at deployment",
    "NotOperator": "relayed acts of the operator only",
    # batches carry many of the same acts; each item is refused for the reasons of its act
    "BatchInvalid": "acts are sent one by one",
    "BatchOutOfGas": "acts are sent one by one",
    "NothingDone": "acts are sent one by one",
    "NotSelf": "acts are sent one by one",
    "RegistryNosMismatch": "acts are sent one by one",
    # keys and admissions are fixed while acts are generated; contracts/test/participants has them
    "KeyTaken": "keys are fixed",
    "KeyZero": "keys are fixed",
    "KeyNotProved": "keys are fixed",
    "KeyNotLost": "keys are fixed",
    "CommitmentTaken": "no admissions",
    "CommitmentZero": "no admissions",
}

RARE: Final = frozenset({"too_many_pledges"})
"""Reasons that random acts don't get to: stories meet them."""

RULES_ONLY: Final[dict[str, str]] = {
    "currency_mismatch": "an act on chain names no currency: it is the order's",
    "document_kind_wrong": "documents aren't on chain",
    "price_stale": "prices aren't on chain",
    "price_not_positive": "prices aren't on chain",
    "below_minimum": "neither prices nor what a lender wants left are on chain",
    "until_not_after_maturity": "loans aren't on chain",
    "goods_differ": "what goods are isn't on chain",
    "goods_incomplete": "what goods are isn't on chain",
    "goods_not_as_listed": "what goods are isn't on chain",
    "quantity_not_whole": "what goods are isn't on chain",
    "lot_incomplete": "what goods are isn't on chain",
    "lot_receipted": "what goods are isn't on chain",
    "release_leaves_short": "loans aren't on chain",
    "exceeds_unsold": "what is sold of taken goods isn't on chain",
    "sale_not_agreed": "what is sold of taken goods isn't on chain",
    "buy_back_not_agreed": "neither loans nor what their pledgors agree to are on chain",
    "substitution_undervalued": "neither prices nor what a loan owes are on chain",
    "nothing_moved": "documents aren't on chain",
    "return_above_received": "what goes back is in the document alone",
    "order_empty": "documents aren't on chain",
    "order_not_accepted": "documents aren't on chain",
    "amendment_incomplete": "documents aren't on chain",
    "line_not_ordered": "lines aren't on chain",
    "amount_above_invoiced": "only what was invoiced is cancelled",
    "confirmation_above_invoiced": "only what was invoiced is confirmed",
    "order_open": "orders aren't closed on chain",
}
"""Refusals of the rules for which there is nothing on chain."""


def same(act: str, code: str, error: str) -> bool:
    """Whether the rules' ``code`` and the contract's ``error`` are one reason for refusing ``act``."""
    return error in REASONS.get(code, frozenset()) or EQUIVALENT.get((act, code)) == error
