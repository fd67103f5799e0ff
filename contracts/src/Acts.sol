// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {Auth, IActs} from "./interfaces/IActs.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";

/// @title Signed acts: who acts is whoever sent or signed, found by its key in Participants.
/// @dev Every act `foo` comes twice: sent by the party itself, and relayed (`fooBySig`) with an `Auth` over the EIP-712
/// struct `Foo(<members of FooParams>,uint256 nonce,uint256 deadline)`. A struct of static members is signed as
/// keccak256(abi.encode(TYPEHASH, p, nonce, deadline)).
abstract contract Acts is EIP712, IActs {
    bytes32 private constant REVOKE_NONCES =
        keccak256("RevokeNonces(uint256 word,uint256 mask,uint256 nonce,uint256 deadline)");

    /// @dev Amounts are stored in 56 bits, so that three of them and their parties share one storage slot.
    uint256 internal constant MAX_AMOUNT = type(uint56).max;

    /// @dev Bounds the gas of one batch.
    uint256 internal constant MAX_BATCH = 100;

    /// @dev Nonces are unordered: a bit each, 256 to a word, so that acts signed in parallel don't wait for each other.
    mapping(address signer => mapping(uint256 word => uint256 bits)) private _nonces;

    constructor(string memory name) EIP712(name, "1") {}

    /// @inheritdoc IActs
    function revokeNonces(uint256 word, uint256 mask) external {
        _revokeNonces(word, mask, msg.sender);
    }

    /// @inheritdoc IActs
    function revokeNoncesBySig(uint256 word, uint256 mask, Auth calldata auth) external {
        bytes32 structHash = keccak256(abi.encode(REVOKE_NONCES, word, mask, auth.nonce, auth.deadline));
        _revokeNonces(word, mask, _authorize(auth, structHash));
    }

    /// @inheritdoc IActs
    function nonceUsed(address signer, uint256 nonce) public view returns (bool) {
        return _nonces[signer][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @inheritdoc IActs
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _revokeNonces(uint256 word, uint256 mask, address signer) private {
        _nonces[signer][word] |= mask;
        emit NoncesRevoked(signer, word, mask);
    }

    /// @dev Checks a relayed act's signature and uses up its nonce.
    function _authorize(Auth calldata auth, bytes32 structHash) internal returns (address) {
        if (block.timestamp > auth.deadline) revert ActExpired(auth.deadline);
        mapping(uint256 => uint256) storage words = _nonces[auth.signer];
        uint256 word = auth.nonce >> 8;
        uint256 bits = words[word];
        uint256 bit = 1 << (auth.nonce & 0xff);
        if (bits & bit != 0) revert ActReplayed(auth.signer, auth.nonce);
        // Before the signature is looked at: an EIP-1271 signer is a call to foreign code.
        words[word] = bits | bit;
        _requireSigned(auth, structHash);
        return auth.signer;
    }

    /// @dev Checks a statement that serves once by what it names; its nonce only lets the signer withdraw it.
    function _attest(Auth calldata auth, bytes32 structHash) internal view returns (address) {
        if (block.timestamp > auth.deadline) revert ActExpired(auth.deadline);
        if (nonceUsed(auth.signer, auth.nonce)) revert ActReplayed(auth.signer, auth.nonce);
        _requireSigned(auth, structHash);
        return auth.signer;
    }

    /// @dev An account's signature first: to ask whether the signer is a contract costs 2,600 gas, which only those pay
    /// that are. No contract's address can be recovered from a signature.
    function _requireSigned(Auth calldata auth, bytes32 structHash) private view {
        bytes32 digest = _hashTypedDataV4(structHash);
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, auth.signature);
        if (failure == ECDSA.RecoverError.NoError && recovered == auth.signer) return;
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(auth.signer, digest, auth.signature)) {
            revert ActSignatureInvalid(auth.signer);
        }
    }

    function _requireRole(uint32 party, uint32 roles, uint32 role) internal pure {
        if (roles & role == 0) revert RoleMissing(party, role);
    }

    /// @dev EIP-712 of a batch: the array is signed as the hash of its items' hashes.
    function _batchHash(bytes32 typeHash, bytes32[] memory items, Auth calldata auth) internal pure returns (bytes32) {
        bytes32 array = keccak256(abi.encodePacked(items));
        return keccak256(abi.encode(typeHash, array, auth.nonce, auth.deadline));
    }

    function _requireBatch(uint256 items) internal pure {
        if (items == 0 || items > MAX_BATCH) revert BatchInvalid(items);
    }

    /// @dev Every refusal of ours has a reason; an item without one ran out of gas, and whoever relays a batch mustn't be
    /// able to have items refused by sending too little.
    function _requireReason(uint256 index, bytes memory reason) internal pure {
        if (reason.length == 0) revert BatchOutOfGas(index);
    }

    /// @dev Of a relayed batch something has to be done: else whoever relays it too early would use up its nonce.
    function _requireDone(uint256 done) internal pure returns (uint256) {
        if (done == 0) revert NothingDone();
        return done;
    }

    /// @dev An item of a batch is a call to oneself, so that its refusal undoes that item alone.
    modifier onlySelf() {
        if (msg.sender != address(this)) revert NotSelf(msg.sender);
        _;
    }

    function _requireAmount(uint256 amount) internal pure {
        if (amount == 0) revert AmountZero();
        if (amount > MAX_AMOUNT) revert AmountTooLarge(amount);
    }
}

/// @title Acts of admitted parties, for the contracts beside Participants.
abstract contract PartyActs is Acts {
    /// @notice The register of parties.
    IParticipants public immutable participants;

    constructor(string memory name, IParticipants participants_) Acts(name) {
        participants = participants_;
    }

    modifier onlySister(address sister) {
        if (msg.sender != sister) revert NotSister(msg.sender);
        _;
    }
}
