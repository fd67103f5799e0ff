// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {Entry} from "../../src/libraries/Entries.sol";
import {Ids} from "../../src/libraries/Ids.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Stock} from "../../src/libraries/Stocks.sol";
import {Signed} from "./Signed.sol";

/// @notice Warehouse receipts and the pledges over them: what each act moves, and who alone may act.
/// @dev `other` stands for every other receipt, `another` for every other pledge.
contract GoodsProofs is Signed {
    uint8 private constant WAREHOUSE = 2;
    /// @dev At most so many pledges are live over one receipt.
    uint256 private constant MAX_LIVE = 100;
    /// @dev Place of the documents' hashes among the receipts' storage.
    uint256 private constant TAGS = 4;

    struct Seen {
        Goods goods;
        Goods other;
        Entry entry;
        Entry another;
        Debt debt;
    }

    function seen(bytes32 id, bytes32 other, bytes32 pledgeId, bytes32 another) private view returns (Seen memory) {
        // Of the receivables one stands for all, under an id that may be this receipt's own.
        return Seen(goods(id), goods(other), entry(pledgeId), entry(another), debt(another));
    }

    /// @dev A receipt and a pledge in arbitrary states; the receipt counts at least this pledge as live.
    function start(bytes32 id, bytes32 other, bytes32 pledgeId, bytes32 another) private view returns (Seen memory s) {
        vm.assume(other != id && another != pledgeId);
        s = seen(id, other, pledgeId, another);
        vm.assume(conserved(s.goods) && s.goods.s.live() != 0 && s.entry.goods());
    }

    function kept(Seen memory a, Seen memory b) private pure {
        terms(a.goods.s, b.goods.s);
        assert(a.goods.s.owner() == b.goods.s.owner() && a.goods.released == b.goods.released);
        assert(same(a.other, b.other) && Entry.unwrap(a.another) == Entry.unwrap(b.another));
        assert(a.entry.lender() == b.entry.lender() && a.entry.tag() == b.entry.tag());
        assert(same(a.debt, b.debt) && a.entry.rank() == b.entry.rank());
    }

    function terms(Stock a, Stock b) private pure {
        assert(a.issued() == b.issued() && a.keeper() == b.keeper() && a.part() == b.part());
    }

    /// @dev The pledge and what is pledged of the receipt have both shrunk by `amount`; `freed` of it is free again.
    function unpledged(Seen memory a, Seen memory b, uint64 amount, uint64 freed) private pure {
        (Stock x, Stock y) = (a.goods.s, b.goods.s);
        assert(amount <= a.entry.amount() && b.entry.amount() == a.entry.amount() - amount);
        assert(amount <= x.pledged() && y.pledged() == x.pledged() - amount);
        assert(uint256(y.free()) == uint256(x.free()) + freed && y.made() == x.made());
        bool ended = b.entry.amount() == 0;
        assert((b.entry.state() == IPledges.PledgeState.Active) != ended && y.live() == x.live() - (ended ? 1 : 0));
    }

    /// @notice The views show what is stored, so the places in Symbolic are the right ones.
    function check_layout(bytes32 id, bytes32 pledgeId) external view {
        Goods memory g = goods(id);
        vm.assume(conserved(g));
        IWarehouseReceipts.Receipt memory r = receipts.receipt(id);
        assert(r.issued == g.s.issued() && r.free == g.s.free() && r.pledged == g.s.pledged());
        assert(r.released == g.released && r.liquidated == g.liquidated && r.owner == g.s.owner());
        Entry e = entry(pledgeId);
        IPledges.Pledge memory p = pledges.pledgeOf(pledgeId);
        assert(p.amount == e.amount() && p.lender == e.lender() && p.rank == e.rank() && p.state == e.state());
    }

    /// @notice Only a keeper issues, under an id never used, and all of it is free.
    function check_issue(address who, IWarehouseReceipts.IssueParams calldata p, uint32 time, bytes32 other) external {
        vm.assume(other != p.id);
        (Goods memory a, Goods memory o) = (goods(p.id), goods(other));
        act(who, time);
        receipts.issue(p);
        Stock s = goods(p.id).s;
        assert(hasRole(who, Roles.KEEPER) && a.s.keeper() == 0 && s.keeper() == partyOf(who));
        assert(s.issued() == p.quantity && p.quantity != 0 && s.free() == p.quantity && s.pledged() == 0);
        assert(s.owner() == p.owner && s.live() == 0 && !s.part() && !Ids.isReserved(p.id));
        // What the keeper's document says, by its hash, shifted to where 24 bytes are stored.
        assert(slot(address(receipts), p.id, TAGS) << 64 >> 64 == uint256(keccak256(abi.encode(p.documentRoot))) >> 64);
        assert(same(goods(other), o));
    }

    /// @notice Only the owner transfers, nothing of it being pledged.
    function check_transfer(address who, IWarehouseReceipts.TransferParams calldata p, uint32 time, bytes32 other)
        external
    {
        vm.assume(other != p.id);
        (Goods memory a, Goods memory o) = (goods(p.id), goods(other));
        act(who, time);
        receipts.transfer(p);
        assert(partyOf(who) == a.s.owner() && a.s.pledged() == 0 && a.s.free() != 0);
        a.s = a.s.withOwner(p.to);
        assert(same(goods(p.id), a) && same(goods(other), o));
    }

    /// @notice Only the keeper hands out, of the free part, what the owner ordered.
    function check_handOut(
        address who,
        IWarehouseReceipts.ReleaseParams calldata p,
        Sig calldata g,
        uint32 time,
        bytes32 other
    ) external {
        vm.assume(other != p.id);
        (Goods memory a, Goods memory o) = (goods(p.id), goods(other));
        vm.assume(conserved(a));
        act(who, time);
        receipts.release(p, accountAuth(g));
        Goods memory b = goods(p.id);
        assert(partyOf(who) == a.s.keeper() && partyOf(g.signer) == a.s.owner());
        assert(p.quantity != 0 && p.quantity <= a.s.free() && b.s.free() == a.s.free() - p.quantity);
        assert(uint256(b.released) == uint256(a.released) + p.quantity && b.liquidated == a.liquidated);
        terms(a.s, b.s);
        assert(b.s.pledged() == a.s.pledged() && b.s.owner() == a.s.owner() && b.s.live() == a.s.live());
        assert(same(goods(other), o));
    }

    /// @notice Only the keeper counts; a count that the free part bears touches no pledge.
    function check_recount__free(
        address who,
        bytes32 id,
        bytes32 root,
        uint64 missing,
        uint32 time,
        bytes32 other,
        bytes32 another
    ) external {
        Goods memory a = goods(id);
        vm.assume(other != id && conserved(a));
        (Goods memory o, Entry e) = (goods(other), entry(another));
        act(who, time);
        receipts.recount(IWarehouseReceipts.RecountParams(id, root, missing, new bytes32[](0)));
        Goods memory b = goods(id);
        assert(partyOf(who) == a.s.keeper());
        terms(a.s, b.s);
        assert(b.released == a.released && b.liquidated == a.liquidated && b.s.owner() == a.s.owner());
        // Without named pledges nothing pledged can be missing.
        assert(missing <= a.s.free() && b.s.free() == a.s.free() - missing && b.s.pledged() == a.s.pledged());
        assert(same(goods(other), o) && Entry.unwrap(entry(another)) == Entry.unwrap(e));
    }

    /// @notice Two pledges: together they bear what the free part can't, the younger first, and no other pledge or receipt
    /// does (`another` stands for both).
    function check_recount__pledged(
        address who,
        bytes32 id,
        uint64 missing,
        bytes32[2] calldata named,
        uint32 time,
        bytes32 another
    ) external {
        Goods memory a = goods(id);
        vm.assume(conserved(a) && a.s.live() >= 2 && another != named[0] && another != named[1] && another != id);
        (Entry older, Entry younger) = (entry(named[0]), entry(named[1]));
        Seen memory o = seen(another, another, another, another);
        bytes32[] memory pledgeIds = new bytes32[](2);
        (pledgeIds[0], pledgeIds[1]) = (named[0], named[1]);
        act(who, time);
        receipts.recount(IWarehouseReceipts.RecountParams(id, "counted", missing, pledgeIds));
        Goods memory b = goods(id);
        assert(missing > a.s.free() && tied(older, named[0], id) && tied(younger, named[1], id));
        uint64 borne = missing - a.s.free();
        assert(partyOf(who) == a.s.keeper() && older.rank() < younger.rank() && named[0] != named[1]);
        assert(b.s.free() == 0 && borne <= a.s.pledged() && b.s.pledged() == a.s.pledged() - borne);
        assert(older.amount() + younger.amount() == a.s.pledged());
        uint64 fromYounger = borne < younger.amount() ? borne : younger.amount();
        assert(entry(named[1]).amount() == younger.amount() - fromYounger);
        assert(entry(named[0]).amount() == older.amount() - (borne - fromYounger));
        kept(o, seen(another, another, another, another));
        terms(a.s, b.s);
        assert(b.released == a.released && b.liquidated == a.liquidated && b.s.owner() == a.s.owner());
    }

    /// @notice A pledge takes exactly its quantity out of the free part and is the youngest then.
    function check_pledge(
        IPledges.PledgeParams memory p,
        uint32 lender,
        uint32 holder,
        bytes32 registryNo,
        uint32 time,
        bytes32 other,
        bytes32 another
    ) external {
        p.assetKind = WAREHOUSE;
        vm.assume(other != p.assetId && another != p.pledgeId);
        Seen memory a = seen(p.assetId, other, p.pledgeId, another);
        vm.assume(conserved(a.goods) && a.goods.s.live() <= MAX_LIVE);
        act(address(pledges), time);
        pledges.pledgeItem(p, lender, holder, registryNo);
        Seen memory b = seen(p.assetId, other, p.pledgeId, another);
        (Stock x, Stock y) = (a.goods.s, b.goods.s);
        assert(Entry.unwrap(a.entry) == 0 && b.entry.amount() == p.amount && b.entry.lender() == lender);
        assert(b.entry.goods() && tied(b.entry, p.pledgeId, p.assetId) && holder != lender && x.owner() == holder);
        assert(p.amount != 0 && p.amount <= x.free() && y.free() == x.free() - p.amount);
        assert(uint256(y.pledged()) == uint256(x.pledged()) + p.amount);
        assert(y.live() == x.live() + 1 && y.made() > x.made() && b.entry.rank() == y.made());
        a.entry = b.entry;
        kept(a, b);
        assert(a.goods.liquidated == b.goods.liquidated);
    }

    /// @notice Only the pledge's lender releases, and what it releases is free again.
    function check_release(address who, IPledges.ReleaseParams calldata p, uint32 time, bytes32 other, bytes32 another)
        external
    {
        Seen memory a = start(p.assetId, other, p.pledgeId, another);
        act(who, time);
        pledges.release(p);
        Seen memory b = seen(p.assetId, other, p.pledgeId, another);
        assert(partyOf(who) == a.entry.lender() && tied(a.entry, p.pledgeId, p.assetId));
        unpledged(a, b, p.amount, p.amount);
        kept(a, b);
        assert(a.goods.liquidated == b.goods.liquidated);
    }

    /// @notice Only the pledge's lender enforces and gets exactly what was pledged, as a receipt of its own.
    function check_enforce(address who, IPledges.EnforceParams calldata p, uint32 time, bytes32 other, bytes32 another)
        external
    {
        bytes32 taken = Ids.enforced(p.pledgeId, p.assetId);
        vm.assume(other != taken && p.assetId != taken);
        Seen memory a = start(p.assetId, other, p.pledgeId, another);
        act(who, time);
        pledges.enforce(p);
        Seen memory b = seen(p.assetId, other, p.pledgeId, another);
        assert(partyOf(who) == a.entry.lender() && a.entry.drawn() && tied(a.entry, p.pledgeId, p.assetId));
        unpledged(a, b, a.entry.amount(), 0);
        kept(a, b);
        assert(uint256(b.goods.liquidated) == uint256(a.goods.liquidated) + a.entry.amount());
        Stock own = goods(taken).s;
        assert(own.issued() == a.entry.amount() && own.free() == a.entry.amount() && own.pledged() == 0);
        assert(own.owner() == a.entry.lender() && own.keeper() == a.goods.s.keeper() && own.part());
    }

    /// @notice Only the owner ends a pledge that was not drawn in time, whole, and all of it is free again.
    function check_expire(address who, IPledges.ExpireParams calldata p, uint32 time, bytes32 other, bytes32 another)
        external
    {
        Seen memory a = start(p.assetId, other, p.pledgeId, another);
        act(who, time);
        pledges.expire(p);
        Seen memory b = seen(p.assetId, other, p.pledgeId, another);
        assert(partyOf(who) == a.goods.s.owner() && tied(a.entry, p.pledgeId, p.assetId));
        assert(!a.entry.drawn() && time > a.entry.expiresAt());
        unpledged(a, b, a.entry.amount(), a.entry.amount());
        kept(a, b);
        assert(b.entry.isIn(IPledges.PledgeState.Expired) && a.goods.liquidated == b.goods.liquidated);
    }

    /// @notice A buy-back is a bank's to attest, but not the buyer's own, by a payment that has paid nothing else yet, within
    /// the buyer's promise, and moves exactly its quantity, to a receipt of the buyer's own.
    function check_buyBack(
        address who,
        IPledges.BuyBackParams calldata p,
        uint32 time,
        bytes32 other,
        bytes32 another,
        uint32 party
    ) external {
        Seen memory a = start(p.assetId, other, p.pledgeId, another);
        Deal memory d = deal(who, p, party);
        vm.assume(other != d.taken);
        act(who, time);
        pledges.buyBack(p);
        Seen memory b = seen(p.assetId, other, p.pledgeId, another);
        dealt(d, who, p, time, party);
        assert(a.entry.drawn() && tied(a.entry, p.pledgeId, p.assetId));
        unpledged(a, b, p.amount, 0);
        kept(a, b);
        assert(uint256(b.goods.liquidated) == uint256(a.goods.liquidated) + p.amount);
        Stock own = goods(d.taken).s;
        assert(own.issued() == p.amount && own.free() == p.amount && own.pledged() == 0 && own.owner() == p.buyer);
        assert(own.keeper() == a.goods.s.keeper() && own.part());
    }
}
