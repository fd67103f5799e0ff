// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {World} from "./World.sol";

/// @notice A treasury that is a contract: it accepts what its owner signed (EIP-1271).
contract Treasury {
    address private immutable _owner;

    constructor(address owner) {
        _owner = owner;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (bytes32 r, bytes32 s, uint8 v) = (bytes32(signature[0:32]), bytes32(signature[32:64]), uint8(signature[64]));
        return ecrecover(hash, v, r, s) == _owner ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @notice What a signature binds, shown on the debtor's confirmation.
contract SignaturesTest is World {
    string private constant TYPE =
        "Confirm(bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay,uint256 nonce,uint256 deadline)";

    function setUp() public override {
        super.setUp();
        deliver(ORDER, FACE);
        issue(CLAIM, FACE);
    }

    function _params() private view returns (IReceivables.ConfirmParams memory) {
        return confirmation(CLAIM, FACE);
    }

    function _auth(uint256 pk) private returns (Auth memory) {
        return sign(pk, receivables, TYPE, abi.encode(_params()));
    }

    function _refused(Auth memory auth, bytes memory reason) private {
        IReceivables.ConfirmParams memory p = _params();
        vm.expectRevert(reason);
        receivables.confirmBySig(p, auth);
    }

    function _invalid(address signer) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, signer);
    }

    function test_relayed__replayed__refused() public {
        Auth memory auth = _auth(BUYER);
        receivables.confirmBySig(_params(), auth);
        _refused(auth, abi.encodeWithSelector(IActs.ActReplayed.selector, auth.signer, auth.nonce));
    }

    function test_relayed__expired__refused() public {
        Auth memory auth = _auth(BUYER);
        vm.warp(auth.deadline + 1);
        _refused(auth, abi.encodeWithSelector(IActs.ActExpired.selector, auth.deadline));
    }

    function test_relayed__withdrawn__refused() public {
        Auth memory auth = _auth(BUYER);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IActs.NoncesRevoked(vm.addr(BUYER), auth.nonce >> 8, 1 << (auth.nonce & 255));
        by(BUYER);
        receivables.revokeNonces(auth.nonce >> 8, 1 << (auth.nonce & 255));
        _refused(auth, abi.encodeWithSelector(IActs.ActReplayed.selector, auth.signer, auth.nonce));
    }

    function test_relayed__otherDeadlineThanSigned__refused() public {
        Auth memory auth = _auth(BUYER);
        auth.deadline += 1;
        _refused(auth, _invalid(auth.signer));
    }

    function test_relayed__otherNonceThanSigned__refused() public {
        Auth memory auth = _auth(BUYER);
        auth.nonce += 1;
        _refused(auth, _invalid(auth.signer));
    }

    function test_relayed__signedForAnotherContract__refused() public {
        Auth memory auth = sign(BUYER, pledges, TYPE, abi.encode(_params()));
        _refused(auth, _invalid(auth.signer));
    }

    function test_relayed__signedForAnotherChain__refused() public {
        vm.chainId(5);
        Auth memory auth = _auth(BUYER);
        vm.chainId(6);
        _refused(auth, _invalid(auth.signer));
    }

    function test_relayed__signedByAnotherKey__refused() public {
        Auth memory auth = _auth(SELLER);
        auth.signer = vm.addr(BUYER);
        _refused(auth, _invalid(auth.signer));
    }

    function test_relayed__rightSignatureOfAnotherParty__refused() public {
        _refused(_auth(SELLER), abi.encodeWithSelector(IReceivables.NotDebtor.selector, CLAIM, partyOf[SELLER]));
    }

    function test_relayed__malleated__refused() public {
        Auth memory auth = _auth(BUYER);
        bytes memory sig = auth.signature;
        bytes32 s;
        uint8 v = uint8(sig[64]) == 27 ? 28 : 27;
        assembly {
            s := mload(add(sig, 64))
        }
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes32 flipped = bytes32(order - uint256(s));
        assembly {
            mstore(add(sig, 64), flipped)
        }
        sig[64] = bytes1(v);
        _refused(auth, _invalid(auth.signer));
    }

    function test_relayed__noSignature__refused() public {
        Auth memory auth = _auth(BUYER);
        auth.signature = "";
        _refused(auth, _invalid(auth.signer));
        auth.signer = address(0);
        _refused(auth, _invalid(address(0)));
    }

    function test_relayed__oldKeyAfterRotation__refused() public {
        Auth memory auth = _auth(BUYER);
        rotate(BUYER, STRANGER);
        _refused(auth, abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(BUYER)));
        receivables.confirmBySig(_params(), _auth(STRANGER));
    }

    function test_relayed__good__carriedOutAndNonceUsed() public {
        Auth memory auth = _auth(BUYER);
        isTrue(!receivables.nonceUsed(auth.signer, auth.nonce), "unused");
        receivables.confirmBySig(_params(), auth);
        isTrue(claim(CLAIM).confirmed, "confirmed");
        isTrue(receivables.nonceUsed(auth.signer, auth.nonce), "used");
    }

    function test_relayed__withdrawnBySomebodyElse__stillGood() public {
        Auth memory auth = _auth(BUYER);
        by(STRANGER);
        receivables.revokeNonces(auth.nonce >> 8, type(uint256).max);
        receivables.confirmBySig(_params(), auth);
    }

    function test_relayed__treasuryContract__acceptedBySignatureOfItsOwner() public {
        Treasury treasury = new Treasury(vm.addr(STRANGER));
        Auth memory proof =
            sign(STRANGER, participants, SUCCEED_TYPE, abi.encode(partyOf[BUYER], vm.addr(BUYER), address(treasury)));
        proof.signer = address(treasury);
        by(BUYER);
        participants.rotateKey(IParticipants.RotateKeyParams(address(treasury)), proof);
        Auth memory wrong = _auth(SELLER);
        wrong.signer = address(treasury);
        _refused(wrong, _invalid(address(treasury)));
        Auth memory auth = _auth(STRANGER);
        auth.signer = address(treasury);
        receivables.confirmBySig(_params(), auth);
        isTrue(claim(CLAIM).confirmed, "confirmed");
    }

    function test_admit__treasuryContract__provesItself() public {
        Treasury treasury = new Treasury(vm.addr(STRANGER));
        IParticipants.AdmitParams memory p = admission(STRANGER, Roles.CORE);
        p.key = address(treasury);
        Auth memory proof = joinProof(p, STRANGER);
        proof.signer = address(treasury);
        eq(participants.admit(p, proof), participants.partyCount(), "admitted");
    }

    function testFuzz_relayed__anyForeignBytes__refused(bytes calldata junk) public {
        Auth memory auth = _auth(BUYER);
        vm.assume(keccak256(junk) != keccak256(auth.signature));
        auth.signature = junk;
        _refused(auth, _invalid(auth.signer));
    }

    function testFuzz_nonce__anyOrder__eachOnce(uint256 nonce) public {
        vm.assume(nonce > 1000);
        Auth memory auth = signWith(BUYER, receivables, TYPE, abi.encode(_params()), nonce, block.timestamp);
        receivables.confirmBySig(_params(), auth);
        _refused(auth, abi.encodeWithSelector(IActs.ActReplayed.selector, auth.signer, nonce));
        isTrue(!receivables.nonceUsed(auth.signer, nonce ^ 1), "its neighbour is free");
    }
}
