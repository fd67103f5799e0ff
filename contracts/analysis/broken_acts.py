"""Bugs for `broken.py`: somebody else acts, or an exit closes."""

from __future__ import annotations

from analysis.broken_state import OR, PA, PL, PR, RB, RE, RR, WR, Broken


def _acts(act: str, file: str, before: str, after: str, bug: str = "") -> Broken:
    return Broken(bug or f"{act}: anybody", file, before, after, (("nobodyTrespassed", act),))


def _traps(act: str, when: str, file: str, before: str, after: str) -> Broken:
    return Broken(f"{act}: not while {when}", file, before, after, (("exitsStayOpen", act),))


_LENDER = "_pledges[p.pledgeId].lender()"

#: Of orders, receivables and lines.
STRANGERS_CLAIM = (
    _acts(
        "acknowledge",
        OR,
        "_ofSeller(p.orderId, who);\n        if (o.state != OrderState.Posted)",
        "_known(p.orderId);\n        if (o.state != OrderState.Posted)",
    ),
    _acts(
        "amend", OR, "_ofBuyer(p.orderId, who);\n        if (o.state ==", "_known(p.orderId);\n        if (o.state =="
    ),
    _acts(
        "cancel order",
        OR,
        "if (o.buyer != party) revert NotBuyer(p.orderId, party);\n        if (o.state",
        "if (o.state",
    ),
    _acts(
        "despatch",
        OR,
        "_ofSeller(p.orderId, who);\n        if (o.state != OrderState.Ack",
        "_known(p.orderId);\n        if (o.state != OrderState.Ack",
    ),
    _acts(
        "despatch", OR, "        o.state = OrderState.Posted;\n", "", "despatch: under terms the seller never agreed to"
    ),
    _acts(
        "receive",
        OR,
        "Entry storage o = _ofBuyer(p.orderId, who);\n        uint256",
        "Entry storage o = _known(p.orderId);\n        uint256",
    ),
    _acts("issue", RE, "_issue(p, seller, attester);", "_issue(p, orders.order(p.orderId).seller, attester);"),
    _acts("issue batch", RB, "_issue(p, seller, attester);", "_issue(p, orders.order(p.orderId).seller, attester);"),
    _acts("confirm", RE, "_confirm(p, party, roles);", "_confirm(p, _claims[p.id].debtor(), roles);"),
    _acts("confirm batch", RB, "_confirm(p, party, roles);", "_confirm(p, _claims[p.id].debtor(), roles);"),
    _acts(
        "cancel",
        RR,
        "if (Claims.tagOf(p.orderId, p.documentRoot, party) != c.tag()) revert NotHolder(p.id, party);",
        "",
    ),
    _acts("dispute", RE, "_dispute(p, _actor(who));", "_actor(who);\n        _dispute(p, _claims[p.id].debtor());"),
    _acts(
        "resolve",
        RE,
        "_resolveDispute(p, _actor(who));",
        "_actor(who);\n        _resolveDispute(p, _claims[p.id].debtor());",
    ),
    _acts("credit", RE, "_credit(p, _actor(who));", "_actor(who);\n        _credit(p, _claims[p.id].holder());"),
    _acts("split", RE, "_split(p, party);", "_split(p, _claims[p.id].holder());"),
    _acts("transfer", RE, "_transfer(p, party);", "_transfer(p, _claims[p.id].holder());"),
    _acts(
        "transfer", RR, "if (c.pledged() != 0) revert PledgedPart(p.id, c.pledged());", "", "transfer: what is pledged"
    ),
    _acts("settle", RE, "_settle(p, _bank(who));", "_settle(p, p.pledgeId == 0 ? _actor(who) : _bank(who));"),
    _acts("settle pledged", RE, "_settle(p, _bank(who));", "_settle(p, p.pledgeId != 0 ? _actor(who) : _bank(who));"),
    _acts("settle batch", RB, "uint32 bank = _bank(who);", "(uint32 bank,) = participants.actor(who);"),
    _acts(
        "default",
        RE,
        "_declareDefault(p, _actor(who));",
        "_actor(who);\n        _declareDefault(p, _claims[p.id].holder());",
    ),
    _acts("set line", RE, "_requireRole(lender, roles, Roles.LENDER);", "roles;"),
)

