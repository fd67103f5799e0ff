// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {EndedWorld} from "./EndedWorld.sol";

/// @notice A debt that is paid ends its pledge by a bank's word, without the lender's hand.
contract PledgesPayOffTest is EndedWorld {
    function _payment(bytes32 pledgeId, bytes32 assetId) private pure returns (IPledges.PayOffParams memory) {
        return IPledges.PayOffParams(pledgeId, assetId, "loan", "ref");
    }

    function _refused(bytes memory reason, uint256 pk, IPledges.PayOffParams memory p) private {
        vm.expectRevert(reason);
        by(pk);
        pledges.payOff(p);
    }

    function _selfAttested(uint256 pk) private {
        participants.setRoles(IParticipants.SetRolesParams(partyOf[pk], Roles.BANK | Roles.LENDER));
        _refused(abi.encodeWithSelector(IActs.SelfAttested.selector, partyOf[pk]), pk, _payment(PLEDGE, CLAIM));
    }

    function test_payOff__notABank__refused() public {
        bytes memory reason = abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[SELLER], Roles.BANK);
        _refused(reason, SELLER, _payment(PLEDGE, CLAIM));
    }

    function test_payOff__byABankThatIsPledgorOrLender__refused() public {
        _selfAttested(SELLER);
        _selfAttested(LENDER);
    }

    function test_payOff__unknownOrOfAnotherAsset__refused() public {
        _refused(
            abi.encodeWithSelector(IPledges.PledgeUnknown.selector, bytes32("none")), BANK, _payment("none", CLAIM)
        );
        bytes memory reason = abi.encodeWithSelector(IPledges.AssetMismatch.selector, PLEDGE, bytes32("claim 2"));
        _refused(reason, BANK, _payment(PLEDGE, "claim 2"));
    }

    function test_payOff__neverDrawn__refused() public {
        IPledges.PledgeParams memory p = offer(over(CLAIM, "undrawn"), RECEIVABLE, CLAIM, 10);
        p.expiresAt = uint64(block.timestamp + 1 days);
        take(p, SELLER, LENDER);
        _refused(abi.encodeWithSelector(IPledges.NotDrawn.selector, p.pledgeId), BANK, _payment(p.pledgeId, CLAIM));
    }

    function test_payOff__everybodySuspendedAndPaused__endsIt() public {
        suspend(LENDER);
        suspend(SELLER);
        suspend(BANK);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.PaidOff(PLEDGE, CLAIM, "loan", PART, "ref", partyOf[BANK]);
        by(BANK);
        pledges.payOff(_payment(PLEDGE, CLAIM));
        eq(uint256(pledges.pledgeOf(PLEDGE).state), uint256(IPledges.PledgeState.Released), "state");
        eq(claim(CLAIM).free, FACE, "free");
        eq(claim(CLAIM).pledged, 0, "pledged");
        bytes memory reason =
            abi.encodeWithSelector(IPledges.PledgeStateWrong.selector, PLEDGE, IPledges.PledgeState.Released);
        _refused(reason, BANK, _payment(PLEDGE, CLAIM));
    }

    function test_payOffBySig__ofGoods__freesThem() public {
        goodsPledged();
        IPledges.PayOffParams memory p = _payment(ON_GOODS, GOODS);
        Auth memory word = sign(
            BANK,
            pledges,
            "PayOff(bytes32 pledgeId,bytes32 assetId,bytes32 loanRef,bytes32 bankRef,uint256 nonce,uint256 deadline)",
            abi.encode(p)
        );
        pledges.payOffBySig(p, word);
        eq(receipts.receipt(GOODS).free, STOCK, "free");
        // And leaves room for another pledge.
        take(offer(over(GOODS, "next"), WAREHOUSE, GOODS, STOCK), DISTRIBUTOR, LENDER);
    }
}
