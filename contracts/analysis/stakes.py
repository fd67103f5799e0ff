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
    Mutant(
        "a keeper doesn't lend on what it counts",
        RECEIPTS,
        "_requireOther(s.keeper(), pledgor);\n        _requireOther(s.keeper(), lender);",
        "_requireOther(s.keeper(), pledgor);",
    ),
    Mutant(
        "a keeper takes nothing of what it counts",
        RECEIPTS,
        "_requireOther(s.keeper(), lender);\n        _stocks[id] = s;",
        "_stocks[id] = s;",
    ),
    without(
        "a keeper undertakes nothing over what it counts",
        RULES,
        "if (e.goods() && buyer == warehouseReceipts.keeperOf(p.assetId)) revert SelfAttested(buyer);",
    ),
)
#: Found by receipts/Release.t.sol and Correct.t.sol.
TWO_WORDS = (
    without(
        "goods leave by their owner's order",
        RECEIPTS,
        "_requireOwner(p.id, s, owner, keccak256(abi.encode(HAND_OUT, p, owner.nonce, owner.deadline)));",
    ),
    without(
        "a count is put right with the owner",
        RECEIPTS,
        "_requireOwner(p.id, s, owner, keccak256(abi.encode(CORRECTION, p, owner.nonce, owner.deadline)));",
    ),
    without("the owner's word is signed", RECEIPTS, "_authorize(owner, structHash);"),
    without(
        "no more is found than was missed",
        RECEIPTS,
        "if (p.found > missing) revert ExceedsMissing(p.id, p.found, missing);",
    ),
)
#: Found by pledges/PayOff.t.sol and Release.t.sol.
ENDED = (
    without(
        "a bank doesn't pay off what it has a side in",
        RULES,
        "if (bank == e.lender() || bank == _asset(e.goods()).holderOf(p.assetId)) revert SelfAttested(bank);",
    ),
    Mutant(
        "what was never lent isn't paid off",
        RULES,
        "if (!e.drawn()) revert NotDrawn(p.pledgeId);\n        // The lender",
        "// The lender",
    ),
    without(
        "what has to stay stays",
        RULES,
        "if (e.amount() < keep) revert LeavesTooLittle(pledgeId, e.amount(), keep);",
    ),
)
#: Found by pledges/Undertake.t.sol.
PROMISES = (
    Mutant("a lender undertakes nothing over its pledge", RULES, "if (buyer == e.lender() || buyer", "if (buyer"),
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

STAKES = (*KEEPERS, *TWO_WORDS, *ENDED, *PROMISES, *WITHDRAWN)
