// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "../interfaces/IReceivables.sol";

/// @notice What every act on a receivable touches, in one word, read once and written once an act.
/// @dev A word with readers instead of a struct: the compiler writes structs to storage member by member (200 gas each).
/// From the lowest bit, two layouts that share their upper part:
/// - confirmed (also cancelled, with amounts of zero): face 56, free 56, pledged 56, holder 32;
/// - not confirmed: face 56, tag 144. All of it is free then and the seller holds it, so neither needs a place; the tag
///   binds order, document and seller until the debtor names them;
/// - both: debtor 32, dueDay 16, state 4, confirmed 1, part 1, lined 1, one spare = 256 bits.
/// A day fits 16 bits until the year 2149. `settled` isn't stored: it is what face, free, pledged, split-away and diluted
/// leave.
type Claim is uint256;

using Claims for Claim global;

/// @title Readers and changes of a Claim. The changes don't check: that is the rules' part, beforehand.
library Claims {
    uint256 private constant AMOUNT = type(uint56).max;
    uint256 private constant CONFIRMED = 1 << 252;
    uint256 private constant PART = 1 << 253;
    uint256 private constant LINED = 1 << 254;

    /// @notice A new claim, not confirmed. `face_` has to fit 56 bits, `dueDay_` (days since 1970-01-01) 16.
    function create(uint64 face_, bytes18 tag_, uint32 debtor_, uint32 dueDay_) internal pure returns (Claim) {
        uint256 word = uint256(face_) | (uint256(uint144(tag_)) << 56) | (uint256(debtor_) << 200);
        return
            Claim.wrap(word | (uint256(dueDay_) << 232) | (uint256(uint8(IReceivables.ReceivableState.Issued)) << 248));
    }

    /// @notice What binds an unconfirmed claim to its order, document and seller.
    /// @dev 18 bytes: the debtor confirms what it was shown, so a seller would have to find two documents of one tag, at
    /// 2^72 hashes.
    function tagOf(bytes32 orderId, bytes32 documentRoot, uint32 seller) internal pure returns (bytes18) {
        return bytes18(keccak256(abi.encode(orderId, documentRoot, seller)));
    }

    /// @notice A part of `parent`, of no amount as yet: same debtor, due day, state and flags.
    function createPart(Claim parent, uint32 holder_) internal pure returns (Claim) {
        uint256 inherited = (Claim.unwrap(parent) >> 200) << 200;
        return Claim.wrap(inherited | PART | (uint256(holder_) << 168));
    }

    /// @notice One that had no amount: `face_` of it, all of it free.
    function withFace(Claim c, uint64 face_) internal pure returns (Claim) {
        return Claim.wrap(Claim.unwrap(c) | uint256(face_) | (uint256(face_) << 56));
    }

    function face(Claim c) internal pure returns (uint64) {
        return uint64(Claim.unwrap(c) & AMOUNT);
    }

    /// @notice Of one that isn't confirmed: what it is bound to (`tagOf`).
    function tag(Claim c) internal pure returns (bytes18) {
        return bytes18(uint144(Claim.unwrap(c) >> 56));
    }

    /// @notice Of a confirmed one.
    function free(Claim c) internal pure returns (uint64) {
        return uint64((Claim.unwrap(c) >> 56) & AMOUNT);
    }

    /// @notice Of a confirmed one.
    function pledged(Claim c) internal pure returns (uint64) {
        return uint64((Claim.unwrap(c) >> 112) & AMOUNT);
    }

    /// @notice Of a confirmed or cancelled one.
    function holder(Claim c) internal pure returns (uint32) {
        return uint32(Claim.unwrap(c) >> 168);
    }

    function debtor(Claim c) internal pure returns (uint32) {
        return uint32(Claim.unwrap(c) >> 200);
    }

    function dueDay(Claim c) internal pure returns (uint32) {
        return uint16(Claim.unwrap(c) >> 232);
    }

    function state(Claim c) internal pure returns (IReceivables.ReceivableState) {
        return IReceivables.ReceivableState((Claim.unwrap(c) >> 248) & 0xf);
    }

    /// @notice Whether it is in this state: cheaper than to read the state and compare.
    function isIn(Claim c, IReceivables.ReceivableState state_) internal pure returns (bool) {
        return (Claim.unwrap(c) >> 248) & 0xf == uint8(state_);
    }

    function confirmed(Claim c) internal pure returns (bool) {
        return Claim.unwrap(c) & CONFIRMED != 0;
    }

    function part(Claim c) internal pure returns (bool) {
        return Claim.unwrap(c) & PART != 0;
    }

    function lined(Claim c) internal pure returns (bool) {
        return Claim.unwrap(c) & LINED != 0;
    }

    /// @notice Nothing of a confirmed one is due any more: neither free nor pledged.
    function empty(Claim c) internal pure returns (bool) {
        return (Claim.unwrap(c) >> 56) & type(uint112).max == 0;
    }

    /// @notice `amount` of the free part is gone.
    function lessFree(Claim c, uint256 amount) internal pure returns (Claim) {
        return Claim.wrap(Claim.unwrap(c) - (amount << 56));
    }

    /// @notice `amount` more is free.
    function moreFree(Claim c, uint256 amount) internal pure returns (Claim) {
        return Claim.wrap(Claim.unwrap(c) + (amount << 56));
    }

    /// @notice `amount` of the pledged part is gone.
    function lessPledged(Claim c, uint256 amount) internal pure returns (Claim) {
        return Claim.wrap(Claim.unwrap(c) - (amount << 112));
    }

    /// @notice `amount` more is pledged.
    function morePledged(Claim c, uint256 amount) internal pure returns (Claim) {
        return Claim.wrap(Claim.unwrap(c) + (amount << 112));
    }

    function withHolder(Claim c, uint32 holder_) internal pure returns (Claim) {
        uint256 mask = uint256(type(uint32).max) << 168;
        return Claim.wrap((Claim.unwrap(c) & ~mask) | (uint256(holder_) << 168));
    }

    function withState(Claim c, IReceivables.ReceivableState state_) internal pure returns (Claim) {
        uint256 mask = uint256(0xf) << 248;
        return Claim.wrap((Claim.unwrap(c) & ~mask) | (uint256(uint8(state_)) << 248));
    }

    /// @notice The debtor owes it to `holder_`: the tag gives way to the amounts, all of it free.
    function withConfirmation(Claim c, uint32 holder_, bool drawsOnLine) internal pure returns (Claim) {
        uint256 amount = Claim.unwrap(c) & AMOUNT;
        uint256 upper = (Claim.unwrap(c.withState(IReceivables.ReceivableState.Confirmed)) >> 200) << 200;
        uint256 flags = drawsOnLine ? CONFIRMED | LINED : CONFIRMED;
        return Claim.wrap(upper | flags | amount | (amount << 56) | (uint256(holder_) << 168));
    }

    /// @notice Withdrawn before its confirmation: no amounts, but whose it was.
    function withCancellation(Claim c, uint32 holder_) internal pure returns (Claim) {
        uint256 upper = (Claim.unwrap(c.withState(IReceivables.ReceivableState.Cancelled)) >> 200) << 200;
        return Claim.wrap(upper | (uint256(holder_) << 168));
    }
}
