// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice A contract that isn't ours and answers whatever it likes: as the AccessManager of Participants, which so stands
/// for every one in every state, and as a signer that is a contract (EIP-1271).
contract Foreign {
    mapping(bytes32 question => bytes32 answer) private _answers;

    function canCall(address caller, address target, bytes4 selector) external view returns (bool, uint32) {
        uint256 answer = uint256(_answers[keccak256(abi.encode(caller, target, selector))]);
        return (answer & 1 != 0, uint32(answer >> 1));
    }

    function consumeScheduledOp(address caller, bytes calldata data) external view {
        require(_answers[keccak256(abi.encode(caller, keccak256(data)))] != 0);
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes32) {
        return _answers[digest];
    }
}

/// @notice Acts by signature, and those of the operator.
/// @dev ecrecover is any function at all to halmos: what is proved is that its answer was asked for exactly this act and
/// was the signer. A signature has 65 bytes here, also one for a contract.
abstract contract Signed is Symbolic {
    /// @dev Place of the AccessManager's address in Participants.
    uint256 private constant AUTHORITY = 3;

    Foreign internal foreign;

    /// @dev An Auth in parts, so that its signature's length is known.
    struct Sig {
        address signer;
        uint256 nonce;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @dev All that is known of somebody's nonces: those of the act and any others.
    struct Nonces {
        bool used;
        uint256 word;
        uint256 other;
    }

    function setUp() public virtual override {
        super.setUp();
        foreign = new Foreign();
        svm.enableSymbolicStorage(address(foreign));
        vm.store(address(participants), bytes32(AUTHORITY), bytes32(uint256(uint160(address(foreign)))));
    }

    /// @dev The five contracts sign nothing (they have no answer to EIP-1271): assumed, so that they aren't tried.
    function auth(Sig calldata g) internal view returns (Auth memory) {
        address who = g.signer;
        vm.assume(who != address(participants) && who != address(orders) && who != address(receivables));
        vm.assume(who != address(receipts) && who != address(pledges) && who != address(this));
        return Auth(g.signer, g.nonce, g.deadline, abi.encodePacked(g.r, g.s, g.v));
    }

    /// @dev Likewise, of an account: for acts that are long enough as they are.
    function accountAuth(Sig calldata g) internal view returns (Auth memory) {
        vm.assume(g.signer != address(foreign));
        return auth(g);
    }

    /// @dev The signer signed exactly this, for this contract on this chain.
    function signed(address where, Sig calldata g, bytes32 structHash) internal view returns (bool) {
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", IActs(where).domainSeparator(), structHash));
        bool account = both(g.signer != address(0), ecrecover(digest, g.v, g.r, g.s) == g.signer);
        bool answer = bytes4(foreign.isValidSignature(digest, "")) == 0x1626ba7e;
        return either(account, both(g.signer == address(foreign), answer));
    }

    function nonces(address where, Sig calldata g, address any, uint256 word) internal view returns (Nonces memory n) {
        n.word = noncesOf(where, g.signer, g.nonce >> 8);
        n.used = n.word & (1 << (g.nonce & 255)) != 0;
        n.other = noncesOf(where, any, word);
    }

    /// @dev The nonce was unused and is used, and no other has changed.
    function usedUp(address where, Sig calldata g, Nonces memory a, address any, uint256 word) internal view {
        Nonces memory b = nonces(where, g, any, word);
        assert(!a.used && b.used && b.word == a.word | (1 << (g.nonce & 255)));
        assert(either(b.other == a.other, both(any == g.signer, word == g.nonce >> 8)));
    }

    /// @dev The authority lets `who` do this at once, or has let it be scheduled.
    function operator(address who, bytes4 selector) internal view returns (bool) {
        (bool atOnce, uint32 delay) = foreign.canCall(who, address(participants), selector);
        return either(atOnce, delay != 0);
    }
}
