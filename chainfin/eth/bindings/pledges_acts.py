"""Acts of parties on the contract Pledges.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.eth.bindings.base import Act, Batch, Bytes32, Rider, Struct, Uint8, Uint32, Uint64, Uint256


@dataclass(frozen=True, slots=True)
class BuyBack(Act):
    """A settlement bank, not the undertaker itself, attests that it paid the lender: the goods, or the claim against
    the debtor, are its own from now on. A receivable only once it is overdue, and never by its debtor.

    `buyBack(BuyBackParams p)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "buyBack"
    RELAYED = "buyBackBySig"
    PRIMARY_TYPE = "BuyBack"

    pledge_id: Bytes32
    """Pledge that the lender was paid for."""
    asset_id: Bytes32
    """Its warehouse receipt or receivable."""
    buyer: Uint32
    """Party that undertook it and has paid."""
    amount: Uint64
    """What it bought: thousandths of the declared unit, or minor units."""
    bank_ref: Bytes32
    """The bank's reference of the payment to the lender; it counts once, among its settlements too."""
    valuation: Bytes32
    """The price that it was reckoned by, as in ReleaseParams; 0 of a receivable."""


@dataclass(frozen=True, slots=True)
class Draw(Act):
    """The lender has paid out: from now on the pledge doesn't expire. Can't be paused, as `expire` can't.

    `draw(DrawParams p)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "draw"
    RELAYED = "drawBySig"
    PRIMARY_TYPE = "Draw"

    pledge_id: Bytes32
    """The pledge on which the lender has paid out."""


@dataclass(frozen=True, slots=True)
class Enforce(Act):
    """The lender takes the pledged part on default (a receivable: not before its due day has passed). It has to have
    paid out.

    `enforce(EnforceParams p)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "enforce"
    RELAYED = "enforceBySig"
    PRIMARY_TYPE = "Enforce"

    pledge_id: Bytes32
    """The pledge of a loan in default."""
    asset_id: Bytes32
    """Its asset."""


@dataclass(frozen=True, slots=True)
class Expire(Act):
    """The pledgor ends a pledge that wasn't drawn in time.

    `expire(ExpireParams p)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "expire"
    RELAYED = "expireBySig"
    PRIMARY_TYPE = "Expire"

    pledge_id: Bytes32
    """The pledge that was never drawn."""
    asset_id: Bytes32
    """Its asset."""


@dataclass(frozen=True, slots=True)
class PayOff(Act):
    """A settlement bank, neither pledgor nor lender, attests that the loan behind a drawn pledge is paid off: the
    pledge ends with the claim (民法典 §393), whether or not its lender signs. Can't be paused.

    `payOff(PayOffParams p)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "payOff"
    RELAYED = "payOffBySig"
    PRIMARY_TYPE = "PayOff"

    pledge_id: Bytes32
    """Pledge whose debt was paid."""
    asset_id: Bytes32
    """Its warehouse receipt or receivable."""
    loan_ref: Bytes32
    """The loan that is paid off, as the pledge's `Pledged` event names it. The contract doesn't keep it: whoever
    compares the two events sees whether the bank spoke of this loan.
    """
    bank_ref: Bytes32
    """The bank's reference of the payment that was the last."""


@dataclass(frozen=True, slots=True)
class Pledge(Act):
    """The lender takes a pledge. `pledgor` is the holder's own `Grant(<PledgeParams>,uint256 nonce,uint256
    deadline)`: its acceptance of the offer. The grant's nonce isn't used up (the pledgeId serves once), but a
    withdrawn one is refused.

    `pledge(PledgeParams p, Auth pledgor, bytes32 registryNo)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "pledge"
    RELAYED = "pledgeBySig"
    PRIMARY_TYPE = "Pledge"

    pledge_id: Bytes32
    """Names the pledge, once for all. Begins with bytes 14 to 29 of keccak256(assetId), see `pledgeIdOf`; the last
    16 bytes are the lender's free choice.
    """
    asset_kind: Uint8
    """1 receivable, 2 warehouse receipt."""
    asset_id: Bytes32
    """Receivable or receipt."""
    amount: Uint64
    """Part that is locked: minor units, or thousandths of the declared unit."""
    lender: Uint32
    """Party in whose favour."""
    loan_ref: Bytes32
    """Hash that names the loan."""
    decision_hash: Bytes32
    """Hash of the lender's decision record."""
    expires_at: Uint64
    """Unix seconds (below 2^32) after which an undrawn pledge may be ended by its pledgor; 0: never, counts as
    drawn.
    """
    registry_no: Bytes32
    """Number (or its hash) of the entry in the statutory registry; not zero."""


