// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "./IActs.sol";
import {IAsset} from "./IAsset.sol";
import {IPledges} from "./IPledges.sol";

/// @title Receivables: the debts that invoices make. `free + pledged + splitAway + settled + diluted = face`, always.
interface IReceivables is IAsset {
    /// @param id Keyed fingerprint of the invoice, attested by a registrar.
    /// @param orderId Order that the invoice bills.
    /// @param documentRoot Salted Merkle root over the invoice's fields.
    /// @param face Amount of the debt, minor units of the order's currency.
    /// @param dueDay Day on which the debtor has to pay, days since 1970-01-01.
    struct IssueParams {
        bytes32 id;
        bytes32 orderId;
        bytes32 documentRoot;
        uint64 face;
        uint32 dueDay;
    }

    /// @param id The receivable.
    /// @param orderId Order that the invoice bills.
    /// @param seller Party to which it is owed.
    /// @param documentRoot Root that the debtor's own client computed from the invoice.
    /// @param face Amount that the debtor undertakes to pay, minor units.
    /// @param dueDay Day on which it undertakes to pay, days since 1970-01-01.
    struct ConfirmParams {
        bytes32 id;
        bytes32 orderId;
        uint32 seller;
        bytes32 documentRoot;
        uint64 face;
        uint32 dueDay;
    }

    /// @param id The receivable, not yet confirmed.
    /// @param orderId Order that its invoice bills.
    /// @param documentRoot Root of its invoice, as issued.
    struct CancelParams {
        bytes32 id;
        bytes32 orderId;
        bytes32 documentRoot;
    }

    /// @param id The receivable.
    /// @param documentRoot Root of the notice of dispute.
    struct DisputeParams {
        bytes32 id;
        bytes32 documentRoot;
    }

    /// @param id The receivable whose dispute the debtor withdraws.
    struct ResolveDisputeParams {
        bytes32 id;
    }

    /// @param id The receivable.
    /// @param documentRoot Root of the credit note.
    /// @param amount By how much the claim shrinks, minor units; out of the free part.
    struct CreditParams {
        bytes32 id;
        bytes32 documentRoot;
        uint64 amount;
    }

    /// @param id The receivable.
    /// @param amounts Faces of the two to eight parts, minor units; what remains stays with the parent.
    struct SplitParams {
        bytes32 id;
        uint64[] amounts;
    }

    /// @param id The receivable, something of it left and no part of it pledged.
    /// @param to Party that holds it from now on; not the debtor.
    struct TransferParams {
        bytes32 id;
        uint32 to;
    }

    /// @param id The receivable.
    /// @param pledgeId Pledge whose part is paid; 0 for the free part.
    /// @param amount Paid, minor units.
    /// @param bankRef The bank's reference of the payment; each counts once. Running numbers are cheapest (256 share a storage word).
    /// @param payee Party that was paid: the holder for the free part, the pledgee for a pledged one.
    struct SettleParams {
        bytes32 id;
        bytes32 pledgeId;
        uint64 amount;
        bytes32 bankRef;
        uint32 payee;
    }

    /// @param id The receivable, past its due day.
    struct DeclareDefaultParams {
        bytes32 id;
    }

    /// @param debtor Debtor whose confirmations the line bounds; it carries the role LINED.
    /// @param limit What this lender adds to the debtor's line, minor units; replaces what it had set before.
    struct SetLineParams {
        uint32 debtor;
        uint64 limit;
    }

    enum ReceivableState {
        None,
        Issued,
        Confirmed,
        Disputed,
        Settled,
        Defaulted,
        Cancelled
    }

    /// @notice A receivable; amounts in minor units of its order's currency.
    /// @param holder Party to whom it is owed; 0 until the debtor has confirmed it (the seller: see `Issued`).
    /// @param debtor Party that owes it (the order's buyer).
    /// @param dueDay Days since 1970-01-01.
    /// @param state Where it stands.
    /// @param confirmed Whether the debtor has confirmed it (also true of a disputed or defaulted one that was).
    /// @param part Whether it came from a split or an enforcement.
    /// @param lined Whether its confirmation drew on the debtor's credit line (then payments and credit notes give it back).
    /// @param originTag Until it is confirmed: first 18 bytes of keccak256(abi.encode(orderId, documentRoot, seller)); then 0.
    struct Receivable {
        uint32 holder;
        uint32 debtor;
        uint32 dueDay;
        ReceivableState state;
        bool confirmed;
        bool part;
        bool lined;
        bytes18 originTag;
        uint64 face;
        uint64 free;
        uint64 pledged;
        uint64 splitAway;
        uint64 settled;
        uint64 diluted;
    }

