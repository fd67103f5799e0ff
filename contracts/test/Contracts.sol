// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../src/interfaces/IActs.sol";
import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";

/// @dev The tests know the contracts by their interfaces alone, so that a change of a source doesn't recompile all of them.
interface Participants is IParticipants, IActs {}

interface Orders is IOrders, IActs {}

interface Receivables is IReceivables, IActs {
    function issueItem(IssueParams calldata p, bytes32 trail, uint32 seller, uint32 attester) external;
    function confirmItem(ConfirmParams calldata p, uint32 party, uint32 roles) external;
    function settleItem(SettleParams calldata p, uint32 bank) external;
}

interface WarehouseReceipts is IWarehouseReceipts, IActs {}

interface Pledges is IPledges, IActs {
    function pledgeItem(PledgeParams calldata p, uint32 lender, uint32 holder, bytes32 registryNo) external;
    function releaseItem(ReleaseParams calldata p, uint32 party) external;
}
