// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {InvariantsBase} from "./InvariantsBase.sol";
import {Replay} from "./Replay.sol";

/// @notice What holds after every sequence of acts of the parties in Handler.
/// @dev For each message of an assertion, analysis/broken.py has a bug that brings up this very message.
contract InvariantsTest is InvariantsBase {
    mapping(string what => mapping(bytes32 id => uint256)) private _sums;

    /// @notice What an indexer has from the events alone is what is stored: parties, their keys and pauses, orders,
    /// receivables, credit lines, banks' references, receipts, pledges and undertakings, field by field.
    /// @dev Nonces excepted: that an act used one up has no event of its own.
    function invariant_eventsAloneRebuildTheState() public view {
        (uint256 claims, uint256 stocks, uint256 rows) = _replay.counts();
        for (uint256 i = 0; i < claims; ++i) {
            bytes32 id = _replay.claimIds(i);
            eq32(keccak256(abi.encode(_claim(id))), keccak256(abi.encode(_replay.claim(id))), "receivable");
            eq(_receivables.childCount(id), _replay.childCount(id), "number of parts");
        }
        for (uint256 i = 0; i < stocks; ++i) {
            bytes32 id = _replay.goodsIds(i);
            eq32(keccak256(abi.encode(_goods(id))), keccak256(abi.encode(_replay.goods(id))), "receipt");
        }
        for (uint256 i = 0; i < rows; ++i) {
            bytes32 id = _replay.pledgeIds(i);
            IPledges.Pledge memory found = _pledges.pledgeOf(id);
            Replay.PledgeRow memory told = _replay.row(id);
            eq(uint256(found.state), uint256(told.state), "pledge state");
            eq(found.amount, told.amount, "pledge amount");
            eq(found.lender, told.lender, "pledge lender");
            eq(found.rank, told.rank, "pledge rank");
            eq(found.expiresAt, told.expiresAt, "pledge expiry");
            isTrue(found.drawn == told.drawn, "pledge drawn");
            eq(found.assetKind, told.kind, "pledge kind");
            isTrue(found.assetTag == bytes14(keccak256(abi.encode(told.assetId))), "pledge asset");
            isTrue((found.state == IPledges.PledgeState.Active) == (found.amount > 0), "active while it locks");
        }
        _linesFollowFromEvents();
        _referencesFollowFromEvents();
        _partiesFollowFromEvents();
        _ordersAndPromisesFollowFromEvents();
    }

    /// @dev Those that were told are used, and none beside them in the word in which it is stored.
    function _referencesFollowFromEvents() private view {
        for (uint256 i = 0; i < _replay.referenceCount(); ++i) {
            (uint32 bank, bytes32 bankRef) = _replay.references(i);
            isTrue(_receivables.bankRefUsed(bank, bankRef), "a bank's reference");
            bytes32 beside = bankRef ^ bytes32(uint256(1));
            bool told = _replay.bankRefUsed(bank, beside);
            isTrue(_receivables.bankRefUsed(bank, beside) == told, "the reference beside it");
        }
    }

    function _partiesFollowFromEvents() private view {
        uint32 parties = _participants.partyCount();
        eq(parties, _replay.partyCount(), "parties");
        for (uint32 id = 1; id <= parties; ++id) {
            IParticipants.Party memory found = _participants.party(id);
            IParticipants.Party memory told = _replay.party(id);
            eq32(found.commitment, told.commitment, "commitment");
            eq(_participants.partyByCommitment(told.commitment), id, "party of a commitment");
            eq(uint160(found.key), uint160(told.key), "key");
            eq(found.roles, told.roles, "roles");
            isTrue(found.suspended == told.suspended, "suspended");
        }
        for (uint256 i = 0; i < _replay.keyCount(); ++i) {
            address key = _replay.keys(i);
            eq(_participants.partyOf(key), _replay.partyOf(key), "for whom a key speaks");
        }
        eq(_participants.paused(), _replay.paused(), "paused");
    }

    function _linesFollowFromEvents() private view {
        uint32[2] memory debtors = _handler.debtors();
        uint32[2] memory lenders = _handler.lenders();
        for (uint256 i = 0; i < 2; ++i) {
            (uint64 limit, uint64 used) = _receivables.line(debtors[i]);
            (uint64 limitTold, uint64 usedTold) = _replay.line(debtors[i]);
            for (uint256 k = 0; k < 2; ++k) {
                uint64 own = _receivables.lineOf(lenders[k], debtors[i]);
                eq(own, _replay.lineOf(lenders[k], debtors[i]), "a lender's share of a line");
            }
            eq(limit, limitTold, "limit of a line");
            eq(used, usedTold, "used of a line");
        }
        isTrue(!_replay.lineMisstated(), "the total that an event told");
    }

    function _ordersAndPromisesFollowFromEvents() private view {
        for (uint256 i = 0; i < _replay.orderCount(); ++i) {
            bytes32 id = _replay.orderIds(i);
            eq32(keccak256(abi.encode(_orders.order(id))), keccak256(abi.encode(_replay.order(id))), "order");
        }
        for (uint256 i = 0; i < _replay.promiseCount(); ++i) {
            (bytes32 id, uint32 buyer) = _replay.promises(i);
            IPledges.Undertaking memory found = _pledges.undertakingOf(id, buyer);
            eq32(keccak256(abi.encode(found)), keccak256(abi.encode(_replay.undertaken(id, buyer))), "undertaking");
        }
    }

    /// @notice free + pledged + split away + settled + diluted = face, where what was settled is counted payment by payment;
    /// and what was split away or taken is the face of the parts that came of it. So through any split tree.
    function invariant_everyReceivableIsConserved() public {
        (uint256 claims,,) = _replay.counts();
        for (uint256 i = 0; i < claims; ++i) {
            bytes32 id = _replay.claimIds(i);
            IReceivables.Receivable memory c = _claim(id);
            uint256 held = uint256(c.free) + c.pledged + c.splitAway + c.diluted;
            eq(held + _replay.claim(id).settled, c.face, "all of a receivable is its face");
            _sums["children"][_replay.parentOf(id)] += c.face;
        }
        for (uint256 i = 0; i < claims; ++i) {
            bytes32 id = _replay.claimIds(i);
            eq(_claim(id).splitAway, _sums["children"][id], "split away is what the parts were made of");
        }
    }

    /// @notice free + pledged + released + liquidated + missing = issued, where what is missing is counted recount by recount;
    /// and what was liquidated is what the receipts taken out of it were issued for.
    function invariant_everyReceiptIsConserved() public {
        (, uint256 stocks,) = _replay.counts();
        for (uint256 i = 0; i < stocks; ++i) {
            bytes32 id = _replay.goodsIds(i);
            IWarehouseReceipts.Receipt memory g = _goods(id);
            uint256 held = uint256(g.free) + g.pledged + g.released + g.liquidated;
            eq(held + _replay.goods(id).missing, g.issued, "all of a receipt is what was issued");
            _sums["taken"][_replay.parentOf(id)] += g.issued;
        }
        for (uint256 i = 0; i < stocks; ++i) {
            bytes32 id = _replay.goodsIds(i);
            eq(_goods(id).liquidated, _sums["taken"][id], "liquidated is what was taken out");
        }
    }

    /// @notice What a debtor uses of its line is what it owes of all it confirmed under it and of their parts: neither
    /// paid nor credited.
    function invariant_usedOfALineIsWhatIsOwedUnderIt() public {
        (uint256 claims,,) = _replay.counts();
        for (uint256 i = 0; i < claims; ++i) {
            bytes32 id = _replay.claimIds(i);
            IReceivables.Receivable memory c = _claim(id);
            if (_replay.claim(id).lined) _sums["owed"][bytes32(uint256(c.debtor))] += uint256(c.free) + c.pledged;
        }
        uint32[2] memory debtors = _handler.debtors();
        for (uint256 i = 0; i < 2; ++i) {
            (, uint64 used) = _receivables.line(debtors[i]);
            eq(used, _sums["owed"][bytes32(uint256(debtors[i]))], "used of a line is what is owed under it");
        }
    }

    /// @notice No confirmation brought its debtor above what its lenders allowed at that moment.
    function invariant_noConfirmationBeyondALine() public view {
        eq32(_replay.beyondLine(), 0, "confirmed beyond the line");
    }

    /// @notice No part is under two live pledges: all those over an asset together lock no more than is left of it, and what
    /// it says is pledged is just their sum, also after a count found less than was pledged.
    function invariant_noPartUnderTwoPledges() public {
        (uint256 claims, uint256 stocks, uint256 rows) = _replay.counts();
        for (uint256 i = 0; i < rows; ++i) {
            bytes32 id = _replay.pledgeIds(i);
            Replay.PledgeRow memory r = _replay.row(id);
            _sums[r.kind == 1 ? "pledged" : "pledged goods"][r.assetId] += _pledges.pledgeOf(id).amount;
        }
        for (uint256 i = 0; i < claims; ++i) {
            bytes32 id = _replay.claimIds(i);
            IReceivables.Receivable memory c = _replay.claim(id);
            uint256 gone = uint256(c.settled) + c.splitAway + c.diluted;
            isTrue(_sums["pledged"][id] + gone <= c.face, "a part of a receivable is under two pledges");
            eq(_claim(id).pledged, _sums["pledged"][id], "pledged of a receivable is the sum of its pledges");
        }
        for (uint256 i = 0; i < stocks; ++i) {
            bytes32 id = _replay.goodsIds(i);
            IWarehouseReceipts.Receipt memory g = _replay.goods(id);
            uint256 gone = uint256(g.released) + g.liquidated + g.missing;
            isTrue(_sums["pledged goods"][id] + gone <= g.issued, "a part of a receipt is under two pledges");
            eq(_goods(id).pledged, _sums["pledged goods"][id], "pledged of a receipt is the sum of its pledges");
        }
    }

    /// @notice confirmed <= invoiced <= received <= despatched <= ordered, of every order, through any split tree: what is
    /// free, pledged, settled and diluted over all the parts of an order's receivables is what was invoiced.
    function invariant_matchOfEveryOrder() public {
        (uint256 claims,,) = _replay.counts();
        for (uint256 i = 0; i < claims; ++i) {
            bytes32 id = _replay.claimIds(i);
            IReceivables.Receivable memory c = _claim(id);
            _sums["all parts"][_replay.orderOf(id)] += uint256(c.free) + c.pledged + c.settled + c.diluted;
            if (c.confirmed && !c.part) _sums["confirmed"][_replay.orderOf(id)] += c.face;
        }
        for (uint256 i = 0; i < _replay.orderCount(); ++i) {
            bytes32 id = _replay.orderIds(i);
            IOrders.Order memory o = _orders.order(id);
            isTrue(o.despatched <= o.ordered, "despatched <= ordered");
            isTrue(o.received <= o.despatched, "received <= despatched");
            isTrue(o.invoiced <= o.received, "invoiced <= received");
            isTrue(_sums["confirmed"][id] <= o.invoiced, "confirmed <= invoiced");
            eq(_sums["all parts"][id], o.invoiced, "all parts together are what was invoiced");
        }
    }

    /// @notice Only the party itself moved its thing.
    function invariant_nobodyTrespassed() public view {
        eq32(keccak256(bytes(_handler.trespass())), keccak256(""), _handler.trespass());
    }

    /// @notice Every exit that was due went through, whoever was suspended, whatever paused: payment, release, expiry,
    /// enforcement, buy-back, withdrawal, credit note, dispute, default, goods handed out or counted.
    function invariant_exitsStayOpen() public view {
        eq32(keccak256(bytes(_handler.trapped())), keccak256(""), _handler.trapped());
    }

    /// @notice The handler isn't idle: in one long sequence each kind of act succeeds at least once, and all still holds.
    function test_handler__threeThousandSteps__everyActHappens() public {
        for (uint256 i = 0; i < 3_000; ++i) {
            _step(i);
        }
        invariant_eventsAloneRebuildTheState();
        invariant_everyReceivableIsConserved();
        invariant_everyReceiptIsConserved();
        invariant_usedOfALineIsWhatIsOwedUnderIt();
        invariant_noConfirmationBeyondALine();
        invariant_noPartUnderTwoPledges();
        invariant_matchOfEveryOrder();
        invariant_nobodyTrespassed();
        invariant_exitsStayOpen();
        _everyActHappened();
    }
}
