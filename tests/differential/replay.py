"""All state from the events alone, in the words of the views. Knows nothing of the model or of storage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from chainfin.documents.goods_trail import START, Step, extended
from chainfin.values.party import Role
from tests.differential.expected import Thing, origin_tag, promise_key, tag
from tests.differential.system import Entry

ISSUED, CONFIRMED, DISPUTED, SETTLED, DEFAULTED, CANCELLED = range(1, 7)
ACTIVE, RELEASED, ENFORCED, EXPIRED, LOST = range(1, 6)
GOODS = 2
FREE_PART = bytes(32)


class Replay:
    """Folds events, one after the other, into what the views would say."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.state: dict[Thing, dict[str, Any]] = {}
        self.parties: dict[int, dict[str, Any]] = {}
        self.children: dict[bytes, int] = {}
        self.wrong: list[str] = []
        """What the events tell that can't be so."""
        self.lines: dict[int, tuple[int, int]] = {}
        """By debtor: limit and use."""
        self._origins: dict[bytes, tuple[bytes, int]] = {}
        """Order and seller of each receivable that was issued."""
        self._made: Counter[bytes] = Counter()
        """Pledges made over each receipt."""
        self._assets: dict[bytes, Thing] = {}
        for entry in entries:
            handler = getattr(self, f"_{entry.contract}_{entry.name}", None)
            if handler is None:
                raise AssertionError(f"nothing is known of the event {entry.contract}.{entry.name}")
            handler(**{f"{name}_": value for name, value in entry.args.items()})

    # parties

    def _Participants_Admitted(self, party_: int, commitment_: bytes, roles_: int, key_: str) -> None:
        self.parties[party_] = {"commitment": commitment_, "key": key_, "roles": roles_, "suspended": False}

    def _Participants_Suspended(self, party_: int) -> None:
        self.parties[party_]["suspended"] = True

    def _Participants_Resumed(self, party_: int) -> None:
        self.parties[party_]["suspended"] = False

    def _Participants_RolesSet(self, party_: int, roles_: int) -> None:
        self.parties[party_]["roles"] = roles_

    def _Participants_Paused(self, kinds_: int) -> None:
        self.paused = kinds_

    paused = 0

    def _ignore(self, **_: Any) -> None:
        """Nothing of the views changes."""

    _Participants_AuthorityUpdated = _ignore
    _Receivables_NoncesRevoked = _ignore
    _Pledges_NoncesRevoked = _ignore

    # orders

    def _Orders_Posted(
        self, orderId_: bytes, buyer_: int, seller_: int, documentRoot_: bytes, amount_: int, currency_: bytes
    ) -> None:
        self.state["order", orderId_] = {
            "buyer": buyer_, "seller": seller_, "currency": currency_, "state": 1, "ordered": amount_,
            "despatched": 0, "received": 0, "invoiced": 0, "trail": START,
        }  # fmt: skip
        self._lengthen(orderId_, Step.POST, documentRoot_, amount_)

    def _lengthen(self, order_id: bytes, step: Step, document_root: bytes, amount: int) -> None:
        order = self.state["order", order_id]
        order["trail"] = extended(order["trail"], step, document_root, amount)

    def _Orders_Acknowledged(self, orderId_: bytes, **_: Any) -> None:
        self.state["order", orderId_]["state"] = 2

    def _Orders_Amended(self, orderId_: bytes, documentRoot_: bytes, amount_: int) -> None:
        self._lengthen(orderId_, Step.AMEND, documentRoot_, amount_)
        self.state["order", orderId_].update(state=1, ordered=amount_)

    def _Orders_OrderCancelled(self, orderId_: bytes) -> None:
        self.state["order", orderId_]["state"] = 3

    def _Orders_Despatched(self, orderId_: bytes, documentRoot_: bytes, amount_: int, despatched_: int) -> None:
        self._lengthen(orderId_, Step.DESPATCH, documentRoot_, amount_)
        self.state["order", orderId_]["despatched"] = despatched_

    def _Orders_GoodsReceived(self, orderId_: bytes, documentRoot_: bytes, amount_: int, received_: int) -> None:
        self._lengthen(orderId_, Step.RECEIVE, documentRoot_, amount_)
        self.state["order", orderId_]["received"] = received_

    # receivables

    def _Receivables_Issued(
        self, id_: bytes, orderId_: bytes, debtor_: int, seller_: int, documentRoot_: bytes, face_: int,
        dueDay_: int, registrar_: int,
    ) -> None:  # fmt: skip
        order = self.state["order", orderId_]
        order["invoiced"] += face_
        self._origins[id_] = (orderId_, seller_)
        self.state["receivable", id_] = {
            "holder": 0, "debtor": debtor_, "dueDay": dueDay_, "state": ISSUED, "confirmed": False, "part": False,
            "originTag": origin_tag(orderId_, documentRoot_, seller_), "face": face_, "free": face_,
            "pledged": 0, "splitAway": 0, "settled": 0, "diluted": 0, "lined": False,
        }  # fmt: skip

    def _Receivables_Confirmed(self, id_: bytes, debtor_: int, **_: Any) -> None:
        seller, debt = self._origins[id_][1], self.state["receivable", id_]
        lined = bool(self.parties[debtor_]["roles"] & Role.LINED)
        debt.update(state=CONFIRMED, confirmed=True, holder=seller, originTag=bytes(18), lined=lined)
        self._draw(debt, debt["face"])

    def _draw(self, debt: Mapping[str, Any], amount: int) -> None:
        if debt["lined"]:
            limit, used = self.lines.get(debt["debtor"], (0, 0))
            self.lines[debt["debtor"]] = (limit, used + amount)

    def _Receivables_LineSet(self, debtor_: int, total_: int, **_: Any) -> None:
        self.lines[debtor_] = (total_, self.lines.get(debtor_, (0, 0))[1])

    def _Receivables_Cancelled(self, id_: bytes) -> None:
        debt = self.state["receivable", id_]
        order_id, seller = self._origins[id_]
        self.state["order", order_id]["invoiced"] -= debt["face"]
        debt.update(state=CANCELLED, face=0, free=0, holder=seller, originTag=bytes(18))

    def _Receivables_Disputed(self, id_: bytes, **_: Any) -> None:
        self.state["receivable", id_]["state"] = DISPUTED

    def _Receivables_DisputeResolved(self, id_: bytes, state_: int) -> None:
        self.state["receivable", id_]["state"] = state_

    def _Receivables_Credited(self, id_: bytes, amount_: int, **_: Any) -> None:
        debt = self.state["receivable", id_]
        debt["free"] -= amount_
        debt["diluted"] += amount_
        self._draw(debt, -amount_)
        if debt["free"] == debt["pledged"] == 0:
            debt["state"] = SETTLED

    def _Receivables_Split(self, id_: bytes, childId_: bytes, amount_: int) -> None:
        debt = self.state["receivable", id_]
        debt["free"] -= amount_
        debt["splitAway"] += amount_
        self.children[id_] = self.children.get(id_, 0) + 1
        self._part(id_, childId_, amount_, debt["holder"])

    def _Receivables_Taken(self, id_: bytes, childId_: bytes, lender_: int, amount_: int) -> None:
        debt = self.state["receivable", id_]
        debt["pledged"] -= amount_
        debt["splitAway"] += amount_
        self._part(id_, childId_, amount_, lender_)

    def _part(self, parent: bytes, child: bytes, amount: int, holder: int) -> None:
        self.state["receivable", child] = {
            **self.state["receivable", parent], "holder": holder, "part": True, "face": amount, "free": amount,
            "pledged": 0, "splitAway": 0, "settled": 0, "diluted": 0,
        }  # fmt: skip

    def _Receivables_Transferred(self, id_: bytes, to_: int, **_: Any) -> None:
        self.state["receivable", id_]["holder"] = to_

    def _Receivables_Settled(self, id_: bytes, pledgeId_: bytes, amount_: int, paidUp_: bool, **_: Any) -> None:
        debt = self.state["receivable", id_]
        debt["settled"] += amount_
        self._draw(debt, -amount_)
        if pledgeId_ == FREE_PART:
            debt["free"] -= amount_
        else:
            debt["pledged"] -= amount_
            self.state["pledge", pledgeId_]["amount"] -= amount_
        if paidUp_:
            debt["state"] = SETTLED

    def _Receivables_Defaulted(self, id_: bytes) -> None:
        self.state["receivable", id_]["state"] = DEFAULTED

    # goods

    def _WarehouseReceipts_Issued(
        self, id_: bytes, owner_: int, keeper_: int, documentRoot_: bytes, quantity_: int
    ) -> None:
        self.state["receipt", id_] = {
            "owner": owner_, "keeper": keeper_, "part": False, "documentTag": tag(documentRoot_, 24),
            "issued": quantity_, "free": quantity_, "pledged": 0, "released": 0, "liquidated": 0, "missing": 0,
        }  # fmt: skip

    def _WarehouseReceipts_Transferred(self, id_: bytes, to_: int, **_: Any) -> None:
        self.state["receipt", id_]["owner"] = to_

    def _WarehouseReceipts_GoodsReleased(self, id_: bytes, quantity_: int) -> None:
        self.state["receipt", id_]["free"] -= quantity_
        self.state["receipt", id_]["released"] += quantity_

    def _WarehouseReceipts_Recounted(self, id_: bytes, fromFree_: int, fromPledged_: int, **_: Any) -> None:
        goods = self.state["receipt", id_]
        goods["free"] -= fromFree_
        goods["pledged"] -= fromPledged_
        goods["missing"] += fromFree_ + fromPledged_

    def _WarehouseReceipts_Corrected(self, id_: bytes, found_: int, **_: Any) -> None:
        self.state["receipt", id_]["free"] += found_
        self.state["receipt", id_]["missing"] -= found_

    def _WarehouseReceipts_Taken(self, id_: bytes, childId_: bytes, lender_: int, quantity_: int) -> None:
        goods = self.state["receipt", id_]
        goods["pledged"] -= quantity_
        goods["liquidated"] += quantity_
        self.state["receipt", childId_] = {
            "owner": lender_, "keeper": goods["keeper"], "part": True, "documentTag": bytes(24),
            "issued": quantity_, "free": quantity_, "pledged": 0, "released": 0, "liquidated": 0, "missing": 0,
        }  # fmt: skip

    # pledges

    def _Pledges_Pledged(
        self, pledgeId_: bytes, assetId_: bytes, assetKind_: int, amount_: int, lender_: int, expiresAt_: int, **_: Any
    ) -> None:
        asset = ("receipt" if assetKind_ == GOODS else "receivable", assetId_)
        self._assets[pledgeId_] = asset
        self._made[assetId_] += assetKind_ == GOODS
        self.state["pledge", pledgeId_] = {
            "state": ACTIVE, "assetKind": assetKind_, "drawn": expiresAt_ == 0, "lender": lender_, "amount": amount_,
            "expiresAt": expiresAt_, "assetTag": tag(assetId_, 14), "rank": self._made[assetId_],
        }  # fmt: skip
        self.state[asset]["free"] -= amount_
        self.state[asset]["pledged"] += amount_

    def _Pledges_Drawn(self, pledgeId_: bytes) -> None:
        self.state["pledge", pledgeId_]["drawn"] = True

    def _free(self, pledge_id: bytes, amount: int) -> None:
        self.state["pledge", pledge_id]["amount"] -= amount
        asset = self.state[self._assets[pledge_id]]
        asset["free"] += amount
        asset["pledged"] -= amount

    def _Pledges_Released(self, pledgeId_: bytes, amount_: int, remaining_: int, **_: Any) -> None:
        self._free(pledgeId_, amount_)
        assert self.state["pledge", pledgeId_]["amount"] == remaining_
        if remaining_ == 0:
            self.state["pledge", pledgeId_]["state"] = RELEASED

    def _Pledges_Shrunk(self, pledgeId_: bytes, by_: int, left_: int, **_: Any) -> None:
        # the receipt's own event says what it has less
        self.state["pledge", pledgeId_]["amount"] -= by_
        assert self.state["pledge", pledgeId_]["amount"] == left_
        if left_ == 0:
            self.state["pledge", pledgeId_]["state"] = LOST

    def _Pledges_Discharged(self, pledgeId_: bytes, **_: Any) -> None:
        self.state["pledge", pledgeId_]["state"] = RELEASED

    def _Pledges_PaidOff(self, pledgeId_: bytes, amount_: int, **_: Any) -> None:
        self._free(pledgeId_, amount_)
        self.state["pledge", pledgeId_]["state"] = RELEASED

    def _Pledges_Expired(self, pledgeId_: bytes, amount_: int, **_: Any) -> None:
        self._free(pledgeId_, amount_)
        self.state["pledge", pledgeId_]["state"] = EXPIRED

    def _Pledges_Substituted(
        self, soldPledgeId_: bytes, pledgeId_: bytes, goodsId_: bytes, receivableId_: bytes
    ) -> None:
        # what is released and pledged is told by itself, right after this
        asset = self._assets.get(soldPledgeId_)
        if (
            asset != ("receipt", goodsId_)
            or pledgeId_ in self._assets
            or ("receivable", receivableId_) not in self.state
        ):
            self.wrong.append(f"the events tell of a substitution of {soldPledgeId_.hex()[:8]} that can't be")

    def _Pledges_Undertaken(self, pledgeId_: bytes, buyer_: int, amount_: int, untilDay_: int, **_: Any) -> None:
        self.state["undertaking", promise_key(pledgeId_, buyer_)] = {"amount": amount_, "untilDay": untilDay_}

    def _Pledges_BoughtBack(self, pledgeId_: bytes, buyer_: int, amount_: int, remaining_: int, **_: Any) -> None:
        # the asset's own event says what was taken of it
        pledge = self.state["pledge", pledgeId_]
        pledge["amount"] -= amount_
        assert pledge["amount"] == remaining_
        if remaining_ == 0:
            pledge["state"] = RELEASED
        self.state["undertaking", promise_key(pledgeId_, buyer_)]["amount"] -= amount_

    def _Pledges_Enforced(self, pledgeId_: bytes, amount_: int, **_: Any) -> None:
        # the asset's own event says what was taken of it
        self.state["pledge", pledgeId_]["amount"] -= amount_
        self.state["pledge", pledgeId_]["state"] = ENFORCED
