// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A signature over one EIP-712 act. `signer` is the party's key: an account, or a contract that answers EIP-1271.
/// @param signer Address whose signature it is.
/// @param nonce Unordered: any number that this signer hasn't used on this contract; neighbours share a storage word.
/// @param deadline Last second (unix time) at which the act may be carried out.
/// @param signature 65 bytes (r, s, v), or whatever the signer's contract expects.
struct Auth {
    address signer;
    uint256 nonce;
    uint256 deadline;
    bytes signature;
}

/// @title What all five contracts have in common: acts are signed by the party whose acts they are.
interface IActs {
    /// @notice Nonces of `signer` in `word` (nonce >> 8) were used up or withdrawn; `mask` has a bit for each (nonce & 255).
    event NoncesRevoked(address indexed signer, uint256 word, uint256 mask);

    /// @notice The act's deadline (unix seconds) has passed.
    error ActExpired(uint256 deadline);
    /// @notice This nonce of this signer was used or withdrawn already.
    error ActReplayed(address signer, uint256 nonce);
    /// @notice The signature isn't the signer's over this act, on this contract and chain.
    error ActSignatureInvalid(address signer);
    /// @notice The party lacks the role that the act asks for (a bit of `Roles`).
    error RoleMissing(uint32 party, uint32 role);
    /// @notice The party attests what it did itself: its own invoice as registrar, its own payment as bank, goods of
    /// its own (or pledged to it) as keeper.
    error SelfAttested(uint32 party);
    /// @notice An amount or quantity of zero.
    error AmountZero();
    /// @notice More than the storage's 2^56 - 1 minor units (or thousandths of a unit).
    error AmountTooLarge(uint256 amount);
    /// @notice A batch of none or of more than 100 items.
    error BatchInvalid(uint256 items);
    /// @notice Every item of a relayed batch is refused: so is the batch, and its signature stays good until its deadline.
    error NothingDone();
    /// @notice The gas sent along isn't enough for this item (by its index): the whole batch is refused.
    error BatchOutOfGas(uint256 index);
    /// @notice Only the contract itself calls this, for an item of a batch.
    error NotSelf(address caller);
    /// @notice Only the named sister contract may call this.
    error NotSister(address caller);
    /// @notice At deployment: the sister contract isn't where it was expected.
    error WiringWrong(address expected, address found);

    /// @notice Withdraws the caller's own nonces before somebody uses what was signed with them.
    /// @param word Which 256 nonces: nonce >> 8.
    /// @param mask A bit for each nonce of that word: 1 << (nonce & 255).
    function revokeNonces(uint256 word, uint256 mask) external;
    function revokeNoncesBySig(uint256 word, uint256 mask, Auth calldata auth) external;

    /// @notice Whether the signer's nonce is used up (or withdrawn) on this contract.
    function nonceUsed(address signer, uint256 nonce) external view returns (bool);

    /// @notice The EIP-712 domain separator of this contract on this chain.
    function domainSeparator() external view returns (bytes32);
}
