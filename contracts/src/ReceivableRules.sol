// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {PartyActs} from "./Acts.sol";
import {IAsset} from "./interfaces/IAsset.sol";
import {IOrders} from "./interfaces/IOrders.sol";
import {IPledges} from "./interfaces/IPledges.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {Away} from "./libraries/Aways.sol";
import {Claim, Claims} from "./libraries/Claims.sol";
import {Ids} from "./libraries/Ids.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title What becomes of a receivable, by the number of the party that acts. Who it is, was found out in Receivables.
/// @dev No check that the id of a part is new: parts are numbered, a pledge is enforced once, and nobody can issue such an
/// id. Each act reads the claim once, checks, writes it once, tells, and only then calls a sister contract.
abstract contract ReceivableRules is PartyActs, IReceivables {
    using SafeCast for uint256;

    /// @dev One slot; minor units.
    struct Line {
        uint64 limit;
        uint64 used;
    }

    uint32 private constant HARD_MAX_TENOR_DAYS = 366;

    IOrders public immutable orders;
    IPledges public immutable pledges;
    /// @inheritdoc IReceivables
    uint32 public immutable maxTenorDays;

    mapping(bytes32 id => Claim) internal _claims;
    mapping(bytes32 id => Away) internal _away;
    mapping(uint32 bank => mapping(uint256 word => uint256 bits)) private _bankRefs;
    mapping(uint32 debtor => Line) private _lines;
    /// @inheritdoc IReceivables
    mapping(uint32 lender => mapping(uint32 debtor => uint64 limit)) public lineOf;

    constructor(IOrders orders_, IPledges pledges_, uint32 maxTenorDays_) {
        if (maxTenorDays_ == 0 || maxTenorDays_ > HARD_MAX_TENOR_DAYS) revert MaxTenorInvalid(maxTenorDays_);
        if (orders_.receivables() != address(this)) revert WiringWrong(address(this), orders_.receivables());
        orders = orders_;
        pledges = pledges_;
        maxTenorDays = maxTenorDays_;
    }

    /// @inheritdoc IAsset
    function lock(bytes32 id, uint64 amount, uint32 pledgor, uint32 lender)
        external
        onlySister(address(pledges))
        returns (uint16)
    {
        Claim c = _held(id, pledgor);
        _requireState(id, c, ReceivableState.Confirmed);
        if (c.debtor() == lender) revert LenderIsDebtor(lender);
        _claims[id] = _spend(id, c, amount).morePledged(amount);
        return 0; // no ranks: nothing but payments, credit notes and releases makes a receivable smaller
    }

    /// @inheritdoc IAsset
    function unlock(bytes32 id, uint64 amount, bool) external onlySister(address(pledges)) {
        Claim c = _claims[id];
        _claims[id] = _unpledge(id, c, amount).moreFree(amount);
    }

    /// @inheritdoc IAsset
    function take(bytes32 id, bytes32 taken, uint64 amount, uint32 lender, bool) external onlySister(address(pledges)) {
        Claim c = _claims[id];
        if (_today() <= c.dueDay()) revert NotYetDue(c.dueDay(), _today());
        if (lender == c.debtor()) revert TransferToDebtor(lender); // it pays instead: nobody is its own creditor
        _claims[id] = _unpledge(id, c, amount);
        _away[id] = _away[id].moreSplit(amount, 0);
        _claims[taken] = c.createPart(lender).withFace(amount);
        emit Taken(id, taken, lender, amount);
    }

    /// @inheritdoc IAsset
    function holderOf(bytes32 id) external view returns (uint32) {
        Claim c = _claims[id];
        return c.confirmed() ? c.holder() : 0;
    }

    /// @inheritdoc IReceivables
    function line(uint32 debtor) external view returns (uint64 limit, uint64 used) {
        Line memory l = _lines[debtor];
        return (l.limit, l.used);
    }

    /// @inheritdoc IReceivables
    function bankRefUsed(uint32 bank, bytes32 bankRef) external view returns (bool) {
        return _bankRefs[bank][uint256(bankRef) >> 8] & (1 << (uint256(bankRef) & 0xff)) != 0;
    }

    /// @inheritdoc IReceivables
    function useBankRef(uint32 bank, bytes32 bankRef) external onlySister(address(pledges)) {
        _useBankRef(bank, bankRef);
    }

    /// @dev Returns the trail of the order's goods, over which the registrar's attestation has to be.
    function _issue(IssueParams calldata p, uint32 seller, uint32 attester) internal returns (bytes32 trail) {
        _requireAmount(p.face);
        if (Ids.isReserved(p.id)) revert IdReserved(p.id);
        uint256 today = _today();
        if (p.dueDay <= today) revert DueDayPast(p.dueDay, today);
        if (p.dueDay > today + maxTenorDays) revert TenorTooLong(p.dueDay, today + maxTenorDays);
        // The one call before the effects: what is written depends on its answer, and Orders calls nobody.
        uint32 debtor;
        (debtor, trail) = orders.invoice(p.orderId, seller, p.face);
        Claim c = _claims[p.id];
        // A cancelled one may be issued again, corrected: by the same seller to the same debtor.
        bool again = c.isIn(ReceivableState.Cancelled) && c.holder() == seller && c.debtor() == debtor;
        if (!c.isIn(ReceivableState.None) && !again) revert ReceivableExists(p.id);
        bytes18 tag = Claims.tagOf(p.orderId, p.documentRoot, seller);
        _claims[p.id] = Claims.create(p.face, tag, debtor, uint256(p.dueDay).toUint16());
        emit Issued(p.id, p.orderId, debtor, seller, p.documentRoot, p.face, p.dueDay, attester);
    }

    function _confirm(ConfirmParams calldata p, uint32 party, uint32 roles) internal {
        Claim c = _owed(p.id, party);
        _requireState(p.id, c, ReceivableState.Issued);
        (uint32 seller, uint64 face) = (p.seller, p.face);
        bytes18 tag = Claims.tagOf(p.orderId, p.documentRoot, seller);
        if (tag != c.tag() || face != c.face() || p.dueDay != c.dueDay()) revert ConfirmationMismatch(p.id);
        bool lined = roles & Roles.LINED != 0;
        _claims[p.id] = c.withConfirmation(seller, lined);
        if (lined) _drawLine(party, face);
        emit Confirmed(p.id, party, p.documentRoot);
    }

    function _cancel(CancelParams calldata p, uint32 party) internal {
        Claim c = _known(p.id);
        if (!_unconfirmed(c)) revert ReceivableStateWrong(p.id, c.state());
        if (Claims.tagOf(p.orderId, p.documentRoot, party) != c.tag()) revert NotHolder(p.id, party);
        _claims[p.id] = c.withCancellation(party);
        emit Cancelled(p.id);
        orders.uninvoice(p.orderId, c.face());
    }

    function _dispute(DisputeParams calldata p, uint32 party) internal {
        Claim c = _owed(p.id, party);
        if (!c.isIn(ReceivableState.Issued) && !c.isIn(ReceivableState.Confirmed)) {
            revert ReceivableStateWrong(p.id, c.state());
        }
        if (c.confirmed() && c.empty()) revert NothingLeft(p.id);
        _claims[p.id] = c.withState(ReceivableState.Disputed);
        emit Disputed(p.id, p.documentRoot);
    }

    function _resolveDispute(ResolveDisputeParams calldata p, uint32 party) internal {
        Claim c = _owed(p.id, party);
        _requireState(p.id, c, ReceivableState.Disputed);
        ReceivableState back = c.confirmed() ? ReceivableState.Confirmed : ReceivableState.Issued;
        _claims[p.id] = c.withState(back);
        emit DisputeResolved(p.id, back);
    }

    function _credit(CreditParams calldata p, uint32 party) internal {
        Claim c = _held(p.id, party);
        _requireOpen(p.id, c);
        _requireAmount(p.amount);
        c = _spend(p.id, c, p.amount);
        _claims[p.id] = c.empty() ? c.withState(ReceivableState.Settled) : c;
        _away[p.id] = _away[p.id].moreDiluted(p.amount);
        if (c.lined()) _giveBackLine(c.debtor(), p.amount);
        emit Credited(p.id, p.documentRoot, p.amount);
    }

    function _split(SplitParams calldata p, uint32 party) internal {
        Claim c = _held(p.id, party);
        _requireState(p.id, c, ReceivableState.Confirmed);
        if (c.empty()) revert NothingLeft(p.id);
        uint256 parts = p.amounts.length;
        if (parts < 2 || parts > 8) revert PartsInvalid(parts);
        Away away = _away[p.id];
        uint256 first = away.children();
        Claim part = c.createPart(party);
        uint64 total;
        for (uint256 i = 0; i < parts; ++i) {
            uint64 amount = p.amounts[i];
            _requireAmount(amount);
            total += amount; // can't overflow: eight times 2^56
            bytes32 child = Ids.child(p.id, first + i);
            _claims[child] = part.withFace(amount);
            emit Split(p.id, child, amount);
        }
        _claims[p.id] = _spend(p.id, c, total);
        _away[p.id] = away.moreSplit(total, parts);
    }

    function _transfer(TransferParams calldata p, uint32 party) internal {
        Claim c = _held(p.id, party);
        // A defaulted one may go back to whoever owes recourse.
        if (!c.isIn(ReceivableState.Confirmed) && !c.isIn(ReceivableState.Defaulted)) {
            revert ReceivableStateWrong(p.id, c.state());
        }
        if (c.empty()) revert NothingLeft(p.id);
        if (c.pledged() != 0) revert PledgedPart(p.id, c.pledged());
        if (p.to == party) revert TransferToSelf(party);
        if (p.to == c.debtor()) revert TransferToDebtor(p.to);
        participants.requireRole(p.to, type(uint32).max);
        _claims[p.id] = c.withHolder(p.to);
        emit Transferred(p.id, party, p.to, c.debtor());
    }

    function _settle(SettleParams calldata p, uint32 bank) internal {
        Claim c = _known(p.id);
        _requireOpen(p.id, c);
        _requireAmount(p.amount);
        if (c.debtor() == bank) revert SelfAttested(bank);
        _useBankRef(bank, p.bankRef);
        if (p.pledgeId == 0) {
            if (p.payee != c.holder()) revert PayeeWrong(p.payee, c.holder());
            c = _spend(p.id, c, p.amount);
        } else {
            c = _unpledge(p.id, c, p.amount);
        }
        bool paidUp = c.empty();
        _claims[p.id] = paidUp ? c.withState(ReceivableState.Settled) : c;
        if (c.lined()) _giveBackLine(c.debtor(), p.amount);
        emit Settled(p.id, p.pledgeId, p.payee, p.amount, p.bankRef, bank, paidUp);
        if (p.pledgeId != 0) pledges.discharge(p.pledgeId, p.id, p.amount, p.payee);
    }

    function _declareDefault(DeclareDefaultParams calldata p, uint32 party) internal {
        Claim c = _held(p.id, party);
        _requireOpen(p.id, c);
        if (c.isIn(ReceivableState.Defaulted) || c.empty()) {
            revert ReceivableStateWrong(p.id, c.state());
        }
        if (_today() <= c.dueDay()) revert NotYetDue(c.dueDay(), _today());
        _claims[p.id] = c.withState(ReceivableState.Defaulted);
        emit Defaulted(p.id);
    }

    function _setLine(SetLineParams calldata p, uint32 lender) internal {
        if (p.limit > MAX_AMOUNT) revert AmountTooLarge(p.limit);
        Line memory l = _lines[p.debtor];
        // Below what is used, a limit only stops further confirmations. At most 2^8 lenders can fill 64 bits.
        l.limit = l.limit - lineOf[lender][p.debtor] + p.limit;
        _lines[p.debtor] = l;
        lineOf[lender][p.debtor] = p.limit;
        emit LineSet(lender, p.debtor, p.limit, l.limit);
    }

    function _drawLine(uint32 debtor, uint64 face) private {
        Line memory l = _lines[debtor];
        uint256 wanted = uint256(l.used) + face;
        if (wanted > l.limit) revert LineExceeded(debtor, wanted, l.limit);
        l.used = uint64(wanted); // fits: not above `limit`
        _lines[debtor] = l;
    }

    function _giveBackLine(uint32 debtor, uint64 amount) private {
        _lines[debtor].used -= amount;
    }

    function _useBankRef(uint32 bank, bytes32 bankRef) private {
        mapping(uint256 => uint256) storage words = _bankRefs[bank];
        uint256 word = uint256(bankRef) >> 8;
        uint256 bits = words[word];
        uint256 bit = 1 << (uint256(bankRef) & 0xff);
        if (bits & bit != 0) revert BankRefUsed(bank, bankRef);
        words[word] = bits | bit;
    }

    function _spend(bytes32 id, Claim c, uint64 amount) private pure returns (Claim) {
        if (amount > c.free()) revert ExceedsFree(id, amount, c.free());
        return c.lessFree(amount);
    }

    function _unpledge(bytes32 id, Claim c, uint64 amount) private pure returns (Claim) {
        if (amount > c.pledged()) revert ExceedsPledged(id, amount, c.pledged());
        return c.lessPledged(amount);
    }

    function _known(bytes32 id) private view returns (Claim c) {
        c = _claims[id];
        if (c.isIn(ReceivableState.None)) revert ReceivableUnknown(id);
    }

    /// @dev One that isn't confirmed has no holder yet who could do anything with it but withdraw it (`_cancel`).
    function _held(bytes32 id, uint32 party) private view returns (Claim c) {
        c = _claims[id];
        if (!c.confirmed()) revert ReceivableStateWrong(id, _known(id).state());
        if (c.holder() != party) revert NotHolder(id, party);
    }

    function _owed(bytes32 id, uint32 party) private view returns (Claim c) {
        c = _claims[id];
        if (c.debtor() == party) return c;
        _known(id);
        revert NotDebtor(id, party);
    }

    /// @dev Confirmed by the debtor once, and not settled: confirmed, disputed or defaulted.
    function _requireOpen(bytes32 id, Claim c) private pure {
        if (!c.confirmed() || c.isIn(ReceivableState.Settled)) revert ReceivableStateWrong(id, c.state());
    }

    /// @dev Issued, or disputed before its confirmation: the word has a tag and no amounts but the face.
    function _unconfirmed(Claim c) internal pure returns (bool) {
        return !c.confirmed() && (c.isIn(ReceivableState.Issued) || c.isIn(ReceivableState.Disputed));
    }

    function _requireState(bytes32 id, Claim c, ReceivableState wanted) private pure {
        if (!c.isIn(wanted)) revert ReceivableStateWrong(id, c.state());
    }

    /// @dev Days since 1970-01-01, in UTC.
    function _today() private view returns (uint256) {
        return block.timestamp / 1 days;
    }
}
