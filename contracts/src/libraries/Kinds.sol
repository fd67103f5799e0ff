// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Kinds of acts that can be paused, each a bit number of `Participants.paused()`.
/// @dev Exits (settle, draw, release, expire, enforce, cancel, credit, disputes, a lower credit line, key rotation) have no
/// kind: they can't be paused.
library Kinds {
    /// @dev Admission of new parties.
    uint8 internal constant ADMIT = 0;
    /// @dev Orders: post, acknowledge, amend, despatch, receipt of goods.
    uint8 internal constant ORDER = 1;
    /// @dev Issue of receivables.
    uint8 internal constant ISSUE = 2;
    /// @dev Confirmation of receivables.
    uint8 internal constant CONFIRM = 3;
    /// @dev Transfer and split of receivables, transfer of warehouse receipts.
    uint8 internal constant TRANSFER = 4;
    /// @dev Issue of warehouse receipts.
    uint8 internal constant RECEIPT = 5;
    /// @dev Pledges, undertakings over them, credit lines.
    uint8 internal constant PLEDGE = 6;
}
