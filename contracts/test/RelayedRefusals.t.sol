// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {BatchWorld} from "./BatchWorld.sol";
import {BUY_BACK_TYPE, ISSUE_TYPE, PLEDGE_TYPE, SPLIT_TYPE, SUBSTITUTE_TYPE} from "./RelayedTypes.sol";

/// @notice Relayed acts that analysis/prove.py leaves out, for their arrays or their second signature: each carries out
/// what its party signed, once, and nothing else. The relayer is no party.
contract RelayedRefusalsTest is BatchWorld {
    string private constant ISSUE_ITEM =
        "IssueItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay)";
    string private constant CONFIRM_ITEM =
        "ConfirmItem(bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay)";
    string private constant SETTLE_ITEM =
        "SettleItem(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee)";
    string private constant RELEASE_ITEM =
        "ReleaseItem(bytes32 pledgeId,bytes32 assetId,uint64 amount,uint64 keep,bytes32 valuation)";

    /// @dev Of the receivables, each of FACE / 100; CLAIM's place is taken by the first of them.
    bytes32 private constant FIRST = bytes32(uint256(1));
    uint64 private constant EACH = FACE / 100;

    function test_issueBySig__forgedOtherTermsOrAgain__refused() public {
        _onlyAsSigned(receivables, SELLER, ISSUE_TYPE, abi.encode(invoice(FIRST, EACH)), _issueCall);
        eq(claim(FIRST).face, EACH, "issued");
    }

    function _issueCall(bool others, Auth memory auth) private returns (bytes memory) {
        IReceivables.IssueParams memory p = invoice(FIRST, others ? EACH + 1 : EACH);
        return abi.encodeCall(IReceivables.issueBySig, (p, attest(p), auth));
    }

    function test_splitBySig__forgedOtherTermsOrAgain__refused() public {
        _confirmAll(1);
        // EIP-712 of an array: the hash of its members, each in 32 bytes.
        bytes memory members = abi.encode(FIRST, keccak256(abi.encode(uint256(10), uint256(20))));
        _onlyAsSigned(receivables, SELLER, SPLIT_TYPE, members, _splitCall);
        eq(claim(FIRST).splitAway, 30, "split");
    }

    function _splitCall(bool others, Auth memory auth) private pure returns (bytes memory) {
        uint64[] memory amounts = new uint64[](2);
        (amounts[0], amounts[1]) = (10, others ? 21 : 20);
        return abi.encodeCall(IReceivables.splitBySig, (IReceivables.SplitParams(FIRST, amounts), auth));
    }

    function test_pledgeBySig__forgedOtherTermsOrAgain__refused() public {
        _confirmAll(1);
        _onlyAsSigned(pledges, LENDER, PLEDGE_TYPE, abi.encode(_offers(1)[0], bytes32("number")), _pledgeCall);
        eq(claim(FIRST).pledged, 1_000, "pledged");
    }

    /// @dev What the pledgor grants stays the same: the number is the lender's alone.
    function _pledgeCall(bool others, Auth memory auth) private returns (bytes memory) {
        IPledges.PledgeParams memory p = _offers(1)[0];
        return abi.encodeCall(IPledges.pledgeBySig, (p, grant(p, SELLER), _number(others), auth));
    }

    function test_substituteBySig__forgedOtherTermsOrAgain__refused() public {
        _confirmAll(1);
        _goodsOfTheSeller();
        _onlyAsSigned(pledges, LENDER, SUBSTITUTE_TYPE, abi.encode(_sale(), bytes32("number")), _substituteCall);
        eq(claim(FIRST).pledged, 500, "pledged");
    }

    function _substituteCall(bool others, Auth memory auth) private returns (bytes memory) {
        IPledges.SubstituteParams memory p = _sale();
        return abi.encodeCall(IPledges.substituteBySig, (p, exchange(p, SELLER), _number(others), auth));
    }

    function test_buyBackBySig__forgedOtherTermsOrAgain__refused() public {
        _goodsOfTheSeller();
        IPledges.UndertakeParams memory u = IPledges.UndertakeParams(ON_GOODS, GOODS, 500, today() + 10, "undertaking");
        by(BUYER);
        pledges.undertake(u);
        _onlyAsSigned(pledges, BANK, BUY_BACK_TYPE, abi.encode(_payment(200)), _buyBackCall);
        eq(receipts.receipt(GOODS).liquidated, 200, "bought back");
        eq(receipts.receipt(pledges.boughtBackId(ON_GOODS, partyOf[BUYER], 0)).owner, partyOf[BUYER], "owner");
    }

    function _buyBackCall(bool others, Auth memory auth) private view returns (bytes memory) {
        return abi.encodeCall(IPledges.buyBackBySig, (_payment(others ? 201 : 200), auth));
    }

    function test_payOffBySig__forgedOtherTermsOrAgain__refused() public {
        goodsPledged();
        string memory kind =
            "PayOff(bytes32 pledgeId,bytes32 assetId,bytes32 loanRef,bytes32 bankRef,uint256 nonce,uint256 deadline)";
        _onlyAsSigned(pledges, BANK, kind, abi.encode(_paidOff("ref")), _payOffCall);
        eq(receipts.receipt(GOODS).free, STOCK, "free");
    }

    function _paidOff(bytes32 bankRef) private pure returns (IPledges.PayOffParams memory) {
        return IPledges.PayOffParams(ON_GOODS, GOODS, "loan", bankRef);
    }

    function _payOffCall(bool others, Auth memory auth) private pure returns (bytes memory) {
        return abi.encodeCall(IPledges.payOffBySig, (_paidOff(others ? bytes32("other") : bytes32("ref")), auth));
    }

    function test_releaseGoodsBySig__forgedOtherTermsOrAgain__refused() public {
        store();
        string memory kind = "Release(bytes32 id,uint64 quantity,uint256 nonce,uint256 deadline)";
        _onlyAsSigned(receipts, KEEPER, kind, abi.encode(GOODS, 200), _handOutCall);
        eq(receipts.receipt(GOODS).released, 200, "handed out");
    }

    function _handOutCall(bool others, Auth memory auth) private returns (bytes memory) {
        uint64 quantity = others ? 201 : 200;
        Auth memory order = ordered(GOODS, quantity, DISTRIBUTOR);
        return abi.encodeCall(
            IWarehouseReceipts.releaseBySig, (IWarehouseReceipts.ReleaseParams(GOODS, quantity), order, auth)
        );
    }

    function test_correctBySig__forgedOtherTermsOrAgain__refused() public {
        store();
        recount(KEEPER, 300, new bytes32[](0));
        string memory kind = "Correct(bytes32 id,bytes32 documentRoot,uint64 found,uint256 nonce,uint256 deadline)";
        _onlyAsSigned(receipts, KEEPER, kind, abi.encode(GOODS, ROOT, 200), _correctCall);
        eq(receipts.receipt(GOODS).missing, 100, "put right");
    }

    function _correctCall(bool others, Auth memory auth) private returns (bytes memory) {
        IWarehouseReceipts.CorrectParams memory p = IWarehouseReceipts.CorrectParams(GOODS, ROOT, others ? 201 : 200);
        return abi.encodeCall(IWarehouseReceipts.correctBySig, (p, agreed(p, DISTRIBUTOR), auth));
    }

    function test_issueBatchBySig__forgedOtherTermsOrAgain__refused() public {
        IReceivables.IssueParams[] memory items = _invoices(3);
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(keccak256(bytes(ISSUE_ITEM)), items[i]));
        }
        _onlyAsSigned(receivables, SELLER, _batch("Issue", ISSUE_ITEM), _members(hashes), _issueBatchCall);
        eq(claim(bytes32(uint256(3))).face, EACH, "issued");
    }

    function _issueBatchCall(bool others, Auth memory auth) private returns (bytes memory) {
        IReceivables.IssueParams[] memory items = _invoices(others ? 2 : 3);
        return abi.encodeCall(IReceivables.issueBatchBySig, (items, trailsOf(items), attestAll(items), auth));
    }

    function test_confirmBatchBySig__forgedOtherTermsOrAgain__refused() public {
        _issueAll(3);
        IReceivables.ConfirmParams[] memory items = _confirmations(3);
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(keccak256(bytes(CONFIRM_ITEM)), items[i]));
        }
        _onlyAsSigned(receivables, BUYER, _batch("Confirm", CONFIRM_ITEM), _members(hashes), _confirmCall);
        isTrue(claim(bytes32(uint256(3))).confirmed, "confirmed");
    }

    function _confirmCall(bool others, Auth memory auth) private view returns (bytes memory) {
        return abi.encodeCall(IReceivables.confirmBatchBySig, (_confirmations(others ? 2 : 3), auth));
    }

    function test_settleBatchBySig__forgedOtherTermsOrAgain__refused() public {
        _confirmAll(3);
        IReceivables.SettleParams[] memory items = _payments(3);
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(keccak256(bytes(SETTLE_ITEM)), items[i]));
        }
        _onlyAsSigned(receivables, BANK, _batch("Settle", SETTLE_ITEM), _members(hashes), _settleCall);
        eq(claim(bytes32(uint256(3))).settled, EACH, "settled");
    }

    function _settleCall(bool others, Auth memory auth) private view returns (bytes memory) {
        return abi.encodeCall(IReceivables.settleBatchBySig, (_payments(others ? 2 : 3), auth));
    }

    function test_pledgeBatchBySig__forgedOtherTermsOrAgain__refused() public {
        _confirmAll(3);
        string memory item = string.concat("Pledge", PLEDGE_MEMBERS);
        string memory kind =
            string.concat("PledgeBatch(PledgeItem[] items,bytes32[] registryNos,uint256 nonce,uint256 deadline)", item);
        bytes32 numbers = keccak256(abi.encodePacked(_numbers(false)));
        _onlyAsSigned(pledges, LENDER, kind, abi.encode(hashAll(item, _offers(3)), numbers), _pledgeBatchCall);
        eq(claim(bytes32(uint256(3))).pledged, 1_000, "pledged");
    }

    function _pledgeBatchCall(bool others, Auth memory auth) private returns (bytes memory) {
        IPledges.PledgeParams[] memory items = _offers(3);
        return abi.encodeCall(IPledges.pledgeBatchBySig, (items, grantAll(items, SELLER), _numbers(others), auth));
    }

    function test_releaseBatchBySig__forgedOtherTermsOrAgain__refused() public {
        _confirmAll(3);
        _pledgeAll(3);
        IPledges.ReleaseParams[] memory items = _releases(3);
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(keccak256(bytes(RELEASE_ITEM)), items[i]));
        }
        _onlyAsSigned(pledges, LENDER, _batch("Release", RELEASE_ITEM), _members(hashes), _releaseCall);
        eq(claim(bytes32(uint256(3))).pledged, 0, "released");
    }

    function _releaseCall(bool others, Auth memory auth) private pure returns (bytes memory) {
        return abi.encodeCall(IPledges.releaseBatchBySig, (_releases(others ? 2 : 3), auth));
    }

    // Each of them

    /// @param members As `sign` wants them.
    /// @param call The relayed call with this signature: of what was signed, or of something else that would be good.
    function _onlyAsSigned(
        IActs where,
        uint256 pk,
        string memory kind,
        bytes memory members,
        function(bool, Auth memory) internal returns (bytes memory) call
    ) private {
        Auth memory auth = sign(pk, where, kind, members);
        Auth memory forged = signWith(STRANGER, where, kind, members, auth.nonce, auth.deadline);
        forged.signer = auth.signer;
        bytes memory invalid = abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, auth.signer);
        _refused(where, call(false, forged), invalid, "signed by somebody else");
        _refused(where, call(true, auth), invalid, "other terms");
        (bool done,) = address(where).call(call(false, auth));
        isTrue(done, "as it was signed");
        bytes memory replayed = abi.encodeWithSelector(IActs.ActReplayed.selector, auth.signer, auth.nonce);
        _refused(where, call(false, auth), replayed, "again");
    }

    function _refused(IActs where, bytes memory call, bytes memory reason, string memory what) private {
        (bool done, bytes memory found) = address(where).call(call);
        isTrue(!done, what);
        eq32(keccak256(found), keccak256(reason), what);
    }

    // What is signed

    function _batch(string memory name, string memory item) private pure returns (string memory) {
        return string.concat(name, "Batch(", name, "Item[] items,uint256 nonce,uint256 deadline)", item);
    }

    function _members(bytes32[] memory hashes) private pure returns (bytes memory) {
        return abi.encode(keccak256(abi.encodePacked(hashes)));
    }

    function _number(bool others) private pure returns (bytes32) {
        return others ? bytes32("other number") : bytes32("number");
    }

    function _numbers(bool others) private pure returns (bytes32[] memory numbers) {
        numbers = _registryNos(3);
        if (others) numbers[2] = "other number";
    }

    function _sale() private view returns (IPledges.SubstituteParams memory) {
        return IPledges.SubstituteParams(
            ON_GOODS, GOODS, 1_000, over(FIRST, "sale"), FIRST, 500, partyOf[LENDER], "loan", "decision", 0
        );
    }

    function _payment(uint64 amount) private view returns (IPledges.BuyBackParams memory) {
        return IPledges.BuyBackParams(ON_GOODS, GOODS, partyOf[BUYER], amount, "ref", 0);
    }

    /// @dev The seller of the receivables owns goods too.
    function _goodsOfTheSeller() private {
        partyOf[DISTRIBUTOR] = partyOf[SELLER];
        store();
        take(offer(ON_GOODS, WAREHOUSE, GOODS, STOCK / 2), SELLER, LENDER);
    }
}
