// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {Away} from "../../src/libraries/Aways.sol";
import {Claim} from "../../src/libraries/Claims.sol";
import {Entry} from "../../src/libraries/Entries.sol";
import {Ids} from "../../src/libraries/Ids.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Stock} from "../../src/libraries/Stocks.sol";
import {Vm} from "../Vm.sol";
import {Pledges, Receivables, WarehouseReceipts} from "../Contracts.sol";

/// @notice The one cheatcode of halmos that isn't forge's: from now on every storage slot of `where` is arbitrary.
interface Svm {
    function enableSymbolicStorage(address where) external;
}

/// @notice The five contracts, in the bytecode that is deployed, with arbitrary contents.
/// @dev A `check_` function is proved for all its arguments and all contents of the five contracts, within the bounds that
/// analysis/README.md names. What is stated is "if the act goes through, then": a path that reverts proves and refutes
/// nothing. Contents are read slot by slot, because a view that reverts would be such a path.
abstract contract Symbolic {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    Svm internal constant svm = Svm(0xF3993A62377BCd56AE39D773740A5390411E8BC9);

    /// @dev Places of the mappings in storage, as the compiler's storage layout says; `check_layout` compares.
    uint256 private constant CLAIMS = 3;
    uint256 private constant AWAY = 4;
    uint256 private constant STOCKS = 3;
    uint256 private constant GONE = 5;
    uint256 private constant ENTRIES = 3;
    uint256 private constant PROMISES = 4;
    uint256 private constant NONCES = 2;
    uint256 private constant ACTORS = 4;
    uint256 private constant PAUSED = 9;

    IParticipants internal participants;
    IOrders internal orders;
    Receivables internal receivables;
    WarehouseReceipts internal receipts;
    Pledges internal pledges;

    /// @dev All that is stored of one receivable.
    struct Debt {
        Claim c;
        Away away;
    }

    /// @dev All quantities that are stored of one warehouse receipt.
    struct Goods {
        Stock s;
        uint64 released;
        uint64 liquidated;
    }

    /// @dev What a buy-back starts from: the promise, somebody else's, the part to be, and whether the payment paid before.
    struct Deal {
        IPledges.Undertaking undertaken;
        uint64 bought;
        uint256 other;
        bytes32 taken;
        bool used;
    }

    function setUp() public virtual {
        participants = IParticipants(create("Participants", abi.encode(address(0xacce55))));
        // halmos numbers new contracts; that these are the right addresses, the constructors check.
        address receivablesAt = address(uint160(address(participants)) + 2);
        address pledgesAt = address(uint160(address(participants)) + 4);
        orders = IOrders(create("Orders", abi.encode(participants, receivablesAt)));
        receivables = Receivables(create("Receivables", abi.encode(participants, orders, pledgesAt, uint32(184))));
        receipts = WarehouseReceipts(create("WarehouseReceipts", abi.encode(participants, pledgesAt)));
        pledges = Pledges(create("Pledges", abi.encode(participants, receivables, receipts)));
        svm.enableSymbolicStorage(address(participants));
        svm.enableSymbolicStorage(address(orders));
        svm.enableSymbolicStorage(address(receivables));
        svm.enableSymbolicStorage(address(receipts));
        svm.enableSymbolicStorage(address(pledges));
    }

    /// @dev Whoever sends, at whatever time (until 2106).
    function act(address who, uint32 time) internal {
        vm.warp(time);
        vm.prank(who);
    }

    function debt(bytes32 id) internal view returns (Debt memory d) {
        d.c = Claim.wrap(slot(address(receivables), id, CLAIMS));
        d.away = Away.wrap(slot(address(receivables), id, AWAY));
    }

    function goods(bytes32 id) internal view returns (Goods memory g) {
        g.s = Stock.wrap(slot(address(receipts), id, STOCKS));
        uint256 gone = slot(address(receipts), id, GONE);
        (g.released, g.liquidated) = (uint64(gone), uint64(gone >> 64));
    }

    function entry(bytes32 pledgeId) internal view returns (Entry) {
        return Entry.wrap(slot(address(pledges), pledgeId, ENTRIES));
    }

    /// @dev What this buyer undertook: amount 64 bits, last day 32, parts taken 64, made 1.
    function promised(bytes32 pledgeId, uint32 buyer) internal view returns (uint256) {
        bytes32 ofPledge = keccak256(abi.encode(pledgeId, PROMISES));
        return uint256(vm.load(address(pledges), keccak256(abi.encode(buyer, ofPledge))));
    }

    /// @dev `party` stands for everybody else who promised to buy back of this pledge.
    function deal(address bank, IPledges.BuyBackParams calldata p, uint32 party) internal view returns (Deal memory d) {
        vm.assume(party != p.buyer);
        (d.undertaken, d.other) = (pledges.undertakingOf(p.pledgeId, p.buyer), promised(p.pledgeId, party));
        d.bought = uint64(promised(p.pledgeId, p.buyer) >> 96);
        d.taken = Ids.boughtBack(p.pledgeId, p.buyer, d.bought);
        d.used = receivables.bankRefUsed(partyOf(bank), p.bankRef);
        // No part's id is that of what it comes from (README.md).
        vm.assume(p.assetId != d.taken);
    }

    /// @dev A bank attested it that isn't the buyer, by a payment that had paid nothing else; the buyer's promise, and no
    /// other, has shrunk by the amount, and the next part will have another number.
    function dealt(Deal memory d, address bank, IPledges.BuyBackParams calldata p, uint32 time, uint32 party)
        internal
        view
    {
        assert(hasRole(bank, Roles.BANK) && partyOf(bank) != p.buyer);
        assert(!d.used && receivables.bankRefUsed(partyOf(bank), p.bankRef));
        assert(p.amount != 0 && p.amount <= d.undertaken.amount && time / 1 days <= d.undertaken.untilDay);
        IPledges.Undertaking memory left = pledges.undertakingOf(p.pledgeId, p.buyer);
        assert(left.amount == d.undertaken.amount - p.amount && left.untilDay == d.undertaken.untilDay);
        // In 64 bits, as the contract counts: yices calls a sum in 256 wrong that isn't.
        assert(uint64(promised(p.pledgeId, p.buyer) >> 96) == d.bought + 1);
        assert(promised(p.pledgeId, party) == d.other);
    }

    /// @dev Conservation, in numbers that can't overflow: settled is the rest, so there has to be one.
    function conserved(Debt memory d) internal pure returns (bool) {
        return uint256(d.c.free()) + d.c.pledged() + d.away.splitAway() + d.away.diluted() <= d.c.face();
    }

    /// @dev Likewise for goods, where the rest is missing.
    function conserved(Goods memory g) internal pure returns (bool) {
        return uint256(g.s.free()) + g.s.pledged() + g.released + g.liquidated <= g.s.issued();
    }

    function partyOf(address who) internal view returns (uint32) {
        return participants.partyOf(who);
    }

    function hasRole(address who, uint32 role) internal view returns (bool) {
        (, uint32 roles) = participants.actor(who);
        return roles & role != 0;
    }

    /// @dev What Participants knows of a key: party 32 bits, roles 32, suspended 1, live 1.
    function wordOf(address key) internal view returns (uint256) {
        return slot(address(participants), bytes32(uint256(uint160(key))), ACTORS);
    }

    /// @dev Its party may do new business of this kind: admitted, not suspended, not paused, not an auditor alone.
    function open(address key, uint8 kind) internal view returns (bool) {
        bool paused = uint256(vm.load(address(participants), bytes32(PAUSED))) & (1 << kind) != 0;
        uint256 word = wordOf(key);
        return both(both((word >> 64) & 3 == 2, !paused), uint32(word >> 32) != Roles.AUDITOR);
    }

    /// @dev A live key of this party, suspended or not.
    function speaksFor(address key, uint32 party) internal view returns (bool) {
        uint256 word = wordOf(key);
        return both(word & (1 << 65) != 0, uint32(word) == party);
    }

    /// @dev The first 30 bytes of the asset's hash are the pledge's tag and the start of its id.
    function tied(Entry e, bytes32 pledgeId, bytes32 assetId) internal pure returns (bool) {
        uint256 bound = (uint256(uint112(e.tag())) << 128) | uint256(pledgeId >> 128);
        return uint256(keccak256(abi.encode(assetId))) >> 16 == bound;
    }

    /// @dev 256 nonces of one signer, a bit each.
    function noncesOf(address where, address signer, uint256 word) internal view returns (uint256) {
        bytes32 ofSigner = keccak256(abi.encode(signer, NONCES));
        return uint256(vm.load(where, keccak256(abi.encode(word, ofSigner))));
    }

    function same(Debt memory a, Debt memory b) internal pure returns (bool) {
        return both(Claim.unwrap(a.c) == Claim.unwrap(b.c), Away.unwrap(a.away) == Away.unwrap(b.away));
    }

    function same(Goods memory a, Goods memory b) internal pure returns (bool) {
        bool gone = both(a.released == b.released, a.liquidated == b.liquidated);
        return both(gone, Stock.unwrap(a.s) == Stock.unwrap(b.s));
    }

    /// @dev Both, and one of the two, in one path: `&&` and `||` are two each, and halmos follows every combination.
    function both(bool a, bool b) internal pure returns (bool c) {
        assembly ("memory-safe") {
            c := and(a, b)
        }
    }

    function either(bool a, bool b) internal pure returns (bool c) {
        assembly ("memory-safe") {
            c := or(a, b)
        }
    }

    function all(bool a, bool b, bool c, bool d) internal pure returns (bool) {
        return both(both(a, b), both(c, d));
    }

    /// @dev `a` if so, `b` if not, in one path.
    function pick(bool so, uint256 a, uint256 b) internal pure returns (uint256 c) {
        assembly ("memory-safe") {
            c := xor(b, mul(so, xor(a, b)))
        }
    }

    function slot(address where, bytes32 key, uint256 place) internal view returns (uint256) {
        return uint256(vm.load(where, keccak256(abi.encode(key, place))));
    }

    function create(string memory what, bytes memory args) private returns (address where) {
        bytes memory code =
            abi.encodePacked(vm.getCode(string.concat("out/symbolic/", what, ".sol/", what, ".json")), args);
        assembly ("memory-safe") {
            where := create(0, add(code, 32), mload(code))
        }
        require(where != address(0), what);
    }
}
