// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {Batching} from "./Batching.sol";
import {Replay} from "./Replay.sol";
import {Vm} from "./Vm.sol";

/// @notice Who acts in the invariants, on what, and what is written down of it.
abstract contract HandlerBase is Batching {
    /// @dev A second core enterprise, whose confirmations draw on a line from the start.
    uint256 internal constant BUYER2 = 0xb2;

    uint256[11] internal _keys;
    /// @dev Actors are known by their first keys. Of one that changed its key: the last one, and the one before.
    mapping(uint256 pk => uint256 key) internal _newKeys;
    mapping(uint256 pk => uint256 key) internal _spentKeys;
    Replay public replay;
    uint256 internal _count;
    bool internal _doneNow;
    bytes32 internal _disputed;
    bytes32 internal _undrawn;
    bytes32 internal _usedRef;
    bytes32 internal _promised;

    /// @notice An act that succeeded though the actor had no right to it.
    string public trespass;
    /// @notice An exit that was due and was refused.
    string public trapped;
    /// @notice How often each kind of act succeeded, so that an idle run is seen.
    mapping(string act => uint256 times) public done;

    /// @dev forge records the logs of reverted calls too: only an act that was done is told to the replay.
    modifier logged() {
        _doneNow = false;
        _;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (_doneNow) replay.apply_(logs);
    }

    function setUp() public virtual override {
        vm.recordLogs();
        super.setUp();
        admit(BUYER2, Roles.CORE | Roles.LINED);
        _keys = [BUYER, BUYER2, SELLER, TIER2, LENDER, LENDER2, KEEPER, BANK, REGISTRAR, DISTRIBUTOR, STRANGER];
        replay = new Replay(
            address(participants), address(orders), address(receivables), address(receipts), address(pledges)
        );
        replay.apply_(vm.getRecordedLogs());
    }

    function system() external view returns (IParticipants, IOrders, IReceivables, IWarehouseReceipts, IPledges) {
        return (participants, orders, receivables, receipts, pledges);
    }

    function debtors() external view returns (uint32[2] memory) {
        return [partyOf[BUYER], partyOf[BUYER2]];
    }

    function lenders() external view returns (uint32[2] memory) {
        return [partyOf[LENDER], partyOf[LENDER2]];
    }

    function keyOf(uint256 pk) internal view override returns (uint256) {
        return _newKeys[pk] == 0 ? pk : _newKeys[pk];
    }

    /// @dev Who acts: three times in four the party whose act it is, else anybody.
    function _actor(uint256 right, uint256 seed) internal view returns (uint256) {
        uint256 any = _mixed(~seed);
        return any % 4 == 0 ? _keys[(any >> 8) % 11] : right;
    }

    /// @dev forge's seeds are small numbers and amounts as often as not, whose upper bits would always choose the same.
    function _mixed(uint256 seed) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }

    function _holderKey(uint32 party) internal view returns (uint256) {
        for (uint256 i = 0; i < 10; ++i) {
            if (partyOf[_keys[i]] == party) return _keys[i];
        }
        return STRANGER;
    }

    /// @dev A stranger is no party: it is never the one whose act it is, also where there is none.
    function _is(uint256 pk, uint32 party) internal view returns (bool) {
        return party != 0 && partyOf[pk] == party;
    }

    function _next() internal returns (bytes32) {
        return keccak256(abi.encode("id", ++_count));
    }

    /// @dev Any of the first `n`, or (every other time) one of the last six: else nothing gets old enough to end.
    function _pick(uint256 seed, uint256 n) internal pure returns (uint256) {
        seed = _mixed(seed);
        uint256 from = seed & (1 << 40) != 0 && n > 6 ? n - 6 : 0;
        return from + (seed >> 41) % (n - from);
    }

    function _orderId(uint256 seed) internal view returns (bytes32) {
        return replay.orderIds(_pick(seed, replay.orderCount()));
    }

    function _claimId(uint256 seed) internal view returns (bytes32) {
        (uint256 claims,,) = replay.counts();
        return claims == 0 ? bytes32("none") : replay.claimIds(_pick(seed, claims));
    }

    /// @dev Mostly one in this state: a few tries, else hardly one would be.
    function _claimIn(uint256 seed, IReceivables.ReceivableState state) internal view returns (bytes32 id) {
        id = _claimId(seed);
        if (seed % 8 == 1) return id;
        for (uint256 i = 0; i < 6 && replay.claim(id).state != state; ++i) {
            id = _claimId(uint256(keccak256(abi.encode(seed, i))));
        }
    }

    function _goodsId(uint256 seed) internal view returns (bytes32) {
        (, uint256 stocks,) = replay.counts();
        return stocks == 0 ? bytes32("none") : replay.goodsIds(_pick(seed, stocks));
    }

    function _pledgeId(uint256 seed) internal view returns (bytes32) {
        (,, uint256 rows) = replay.counts();
        return rows == 0 ? bytes32("none") : replay.pledgeIds(_pick(seed, rows));
    }

    /// @dev Mostly a live one (of this kind, if one is named): a few tries, else hardly one would be.
    function _livePledge(uint256 seed, uint8 kind) internal view returns (bytes32 id) {
        id = _pledgeId(seed);
        if (seed % 8 == 1) return id;
        for (uint256 i = 0; i < 6; ++i) {
            Replay.PledgeRow memory r = replay.row(id);
            if (r.state == IPledges.PledgeState.Active && (kind == 0 || r.kind == kind)) break;
            id = _pledgeId(uint256(keccak256(abi.encode(seed, i))));
        }
    }

    /// @dev Every other time all that is left, else anything, also beyond it.
    function _some(uint256 seed, uint64 amount, uint64 left) internal pure returns (uint64) {
        return seed % 2 == 0 && left > 0 ? left : uint64(bound(amount, 1, FACE / 4));
    }

    function _result(string memory act, bool allowed) internal {
        _doneNow = true;
        done[act] += 1;
        if (!allowed) trespass = act;
    }

    function _refused(string memory act, bool due) internal {
        if (due) trapped = act;
    }
}