@dataclass(frozen=True, slots=True)
class Release(Act):
    """The lender sets a part, or all, free, as long as `keep` of it stays.

    `release(ReleaseParams p)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "release"
    RELAYED = "releaseBySig"
    PRIMARY_TYPE = "Release"

    pledge_id: Bytes32
    """The pledge."""
    asset_id: Bytes32
    """Its asset (checked against the stored tag and the pledge's id; the full asset id isn't stored)."""
    amount: Uint64
    """Part that is set free: minor units or thousandths."""
    keep: Uint64
    """What has to stay locked after it, whatever other acts took from the pledge meanwhile; same unit."""
    valuation: Bytes32
    """SHA-256 of the canonical JSON of what it was reckoned by (price, unit, currency, as_of, source, owed, ltv); 0
    where no price counts. Kept by the parties: the contract doesn't look at it.
    """


@dataclass(frozen=True, slots=True)
class RevokeNonces(Act):
    """Withdraws the caller's own nonces before somebody uses what was signed with them.

    `revokeNonces(uint256 word, uint256 mask)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "revokeNonces"
    RELAYED = "revokeNoncesBySig"
    PRIMARY_TYPE = "RevokeNonces"

    word: Uint256
    """Which 256 nonces: nonce >> 8."""
    mask: Uint256
    """A bit for each nonce of that word: 1 << (nonce & 255)."""


@dataclass(frozen=True, slots=True)
class Substitute(Act):
    """The lender takes the receivable of a sale in the place of the goods sold: never counted in both, never in
    neither. `pledgor` is the owner's `Exchange(<SubstituteParams>,uint256 nonce,uint256 deadline)`, not a
    `Grant`: its receivable is only for these goods, so the lender can't take the one and keep the other.

    `substitute(SubstituteParams p, Auth pledgor, bytes32 registryNo)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "substitute"
    RELAYED = "substituteBySig"
    PRIMARY_TYPE = "Substitute"

    sold_pledge_id: Bytes32
    """Pledge over the goods."""
    goods_id: Bytes32
    """The warehouse receipt."""
    quantity: Uint64
    """Goods set free, thousandths of the declared unit."""
    pledge_id: Bytes32
    """The new pledge; this and what follows as in PledgeParams, over a receivable of the same party."""
    receivable_id: Bytes32
    amount: Uint64
    lender: Uint32
    loan_ref: Bytes32
    decision_hash: Bytes32
    expires_at: Uint64
    registry_no: Bytes32


@dataclass(frozen=True, slots=True)
class Undertake(Act):
    """A party undertakes to buy back what is pledged: a core enterprise goods that the pledgor doesn't redeem, any
    party a receivable that its debtor doesn't pay. Neither lender nor pledgor of it, nor the keeper of the goods.

    `undertake(UndertakeParams p)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "undertake"
    RELAYED = "undertakeBySig"
    PRIMARY_TYPE = "Undertake"

    pledge_id: Bytes32
    """Pledge over goods that a core enterprise undertakes to buy back (保兑仓), or over a receivable that whoever gives
    recourse for it, its seller say, undertakes to buy back (有追索权).
    """
    asset_id: Bytes32
    """Its warehouse receipt or receivable."""
    amount: Uint64
    """How much it will buy at most: minor units, or thousandths of the declared unit."""
    until_day: Uint32
    """Last day on which it can be called, days since 1970-01-01."""
    document_root: Bytes32
    """Root of the undertaking."""


@dataclass(frozen=True, slots=True)
class Exchange(Rider):
    """What a second party signs: its signature is ``pledgor`` in `substitute`."""

    CONTRACT = "Pledges"
    PRIMARY_TYPE = "Exchange"

    sold_pledge_id: Bytes32
    """Pledge over the goods."""
    goods_id: Bytes32
    """The warehouse receipt."""
    quantity: Uint64
    """Goods set free, thousandths of the declared unit."""
    pledge_id: Bytes32
    """The new pledge; this and what follows as in PledgeParams, over a receivable of the same party."""
    receivable_id: Bytes32
    amount: Uint64
    lender: Uint32
    loan_ref: Bytes32
    decision_hash: Bytes32
    expires_at: Uint64


@dataclass(frozen=True, slots=True)
class Grant(Rider):
    """What a second party signs: its signature is ``pledgor`` in `pledge`."""

    CONTRACT = "Pledges"
    PRIMARY_TYPE = "Grant"

    pledge_id: Bytes32
    """Names the pledge, once for all. Begins with bytes 14 to 29 of keccak256(assetId), see `pledgeIdOf`; the last
    16 bytes are the lender's free choice.
    """
    asset_kind: Uint8
    """1 receivable, 2 warehouse receipt."""
    asset_id: Bytes32
    """Receivable or receipt."""
    amount: Uint64
    """Part that is locked: minor units, or thousandths of the declared unit."""
    lender: Uint32
    """Party in whose favour."""
    loan_ref: Bytes32
    """Hash that names the loan."""
    decision_hash: Bytes32
    """Hash of the lender's decision record."""
    expires_at: Uint64
    """Unix seconds (below 2^32) after which an undrawn pledge may be ended by its pledgor; 0: never, counts as
    drawn.
    """


