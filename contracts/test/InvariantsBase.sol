// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {BatchHandler} from "./BatchHandler.sol";
import {Handler} from "./Handler.sol";
import {OrderHandler} from "./OrderHandler.sol";
import {PledgeHandler} from "./PledgeHandler.sol";
import {Replay} from "./Replay.sol";
import {Asserts} from "./Vm.sol";

/// @notice What forge calls between the invariants, and how these read what is stored.
abstract contract InvariantsBase is Asserts {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler internal _handler;
    Replay internal _replay;
    IParticipants internal _participants;
    IOrders internal _orders;
    IReceivables internal _receivables;
    IWarehouseReceipts internal _receipts;
    IPledges internal _pledges;

    function setUp() public {
        _handler = new Handler();
        _handler.setUp();
        _replay = _handler.replay();
        (_participants, _orders, _receivables, _receipts, _pledges) = _handler.system();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev What stands here twice is tried twice as often.
    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[41] memory all = [
            OrderHandler.order.selector,
            OrderHandler.acknowledgeOrder.selector,
            OrderHandler.amendOrder.selector,
            OrderHandler.cancelOrder.selector,
            OrderHandler.despatchSome.selector,
            OrderHandler.receiveSome.selector,
            Handler.issueClaim.selector,
            Handler.issueClaim.selector,
            Handler.confirmClaim.selector,
            Handler.confirmClaim.selector,
            Handler.cancelClaim.selector,
            Handler.disputeClaim.selector,
            Handler.creditClaim.selector,
            Handler.splitClaim.selector,
            Handler.transferClaim.selector,
            Handler.settleFree.selector,
            Handler.settlePledged.selector,
            Handler.declareDefault.selector,
            Handler.storeGoods.selector,
            Handler.moveGoods.selector,
            Handler.recountGoods.selector,
            Handler.correctGoods.selector,
            PledgeHandler.pledgePart.selector,
            PledgeHandler.pledgePart.selector,
            PledgeHandler.drawOrExpire.selector,
            PledgeHandler.releasePledge.selector,
            PledgeHandler.enforcePledge.selector,
            PledgeHandler.promiseAndBuyBack.selector,
            PledgeHandler.promiseAndBuyBack.selector,
            PledgeHandler.payOffPledge.selector,
            PledgeHandler.sellGoods.selector,
            BatchHandler.setLine.selector,
            BatchHandler.markDebtor.selector,
            BatchHandler.issueSome.selector,
            BatchHandler.confirmSome.selector,
            BatchHandler.settleSome.selector,
            BatchHandler.pledgeSome.selector,
            BatchHandler.releaseSome.selector,
            Handler.govern.selector,
            Handler.changeKey.selector,
            Handler.passTime.selector
        ];
        bytes4[] memory selectors = new bytes4[](all.length);
        for (uint256 i = 0; i < all.length; ++i) {
            selectors[i] = all[i];
        }
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), selectors);
    }

    /// @dev What is settled or missing isn't stored but what the rest leaves: where the rest is more than the whole, the
    /// contract can't answer.
    function _claim(bytes32 id) internal view returns (IReceivables.Receivable memory) {
        try _receivables.receivable(id) returns (IReceivables.Receivable memory c) {
            return c;
        } catch {
            revert NotTrue("a receivable holds more than its face");
        }
    }

    function _goods(bytes32 id) internal view returns (IWarehouseReceipts.Receipt memory) {
        try _receipts.receipt(id) returns (IWarehouseReceipts.Receipt memory g) {
            return g;
        } catch {
            revert NotTrue("a receipt holds more than was issued");
        }
    }

    /// @dev The i-th step of a long sequence, the same in every run; arguments that a function doesn't have, it ignores.
    function _step(uint256 i) internal {
        bytes4[] memory selectors = targetSelectors()[0].selectors;
        uint256 seed = uint256(keccak256(abi.encode("step", i)));
        bytes4 selector = selectors[seed % selectors.length];
        bytes memory arguments = abi.encode(seed >> 8, uint64(seed >> 32), (seed >> 200) & 1, (seed >> 201) & 1);
        if (selector == Handler.disputeClaim.selector || selector == PledgeHandler.drawOrExpire.selector) {
            arguments = abi.encode(seed >> 8, (seed >> 200) & 1);
        }
        (bool ok,) = address(_handler).call(abi.encodePacked(selector, arguments));
        isTrue(ok, "the handler never reverts");
    }

    function _everyActHappened() internal view {
        string[46] memory acts = [
            "order",
            "acknowledge",
            "amend",
            "cancel order",
            "despatch",
            "receive",
            "issue",
            "confirm",
            "cancel",
            "resolve",
            "dispute",
            "credit",
            "split",
            "transfer",
            "settle",
            "settle pledged",
            "default",
            "store",
            "goods transfer",
            "goods release",
            "recount",
            "shrink",
            "correct",
            "pledge",
            "draw",
            "expire",
            "release",
            "enforce",
            "undertake",
            "buy back",
            "pay off",
            "substitute",
            "set line",
            "mark",
            "issue batch",
            "issue batch, one refused",
            "confirm batch",
            "confirm batch, one refused",
            "settle batch",
            "settle batch, one refused",
            "pledge batch",
            "pledge batch, one refused",
            "release batch",
            "release batch, one refused",
            "rotate key",
            "recover key"
        ];
        for (uint256 i = 0; i < acts.length; ++i) {
            isTrue(_handler.done(acts[i]) > 0, acts[i]);
        }
        isTrue(_replay.timesDrawn() > 0, "line drawn");
        isTrue(_replay.timesGivenBack() > 0, "line given back");
    }
}
