"""Short sequences of acts, written by hand: where the two sides once disagreed, and what random acts rarely meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eth_hash.auto import keccak

from chainfin.documents.goods_trail import START as NO_GOODS
from chainfin.documents.goods_trail import Step, extended
from tests.differential.act import Act, Rider
from tests.differential.generate_base import DAY
from tests.differential.model_receivables import FREE_PART
from tests.differential.parties import OPERATOR
from tests.differential.system import START

ORDER, DEBT, GOODS = keccak(b"order"), keccak(b"debt"), keccak(b"goods")
ROOT = keccak(b"root")


def over(asset: bytes, own: int) -> bytes:
    """The id of a pledge over an asset."""
    return keccak(asset)[14:30] + own.to_bytes(16, "big")


FIRST, SECOND = over(DEBT, 1), over(DEBT, 2)
ON_GOODS, YOUNGER = over(GOODS, 1), over(GOODS, 2)
DUE = START // DAY + 90
AFTER_DUE = 92 * DAY


def order(contract_act: str, by: str, amount: int | None = None) -> Act:
    p: dict[str, object] = {"orderId": ORDER, "documentRoot": ROOT}
    return Act("Orders", contract_act, by, p if amount is None else {**p, "amount": amount})


def received(amount: int = 1000, buyer: str = "core") -> list[Act]:
    """An order of which everything has arrived."""
    p = {"orderId": ORDER, "seller": "maker", "documentRoot": ROOT, "amount": amount, "currency": b"CNY"}
    posted = Act("Orders", "post", buyer, p)
    return [
        posted,
        acknowledge(step(Step.POST, amount)),
        order("despatch", "maker", amount),
        order("receiveGoods", buyer, amount),
    ]


def step(kind: Step, amount: int, before: bytes = NO_GOODS) -> bytes:
    """The goods' trail after one more step."""
    return extended(before, kind, ROOT, amount)


def acknowledge(trail: bytes) -> Act:
    return Act("Orders", "acknowledge", "maker", {"orderId": ORDER, "documentRoot": ROOT, "trail": trail})


def issue(face: int, debt: bytes = DEBT, *, trail: bytes | None = None) -> Act:
    """``trail``: what the registrar attested, if not the trail of the goods as it stands."""
    p = {"id": debt, "orderId": ORDER, "documentRoot": ROOT, "face": face, "dueDay": DUE}
    return Act(
        "Receivables", "issue", "maker", p, Rider("registrar", 1, detail={} if trail is None else {"trail": trail})
    )


def confirm(face: int = 1000, debtor: str = "core", **other: object) -> Act:
    p = {"id": DEBT, "orderId": ORDER, "seller": "maker", "documentRoot": ROOT, "face": face, "dueDay": DUE, **other}
    return Act("Receivables", "confirm", debtor, p)


def cancel(by: str = "maker", **other: object) -> Act:
    return Act("Receivables", "cancel", by, {"id": DEBT, "orderId": ORDER, "documentRoot": ROOT, **other})


def confirmed(face: int = 1000, debtor: str = "core") -> list[Act]:
    """A debt to ``maker`` that its debtor has confirmed."""
    return [*received(face, debtor), issue(face), confirm(face, debtor)]


def on_debt(function: str, by: str, *, wait: int = 0, **params: object) -> Act:
    return Act("Receivables", function, by, {"id": DEBT, **params}, wait=wait)


def line(limit: int, by: str = "lender") -> Act:
    """A lender's share of what ``buyer``, which carries the mark, may confirm."""
    return Act("Receivables", "setLine", by, {"debtor": "buyer", "limit": limit})


def settle(amount: int, payee: str, ref: int, pledge: bytes = FREE_PART, by: str = "bank") -> Act:
    return on_debt("settle", by, pledgeId=pledge, amount=amount, bankRef=ref.to_bytes(32, "big"), payee=payee)


def pledge(
    pledge_id: bytes, lender: str, amount: int, *, kind: int = 1, by: str | None = None, expires: int = 0
) -> Act:
    p = {
        "pledgeId": pledge_id, "assetKind": kind, "assetId": DEBT if kind == 1 else GOODS, "amount": amount,
        "lender": lender, "loanRef": ROOT, "decisionHash": ROOT, "expiresAt": expires, "registryNo": ROOT,
    }  # fmt: skip
    return Act("Pledges", "pledge", by or lender, p, Rider("maker", 1))


def on_pledge(function: str, pledge_id: bytes, by: str, *, asset: bytes = DEBT, wait: int = 0, **params: object) -> Act:
    return Act("Pledges", function, by, {"pledgeId": pledge_id, "assetId": asset, **params}, wait=wait)


def release(pledge_id: bytes, amount: int, keep: int = 0, *, asset: bytes = DEBT) -> Act:
    return on_pledge("release", pledge_id, "lender", asset=asset, amount=amount, keep=keep, valuation=ROOT)


