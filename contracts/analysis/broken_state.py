"""Bugs for `broken.py`: what is stored, told, conserved, pledged and matched goes wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Broken:
    """`before` stands exactly once in `file` and becomes `after`; then each invariant of `shown` has to fail.

    `shown`: pairs of an invariant's name after `invariant_` and the message of the one assertion that has to fail.
    """

    bug: str
    file: str
    before: str
    after: str
    shown: tuple[tuple[str, str], ...]


RR, PR, WR, OR, PA = (
    "ReceivableRules.sol",
    "PledgeRules.sol",
    "WarehouseReceipts.sol",
    "Orders.sol",
    "Participants.sol",
)
RE, RB, PL = "Receivables.sol", "ReceivableBatches.sol", "Pledges.sol"
CLAIMS, ENTRIES = "libraries/Claims.sol", "libraries/Entries.sol"


def _told(message: str, bug: str, file: str, before: str, after: str) -> Broken:
    return Broken(bug, file, before, after, (("eventsAloneRebuildTheState", message),))


#: The events don't tell what is stored.
TOLD = (
    _told("receivable", "a transfer is told, not done", RR, "_claims[p.id] = c.withHolder(p.to);", ""),
    _told("receipt", "goods leave untold", WR, "emit GoodsReleased(p.id, p.quantity);", ""),
    _told(
        "pledge state", "an enforced pledge counts as released", PR, "PledgeState.Enforced);", "PledgeState.Released);"
    ),
    _told(
        "pledge amount",
        "a loss is told after it was borne",
        PR,
        "assetId, cut, e.amount());",
        "assetId, by, e.amount());",
    ),
    _told(
        "pledge lender",
        "the pledgor is told as the lender",
        PR,
        "            holder,\n            lender,\n            p.decisionHash",
        "            holder,\n            holder,\n            p.decisionHash",
    ),
    _told(
        "pledge rank",
        "every pledge is the first",
        PR,
        "goods, rank, p.assetId);",
        "goods, rank < 2 ? rank : 1, p.assetId);",
    ),
    _told(
        "pledge expiry",
        "the day of the pledge is told as its last",
        PR,
        "            p.expiresAt\n",
        "            uint64(block.timestamp)\n",
    ),
    _told("pledge drawn", "a drawing is told, not done", PR, "_pledges[p.pledgeId] = e.asDrawn();", "e;"),
    _told("pledge kind", "goods are noted as a receivable", ENTRIES, "| (goods_ ? GOODS : 0);", "| (goods_ ? 0 : 0);"),
    _told("pledge asset", "a pledge isn't tied to its asset", ENTRIES, "uint112(tagOf(assetId))", "uint112(tagOf(0))"),
    _told(
        "active while it locks",
        "a pledge that was paid off stays",
        PR,
        "e = _reduce(e, pledgeId, amount, PledgeState.Released);\n"
        "        if (e.amount() == 0) emit Discharged(pledgeId, assetId);",
        "if (amount > e.amount()) revert ExceedsPledge(pledgeId, amount, e.amount());\n"
        "        _pledges[pledgeId] = Entry.wrap(Entry.unwrap(e) - amount);",
    ),
    _told("a lender's share of a line", "a lender's share isn't kept", RR, "lineOf[lender][p.debtor] = p.limit;", ""),
    _told("limit of a line", "the total of a line isn't kept", RR, "_lines[p.debtor] = l;", ""),
    _told(
        "the total that an event told",
        "one lender's share is told as the total",
        RR,
        "emit LineSet(lender, p.debtor, p.limit, l.limit);",
        "emit LineSet(lender, p.debtor, p.limit, p.limit);",
    ),
    _told(
        "order", "a despatch isn't in the trail", OR, "_lengthen(p.orderId, DESPATCHED, p.documentRoot, p.amount);", ""
    ),
    _told("undertaking", "a promise is kept more than once", PR, "u.amount -= p.amount;", ""),
    _told(
        "number of parts", "a split counts one part", RR, "away.moreSplit(total, parts);", "away.moreSplit(total, 1);"
    ),
    _told("a bank's reference", "a payment's reference isn't kept", RR, "words[word] = bits | bit;", ""),
    _told(
        "a bank's reference",
        "a buy-back uses a reference of its buyer's",
        PR,
        "receivables.useBankRef(bank, p.bankRef);",
        "receivables.useBankRef(p.buyer, p.bankRef);",
    ),
    _told(
        "the reference beside it",
        "a reference uses up its neighbours too",
        RR,
        "words[word] = bits | bit;",
        "words[word] = type(uint256).max;",
    ),
    _told("commitment", "a commitment isn't kept", PA, "_commitments[id] = p.commitment;", ""),
    _told(
        "party of a commitment",
        "a commitment isn't found again",
        PA,
        "partyByCommitment[p.commitment] = id;",
        "",
    ),
    _told(
        "key",
        "a rotation is told backwards",
        PA,
        "emit KeyRotated(id, who, p.newKey);",
        "emit KeyRotated(id, p.newKey, who);",
    ),
    _told(
        "key",
        "a recovery is told backwards",
        PA,
        "emit KeyRecovered(p.party, p.oldKey, p.newKey);",
        "emit KeyRecovered(p.party, p.newKey, p.oldKey);",
    ),
    _told("for whom a key speaks", "a changed key goes on speaking", PA, "_actors[oldKey] &= ~LIVE;", ""),
    _told("parties", "an admission isn't told", PA, "emit Admitted(id, p.commitment, p.roles, p.key);", ""),
    _told("roles", "new roles aren't told", PA, "emit RolesSet(p.party, p.roles);", ""),
    _told("suspended", "a resumption isn't told", PA, "emit Resumed(p.party);", ""),
    _told("paused", "a pause isn't told", PA, "emit Paused(p.kinds);", ""),
)

_PARTS = "split away is what the parts were made of"
_INVOICED = "all parts together are what was invoiced"

#: Something of an asset comes from nowhere, or is lost.
CONSERVED = (
    Broken(
        "what a release frees is lost",
        RR,
        "_unpledge(id, c, amount).moreFree(amount);",
        "_unpledge(id, c, amount);",
        (("everyReceivableIsConserved", "all of a receivable is its face"),),
    ),
    Broken(
        "a part is more than what was split away for it",
        RR,
        "_claims[child] = part.withFace(amount);",
        "_claims[child] = part.withFace(amount + 1);",
        (("everyReceivableIsConserved", _PARTS), ("matchOfEveryOrder", _INVOICED)),
    ),
    Broken(
        "goods handed out aren't counted as such",
        WR,
        "_gone[p.id].released += p.quantity;",
        "",
        (("everyReceiptIsConserved", "all of a receipt is what was issued"),),
    ),
    Broken(
        "a lender gets more goods than it takes out",
        WR,
        "Stocks.create(quantity, lender,",
        "Stocks.create(quantity + 1, lender,",
        (("everyReceiptIsConserved", "liquidated is what was taken out"),),
    ),
    Broken(
        "released goods stay pledged as well",
        WR,
        "_unpledge(id, quantity, ended).moreFree(quantity);",
        "_stocks[id].moreFree(quantity);",
        (("everyReceiptIsConserved", "a receipt holds more than was issued"),),
    ),
)

#: One part secures two loans, or an asset and its pledges disagree.
PLEDGED = (
    Broken(
        "more of a receivable is pledged than is free",
        RR,
        "_spend(id, c, amount).morePledged(amount);",
        "c.lessFree(amount < c.free() ? amount : c.free()).morePledged(amount);",
        (
            ("noPartUnderTwoPledges", "a part of a receivable is under two pledges"),
            ("everyReceivableIsConserved", "a receivable holds more than its face"),
        ),
    ),
    Broken(
        "a release leaves the receivable pledged",
        PR,
        "_asset(e.goods()).unlock(assetId, amount, e.amount() == 0);",
        "if (e.goods()) _asset(true).unlock(assetId, amount, e.amount() == 0);",
        (("noPartUnderTwoPledges", "pledged of a receivable is the sum of its pledges"),),
    ),
    Broken(
        "pledged goods are pledged again",
        WR,
        "if (quantity > s.free()) revert ExceedsFree(id, quantity, s.free());\n        if (s.live()",
        "if (s.live()",
        (("noPartUnderTwoPledges", "a part of a receipt is under two pledges"),),
    ),
    Broken(
        "goods found missing stay pledged",
        WR,
        ".lessPledged(fromPledged)",
        "",
        (("noPartUnderTwoPledges", "pledged of a receipt is the sum of its pledges"),),
    ),
)


def _match(message: str, bug: str, file: str, before: str, after: str) -> Broken:
    return Broken(bug, file, before, after, (("matchOfEveryOrder", message),))


#: A link of confirmed <= invoiced <= received <= despatched <= ordered.
MATCHED = (
    _match(
        "despatched <= ordered", "each despatch alone is in order", OR, "wanted > o.ordered)", "p.amount > o.ordered)"
    ),
    _match(
        "despatched <= ordered",
        "an order shrinks below what was despatched",
        OR,
        "if (p.amount < o.despatched) revert AlreadyDespatched(p.orderId, o.despatched);",
        "",
    ),
    _match(
        "received <= despatched",
        "each receipt alone is in order",
        OR,
        "wanted > o.despatched)",
        "p.amount > o.despatched)",
    ),
    _match(
        "invoiced <= received", "each invoice alone is in order", OR, "wanted > o.received)", "amount > o.received)"
    ),
    _match("confirmed <= invoiced", "a part counts as an invoice", CLAIMS, "inherited | PART |", "inherited |"),
    _match(_INVOICED, "a withdrawal gives nothing back", OR, "invoiced -= amount;", "invoiced -= 0;"),
)

_USED = "used of a line is what is owed under it"
_BEYOND = (("noConfirmationBeyondALine", "confirmed beyond the line"),)

#: Credit lines.
LINED = (
    Broken(
        "nothing gives a line back",
        RR,
        "_lines[debtor].used -= amount;",
        "",
        (("usedOfALineIsWhatIsOwedUnderIt", _USED), ("eventsAloneRebuildTheState", "used of a line")),
    ),
    Broken(
        "a credit note gives nothing back",
        RR,
        "if (c.lined()) _giveBackLine(c.debtor(), p.amount);\n        emit Credited",
        "emit Credited",
        (("usedOfALineIsWhatIsOwedUnderIt", _USED),),
    ),
    Broken(
        "a part forgets its line",
        CLAIMS,
        "(Claim.unwrap(parent) >> 200) << 200;",
        "((Claim.unwrap(parent) >> 200) << 200) & ~LINED;",
        (("usedOfALineIsWhatIsOwedUnderIt", _USED),),
    ),
    Broken("a line bounds nothing", RR, "if (wanted > l.limit) revert", "if (false) revert", _BEYOND),
    Broken("a batch draws on no line", RB, "_confirm(p, party, roles);", "_confirm(p, party, roles & 255);", _BEYOND),
)
