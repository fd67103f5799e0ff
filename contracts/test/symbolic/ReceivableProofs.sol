// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Claim, Claims} from "../../src/libraries/Claims.sol";
import {Ids} from "../../src/libraries/Ids.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice What the acts on a receivable do to it and to any other, and who alone may do them.
/// @dev `other` stands for every other receivable.
contract ReceivableProofs is Symbolic {
    /// @dev A receivable in an arbitrary state; conserved, if it is confirmed. That it is, `terms` asserts.
    function unbroken(bytes32 id) private view returns (Debt memory d) {
        d = debt(id);
        vm.assume(!d.c.confirmed() || conserved(d));
    }

    /// @dev Debtor, due day and what else the parties agreed stay as they were.
    function terms(Claim a, Claim b) private pure {
        assert(a.face() == b.face() && a.debtor() == b.debtor() && a.dueDay() == b.dueDay());
        assert(a.part() == b.part() && a.lined() == b.lined() && a.confirmed() && b.confirmed());
    }

    /// @dev `amount` has left the free part and is in none of the others unless the caller says so.
    function spent(Claim a, Claim b, uint64 amount) private pure {
        assert(amount != 0 && amount <= a.free() && b.free() == a.free() - amount);
    }

    /// @notice The views show what is stored, so the places in Symbolic are the right ones.
    function check_layout(bytes32 id) external view {
        Debt memory d = unbroken(id);
        vm.assume(d.c.confirmed());
        IReceivables.Receivable memory r = receivables.receivable(id);
        assert(r.free == d.c.free() && r.pledged == d.c.pledged() && r.face == d.c.face());
        assert(r.splitAway == d.away.splitAway() && r.diluted == d.away.diluted() && r.holder == d.c.holder());
        assert(receivables.childCount(id) == d.away.children());
    }

    /// @notice All of a new one is owed, and nothing of it is anybody's before the debtor says so.
    function check_issue(
        IReceivables.IssueParams calldata p,
        uint32 seller,
        uint32 registrar,
        uint32 time,
        bytes32 other
    ) external {
        vm.assume(other != p.id);
        (Debt memory a, Debt memory o) = (debt(p.id), debt(other));
        bytes32 trail = orders.trailOf(p.orderId);
        act(address(receivables), time);
        receivables.issueItem(p, trail, seller, registrar);
        Claim c = debt(p.id).c;
        assert(Claim.unwrap(a.c) == 0 || a.c.state() != IReceivables.ReceivableState.Confirmed);
        assert(c.face() == p.face && p.face != 0 && c.dueDay() == p.dueDay && !c.confirmed() && !c.part());
        assert(!c.lined() && c.state() == IReceivables.ReceivableState.Issued);
        assert(c.tag() == Claims.tagOf(p.orderId, p.documentRoot, seller));
        assert(receivables.holderOf(p.id) == 0 && !Ids.isReserved(p.id));
        assert(same(debt(other), o));
    }

    /// @notice Only the debtor confirms, what was issued, and all of it is free then, and the seller's.
    function check_confirm(address who, IReceivables.ConfirmParams calldata p, uint32 time, bytes32 other) external {
        vm.assume(other != p.id);
        (Debt memory a, Debt memory o) = (debt(p.id), debt(other));
        act(who, time);
        receivables.confirm(p);
        Debt memory b = debt(p.id);
        assert(partyOf(who) == a.c.debtor() && a.c.state() == IReceivables.ReceivableState.Issued);
        assert(a.c.tag() == Claims.tagOf(p.orderId, p.documentRoot, p.seller));
        assert(b.c.face() == a.c.face() && b.c.face() == p.face && b.c.free() == p.face && b.c.pledged() == 0);
        assert(b.c.dueDay() == a.c.dueDay() && b.c.dueDay() == p.dueDay && b.c.debtor() == a.c.debtor());
        assert(b.c.holder() == p.seller && b.c.confirmed());
        assert(
            b.away.splitAway() == a.away.splitAway() && b.away.diluted() == a.away.diluted()
                && b.away.children() == a.away.children()
        );
        assert(same(debt(other), o));
    }

    /// @notice Only the seller whom the tag names withdraws, and never a confirmed one.
    function check_cancel(address who, IReceivables.CancelParams calldata p, uint32 time, bytes32 other) external {
        vm.assume(other != p.id);
        (Debt memory a, Debt memory o) = (debt(p.id), debt(other));
        act(who, time);
        receivables.cancel(p);
        Debt memory b = debt(p.id);
        assert(!a.c.confirmed() && a.c.tag() == Claims.tagOf(p.orderId, p.documentRoot, partyOf(who)));
        assert(b.c.face() == 0 && b.c.empty() && b.c.state() == IReceivables.ReceivableState.Cancelled);
        assert(b.c.holder() == partyOf(who) && b.c.debtor() == a.c.debtor());
        assert(b.away.splitAway() == a.away.splitAway() && b.away.diluted() == a.away.diluted());
        assert(same(debt(other), o));
    }

    /// @notice Only the debtor disputes and resolves; nothing but the state changes.
    function check_dispute(address who, IReceivables.DisputeParams calldata p, uint32 time, bytes32 other) external {
        vm.assume(other != p.id);
        (Debt memory a, Debt memory o) = (debt(p.id), debt(other));
        act(who, time);
        receivables.dispute(p);
        Debt memory b = debt(p.id);
        assert(partyOf(who) == a.c.debtor());
        a.c = a.c.withState(IReceivables.ReceivableState.Disputed);
        assert(same(a, b) && same(debt(other), o));
    }

    function check_resolveDispute(address who, IReceivables.ResolveDisputeParams calldata p, uint32 time, bytes32 other)
        external
    {
        vm.assume(other != p.id);
        (Debt memory a, Debt memory o) = (debt(p.id), debt(other));
        act(who, time);
        receivables.resolveDispute(p);
        Debt memory b = debt(p.id);
        assert(partyOf(who) == a.c.debtor() && a.c.state() == IReceivables.ReceivableState.Disputed);
        a.c = a.c
        .withState(a.c.confirmed() ? IReceivables.ReceivableState.Confirmed : IReceivables.ReceivableState.Issued);
        assert(same(a, b) && same(debt(other), o));
    }

    /// @notice Only the holder credits, out of the free part, and exactly that is diluted.
    function check_credit(address who, IReceivables.CreditParams calldata p, uint32 time, bytes32 other) external {
        vm.assume(other != p.id);
        (Debt memory a, Debt memory o) = (unbroken(p.id), debt(other));
        act(who, time);
        receivables.credit(p);
        Debt memory b = debt(p.id);
        assert(partyOf(who) == a.c.holder() && b.c.holder() == a.c.holder());
        terms(a.c, b.c);
        spent(a.c, b.c, p.amount);
        assert(uint256(b.away.diluted()) == uint256(a.away.diluted()) + p.amount);
        assert(
            b.c.pledged() == a.c.pledged() && b.away.splitAway() == a.away.splitAway()
                && b.away.children() == a.away.children()
        );
        assert(same(debt(other), o));
    }

    /// @notice Only the holder transfers, nothing of it being pledged, and never to the debtor.
    function check_transfer(address who, IReceivables.TransferParams calldata p, uint32 time, bytes32 other) external {
        vm.assume(other != p.id);
        (Debt memory a, Debt memory o) = (unbroken(p.id), debt(other));
        act(who, time);
        receivables.transfer(p);
        Debt memory b = debt(p.id);
        assert(partyOf(who) == a.c.holder() && a.c.pledged() == 0 && a.c.confirmed());
        assert(p.to != a.c.holder() && p.to != a.c.debtor());
        a.c = a.c.withHolder(p.to);
        assert(same(a, b) && same(debt(other), o));
    }

    /// @notice Only the holder splits; the parts are what the parent has less of, on the same terms.
    function check_split(address who, bytes32 id, uint64 first, uint64 second, uint32 time, bytes32 other) external {
        Debt memory a = unbroken(id);
        vm.assume(a.away.children() < type(uint64).max - 2);
        (bytes32 one, bytes32 two) = (Ids.child(id, a.away.children()), Ids.child(id, a.away.children() + 1));
        vm.assume(other != id && other != one && other != two && one != id && two != id);
        Debt memory o = debt(other);
        IReceivables.SplitParams memory p = IReceivables.SplitParams(id, new uint64[](2));
        (p.amounts[0], p.amounts[1]) = (first, second);
        act(who, time);
        receivables.split(p);
        Debt memory b = debt(id);
        assert(partyOf(who) == a.c.holder() && b.c.holder() == a.c.holder());
        terms(a.c, b.c);
        spent(a.c, b.c, first + second);
        assert(
            uint256(b.away.splitAway()) == uint256(a.away.splitAway()) + first + second
                && b.away.children() == a.away.children() + 2
        );
        assert(b.c.pledged() == a.c.pledged() && b.away.diluted() == a.away.diluted());
        part(debt(one).c, a.c, first, a.c.holder());
        part(debt(two).c, a.c, second, a.c.holder());
        assert(same(debt(other), o));
    }

    /// @notice Only a settlement bank that isn't the debtor settles, once by a payment, and what is paid leaves the free part.
    function check_settle__free(address who, IReceivables.SettleParams memory p, uint32 time, bytes32 other) external {
        p.pledgeId = 0;
        vm.assume(other != p.id);
        (Debt memory a, Debt memory o) = (unbroken(p.id), debt(other));
        bool used = receivables.bankRefUsed(partyOf(who), p.bankRef);
        act(who, time);
        receivables.settle(p);
        Debt memory b = debt(p.id);
        assert(hasRole(who, Roles.BANK) && p.payee == a.c.holder() && b.c.holder() == a.c.holder());
        terms(a.c, b.c);
        spent(a.c, b.c, p.amount);
        assert(
            b.c.pledged() == a.c.pledged() && b.away.splitAway() == a.away.splitAway()
                && b.away.diluted() == a.away.diluted()
        );
        assert(!used && receivables.bankRefUsed(partyOf(who), p.bankRef) && partyOf(who) != a.c.debtor());
        assert(same(debt(other), o));
    }

    /// @notice A payment counts once.
    function check_settle__twice_sameReference(
        address who,
        IReceivables.SettleParams memory p,
        IReceivables.SettleParams memory q,
        uint32 time
    ) external {
        (p.pledgeId, q.pledgeId) = (0, 0);
        act(who, time);
        receivables.settle(p);
        vm.prank(who);
        receivables.settle(q);
        assert(p.bankRef != q.bankRef);
    }

    /// @notice Only the holder declares the default, of an open one, after its due day.
    function check_declareDefault(address who, IReceivables.DeclareDefaultParams calldata p, uint32 time, bytes32 other)
        external
    {
        vm.assume(other != p.id);
        (Debt memory a, Debt memory o) = (unbroken(p.id), debt(other));
        act(who, time);
        receivables.declareDefault(p);
        Debt memory b = debt(p.id);
        assert(partyOf(who) == a.c.holder() && a.c.confirmed() && time / 1 days > a.c.dueDay());
        a.c = a.c.withState(IReceivables.ReceivableState.Defaulted);
        assert(same(a, b) && same(debt(other), o));
    }

    /// @notice A line changes by nobody but a lender, and only the share of that lender; whoever has one may lower it.
    function check_setLine(address who, IReceivables.SetLineParams calldata p, uint32 time, uint32 lender) external {
        uint64 share = receivables.lineOf(lender, p.debtor);
        (uint64 limit, uint64 used) = receivables.line(p.debtor);
        uint64 own = receivables.lineOf(partyOf(who), p.debtor);
        act(who, time);
        receivables.setLine(p);
        (uint64 after_, uint64 still) = receivables.line(p.debtor);
        assert(p.limit < own || (hasRole(who, Roles.LENDER) && open(who, Kinds.PLEDGE)));
        assert(uint256(after_) + own == uint256(limit) + p.limit && still == used);
        assert(receivables.lineOf(lender, p.debtor) == (lender == partyOf(who) ? p.limit : share));
    }

    /// @notice A way out that nothing closes: whoever has a share lowers it, whatever is paused, whoever is suspended.
    function check_setLine__lower(address who, IReceivables.SetLineParams calldata p, uint32 party) external {
        uint64 own = receivables.lineOf(party, p.debtor);
        (uint64 limit,) = receivables.line(p.debtor);
        // A share fits 56 bits, and the line is the sum of the shares (check_setLine).
        vm.assume(all(speaksFor(who, party), p.limit < own, own <= type(uint56).max, own <= limit));
        vm.prank(who);
        (bool done,) = address(receivables).call(abi.encodeCall(IReceivables.setLine, (p)));
        assert(done);
    }

    function part(Claim child, Claim parent, uint64 amount, uint32 holder) private pure {
        assert(child.face() == amount && amount != 0 && child.free() == amount && child.pledged() == 0);
        assert(child.holder() == holder && child.debtor() == parent.debtor() && child.dueDay() == parent.dueDay());
        assert(child.part() && child.confirmed() && child.lined() == parent.lined());
    }
}