def stored(quantity: int = 1000) -> Act:
    p = {"id": GOODS, "owner": "maker", "documentRoot": ROOT, "quantity": quantity}
    return Act("WarehouseReceipts", "issue", "keeper", p)


def hand_out(quantity: int, *, owner: str = "maker", nonce: int = 1, by: str = "keeper") -> Act:
    return replace(on_goods("release", by, quantity=quantity), rider=Rider(owner, nonce))


def correct(found: int, *, owner: str = "maker", nonce: int = 2, by: str = "keeper") -> Act:
    return replace(on_goods("correct", by, documentRoot=ROOT, found=found), rider=Rider(owner, nonce))


def count(missing: int, *pledges: bytes) -> Act:
    """The keeper misses so much, and names these pledges."""
    return on_goods("recount", "keeper", documentRoot=ROOT, missing=missing, pledgeIds=list(pledges))


def two_pledged() -> list[Act]:
    """50 free, 100 pledged to each of two lenders."""
    return [stored(250), pledge(ON_GOODS, "lender", 100, kind=2), pledge(YOUNGER, "fund", 100, kind=2)]


def exchange(
    quantity: int, amount: int, *, by: str = "lender", owner: str = "maker", swapped: bool = False, **other: object
) -> Act:
    """``quantity`` of the pledged goods for a pledge over ``amount`` of the debt, as their owner granted it."""
    p = {
        "soldPledgeId": ON_GOODS, "goodsId": GOODS, "quantity": quantity, "pledgeId": FIRST, "receivableId": DEBT,
        "amount": amount, "lender": "lender", "loanRef": ROOT, "decisionHash": ROOT, "expiresAt": 0,
        "registryNo": ROOT, **other,
    }  # fmt: skip
    return Act("Pledges", "substitute", by, p, Rider(owner, 1, swapped=swapped))


def undertake(pledge_id: bytes, by: str, amount: int, until: int = DUE + 5) -> Act:
    asset = GOODS if pledge_id in (ON_GOODS, YOUNGER) else DEBT
    p = {"pledgeId": pledge_id, "assetId": asset, "amount": amount, "untilDay": until, "documentRoot": ROOT}
    return Act("Pledges", "undertake", by, p)


def buy_back(
    pledge_id: bytes, buyer: str, amount: int, ref: int, *, asset: bytes = DEBT, by: str = "bank", wait: int = 0
) -> Act:
    return on_pledge(
        "buyBack", pledge_id, by, asset=asset, wait=wait, buyer=buyer, amount=amount, bankRef=ref.to_bytes(32, "big"),
        valuation=ROOT,
    )  # fmt: skip


def pay_off(pledge_id: bytes, *, asset: bytes = DEBT, by: str = "bank") -> Act:
    return on_pledge("payOff", pledge_id, by, asset=asset, loanRef=ROOT, bankRef=ROOT)


def on_goods(function: str, by: str, **params: object) -> Act:
    return Act("WarehouseReceipts", function, by, {"id": GOODS, **params})


ARRIVED = step(Step.RECEIVE, 1000, step(Step.DESPATCH, 1000, step(Step.POST, 1000)))
"""The trail of `received`."""

