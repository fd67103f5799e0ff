// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {PartyActs} from "./Acts.sol";
import {Auth} from "./interfaces/IActs.sol";
import {IAsset} from "./interfaces/IAsset.sol";
import {IOrders} from "./interfaces/IOrders.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {IPledges} from "./interfaces/IPledges.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {Ids} from "./libraries/Ids.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title Receivables. See IReceivables for meaning and units.
contract Receivables is PartyActs, IReceivables {
    using SafeCast for uint256;

    bytes32 private constant ISSUE = keccak256(
        "Issue(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant ATTEST =
        keccak256("Attest(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint256 nonce,uint256 deadline)");
    bytes32 private constant CONFIRM =
        keccak256("Confirm(bytes32 id,bytes32 documentRoot,uint64 face,uint32 dueDay,uint256 nonce,uint256 deadline)");
    bytes32 private constant CANCEL = keccak256("Cancel(bytes32 id,uint256 nonce,uint256 deadline)");
    bytes32 private constant DISPUTE =
        keccak256("Dispute(bytes32 id,bytes32 documentRoot,uint256 nonce,uint256 deadline)");
    bytes32 private constant RESOLVE_DISPUTE = keccak256("ResolveDispute(bytes32 id,uint256 nonce,uint256 deadline)");
    bytes32 private constant CREDIT =
        keccak256("Credit(bytes32 id,bytes32 documentRoot,uint64 amount,uint256 nonce,uint256 deadline)");
    bytes32 private constant SPLIT = keccak256("Split(bytes32 id,uint64[] amounts,uint256 nonce,uint256 deadline)");
    bytes32 private constant TRANSFER = keccak256("Transfer(bytes32 id,uint32 to,uint256 nonce,uint256 deadline)");
    bytes32 private constant SETTLE = keccak256(
        "Settle(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant DECLARE_DEFAULT = keccak256("DeclareDefault(bytes32 id,uint256 nonce,uint256 deadline)");

    /// @dev What every act touches, packed in one slot: 3 x 7 + 4 + 4 + 2 + 1 = 32 bytes. `settled` isn't stored: it is
    /// what face, free, pledged, split-away and diluted leave. A day fits 16 bits until the year 2149.
    struct Claim {
        uint56 face;
        uint56 free;
        uint56 pledged;
        uint32 holder;
        uint32 debtor;
        uint16 dueDay;
        uint8 status; // low four bits: ReceivableState; then the flags below
    }

    /// @dev Where an invoiced (not split) receivable comes from, one slot, written once.
    struct Origin {
        uint32 orderIndex;
        bytes28 documentTag;
    }

    /// @dev Only written when first needed, one slot.
    struct Away {
        uint64 splitAway;
        uint64 diluted;
        uint64 children;
    }

    uint8 private constant STATE_MASK = 0x0f;
    uint8 private constant CONFIRMED_FLAG = 0x10;
    uint8 private constant PART_FLAG = 0x20;
    uint32 private constant HARD_MAX_TENOR_DAYS = 366;

    IOrders public immutable orders;
    IPledges public immutable pledges;
    /// @inheritdoc IReceivables
    uint32 public immutable maxTenorDays;

    mapping(bytes32 id => Claim) private _claims;
    mapping(bytes32 id => Origin) private _origins;
    mapping(bytes32 id => Away) private _away;
    mapping(uint32 bank => mapping(uint256 word => uint256 bits)) private _bankRefs;

    constructor(IParticipants participants_, IOrders orders_, IPledges pledges_, uint32 maxTenorDays_)
        PartyActs("chainfin Receivables", participants_)
    {
        if (maxTenorDays_ == 0 || maxTenorDays_ > HARD_MAX_TENOR_DAYS) revert MaxTenorInvalid(maxTenorDays_);
        if (orders_.receivables() != address(this)) revert WiringWrong(address(this), orders_.receivables());
        orders = orders_;
        pledges = pledges_;
        maxTenorDays = maxTenorDays_;
    }

    /// @inheritdoc IReceivables
    function issue(IssueParams calldata p, Auth calldata registrar) external {
        _issue(p, registrar, msg.sender);
    }

    /// @inheritdoc IReceivables
    function issueBySig(IssueParams calldata p, Auth calldata registrar, Auth calldata auth) external {
        _issue(p, registrar, _authorize(auth, keccak256(abi.encode(ISSUE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function confirm(ConfirmParams calldata p) external {
        _confirm(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function confirmBySig(ConfirmParams calldata p, Auth calldata auth) external {
        _confirm(p, _authorize(auth, keccak256(abi.encode(CONFIRM, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function cancel(CancelParams calldata p) external {
        _cancel(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function cancelBySig(CancelParams calldata p, Auth calldata auth) external {
        _cancel(p, _authorize(auth, keccak256(abi.encode(CANCEL, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function dispute(DisputeParams calldata p) external {
        _dispute(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function disputeBySig(DisputeParams calldata p, Auth calldata auth) external {
        _dispute(p, _authorize(auth, keccak256(abi.encode(DISPUTE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function resolveDispute(ResolveDisputeParams calldata p) external {
        _resolveDispute(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function resolveDisputeBySig(ResolveDisputeParams calldata p, Auth calldata auth) external {
        _resolveDispute(p, _authorize(auth, keccak256(abi.encode(RESOLVE_DISPUTE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function credit(CreditParams calldata p) external {
        _credit(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function creditBySig(CreditParams calldata p, Auth calldata auth) external {
        _credit(p, _authorize(auth, keccak256(abi.encode(CREDIT, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function split(SplitParams calldata p) external {
        _split(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function splitBySig(SplitParams calldata p, Auth calldata auth) external {
        // EIP-712: an array is signed as the hash of its members, each padded to 32 bytes (which encodePacked does).
        bytes32 amounts = keccak256(abi.encodePacked(p.amounts));
        _split(p, _authorize(auth, keccak256(abi.encode(SPLIT, p.id, amounts, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function transfer(TransferParams calldata p) external {
        _transfer(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function transferBySig(TransferParams calldata p, Auth calldata auth) external {
        _transfer(p, _authorize(auth, keccak256(abi.encode(TRANSFER, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function settle(SettleParams calldata p) external {
        _settle(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function settleBySig(SettleParams calldata p, Auth calldata auth) external {
        _settle(p, _authorize(auth, keccak256(abi.encode(SETTLE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function declareDefault(DeclareDefaultParams calldata p) external {
        _declareDefault(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function declareDefaultBySig(DeclareDefaultParams calldata p, Auth calldata auth) external {
        _declareDefault(p, _authorize(auth, keccak256(abi.encode(DECLARE_DEFAULT, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IAsset
    function lock(bytes32 id, uint64 amount, uint32 pledgor) external onlySister(address(pledges)) {
        Claim storage c = _held(id, pledgor);
        _requireState(id, c, ReceivableState.Confirmed);
        if (amount > c.free) revert ExceedsFree(id, amount, c.free);
        c.free -= uint56(amount); // fits: not above `free`
        c.pledged += uint56(amount);
    }

    /// @inheritdoc IAsset
    function unlock(bytes32 id, uint64 amount) external onlySister(address(pledges)) {
        Claim storage c = _claims[id];
        _unpledge(id, c, amount);
        c.free += uint56(amount); // fits: came out of `pledged`
    }

    /// @inheritdoc IAsset
    function take(bytes32 id, bytes32 taken, uint64 amount, uint32 lender) external onlySister(address(pledges)) {
        Claim storage c = _claims[id];
        if (_today() <= c.dueDay) revert NotYetDue(c.dueDay, _today());
        _unpledge(id, c, amount);
        _away[id].splitAway += amount;
        _createPart(c, taken, amount, lender);
        emit Taken(id, taken, lender, amount);
    }

    /// @inheritdoc IAsset
    function holderOf(bytes32 id) external view returns (uint32) {
        return _claims[id].holder;
    }

    /// @inheritdoc IReceivables
    function receivable(bytes32 id) external view returns (Receivable memory) {
        Claim memory c = _claims[id];
        Origin memory o = _origins[id];
        Away memory a = _away[id];
        return Receivable({
            holder: c.holder,
            debtor: c.debtor,
            orderIndex: o.orderIndex,
            dueDay: c.dueDay,
            state: _state(c.status),
            confirmed: c.status & CONFIRMED_FLAG != 0,
            part: c.status & PART_FLAG != 0,
            documentTag: o.documentTag,
            face: c.face,
            free: c.free,
            pledged: c.pledged,
            splitAway: a.splitAway,
            settled: uint64(c.face) - c.free - c.pledged - a.splitAway - a.diluted,
            diluted: a.diluted
        });
    }

    /// @inheritdoc IReceivables
    function childId(bytes32 id, uint256 n) public pure returns (bytes32) {
        return Ids.child(id, n);
    }

    /// @inheritdoc IReceivables
    function childCount(bytes32 id) external view returns (uint256) {
        return _away[id].children;
    }

    /// @inheritdoc IReceivables
    function bankRefUsed(uint32 bank, bytes32 bankRef) external view returns (bool) {
        return _bankRefs[bank][uint256(bankRef) >> 8] & (1 << (uint256(bankRef) & 0xff)) != 0;
    }

    function _issue(IssueParams calldata p, Auth calldata registrar, address who) private {
        (uint32 seller,, uint32 attester, uint32 roles) = participants.enterBoth(who, registrar.signer, Kinds.ISSUE);
        _requireRole(attester, roles, Roles.REGISTRAR);
        _attest(
            registrar,
            keccak256(abi.encode(ATTEST, p.id, p.orderId, p.documentRoot, registrar.nonce, registrar.deadline))
        );
        _requireAmount(p.face);
        if (Ids.isReserved(p.id)) revert IdReserved(p.id);
        uint256 today = _today();
        if (p.dueDay <= today) revert DueDayPast(p.dueDay, today);
        if (p.dueDay > today + maxTenorDays) revert TenorTooLong(p.dueDay, today + maxTenorDays);
        _create(p, seller, attester);
    }

    function _create(IssueParams calldata p, uint32 seller, uint32 attester) private {
        (uint32 debtor, uint32 index) = orders.invoice(p.orderId, seller, p.face);
        Claim storage c = _claims[p.id];
        // A cancelled one may be issued again, corrected: by the same seller to the same debtor.
        bool again = _state(c.status) == ReceivableState.Cancelled && c.holder == seller && c.debtor == debtor;
        if (c.status != 0 && !again) revert ReceivableExists(p.id);
        _claims[p.id] = Claim({
            face: uint56(p.face), // fits: _requireAmount
            free: uint56(p.face),
            pledged: 0,
            holder: seller,
            debtor: debtor,
            dueDay: uint256(p.dueDay).toUint16(),
            status: uint8(ReceivableState.Issued)
        });
        _origins[p.id] = Origin(index, _tag(p.documentRoot));
        emit Issued(p.id, p.orderId, debtor, seller, p.documentRoot, p.face, p.dueDay, attester);
    }

    function _confirm(ConfirmParams calldata p, address who) private {
        (uint32 party,) = participants.enter(who, Kinds.CONFIRM);
        Claim storage c = _known(p.id);
        if (c.debtor != party) revert NotDebtor(p.id, party);
        _requireState(p.id, c, ReceivableState.Issued);
        if (p.face != c.face || p.dueDay != c.dueDay || _tag(p.documentRoot) != _origins[p.id].documentTag) {
            revert ConfirmationMismatch(p.id);
        }
        c.status = uint8(ReceivableState.Confirmed) | CONFIRMED_FLAG;
        emit Confirmed(p.id, party, p.documentRoot, p.face, p.dueDay);
    }

    function _cancel(CancelParams calldata p, address who) private {
        (uint32 party,) = participants.actor(who);
        Claim storage c = _held(p.id, party);
        ReceivableState state = _state(c.status);
        bool open = state == ReceivableState.Issued || state == ReceivableState.Disputed;
        if (!open || c.status & CONFIRMED_FLAG != 0) revert ReceivableStateWrong(p.id, state);
        c.status = uint8(ReceivableState.Cancelled);
        c.free = 0;
        uint64 face = c.face;
        c.face = 0;
        emit Cancelled(p.id);
        orders.uninvoice(_origins[p.id].orderIndex, face);
    }

    function _dispute(DisputeParams calldata p, address who) private {
        (uint32 party,) = participants.actor(who);
        Claim storage c = _known(p.id);
        if (c.debtor != party) revert NotDebtor(p.id, party);
        ReceivableState state = _state(c.status);
        if (state != ReceivableState.Issued && state != ReceivableState.Confirmed) {
            revert ReceivableStateWrong(p.id, state);
        }
        _setState(c, ReceivableState.Disputed);
        emit Disputed(p.id, p.documentRoot);
    }

    function _resolveDispute(ResolveDisputeParams calldata p, address who) private {
        (uint32 party,) = participants.actor(who);
        Claim storage c = _known(p.id);
        if (c.debtor != party) revert NotDebtor(p.id, party);
        _requireState(p.id, c, ReceivableState.Disputed);
        ReceivableState back = c.status & CONFIRMED_FLAG != 0 ? ReceivableState.Confirmed : ReceivableState.Issued;
        _setState(c, back);
        emit DisputeResolved(p.id, back);
    }

    function _credit(CreditParams calldata p, address who) private {
        (uint32 party,) = participants.actor(who);
        Claim storage c = _held(p.id, party);
        _requireOwed(p.id, c);
        _requireAmount(p.amount);
        _spend(p.id, c, p.amount);
        _away[p.id].diluted += p.amount;
        if (c.free == 0 && c.pledged == 0) _setState(c, ReceivableState.Settled);
        emit Credited(p.id, p.documentRoot, p.amount);
    }

    function _split(SplitParams calldata p, address who) private {
        (uint32 party,) = participants.enter(who, Kinds.TRANSFER);
        Claim storage c = _held(p.id, party);
        _requireState(p.id, c, ReceivableState.Confirmed);
        uint256 parts = p.amounts.length;
        if (parts < 2 || parts > 8) revert PartsInvalid(parts);
        Away storage away = _away[p.id];
        uint64 first = away.children;
        uint256 total;
        for (uint256 i = 0; i < parts; ++i) {
            uint64 amount = p.amounts[i];
            _requireAmount(amount);
            total += amount;
            bytes32 child = childId(p.id, first + i);
            _createPart(c, child, amount, party);
            emit Split(p.id, child, amount);
        }
        _spend(p.id, c, total);
        away.splitAway += uint64(total); // fits: not above `free`
        away.children = first + uint64(parts);
    }

    function _transfer(TransferParams calldata p, address who) private {
        (uint32 party,) = participants.enter(who, Kinds.TRANSFER);
        Claim storage c = _held(p.id, party);
        ReceivableState state = _state(c.status);
        // A defaulted one may go back to whoever owes recourse.
        if (state != ReceivableState.Confirmed && state != ReceivableState.Defaulted) {
            revert ReceivableStateWrong(p.id, state);
        }
        if (c.pledged != 0) revert PledgedPart(p.id, c.pledged);
        if (p.to == party) revert TransferToSelf(party);
        participants.requireRole(p.to, type(uint32).max);
        c.holder = p.to;
        emit Transferred(p.id, party, p.to, c.debtor);
    }

    function _settle(SettleParams calldata p, address who) private {
        (uint32 bank, uint32 roles) = participants.actor(who);
        _requireRole(bank, roles, Roles.BANK);
        Claim storage c = _known(p.id);
        _requireOwed(p.id, c);
        _requireAmount(p.amount);
        _useBankRef(bank, p.bankRef);
        if (p.pledgeId == 0) {
            if (p.payee != c.holder) revert PayeeWrong(p.payee, c.holder);
            _spend(p.id, c, p.amount);
        } else {
            _unpledge(p.id, c, p.amount);
        }
        bool paidUp = c.free == 0 && c.pledged == 0;
        if (paidUp) _setState(c, ReceivableState.Settled);
        emit Settled(p.id, p.pledgeId, p.payee, p.amount, p.bankRef, bank, paidUp);
        if (p.pledgeId != 0) pledges.discharge(p.pledgeId, p.id, p.amount, p.payee);
    }

    function _declareDefault(DeclareDefaultParams calldata p, address who) private {
        (uint32 party,) = participants.actor(who);
        Claim storage c = _held(p.id, party);
        _requireOwed(p.id, c);
        if (_state(c.status) == ReceivableState.Defaulted || (c.free == 0 && c.pledged == 0)) {
            revert ReceivableStateWrong(p.id, _state(c.status));
        }
        if (_today() <= c.dueDay) revert NotYetDue(c.dueDay, _today());
        _setState(c, ReceivableState.Defaulted);
        emit Defaulted(p.id);
    }

    function _useBankRef(uint32 bank, bytes32 bankRef) private {
        mapping(uint256 => uint256) storage words = _bankRefs[bank];
        uint256 word = uint256(bankRef) >> 8;
        uint256 bits = words[word];
        uint256 bit = 1 << (uint256(bankRef) & 0xff);
        if (bits & bit != 0) revert BankRefUsed(bank, bankRef);
        words[word] = bits | bit;
    }

    function _createPart(Claim storage parent, bytes32 id, uint64 amount, uint32 holder) private {
        // No check that `id` is new: parts are numbered, a pledge is enforced once, and nobody else can issue such an id.
        _claims[id] = Claim({
            face: uint56(amount), // fits: within the parent's 56 bits, or the parent's check fails
            free: uint56(amount),
            pledged: 0,
            holder: holder,
            debtor: parent.debtor,
            dueDay: parent.dueDay,
            status: parent.status | PART_FLAG
        });
    }

    function _spend(bytes32 id, Claim storage c, uint256 amount) private {
        if (amount > c.free) revert ExceedsFree(id, amount, c.free);
        c.free -= uint56(amount); // fits: not above `free`
    }

    function _unpledge(bytes32 id, Claim storage c, uint64 amount) private {
        if (amount > c.pledged) revert ExceedsPledged(id, amount, c.pledged);
        c.pledged -= uint56(amount); // fits: not above `pledged`
    }

    function _setState(Claim storage c, ReceivableState state) private {
        c.status = (c.status & ~STATE_MASK) | uint8(state);
    }

    function _known(bytes32 id) private view returns (Claim storage c) {
        c = _claims[id];
        if (c.status == 0) revert ReceivableUnknown(id);
    }

    function _held(bytes32 id, uint32 party) private view returns (Claim storage c) {
        c = _known(id);
        if (c.holder != party) revert NotHolder(id, party);
    }

    /// @dev Confirmed by the debtor once, and still owed: confirmed, disputed or defaulted.
    function _requireOwed(bytes32 id, Claim storage c) private view {
        ReceivableState state = _state(c.status);
        if (c.status & CONFIRMED_FLAG == 0 || state == ReceivableState.Settled) {
            revert ReceivableStateWrong(id, state);
        }
    }

    function _requireState(bytes32 id, Claim storage c, ReceivableState wanted) private view {
        ReceivableState state = _state(c.status);
        if (state != wanted) revert ReceivableStateWrong(id, state);
    }

    function _state(uint8 status) private pure returns (ReceivableState) {
        return ReceivableState(status & STATE_MASK);
    }

    function _tag(bytes32 documentRoot) private pure returns (bytes28) {
        return bytes28(keccak256(abi.encode(documentRoot)));
    }

    /// @dev Days since 1970-01-01, in UTC.
    function _today() private view returns (uint256) {
        return block.timestamp / 1 days;
    }
}
