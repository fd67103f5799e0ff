// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartyActs} from "./Acts.sol";
import {Auth} from "./interfaces/IActs.sol";
import {IOrders} from "./interfaces/IOrders.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {Kinds} from "./libraries/Kinds.sol";

/// @title Purchase orders, despatch and receipt. See IOrders for meaning and units.
contract Orders is PartyActs, IOrders {
    bytes32 private constant POST = keccak256(
        "Post(bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 amount,bytes3 currency,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant ACKNOWLEDGE =
        keccak256("Acknowledge(bytes32 orderId,bytes32 documentRoot,bytes32 trail,uint256 nonce,uint256 deadline)");
    bytes32 private constant AMEND =
        keccak256("Amend(bytes32 orderId,bytes32 documentRoot,uint64 amount,uint256 nonce,uint256 deadline)");
    bytes32 private constant CANCEL = keccak256("Cancel(bytes32 orderId,uint256 nonce,uint256 deadline)");
    bytes32 private constant DESPATCH =
        keccak256("Despatch(bytes32 orderId,bytes32 documentRoot,uint64 amount,uint256 nonce,uint256 deadline)");
    bytes32 private constant RECEIVE_GOODS =
        keccak256("ReceiveGoods(bytes32 orderId,bytes32 documentRoot,uint64 amount,uint256 nonce,uint256 deadline)");

    /// @dev Two slots, the trail has one of its own. The first holds all that an invoice needs (an order with goods received is acknowledged and can't
    /// be cancelled any more), so that the issue of a receivable reads and writes one slot here.
    struct Entry {
        uint32 buyer;
        uint32 seller;
        OrderState state;
        bytes3 currency;
        uint64 received;
        uint64 invoiced;
        // second slot
        uint64 ordered;
        uint64 despatched;
    }

    /// @notice The only contract that invoices.
    address public immutable receivables;

    /// @dev The kinds of documents in a trail.
    uint8 private constant POSTED = 1;
    uint8 private constant AMENDED = 2;
    uint8 private constant DESPATCHED = 3;
    uint8 private constant RECEIVED = 4;

    mapping(bytes32 orderId => Entry) private _orders;
    /// @inheritdoc IOrders
    mapping(bytes32 orderId => bytes32 trail) public trailOf;

    constructor(IParticipants participants_, address receivables_) PartyActs("chainfin Orders", participants_) {
        receivables = receivables_;
    }

    /// @inheritdoc IOrders
    function post(PostParams calldata p) external {
        _post(p, msg.sender);
    }

    /// @inheritdoc IOrders
    function postBySig(PostParams calldata p, Auth calldata auth) external {
        _post(p, _authorize(auth, keccak256(abi.encode(POST, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IOrders
    function acknowledge(AcknowledgeParams calldata p) external {
        _acknowledge(p, msg.sender);
    }

    /// @inheritdoc IOrders
    function acknowledgeBySig(AcknowledgeParams calldata p, Auth calldata auth) external {
        _acknowledge(p, _authorize(auth, keccak256(abi.encode(ACKNOWLEDGE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IOrders
    function amend(AmendParams calldata p) external {
        _amend(p, msg.sender);
    }

    /// @inheritdoc IOrders
    function amendBySig(AmendParams calldata p, Auth calldata auth) external {
        _amend(p, _authorize(auth, keccak256(abi.encode(AMEND, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IOrders
    function cancel(CancelParams calldata p) external {
        _cancel(p, msg.sender);
    }

    /// @inheritdoc IOrders
    function cancelBySig(CancelParams calldata p, Auth calldata auth) external {
        _cancel(p, _authorize(auth, keccak256(abi.encode(CANCEL, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IOrders
    function despatch(DespatchParams calldata p) external {
        _despatch(p, msg.sender);
    }

    /// @inheritdoc IOrders
    function despatchBySig(DespatchParams calldata p, Auth calldata auth) external {
        _despatch(p, _authorize(auth, keccak256(abi.encode(DESPATCH, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IOrders
    function receiveGoods(ReceiveGoodsParams calldata p) external {
        _receiveGoods(p, msg.sender);
    }

    /// @inheritdoc IOrders
    function receiveGoodsBySig(ReceiveGoodsParams calldata p, Auth calldata auth) external {
        _receiveGoods(p, _authorize(auth, keccak256(abi.encode(RECEIVE_GOODS, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IOrders
    function invoice(bytes32 orderId, uint32 seller, uint64 amount)
        external
        onlySister(receivables)
        returns (uint32 buyer, bytes32 trail)
    {
        Entry storage o = _known(orderId);
        if (o.seller != seller) revert NotSeller(orderId, seller);
        uint256 wanted = uint256(o.invoiced) + amount;
        if (wanted > o.received) revert InvoiceExceedsReceived(orderId, wanted, o.received);
        o.invoiced = uint64(wanted); // fits: not above `received`
        return (o.buyer, trailOf[orderId]);
    }

    /// @inheritdoc IOrders
    function uninvoice(bytes32 orderId, uint64 amount) external onlySister(receivables) {
        _orders[orderId].invoiced -= amount;
    }

    /// @inheritdoc IOrders
    function order(bytes32 orderId) external view returns (Order memory) {
        Entry storage o = _orders[orderId];
        return Order({
            buyer: o.buyer,
            seller: o.seller,
            currency: o.currency,
            state: o.state,
            ordered: o.ordered,
            despatched: o.despatched,
            received: o.received,
            invoiced: o.invoiced,
            trail: trailOf[orderId]
        });
    }

    function _post(PostParams calldata p, address who) private {
        (uint32 buyer,) = participants.enter(who, Kinds.ORDER);
        if (_orders[p.orderId].state != OrderState.None) revert OrderExists(p.orderId);
        if (p.seller == buyer) revert SellerIsBuyer(buyer);
        participants.requireRole(p.seller, 0xffffffff);
        _requireAmount(p.amount);
        _requireCurrency(p.currency);
        _orders[p.orderId] = Entry(buyer, p.seller, OrderState.Posted, p.currency, 0, 0, p.amount, 0);
        _lengthen(p.orderId, POSTED, p.documentRoot, p.amount);
        emit Posted(p.orderId, buyer, p.seller, p.documentRoot, p.amount, p.currency);
    }

    function _acknowledge(AcknowledgeParams calldata p, address who) private {
        Entry storage o = _ofSeller(p.orderId, who);
        if (o.state != OrderState.Posted) revert OrderStateWrong(p.orderId, o.state);
        // Else the buyer could amend the order before the seller's word to it arrives.
        bytes32 trail = trailOf[p.orderId];
        if (p.trail != trail) revert OrderChanged(p.orderId, trail);
        o.state = OrderState.Acknowledged;
        emit Acknowledged(p.orderId, p.documentRoot);
    }

    function _amend(AmendParams calldata p, address who) private {
        Entry storage o = _ofBuyer(p.orderId, who);
        if (o.state == OrderState.Cancelled) revert OrderStateWrong(p.orderId, o.state);
        _requireAmount(p.amount);
        if (p.amount < o.despatched) revert AlreadyDespatched(p.orderId, o.despatched);
        o.ordered = p.amount;
        // The seller agreed to other terms: it has to agree again before anything more is despatched.
        o.state = OrderState.Posted;
        _lengthen(p.orderId, AMENDED, p.documentRoot, p.amount);
        emit Amended(p.orderId, p.documentRoot, p.amount);
    }

    function _cancel(CancelParams calldata p, address who) private {
        (uint32 party,) = participants.actor(who);
        Entry storage o = _known(p.orderId);
        if (o.buyer != party) revert NotBuyer(p.orderId, party);
        if (o.state == OrderState.Cancelled) revert OrderStateWrong(p.orderId, o.state);
        if (o.despatched != 0) revert AlreadyDespatched(p.orderId, o.despatched);
        o.state = OrderState.Cancelled;
        emit OrderCancelled(p.orderId);
    }

    function _despatch(DespatchParams calldata p, address who) private {
        Entry storage o = _ofSeller(p.orderId, who);
        if (o.state != OrderState.Acknowledged) revert OrderStateWrong(p.orderId, o.state);
        uint256 wanted = uint256(o.despatched) + p.amount;
        if (wanted > o.ordered) revert DespatchExceedsOrder(p.orderId, wanted, o.ordered);
        o.despatched = uint64(wanted); // fits: not above `ordered`
        _lengthen(p.orderId, DESPATCHED, p.documentRoot, p.amount);
        emit Despatched(p.orderId, p.documentRoot, p.amount, uint64(wanted));
    }

    function _receiveGoods(ReceiveGoodsParams calldata p, address who) private {
        // No check of the state: goods that were despatched can be received, whatever was amended since.
        Entry storage o = _ofBuyer(p.orderId, who);
        uint256 wanted = uint256(o.received) + p.amount;
        if (wanted > o.despatched) revert ReceiptExceedsDespatch(p.orderId, wanted, o.despatched);
        o.received = uint64(wanted); // fits: not above `despatched`
        _lengthen(p.orderId, RECEIVED, p.documentRoot, p.amount);
        emit GoodsReceived(p.orderId, p.documentRoot, p.amount, uint64(wanted));
    }

    /// @dev Each document that moves goods goes into the trail, so that whoever names the trail names them all.
    function _lengthen(bytes32 orderId, uint8 kind, bytes32 documentRoot, uint64 amount) private {
        trailOf[orderId] = keccak256(abi.encode(trailOf[orderId], kind, documentRoot, amount));
    }

    function _ofBuyer(bytes32 orderId, address who) private view returns (Entry storage o) {
        (uint32 party,) = participants.enter(who, Kinds.ORDER);
        o = _known(orderId);
        if (o.buyer != party) revert NotBuyer(orderId, party);
    }

    function _ofSeller(bytes32 orderId, address who) private view returns (Entry storage o) {
        (uint32 party,) = participants.enter(who, Kinds.ORDER);
        o = _known(orderId);
        if (o.seller != party) revert NotSeller(orderId, party);
    }

    function _known(bytes32 orderId) private view returns (Entry storage o) {
        o = _orders[orderId];
        if (o.state == OrderState.None) revert OrderUnknown(orderId);
    }

    function _requireCurrency(bytes3 currency) private pure {
        for (uint256 i = 0; i < 3; ++i) {
            if (currency[i] < "A" || currency[i] > "Z") revert CurrencyInvalid(currency);
        }
    }
}