@dataclass(frozen=True, slots=True)
class PledgeItem(Struct):
    """One item of `pledgeBatch`."""

    pledge_id: Bytes32
    """Names the pledge, once for all. Begins with bytes 14 to 29 of keccak256(assetId), see `pledgeIdOf`; the last
    16 bytes are the lender's free choice.
    """
    asset_kind: Uint8
    """1 receivable, 2 warehouse receipt."""
    asset_id: Bytes32
    """Receivable or receipt."""
    amount: Uint64
    """Part that is locked: minor units, or thousandths of the declared unit."""
    lender: Uint32
    """Party in whose favour."""
    loan_ref: Bytes32
    """Hash that names the loan."""
    decision_hash: Bytes32
    """Hash of the lender's decision record."""
    expires_at: Uint64
    """Unix seconds (below 2^32) after which an undrawn pledge may be ended by its pledgor; 0: never, counts as
    drawn.
    """


@dataclass(frozen=True, slots=True)
class PledgeBatch(Batch):
    """Up to 100 pledges of one pledgor to one lender; a refused item is named by `ItemRefused`. `pledgor` is one
    `GrantBatch(GrantItem[] items,uint256 nonce,uint256 deadline)` over all of them.

    `pledgeBatch(PledgeParams[] items, Auth pledgor, bytes32[] registryNos)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "pledgeBatch"
    RELAYED = "pledgeBatchBySig"
    PRIMARY_TYPE = "PledgeBatch"

    items: tuple[PledgeItem, ...]
    registry_nos: tuple[Bytes32, ...]
    """For each item: number (or its hash) of the entry in the statutory registry; not zero."""


@dataclass(frozen=True, slots=True)
class ReleaseItem(Struct):
    """One item of `releaseBatch`."""

    pledge_id: Bytes32
    """The pledge."""
    asset_id: Bytes32
    """Its asset (checked against the stored tag and the pledge's id; the full asset id isn't stored)."""
    amount: Uint64
    """Part that is set free: minor units or thousandths."""
    keep: Uint64
    """What has to stay locked after it, whatever other acts took from the pledge meanwhile; same unit."""
    valuation: Bytes32
    """SHA-256 of the canonical JSON of what it was reckoned by (price, unit, currency, as_of, source, owed, ltv); 0
    where no price counts. Kept by the parties: the contract doesn't look at it.
    """


@dataclass(frozen=True, slots=True)
class ReleaseBatch(Batch):
    """Up to 100 releases of one lender at once.

    `releaseBatch(ReleaseParams[] items)`
    """

    CONTRACT = "Pledges"
    FUNCTION = "releaseBatch"
    RELAYED = "releaseBatchBySig"
    PRIMARY_TYPE = "ReleaseBatch"

    items: tuple[ReleaseItem, ...]


ACTS = (
    BuyBack,
    Draw,
    Enforce,
    Expire,
    PayOff,
    Pledge,
    Release,
    RevokeNonces,
    Substitute,
    Undertake,
)
RIDERS = (
    Exchange,
    Grant,
)
BATCHES = (
    PledgeBatch,
    ReleaseBatch,
)
