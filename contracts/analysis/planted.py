"""Bugs for `prove.py --planted`: each proof has to fail on one of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """`before` stands exactly once in `file` and becomes `after`; `proofs` have to fail on it."""

    file: str
    before: str
    after: str
    proofs: tuple[str, ...]


def _r(*names: str) -> tuple[str, ...]:
    return tuple(f"ReceivableProofs.check_{name}" for name in names)


def _p(*names: str) -> tuple[str, ...]:
    return tuple(f"PledgeProofs.check_{name}" for name in names)


def _g(*names: str) -> tuple[str, ...]:
    return tuple(f"GoodsProofs.check_{name}" for name in names)


def _o(*names: str) -> tuple[str, ...]:
    return tuple(f"OrderProofs.check_{name}" for name in names)


def _w(*names: str) -> tuple[str, ...]:
    return tuple(f"ParticipantProofs.check_{name}" for name in names)


def _q(*names: str) -> tuple[str, ...]:
    return tuple(f"GrantProofs.check_{name}" for name in names)


def _l(*names: str) -> tuple[str, ...]:
    return tuple(f"LineProofs.check_{name}" for name in names)


def _s(*names: str) -> tuple[str, ...]:
    return tuple(f"SignatureProofs.check_{name}" for name in names)


RR, PR, WR = "ReceivableRules.sol", "PledgeRules.sol", "WarehouseReceipts.sol"
OO, PP, AA = "Orders.sol", "Participants.sol", "Acts.sol"

#: An amount, a state or a moment is wrong, each in a function of its own.
AMOUNTS = (
    Planted("Receivables.sol", "return _away[id].children();", "return _away[id].children() + 1;", _r("layout")),
    Planted(RR, "if (!c.isIn(ReceivableState.None) && !again) revert ReceivableExists(p.id);", "again;", _r("issue")),
    Planted(RR, "c.withConfirmation(seller, lined)", "c.withConfirmation(party, lined)", _r("confirm")),
    Planted(RR, "c.withCancellation(party)", "c.withState(ReceivableState.Cancelled)", _r("cancel")),
    Planted(
        RR,
        "c.withState(ReceivableState.Disputed);",
        "c.withState(ReceivableState.Disputed).moreFree(1);",
        _r("dispute"),
    ),
    Planted(RR, "c.withState(back);", "c.withState(back).withHolder(party);", _r("resolveDispute")),
    Planted(RR, "_away[p.id].moreDiluted(p.amount)", "_away[p.id].moreDiluted(0)", _r("credit")),
    Planted(RR, "if (c.pledged() != 0) revert PledgedPart(p.id, c.pledged());", "", _r("transfer")),
    Planted(RR, "away.moreSplit(total, parts)", "away.moreSplit(0, parts)", _r("split")),
    Planted(
        RR,
        "revert PayeeWrong(p.payee, c.holder());\n            c = _spend(p.id, c, p.amount);",
        "revert PayeeWrong(p.payee, c.holder());",
        _r("settle__free"),
    ),
    Planted(RR, "words[word] = bits | bit;", "words[word] = bits;", _r("settle__twice_sameReference")),
    Planted(
        RR,
        "if (_today() <= c.dueDay()) revert NotYetDue(c.dueDay(), _today());\n        _claims[p.id]",
        "_claims[p.id]",
        _r("declareDefault"),
    ),
    Planted(RR, "lineOf[lender][p.debtor] = p.limit;", "", _r("setLine")),
    Planted(RR, "_spend(id, c, amount).morePledged(amount)", "c.morePledged(amount)", _p("pledge", "pledge__twice")),
    Planted(RR, "_unpledge(id, c, amount).moreFree(amount)", "_unpledge(id, c, amount)", _p("release")),
    Planted(RR, "_away[id].moreSplit(amount, 0)", "_away[id]", _p("enforce")),
    Planted(PR, "if (e.drawn() || block.timestamp <= e.expiresAt())", "if (e.drawn())", _p("expire")),
    Planted(PR, "if (block.timestamp > e.expiresAt()) revert PledgeLapsed(p.pledgeId, e.expiresAt());", "", _p("draw")),
    Planted(
        PR, "if (e.lender() != payee) revert IReceivables.PayeeWrong(payee, e.lender());", "", _p("settle__pledged")
    ),
    Planted(WR, "released: g.released,", "released: g.liquidated,", _g("layout")),
    Planted(
        WR,
        "Stocks.create(p.quantity, p.owner, keeper, false)",
        "Stocks.create(p.quantity, keeper, keeper, false)",
        _g("issue"),
    ),
    Planted(WR, "if (s.pledged() != 0) revert PledgedPart(p.id, s.pledged());", "", _g("transfer")),
    Planted(WR, "_gone[p.id].released += p.quantity;", "_gone[p.id].released = p.quantity;", _g("handOut")),
    Planted(WR, "if (fromPledged != 0) {", "if (p.pledgeIds.length != 0) {", _g("recount__free")),
    Planted(PR, "if (e.rank() <= rank) revert PledgesOutOfOrder(pledgeIds[i]);", "", _g("recount__pledged")),
    Planted(WR, "return s.made();", "return s.made() + 1;", _g("pledge")),
    Planted(WR, "_unpledge(id, quantity, ended).moreFree(quantity)", "_unpledge(id, quantity, ended)", _g("release")),
    Planted(WR, "_gone[id].liquidated += quantity;", "", _g("enforce")),
    Planted(PR, "u.amount -= p.amount;", "", _g("buyBack")),
    Planted(PP, "if (key != p.oldKey) revert KeyNotLost(p.party, key);", "key;", _w("recoverKey")),
)

#: Somebody else may act.
ACCESS = (
    Planted(RR, "if (c.debtor() == party) return c;", "return c;", _r("confirm", "dispute", "resolveDispute")),
    Planted(
        RR,
        "if (c.holder() != party) revert NotHolder(id, party);",
        "",
        _r("credit", "transfer", "split", "declareDefault") + _p("pledge"),
    ),
    Planted(
        RR,
        "if (Claims.tagOf(p.orderId, p.documentRoot, party) != c.tag()) revert NotHolder(p.id, party);",
        "",
        _r("cancel"),
    ),
    Planted(
        "ReceivableBatches.sol",
        "_requireRole(bank, roles, Roles.BANK);",
        "roles;",
        _r("settle__free") + _p("settle__pledged"),
    ),
    Planted("Receivables.sol", "_requireRole(lender, roles, Roles.LENDER);", "roles;", _r("setLine")),
    Planted(
        PR,
        "if (e.lender() != party) revert NotLender(pledgeId, party);\n        _requireAsset",
        "_requireAsset",
        _p("release", "enforce") + _g("release", "enforce"),
    ),
    Planted(
        PR,
        "if (e.lender() != party) revert NotLender(p.pledgeId, party);\n        if (e.drawn())",
        "if (e.drawn())",
        _p("draw"),
    ),
    Planted(
        PR,
        "if (_asset(e.goods()).holderOf(p.assetId) != party) revert NotPledgor(p.pledgeId, party);",
        "",
        _p("expire") + _g("expire"),
    ),
    Planted(RR, "if (lender == c.debtor()) revert TransferToDebtor(lender);", "lender;", _p("buyBack")),
    Planted(WR, "_requireRole(keeper, roles, Roles.KEEPER);", "roles;", _g("issue")),
    Planted(
        WR,
        "s = _known(id);\n        if (s.owner() != party) revert NotOwner(id, party);",
        "s = _known(id);",
        _g("transfer", "pledge"),
    ),
    Planted(
        WR,
        "if (s.keeper() != party) revert NotKeeper(id, party);",
        "",
        _g("handOut", "recount__free", "recount__pledged"),
    ),
    Planted(
        AA,
        "if (msg.sender != sister) revert NotSister(msg.sender);",
        "",
        _p("sisters") + _o("invoice", "uninvoice"),
    ),
    Planted(AA, "if (msg.sender != address(this)) revert NotSelf(msg.sender);", "", _p("items")),
    Planted(
        OO,
        "o = _known(orderId);\n        if (o.buyer != party) revert NotBuyer(orderId, party);",
        "o = _known(orderId);",
        _o("amend", "receiveGoods"),
    ),
    Planted(
        OO,
        "o = _known(orderId);\n        if (o.seller != party) revert NotSeller(orderId, party);",
        "o = _known(orderId);",
        _o("acknowledge", "despatch"),
    ),
    Planted(OO, "if (o.buyer != party) revert NotBuyer(p.orderId, party);", "", _o("cancel")),
    Planted(PR, "if (e.goods()) _requireRole(buyer, roles, Roles.CORE);", "roles;", _q("undertake")),
    Planted(
        PR,
        "if (warehouseReceipts.holderOf(p.goodsId) != holder) revert SubstituteForeign(p.goodsId, p.receivableId);",
        "",
        _q("substitute"),
    ),
    Planted(
        "Pledges.sol",
        "_attest(pledgor, keccak256(abi.encode(GRANT, p, pledgor.nonce, pledgor.deadline)));",
        "",
        _q("pledge__granted"),
    ),
)

#: Orders out of order, parts and ends that aren't counted, and signatures that don't say all of what they let in.
TERMS = (
    Planted(OO, "invoiced: o.invoiced,", "invoiced: o.received,", _o("layout")),
    Planted(OO, "p.currency, 0, 0, p.amount, 0);", "p.currency, 0, 0, p.amount, 1);", _o("post")),
    Planted(OO, "if (o.state != OrderState.Posted) revert OrderStateWrong(p.orderId, o.state);", "", _o("acknowledge")),
    Planted(OO, "if (p.amount < o.despatched) revert AlreadyDespatched(p.orderId, o.despatched);", "", _o("amend")),
    Planted(OO, "if (o.despatched != 0) revert AlreadyDespatched(p.orderId, o.despatched);", "", _o("cancel")),
    Planted(OO, "if (wanted > o.ordered)", "if (p.amount > o.ordered)", _o("despatch")),
    Planted(OO, "if (wanted > o.despatched)", "if (wanted > o.ordered)", _o("receiveGoods")),
    Planted(OO, "if (wanted > o.received)", "if (amount > o.received)", _o("invoice", "issue__invoiced")),
    Planted(
        OO,
        "_orders[orderId].invoiced -= amount;",
        "_orders[orderId].invoiced = 0 * amount;",
        _o("uninvoice", "cancel__uninvoiced"),
    ),
    Planted(
        PR, "if (p.amount > e.amount()) revert ExceedsPledge(p.pledgeId, p.amount, e.amount());", "", _q("undertake")
    ),
    Planted(PR, "_release(p.soldPledgeId, p.goodsId, p.quantity, 0, lender);", "", _q("substitute")),
    Planted(
        PR,
        "Ids.boughtBack(p.pledgeId, p.buyer, u.bought++)",
        "Ids.boughtBack(p.pledgeId, p.buyer, u.bought)",
        _p("buyBack") + _g("buyBack"),
    ),
    Planted(
        PR,
        "emit Expired(p.pledgeId, p.assetId, amount);\n        _asset(e.goods()).unlock(p.assetId, amount, true);",
        "emit Expired(p.pledgeId, p.assetId, amount);\n        _asset(e.goods()).unlock(p.assetId, amount, false);",
        _g("expire"),
    ),
    Planted(RR, "if (lined) _drawLine(party, face);", "", _l("confirm__drawn")),
    Planted(
        RR,
        "if (c.lined()) _giveBackLine(c.debtor(), p.amount);\n        emit Credited",
        "_giveBackLine(c.debtor(), p.amount);\n        emit Credited",
        _l("credit__givenBack"),
    ),
    Planted(
        RR,
        "if (c.lined()) _giveBackLine(c.debtor(), p.amount);\n        emit Settled",
        "if (c.lined()) _giveBackLine(bank, p.amount);\n        emit Settled",
        _l("settle__givenBack"),
    ),
    Planted(
        WR,
        "_tags[p.id] = bytes24(keccak256(abi.encode(p.documentRoot)));",
        "",
        _g("issue"),
    ),
    Planted(
        AA,
        "_nonces[signer][word] |= mask;",
        "_nonces[signer][word] = mask;",
        _s("revokeNonces", "revokeNonces__signed"),
    ),
    Planted(OO, "abi.encode(DESPATCH, p, auth", "abi.encode(RECEIVE_GOODS, p, auth", _s("orders")),
    Planted(PP, "auth.deadline)), this.resume.selector", "auth.deadline)), this.suspend.selector", _s("participants")),
    Planted(
        PP,
        "auth.deadline)), this.recoverKey.selector",
        "auth.deadline)), this.admit.selector",
        _s("participants__newKey"),
    ),
    Planted("Pledges.sol", "abi.encode(RELEASE, p, auth", "abi.encode(RELEASE, p.pledgeId, auth", _s("pledges")),
    Planted(
        "Receivables.sol",
        "_byDispute(p, _authorize(auth, keccak256(abi.encode(DISPUTE, p, auth.nonce, auth.deadline))));",
        "_authorize(auth, keccak256(abi.encode(DISPUTE, p, auth.nonce, auth.deadline)));\n"
        "        _byDispute(p, msg.sender);",
        _s("receivables"),
    ),
    Planted(WR, "abi.encode(TRANSFER, p, auth", "abi.encode(TRANSFER, p.id, auth", _s("receipts")),
    Planted(PR, "Promise(p.amount, p.untilDay, u.bought)", "Promise(p.amount, 0, u.bought)", _s("roles")),
    Planted(
        "Receivables.sol",
        "abi.encode(ATTEST, p, trail, registrar.nonce",
        "abi.encode(ATTEST, p, registrar.nonce",
        _q("issue__attested"),
    ),
)

#: Keys, roles and nonces.
KEYS = (
    Planted(PP, "uint32(a >> 32), a & SUSPENDED != 0);", "uint32(a >> 32), a & LIVE != 0);", _w("layout")),
    Planted(PP, "if (a & SUSPENDED != 0) revert PartySuspended(uint32(a));", "", _w("enter")),
    Planted(PP, "partyByCommitment[p.commitment] = id;", "", _w("admit")),
    Planted(
        PP,
        "if (proof.signer != key) revert KeyNotProved(key, proof.signer);",
        "",
        _w("admit", "recoverKey", "rotateKey__signed") + _s("participants__newKey"),
    ),
    Planted(
        PP,
        "resume(ResumeParams calldata p) external restricted",
        "resume(ResumeParams calldata p) external",
        _w("operate"),
    ),
    Planted(
        PP, "pause(PauseParams calldata p) external restricted", "pause(PauseParams calldata p) external", _w("pause")
    ),
    Planted(PP, "_actors[oldKey] &= ~LIVE;", "", _w("rotateKey", "recoverKey__moved")),
    Planted(PP, "if (_actors[key] != 0) revert KeyTaken(key);", "", _w("keys", "rotateKey")),
    Planted(PR, "receivables.useBankRef(bank, p.bankRef);", "", _g("buyBack")),
    Planted(
        PP,
        "AccessManaged(authority) {}",
        "AccessManaged(authority) {}\n    function setAuthority(address next) public override { _setAuthority(next); }",
        _w("setAuthority"),
    ),
    Planted(
        AA,
        "words[word] = bits | bit;",
        "bits |= bit;",
        _s("orders", "participants", "participants__newKey", "pledges", "receivables", "receipts", "roles"),
    ),
)

#: An act isn't bound to all that it names, a party attests for itself, or a way out closes.
BOUND = (
    Planted(OO, "if (p.trail != trail) revert OrderChanged(p.orderId, trail);", "", _o("acknowledge")),
    Planted(
        OO,
        "abi.encode(ACKNOWLEDGE, p, auth",
        "abi.encode(ACKNOWLEDGE, p.orderId, p.documentRoot, auth",
        _s("orders"),
    ),
    Planted(
        PP,
        "abi.encode(SUCCEED, id, oldKey, newKey,",
        "abi.encode(SUCCEED, id, newKey,",
        _w("rotateKey__signed", "recoverKey"),
    ),
    Planted(PP, "abi.encode(ROTATE_KEY, p, auth", "abi.encode(ROTATE_KEY, auth", _s("participants__newKey")),
    Planted(
        "Pledges.sol",
        "_attest(pledgor, keccak256(abi.encode(EXCHANGE, p, pledgor.nonce, pledgor.deadline)));",
        "_attest(pledgor, keccak256(abi.encode(GRANT, _inPlace(p), pledgor.nonce, pledgor.deadline)));",
        _q("substitute"),
    ),
    Planted(RR, "if (c.debtor() == bank) revert SelfAttested(bank);", "", _r("settle__free") + _p("settle__pledged")),
    Planted("ReceivableBatches.sol", "if (attester == seller) revert SelfAttested(seller);", "", _q("issue__attested")),
    Planted(PR, "if (bank == p.buyer) revert SelfAttested(bank);", "", _g("buyBack")),
    Planted(
        "Pledges.sol",
        "_draw(p, _actor(who));",
        "(uint32 lender,) = participants.enter(who, Kinds.PLEDGE);\n        _draw(p, lender);",
        _p("draw__open"),
    ),
    Planted("Receivables.sol", "if (p.limit >= lineOf[lender][p.debtor]) {", "{", _r("setLine__lower")),
)

#: A pledge, or an act on it, isn't tied to the asset by both parts of its hash; and whose key only reads.
TIED = (
    Planted(
        PR,
        "if (!Entries.mayName(p.pledgeId, p.assetId)) revert PledgeIdForeign(p.pledgeId, p.assetId);",
        "",
        _p("pledge") + _g("pledge") + _q("pledge__granted"),
    ),
    Planted(
        "libraries/Entries.sol",
        "return e.tag() == bytes14(hash) && bytes16(pledgeId) == _start(hash);",
        "return e.tag() == bytes14(hash);",
        _p("release", "enforce", "expire", "buyBack", "settle__pledged")
        + _g("release", "enforce", "expire", "buyBack", "recount__pledged")
        + _q("substitute"),
    ),
    Planted(PP, "if (uint32(a >> 32) == Roles.AUDITOR) revert ReadsOnly(uint32(a));", "", _w("enter")),
)

GROUPS = (AMOUNTS, ACCESS, TERMS, KEYS, BOUND, TIED)
