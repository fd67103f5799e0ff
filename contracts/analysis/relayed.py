"""Bugs in what is relayed or done in batches: a signature that isn't looked at, a bound that isn't held."""

from __future__ import annotations

from analysis.kill import Mutant

BATCHES, PLEDGES, RECEIVABLES = "ReceivableBatches.sol", "Pledges.sol", "Receivables.sol"
RECEIPTS = "WarehouseReceipts.sol"


def unsigned(act: str, file: str, signed: str) -> Mutant:
    """The act is carried out for whoever it says has signed."""
    asked = f"_authorize(auth, {signed})"
    return Mutant(f"a relayed {act} needs its signature", file, asked, "auth.signer")


def unsigned_lender(act: str, call: str) -> Mutant:
    """Of the acts that a lender and a pledgor sign, the lender's signature isn't looked at."""
    asked = f"{call}, _authorize(lenderAuth, structHash)"
    return Mutant(f"a relayed {act} needs the lender's signature", PLEDGES, asked, f"{call}, lenderAuth.signer")


#: Found by RelayedRefusals.t.sol.
UNSIGNED = (
    unsigned("issue", RECEIVABLES, "keccak256(abi.encode(ISSUE, p, auth.nonce, auth.deadline))"),
    unsigned("split", RECEIVABLES, "keccak256(abi.encode(SPLIT, p.id, amounts, auth.nonce, auth.deadline))"),
    unsigned("buy-back", PLEDGES, "keccak256(abi.encode(BUY_BACK, p, auth.nonce, auth.deadline))"),
    unsigned("payoff", PLEDGES, "keccak256(abi.encode(PAY_OFF, p, auth.nonce, auth.deadline))"),
    unsigned("hand-out", RECEIPTS, "keccak256(abi.encode(RELEASE, p, auth.nonce, auth.deadline))"),
    unsigned("correction", RECEIPTS, "keccak256(abi.encode(CORRECT, p, auth.nonce, auth.deadline))"),
    unsigned("batch of issues", BATCHES, "_batchHash(ISSUE_BATCH, hashes, auth)"),
    unsigned("batch of confirmations", BATCHES, "_batchHash(CONFIRM_BATCH, hashes, auth)"),
    unsigned("batch of payments", BATCHES, "_batchHash(SETTLE_BATCH, hashes, auth)"),
    unsigned("batch of releases", PLEDGES, "_batchHash(RELEASE_BATCH, hashes, auth)"),
    unsigned_lender("pledge", "_byPledge(p, pledgor, registryNo"),
    unsigned_lender("substitution", "_bySubstitute(p, pledgor, registryNo"),
    unsigned_lender("batch of pledges", "_pledgeBatch(items, pledgor, registryNos"),
)

#: Found by the test of each batch: PledgeBatch.t.sol, ReleaseBatch.t.sol, ConfirmBatch.t.sol, SettleBatch.t.sol.
ENTERED = (
    Mutant(
        "a batch of pledges needs the pledgor's grant",
        PLEDGES,
        "        _attest(pledgor, _batchHash(GRANT_BATCH, _hashes(GRANT_ITEM, items), pledgor));\n",
        "",
    ),
    Mutant(
        "a batch of confirmations is paused and suspended too",
        BATCHES,
        "participants.enter(who, Kinds.CONFIRM)",
        "participants.actor(who)",
    ),
    Mutant(
        "a batch of payments is a way out",
        BATCHES,
        "        uint32 bank = _bank(who);\n",
        "        participants.enter(who, Kinds.CONFIRM);\n        uint32 bank = _bank(who);\n",
    ),
    Mutant(
        "a batch of releases is a way out",
        PLEDGES,
        "        uint32 party = _actor(who);\n",
        "        (uint32 party,) = participants.enter(who, Kinds.PLEDGE);\n",
    ),
)


def bound(what: str, file: str, after: str) -> Mutant:
    """A batch whose size nobody looks at; `after` is what stands behind the check."""
    return Mutant(f"{what} has a bound", file, f"        _requireBatch(items.length);\n{after}", after)


def reasons(what: str, item: str) -> Mutant:
    """An item for which the gas wasn't enough counts as refused."""
    before = f"try this.{item} {{\n                ++done;\n            }} catch (bytes memory reason) {{\n"
    return Mutant(
        f"too little gas refuses a batch of {what}",
        PLEDGES,
        f"{before}                _requireReason(i, reason);\n",
        before,
    )


#: Found by Hundred.t.sol (the first) and the test of each batch.
BOUNDED = (
    Mutant("a batch may have a hundred items", "Acts.sol", "MAX_BATCH = 100;", "MAX_BATCH = 50;"),
    Mutant("a batch has at most a hundred items", "Acts.sol", "MAX_BATCH = 100;", "MAX_BATCH = 101;"),
    Mutant("a batch has an item", "Acts.sol", "items == 0 || items > MAX_BATCH", "items > MAX_BATCH"),
    bound("a batch of confirmations", BATCHES, "        (uint32 party, uint32 roles) = participants.enter("),
    bound("a batch of payments", BATCHES, "        uint32 bank = _bank(who);"),
    bound("a batch of releases", PLEDGES, "        uint32 party = _actor(who);"),
    # The one in _pledgeBatch isn't needed beside this: whatever comes there is hashed too.
    bound("a relayed batch of pledges", PLEDGES, "        hashes = new bytes32[](items.length);"),
    reasons("pledges", "pledgeItem(items[i], lender, holder, registryNos[i])"),
    reasons("releases", "releaseItem(items[i], party)"),
    Mutant(
        "too little gas refuses a batch of receivables",
        BATCHES,
        "        _requireReason(index, reason);\n",
        "",
    ),
)

LATE = "        if (block.timestamp > auth.deadline) revert ActExpired(auth.deadline);\n"

#: Found by Signatures.t.sol and pledges/PledgeBatch.t.sol.
ONCE_AND_IN_TIME = (
    Mutant(
        "a used nonce is refused",
        "Acts.sol",
        "        if (bits & bit != 0) revert ActReplayed",
        "        if (false) revert ActReplayed",
    ),
    Mutant(
        "a deadline counts",
        "Acts.sol",
        f"internal returns (address) {{\n{LATE}",
        "internal returns (address) {\n",
    ),
    Mutant(
        "a statement's deadline counts",
        "Acts.sol",
        f"internal view returns (address) {{\n{LATE}",
        "internal view returns (address) {\n",
    ),
)

RELAYED = (*UNSIGNED, *ENTERED, *BOUNDED, *ONCE_AND_IN_TIME)
