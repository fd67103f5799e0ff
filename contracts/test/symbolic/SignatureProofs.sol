// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Signed} from "./Signed.sol";

/// @notice A relayed act goes through only as its signer signed it, for this contract, in time, once - and counts as the
/// signer's, whoever relays it.
/// @dev What the act does then is proved where it is sent directly: both end in the same function.
contract SignatureProofs is Signed {
    /// @dev What an act may be about, and the 256 nonces (of `any`, by `word`) that stand for all.
    struct About {
        bytes32 id;
        bytes32 root;
        bytes32 order;
        uint64 amount;
        uint32 party;
        uint32 day;
        address key;
        address any;
        uint256 word;
    }

    /// @dev In time, with an unused nonce, over this act: and the nonce is used up, no other one.
    function once(address where, Sig calldata g, Nonces memory a, About calldata x, uint32 time, bytes memory act_)
        private
        view
    {
        assert(time <= g.deadline);
        usedUp(where, g, a, x.any, x.word);
        assert(signed(where, g, keccak256(act_)));
    }

    function check_orders(Sig calldata g, About calldata x, bytes3 currency, uint8 which, uint32 time) external {
        Nonces memory a = nonces(address(orders), g, x.any, x.word);
        uint256 parties = slot(address(orders), x.id, 3);
        vm.warp(time);
        bytes memory done;
        if (which == 0) {
            IOrders.PostParams memory p = IOrders.PostParams(x.id, x.party, x.root, x.amount, currency);
            orders.postBySig(p, auth(g));
            string memory members = "(bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 amount,bytes3 currency";
            done = abi.encode(typeOf("Post", members), p, g.nonce, g.deadline);
            parties = slot(address(orders), x.id, 3);
        } else if (which == 1) {
            orders.acknowledgeBySig(IOrders.AcknowledgeParams(x.id, x.root, x.order), auth(g));
            bytes32 kind = typeOf("Acknowledge", "(bytes32 orderId,bytes32 documentRoot,bytes32 trail");
            done = abi.encode(kind, x.id, x.root, x.order, g.nonce, g.deadline);
        } else if (which == 2) {
            orders.cancelBySig(IOrders.CancelParams(x.id), auth(g));
            done = abi.encode(typeOf("Cancel", "(bytes32 orderId"), x.id, g.nonce, g.deadline);
        } else {
            string memory name = which == 3 ? "Amend" : which == 4 ? "Despatch" : "ReceiveGoods";
            if (which == 3) orders.amendBySig(IOrders.AmendParams(x.id, x.root, x.amount), auth(g));
            else if (which == 4) orders.despatchBySig(IOrders.DespatchParams(x.id, x.root, x.amount), auth(g));
            else orders.receiveGoodsBySig(IOrders.ReceiveGoodsParams(x.id, x.root, x.amount), auth(g));
            bytes32 kind = typeOf(name, "(bytes32 orderId,bytes32 documentRoot,uint64 amount");
            done = abi.encode(kind, x.id, x.root, x.amount, uint64(0), bytes32(0), g.nonce, g.deadline);
        }
        once(address(orders), g, a, x, time, done);
        bool seller = either(which == 1, which == 4);
        assert(partyOf(g.signer) == uint32(parties >> (seller ? 32 : 0)));
    }

    function check_participants(Sig calldata g, About calldata x, uint8 which, uint32 time) external {
        Nonces memory a = nonces(address(participants), g, x.any, x.word);
        vm.warp(time);
        bytes memory done;
        bytes4 selector;
        if (which == 0) {
            participants.suspendBySig(IParticipants.SuspendParams(x.party), auth(g));
            selector = participants.suspend.selector;
            done = abi.encode(typeOf("Suspend", "(uint32 party"), x.party, g.nonce, g.deadline);
        } else if (which == 1) {
            participants.resumeBySig(IParticipants.ResumeParams(x.party), auth(g));
            selector = participants.resume.selector;
            done = abi.encode(typeOf("Resume", "(uint32 party"), x.party, g.nonce, g.deadline);
        } else if (which == 2) {
            participants.setRolesBySig(IParticipants.SetRolesParams(x.party, x.day), auth(g));
            selector = participants.setRoles.selector;
            done = abi.encode(typeOf("SetRoles", "(uint32 party,uint32 roles"), x.party, x.day, g.nonce, g.deadline);
        } else {
            participants.pauseBySig(IParticipants.PauseParams(uint256(x.id)), auth(g));
            selector = participants.pause.selector;
            done = abi.encode(typeOf("Pause", "(uint256 kinds"), x.id, g.nonce, g.deadline);
        }
        once(address(participants), g, a, x, time, done);
        (bool atOnce,) = foreign.canCall(g.signer, address(participants), selector);
        assert(atOnce);
    }

    /// @notice Two signatures: the operator's, at once, or the party's, and the new key's (check_admit, check_recoverKey and
    /// check_rotateKey__signed say for what).
    function check_participants__newKey(Sig calldata g, Sig calldata proof, About calldata x, uint8 which, uint32 time)
        external
    {
        vm.assume(proof.signer != g.signer);
        Nonces memory a = nonces(address(participants), g, g.signer, g.nonce >> 8);
        uint256 word = wordOf(g.signer);
        vm.warp(time);
        bytes32 structHash;
        bytes4 selector;
        if (which == 0) {
            IParticipants.AdmitParams memory p = IParticipants.AdmitParams(x.id, x.party, x.key);
            participants.admitBySig(p, accountAuth(proof), accountAuth(g));
            selector = participants.admit.selector;
            bytes32 kind = typeOf("Admit", "(bytes32 commitment,uint32 roles,address key");
            structHash = keccak256(abi.encode(kind, p, g.nonce, g.deadline));
        } else if (which == 1) {
            participants.recoverKeyBySig(
                IParticipants.RecoverKeyParams(x.party, x.any, x.key), accountAuth(proof), accountAuth(g)
            );
            selector = participants.recoverKey.selector;
            bytes32 kind = typeOf("RecoverKey", "(uint32 party,address oldKey,address newKey");
            structHash = keccak256(abi.encode(kind, x.party, x.any, x.key, g.nonce, g.deadline));
        } else {
            participants.rotateKeyBySig(IParticipants.RotateKeyParams(x.key), accountAuth(proof), accountAuth(g));
            structHash = keccak256(abi.encode(typeOf("RotateKey", "(address newKey"), x.key, g.nonce, g.deadline));
        }
        assert(time <= g.deadline && signed(address(participants), g, structHash));
        usedUp(address(participants), g, a, g.signer, g.nonce >> 8);
        assert(proof.signer == x.key);
        if (which > 1) {
            assert(both(word & (1 << 65) != 0, wordOf(x.key) == word));
            return;
        }
        (bool atOnce,) = foreign.canCall(g.signer, address(participants), selector);
        assert(atOnce);
    }

    function check_receivables(Sig calldata g, About calldata x, uint8 which, uint32 time) external {
        Nonces memory a = nonces(address(receivables), g, x.any, x.word);
        Debt memory d = debt(x.id);
        vm.warp(time);
        bytes memory done;
        if (which == 0) {
            IReceivables.ConfirmParams memory p =
                IReceivables.ConfirmParams(x.id, x.order, x.party, x.root, x.amount, x.day);
            receivables.confirmBySig(p, accountAuth(g));
            string memory members =
                "(bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay";
            done = abi.encode(typeOf("Confirm", members), p, g.nonce, g.deadline);
        } else if (which == 1) {
            receivables.disputeBySig(IReceivables.DisputeParams(x.id, x.root), accountAuth(g));
            done = abi.encode(typeOf("Dispute", "(bytes32 id,bytes32 documentRoot"), x.id, x.root, g.nonce, g.deadline);
        } else if (which == 2) {
            receivables.resolveDisputeBySig(IReceivables.ResolveDisputeParams(x.id), accountAuth(g));
            done = abi.encode(typeOf("ResolveDispute", "(bytes32 id"), x.id, g.nonce, g.deadline);
        } else if (which == 3) {
            receivables.creditBySig(IReceivables.CreditParams(x.id, x.root, x.amount), accountAuth(g));
            bytes32 kind = typeOf("Credit", "(bytes32 id,bytes32 documentRoot,uint64 amount");
            done = abi.encode(kind, x.id, x.root, x.amount, uint64(0), bytes32(0), g.nonce, g.deadline);
        } else if (which == 4) {
            receivables.transferBySig(IReceivables.TransferParams(x.id, x.party), accountAuth(g));
            done = abi.encode(typeOf("Transfer", "(bytes32 id,uint32 to"), x.id, x.party, g.nonce, g.deadline);
        } else {
            receivables.declareDefaultBySig(IReceivables.DeclareDefaultParams(x.id), accountAuth(g));
            done = abi.encode(typeOf("DeclareDefault", "(bytes32 id"), x.id, g.nonce, g.deadline);
        }
        once(address(receivables), g, a, x, time, done);
        assert(partyOf(g.signer) == (which < 3 ? d.c.debtor() : d.c.holder()));
    }

    function check_receipts(Sig calldata g, About calldata x, uint32 time) external {
        Nonces memory a = nonces(address(receipts), g, x.any, x.word);
        Goods memory s = goods(x.id);
        vm.warp(time);
        receipts.transferBySig(IWarehouseReceipts.TransferParams(x.id, x.party), accountAuth(g));
        bytes memory done = abi.encode(typeOf("Transfer", "(bytes32 id,uint32 to"), x.id, x.party, g.nonce, g.deadline);
        once(address(receipts), g, a, x, time, done);
        assert(partyOf(g.signer) == s.s.owner());
    }

    function check_pledges(Sig calldata g, About calldata x, uint8 which, uint32 time) external {
        Nonces memory a = nonces(address(pledges), g, x.any, x.word);
        uint32 lender = entry(x.id).lender();
        vm.warp(time);
        bytes memory done;
        if (which == 0) {
            pledges.drawBySig(IPledges.DrawParams(x.id), accountAuth(g));
            done = abi.encode(typeOf("Draw", "(bytes32 pledgeId"), x.id, g.nonce, g.deadline);
        } else if (which == 1) {
            pledges.releaseBySig(IPledges.ReleaseParams(x.id, x.root, x.amount, 0, 0), accountAuth(g));
            bytes32 kind =
                typeOf("Release", "(bytes32 pledgeId,bytes32 assetId,uint64 amount,uint64 keep,bytes32 valuation");
            done = abi.encode(kind, x.id, x.root, x.amount, uint64(0), bytes32(0), g.nonce, g.deadline);
        } else {
            pledges.enforceBySig(IPledges.EnforceParams(x.id, x.root), accountAuth(g));
            bytes32 kind = typeOf("Enforce", "(bytes32 pledgeId,bytes32 assetId");
            done = abi.encode(kind, x.id, x.root, g.nonce, g.deadline);
        }
        once(address(pledges), g, a, x, time, done);
        assert(partyOf(g.signer) == lender);
    }

    /// @notice The acts whose actor no single word names: by its role, by what it did, or as the asset's holder.
    function check_roles(Sig calldata g, About calldata x, uint8 which, uint32 time) external {
        address where = which < 3 ? address(receivables) : which == 3 ? address(receipts) : address(pledges);
        Nonces memory a = nonces(where, g, x.any, x.word);
        uint32 who = partyOf(g.signer);
        bytes memory done;
        bool its;
        vm.warp(time);
        if (which == 0) {
            IReceivables.SettleParams memory p = IReceivables.SettleParams(x.id, 0, x.amount, x.root, x.party);
            receivables.settleBySig(p, accountAuth(g));
            its = both(hasRole(g.signer, Roles.BANK), receivables.bankRefUsed(who, x.root));
            string memory members = "(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee";
            done = abi.encode(typeOf("Settle", members), p, g.nonce, g.deadline);
        } else if (which == 1) {
            receivables.cancelBySig(IReceivables.CancelParams(x.id, x.order, x.root), accountAuth(g));
            its = debt(x.id).c.holder() == who;
            bytes32 kind = typeOf("Cancel", "(bytes32 id,bytes32 orderId,bytes32 documentRoot");
            done = abi.encode(kind, x.id, x.order, x.root, g.nonce, g.deadline);
        } else if (which == 2) {
            bool lower = x.amount < receivables.lineOf(who, x.party);
            receivables.setLineBySig(IReceivables.SetLineParams(x.party, x.amount), accountAuth(g));
            its = both(either(lower, hasRole(g.signer, Roles.LENDER)), receivables.lineOf(who, x.party) == x.amount);
            done = abi.encode(typeOf("SetLine", "(uint32 debtor,uint64 limit"), x.party, x.amount, g.nonce, g.deadline);
        } else if (which == 3) {
            receipts.issueBySig(IWarehouseReceipts.IssueParams(x.id, x.party, x.root, x.amount), accountAuth(g));
            its = both(hasRole(g.signer, Roles.KEEPER), goods(x.id).s.keeper() == who);
            bytes32 kind = typeOf("Issue", "(bytes32 id,uint32 owner,bytes32 documentRoot,uint64 quantity");
            done = abi.encode(kind, x.id, x.party, x.root, x.amount, g.nonce, g.deadline);
        } else if (which == 4) {
            pledges.undertakeBySig(IPledges.UndertakeParams(x.id, x.root, x.amount, x.day, x.root), accountAuth(g));
            // amount, last day
            its = promised(x.id, who) << 160 >> 160 == (uint256(x.amount) | uint256(x.day) << 64);
            bytes32 kind = typeOf(
                "Undertake", "(bytes32 pledgeId,bytes32 assetId,uint64 amount,uint32 untilDay,bytes32 documentRoot"
            );
            done = abi.encode(kind, x.id, x.root, x.amount, x.day, x.root, g.nonce, g.deadline);
        } else {
            bool overGoods = entry(x.id).goods();
            // What is pledged is confirmed.
            vm.assume(either(overGoods, debt(x.root).c.confirmed()));
            pledges.expireBySig(IPledges.ExpireParams(x.id, x.root), accountAuth(g));
            its = pick(overGoods, goods(x.root).s.owner(), debt(x.root).c.holder()) == who;
            done = abi.encode(typeOf("Expire", "(bytes32 pledgeId,bytes32 assetId"), x.id, x.root, g.nonce, g.deadline);
        }
        once(where, g, a, x, time, done);
        assert(both(its, wordOf(g.signer) & (1 << 65) != 0));
    }

    /// @notice Each withdraws nonces of its own alone, and a used one stays used.
    function check_revokeNonces(address who, uint256 word, uint256 mask, address any, uint256 nonce) external {
        uint256 a = noncesOf(address(pledges), any, nonce >> 8);
        vm.prank(who);
        pledges.revokeNonces(word, mask);
        uint256 b = noncesOf(address(pledges), any, nonce >> 8);
        assert(b == pick(both(any == who, nonce >> 8 == word), a | mask, a));
        assert(pledges.nonceUsed(any, nonce) == (b & (1 << (nonce & 255)) != 0));
    }

    /// @notice Relayed too: what the signer signed, and the nonce of that signature with it.
    function check_revokeNonces__signed(
        Sig calldata g,
        uint256 word,
        uint256 mask,
        address any,
        uint256 at,
        uint32 time
    ) external {
        vm.warp(time);
        uint256 a = noncesOf(address(pledges), any, at);
        uint256 own = noncesOf(address(pledges), g.signer, g.nonce >> 8);
        pledges.revokeNoncesBySig(word, mask, auth(g));
        bytes32 kind = typeOf("RevokeNonces", "(uint256 word,uint256 mask");
        assert(signed(address(pledges), g, keccak256(abi.encode(kind, word, mask, g.nonce, g.deadline))));
        uint256 bit = 1 << (g.nonce & 255);
        assert(both(time <= g.deadline, own & bit == 0));
        uint256 more = pick(at == word, mask, 0) | pick(at == g.nonce >> 8, bit, 0);
        assert(noncesOf(address(pledges), any, at) == pick(any == g.signer, a | more, a));
    }

    function typeOf(string memory name, string memory members) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(name, members, ",uint256 nonce,uint256 deadline)"));
    }
}
