"""Acts of parties on the contract Receivables.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.eth.bindings.base import Act, Batch, Bytes32, Rider, Struct, Uint32, Uint64, Uint256


@dataclass(frozen=True, slots=True)
class Cancel(Act):
    """The seller withdraws a receivable that isn't confirmed; the same seller may issue it again, corrected.

    `cancel(CancelParams p)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "cancel"
    RELAYED = "cancelBySig"
    PRIMARY_TYPE = "Cancel"

    id: Bytes32
    """The receivable, not yet confirmed."""
    order_id: Bytes32
    """Order that its invoice bills."""
    document_root: Bytes32
    """Root of its invoice, as issued."""


@dataclass(frozen=True, slots=True)
class Confirm(Act):
    """The debtor confirms (确权): its undertaking to pay the holder on the due day.

    `confirm(ConfirmParams p)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "confirm"
    RELAYED = "confirmBySig"
    PRIMARY_TYPE = "Confirm"

    id: Bytes32
    """The receivable."""
    order_id: Bytes32
    """Order that the invoice bills."""
    seller: Uint32
    """Party to which it is owed."""
    document_root: Bytes32
    """Root that the debtor's own client computed from the invoice."""
    face: Uint64
    """Amount that the debtor undertakes to pay, minor units."""
    due_day: Uint32
    """Day on which it undertakes to pay, days since 1970-01-01."""


@dataclass(frozen=True, slots=True)
class Credit(Act):
    """The holder's credit note (红字发票/贷项通知) shrinks the claim, out of the free part.

    `credit(CreditParams p)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "credit"
    RELAYED = "creditBySig"
    PRIMARY_TYPE = "Credit"

    id: Bytes32
    """The receivable."""
    document_root: Bytes32
    """Root of the credit note."""
    amount: Uint64
    """By how much the claim shrinks, minor units; out of the free part."""


@dataclass(frozen=True, slots=True)
class DeclareDefault(Act):
    """The holder declares an unpaid receivable in default after its due day.

    `declareDefault(DeclareDefaultParams p)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "declareDefault"
    RELAYED = "declareDefaultBySig"
    PRIMARY_TYPE = "DeclareDefault"

    id: Bytes32
    """The receivable, past its due day."""


@dataclass(frozen=True, slots=True)
class Dispute(Act):
    """The debtor disputes it: nothing new can be built on it, payments and releases go on.

    `dispute(DisputeParams p)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "dispute"
    RELAYED = "disputeBySig"
    PRIMARY_TYPE = "Dispute"

    id: Bytes32
    """The receivable."""
    document_root: Bytes32
    """Root of the notice of dispute."""


@dataclass(frozen=True, slots=True)
class Issue(Act):
    """The seller issues a receivable. `registrar` is a registrar's own `Attest(bytes32 id,bytes32 orderId,bytes32
    documentRoot,uint64 face,uint32 dueDay,bytes32 trail,uint256 nonce,uint256 deadline)`: fingerprint, document,
    face and due day are the invoice's, and none of its lines bills more than was received by the goods' trail
    (`IOrders.trailOf`). The contract takes the order's trail as it stands, so an attestation over goods that have
    moved on is refused as `ActSignatureInvalid`. Its nonce isn't used up (the id serves once), but a withdrawn
    one is refused.

    `issue(IssueParams p, Auth registrar)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "issue"
    RELAYED = "issueBySig"
    PRIMARY_TYPE = "Issue"

    id: Bytes32
    """Keyed fingerprint of the invoice, attested by a registrar."""
    order_id: Bytes32
    """Order that the invoice bills."""
    document_root: Bytes32
    """Salted Merkle root over the invoice's fields."""
    face: Uint64
    """Amount of the debt, minor units of the order's currency."""
    due_day: Uint32
    """Day on which the debtor has to pay, days since 1970-01-01."""


@dataclass(frozen=True, slots=True)
class ResolveDispute(Act):
    """The debtor withdraws its dispute.

    `resolveDispute(ResolveDisputeParams p)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "resolveDispute"
    RELAYED = "resolveDisputeBySig"
    PRIMARY_TYPE = "ResolveDispute"

    id: Bytes32
    """The receivable whose dispute the debtor withdraws."""


@dataclass(frozen=True, slots=True)
class RevokeNonces(Act):
    """Withdraws the caller's own nonces before somebody uses what was signed with them.

    `revokeNonces(uint256 word, uint256 mask)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "revokeNonces"
    RELAYED = "revokeNoncesBySig"
    PRIMARY_TYPE = "RevokeNonces"

    word: Uint256
    """Which 256 nonces: nonce >> 8."""
    mask: Uint256
    """A bit for each nonce of that word: 1 << (nonce & 255)."""


@dataclass(frozen=True, slots=True)
class SetLine(Act):
    """A lender sets its share of a debtor's credit line (授信额度). Without any, a LINED debtor can confirm nothing. To
    lower it can't be paused, nor stopped by a suspension of lender or debtor.

    `setLine(SetLineParams p)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "setLine"
    RELAYED = "setLineBySig"
    PRIMARY_TYPE = "SetLine"

    debtor: Uint32
    """Debtor whose confirmations the line bounds; it carries the role LINED."""
    limit: Uint64
    """What this lender adds to the debtor's line, minor units; replaces what it had set before."""