#: Of keys.
STRANGERS_KEY = (
    _acts("rotate key", PA, "_actors[oldKey] &= ~LIVE;", "", "rotate key: one that was changed before"),
    _acts(
        "rotate key", PA, "if (_actors[key] != 0) revert KeyTaken(key);", "", "rotate key: to one that speaks already"
    ),
    _acts(
        "recover key",
        PA,
        "if (key != p.oldKey) revert KeyNotLost(p.party, key);",
        "",
        "recover key: one that isn't the party's any more",
    ),
)

#: Of goods and pledges.
STRANGERS_PLEDGE = (
    _acts("store", WR, "_requireRole(keeper, roles, Roles.KEEPER);", "roles;"),
    _acts("goods transfer", WR, "_owned(p.id, party);", "_known(p.id);"),
    _acts(
        "goods release",
        WR,
        "_kept(p.id, party);\n        _requireAmount(p.quantity);",
        "_known(p.id);\n        _requireAmount(p.quantity);",
    ),
    _acts(
        "recount",
        WR,
        "_kept(p.id, party);\n        _requireAmount(p.missing);",
        "p.pledgeIds.length == 0 ? _known(p.id) : _kept(p.id, party);\n        _requireAmount(p.missing);",
    ),
    _acts(
        "correct",
        WR,
        "_kept(p.id, party);\n        _requireAmount(p.found);",
        "_known(p.id);\n        _requireAmount(p.found);",
    ),
    _acts("pay off", PL, "_payOff(p, _bank(msg.sender));", "_payOff(p, _actor(msg.sender));"),
    _acts(
        "shrink",
        WR,
        "_kept(p.id, party);\n        _requireAmount(p.missing);",
        "p.pledgeIds.length != 0 ? _known(p.id) : _kept(p.id, party);\n        _requireAmount(p.missing);",
    ),
    _acts(
        "pledge",
        PL,
        "_pledge(p, lender, holder, registryNo);",
        "_pledge(p, lender, p.assetKind == RECEIVABLE ? holder : warehouseReceipts.holderOf(p.assetId), registryNo);",
    ),
    _acts("pledge batch", PL, "this.pledgeItem(items[i], lender,", "this.pledgeItem(items[i], items[i].lender,"),
    _acts(
        "draw",
        PR,
        "if (e.lender() != party) revert NotLender(p.pledgeId, party);\n        if (e.drawn())",
        "if (e.drawn())",
    ),
    _acts(
        "expire", PR, "if (_asset(e.goods()).holderOf(p.assetId) != party) revert NotPledgor(p.pledgeId, party);", ""
    ),
    _acts("release", PL, "_byRelease(p, _actor(msg.sender));", f"_byRelease(p, {_LENDER});"),
    _acts(
        "release batch",
        PL,
        "this.releaseItem(items[i], party)",
        "this.releaseItem(items[i], _pledges[items[i].pledgeId].lender())",
    ),
    _acts("enforce", PL, "_enforce(p, _actor(msg.sender));", f"_enforce(p, {_LENDER});"),
    _acts(
        "enforce",
        PR,
        "if (!e.drawn()) revert NotDrawn(p.pledgeId);\n        uint64 amount",
        "uint64 amount",
        "enforce: what was never drawn",
    ),
    _acts("undertake", PR, "if (e.goods()) _requireRole(buyer, roles, Roles.CORE);", "roles;"),
    _acts("buy back", PL, "_requireRole(bank, roles, Roles.BANK);", "roles;"),
    _acts(
        "buy back",
        PR,
        "if (!e.drawn()) revert NotDrawn(p.pledgeId);\n        _requireAmount",
        "_requireAmount",
        "buy back: what was never drawn",
    ),
)

_PAUSED = "if (participants.paused() != 0) revert AmountZero();\n        "
_SETTLE, _RELEASE, _ENFORCE = (
    "_settle(p, _bank(who));",
    "_byRelease(p, _actor(msg.sender));",
    "_enforce(p, _actor(msg.sender));",
)
_KEPT = "participants.actor(who);\n        Stock s = _kept(p.id, party);\n        "
_COUNTER = f"(uint32 party,) = {_KEPT}_requireAmount(p.missing);"
_HANDED_OUT = f"{_KEPT}_requireAmount(p.quantity);"
_CORRECTED = f"{_KEPT}_requireAmount(p.found);"
_ANY = "type(uint32).max"