    event Issued(
        bytes32 indexed id,
        bytes32 indexed orderId,
        uint32 indexed debtor,
        uint32 seller,
        bytes32 documentRoot,
        uint64 face,
        uint32 dueDay,
        uint32 registrar
    );
    /// @dev Face and due day are those of `Issued`: the confirmation had to name the same.
    event Confirmed(bytes32 indexed id, uint32 indexed debtor, bytes32 documentRoot);
    event Cancelled(bytes32 indexed id);
    event Disputed(bytes32 indexed id, bytes32 documentRoot);
    event DisputeResolved(bytes32 indexed id, ReceivableState state);
    event Credited(bytes32 indexed id, bytes32 documentRoot, uint64 amount);
    /// @notice A part came to be, with state and due day of its parent.
    event Split(bytes32 indexed id, bytes32 indexed childId, uint64 amount);
    /// @notice Also the notice to the debtor that it has another creditor now.
    event Transferred(bytes32 indexed id, uint32 indexed from, uint32 indexed to, uint32 debtor);
    /// @notice `bank` attests a payment; `pledgeId` is 0 for the free part; `paidUp` says that nothing is due any more.
    event Settled(
        bytes32 indexed id,
        bytes32 indexed pledgeId,
        uint32 indexed payee,
        uint64 amount,
        bytes32 bankRef,
        uint32 bank,
        bool paidUp
    );
    event Defaulted(bytes32 indexed id);
    /// @notice `lender` set its share of the debtor's line; `total` is what all lenders allow together.
    event LineSet(uint32 indexed lender, uint32 indexed debtor, uint64 limit, uint64 total);
    /// @notice An item of a batch was refused; `reason` is the error, as the same act alone would have given it.
    event ItemRefused(uint256 index, bytes32 indexed id, bytes reason);
    /// @notice Enforcement: `lender` holds `amount` as the receivable `childId` now.
    event Taken(bytes32 indexed id, bytes32 indexed childId, uint32 indexed lender, uint64 amount);

    /// @notice This fingerprint is in use: the invoice was issued already, by whomever.
    error ReceivableExists(bytes32 id);
    error ReceivableUnknown(bytes32 id);
    /// @notice The receivable is in a state that doesn't admit the act.
    error ReceivableStateWrong(bytes32 id, ReceivableState state);
    /// @notice Only the debtor may do this.
    error NotDebtor(bytes32 id, uint32 party);
    /// @notice Only the holder may do this.
    error NotHolder(bytes32 id, uint32 party);
    /// @notice The due day isn't after today.
    error DueDayPast(uint32 dueDay, uint256 today);
    /// @notice The tenor is beyond the lawful maximum of days.
    error TenorTooLong(uint32 dueDay, uint256 lastDay);
    /// @notice At deployment: a maximum tenor of 0 or above 366 days.
    error MaxTenorInvalid(uint32 days_);
    /// @notice What the debtor would confirm (order, seller, document, face, due day) isn't what was issued.
    error ConfirmationMismatch(bytes32 id);
    /// @notice More than the free part.
    error ExceedsFree(bytes32 id, uint256 wanted, uint64 free);
    /// @notice More than the part pledged.
    error ExceedsPledged(bytes32 id, uint256 wanted, uint64 pledged);
    /// @notice A part of it is pledged.
    error PledgedPart(bytes32 id, uint64 pledged);
    /// @notice The bank's reference was used already: the payment counts once.
    error BankRefUsed(uint32 bank, bytes32 bankRef);
    /// @notice Paid to somebody else than the one to whom this part is due.
    error PayeeWrong(uint32 payee, uint32 due);
    /// @notice Fewer than two or more than eight parts.
    error PartsInvalid(uint256 parts);
    /// @notice It isn't past its due day.
    error NotYetDue(uint32 dueDay, uint256 today);
    /// @notice The debtor's confirmed debt would exceed what its lenders allow together.
    error LineExceeded(uint32 debtor, uint256 wanted, uint64 limit);
    /// @notice It belongs to this party already.
    error TransferToSelf(uint32 party);
    /// @notice Nobody can owe to itself: the debtor pays, and the bank attests it.
    error TransferToDebtor(uint32 debtor);
    /// @notice A lender can't take what it owes itself as security.
    error LenderIsDebtor(uint32 lender);