@dataclass(frozen=True, slots=True)
class Settle(Act):
    """A settlement bank, not the debtor itself, attests a payment. A pledge that is paid in full is released by
    itself.

    `settle(SettleParams p)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "settle"
    RELAYED = "settleBySig"
    PRIMARY_TYPE = "Settle"

    id: Bytes32
    """The receivable."""
    pledge_id: Bytes32
    """Pledge whose part is paid; 0 for the free part."""
    amount: Uint64
    """Paid, minor units."""
    bank_ref: Bytes32
    """The bank's reference of the payment; each counts once. Running numbers are cheapest (256 share a storage
    word).
    """
    payee: Uint32
    """Party that was paid: the holder for the free part, the pledgee for a pledged one."""


@dataclass(frozen=True, slots=True)
class Split(Act):
    """The holder splits parts off; the child ids are `childId(id, n)` for the next n.

    `split(SplitParams p)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "split"
    RELAYED = "splitBySig"
    PRIMARY_TYPE = "Split"

    id: Bytes32
    """The receivable."""
    amounts: tuple[Uint64, ...]
    """Faces of the two to eight parts, minor units; what remains stays with the parent."""


@dataclass(frozen=True, slots=True)
class Transfer(Act):
    """The holder passes it on to a further tier.

    `transfer(TransferParams p)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "transfer"
    RELAYED = "transferBySig"
    PRIMARY_TYPE = "Transfer"

    id: Bytes32
    """The receivable, something of it left and no part of it pledged."""
    to: Uint32
    """Party that holds it from now on; not the debtor."""


@dataclass(frozen=True, slots=True)
class Attest(Rider):
    """What a second party signs: its signature is ``registrar`` in `issue`."""

    CONTRACT = "Receivables"
    PRIMARY_TYPE = "Attest"

    id: Bytes32
    """Keyed fingerprint of the invoice, attested by a registrar."""
    order_id: Bytes32
    """Order that the invoice bills."""
    document_root: Bytes32
    """Salted Merkle root over the invoice's fields."""
    face: Uint64
    """Amount of the debt, minor units of the order's currency."""
    due_day: Uint32
    """Day on which the debtor has to pay, days since 1970-01-01."""
    trail: Bytes32
    """The goods' trail (`IOrders.trailOf`) with which the invoice's lines were matched; no call carries it."""


@dataclass(frozen=True, slots=True)
class ConfirmItem(Struct):
    """One item of `confirmBatch`."""

    id: Bytes32
    """The receivable."""
    order_id: Bytes32
    """Order that the invoice bills."""
    seller: Uint32
    """Party to which it is owed."""
    document_root: Bytes32
    """Root that the debtor's own client computed from the invoice."""
    face: Uint64
    """Amount that the debtor undertakes to pay, minor units."""
    due_day: Uint32
    """Day on which it undertakes to pay, days since 1970-01-01."""


@dataclass(frozen=True, slots=True)
class ConfirmBatch(Batch):
    """Up to 100 confirmations of one debtor at once.

    `confirmBatch(ConfirmParams[] items)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "confirmBatch"
    RELAYED = "confirmBatchBySig"
    PRIMARY_TYPE = "ConfirmBatch"

    items: tuple[ConfirmItem, ...]


@dataclass(frozen=True, slots=True)
class IssueItem(Struct):
    """One item of `issueBatch`."""

    id: Bytes32
    """Keyed fingerprint of the invoice, attested by a registrar."""
    order_id: Bytes32
    """Order that the invoice bills."""
    document_root: Bytes32
    """Salted Merkle root over the invoice's fields."""
    face: Uint64
    """Amount of the debt, minor units of the order's currency."""
    due_day: Uint32
    """Day on which the debtor has to pay, days since 1970-01-01."""


@dataclass(frozen=True, slots=True)
class IssueBatch(Batch):
    """Up to 100 at once; an item that is refused is named by `ItemRefused` and doesn't stop the others. `registrar`
    is one `AttestBatch(AttestItem[] items,uint256 nonce,uint256 deadline)` over all of them and their `trails`,
    refused ones too; without it the whole batch is refused. An item whose goods have moved on is refused alone.

    `issueBatch(IssueParams[] items, bytes32[] trails, Auth registrar)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "issueBatch"
    RELAYED = "issueBatchBySig"
    PRIMARY_TYPE = "IssueBatch"

    items: tuple[IssueItem, ...]
    trails: tuple[Bytes32, ...]
    """For each item: the goods' trail, for the registrar's signature alone."""


@dataclass(frozen=True, slots=True)
class SettleItem(Struct):
    """One item of `settleBatch`."""

    id: Bytes32
    """The receivable."""
    pledge_id: Bytes32
    """Pledge whose part is paid; 0 for the free part."""
    amount: Uint64
    """Paid, minor units."""
    bank_ref: Bytes32
    """The bank's reference of the payment; each counts once. Running numbers are cheapest (256 share a storage
    word).
    """
    payee: Uint32
    """Party that was paid: the holder for the free part, the pledgee for a pledged one."""


@dataclass(frozen=True, slots=True)
class SettleBatch(Batch):
    """Up to 100 payments of one bank at once.

    `settleBatch(SettleParams[] items)`
    """

    CONTRACT = "Receivables"
    FUNCTION = "settleBatch"
    RELAYED = "settleBatchBySig"
    PRIMARY_TYPE = "SettleBatch"

    items: tuple[SettleItem, ...]


ACTS = (
    Cancel,
    Confirm,
    Credit,
    DeclareDefault,
    Dispute,
    Issue,
    ResolveDispute,
    RevokeNonces,
    SetLine,
    Settle,
    Split,
    Transfer,
)
RIDERS = (Attest,)
BATCHES = (
    ConfirmBatch,
    IssueBatch,
    SettleBatch,
)
