"""Plants one bug at a time in a copy of the sources and runs the tests: they should find it.

`python contracts/mutants.py [--only N] [--first N]`. Prints a line per mutant and the score; exit 1 below 90 % killed.
The tests next to the bug run first, all the others only if those don't find it. Without Node it says so and exits 0.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from analysis.kill import NEAR, NEAR_OTHERS, Mutant, killed, passes
from analysis.relayed import RELAYED
from analysis.stakes import STAKES
from analysis.tied import TIED
from compile import install

MUTANTS = (
    Mutant("a nonce serves once", "Acts.sol", "words[word] = bits | bit;", "words[word] = bits;"),
    Mutant(
        "a withdrawn grant is refused",
        "Acts.sol",
        "if (nonceUsed(auth.signer, auth.nonce)) revert",
        "if (false) revert",
    ),
    Mutant(
        "the signature is the signer's",
        "Acts.sol",
        "if (failure == ECDSA.RecoverError.NoError && recovered == auth.signer) return;",
        "if (failure == ECDSA.RecoverError.NoError) return;",
    ),
    Mutant("a rotated key is silent", "Participants.sol", "_actors[oldKey] &= ~LIVE;", ""),
    Mutant(
        "suspension stops new business",
        "Participants.sol",
        "if (a & SUSPENDED != 0) revert PartySuspended(uint32(a));",
        "",
    ),
    Mutant(
        "suspension leaves exits open",
        "Participants.sol",
        "        uint256 a = _live(key);\n        return (uint32(a),",
        "        uint256 a = _unsuspended(key);\n        return (uint32(a),",
    ),
    Mutant(
        "an auditor only reads",
        "Participants.sol",
        "if (uint32(a >> 32) == Roles.AUDITOR) revert ReadsOnly(uint32(a));",
        "",
    ),
    Mutant("despatched <= ordered", "Orders.sol", "if (wanted > o.ordered)", "if (wanted > o.ordered + 1)"),
    Mutant("received <= despatched", "Orders.sol", "if (wanted > o.despatched)", "if (wanted > o.ordered)"),
    Mutant("invoiced <= received", "Orders.sol", "if (wanted > o.received)", "if (amount > o.received)"),
    Mutant(
        "an amendment needs the seller again",
        "Orders.sol",
        "        o.state = OrderState.Posted;\n        _lengthen(p.orderId, AMENDED",
        "        _lengthen(p.orderId, AMENDED",
    ),
    Mutant("a cancellation gives the amount back", "Orders.sol", "invoiced -= amount;", "invoiced -= 0;"),
    Mutant(
        "one invoice, one receivable",
        "ReceivableRules.sol",
        "if (!c.isIn(ReceivableState.None) && !again) revert ReceivableExists(p.id);",
        "",
    ),
    Mutant(
        "the debtor confirms what was issued",
        "ReceivableRules.sol",
        "if (tag != c.tag() || face != c.face() || p.dueDay != c.dueDay()) revert",
        "if (tag != c.tag() || face != c.face()) revert",
    ),
    Mutant(
        "the debtor confirms order, seller and document",
        "ReceivableRules.sol",
        "if (tag != c.tag() || face != c.face() || p.dueDay != c.dueDay()) revert",
        "if (face != c.face() || p.dueDay != c.dueDay()) revert",
    ),
    Mutant(
        "a tag binds the order",
        "libraries/Claims.sol",
        "keccak256(abi.encode(orderId, documentRoot, seller))",
        "keccak256(abi.encode(documentRoot, seller))",
    ),
    Mutant(
        "only the seller withdraws what isn't confirmed",
        "ReceivableRules.sol",
        "if (Claims.tagOf(p.orderId, p.documentRoot, party) != c.tag()) revert",
        "if (false) revert",
    ),
    Mutant(
        "what isn't confirmed has no holder",
        "ReceivableRules.sol",
        "        if (!c.confirmed()) revert ReceivableStateWrong(id, _known(id).state());\n",
        "",
    ),
    Mutant(
        "the attestation is over the goods as they stand",
        "Receivables.sol",
        "abi.encode(ATTEST, p, trail, registrar.nonce",
        "abi.encode(ATTEST, p, orders.trailOf(0), registrar.nonce",
    ),
    Mutant(
        "a batch's attestation is over the goods as they stand",
        "ReceivableBatches.sol",
        "if (found != trail) revert IOrders.OrderChanged(p.orderId, found);",
        "",
    ),
    Mutant(
        "a batch's attestation is checked",
        "ReceivableBatches.sol",
        "        _attest(registrar, _batchHash(ATTEST_BATCH, hashes, registrar));\n",
        "",
    ),
    Mutant(
        "a trail keeps what was before",
        "Orders.sol",
        "keccak256(abi.encode(trailOf[orderId], kind, documentRoot, amount))",
        "keccak256(abi.encode(kind, documentRoot, amount))",
    ),
    Mutant(
        "an amendment goes into the trail",
        "Orders.sol",
        "        _lengthen(p.orderId, AMENDED, p.documentRoot, p.amount);\n",
        "",
    ),
    Mutant(
        "nobody owes to itself",
        "ReceivableRules.sol",
        "if (p.to == c.debtor()) revert TransferToDebtor(p.to);",
        "",
    ),
    Mutant(
        "nothing is left to transfer",
        "ReceivableRules.sol",
        "if (c.empty()) revert NothingLeft(p.id);\n        if (c.pledged()",
        "if (c.pledged()",
    ),
    Mutant(
        "nothing is left to dispute",
        "ReceivableRules.sol",
        "if (c.confirmed() && c.empty()) revert NothingLeft(p.id);",
        "",
    ),
    Mutant(
        "no lender takes its own debt as security",
        "ReceivableRules.sol",
        "if (c.debtor() == lender) revert LenderIsDebtor(lender);",
        "",
    ),
    Mutant(
        "only the debtor confirms",
        "ReceivableRules.sol",
        "if (c.debtor() == party) return c;",
        "if (c.debtor() == party || party != 0) return c;",
    ),
    Mutant("only the holder moves", "ReceivableRules.sol", "if (c.holder() != party) revert NotHolder(id, party);", ""),
    Mutant(
        "a pledged part isn't transferred",
        "ReceivableRules.sol",
        "if (c.pledged() != 0) revert PledgedPart(p.id, c.pledged());",
        "",
    ),
    Mutant("a payment counts once", "ReceivableRules.sol", "words[word] = bits | bit;", "words[word] = bits;"),
    Mutant(
        "paid to the holder",
        "ReceivableRules.sol",
        "if (p.payee != c.holder()) revert PayeeWrong(p.payee, c.holder());",
        "",
    ),
    Mutant(
        "no part twice", "ReceivableRules.sol", "_spend(id, c, amount).morePledged(amount);", "c.morePledged(amount);"
    ),
    Mutant(
        "a release frees what it unlocks",
        "ReceivableRules.sol",
        "_unpledge(id, c, amount).moreFree(amount);",
        "_unpledge(id, c, amount);",
    ),
    Mutant(
        "enforcement waits for the due day",
        "ReceivableRules.sol",
        "if (_today() <= c.dueDay()) revert NotYetDue(c.dueDay(), _today());\n        if (lender",
        "if (lender",
    ),
    Mutant(
        "parts are counted as split away",
        "ReceivableRules.sol",
        "away.moreSplit(total, parts)",
        "away.moreSplit(0, parts)",
    ),
    Mutant("a line bounds confirmations", "ReceivableRules.sol", "if (wanted > l.limit) revert", "if (false) revert"),
    Mutant("a payment gives the line back", "ReceivableRules.sol", "_lines[debtor].used -= amount;", ""),
    Mutant(
        "a part keeps its parent's flags", "libraries/Claims.sol", "parent) >> 200) << 200;", "parent) >> 200) << 199;"
    ),
    Mutant("paid to the pledgee", "PledgeRules.sol", "if (e.lender() != payee) revert", "if (false) revert"),
    Mutant(
        "only the lender ends a pledge",
        "PledgeRules.sol",
        "        if (e.lender() != party) revert NotLender(pledgeId, party);\n        _requireAsset",
        "        _requireAsset",
    ),
    *RELAYED,
    *STAKES,
    *TIED,
    Mutant(
        "a pledge id serves once",
        "PledgeRules.sol",
        "if (Entry.unwrap(_pledges[p.pledgeId]) != 0) revert",
        "if (false) revert",
    ),
    Mutant(
        "a drawn pledge doesn't expire",
        "PledgeRules.sol",
        "if (e.drawn() || block.timestamp <= e.expiresAt())",
        "if (block.timestamp <= e.expiresAt())",
    ),
    Mutant(
        "an undrawn pledge isn't enforced",
        "PledgeRules.sol",
        "if (!e.drawn()) revert NotDrawn(p.pledgeId);\n        uint64 amount",
        "uint64 amount",
    ),
    Mutant(
        "an undrawn pledge isn't bought off",
        "PledgeRules.sol",
        "if (!e.drawn()) revert NotDrawn(p.pledgeId);\n        _requireAmount",
        "_requireAmount",
    ),
    Mutant("pledges are named oldest first", "PledgeRules.sol", "if (e.rank() <= rank) revert", "if (false) revert"),
    Mutant("a pledge isn't named twice", "PledgeRules.sol", "if (e.rank() <= rank)", "if (e.rank() < rank)"),
    Mutant("all pledges are named", "PledgeRules.sol", "if (sum != pledged) revert", "if (sum < by) revert"),
    Mutant(
        "the youngest bears the loss first",
        "PledgeRules.sol",
        "for (uint256 i = pledgeIds.length; by > 0; --i) {\n            bytes32 pledgeId = pledgeIds[i - 1];\n"
        "            Entry e = entries[i - 1];",
        "for (uint256 i = 0; by > 0; ++i) {\n            bytes32 pledgeId = pledgeIds[i];\n"
        "            Entry e = entries[i];",
    ),
    Mutant("a lost pledge is live no more", "PledgeRules.sol", "if (e.amount() == 0) ++ended;", ""),
    Mutant(
        "no pledge without a registry number", "PledgeRules.sol", "if (registryNo == 0) revert", "if (false) revert"
    ),
    Mutant(
        "a paid pledge ends",
        "libraries/Entries.sol",
        "if (word & AMOUNT != 0) return Entry.wrap(word);",
        "return Entry.wrap(word);",
    ),
    Mutant(
        "pledged goods don't leave",
        "WarehouseReceipts.sol",
        "if (p.quantity > s.free()) revert",
        "if (p.quantity > s.issued()) revert",
    ),
    Mutant(
        "a count eats the free part first",
        "WarehouseReceipts.sol",
        "uint64 fromFree = p.missing < s.free() ? p.missing : s.free();",
        "uint64 fromFree = p.missing <= s.free() ? p.missing : 0;",
    ),
    Mutant(
        "goods are bought back by a core enterprise",
        "PledgeRules.sol",
        "if (e.goods()) _requireRole(buyer, roles, Roles.CORE);",
        "",
    ),
    Mutant(
        "no debtor takes its own debt over",
        "ReceivableRules.sol",
        "if (lender == c.debtor()) revert TransferToDebtor(lender);",
        "",
    ),
    Mutant(
        "pledges are named only where they bear a loss",
        "WarehouseReceipts.sol",
        "revert PledgesUnwanted(p.id);",
        "",
    ),
    Mutant(
        "a hundred live pledges are enough",
        "WarehouseReceipts.sol",
        "s.live() == MAX_LIVE || s.made() == MAX_MADE",
        "s.made() == MAX_MADE",
    ),
    Mutant(
        "ranks don't start again",
        "WarehouseReceipts.sol",
        "s.live() == MAX_LIVE || s.made() == MAX_MADE",
        "s.live() == MAX_LIVE",
    ),
    Mutant("an ended pledge leaves room", "WarehouseReceipts.sol", "if (ended) s = s.lessLive(1);", ""),
    Mutant(
        "nothing is left of a receipt to transfer",
        "WarehouseReceipts.sol",
        "if (s.empty()) revert NothingLeft(p.id);",
        "",
    ),
    Mutant(
        "a part's id can't be issued", "WarehouseReceipts.sol", "if (Ids.isReserved(p.id)) revert IdReserved(p.id);", ""
    ),
    Mutant("too little gas refuses the batch", "Acts.sol", "if (reason.length == 0) revert BatchOutOfGas(index);", ""),
    Mutant(
        "sold goods leave the pledge",
        "PledgeRules.sol",
        "_release(p.soldPledgeId, p.goodsId, p.quantity, 0, lender);",
        "",
    ),
    Mutant("a buy-back stays within the promise", "PledgeRules.sol", "u.amount -= p.amount;", ""),
    Mutant("a buy-back's payment counts once", "PledgeRules.sol", "receivables.useBankRef(bank, p.bankRef);", ""),
    Mutant(
        "a buyer doesn't attest its payment", "PledgeRules.sol", "if (bank == p.buyer) revert SelfAttested(bank);", ""
    ),
    Mutant(
        "a debtor doesn't attest its payment",
        "ReceivableRules.sol",
        "if (c.debtor() == bank) revert SelfAttested(bank);",
        "",
    ),
    Mutant(
        "a seller doesn't attest its invoice",
        "ReceivableBatches.sol",
        "if (attester == seller) revert SelfAttested(seller);",
        "",
    ),
    Mutant("a line can be lowered at any time", "Receivables.sol", "if (p.limit >= lineOf[lender][p.debtor]) {", "{"),
    Mutant(
        "an acknowledgement is of the order as it was seen",
        "Orders.sol",
        "if (p.trail != trail) revert OrderChanged(p.orderId, trail);",
        "",
    ),
    Mutant(
        "an exchange is for these goods",
        "Pledges.sol",
        "keccak256(abi.encode(EXCHANGE, p, pledgor.nonce, pledgor.deadline))",
        "keccak256(abi.encode(GRANT, _inPlace(p), pledgor.nonce, pledgor.deadline))",
    ),
    Mutant(
        "a rotated key isn't lost", "Participants.sol", "if (key != p.oldKey) revert KeyNotLost(p.party, key);", "key;"
    ),
    Mutant(
        "a new key proves itself",
        "Participants.sol",
        "if (proof.signer != key) revert KeyNotProved",
        "if (false) revert KeyNotProved",
    ),
)


#: Least share of the mutants that the tests have to kill, percent.
LEAST_SCORE = 90


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description="Plants bugs and looks whether the tests find them.")
    parser.add_argument("--only", type=int, help="the mutant of this number alone")
    parser.add_argument("--first", type=int, default=0, help="begin with this number")
    args = parser.parse_args(argv)
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("mutants: skipped, Node isn't installed")
        return 0
    install()
    chosen = [(n, m) for n, m in enumerate(MUTANTS) if n >= args.first and args.only in (None, n)]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "contracts"
        kept_out = ("node_modules", "artifacts", "__pycache__", "long", "symbolic", "coverage")
        shutil.copytree(ROOT, work, ignore=shutil.ignore_patterns(*kept_out))
        (work / "node_modules").symlink_to(ROOT / "node_modules")
        # A test that fails anyway would count every mutant as killed.
        for selection in [["--match-path", f"test/{names}.t.sol"] for names in {*NEAR.values(), NEAR_OTHERS}]:
            if not passes(work, selection):
                raise SystemExit(f"mutants: the tests {selection[1]} fail without a bug")
        dead = 0
        for number, mutant in chosen:
            found = killed(mutant, work)
            dead += found
            print(f"{number:2} {'killed  ' if found else 'SURVIVED'} {mutant.rule}", flush=True)
    print(f"mutants: {dead} of {len(chosen)} killed (least: {LEAST_SCORE} %)")
    return 0 if chosen and 100 * dead >= LEAST_SCORE * len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
