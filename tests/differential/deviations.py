"""Where the contracts still say something else than the rules, each with who is right.

The run goes around these: the act is tried, and not let, so that everything else is still compared. Where a contract
has come to agree, the act is let and compared like any other.
"""

from __future__ import annotations

from typing import Final

from tests.differential.act import Act
from tests.differential.model import Book

ACCEPTED: Final[dict[tuple[str, str], str]] = {
    ("Receivables.transfer", "transfer_to_debtor"): (
        "The rules are right: a debtor that holds its own debt could pledge its own promise to a lender."
    ),
    ("WarehouseReceipts.transfer", "receipt_ended"): (
        "The rules are right: a receipt of which nothing is left has ended, and nothing can be done with it."
    ),
}
"""(act, code): the rules refuse, the contract takes it."""


def recount_into_pledges(book: Book, act: Act) -> bool:
    """Whether a keeper's count finds less than what is pledged.

    The rules shrink the pledges, the oldest last; the register of pledges on chain keeps their amounts, so that the
    first lender to release or enforce moves goods that were another's. The rules are right: no part is under two
    pledges.
    """
    if act.name != "WarehouseReceipts.recount" or act.params["id"] not in book.receipts:
        return False
    receipt = book.receipts[act.params["id"]]
    return act.by == receipt.keeper and receipt.free < act.params["missing"] <= receipt.free + receipt.pledged
