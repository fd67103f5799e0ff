// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice Orders: who alone may act, and that no more is despatched than ordered, received than despatched, invoiced than
/// received - after every act, if it was so before.
/// @dev `other` stands for every other order.
contract OrderProofs is Symbolic {
    uint256 private constant ORDERS = 3;
    uint256 private constant TRAILS = 4;

    uint8 private constant NONE = uint8(IOrders.OrderState.None);
    uint8 private constant POSTED = uint8(IOrders.OrderState.Posted);
    uint8 private constant ACKNOWLEDGED = uint8(IOrders.OrderState.Acknowledged);
    uint8 private constant CANCELLED = uint8(IOrders.OrderState.Cancelled);

    /// @dev All that is stored of one order; `spare` are the bits that nothing uses.
    struct Sale {
        uint32 buyer;
        uint32 seller;
        uint8 state;
        bytes3 currency;
        uint64 received;
        uint64 invoiced;
        uint64 ordered;
        uint64 despatched;
        bytes32 trail;
        uint256 spare;
    }

    function sale(bytes32 id) private view returns (Sale memory o) {
        uint256 first = slot(address(orders), id, ORDERS);
        bytes32 next = bytes32(uint256(keccak256(abi.encode(id, ORDERS))) + 1);
        uint256 second = uint256(vm.load(address(orders), next));
        (o.buyer, o.seller, o.state) = (uint32(first), uint32(first >> 32), uint8(first >> 64));
        (o.currency, o.received, o.invoiced) = (bytes3(uint24(first >> 72)), uint64(first >> 96), uint64(first >> 160));
        (o.ordered, o.despatched) = (uint64(second), uint64(second >> 64));
        o.trail = bytes32(slot(address(orders), id, TRAILS));
        o.spare = (first >> 224) | (second >> 128 << 32);
    }

    function start(bytes32 id, bytes32 other) private view returns (Sale memory a, Sale memory o) {
        vm.assume(other != id);
        (a, o) = (sale(id), sale(other));
        vm.assume(ordered(a));
    }

    function ordered(Sale memory o) private pure returns (bool) {
        return o.invoiced <= o.received && o.received <= o.despatched && o.despatched <= o.ordered;
    }

    function same(Sale memory a, Sale memory b) private pure returns (bool) {
        bool terms = a.buyer == b.buyer && a.seller == b.seller && a.currency == b.currency && a.state == b.state;
        bool goods = a.ordered == b.ordered && a.despatched == b.despatched && a.received == b.received;
        return terms && goods && a.invoiced == b.invoiced && a.trail == b.trail && a.spare == b.spare;
    }

    /// @dev The order is `a` now, the other one what it was, and nothing exceeds what it has to be part of.
    function only(bytes32 id, Sale memory a, bytes32 other, Sale memory o) private view {
        Sale memory b = sale(id);
        assert(same(a, b) && ordered(b) && same(o, sale(other)));
    }

    function longer(bytes32 trail, uint8 kind, bytes32 root, uint64 amount) private pure returns (bytes32) {
        return keccak256(abi.encode(trail, kind, root, amount));
    }

    /// @notice The view shows what is stored, so the places are the right ones.
    function check_layout(bytes32 id) external view {
        Sale memory s = sale(id);
        vm.assume(s.state <= CANCELLED);
        IOrders.Order memory o = orders.order(id);
        assert(o.buyer == s.buyer && o.seller == s.seller && uint8(o.state) == s.state && o.currency == s.currency);
        assert(o.ordered == s.ordered && o.despatched == s.despatched && o.received == s.received);
        assert(o.invoiced == s.invoiced && o.trail == s.trail);
    }

    /// @notice Whoever posts is the buyer, under an id never used, and nothing is despatched, received or invoiced yet.
    function check_post(address who, IOrders.PostParams calldata p, uint32 time, bytes32 other) external {
        vm.assume(other != p.orderId);
        (Sale memory a, Sale memory o) = (sale(p.orderId), sale(other));
        act(who, time);
        orders.post(p);
        assert(a.state == NONE && open(who, Kinds.ORDER) && partyOf(who) != p.seller && p.amount != 0);
        (a.buyer, a.seller, a.state, a.currency) = (partyOf(who), p.seller, POSTED, p.currency);
        (a.ordered, a.despatched, a.received, a.invoiced) = (p.amount, 0, 0, 0);
        a.trail = longer(a.trail, 1, p.documentRoot, p.amount);
        a.spare = sale(p.orderId).spare;
        only(p.orderId, a, other, o);
    }

    /// @notice Only the seller acknowledges, what is posted, as it stands by its trail, and nothing but the state changes.
    function check_acknowledge(address who, IOrders.AcknowledgeParams calldata p, uint32 time, bytes32 other) external {
        (Sale memory a, Sale memory o) = start(p.orderId, other);
        act(who, time);
        orders.acknowledge(p);
        assert(partyOf(who) == a.seller && open(who, Kinds.ORDER) && a.state == POSTED && p.trail == a.trail);
        a.state = ACKNOWLEDGED;
        only(p.orderId, a, other, o);
    }

    /// @notice Only the buyer amends, never below what was despatched, and the seller has to agree again.
    function check_amend(address who, IOrders.AmendParams calldata p, uint32 time, bytes32 other) external {
        (Sale memory a, Sale memory o) = start(p.orderId, other);
        act(who, time);
        orders.amend(p);
        assert(partyOf(who) == a.buyer && open(who, Kinds.ORDER) && a.state != NONE && a.state != CANCELLED);
        assert(p.amount != 0 && p.amount >= a.despatched);
        (a.ordered, a.state) = (p.amount, POSTED);
        a.trail = longer(a.trail, 2, p.documentRoot, p.amount);
        only(p.orderId, a, other, o);
    }

    /// @notice Only the buyer cancels, once, and only while nothing was despatched - so nothing was received or invoiced.
    function check_cancel(address who, IOrders.CancelParams calldata p, uint32 time, bytes32 other) external {
        (Sale memory a, Sale memory o) = start(p.orderId, other);
        act(who, time);
        orders.cancel(p);
        assert(partyOf(who) == a.buyer && a.state != NONE && a.state != CANCELLED);
        assert(a.despatched == 0 && a.received == 0 && a.invoiced == 0);
        a.state = CANCELLED;
        only(p.orderId, a, other, o);
    }

    /// @notice Only the seller despatches, what it acknowledged, within the order.
    function check_despatch(address who, IOrders.DespatchParams calldata p, uint32 time, bytes32 other) external {
        (Sale memory a, Sale memory o) = start(p.orderId, other);
        act(who, time);
        orders.despatch(p);
        assert(partyOf(who) == a.seller && open(who, Kinds.ORDER) && a.state == ACKNOWLEDGED);
        assert(p.amount <= a.ordered - a.despatched);
        a.despatched += p.amount;
        a.trail = longer(a.trail, 3, p.documentRoot, p.amount);
        only(p.orderId, a, other, o);
    }

    /// @notice Only the buyer receives, within what was despatched.
    function check_receiveGoods(address who, IOrders.ReceiveGoodsParams calldata p, uint32 time, bytes32 other)
        external
    {
        (Sale memory a, Sale memory o) = start(p.orderId, other);
        act(who, time);
        orders.receiveGoods(p);
        assert(partyOf(who) == a.buyer && open(who, Kinds.ORDER) && a.state != NONE);
        assert(p.amount <= a.despatched - a.received);
        a.received += p.amount;
        a.trail = longer(a.trail, 4, p.documentRoot, p.amount);
        only(p.orderId, a, other, o);
    }

    /// @notice Only Receivables invoices, for the order's seller, within what the buyer received.
    function check_invoice(address who, bytes32 id, uint32 seller, uint64 amount, bytes32 other) external {
        (Sale memory a, Sale memory o) = start(id, other);
        vm.prank(who);
        (uint32 buyer, bytes32 trail) = orders.invoice(id, seller, amount);
        assert(who == address(receivables) && a.seller == seller && buyer == a.buyer && trail == a.trail);
        assert(a.state != NONE && amount <= a.received - a.invoiced);
        a.invoiced += amount;
        only(id, a, other, o);
    }

    /// @notice Only Receivables takes an invoice back, and never more than was invoiced.
    function check_uninvoice(address who, bytes32 id, uint64 amount, bytes32 other) external {
        (Sale memory a, Sale memory o) = start(id, other);
        vm.prank(who);
        orders.uninvoice(id, amount);
        assert(who == address(receivables) && amount <= a.invoiced);
        a.invoiced -= amount;
        only(id, a, other, o);
    }

    /// @notice A receivable is an invoice: its face comes out of what was received on the order, and the buyer owes it.
    function check_issue__invoiced(
        IReceivables.IssueParams calldata p,
        uint32 seller,
        uint32 registrar,
        uint32 time,
        bytes32 other
    ) external {
        (Sale memory a, Sale memory o) = start(p.orderId, other);
        bytes32 trail = orders.trailOf(p.orderId);
        act(address(receivables), time);
        receivables.issueItem(p, trail, seller, registrar);
        assert(seller == a.seller && debt(p.id).c.debtor() == a.buyer && p.face <= a.received - a.invoiced);
        a.invoiced += p.face;
        only(p.orderId, a, other, o);
    }

    /// @notice A receivable that is withdrawn gives its face back to its order.
    function check_cancel__uninvoiced(address who, IReceivables.CancelParams calldata p, uint32 time, bytes32 other)
        external
    {
        (Sale memory a, Sale memory o) = start(p.orderId, other);
        uint64 face = debt(p.id).c.face();
        act(who, time);
        receivables.cancel(p);
        assert(face <= a.invoiced);
        a.invoiced -= face;
        only(p.orderId, a, other, o);
    }
}
