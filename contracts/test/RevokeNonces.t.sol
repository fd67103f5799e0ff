// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {World} from "./World.sol";

/// @notice Nonces withdrawn by a party that only signs, through somebody that sends.
contract RevokeNoncesTest is World {
    string private constant REVOKE = "RevokeNonces(uint256 word,uint256 mask,uint256 nonce,uint256 deadline)";

    function _signed(uint256 pk, uint256 word, uint256 mask) private returns (Auth memory) {
        return sign(pk, pledges, REVOKE, abi.encode(word, mask));
    }

    function test_revokeNoncesBySig__othersNonces__refused() public {
        Auth memory auth = _signed(LENDER, 7, 1);
        auth.signer = vm.addr(SELLER);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(SELLER)));
        pledges.revokeNoncesBySig(7, 1, auth);
    }

    function test_revokeNoncesBySig__otherNoncesThanSigned__refused() public {
        Auth memory auth = _signed(SELLER, 7, 1);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(SELLER)));
        pledges.revokeNoncesBySig(7, 3, auth);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(SELLER)));
        pledges.revokeNoncesBySig(8, 1, auth);
    }

    function test_revokeNoncesBySig__onAnotherContract__refused() public {
        Auth memory auth = _signed(SELLER, 7, 1);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(SELLER)));
        receivables.revokeNoncesBySig(7, 1, auth);
    }

    function test_revokeNoncesBySig__late__refused() public {
        Auth memory auth = _signed(SELLER, 7, 1);
        vm.warp(auth.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActExpired.selector, auth.deadline));
        pledges.revokeNoncesBySig(7, 1, auth);
    }

    function test_revokeNoncesBySig__good__withdrawnOnceAndTold() public {
        Auth memory auth = _signed(SELLER, 7, 5);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IActs.NoncesRevoked(vm.addr(SELLER), 7, 5);
        pledges.revokeNoncesBySig(7, 5, auth);
        isTrue(pledges.nonceUsed(vm.addr(SELLER), 7 * 256), "the first");
        isTrue(!pledges.nonceUsed(vm.addr(SELLER), 7 * 256 + 1), "not the second");
        isTrue(pledges.nonceUsed(vm.addr(SELLER), 7 * 256 + 2), "the third");
        isTrue(!pledges.nonceUsed(vm.addr(LENDER), 7 * 256), "nobody else's");
        vm.expectRevert(abi.encodeWithSelector(IActs.ActReplayed.selector, auth.signer, auth.nonce));
        pledges.revokeNoncesBySig(7, 5, auth);
    }

    function test_revokeNonces__good__ofTheSenderAlone() public {
        by(SELLER);
        pledges.revokeNonces(1, 1);
        isTrue(pledges.nonceUsed(vm.addr(SELLER), 256), "withdrawn");
        isTrue(!pledges.nonceUsed(vm.addr(LENDER), 256), "nobody else's");
    }
}
