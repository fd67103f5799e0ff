// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {HandlerBase} from "./HandlerBase.sol";

/// @notice Orders, and goods despatched and received, also more of them than there are.
abstract contract OrderHandler is HandlerBase {
    /// @dev One in five is only posted; of the others some is received at once, else hardly anything could be invoiced.
    function order(uint256 seed, uint64 amount) public logged {
        amount = uint64(bound(amount, 1, FACE));
        bytes32 id = _next();
        uint256 buyer = seed % 3 == 0 ? BUYER2 : BUYER;
        (bool open,) = address(participants)
            .staticcall(abi.encodeCall(IParticipants.enterBoth, (vm.addr(keyOf(buyer)), vm.addr(keyOf(SELLER)), 1)));
        if (!open) return;
        by(buyer);
        orders.post(IOrders.PostParams(id, partyOf[SELLER], ROOT, amount, "CNY"));
        _result("order", true);
        if (seed % 5 == 0) return;
        acknowledge(SELLER, id);
        uint64 sent = uint64(bound(seed, 1, amount));
        by(SELLER);
        orders.despatch(IOrders.DespatchParams(id, ROOT, sent));
        by(buyer);
        orders.receiveGoods(IOrders.ReceiveGoodsParams(id, ROOT, uint64(bound(seed >> 64, 1, sent))));
    }

    function acknowledgeOrder(uint256 seed) external logged {
        bytes32 id = _orderId(seed);
        IOrders.Order memory o = replay.order(id);
        uint256 pk = _actor(SELLER, seed);
        // At times the order as it was before its last change.
        bytes32 trail = orders.trailOf(id);
        bytes32 seen = (seed >> 40) % 4 == 0 ? bytes32(seed) : trail;
        by(pk);
        try orders.acknowledge(IOrders.AcknowledgeParams(id, ROOT, seen)) {
            _result("acknowledge", _is(pk, o.seller) && o.state == IOrders.OrderState.Posted && seen == trail);
        } catch {}
    }

    function amendOrder(uint256 seed, uint64 amount) external logged {
        bytes32 id = _orderId(seed);
        IOrders.Order memory o = replay.order(id);
        amount = uint64(bound(amount, 1, FACE));
        uint256 pk = _actor(_holderKey(o.buyer), seed);
        bool sound = o.state != IOrders.OrderState.Cancelled && amount >= o.despatched;
        by(pk);
        try orders.amend(IOrders.AmendParams(id, ROOT, amount)) {
            _result("amend", _is(pk, o.buyer) && sound);
        } catch {}
    }

    function cancelOrder(uint256 seed) external logged {
        bytes32 id = _orderId(seed);
        IOrders.Order memory o = replay.order(id);
        uint256 pk = _actor(_holderKey(o.buyer), seed);
        bool due = _is(pk, o.buyer) && o.despatched == 0 && o.state != IOrders.OrderState.Cancelled;
        by(pk);
        try orders.cancel(IOrders.CancelParams(id)) {
            _result("cancel order", due);
        } catch {
            _refused("cancel order", due);
        }
    }

    function despatchSome(uint256 seed, uint64 amount) external logged {
        bytes32 id = _orderId(seed);
        IOrders.Order memory o = replay.order(id);
        amount = _some(seed, amount, o.ordered > o.despatched ? o.ordered - o.despatched : 0);
        uint256 pk = _actor(SELLER, seed);
        by(pk);
        try orders.despatch(IOrders.DespatchParams(id, ROOT, amount)) {
            _result("despatch", _is(pk, o.seller) && o.state == IOrders.OrderState.Acknowledged);
        } catch {}
    }

    function receiveSome(uint256 seed, uint64 amount) external logged {
        bytes32 id = _orderId(seed);
        IOrders.Order memory o = replay.order(id);
        amount = _some(seed, amount, o.despatched > o.received ? o.despatched - o.received : 0);
        uint256 pk = _actor(_holderKey(o.buyer), seed);
        by(pk);
        try orders.receiveGoods(IOrders.ReceiveGoodsParams(id, ROOT, amount)) {
            _result("receive", _is(pk, o.buyer));
        } catch {}
    }
}
