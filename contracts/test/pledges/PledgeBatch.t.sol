// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {BatchWorld} from "../BatchWorld.sol";
import {Pledges} from "../Contracts.sol";

/// @notice Batches of pledges: one grant over all, what is refused as a whole, what as an item, and that the rest is done.
contract PledgeBatchTest is BatchWorld {
    function _refused(IPledges.PledgeParams[] memory items, Auth memory granted, bytes memory reason) private {
        bytes32[] memory numbers = _registryNos(items.length);
        vm.expectRevert(reason);
        by(LENDER);
        pledges.pledgeBatch(items, granted, numbers);
        // Nothing of it was done.
        eq(claim(bytes32(uint256(1))).pledged, 0, "nothing is pledged");
    }

    function _invalid() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(SELLER));
    }

    function test_pledgeBatch__otherTermsThanGranted__refused() public {
        _confirmAll(3);
        IPledges.PledgeParams[] memory items = _offers(3);
        Auth memory granted = grantAll(items, SELLER);
        items[2].amount += 1;
        _refused(items, granted, _invalid());
        items[2].amount -= 1;
        (items[1], items[2]) = (items[2], items[1]);
        _refused(items, granted, _invalid());
        _refused(_offers(2), granted, _invalid());
    }

    function test_pledgeBatch__grantedByAnotherKeyThanItSays__refused() public {
        _confirmAll(3);
        IPledges.PledgeParams[] memory items = _offers(3);
        Auth memory granted = grantAll(items, LENDER);
        granted.signer = vm.addr(SELLER);
        _refused(items, granted, _invalid());
    }

    function test_pledgeBatch__grantWithdrawn__refused() public {
        _confirmAll(3);
        IPledges.PledgeParams[] memory items = _offers(3);
        Auth memory granted = grantAll(items, SELLER);
        by(SELLER);
        pledges.revokeNonces(granted.nonce >> 8, 1 << (granted.nonce & 255));
        _refused(items, granted, abi.encodeWithSelector(IActs.ActReplayed.selector, granted.signer, granted.nonce));
    }

    function test_pledgeBatch__grantExpired__refused() public {
        _confirmAll(3);
        IPledges.PledgeParams[] memory items = _offers(3);
        Auth memory granted = grantAll(items, SELLER);
        vm.warp(granted.deadline + 1);
        _refused(items, granted, abi.encodeWithSelector(IActs.ActExpired.selector, granted.deadline));
    }

    function test_pledgeBatch__noneOrAboveHundred__refused() public {
        IPledges.PledgeParams[] memory items = _offers(0);
        _refused(items, grantAll(items, SELLER), _tooMany(0));
        items = _offers(101);
        Auth memory granted = grantAll(items, SELLER);
        _refused(items, granted, _tooMany(101));
        // Before anything is hashed for the signature.
        Auth memory none;
        vm.expectRevert(_tooMany(101));
        pledges.pledgeBatchBySig(items, granted, _registryNos(101), none);
    }

    function test_pledgeBatch__numbersMissing__refused() public {
        IPledges.PledgeParams[] memory items = _offers(3);
        Auth memory granted = grantAll(items, SELLER);
        vm.expectRevert(abi.encodeWithSelector(IPledges.RegistryNosMismatch.selector, 3, 2));
        by(LENDER);
        pledges.pledgeBatch(items, granted, new bytes32[](2));
    }

    function test_pledgeBatch__paused__refused() public {
        _confirmAll(2);
        pause(Kinds.PLEDGE);
        IPledges.PledgeParams[] memory items = _offers(2);
        bytes memory reason = abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.PLEDGE);
        _refused(items, grantAll(items, SELLER), reason);
    }

    function test_pledgeBatch__suspendedLenderOrPledgor__refused() public {
        _confirmAll(2);
        suspend(LENDER);
        IPledges.PledgeParams[] memory items = _offers(2);
        Auth memory granted = grantAll(items, SELLER);
        _refused(items, granted, abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[LENDER]));
        participants.resume(IParticipants.ResumeParams(partyOf[LENDER]));
        suspend(SELLER);
        _refused(items, granted, abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[SELLER]));
    }

    function test_pledgeBatch__partyThatOnlyReads__refused() public {
        _confirmAll(2);
        participants.setRoles(IParticipants.SetRolesParams(partyOf[SELLER], Roles.AUDITOR));
        IPledges.PledgeParams[] memory items = _offers(2);
        bytes memory reason = abi.encodeWithSelector(IParticipants.ReadsOnly.selector, partyOf[SELLER]);
        _refused(items, grantAll(items, SELLER), reason);
    }

    function test_pledgeBatch__tooLittleGas__refusedAsAWhole() public {
        _confirmAll(3);
        IPledges.PledgeParams[] memory items = _offers(3);
        Auth memory granted = grantAll(items, SELLER);
        bytes memory call = abi.encodeCall(IPledges.pledgeBatch, (items, granted, _registryNos(3)));
        _outOfGas(LENDER, address(pledges), call, Pledges.pledgeItem.selector, _pledgeId(1));
    }

    function test_pledgeBatch__everMoreGas__refusedUntilAllIsDone() public {
        _confirmAll(3);
        IPledges.PledgeParams[] memory items = _offers(3);
        Auth memory granted = grantAll(items, SELLER);
        bytes memory call = abi.encodeCall(IPledges.pledgeBatch, (items, granted, _registryNos(3)));
        _allOrNothing(LENDER, address(pledges), call, 3);
    }

    function test_pledgeBatch__oneUnconfirmed__thatOneIsNamed() public {
        _issueAll(3);
        IReceivables.ConfirmParams[] memory two = _confirmations(2);
        by(BUYER);
        receivables.confirmBatch(two);
        IPledges.PledgeParams[] memory items = _offers(3);
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
        eq(pledges.pledgeBatch(items, granted, _registryNos(3)), 2, "done");
        eq(uint256(pledges.pledgeOf(items[2].pledgeId).state), 0, "the refused one left nothing behind");
    }

    function test_pledgeBatch__grantedByAnybodyElse__everyItemRefused() public {
        _confirmAll(3);
        IPledges.PledgeParams[] memory items = _offers(3);
        Auth memory granted = grantAll(items, TIER2);
        by(LENDER);
        eq(pledges.pledgeBatch(items, granted, _registryNos(3)), 0, "none");
        eq(claim(items[0].assetId).pledged, 0, "nothing is pledged");
    }

    function test_pledgeBatch__idOfAnotherAsset__thatOneIsNamed() public {
        _confirmAll(3);
        IPledges.PledgeParams[] memory items = _offers(3);
        items[1].pledgeId = over(items[0].assetId, "another");
        Auth memory granted = grantAll(items, SELLER);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.ItemRefused(
            1,
            items[1].pledgeId,
            abi.encodeWithSelector(IPledges.PledgeIdForeign.selector, items[1].pledgeId, items[1].assetId)
        );
        by(LENDER);
        eq(pledges.pledgeBatch(items, granted, _registryNos(3)), 2, "done");
        eq(claim(items[1].assetId).pledged, 0, "nothing of it is locked");
    }
}
