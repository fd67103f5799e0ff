// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Types of relayed acts that several tests sign, written out once more: not taken from the source.

string constant ISSUE_TYPE =
    "Issue(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay,uint256 nonce,uint256 deadline)";
string constant SPLIT_TYPE = "Split(bytes32 id,uint64[] amounts,uint256 nonce,uint256 deadline)";
string constant PLEDGE_TYPE =
    "Pledge(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,bytes32 registryNo,uint256 nonce,uint256 deadline)";
string constant SUBSTITUTE_TYPE =
    "Substitute(bytes32 soldPledgeId,bytes32 goodsId,uint64 quantity,bytes32 pledgeId,bytes32 receivableId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,bytes32 registryNo,uint256 nonce,uint256 deadline)";
string constant BUY_BACK_TYPE =
    "BuyBack(bytes32 pledgeId,bytes32 assetId,uint32 buyer,uint64 amount,bytes32 bankRef,bytes32 valuation,uint256 nonce,uint256 deadline)";