ONCE: dict[str, Sequence[Act]] = {
    # what had arrived before the amendment couldn't be invoiced any more by the rules, nor confirmed, nor cancelled
    "invoiced_after_an_amendment": [
        *received(), order("amend", "core", 2000), acknowledge(step(Step.AMEND, 2000, ARRIVED)),
        order("despatch", "maker", 500),
        issue(600), cancel(), issue(1000), confirm(1000),
    ],
    # both let a seller's word to an order count for what the buyer made of the order meanwhile
    "acknowledged_and_amended_meanwhile": [
        *received()[:1], order("amend", "core", 1), acknowledge(step(Step.POST, 1000)),
        acknowledge(step(Step.AMEND, 1, step(Step.POST, 1000))),
    ],
    # both let a debtor that is a bank attest its own payment
    "a_debtor_that_attests_its_own_payment": [
        *confirmed(debtor="group"), settle(100, "maker", 1, by="group"), settle(100, "maker", 1),
    ],
    # an auditor could order and sell
    "an_auditor_that_trades": [
        Act("Participants", "setRoles", OPERATOR, {"party": "maker", "roles": 32}), *received()[:2],
        Act("Participants", "setRoles", OPERATOR, {"party": "maker", "roles": 34}), acknowledge(step(Step.POST, 1000)),
    ],
    # a lender that has paid out could be kept from saying so until its security had lapsed
    "drawn_while_paused_and_suspended": [
        *confirmed(), pledge(FIRST, "lender", 300, expires=START + DAY),
        Act("Participants", "pause", OPERATOR, {"kinds": 64}),
        Act("Participants", "suspend", OPERATOR, {"party": "lender"}),
        on_pledge("draw", FIRST, "lender"),
    ],
    # the rules let a debt be declared in default on which nothing was owed any more
    "default_of_what_was_split_away": [
        *confirmed(), on_debt("split", "maker", amounts=[400, 600]), on_debt("declareDefault", "maker", wait=AFTER_DUE),
    ],
    # the rules counted what a lender took as a part that was split off: the next parts got ids of their own
    "split_after_an_enforcement": [
        *confirmed(), pledge(FIRST, "lender", 300), on_pledge("enforce", FIRST, "lender", wait=AFTER_DUE),
        on_debt("split", "maker", amounts=[100, 200]), on_debt("split", "maker", amounts=[1, 2]),
    ],
    # the rules let goods be passed on to their owner
    "goods_passed_on_to_their_owner": [stored(), on_goods("transfer", "maker", to="maker")],
    # the rules named the seller where the new holder tried to withdraw what was confirmed
    "withdrawn_by_a_later_holder": [
        *confirmed(), on_debt("transfer", "maker", to="grower"),
        cancel("grower"), cancel(),
    ],
    # beyond the register: the rules called it more than is free, or than is pledged
    "amounts_beyond_the_register": [
        *confirmed(), pledge(FIRST, "lender", 2**56), pledge(FIRST, "lender", 300),
        on_debt("credit", "maker", documentRoot=ROOT, amount=2**56),
        on_debt("split", "maker", amounts=[2**56 - 1] * 8), on_debt("split", "maker", amounts=[1, 2**56]),
        settle(2**56, "maker", 1), release(FIRST, 2**56),
        stored(), hand_out(2**56),
        count(2**64 - 1),
    ],
    # a debtor could lend on its own debt and take it
    "a_debtor_that_lends_on_its_own_promise": [
        *confirmed(debtor="group"), pledge(FIRST, "group", 300), on_pledge("enforce", FIRST, "group", wait=AFTER_DUE),
    ],
    # the contract let a debt be passed on to the one who owes it
    "a_debtor_becomes_its_own_creditor": [*confirmed(), on_debt("transfer", "maker", to="core")],
    # the contract let be passed on, disputed and split of what nothing was left
    "nothing_of_a_debt_is_left": [
        *confirmed(), on_debt("split", "maker", amounts=[400, 600]), on_debt("transfer", "maker", to="grower"),
        on_debt("dispute", "core", documentRoot=ROOT), on_debt("split", "maker", amounts=[1, 1]),
    ],
    "a_receipt_of_nothing_is_passed_on": [
        stored(), hand_out(1000), on_goods("transfer", "maker", to="dealer"),
    ],
    # an id served any asset: with two assets of one tag, a lender released what secured another
    "an_id_that_begins_as_another_assets": [
        *confirmed(), stored(), pledge(ON_GOODS, "lender", 300), pledge(FIRST, "lender", 10, kind=2),
        pledge(bytes(32), "lender", 300), pledge(FIRST, "lender", 300),
        release(FIRST, 1, asset=GOODS),
    ],
    # the contract let a pledge be enforced for which nothing was ever lent
    "a_pledge_on_which_nothing_was_lent": [
        stored(), pledge(ON_GOODS, "lender", 10, kind=2, expires=START + DAY),
        on_pledge("enforce", ON_GOODS, "lender", asset=GOODS), on_pledge("draw", ON_GOODS, "lender"),
        on_pledge("enforce", ON_GOODS, "lender", asset=GOODS),
    ],
    # the register of pledges kept amounts that a count didn't find: who released first took what was the other's
    "a_count_below_two_pledges": [
        *two_pledged(), count(150, ON_GOODS, YOUNGER), count(1, ON_GOODS), count(99, ON_GOODS),
    ],
    "a_count_that_names_other_pledges": [
        *two_pledged(), count(150), count(150, YOUNGER), count(150, YOUNGER, ON_GOODS), count(150, ON_GOODS, ON_GOODS),
        count(150, ON_GOODS, keccak(b"none")), count(50, ON_GOODS, YOUNGER), count(50), count(120, ON_GOODS, YOUNGER),
    ],
    # each with two things wrong: the rules asked in another order
    # confirmed or withdrawn under another name, order or document than it was issued with
    "bound_to_order_seller_and_document": [
        *received(), issue(1000), confirm(seller="grower"), confirm(orderId=DEBT), confirm(documentRoot=DEBT),
        cancel("grower"), cancel(orderId=DEBT), cancel(documentRoot=DEBT), confirm(),
    ],
    # confirmed up to the last fen that all lenders together allow; parts give back what the whole drew
    "a_line_to_its_last_fen": [
        *received(buyer="buyer"), issue(1000), confirm(debtor="buyer"), line(400), line(599, "fund"),
        confirm(debtor="buyer"), line(600, "fund"), confirm(debtor="buyer"), line(0),
        on_debt("split", "maker", amounts=[300, 300]), settle(400, "maker", 1), line(2**56 - 1), line(2**56),
    ],
    # a grant takes a pledge, an exchange takes it for goods: neither serves as the other
    "a_grant_is_no_exchange": [
        *confirmed(), stored(), pledge(ON_GOODS, "lender", 600, kind=2), exchange(600, 700, swapped=True),
        replace(pledge(FIRST, "lender", 700), rider=Rider("maker", 1, swapped=True)), exchange(600, 700),
    ],
    # both halves or neither, each refused for its own reason
    "goods_sold_in_parts": [
        *confirmed(), stored(), pledge(ON_GOODS, "lender", 600, kind=2), exchange(601, 700), exchange(600, 1001),
        exchange(600, 700, by="fund"), exchange(600, 700, owner="dealer"), exchange(600, 700, soldPledgeId=FIRST),
        exchange(400, 700), exchange(200, 300), exchange(200, 300, pledgeId=SECOND), exchange(1, 1, pledgeId=SECOND),
    ],
    # up to what is pledged and promised, by another bank than the buyer, each payment once
    "goods_bought_back_in_parts": [
        *two_pledged(), undertake(ON_GOODS, "dealer", 80), undertake(ON_GOODS, "group", 101),
        undertake(ON_GOODS, "group", 80), undertake(ON_GOODS, "group", 1), undertake(ON_GOODS, "core", 100),
        buy_back(ON_GOODS, "group", 30, 1, asset=GOODS, by="group"), buy_back(ON_GOODS, "group", 81, 1, asset=GOODS),
        buy_back(ON_GOODS, "group", 30, 1, asset=GOODS), buy_back(ON_GOODS, "group", 50, 1, asset=GOODS),
        buy_back(ON_GOODS, "group", 50, 2, asset=GOODS), buy_back(ON_GOODS, "core", 21, 3, asset=GOODS),
        buy_back(ON_GOODS, "core", 20, 3, asset=GOODS), buy_back(ON_GOODS, "core", 1, 4, asset=GOODS),
    ],
    # a bank ends what was paid out on, and never what it has a side in
    "paid_off_by_a_banks_word": [
        *confirmed(), pledge(FIRST, "group", 600), pay_off(FIRST, by="group"), pay_off(FIRST, by="lender"),
        pay_off(FIRST, asset=GOODS), pay_off(FIRST), pay_off(FIRST), pledge(SECOND, "lender", 10, expires=START + DAY),
        pay_off(SECOND), undertake(SECOND, "lender", 1), undertake(SECOND, "maker", 1), undertake(SECOND, "dealer", 1),
    ],
    # a keeper hands out what the owner ordered, once; and only both together put a count right
    "goods_by_the_word_of_two": [
        stored(250), hand_out(10, owner="keeper"), hand_out(10, by="maker"), hand_out(251), hand_out(10), hand_out(10),
        count(100), correct(101), correct(10, owner="dealer"), correct(10, by="maker"), correct(0), correct(60),
        correct(40), correct(40, nonce=3), hand_out(240, nonce=4),
    ],
    # each was reckoned on what was pledged before the other: only one of them leaves what has to stay
    "releases_that_cross": [
        *confirmed(), pledge(FIRST, "lender", 600), release(FIRST, 100, 501), release(FIRST, 100, 500),
        release(FIRST, 150, 450), release(FIRST, 150, 350), release(FIRST, 350, 1), release(FIRST, 350),
    ],
    # a receivable only after its due day, until the undertaking's last one, and never by its debtor
    "recourse_when_it_is_overdue": [
        *confirmed(), pledge(FIRST, "lender", 600), undertake(FIRST, "dealer", 400), undertake(FIRST, "core", 600),
        buy_back(FIRST, "dealer", 300, 1, wait=90 * DAY), buy_back(FIRST, "core", 300, 1, wait=DAY),
        buy_back(FIRST, "dealer", 300, 1), settle(300, "lender", 1, FIRST),
        buy_back(FIRST, "dealer", 100, 2, wait=4 * DAY), buy_back(FIRST, "dealer", 1, 3, wait=DAY),
        on_pledge("enforce", FIRST, "lender"),
    ],
    "two_faults_at_once": [
        *confirmed(), pledge(FIRST, "lender", 300), settle(0, "grower", 1), settle(701, "maker", 1, SECOND),
        settle(301, "maker", 1, FIRST), pledge(SECOND, "lender", 0, by="maker"), issue(0, keccak(b"other")),
    ],
}  # fmt: skip
"""Sequences on which the two sides disagreed before (or easily could), by what was wrong."""