def _closed(act: str, call: str, kind: str) -> Broken:
    """Like any other act of receivables: not while paused or suspended."""
    after = f"(uint32 party,) = participants.enter(who, Kinds.{kind});\n        {call}(p, party);"
    return _traps(act, "paused or suspended", RE, f"{call}(p, _actor(who));", after)


#: Exits that close while something is paused, while the party is suspended, or both.
EXITS = (
    _traps(
        "settle",
        "paused",
        RE,
        _SETTLE,
        "if (p.pledgeId == 0 && participants.paused() != 0) revert AmountZero();\n        " + _SETTLE,
    ),
    _traps(
        "settle",
        "suspended",
        RE,
        _SETTLE,
        f"if (p.pledgeId == 0) participants.requireRole(_bank(who), {_ANY});\n        {_SETTLE}",
    ),
    _traps(
        "settle pledged",
        "its lender is suspended",
        PR,
        "revert IReceivables.PayeeWrong(payee, e.lender());",
        f"revert IReceivables.PayeeWrong(payee, e.lender());\n        participants.requireRole(payee, {_ANY});",
    ),
    _traps(
        "settle batch",
        "suspended",
        RB,
        "uint32 bank = _bank(who);",
        f"uint32 bank = _bank(who);\n        participants.requireRole(bank, {_ANY});",
    ),
    _traps("release", "paused", PL, _RELEASE, _PAUSED + _RELEASE),
    _traps(
        "release",
        "suspended",
        PL,
        _RELEASE,
        f"participants.requireRole(_actor(msg.sender), {_ANY});\n        {_RELEASE}",
    ),
    _traps(
        "release batch",
        "paused or suspended",
        PL,
        "uint32 party = _actor(who);",
        "(uint32 party,) = participants.enter(who, Kinds.PLEDGE);",
    ),
    _traps("recount", "paused", WR, _COUNTER, _PAUSED + _COUNTER),
    _traps("recount", "suspended", WR, _COUNTER, f"{_COUNTER}\n        participants.requireRole(party, {_ANY});"),
    _traps("enforce", "paused", PL, _ENFORCE, _PAUSED + _ENFORCE),
    _traps(
        "enforce",
        "suspended",
        PL,
        _ENFORCE,
        f"participants.requireRole(_actor(msg.sender), {_ANY});\n        {_ENFORCE}",
    ),
    _traps(
        "draw",
        "paused or suspended",
        PL,
        "_draw(p, _actor(who));",
        "(uint32 party,) = participants.enter(who, Kinds.PLEDGE);\n        _draw(p, party);",
    ),
    _traps(
        "expire",
        "paused or suspended",
        PL,
        "_expire(p, _actor(msg.sender));",
        "(uint32 party,) = participants.enter(msg.sender, Kinds.PLEDGE);\n        _expire(p, party);",
    ),
    _traps(
        "buy back",
        "paused or suspended",
        PL,
        "= participants.actor(who);\n        _requireRole(bank",
        "= participants.enter(who, Kinds.PLEDGE);\n        _requireRole(bank",
    ),
    _traps(
        "pay off",
        "paused or suspended",
        PL,
        "_payOff(p, _bank(msg.sender));",
        "(uint32 bank,) = participants.enter(msg.sender, Kinds.PLEDGE);\n        _payOff(p, bank);",
    ),
    _traps(
        "correct",
        "paused or suspended",
        WR,
        _CORRECTED,
        _CORRECTED.replace("actor(who)", "enter(who, Kinds.RECEIPT)"),
    ),
    _traps(
        "goods release",
        "paused or suspended",
        WR,
        _HANDED_OUT,
        _HANDED_OUT.replace("actor(who)", "enter(who, Kinds.RECEIPT)"),
    ),
    _traps(
        "cancel order", "paused or suspended", OR, "participants.actor(who);", "participants.enter(who, Kinds.ORDER);"
    ),
    _traps(
        "rotate key",
        "paused or suspended",
        PA,
        "uint32 id = uint32(_live(who));",
        "(uint32 id,) = this.enter(who, Kinds.ADMIT);",
    ),
    _closed("cancel", "_cancel", "ISSUE"),
    _closed("dispute", "_dispute", "CONFIRM"),
    _closed("resolve", "_resolveDispute", "CONFIRM"),
    _closed("credit", "_credit", "CONFIRM"),
    _closed("default", "_declareDefault", "CONFIRM"),
)
