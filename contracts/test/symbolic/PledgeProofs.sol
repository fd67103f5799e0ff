// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Claim} from "../../src/libraries/Claims.sol";
import {Entry} from "../../src/libraries/Entries.sol";
import {Ids} from "../../src/libraries/Ids.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice Pledges over receivables: what each act moves, in the pledge and in the receivable alike, and who alone may act.
/// @dev `other` stands for every other receivable, `another` for every other pledge. That no part is pledged twice follows
/// step by step: each act changes what is pledged of the receivable by exactly what it changes the one pledge by.
contract PledgeProofs is Symbolic {
    uint8 private constant RECEIVABLE = 1;

    struct Seen {
        Debt debt;
        Debt other;
        Entry entry;
        Entry another;
        Goods goods;
    }

    function seen(bytes32 id, bytes32 other, bytes32 pledgeId, bytes32 another) private view returns (Seen memory) {
        // Of the receipts one stands for all, under an id that may be this receivable's own.
        return Seen(debt(id), debt(other), entry(pledgeId), entry(another), goods(another));
    }

    /// @dev A receivable and a pledge in arbitrary states.
    function start(bytes32 id, bytes32 other, bytes32 pledgeId, bytes32 another) private view returns (Seen memory s) {
        vm.assume(other != id && another != pledgeId);
        s = seen(id, other, pledgeId, another);
        vm.assume(!s.debt.c.confirmed() || conserved(s.debt));
    }

    /// @dev The pledge is over this receivable.
    function over(Entry e, bytes32 pledgeId, bytes32 id) private pure {
        assert(tied(e, pledgeId, id) && e.state() == IPledges.PledgeState.Active);
    }

    /// @dev Amounts apart, the receivable is what it was; and so is every other receivable and pledge.
    function kept(Seen memory a, Seen memory b) private pure {
        (Debt memory x, Debt memory y) = (a.debt, b.debt);
        assert(x.c.face() == y.c.face() && x.c.holder() == y.c.holder() && x.c.debtor() == y.c.debtor());
        assert(x.c.dueDay() == y.c.dueDay() && x.c.confirmed() == y.c.confirmed() && x.c.lined() == y.c.lined());
        assert(
            x.away.diluted() == y.away.diluted() && x.away.children() == y.away.children() && x.c.part() == y.c.part()
        );
        assert(same(a.other, b.other) && Entry.unwrap(a.another) == Entry.unwrap(b.another));
        assert(a.entry.lender() == b.entry.lender() && a.entry.tag() == b.entry.tag() && same(a.goods, b.goods));
    }

    /// @dev The pledge and what is pledged of the receivable have both shrunk by `amount`; `freed` of it is free again.
    function unpledged(Seen memory a, Seen memory b, uint64 amount, uint64 freed) private pure {
        assert(amount <= a.entry.amount() && b.entry.amount() == a.entry.amount() - amount);
        assert(amount <= a.debt.c.pledged() && b.debt.c.pledged() == a.debt.c.pledged() - amount);
        assert(uint256(b.debt.c.free()) == uint256(a.debt.c.free()) + freed);
        assert((b.entry.state() == IPledges.PledgeState.Active) == (b.entry.amount() != 0));
    }

    /// @dev What was taken out: of the same debtor, on the same terms, all of it free.
    function part(Claim own, Claim from, uint64 amount, uint32 holder) private pure {
        assert(own.face() == amount && own.free() == amount && own.pledged() == 0 && own.holder() == holder);
        assert(own.debtor() == from.debtor() && own.dueDay() == from.dueDay() && own.lined() == from.lined());
        assert(own.confirmed() && own.part());
    }

    /// @notice A pledge takes exactly its amount out of the free part, of the holder's receivable, under an id never used that
    /// begins as the hash of the receivable says.
    function check_pledge(
        IPledges.PledgeParams memory p,
        uint32 lender,
        uint32 holder,
        bytes32 registryNo,
        uint32 time,
        bytes32 other,
        bytes32 another
    ) external {
        p.assetKind = RECEIVABLE;
        Seen memory a = start(p.assetId, other, p.pledgeId, another);
        act(address(pledges), time);
        pledges.pledgeItem(p, lender, holder, registryNo);
        Seen memory b = seen(p.assetId, other, p.pledgeId, another);
        assert(Entry.unwrap(a.entry) == 0 && b.entry.amount() == p.amount && b.entry.lender() == lender);
        over(b.entry, p.pledgeId, p.assetId);
        assert(
            a.debt.c.confirmed() && a.debt.c.holder() == holder && holder != lender && a.debt.c.debtor() != lender
                && p.lender == lender
        );
        assert(p.amount != 0 && p.amount <= a.debt.c.free() && b.debt.c.free() == a.debt.c.free() - p.amount);
        assert(uint256(b.debt.c.pledged()) == uint256(a.debt.c.pledged()) + p.amount);
        assert(a.debt.away.splitAway() == b.debt.away.splitAway() && a.debt.c.state() == b.debt.c.state());
        a.entry = b.entry;
        kept(a, b);
    }

    /// @notice Two pledges over one receivable, by whichever lenders, never exceed its face.
    function check_pledge__twice(
        IPledges.PledgeParams memory p,
        IPledges.PledgeParams memory q,
        uint32[4] calldata parties,
        uint32 time
    ) external {
        (p.assetKind, q.assetKind, q.assetId) = (RECEIVABLE, RECEIVABLE, p.assetId);
        Debt memory d = debt(p.assetId);
        vm.assume(!d.c.confirmed() || conserved(d));
        act(address(pledges), time);
        pledges.pledgeItem(p, parties[0], parties[1], "one");
        vm.prank(address(pledges));
        pledges.pledgeItem(q, parties[2], parties[3], "two");
        assert(uint256(p.amount) + q.amount <= d.c.face() && p.pledgeId != q.pledgeId);
    }

    /// @notice Only the pledge's lender releases, and what it releases is free again.
    function check_release(address who, IPledges.ReleaseParams calldata p, uint32 time, bytes32 other, bytes32 another)
        external
    {
        Seen memory a = start(p.assetId, other, p.pledgeId, another);
        // Of an unconfirmed one there is no pledge (check_pledge), and no act takes a confirmation back.
        vm.assume(!a.entry.goods() && a.debt.c.confirmed());
        act(who, time);
        pledges.release(p);
        Seen memory b = seen(p.assetId, other, p.pledgeId, another);
        assert(partyOf(who) == a.entry.lender() && p.amount != 0);
        over(a.entry, p.pledgeId, p.assetId);
        unpledged(a, b, p.amount, p.amount);
        assert(a.debt.away.splitAway() == b.debt.away.splitAway() && a.debt.c.state() == b.debt.c.state());
        kept(a, b);
    }

    /// @notice Only the pledge's lender enforces, after the due day, and gets exactly what was pledged, as a part.
    function check_enforce(address who, IPledges.EnforceParams calldata p, uint32 time, bytes32 other, bytes32 another)
        external
    {
        bytes32 taken = Ids.enforced(p.pledgeId, p.assetId);
        vm.assume(other != taken && p.assetId != taken);
        Seen memory a = start(p.assetId, other, p.pledgeId, another);
        // Of an unconfirmed one there is no pledge (check_pledge), and no act takes a confirmation back.
        vm.assume(!a.entry.goods() && a.debt.c.confirmed());
        act(who, time);
        pledges.enforce(p);
        Seen memory b = seen(p.assetId, other, p.pledgeId, another);
        assert(partyOf(who) == a.entry.lender() && a.entry.drawn() && time / 1 days > a.debt.c.dueDay());
        over(a.entry, p.pledgeId, p.assetId);
        unpledged(a, b, a.entry.amount(), 0);
        assert(uint256(b.debt.away.splitAway()) == uint256(a.debt.away.splitAway()) + a.entry.amount());
        kept(a, b);
        part(debt(taken).c, a.debt.c, a.entry.amount(), a.entry.lender());
    }

    /// @notice A buy-back of an overdue receivable is a bank's to attest, but not the payer's own, by a payment that has paid
    /// nothing else yet, within the payer's promise; so much of the claim goes from the pledge to the payer, who isn't the
    /// debtor.
    function check_buyBack(
        address who,
        IPledges.BuyBackParams calldata p,
        uint32 time,
        bytes32 other,
        bytes32 another,
        uint32 party
    ) external {
        Seen memory a = start(p.assetId, other, p.pledgeId, another);
        // Of an unconfirmed one there is no pledge (check_pledge), and no act takes a confirmation back.
        vm.assume(!a.entry.goods() && a.debt.c.confirmed());
        Deal memory d = deal(who, p, party);
        vm.assume(other != d.taken);
        act(who, time);
        pledges.buyBack(p);
        Seen memory b = seen(p.assetId, other, p.pledgeId, another);
        dealt(d, who, p, time, party);
        over(a.entry, p.pledgeId, p.assetId);
        assert(a.entry.drawn() && time / 1 days > a.debt.c.dueDay() && p.buyer != a.debt.c.debtor());
        unpledged(a, b, p.amount, 0);
        assert(uint256(b.debt.away.splitAway()) == uint256(a.debt.away.splitAway()) + p.amount);
        kept(a, b);
        assert(a.debt.c.state() == b.debt.c.state());
        part(debt(d.taken).c, a.debt.c, p.amount, p.buyer);
    }

    /// @notice Only the holder ends a pledge that was not drawn in time, whole, and all of it is free again.
    function check_expire(address who, IPledges.ExpireParams calldata p, uint32 time, bytes32 other, bytes32 another)
        external
    {
        Seen memory a = start(p.assetId, other, p.pledgeId, another);
        // Of an unconfirmed one there is no pledge (check_pledge), and no act takes a confirmation back.
        vm.assume(!a.entry.goods() && a.debt.c.confirmed());
        act(who, time);
        pledges.expire(p);
        Seen memory b = seen(p.assetId, other, p.pledgeId, another);
        assert(partyOf(who) == a.debt.c.holder() && !a.entry.drawn() && time > a.entry.expiresAt());
        over(a.entry, p.pledgeId, p.assetId);
        unpledged(a, b, a.entry.amount(), a.entry.amount());
        assert(a.debt.away.splitAway() == b.debt.away.splitAway() && a.debt.c.state() == b.debt.c.state());
        kept(a, b);
    }

    /// @notice Only the lender draws, in time, and nothing else changes.
    function check_draw(address who, IPledges.DrawParams calldata p, uint32 time, bytes32 id, bytes32 another)
        external
    {
        vm.assume(another != p.pledgeId);
        Seen memory a = seen(id, id, p.pledgeId, another);
        act(who, time);
        pledges.draw(p);
        Seen memory b = seen(id, id, p.pledgeId, another);
        assert(partyOf(who) == a.entry.lender() && !a.entry.drawn() && time <= a.entry.expiresAt());
        a.entry = a.entry.asDrawn();
        assert(Entry.unwrap(a.entry) == Entry.unwrap(b.entry) && Entry.unwrap(a.another) == Entry.unwrap(b.another));
        assert(same(a.debt, b.debt) && same(a.goods, b.goods));
    }

    /// @notice A way out that nothing closes: in time, the lender draws, whatever is paused and whoever is suspended.
    function check_draw__open(address who, IPledges.DrawParams calldata p, uint32 time) external {
        Entry e = entry(p.pledgeId);
        vm.assume(all(e.isIn(IPledges.PledgeState.Active), !e.drawn(), time <= e.expiresAt(), true));
        vm.assume(speaksFor(who, e.lender()));
        act(who, time);
        (bool done,) = address(pledges).call(abi.encodeCall(IPledges.draw, (p)));
        assert(done);
    }

    /// @notice A payment on a pledged part: attested by a bank that isn't the debtor, once, to the pledge's lender, off the pledge
    /// and the receivable.
    function check_settle__pledged(
        address who,
        IReceivables.SettleParams memory p,
        uint32 time,
        bytes32 other,
        bytes32 another
    ) external {
        vm.assume(p.pledgeId != 0);
        Seen memory a = start(p.id, other, p.pledgeId, another);
        bool used = receivables.bankRefUsed(partyOf(who), p.bankRef);
        act(who, time);
        receivables.settle(p);
        Seen memory b = seen(p.id, other, p.pledgeId, another);
        assert(hasRole(who, Roles.BANK) && p.payee == a.entry.lender() && !a.entry.goods() && p.amount != 0);
        assert(a.debt.c.confirmed() && partyOf(who) != a.debt.c.debtor());
        assert(!used && receivables.bankRefUsed(partyOf(who), p.bankRef));
        over(a.entry, p.pledgeId, p.id);
        unpledged(a, b, p.amount, 0);
        assert(a.debt.away.splitAway() == b.debt.away.splitAway());
        kept(a, b);
    }

    /// @notice Locks, unlocks, takes and discharges come from the sister contract alone; items of batches from oneself.
    function check_sisters(address who, bytes32 id, uint64 amount, uint32 party, uint8 which) external {
        bool fromPledges = which < 6 || which == 10;
        vm.prank(who);
        if (which == 0) receivables.lock(id, amount, party, party);
        else if (which == 1) receivables.unlock(id, amount, true);
        else if (which == 2) receivables.take(id, id, amount, party, true);
        else if (which == 3) receipts.lock(id, amount, party, party);
        else if (which == 4) receipts.unlock(id, amount, true);
        else if (which == 5) receipts.take(id, id, amount, party, true);
        else if (which == 6) pledges.discharge(id, id, amount, party);
        else if (which == 7) pledges.shrink(id, new bytes32[](1), amount, amount);
        else if (which == 8) orders.invoice(id, party, amount);
        else if (which == 9) orders.uninvoice(id, amount);
        else if (which == 10) receivables.useBankRef(party, id);
        else revert();
        if (fromPledges) assert(who == address(pledges));
        else if (which == 7) assert(who == address(receipts));
        else assert(who == address(receivables));
    }

    function check_items(
        address who,
        IReceivables.IssueParams calldata i,
        IReceivables.ConfirmParams calldata c,
        IReceivables.SettleParams calldata s,
        IPledges.PledgeParams calldata p,
        IPledges.ReleaseParams calldata r,
        uint8 which
    ) external {
        vm.prank(who);
        if (which == 0) receivables.issueItem(i, 0, 1, 1);
        else if (which == 1) receivables.confirmItem(c, 1, 1);
        else if (which == 2) receivables.settleItem(s, 1);
        else if (which == 3) pledges.pledgeItem(p, 1, 1, "");
        else if (which == 4) pledges.releaseItem(r, 1);
        else revert();
        assert(who == (which < 3 ? address(receivables) : address(pledges)));
    }
}
