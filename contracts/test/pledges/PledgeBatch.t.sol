// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../../src/interfaces/IActs.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {BatchWorld} from "../BatchWorld.sol";

/// @notice Batches of pledges: one grant over all, a refused item is named.
contract PledgeBatchTest is BatchWorld {
    string private constant RELEASE =
        "ReleaseBatch(ReleaseItem[] items,uint256 nonce,uint256 deadline)ReleaseItem(bytes32 pledgeId,bytes32 assetId,uint64 amount)";

    function _id(uint256 i) private pure returns (bytes32) {
        return over(bytes32(i + 1), "pledge");
    }

    function _offers(uint256 n) private view returns (IPledges.PledgeParams[] memory items, bytes32[] memory numbers) {
        items = new IPledges.PledgeParams[](n);
        numbers = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = offer(_id(i), RECEIVABLE, bytes32(i + 1), 1_000);
            numbers[i] = bytes32(0x2000 + i);
        }
    }

    function _releaseBySig() private {
        IPledges.ReleaseParams[] memory items = new IPledges.ReleaseParams[](3);
        bytes32[] memory hashes = new bytes32[](3);
        bytes32 kind = keccak256("ReleaseItem(bytes32 pledgeId,bytes32 assetId,uint64 amount)");
        for (uint256 i = 0; i < 3; ++i) {
            items[i] = IPledges.ReleaseParams(_id(i), bytes32(i + 1), 1_000);
            hashes[i] = keccak256(abi.encode(kind, items[i]));
        }
        Auth memory auth = sign(LENDER, pledges, RELEASE, abi.encode(keccak256(abi.encodePacked(hashes))));
        eq(pledges.releaseBatchBySig(items, auth), 3, "released");
    }

    function test_pledgeBatch__numbersMissing__refused() public {
        (IPledges.PledgeParams[] memory items,) = _offers(3);
        Auth memory granted = grantAll(items, SELLER);
        vm.expectRevert(abi.encodeWithSelector(IPledges.RegistryNosMismatch.selector, 3, 2));
        by(LENDER);
        pledges.pledgeBatch(items, granted, new bytes32[](2));
    }

    function test_pledgeBatch__oneUnconfirmed__thatOneIsNamed() public {
        _issueAll(3);
        IReceivables.ConfirmParams[] memory two = _confirmations(2);
        by(BUYER);
        receivables.confirmBatch(two);
        (IPledges.PledgeParams[] memory items, bytes32[] memory numbers) = _offers(3);
        Auth memory granted = grantAll(items, SELLER);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.ItemRefused(
            2,
            items[2].pledgeId,
            abi.encodeWithSelector(
                IReceivables.ReceivableStateWrong.selector, items[2].assetId, IReceivables.ReceivableState.Issued
            )
        );
        by(LENDER);
        eq(pledges.pledgeBatch(items, granted, numbers), 2, "done");
        eq(uint256(pledges.pledgeOf(items[2].pledgeId).state), 0, "the refused one left nothing behind");
    }

    function test_pledgeBatch__idOfAnotherAsset__thatOneIsNamed() public {
        _issueAll(3);
        by(BUYER);
        receivables.confirmBatch(_confirmations(3));
        (IPledges.PledgeParams[] memory items, bytes32[] memory numbers) = _offers(3);
        items[1].pledgeId = over(items[0].assetId, "another");
        Auth memory granted = grantAll(items, SELLER);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.ItemRefused(
            1,
            items[1].pledgeId,
            abi.encodeWithSelector(IPledges.PledgeIdForeign.selector, items[1].pledgeId, items[1].assetId)
        );
        by(LENDER);
        eq(pledges.pledgeBatch(items, granted, numbers), 2, "done");
        eq(claim(items[1].assetId).pledged, 0, "nothing of it is locked");
    }

    function test_pledgeBatchBySig__good__doneAndReleased() public {
        _issueAll(3);
        by(BUYER);
        receivables.confirmBatch(_confirmations(3));
        (IPledges.PledgeParams[] memory items, bytes32[] memory numbers) = _offers(3);
        Auth memory granted = grantAll(items, SELLER);
        string memory item = string.concat("Pledge", PLEDGE_MEMBERS);
        string memory kind =
            string.concat("PledgeBatch(PledgeItem[] items,bytes32[] registryNos,uint256 nonce,uint256 deadline)", item);
        bytes memory members = abi.encode(hashAll(item, items), keccak256(abi.encodePacked(numbers)));
        Auth memory auth = sign(LENDER, pledges, kind, members);
        eq(pledges.pledgeBatchBySig(items, granted, numbers, auth), 3, "pledged");
        _releaseBySig();
        eq(claim(bytes32(uint256(1))).pledged, 0, "released");
    }
}
