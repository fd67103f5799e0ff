// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {OrderReplay} from "./OrderReplay.sol";
import {Vm} from "./Vm.sol";

/// @notice Rebuilds the state of all five contracts from events alone, as an indexer has to.
/// @dev Never reverts, whatever it is told: an amount that goes twice wraps around, and then differs from what is stored,
/// which an invariant says. Else the handler would fail before any invariant could.
contract Replay is OrderReplay {
    struct PledgeRow {
        IPledges.PledgeState state;
        uint8 kind;
        bool drawn;
        uint32 lender;
        uint64 amount;
        bytes32 assetId;
        uint16 rank;
        uint64 expiresAt;
    }

    struct Line {
        uint64 limit;
        uint64 used;
    }

    /// @dev Who undertook to buy back from which pledge.
    struct Promise {
        bytes32 pledgeId;
        uint32 buyer;
    }

    /// @dev A payment that a bank attested.
    struct Reference {
        uint32 bank;
        bytes32 bankRef;
    }

    address private immutable _participants;
    address private immutable _orderBook;
    address private immutable _receivables;
    address private immutable _receipts;
    address private immutable _pledges;

    mapping(bytes32 id => IReceivables.Receivable) private _claims;
    mapping(bytes32 id => bytes32 orderId) public orderOf;
    mapping(bytes32 id => uint32 seller) public sellerOf;
    mapping(bytes32 id => uint16 pledges) private _made;
    mapping(bytes32 id => IWarehouseReceipts.Receipt) private _goods;
    mapping(bytes32 id => PledgeRow) private _rows;
    /// @notice What a part was split off or taken from.
    mapping(bytes32 part => bytes32 parent) public parentOf;
    Promise[] public promises;
    mapping(bytes32 pledgeId => mapping(uint32 buyer => IPledges.Undertaking)) private _undertaken;
    mapping(uint32 debtor => Line) public line;
    mapping(uint32 lender => mapping(uint32 debtor => uint64 limit)) public lineOf;
    /// @notice A receivable whose confirmation brought its debtor above the limit of that moment.
    bytes32 public beyondLine;
    /// @notice How often a line was drawn on, and how often something of it was given back.
    uint256 public timesDrawn;
    uint256 public timesGivenBack;
    /// @notice A total that an event told and that the lenders' shares don't add up to.
    bool public lineMisstated;
    /// @notice How many parts were split off.
    mapping(bytes32 id => uint256) public childCount;
    /// @notice The banks' references, of payments and of buy-backs.
    Reference[] public references;
    mapping(uint32 bank => mapping(bytes32 bankRef => bool)) public bankRefUsed;
    bytes32[] public claimIds;
    bytes32[] public goodsIds;
    bytes32[] public pledgeIds;

    constructor(address participants, address orders, address receivables, address receipts, address pledges) {
        (_participants, _orderBook) = (participants, orders);
        (_receivables, _receipts, _pledges) = (receivables, receipts, pledges);
    }

    function claim(bytes32 id) external view returns (IReceivables.Receivable memory) {
        return _claims[id];
    }

    function goods(bytes32 id) external view returns (IWarehouseReceipts.Receipt memory) {
        return _goods[id];
    }

    function row(bytes32 id) external view returns (PledgeRow memory) {
        return _rows[id];
    }

    function undertaken(bytes32 pledgeId, uint32 buyer) external view returns (IPledges.Undertaking memory) {
        return _undertaken[pledgeId][buyer];
    }

    function promiseCount() external view returns (uint256) {
        return promises.length;
    }

    function referenceCount() external view returns (uint256) {
        return references.length;
    }

    /// @notice The live pledges over a receipt, oldest first.
    function liveOver(bytes32 goodsId) external view returns (bytes32[] memory ids) {
        uint256 n;
        ids = new bytes32[](pledgeIds.length);
        for (uint256 i = 0; i < pledgeIds.length; ++i) {
            PledgeRow storage r = _rows[pledgeIds[i]];
            if (r.kind == 2 && r.assetId == goodsId && r.state == IPledges.PledgeState.Active) ids[n++] = pledgeIds[i];
        }
        assembly ("memory-safe") {
            mstore(ids, n)
        }
    }

    function counts() external view returns (uint256 claims, uint256 stocks, uint256 pledges) {
        return (claimIds.length, goodsIds.length, pledgeIds.length);
    }

    function apply_(Vm.Log[] memory logs) external {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == _participants) _onParticipants(logs[i].topics, logs[i].data);
            if (logs[i].emitter == _orderBook) _onOrders(logs[i].topics, logs[i].data);
            if (logs[i].emitter == _receivables) _onReceivables(logs[i].topics, logs[i].data);
            if (logs[i].emitter == _receipts) _onReceipts(logs[i].topics, logs[i].data);
            if (logs[i].emitter == _pledges) _onPledges(logs[i].topics, logs[i].data);
        }
    }

    function _onReceivables(bytes32[] memory t, bytes memory data) private {
        bytes32 id = t[1];
        IReceivables.Receivable storage c = _claims[id];
        if (t[0] == IReceivables.Issued.selector) {
            _onIssued(t, data);
        } else if (t[0] == IReceivables.Confirmed.selector) {
            (c.state, c.confirmed) = (IReceivables.ReceivableState.Confirmed, true);
            (c.holder, c.originTag) = (sellerOf[id], 0);
            if (rolesOf(c.debtor) & Roles.LINED != 0) _drawLine(id);
        } else if (t[0] == IReceivables.Cancelled.selector) {
            _orders[orderOf[id]].invoiced = _less(_orders[orderOf[id]].invoiced, c.face);
            (c.state, c.face, c.free) = (IReceivables.ReceivableState.Cancelled, 0, 0);
            (c.holder, c.originTag) = (sellerOf[id], 0);
        } else if (t[0] == IReceivables.Disputed.selector) {
            c.state = IReceivables.ReceivableState.Disputed;
        } else if (t[0] == IReceivables.DisputeResolved.selector) {
            c.state = abi.decode(data, (IReceivables.ReceivableState));
        } else if (t[0] == IReceivables.Defaulted.selector) {
            c.state = IReceivables.ReceivableState.Defaulted;
        } else if (t[0] == IReceivables.Transferred.selector) {
            c.holder = uint32(uint256(t[3]));
        } else if (t[0] == IReceivables.Credited.selector) {
            (, uint64 amount) = abi.decode(data, (bytes32, uint64));
            c.free = _less(c.free, amount);
            c.diluted = _more(c.diluted, amount);
            _giveBackLine(c, amount);
            if (c.free == 0 && c.pledged == 0) c.state = IReceivables.ReceivableState.Settled;
        } else if (t[0] == IReceivables.Split.selector) {
            uint64 amount = abi.decode(data, (uint64));
            c.free = _less(c.free, amount);
            ++childCount[id];
            _newPart(id, t[2], amount, c.holder);
        } else if (t[0] == IReceivables.Taken.selector) {
            uint64 amount = abi.decode(data, (uint64));
            c.pledged = _less(c.pledged, amount);
            _newPart(id, t[2], amount, uint32(uint256(t[3])));
        } else if (t[0] == IReceivables.Settled.selector) {
            _onSettled(t, data);
        } else if (t[0] == IReceivables.LineSet.selector) {
            _onLineSet(uint32(uint256(t[1])), uint32(uint256(t[2])), data);
        }
    }

    function _onLineSet(uint32 lender, uint32 debtor, bytes memory data) private {
        (uint64 limit, uint64 total) = abi.decode(data, (uint64, uint64));
        line[debtor].limit = _more(_less(line[debtor].limit, lineOf[lender][debtor]), limit);
        lineOf[lender][debtor] = limit;
        if (line[debtor].limit != total) lineMisstated = true;
    }

    function _drawLine(bytes32 id) private {
        IReceivables.Receivable storage c = _claims[id];
        Line storage l = line[c.debtor];
        c.lined = true;
        l.used = _more(l.used, c.face);
        if (l.used > l.limit) beyondLine = id;
        ++timesDrawn;
    }

    function _giveBackLine(IReceivables.Receivable storage c, uint64 amount) private {
        if (!c.lined) return;
        line[c.debtor].used = _less(line[c.debtor].used, amount);
        ++timesGivenBack;
    }

    function _onIssued(bytes32[] memory t, bytes memory data) private {
        (uint32 seller, bytes32 root, uint64 face, uint32 dueDay,) =
            abi.decode(data, (uint32, bytes32, uint64, uint32, uint32));
        IReceivables.Receivable storage c = _claims[t[1]];
        if (c.state == IReceivables.ReceivableState.None) claimIds.push(t[1]);
        (orderOf[t[1]], sellerOf[t[1]]) = (t[2], seller);
        c.holder = 0;
        c.debtor = uint32(uint256(t[3]));
        _orders[t[2]].invoiced = _more(_orders[t[2]].invoiced, face);
        (c.face, c.free, c.dueDay) = (face, face, dueDay);
        c.state = IReceivables.ReceivableState.Issued;
        c.originTag = bytes18(keccak256(abi.encode(t[2], root, seller)));
    }

    function _onSettled(bytes32[] memory t, bytes memory data) private {
        IReceivables.Receivable storage c = _claims[t[1]];
        (uint64 amount, bytes32 bankRef, uint32 bank, bool paidUp) = abi.decode(data, (uint64, bytes32, uint32, bool));
        _attested(bank, bankRef);
        c.settled = _more(c.settled, amount);
        _giveBackLine(c, amount);
        if (t[2] == 0) {
            c.free = _less(c.free, amount);
        } else {
            c.pledged = _less(c.pledged, amount);
            _rows[t[2]].amount = _less(_rows[t[2]].amount, amount);
        }
        if (paidUp) c.state = IReceivables.ReceivableState.Settled;
    }

    function _attested(uint32 bank, bytes32 bankRef) private {
        references.push(Reference(bank, bankRef));
        bankRefUsed[bank][bankRef] = true;
    }

    function _newPart(bytes32 id, bytes32 part, uint64 amount, uint32 holder) private {
        IReceivables.Receivable storage parent = _claims[id];
        parent.splitAway = _more(parent.splitAway, amount);
        claimIds.push(part);
        IReceivables.Receivable storage c = _claims[part];
        (c.holder, c.debtor, c.dueDay, c.state) = (holder, parent.debtor, parent.dueDay, parent.state);
        (c.face, c.free, c.confirmed, c.part, c.lined) = (amount, amount, true, true, parent.lined);
        (orderOf[part], parentOf[part]) = (orderOf[id], id);
    }

    function _onReceipts(bytes32[] memory t, bytes memory data) private {
        IWarehouseReceipts.Receipt storage g = _goods[t[1]];
        if (t[0] == IWarehouseReceipts.Issued.selector) {
            (bytes32 root, uint64 quantity) = abi.decode(data, (bytes32, uint64));
            goodsIds.push(t[1]);
            (g.owner, g.keeper) = (uint32(uint256(t[2])), uint32(uint256(t[3])));
            (g.issued, g.free) = (quantity, quantity);
            g.documentTag = bytes24(keccak256(abi.encode(root)));
        } else if (t[0] == IWarehouseReceipts.Transferred.selector) {
            g.owner = uint32(uint256(t[3]));
        } else if (t[0] == IWarehouseReceipts.GoodsReleased.selector) {
            uint64 quantity = abi.decode(data, (uint64));
            g.free = _less(g.free, quantity);
            g.released = _more(g.released, quantity);
        } else if (t[0] == IWarehouseReceipts.Recounted.selector) {
            (, uint64 fromFree, uint64 fromPledged) = abi.decode(data, (bytes32, uint64, uint64));
            g.free = _less(g.free, fromFree);
            g.pledged = _less(g.pledged, fromPledged);
            g.missing = _more(_more(g.missing, fromFree), fromPledged);
        } else if (t[0] == IWarehouseReceipts.Corrected.selector) {
            (, uint64 found) = abi.decode(data, (bytes32, uint64));
            g.missing = _less(g.missing, found);
            g.free = _more(g.free, found);
        } else if (t[0] == IWarehouseReceipts.Taken.selector) {
            uint64 quantity = abi.decode(data, (uint64));
            g.pledged = _less(g.pledged, quantity);
            g.liquidated = _more(g.liquidated, quantity);
            goodsIds.push(t[2]);
            parentOf[t[2]] = t[1];
            IWarehouseReceipts.Receipt storage part = _goods[t[2]];
            (part.owner, part.keeper, part.part) = (uint32(uint256(t[3])), g.keeper, true);
            (part.issued, part.free) = (quantity, quantity);
        }
    }

    function _onPledges(bytes32[] memory t, bytes memory data) private {
        PledgeRow storage r = _rows[t[1]];
        if (t[0] == IPledges.Pledged.selector) {
            _onPledged(t, data);
        } else if (t[0] == IPledges.Drawn.selector) {
            r.drawn = true;
        } else if (t[0] == IPledges.Discharged.selector) {
            r.state = IPledges.PledgeState.Released;
        } else if (t[0] == IPledges.Released.selector) {
            (uint64 amount, uint64 remaining) = abi.decode(data, (uint64, uint64));
            r.amount = _less(r.amount, amount);
            if (remaining == 0) r.state = IPledges.PledgeState.Released;
            _unlock(r.kind, t[2], amount);
        } else if (t[0] == IPledges.PaidOff.selector) {
            (r.amount, r.state) = (0, IPledges.PledgeState.Released);
            (uint64 amount,,) = abi.decode(data, (uint64, bytes32, uint32));
            _unlock(r.kind, t[2], amount);
        } else if (t[0] == IPledges.Expired.selector) {
            (r.amount, r.state) = (0, IPledges.PledgeState.Expired);
            _unlock(r.kind, t[2], abi.decode(data, (uint64)));
        } else if (t[0] == IPledges.Undertaken.selector) {
            (uint64 amount, uint32 untilDay,) = abi.decode(data, (uint64, uint32, bytes32));
            promises.push(Promise(t[1], uint32(uint256(t[2]))));
            _undertaken[t[1]][uint32(uint256(t[2]))] = IPledges.Undertaking(amount, untilDay);
        } else if (t[0] == IPledges.BoughtBack.selector) {
            // What became of the goods is in the asset's own event, Taken.
            (, uint64 amount, uint64 remaining, bytes32 bankRef, uint32 bank) =
                abi.decode(data, (bytes32, uint64, uint64, bytes32, uint32));
            _attested(bank, bankRef);
            IPledges.Undertaking storage u = _undertaken[t[1]][uint32(uint256(t[3]))];
            u.amount = _less(u.amount, amount);
            r.amount = _less(r.amount, amount);
            if (remaining == 0) r.state = IPledges.PledgeState.Released;
        } else if (t[0] == IPledges.Shrunk.selector) {
            // What became of the goods is in the asset's own event, Recounted.
            (uint64 by, uint64 left) = abi.decode(data, (uint64, uint64));
            r.amount = _less(r.amount, by);
            if (left == 0) r.state = IPledges.PledgeState.Lost;
        } else if (t[0] == IPledges.Enforced.selector) {
            // What became of the asset is in the asset's own event, Taken.
            (r.amount, r.state) = (0, IPledges.PledgeState.Enforced);
        }
    }

    function _onPledged(bytes32[] memory t, bytes memory data) private {
        (uint8 kind, uint64 amount,, uint32 lender,,, uint64 expiresAt) =
            abi.decode(data, (uint8, uint64, uint32, uint32, bytes32, bytes32, uint64));
        pledgeIds.push(t[1]);
        uint16 rank = kind == 2 ? ++_made[t[2]] : 0;
        _rows[t[1]] = PledgeRow({
            state: IPledges.PledgeState.Active,
            kind: kind,
            drawn: expiresAt == 0,
            lender: lender,
            amount: amount,
            assetId: t[2],
            rank: rank,
            expiresAt: expiresAt
        });
        if (kind == 1) {
            _claims[t[2]].free = _less(_claims[t[2]].free, amount);
            _claims[t[2]].pledged = _more(_claims[t[2]].pledged, amount);
        } else {
            _goods[t[2]].free = _less(_goods[t[2]].free, amount);
            _goods[t[2]].pledged = _more(_goods[t[2]].pledged, amount);
        }
    }

    function _unlock(uint8 kind, bytes32 id, uint64 amount) private {
        if (kind == 1) {
            _claims[id].pledged = _less(_claims[id].pledged, amount);
            _claims[id].free = _more(_claims[id].free, amount);
        } else {
            _goods[id].pledged = _less(_goods[id].pledged, amount);
            _goods[id].free = _more(_goods[id].free, amount);
        }
    }

    function _more(uint64 to, uint64 amount) private pure returns (uint64) {
        unchecked {
            return to + amount;
        }
    }

    function _less(uint64 from, uint64 amount) private pure returns (uint64) {
        unchecked {
            return from - amount;
        }
    }
}
