// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {World} from "../World.sol";

/// @notice A debtor whose confirmations draw on a credit line, and an invoice that it has to confirm.
abstract contract LinedWorld is World {
    function setUp() public virtual override {
        super.setUp();
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], Roles.CORE | Roles.LINED));
        deliver(ORDER, FACE);
        issue(CLAIM, FACE);
    }

    function _set(uint256 pk, uint64 limit) internal {
        by(pk);
        receivables.setLine(IReceivables.SetLineParams(partyOf[BUYER], limit));
    }
}
