// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {ISSUE_TYPE, PLEDGE_TYPE, SPLIT_TYPE} from "./RelayedTypes.sol";
import {World} from "./World.sol";

/// @notice Every act relayed by somebody who is no party, with its type written out once more: the source and these
/// tests would both have to be wrong in the same letter.
contract RelayedTest is World {
    uint256 private constant OPERATOR = 0x09;
    uint256 private constant NEW = 0x4e77;

    function setUp() public override {
        super.setUp();
        manager.grantRole(manager.ADMIN_ROLE(), vm.addr(OPERATOR), 0);
        manager.grantRole(OPERATOR_ROLE, vm.addr(OPERATOR), 0);
    }

    function test_participants__everyAct__done() public {
        IParticipants.AdmitParams memory a = admission(NEW, Roles.SUPPLIER);
        Auth memory proof = joinProof(a, NEW);
        uint32 id = participants.admitBySig(
            a,
            proof,
            sign(
                OPERATOR,
                participants,
                "Admit(bytes32 commitment,uint32 roles,address key,uint256 nonce,uint256 deadline)",
                abi.encode(a)
            )
        );
        participants.suspendBySig(
            IParticipants.SuspendParams(id),
            sign(OPERATOR, participants, "Suspend(uint32 party,uint256 nonce,uint256 deadline)", abi.encode(id))
        );
        isTrue(participants.party(id).suspended, "suspended");
        participants.resumeBySig(
            IParticipants.ResumeParams(id),
            sign(OPERATOR, participants, "Resume(uint32 party,uint256 nonce,uint256 deadline)", abi.encode(id))
        );
        isTrue(!participants.party(id).suspended, "resumed");
        participants.setRolesBySig(
            IParticipants.SetRolesParams(id, Roles.BANK),
            sign(
                OPERATOR,
                participants,
                "SetRoles(uint32 party,uint32 roles,uint256 nonce,uint256 deadline)",
                abi.encode(id, Roles.BANK)
            )
        );
        eq(participants.party(id).roles, Roles.BANK, "roles");
        participants.pauseBySig(
            IParticipants.PauseParams(4),
            sign(OPERATOR, participants, "Pause(uint256 kinds,uint256 nonce,uint256 deadline)", abi.encode(4))
        );
        eq(participants.paused(), 4, "paused");
    }

    function test_keys__rotatedAndRecovered__done() public {
        address second = vm.addr(0x777);
        participants.rotateKeyBySig(
            IParticipants.RotateKeyParams(second),
            succession(0x777, partyOf[SELLER], vm.addr(SELLER), 0x777),
            sign(SELLER, participants, "RotateKey(address newKey,uint256 nonce,uint256 deadline)", abi.encode(second))
        );
        eq(participants.partyOf(second), partyOf[SELLER], "rotated");
        IParticipants.RecoverKeyParams memory r = IParticipants.RecoverKeyParams(partyOf[SELLER], second, vm.addr(NEW));
        Auth memory proof = succession(NEW, partyOf[SELLER], second, NEW);
        Auth memory auth = sign(
            OPERATOR,
            participants,
            "RecoverKey(uint32 party,address oldKey,address newKey,uint256 nonce,uint256 deadline)",
            abi.encode(r)
        );
        participants.recoverKeyBySig(r, proof, auth);
        eq(participants.partyOf(vm.addr(NEW)), partyOf[SELLER], "recovered");
    }

    function _orderDone() private {
        IOrders.PostParams memory p = IOrders.PostParams(ORDER, partyOf[SELLER], ROOT, FACE, "CNY");
        orders.postBySig(
            p,
            sign(
                BUYER,
                orders,
                "Post(bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 amount,bytes3 currency,uint256 nonce,uint256 deadline)",
                abi.encode(p)
            )
        );
        IOrders.AmendParams memory m = IOrders.AmendParams(ORDER, ROOT, FACE + 5);
        orders.amendBySig(
            m,
            sign(
                BUYER,
                orders,
                "Amend(bytes32 orderId,bytes32 documentRoot,uint64 amount,uint256 nonce,uint256 deadline)",
                abi.encode(m)
            )
        );
        IOrders.AcknowledgeParams memory a = IOrders.AcknowledgeParams(ORDER, ROOT, orders.trailOf(ORDER));
        orders.acknowledgeBySig(
            a,
            sign(
                SELLER,
                orders,
                "Acknowledge(bytes32 orderId,bytes32 documentRoot,bytes32 trail,uint256 nonce,uint256 deadline)",
                abi.encode(a)
            )
        );
        IOrders.DespatchParams memory d = IOrders.DespatchParams(ORDER, ROOT, FACE);
        orders.despatchBySig(
            d,
            sign(
                SELLER,
                orders,
                "Despatch(bytes32 orderId,bytes32 documentRoot,uint64 amount,uint256 nonce,uint256 deadline)",
                abi.encode(d)
            )
        );
        IOrders.ReceiveGoodsParams memory r = IOrders.ReceiveGoodsParams(ORDER, ROOT, FACE);
        orders.receiveGoodsBySig(
            r,
            sign(
                BUYER,
                orders,
                "ReceiveGoods(bytes32 orderId,bytes32 documentRoot,uint64 amount,uint256 nonce,uint256 deadline)",
                abi.encode(r)
            )
        );
    }

    function test_orders__everyAct__done() public {
        _orderDone();
        eq(orders.order(ORDER).received, FACE, "received");
        postOrder("order 2", 5);
        orders.cancelBySig(
            IOrders.CancelParams("order 2"),
            sign(
                BUYER, orders, "Cancel(bytes32 orderId,uint256 nonce,uint256 deadline)", abi.encode(bytes32("order 2"))
            )
        );
    }

    function _receivable(string memory typeString, uint256 pk, bytes memory members) private returns (Auth memory) {
        return sign(pk, receivables, string.concat(typeString, ",uint256 nonce,uint256 deadline)"), members);
    }

    function _issued() private {
        _orderDone();
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        Auth memory registrar = attest(p);
        receivables.issueBySig(p, registrar, sign(SELLER, receivables, ISSUE_TYPE, abi.encode(p)));
    }

    function test_receivables__issueDisputeCancel__done() public {
        _issued();
        receivables.disputeBySig(
            IReceivables.DisputeParams(CLAIM, ROOT),
            _receivable("Dispute(bytes32 id,bytes32 documentRoot", BUYER, abi.encode(CLAIM, ROOT))
        );
        receivables.resolveDisputeBySig(
            IReceivables.ResolveDisputeParams(CLAIM), _receivable("ResolveDispute(bytes32 id", BUYER, abi.encode(CLAIM))
        );
        receivables.cancelBySig(
            IReceivables.CancelParams(CLAIM, ORDER, ROOT),
            _receivable(
                "Cancel(bytes32 id,bytes32 orderId,bytes32 documentRoot", SELLER, abi.encode(CLAIM, ORDER, ROOT)
            )
        );
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Cancelled), "state");
    }

    function test_receivables__confirmSplitCreditTransferSettleDefault__done() public {
        _issued();
        confirm(CLAIM, FACE);
        uint64[] memory amounts = new uint64[](3);
        (amounts[0], amounts[1], amounts[2]) = (10, 20, 30);
        // EIP-712 of an array: the hash of its members, each in 32 bytes.
        bytes32 hash = keccak256(abi.encode(uint256(10), uint256(20), uint256(30)));
        receivables.splitBySig(
            IReceivables.SplitParams(CLAIM, amounts), sign(SELLER, receivables, SPLIT_TYPE, abi.encode(CLAIM, hash))
        );
        receivables.creditBySig(
            IReceivables.CreditParams(CLAIM, ROOT, 40),
            _receivable("Credit(bytes32 id,bytes32 documentRoot,uint64 amount", SELLER, abi.encode(CLAIM, ROOT, 40))
        );
        receivables.transferBySig(
            IReceivables.TransferParams(CLAIM, partyOf[TIER2]),
            _receivable("Transfer(bytes32 id,uint32 to", SELLER, abi.encode(CLAIM, partyOf[TIER2]))
        );
        IReceivables.SettleParams memory s = IReceivables.SettleParams(CLAIM, 0, 50, "ref", partyOf[TIER2]);
        receivables.settleBySig(
            s,
            _receivable(
                "Settle(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee", BANK, abi.encode(s)
            )
        );
        pastDue();
        receivables.declareDefaultBySig(
            IReceivables.DeclareDefaultParams(CLAIM), _receivable("DeclareDefault(bytes32 id", TIER2, abi.encode(CLAIM))
        );
        IReceivables.Receivable memory r = claim(CLAIM);
        eq(uint256(r.state), uint256(IReceivables.ReceivableState.Defaulted), "state");
        eq(r.free, FACE - 60 - 40 - 50, "free");
    }

    function test_receipts__everyAct__done() public {
        IWarehouseReceipts.IssueParams memory i =
            IWarehouseReceipts.IssueParams(GOODS, partyOf[DISTRIBUTOR], ROOT, STOCK);
        receipts.issueBySig(
            i,
            sign(
                KEEPER,
                receipts,
                "Issue(bytes32 id,uint32 owner,bytes32 documentRoot,uint64 quantity,uint256 nonce,uint256 deadline)",
                abi.encode(i)
            )
        );
        receipts.transferBySig(
            IWarehouseReceipts.TransferParams(GOODS, partyOf[SELLER]),
            sign(
                DISTRIBUTOR,
                receipts,
                "Transfer(bytes32 id,uint32 to,uint256 nonce,uint256 deadline)",
                abi.encode(GOODS, partyOf[SELLER])
            )
        );
        receipts.releaseBySig(
            IWarehouseReceipts.ReleaseParams(GOODS, 7),
            ordered(GOODS, 7, SELLER),
            sign(
                KEEPER,
                receipts,
                "Release(bytes32 id,uint64 quantity,uint256 nonce,uint256 deadline)",
                abi.encode(GOODS, 7)
            )
        );
        receipts.recountBySig(
            IWarehouseReceipts.RecountParams(GOODS, ROOT, 9, new bytes32[](0)), _counted(9, keccak256(""))
        );
        IWarehouseReceipts.CorrectParams memory p = IWarehouseReceipts.CorrectParams(GOODS, ROOT, 4);
        receipts.correctBySig(
            p,
            agreed(p, SELLER),
            sign(
                KEEPER,
                receipts,
                "Correct(bytes32 id,bytes32 documentRoot,uint64 found,uint256 nonce,uint256 deadline)",
                abi.encode(p)
            )
        );
        eq(receipts.receipt(GOODS).free, STOCK - 12, "free");
        eq(receipts.receipt(GOODS).owner, partyOf[SELLER], "owner");
    }

    /// @dev EIP-712 of an array: the hash of its members.
    function _counted(uint64 missing, bytes32 named_) private returns (Auth memory) {
        return sign(
            KEEPER,
            receipts,
            "Recount(bytes32 id,bytes32 documentRoot,uint64 missing,bytes32[] pledgeIds,uint256 nonce,uint256 deadline)",
            abi.encode(GOODS, ROOT, missing, named_)
        );
    }

    function test_receipts__recountThatNamesPledges__done() public {
        goodsPledged();
        bytes32[] memory ids = named(ON_GOODS);
        IWarehouseReceipts.RecountParams memory p = IWarehouseReceipts.RecountParams(GOODS, ROOT, STOCK - 7, ids);
        Auth memory others = _counted(STOCK - 7, keccak256(abi.encode(bytes32("pledge 2"))));
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(KEEPER)));
        receipts.recountBySig(p, others);
        receipts.recountBySig(p, _counted(STOCK - 7, keccak256(abi.encode(ON_GOODS))));
        eq(pledges.pledgeOf(ON_GOODS).amount, 7, "left");
    }

    function _pledge(bytes32 id, uint64 expiresAt) private {
        IPledges.PledgeParams memory p = offer(id, RECEIVABLE, CLAIM, 1_000);
        p.expiresAt = expiresAt;
        Auth memory granted = grant(p, SELLER);
        Auth memory auth = sign(LENDER, pledges, PLEDGE_TYPE, abi.encode(p, bytes32("registry 1")));
        pledges.pledgeBySig(p, granted, "registry 1", auth);
    }

    function test_pledges__everyAct__done() public {
        _issued();
        confirm(CLAIM, FACE);
        _pledge(PLEDGE, uint64(block.timestamp + 10));
        _pledge(over(CLAIM, "undrawn"), uint64(block.timestamp + 10));
        pledges.drawBySig(
            IPledges.DrawParams(PLEDGE),
            sign(LENDER, pledges, "Draw(bytes32 pledgeId,uint256 nonce,uint256 deadline)", abi.encode(PLEDGE))
        );
        pledges.releaseBySig(
            IPledges.ReleaseParams(PLEDGE, CLAIM, 400, 600, "valuation"),
            sign(
                LENDER,
                pledges,
                "Release(bytes32 pledgeId,bytes32 assetId,uint64 amount,uint64 keep,bytes32 valuation,uint256 nonce,uint256 deadline)",
                abi.encode(PLEDGE, CLAIM, 400, uint64(600), bytes32("valuation"))
            )
        );
        pastDue();
        bytes32 undrawn = over(CLAIM, "undrawn");
        pledges.expireBySig(
            IPledges.ExpireParams(undrawn, CLAIM),
            sign(
                SELLER,
                pledges,
                "Expire(bytes32 pledgeId,bytes32 assetId,uint256 nonce,uint256 deadline)",
                abi.encode(undrawn, CLAIM)
            )
        );
        pledges.enforceBySig(
            IPledges.EnforceParams(PLEDGE, CLAIM),
            sign(
                LENDER,
                pledges,
                "Enforce(bytes32 pledgeId,bytes32 assetId,uint256 nonce,uint256 deadline)",
                abi.encode(PLEDGE, CLAIM)
            )
        );
        eq(uint256(pledges.pledgeOf(undrawn).state), uint256(IPledges.PledgeState.Expired), "expired");
        eq(uint256(pledges.pledgeOf(PLEDGE).state), uint256(IPledges.PledgeState.Enforced), "enforced");
        eq(claim(pledges.enforcedId(PLEDGE, CLAIM)).face, 600, "taken");
    }
}
