// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartyActs} from "./Acts.sol";
import {IAsset} from "./interfaces/IAsset.sol";
import {IPledges} from "./interfaces/IPledges.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "./interfaces/IWarehouseReceipts.sol";
import {Entries, Entry} from "./libraries/Entries.sol";
import {Ids} from "./libraries/Ids.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title What becomes of a pledge, by the number of the party that acts. Who it is, was found out in Pledges.
/// @dev Each act reads the pledge once, checks, writes it once, tells, and only then calls the asset's contract.
abstract contract PledgeRules is PartyActs, IPledges {
    /// @dev One slot. `bought` numbers the parts that buy-backs took out, also those of an earlier promise.
    struct Promise {
        uint64 amount;
        uint32 untilDay;
        uint64 bought;
    }

    uint8 internal constant RECEIVABLE = 1;
    uint8 internal constant WAREHOUSE_RECEIPT = 2;

    IReceivables public immutable receivables;
    IWarehouseReceipts public immutable warehouseReceipts;

    mapping(bytes32 pledgeId => Entry) internal _pledges;
    mapping(bytes32 pledgeId => mapping(uint32 buyer => Promise)) private _promises;

    constructor(IReceivables receivables_, IWarehouseReceipts warehouseReceipts_) {
        if (address(receivables_.pledges()) != address(this)) {
            revert WiringWrong(address(this), address(receivables_.pledges()));
        }
        if (address(warehouseReceipts_.pledges()) != address(this)) {
            revert WiringWrong(address(this), address(warehouseReceipts_.pledges()));
        }
        receivables = receivables_;
        warehouseReceipts = warehouseReceipts_;
    }

    /// @inheritdoc IPledges
    function discharge(bytes32 pledgeId, bytes32 assetId, uint64 amount, uint32 payee)
        external
        onlySister(address(receivables))
    {
        Entry e = _active(pledgeId);
        if (e.goods()) revert AssetMismatch(pledgeId, assetId);
        _requireAsset(e, pledgeId, assetId);
        if (e.lender() != payee) revert IReceivables.PayeeWrong(payee, e.lender());
        e = _reduce(e, pledgeId, amount, PledgeState.Released);
        if (e.amount() == 0) emit Discharged(pledgeId, assetId);
    }

    /// @inheritdoc IPledges
    function shrink(bytes32 assetId, bytes32[] calldata pledgeIds, uint64 pledged, uint64 by)
        external
        onlySister(address(warehouseReceipts))
        returns (uint256 ended)
    {
        Entry[] memory entries = new Entry[](pledgeIds.length);
        uint256 sum;
        uint16 rank;
        for (uint256 i = 0; i < pledgeIds.length; ++i) {
            Entry e = _active(pledgeIds[i]);
            if (!e.goods()) revert NotOverGoods(pledgeIds[i]);
            _requireAsset(e, pledgeIds[i], assetId);
            if (e.rank() <= rank) revert PledgesOutOfOrder(pledgeIds[i]);
            (entries[i], rank) = (e, e.rank());
            sum += e.amount();
        }
        // None can be missing: each live one has an amount.
        if (sum != pledged) revert PledgesIncomplete(assetId, sum, pledged);
        for (uint256 i = pledgeIds.length; by > 0; --i) {
            bytes32 pledgeId = pledgeIds[i - 1];
            Entry e = entries[i - 1];
            uint64 cut = by < e.amount() ? by : e.amount();
            by -= cut;
            e = _reduce(e, pledgeId, cut, PledgeState.Lost);
            if (e.amount() == 0) ++ended;
            emit Shrunk(pledgeId, assetId, cut, e.amount());
        }
    }

    /// @notice One item of a batch, or the second half of a substitution; only the contract itself calls this.
    function pledgeItem(PledgeParams calldata p, uint32 lender, uint32 holder, bytes32 registryNo) external onlySelf {
        _pledge(p, lender, holder, registryNo);
    }

    /// @inheritdoc IPledges
    function undertakingOf(bytes32 pledgeId, uint32 buyer) external view returns (Undertaking memory) {
        Promise memory u = _promises[pledgeId][buyer];
        return Undertaking(u.amount, u.untilDay);
    }

    function _pledge(PledgeParams calldata p, uint32 lender, uint32 holder, bytes32 registryNo) internal {
        if (p.lender != lender) revert NotLender(p.pledgeId, lender);
        if (holder == lender) revert LenderIsPledgor(lender);
        if (registryNo == 0) revert RegistryNoMissing(p.pledgeId);
        if (p.assetKind != RECEIVABLE && p.assetKind != WAREHOUSE_RECEIPT) revert AssetKindInvalid(p.assetKind);
        _requireAmount(p.amount);
        _requireExpiry(p.expiresAt);
        if (Entry.unwrap(_pledges[p.pledgeId]) != 0) revert PledgeExists(p.pledgeId);
        if (!Entries.mayName(p.pledgeId, p.assetId)) revert PledgeIdForeign(p.pledgeId, p.assetId);
        bool goods = p.assetKind == WAREHOUSE_RECEIPT;
        // The one call before the effects: the asset ranks the pledge. It refuses what isn't free, and calls nobody.
        uint16 rank = _asset(goods).lock(p.assetId, p.amount, holder, lender);
        _pledges[p.pledgeId] = Entries.create(p.amount, lender, p.expiresAt, goods, rank, p.assetId);
        emit Pledged(
            p.pledgeId,
            p.assetId,
            p.loanRef,
            p.assetKind,
            p.amount,
            holder,
            lender,
            p.decisionHash,
            registryNo,
            p.expiresAt
        );
    }

    function _release(bytes32 pledgeId, bytes32 assetId, uint64 amount, uint64 keep, uint32 party) internal {
        Entry e = _ofLender(pledgeId, assetId, party);
        _requireAmount(amount);
        e = _reduce(e, pledgeId, amount, PledgeState.Released);
        // Whatever was reckoned when the act was signed: other acts may have taken from the pledge since.
        if (e.amount() < keep) revert LeavesTooLittle(pledgeId, e.amount(), keep);
        emit Released(pledgeId, assetId, amount, e.amount());
        _asset(e.goods()).unlock(assetId, amount, e.amount() == 0);
    }

    function _substitute(SubstituteParams calldata p, uint32 lender, uint32 holder, bytes32 registryNo) internal {
        if (!_pledges[p.soldPledgeId].goods()) revert NotOverGoods(p.soldPledgeId);
        if (warehouseReceipts.holderOf(p.goodsId) != holder) revert SubstituteForeign(p.goodsId, p.receivableId);
        emit Substituted(p.soldPledgeId, p.pledgeId, p.goodsId, p.receivableId);
        _release(p.soldPledgeId, p.goodsId, p.quantity, 0, lender);
        // A call to itself: so that a pledge reads its terms where they came in, instead of a copy in memory.
        this.pledgeItem(_inPlace(p), lender, holder, registryNo);
    }

    function _draw(DrawParams calldata p, uint32 party) internal {
        Entry e = _active(p.pledgeId);
        if (e.lender() != party) revert NotLender(p.pledgeId, party);
        if (e.drawn()) revert AlreadyDrawn(p.pledgeId);
        if (block.timestamp > e.expiresAt()) revert PledgeLapsed(p.pledgeId, e.expiresAt());
        _pledges[p.pledgeId] = e.asDrawn();
        emit Drawn(p.pledgeId);
    }

    function _expire(ExpireParams calldata p, uint32 party) internal {
        Entry e = _active(p.pledgeId);
        _requireAsset(e, p.pledgeId, p.assetId);
        if (_asset(e.goods()).holderOf(p.assetId) != party) revert NotPledgor(p.pledgeId, party);
        if (e.drawn() || block.timestamp <= e.expiresAt()) revert NotExpired(p.pledgeId, e.expiresAt());
        uint64 amount = e.amount();
        e = _reduce(e, p.pledgeId, amount, PledgeState.Expired);
        emit Expired(p.pledgeId, p.assetId, amount);
        _asset(e.goods()).unlock(p.assetId, amount, true);
    }

    function _enforce(EnforceParams calldata p, uint32 party) internal {
        Entry e = _ofLender(p.pledgeId, p.assetId, party);
        if (!e.drawn()) revert NotDrawn(p.pledgeId);
        uint64 amount = e.amount();
        bytes32 taken = Ids.enforced(p.pledgeId, p.assetId);
        e = _reduce(e, p.pledgeId, amount, PledgeState.Enforced);
        emit Enforced(p.pledgeId, p.assetId, taken, amount);
        _asset(e.goods()).take(p.assetId, taken, amount, party, true);
    }

    function _undertake(UndertakeParams calldata p, uint32 buyer, uint32 roles) internal {
        Entry e = _active(p.pledgeId);
        _requireAsset(e, p.pledgeId, p.assetId);
        // Goods are bought back by the core enterprise that sold them, a receivable by whoever gives recourse for it.
        if (e.goods()) _requireRole(buyer, roles, Roles.CORE);
        // Nobody stands in for its own debt, nor for what it may take anyway; nor does a keeper come to own what it keeps.
        if (buyer == e.lender() || buyer == _asset(e.goods()).holderOf(p.assetId)) {
            revert UndertakerIsParty(p.pledgeId, buyer);
        }
        if (e.goods() && buyer == warehouseReceipts.keeperOf(p.assetId)) revert SelfAttested(buyer);
        _requireAmount(p.amount);
        if (p.amount > e.amount()) revert ExceedsPledge(p.pledgeId, p.amount, e.amount());
        uint256 today = block.timestamp / 1 days;
        if (p.untilDay < today) revert UndertakingPast(p.untilDay, today);
        Promise memory u = _promises[p.pledgeId][buyer];
        // What has lapsed or was carried out in full makes room for another.
        if (u.amount != 0 && u.untilDay >= today) revert UndertakingExists(p.pledgeId, buyer);
        _promises[p.pledgeId][buyer] = Promise(p.amount, p.untilDay, u.bought);
        emit Undertaken(p.pledgeId, buyer, p.amount, p.untilDay, p.documentRoot);
    }

    function _buyBack(BuyBackParams calldata p, uint32 bank) internal {
        Entry e = _active(p.pledgeId);
        _requireAsset(e, p.pledgeId, p.assetId);
        if (!e.drawn()) revert NotDrawn(p.pledgeId);
        _requireAmount(p.amount);
        Promise memory u = _promises[p.pledgeId][p.buyer];
        if (p.amount > u.amount || block.timestamp / 1 days > u.untilDay) {
            revert UndertakingMissing(p.pledgeId, p.buyer);
        }
        if (bank == p.buyer) revert SelfAttested(bank);
        bytes32 taken = Ids.boughtBack(p.pledgeId, p.buyer, u.bought++);
        u.amount -= p.amount;
        _promises[p.pledgeId][p.buyer] = u;
        e = _reduce(e, p.pledgeId, p.amount, PledgeState.Released);
        emit BoughtBack(p.pledgeId, p.assetId, p.buyer, taken, p.amount, e.amount(), p.bankRef, bank);
        // One register of references for all payments.
        receivables.useBankRef(bank, p.bankRef);
        _asset(e.goods()).take(p.assetId, taken, p.amount, p.buyer, e.amount() == 0);
    }

    function _payOff(PayOffParams calldata p, uint32 bank) internal {
        Entry e = _active(p.pledgeId);
        _requireAsset(e, p.pledgeId, p.assetId);
        if (!e.drawn()) revert NotDrawn(p.pledgeId);
        // The lender has an act of its own, and the pledgor would free itself.
        if (bank == e.lender() || bank == _asset(e.goods()).holderOf(p.assetId)) revert SelfAttested(bank);
        uint64 amount = e.amount();
        e = _reduce(e, p.pledgeId, amount, PledgeState.Released);
        emit PaidOff(p.pledgeId, p.assetId, p.loanRef, amount, p.bankRef, bank);
        _asset(e.goods()).unlock(p.assetId, amount, true);
    }

    function _inPlace(SubstituteParams calldata p) internal pure returns (PledgeParams memory) {
        return PledgeParams({
            pledgeId: p.pledgeId,
            assetKind: RECEIVABLE,
            assetId: p.receivableId,
            amount: p.amount,
            lender: p.lender,
            loanRef: p.loanRef,
            decisionHash: p.decisionHash,
            expiresAt: p.expiresAt
        });
    }

    /// @dev Stores what is left of the pledge.
    function _reduce(Entry e, bytes32 pledgeId, uint64 amount, PledgeState atZero) private returns (Entry left) {
        if (amount > e.amount()) revert ExceedsPledge(pledgeId, amount, e.amount());
        left = e.less(amount, atZero);
        _pledges[pledgeId] = left;
    }

    function _ofLender(bytes32 pledgeId, bytes32 assetId, uint32 party) private view returns (Entry e) {
        e = _active(pledgeId);
        if (e.lender() != party) revert NotLender(pledgeId, party);
        _requireAsset(e, pledgeId, assetId);
    }

    function _active(bytes32 pledgeId) private view returns (Entry e) {
        e = _pledges[pledgeId];
        if (e.isIn(PledgeState.Active)) return e;
        if (e.isIn(PledgeState.None)) revert PledgeUnknown(pledgeId);
        revert PledgeStateWrong(pledgeId, e.state());
    }

    function _requireAsset(Entry e, bytes32 pledgeId, bytes32 assetId) private pure {
        if (!e.isOver(pledgeId, assetId)) revert AssetMismatch(pledgeId, assetId);
    }

    function _requireExpiry(uint64 expiresAt) private view {
        if (expiresAt == 0) return;
        if (expiresAt <= block.timestamp || expiresAt > type(uint32).max) revert ExpiryInvalid(expiresAt);
    }

    function _asset(bool goods) private view returns (IAsset) {
        return goods ? IAsset(warehouseReceipts) : IAsset(receivables);
    }
}
