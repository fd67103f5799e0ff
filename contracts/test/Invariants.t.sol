// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../src/interfaces/IOrders.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {BatchHandler} from "./BatchHandler.sol";
import {Handler} from "./Handler.sol";
import {Replay} from "./Replay.sol";
import {Asserts} from "./Vm.sol";

/// @notice What holds after every sequence of acts of the parties in Handler.
contract InvariantsTest is Asserts {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler private _handler;
    Replay private _replay;
    IReceivables private _receivables;
    IWarehouseReceipts private _receipts;
    IPledges private _pledges;
    IOrders private _orders;

    mapping(bytes32 => uint256) private _sums;

    function setUp() public {
        _handler = new Handler();
        _handler.setUp();
        _replay = _handler.replay();
        (_receivables, _receipts, _pledges, _orders) = _handler.system();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[20] memory all = [
            Handler.order.selector,
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
            Handler.pledgePart.selector,
            Handler.drawOrExpire.selector,
            Handler.releasePledge.selector,
            Handler.enforcePledge.selector,
            Handler.govern.selector
        ];
        bytes4[] memory selectors = new bytes4[](32);
        for (uint256 i = 0; i < 20; ++i) {
            selectors[i] = all[i];
        }
        selectors[20] = Handler.passTime.selector;
        selectors[21] = Handler.pledgePart.selector;
        selectors[22] = Handler.promiseAndBuyBack.selector;
        selectors[23] = Handler.sellGoods.selector;
        selectors[24] = Handler.recountGoods.selector;
        selectors[25] = BatchHandler.setLine.selector;
        selectors[26] = BatchHandler.markDebtor.selector;
        selectors[27] = BatchHandler.issueSome.selector;
        selectors[28] = BatchHandler.confirmSome.selector;
        selectors[29] = BatchHandler.settleSome.selector;
        selectors[30] = BatchHandler.pledgeSome.selector;
        selectors[31] = BatchHandler.releaseSome.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), selectors);
    }

    /// @notice Each field of each receivable, credit line, receipt and pledge follows from the events alone; with the settled amount
    /// counted up event by event, so that it also shows free + pledged + split away + settled + diluted = face.
    function invariant_eventsAloneRebuildTheState() public view {
        (uint256 claims, uint256 stocks, uint256 rows) = _replay.counts();
        for (uint256 i = 0; i < claims; ++i) {
            bytes32 id = _replay.claimIds(i);
            IReceivables.Receivable memory found = _receivables.receivable(id);
            IReceivables.Receivable memory told = _replay.claim(id);
            eq32(keccak256(abi.encode(found)), keccak256(abi.encode(told)), "receivable");
            eq(uint256(told.free) + told.pledged + told.splitAway + told.settled + told.diluted, told.face, "face");
        }
        for (uint256 i = 0; i < stocks; ++i) {
            bytes32 id = _replay.goodsIds(i);
            IWarehouseReceipts.Receipt memory found = _receipts.receipt(id);
            IWarehouseReceipts.Receipt memory told = _replay.goods(id);
            eq32(keccak256(abi.encode(found)), keccak256(abi.encode(told)), "receipt");
            eq(uint256(told.free) + told.pledged + told.released + told.liquidated + told.missing, told.issued, "stock");
        }
        for (uint256 i = 0; i < rows; ++i) {
            bytes32 id = _replay.pledgeIds(i);
            IPledges.Pledge memory found = _pledges.pledgeOf(id);
            Replay.PledgeRow memory told = _replay.row(id);
            eq(uint256(found.state), uint256(told.state), "pledge state");
            eq(found.amount, told.amount, "pledge amount");
            eq(found.lender, told.lender, "pledge lender");
            eq(found.rank, told.rank, "pledge rank");
            isTrue(found.drawn == told.drawn && found.assetKind == told.kind, "pledge drawn, kind");
            isTrue((found.state == IPledges.PledgeState.Active) == (found.amount > 0), "active while it locks");
        }
        _linesFollowFromEvents();
    }

    function _linesFollowFromEvents() private view {
        uint32[2] memory debtors = _handler.debtors();
        uint32[2] memory lenders = _handler.lenders();
        for (uint256 i = 0; i < 2; ++i) {
            (uint64 limit, uint64 used) = _receivables.line(debtors[i]);
            (uint64 limitTold, uint64 usedTold) = _replay.line(debtors[i]);
            eq(limit, limitTold, "limit of a line");
            eq(used, usedTold, "used of a line");
            for (uint256 k = 0; k < 2; ++k) {
                uint64 own = _receivables.lineOf(lenders[k], debtors[i]);
                eq(own, _replay.lineOf(lenders[k], debtors[i]), "a lender's share of a line");
            }
        }
        isTrue(!_replay.lineMisstated(), "the total that an event told");
    }

    /// @notice What a debtor uses of its line is what it owes of all it confirmed under it and of their parts: neither
    /// paid nor credited.
    function invariant_usedOfALineIsWhatIsOwedUnderIt() public {
        (uint256 claims,,) = _replay.counts();
        for (uint256 i = 0; i < claims; ++i) {
            IReceivables.Receivable memory c = _receivables.receivable(_replay.claimIds(i));
            if (_replay.claim(_replay.claimIds(i)).lined) {
                _sums[bytes32(uint256(c.debtor))] += uint256(c.free) + c.pledged;
            }
        }
        uint32[2] memory debtors = _handler.debtors();
        for (uint256 i = 0; i < 2; ++i) {
            (, uint64 used) = _receivables.line(debtors[i]);
            eq(used, _sums[bytes32(uint256(debtors[i]))], "used of a line");
        }
    }

    /// @notice No confirmation brought its debtor above what its lenders allowed at that moment.
    function invariant_noConfirmationBeyondALine() public view {
        eq32(_replay.beyondLine(), 0, "confirmed beyond the line");
    }

    /// @notice No part is under two live pledges: what an asset says is pledged is the sum of its live pledges, also after a
    /// count found less than was pledged.
    function invariant_noPartUnderTwoPledges() public {
        (uint256 claims, uint256 stocks, uint256 rows) = _replay.counts();
        for (uint256 i = 0; i < rows; ++i) {
            Replay.PledgeRow memory r = _replay.row(_replay.pledgeIds(i));
            _sums[keccak256(abi.encode(r.kind, r.assetId))] += _pledges.pledgeOf(_replay.pledgeIds(i)).amount;
        }
        for (uint256 i = 0; i < claims; ++i) {
            bytes32 id = _replay.claimIds(i);
            eq(_receivables.receivable(id).pledged, _sums[keccak256(abi.encode(uint8(1), id))], "receivable");
        }
        for (uint256 i = 0; i < stocks; ++i) {
            IWarehouseReceipts.Receipt memory g = _receipts.receipt(_replay.goodsIds(i));
            uint256 sum = _sums[keccak256(abi.encode(uint8(2), _replay.goodsIds(i)))];
            eq(g.pledged, sum, "receipt");
        }
    }

    /// @notice confirmed <= invoiced <= received <= despatched <= ordered, of every order, through any split tree: what is
    /// free, pledged, settled and diluted over all the parts of an order's receivables is what was invoiced.
    function invariant_matchOfEveryOrder() public {
        (uint256 claims,,) = _replay.counts();
        for (uint256 i = 0; i < claims; ++i) {
            bytes32 id = _replay.claimIds(i);
            IReceivables.Receivable memory c = _receivables.receivable(id);
            _sums[_replay.orderOf(id)] += uint256(c.free) + c.pledged + c.settled + c.diluted;
            if (c.confirmed && !c.part) _sums[~_replay.orderOf(id)] += c.face;
        }
        for (uint256 i = 0; i < _handler.orderCount(); ++i) {
            bytes32 id = _handler.orderIds(i);
            IOrders.Order memory o = _orders.order(id);
            eq(_sums[id], o.invoiced, "all parts together are what was invoiced");
            isTrue(_sums[~id] <= o.invoiced, "confirmed <= invoiced");
            isTrue(o.invoiced <= o.received && o.received <= o.despatched && o.despatched <= o.ordered, "match");
        }
    }

    /// @notice Only the party itself moved its thing.
    function invariant_nobodyTrespassed() public view {
        eq32(keccak256(bytes(_handler.trespass())), keccak256(""), _handler.trespass());
    }

    /// @notice Payments, releases, recounts and enforcements that were due went through, whoever was suspended, whatever paused.
    function invariant_exitsStayOpen() public view {
        eq32(keccak256(bytes(_handler.trapped())), keccak256(""), _handler.trapped());
    }

    /// @notice The handler isn't idle: in one long sequence each kind of act succeeds at least once, and all still holds.
    function test_handler__threeThousandSteps__everyActHappens() public {
        bytes4[] memory selectors = targetSelectors()[0].selectors;
        for (uint256 i = 0; i < 3_000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("step", i)));
            bytes4 selector = selectors[seed % selectors.length];
            bytes memory arguments = abi.encode(seed >> 8, uint64(seed >> 32), (seed >> 200) & 1, (seed >> 201) & 1);
            if (selector == Handler.order.selector) arguments = abi.encode(uint64(seed >> 8), seed);
            if (selector == Handler.disputeClaim.selector || selector == Handler.drawOrExpire.selector) {
                arguments = abi.encode(seed >> 8, (seed >> 200) & 1);
            }
            (bool ok,) = address(_handler).call(abi.encodePacked(selector, arguments));
            isTrue(ok, "the handler never reverts");
        }
        invariant_eventsAloneRebuildTheState();
        invariant_usedOfALineIsWhatIsOwedUnderIt();
        invariant_noConfirmationBeyondALine();
        invariant_noPartUnderTwoPledges();
        invariant_matchOfEveryOrder();
        invariant_nobodyTrespassed();
        invariant_exitsStayOpen();
        _everyActHappened();
    }

    function _everyActHappened() private view {
        string[37] memory acts = [
            "order",
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
            "pledge",
            "draw",
            "expire",
            "release",
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
            "shrink",
            "enforce",
            "undertake",
            "buy back",
            "substitute"
        ];
        for (uint256 i = 0; i < 37; ++i) {
            isTrue(_handler.done(acts[i]) > 0, acts[i]);
        }
        isTrue(_replay.timesDrawn() > 0, "line drawn");
        isTrue(_replay.timesGivenBack() > 0, "line given back");
    }
}