    /// @notice The seller issues a receivable. `registrar` is a registrar's own
    /// `Attest(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay,bytes32 trail,uint256 nonce,uint256 deadline)`:
    /// fingerprint, document, face and due day are the invoice's, and none of its lines bills more than was received by the
    /// goods' trail (`IOrders.trailOf`). The contract takes the order's trail as it stands, so an attestation over goods that have moved
    /// on is refused as `ActSignatureInvalid`. Its nonce isn't used up (the id serves once), but a withdrawn one is refused.
    function issue(IssueParams calldata p, Auth calldata registrar) external;
    function issueBySig(IssueParams calldata p, Auth calldata registrar, Auth calldata auth) external;
    /// @notice The debtor confirms (确权): its undertaking to pay the holder on the due day.
    function confirm(ConfirmParams calldata p) external;
    function confirmBySig(ConfirmParams calldata p, Auth calldata auth) external;
    /// @notice The seller withdraws a receivable that isn't confirmed; the same seller may issue it again, corrected.
    function cancel(CancelParams calldata p) external;
    function cancelBySig(CancelParams calldata p, Auth calldata auth) external;
    /// @notice The debtor disputes it: nothing new can be built on it, payments and releases go on.
    function dispute(DisputeParams calldata p) external;
    function disputeBySig(DisputeParams calldata p, Auth calldata auth) external;
    /// @notice The debtor withdraws its dispute.
    function resolveDispute(ResolveDisputeParams calldata p) external;
    function resolveDisputeBySig(ResolveDisputeParams calldata p, Auth calldata auth) external;
    /// @notice The holder's credit note (红字发票/贷项通知) shrinks the claim, out of the free part.
    function credit(CreditParams calldata p) external;
    function creditBySig(CreditParams calldata p, Auth calldata auth) external;
    /// @notice The holder splits parts off; the child ids are `childId(id, n)` for the next n.
    function split(SplitParams calldata p) external;
    function splitBySig(SplitParams calldata p, Auth calldata auth) external;
    /// @notice The holder passes it on to a further tier.
    function transfer(TransferParams calldata p) external;
    function transferBySig(TransferParams calldata p, Auth calldata auth) external;
    /// @notice A settlement bank, not the debtor itself, attests a payment. A pledge that is paid in full is released by itself.
    function settle(SettleParams calldata p) external;
    function settleBySig(SettleParams calldata p, Auth calldata auth) external;
    /// @notice By Pledges only: the bank attests a buy-back. One payment counts once, whatever it paid.
    function useBankRef(uint32 bank, bytes32 bankRef) external;
    /// @notice The holder declares an unpaid receivable in default after its due day.
    function declareDefault(DeclareDefaultParams calldata p) external;
    function declareDefaultBySig(DeclareDefaultParams calldata p, Auth calldata auth) external;

    /// @notice The register of pledges, the only one that locks, unlocks and takes.
    function pledges() external view returns (IPledges);
    /// @notice A lender sets its share of a debtor's credit line (授信额度). Without any, a LINED debtor can confirm nothing.
    /// To lower it can't be paused, nor stopped by a suspension of lender or debtor.
    function setLine(SetLineParams calldata p) external;
    function setLineBySig(SetLineParams calldata p, Auth calldata auth) external;

    /// @notice Up to 100 at once; an item that is refused is named by `ItemRefused` and doesn't stop the others.
    /// `registrar` is one `AttestBatch(AttestItem[] items,uint256 nonce,uint256 deadline)` over all of them and their `trails`,
    /// refused ones too; without it the whole batch is refused. An item whose goods have moved on is refused alone.
    /// @return done How many were carried out.
    function issueBatch(IssueParams[] calldata items, bytes32[] calldata trails, Auth calldata registrar)
        external
        returns (uint256 done);
    function issueBatchBySig(
        IssueParams[] calldata items,
        bytes32[] calldata trails,
        Auth calldata registrar,
        Auth calldata auth
    ) external returns (uint256 done);
    /// @notice Up to 100 confirmations of one debtor at once.
    function confirmBatch(ConfirmParams[] calldata items) external returns (uint256 done);
    function confirmBatchBySig(ConfirmParams[] calldata items, Auth calldata auth) external returns (uint256 done);
    /// @notice Up to 100 payments of one bank at once.
    function settleBatch(SettleParams[] calldata items) external returns (uint256 done);
    function settleBatchBySig(SettleParams[] calldata items, Auth calldata auth) external returns (uint256 done);

    /// @notice What all lenders together allow the debtor, and how much of it its confirmed debt uses; minor units.
    function line(uint32 debtor) external view returns (uint64 limit, uint64 used);
    /// @notice What this lender has set for the debtor, minor units.
    function lineOf(uint32 lender, uint32 debtor) external view returns (uint64 limit);
    function receivable(bytes32 id) external view returns (Receivable memory);
    /// @notice Id of the n-th part (from 0) split off from `id`.
    function childId(bytes32 id, uint256 n) external pure returns (bytes32);
    /// @notice Parts split off so far.
    function childCount(bytes32 id) external view returns (uint256);
    function bankRefUsed(uint32 bank, bytes32 bankRef) external view returns (bool);
    /// @notice Longest tenor from issue to due day, in days.
    function maxTenorDays() external view returns (uint32);
}
