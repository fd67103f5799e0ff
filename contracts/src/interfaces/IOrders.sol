// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "./IActs.sol";

/// @title Purchase orders and what became of them: the left side of the three-way match.
interface IOrders {
    /// @param orderId Hash that names the order; chosen by the buyer's client, once.
    /// @param seller Party that is to deliver.
    /// @param documentRoot Salted Merkle root over the order's fields.
    /// @param amount Ordered, in minor units of `currency`.
    /// @param currency ISO 4217 code in ASCII.
    struct PostParams {
        bytes32 orderId;
        uint32 seller;
        bytes32 documentRoot;
        uint64 amount;
        bytes3 currency;
    }

    /// @param orderId The order.
    /// @param documentRoot Root of the order response.
    /// @param trail The order that is accepted, with all its changes: its trail (`trailOf`) as the seller knows it.
    struct AcknowledgeParams {
        bytes32 orderId;
        bytes32 documentRoot;
        bytes32 trail;
    }

    /// @param orderId The order.
    /// @param documentRoot Root of the changed order.
    /// @param amount The whole new amount, minor units; not below what was despatched.
    struct AmendParams {
        bytes32 orderId;
        bytes32 documentRoot;
        uint64 amount;
    }

    /// @param orderId The order; nothing of it despatched yet.
    struct CancelParams {
        bytes32 orderId;
    }

    /// @param orderId The order.
    /// @param documentRoot Root of the despatch advice.
    /// @param amount Value despatched now, minor units; adds to what was despatched before. 0 where goods replace what was
    /// sent back, or cost nothing.
    struct DespatchParams {
        bytes32 orderId;
        bytes32 documentRoot;
        uint64 amount;
    }

    /// @param orderId The order.
    /// @param documentRoot Root of the receipt advice.
    /// @param amount Value received now, minor units; adds to what was received before. 0 for goods that are sent back, of
    /// which the document tells: amounts only grow, and what is left of a line is between the documents and the registrar.
    struct ReceiveGoodsParams {
        bytes32 orderId;
        bytes32 documentRoot;
        uint64 amount;
    }

    enum OrderState {
        None,
        Posted,
        Acknowledged,
        Cancelled
    }

    /// @notice An order as stored; amounts in minor units of `currency`; ordered >= despatched >= received >= invoiced. What
    /// was despatched or received is the most that ever was: goods that go back take nothing off.
    /// @param buyer Party that ordered (the debtor of its receivables).
    /// @param seller Party that delivers.
    /// @param currency ISO 4217 code in ASCII.
    /// @param state Posted (awaits the seller), Acknowledged, Cancelled.
    /// @param trail What was ordered, despatched and received, document by document: see `trailOf`.
    struct Order {
        uint32 buyer;
        uint32 seller;
        bytes3 currency;
        OrderState state;
        uint64 ordered;
        uint64 despatched;
        uint64 received;
        uint64 invoiced;
        bytes32 trail;
    }

    event Posted(
        bytes32 indexed orderId,
        uint32 indexed buyer,
        uint32 indexed seller,
        bytes32 documentRoot,
        uint64 amount,
        bytes3 currency
    );
    event Acknowledged(bytes32 indexed orderId, bytes32 documentRoot);
    event Amended(bytes32 indexed orderId, bytes32 documentRoot, uint64 amount);
    event OrderCancelled(bytes32 indexed orderId);
    event Despatched(bytes32 indexed orderId, bytes32 documentRoot, uint64 amount, uint64 despatched);
    event GoodsReceived(bytes32 indexed orderId, bytes32 documentRoot, uint64 amount, uint64 received);

    /// @notice This id names an order already, of whomever.
    error OrderExists(bytes32 orderId);
    error OrderUnknown(bytes32 orderId);
    /// @notice The order is in a state that doesn't admit the act.
    error OrderStateWrong(bytes32 orderId, OrderState state);
    /// @notice It isn't the order any more that the seller accepts: its trail is `trail` now.
    error OrderChanged(bytes32 orderId, bytes32 trail);
    /// @notice Only the order's buyer may do this.
    error NotBuyer(bytes32 orderId, uint32 party);
    /// @notice Only the order's seller may do this.
    error NotSeller(bytes32 orderId, uint32 party);
    /// @notice Buyer and seller are the same party.
    error SellerIsBuyer(uint32 party);
    /// @notice The change would touch what was despatched already.
    error AlreadyDespatched(bytes32 orderId, uint64 despatched);
    /// @notice Despatch beyond the ordered amount.
    error DespatchExceedsOrder(bytes32 orderId, uint256 wanted, uint64 ordered);
    /// @notice Receipt beyond what was despatched.
    error ReceiptExceedsDespatch(bytes32 orderId, uint256 wanted, uint64 despatched);
    /// @notice Invoices beyond what was received.
    error InvoiceExceedsReceived(bytes32 orderId, uint256 wanted, uint64 received);
    /// @notice A currency that isn't three capital letters.
    error CurrencyInvalid(bytes3 currency);

    /// @notice The buyer posts an order.
    function post(PostParams calldata p) external;
    function postBySig(PostParams calldata p, Auth calldata auth) external;
    /// @notice The seller accepts the order, which it names with all its changes.
    function acknowledge(AcknowledgeParams calldata p) external;
    function acknowledgeBySig(AcknowledgeParams calldata p, Auth calldata auth) external;
    /// @notice The buyer changes what isn't despatched; the seller has to acknowledge again.
    function amend(AmendParams calldata p) external;
    function amendBySig(AmendParams calldata p, Auth calldata auth) external;
    /// @notice The buyer cancels an order of which nothing was despatched.
    function cancel(CancelParams calldata p) external;
    function cancelBySig(CancelParams calldata p, Auth calldata auth) external;
    /// @notice The seller despatches goods.
    function despatch(DespatchParams calldata p) external;
    function despatchBySig(DespatchParams calldata p, Auth calldata auth) external;
    /// @notice The buyer receives goods.
    function receiveGoods(ReceiveGoodsParams calldata p) external;
    function receiveGoodsBySig(ReceiveGoodsParams calldata p, Auth calldata auth) external;

    /// @notice By Receivables only: an invoice of `seller` over `amount`. Returns the debtor and the goods' trail.
    function invoice(bytes32 orderId, uint32 seller, uint64 amount) external returns (uint32 buyer, bytes32 trail);
    /// @notice By Receivables only: a receivable was cancelled before its confirmation.
    function uninvoice(bytes32 orderId, uint64 amount) external;

    /// @notice The only contract that invoices.
    function receivables() external view returns (address);
    function order(bytes32 orderId) external view returns (Order memory);
    /// @notice The goods' trail: 0 at first, then with each document
    /// keccak256(abi.encode(trail, uint8 kind, bytes32 documentRoot, uint64 amount)), kind 1 the order, 2 a changed order,
    /// 3 a despatch, 4 a receipt. A document's root commits to its lines, so the trail commits to the quantity of every
    /// line ordered, despatched and received: whoever knows the documents can check an invoice against it line by line.
    function trailOf(bytes32 orderId) external view returns (bytes32);
}
