// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {World} from "../World.sol";

/// @notice Two assets of one tag, as if an attacker had found them: the pledge's id still says which one it is over. In each
/// test LENDER's pledge carries the tag of the asset that LENDER2's security is over, so that only the id tells them apart.
contract PledgesTiedTest is World {
    bytes32 private constant CLAIM2 = "claim 2";
    bytes32 private constant GOODS2 = "goods 2";

    /// @dev Gives this pledge the tag of another asset, where it stands: the uppermost 14 bytes of its word.
    function _collide(bytes32 pledgeId, bytes32 assetId) private {
        bytes32 slot = keccak256(abi.encode(pledgeId, uint256(3)));
        uint256 word = uint256(vm.load(address(pledges), slot));
        bytes14 tag = bytes14(keccak256(abi.encode(assetId)));
        vm.store(address(pledges), slot, bytes32(tag) | bytes32(word & type(uint144).max));
        IPledges.Pledge memory p = pledges.pledgeOf(pledgeId);
        isTrue(p.assetTag == tag && p.lender == partyOf[LENDER] && p.amount == 100, "only the tag is another");
    }

    function _take(bytes32 pledgeId, uint8 kind, bytes32 assetId, uint64 amount, uint256 lender) private {
        IPledges.PledgeParams memory p = offer(pledgeId, kind, assetId, amount);
        p.lender = partyOf[lender];
        take(p, kind == RECEIVABLE ? SELLER : DISTRIBUTOR, lender);
    }

    function _claims(uint64 expiresAt) private {
        confirmed();
        issueOn("order 2", CLAIM2, FACE);
        confirmOn("order 2", CLAIM2, FACE);
        IPledges.PledgeParams memory p = offer(PLEDGE, RECEIVABLE, CLAIM, 100);
        p.expiresAt = expiresAt;
        take(p, SELLER, LENDER);
        _take(over(CLAIM2, "theirs"), RECEIVABLE, CLAIM2, FACE, LENDER2);
        _collide(PLEDGE, CLAIM2);
    }

    function _goods() private {
        bytes32[2] memory ids = [GOODS, GOODS2];
        for (uint256 i = 0; i < 2; ++i) {
            by(KEEPER);
            receipts.issue(IWarehouseReceipts.IssueParams(ids[i], partyOf[DISTRIBUTOR], ROOT, 100));
        }
        _take(ON_GOODS, WAREHOUSE, GOODS, 100, LENDER);
        _take(over(GOODS2, "theirs"), WAREHOUSE, GOODS2, 100, LENDER2);
        _collide(ON_GOODS, GOODS2);
    }

    function _mismatch(bytes32 pledgeId, bytes32 assetId) private {
        vm.expectRevert(abi.encodeWithSelector(IPledges.AssetMismatch.selector, pledgeId, assetId));
    }

    function test_release__assetOfTheSameTag__refused() public {
        _claims(0);
        _mismatch(PLEDGE, CLAIM2);
        by(LENDER);
        pledges.release(IPledges.ReleaseParams(PLEDGE, CLAIM2, 100, 0, 0));
        eq(claim(CLAIM2).pledged, FACE, "the other lender's security");
    }

    /// @dev The id alone isn't enough either: both halves count.
    function test_release__assetOfTheIdButNotOfTheTag__refused() public {
        _claims(0);
        _mismatch(PLEDGE, CLAIM);
        by(LENDER);
        pledges.release(IPledges.ReleaseParams(PLEDGE, CLAIM, 100, 0, 0));
    }

    function test_settle__assetOfTheSameTag__refused() public {
        _claims(0);
        _mismatch(PLEDGE, CLAIM2);
        by(BANK);
        receivables.settle(IReceivables.SettleParams(CLAIM2, PLEDGE, 100, "ref", partyOf[LENDER]));
    }

    function test_enforce__assetOfTheSameTag__refused() public {
        _claims(0);
        pastDue();
        _mismatch(PLEDGE, CLAIM2);
        by(LENDER);
        pledges.enforce(IPledges.EnforceParams(PLEDGE, CLAIM2));
    }

    function test_expire__assetOfTheSameTag__refused() public {
        _claims(uint64(START + 1 days));
        vm.warp(START + 2 days);
        _mismatch(PLEDGE, CLAIM2);
        by(SELLER);
        pledges.expire(IPledges.ExpireParams(PLEDGE, CLAIM2));
    }

    function test_buyBack__goodsOfTheSameTag__refused() public {
        _goods();
        _mismatch(ON_GOODS, GOODS2);
        by(BUYER);
        pledges.undertake(IPledges.UndertakeParams(ON_GOODS, GOODS2, 100, today() + 1, ROOT));
        _mismatch(ON_GOODS, GOODS2);
        by(BANK);
        pledges.payOff(IPledges.PayOffParams(ON_GOODS, GOODS2, "loan", "ref"));
        _mismatch(ON_GOODS, GOODS2);
        by(BANK);
        pledges.buyBack(IPledges.BuyBackParams(ON_GOODS, GOODS2, partyOf[BUYER], 100, "ref", 0));
    }

    /// @dev Else a keeper could have a loss borne by the attacker's pledge, and the other lender's stay without goods.
    function test_recount__pledgeOverGoodsOfTheSameTag__refused() public {
        _goods();
        _mismatch(ON_GOODS, GOODS2);
        by(KEEPER);
        receipts.recount(IWarehouseReceipts.RecountParams(GOODS2, ROOT, 100, named(ON_GOODS)));
    }
}
