"""Bugs in who may vouch for what, in promises that end, and in what is withdrawn."""

from __future__ import annotations

from analysis.kill import Mutant

RECEIPTS, RULES, ACTS = "WarehouseReceipts.sol", "PledgeRules.sol", "Acts.sol"


def without(rule: str, file: str, line: str) -> Mutant:
    """The line isn't there."""
    return Mutant(rule, file, line, "")


#: Found by receipts/Issue.t.sol, Transfer.t.sol and Lock.t.sol.
KEEPERS = (
    without("a keeper issues no receipt to itself", RECEIPTS, "_requireOther(keeper, p.owner);"),
    without("no goods are passed on to their keeper", RECEIPTS, "_requireOther(s.keeper(), p.to);"),
    without("a keeper doesn't borrow on what it counts", RECEIPTS, "_requireOther(s.keeper(), pledgor);"),
    without("a keeper doesn't lend on what it counts", RECEIPTS, "_requireOther(s.keeper(), lender);"),
)
#: Found by pledges/Undertake.t.sol.
PROMISES = (
    without(
        "nothing is promised until yesterday",
        RULES,
        "if (p.untilDay < today) revert UndertakingPast(p.untilDay, today);",
    ),
    Mutant("a lapsed promise makes room", RULES, "u.amount != 0 && u.untilDay >= today", "u.amount != 0"),
    Mutant("a kept promise makes room", RULES, "u.amount != 0 && u.untilDay >= today", "u.untilDay >= today"),
    Mutant("each promise stands to its last day", RULES, "u.untilDay >= today) revert", "u.untilDay > today) revert"),
    Mutant(
        "bought parts are numbered on",
        RULES,
        "Promise(p.amount, p.untilDay, u.bought)",
        "Promise(p.amount, p.untilDay, 0)",
    ),
)
#: Found by RevokeNonces.t.sol and NothingDone.t.sol.
WITHDRAWN = (
    Mutant("nonces are withdrawn by their signer", ACTS, "mask, _authorize(auth, structHash));", "mask, auth.signer);"),
    Mutant(
        "withdrawn are one's own nonces",
        ACTS,
        "_revokeNonces(word, mask, msg.sender);",
        "_revokeNonces(word, mask, tx.origin);",
    ),
    without("a batch relayed too early isn't used up", ACTS, "if (done == 0) revert NothingDone();"),
)

STAKES = (*KEEPERS, *PROMISES, *WITHDRAWN)
