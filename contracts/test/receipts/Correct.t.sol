// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {StoredWorld} from "./StoredWorld.sol";

/// @notice A count that was mistaken: what it missed and is there after all, by the word of keeper and owner.
contract ReceiptsCorrectTest is StoredWorld {
    function setUp() public override {
        super.setUp();
        goodsPledged();
        recount(KEEPER, STOCK - LOCKED + 100, named(ON_GOODS));
    }

    function _correct(uint256 pk, uint256 owner, uint64 found) private {
        IWarehouseReceipts.CorrectParams memory p = IWarehouseReceipts.CorrectParams(GOODS, "found", found);
        Auth memory agreement = agreed(p, owner);
        by(pk);
        receipts.correct(p, agreement);
    }

    function _refused(bytes memory reason, uint256 pk, uint256 owner, uint64 found) private {
        IWarehouseReceipts.CorrectParams memory p = IWarehouseReceipts.CorrectParams(GOODS, "found", found);
        Auth memory agreement = agreed(p, owner);
        vm.expectRevert(reason);
        by(pk);
        receipts.correct(p, agreement);
    }

    function test_correct__notKeeperOrNotOwner__refused() public {
        bytes memory reason = abi.encodeWithSelector(IWarehouseReceipts.NotKeeper.selector, GOODS, partyOf[DISTRIBUTOR]);
        _refused(reason, DISTRIBUTOR, DISTRIBUTOR, 1);
        reason = abi.encodeWithSelector(IWarehouseReceipts.NotOwner.selector, GOODS, partyOf[KEEPER]);
        _refused(reason, KEEPER, KEEPER, 1);
    }

    function test_correct__nothingOrMoreThanWasMissed__refused() public {
        uint64 missing = _receipt().missing;
        _refused(abi.encodeWithSelector(IActs.AmountZero.selector), KEEPER, DISTRIBUTOR, 0);
        bytes memory reason =
            abi.encodeWithSelector(IWarehouseReceipts.ExceedsMissing.selector, GOODS, missing + 1, missing);
        _refused(reason, KEEPER, DISTRIBUTOR, missing + 1);
    }

    function test_correct__otherTermsOrAgain__refused() public {
        IWarehouseReceipts.CorrectParams memory p = IWarehouseReceipts.CorrectParams(GOODS, "found", 10);
        Auth memory agreement = agreed(p, DISTRIBUTOR);
        p.found = 11;
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(DISTRIBUTOR)));
        by(KEEPER);
        receipts.correct(p, agreement);
        p.found = 10;
        by(KEEPER);
        receipts.correct(p, agreement);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActReplayed.selector, vm.addr(DISTRIBUTOR), agreement.nonce));
        by(KEEPER);
        receipts.correct(p, agreement);
    }

    function test_correct__good__freeAgainAndNoPledgeGrows() public {
        suspend(KEEPER);
        suspend(DISTRIBUTOR);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        uint64 missing = _receipt().missing;
        vm.expectEmit(true, true, true, true, address(receipts));
        emit IWarehouseReceipts.Corrected(GOODS, "found", missing);
        _correct(KEEPER, DISTRIBUTOR, missing);
        eq(_receipt().missing, 0, "nothing is missing");
        eq(_receipt().free, STOCK - LOCKED + 100, "free");
        eq(pledges.pledgeOf(ON_GOODS).amount, LOCKED - 100, "the pledge is as the count left it");
        eq(uint256(pledges.pledgeOf(ON_GOODS).state), uint256(IPledges.PledgeState.Active), "state");
    }
}
