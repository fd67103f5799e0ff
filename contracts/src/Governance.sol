// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {IParticipants} from "./interfaces/IParticipants.sol";

/// @title Who governs Participants, and how soon: OpenZeppelin's AccessManager, under these rules from its first block on.
/// @notice The operator admits, suspends, resumes and pauses at once. A party's roles, the recovery of its key and every change
/// of these rules themselves (delay, operator, authority) are scheduled here, for all to see, and wait for the delay.
contract Governance is AccessManager {
    /// @notice Who may do the operator's daily acts. Everything else is the ADMIN_ROLE's.
    uint64 public constant OPERATOR_ROLE = 1;

    /// @param operator Gets both roles.
    /// @param participants Participants, not deployed yet.
    /// @param delay Seconds between announcing and doing what the ADMIN_ROLE does; 0 only for tests.
    constructor(address operator, address participants, uint32 delay) AccessManager(operator) {
        _setTargetFunctionRole(participants, IParticipants.admit.selector, OPERATOR_ROLE);
        _setTargetFunctionRole(participants, IParticipants.suspend.selector, OPERATOR_ROLE);
        _setTargetFunctionRole(participants, IParticipants.resume.selector, OPERATOR_ROLE);
        _setTargetFunctionRole(participants, IParticipants.pause.selector, OPERATOR_ROLE);
        _grantRole(OPERATOR_ROLE, operator, 0, 0);
        _grantRole(ADMIN_ROLE, operator, 0, delay);
    }
}
