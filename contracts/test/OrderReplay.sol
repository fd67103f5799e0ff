// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";

/// @notice Rebuilds parties and orders from events alone. What was invoiced, the receivables' events tell.
abstract contract OrderReplay {
    uint256 public paused;
    uint32 public partyCount;
    mapping(uint32 party => IParticipants.Party) private _parties;
    /// @notice Every key that ever spoke, and the party for which it speaks now; 0 for one that was changed.
    address[] public keys;
    mapping(address key => uint32 party) public partyOf;
    bytes32[] public orderIds;
    mapping(bytes32 id => IOrders.Order) internal _orders;

    function order(bytes32 id) external view returns (IOrders.Order memory) {
        return _orders[id];
    }

    function orderCount() external view returns (uint256) {
        return orderIds.length;
    }

    function party(uint32 id) external view returns (IParticipants.Party memory) {
        return _parties[id];
    }

    function keyCount() external view returns (uint256) {
        return keys.length;
    }

    function rolesOf(uint32 id) public view returns (uint32) {
        return _parties[id].roles;
    }

    function _onParticipants(bytes32[] memory t, bytes memory data) internal {
        if (t[0] == IParticipants.Paused.selector) paused = abi.decode(data, (uint256));
        if (t.length < 2) return; // of no party
        uint32 id = uint32(uint256(t[1]));
        IParticipants.Party storage p = _parties[id];
        if (t[0] == IParticipants.Admitted.selector) {
            ++partyCount;
            (p.commitment, p.roles) = (t[2], abi.decode(data, (uint32)));
            _speaks(id, t[3]);
        } else if (t[0] == IParticipants.KeyRotated.selector || t[0] == IParticipants.KeyRecovered.selector) {
            partyOf[address(uint160(uint256(t[2])))] = 0;
            _speaks(id, t[3]);
        } else if (t[0] == IParticipants.RolesSet.selector) {
            p.roles = abi.decode(data, (uint32));
        } else if (t[0] == IParticipants.Suspended.selector) {
            p.suspended = true;
        } else if (t[0] == IParticipants.Resumed.selector) {
            p.suspended = false;
        }
    }

    function _speaks(uint32 id, bytes32 topic) private {
        address key = address(uint160(uint256(topic)));
        (_parties[id].key, partyOf[key]) = (key, id);
        keys.push(key);
    }

    function _onOrders(bytes32[] memory t, bytes memory data) internal {
        IOrders.Order storage o = _orders[t[1]];
        if (t[0] == IOrders.Posted.selector) {
            (bytes32 root, uint64 amount, bytes3 currency) = abi.decode(data, (bytes32, uint64, bytes3));
            (o.buyer, o.seller) = (uint32(uint256(t[2])), uint32(uint256(t[3])));
            (o.state, o.ordered, o.currency) = (IOrders.OrderState.Posted, amount, currency);
            _lengthen(o, 1, root, amount);
            orderIds.push(t[1]);
        } else if (t[0] == IOrders.Acknowledged.selector) {
            o.state = IOrders.OrderState.Acknowledged;
        } else if (t[0] == IOrders.Amended.selector) {
            (bytes32 root, uint64 amount) = abi.decode(data, (bytes32, uint64));
            (o.state, o.ordered) = (IOrders.OrderState.Posted, amount);
            _lengthen(o, 2, root, amount);
        } else if (t[0] == IOrders.OrderCancelled.selector) {
            o.state = IOrders.OrderState.Cancelled;
        } else if (t[0] == IOrders.Despatched.selector) {
            (bytes32 root, uint64 amount, uint64 despatched) = abi.decode(data, (bytes32, uint64, uint64));
            o.despatched = despatched;
            _lengthen(o, 3, root, amount);
        } else if (t[0] == IOrders.GoodsReceived.selector) {
            (bytes32 root, uint64 amount, uint64 received) = abi.decode(data, (bytes32, uint64, uint64));
            o.received = received;
            _lengthen(o, 4, root, amount);
        }
    }

    function _lengthen(IOrders.Order storage o, uint8 kind, bytes32 root, uint64 amount) private {
        o.trail = keccak256(abi.encode(o.trail, kind, root, amount));
    }
}
