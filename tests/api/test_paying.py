"""The debtor is told where to pay, pays there, and a payment without a name is decided by two persons, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from chainfin import samples
from chainfin.client.client import Client
from chainfin.client.problem import ApiProblem
from chainfin.demo.member import Member
from chainfin.services.parties import persons
from chainfin.values import reference
from chainfin.values.money import Money
from tests.api.world import World

CNY = "CNY"


def issued(town: World, number: str) -> dict[str, Any]:
    """Another receivable of the supplier's, not confirmed yet, as the debtor sees it."""
    papers = samples.trade(town.stage.today, number, order_number=f"PO-{number}")
    order = town.core.act("/v1/orders", {"document": papers["order"].decode()})["order"]["id"]
    for who, step, name in (
        (town.supplier, "acknowledgement", "response"),
        (town.supplier, "despatches", "despatch"),
        (town.core, "receipts", "receipt"),
    ):
        who.act(f"/v1/orders/{order}/{step}", {"document": papers[name].decode()})
    made = town.supplier.act("/v1/receivables", {"order_id": order, "document": papers["invoice"].decode()})
    found: dict[str, Any] = town.core.get(f"/v1/receivables/{made['receivable']['id']}")
    return found


def confirmed(town: World, number: str) -> dict[str, Any]:
    """What the debtor is answered when it confirms."""
    row = issued(town, number)
    body = {
        "document_root": row["document_root"],
        "face": {"amount": row["face"], "currency": row["currency"]},
        "due_date": row["due_date"],
    }
    answer: dict[str, Any] = town.core.act(f"/v1/receivables/{row['id']}/confirmation", body)
    return answer


def status(member: Member, path: str, wanted: str) -> dict[str, Any]:
    found: dict[str, Any] = member.until(lambda: member.get(path), lambda body: body["status"] == wanted)
    return found


def test_confirmation__answered__says_where_and_under_which_reference_to_pay(town: World) -> None:
    how = confirmed(town, "INV-2001")["payment"]
    path = f"/v1/receivables/{how['receivable_id']}"
    row = town.core.get(path)
    assert how == town.core.get(f"{path}/payment") == town.supplier.get(f"{path}/payment")
    assert (how["amount"], how["currency"], how["due_date"]) == (row["face"], CNY, row["due_date"])
    assert (how["account"], how["payee"]) == (town.supplier.account, town.supplier.name), "nobody has it in pledge"
    assert reference.parse(how["reference"]) == how["reference"]
    with pytest.raises(ApiProblem) as unknown:
        town.stranger.get(f"{path}/payment")
    assert (unknown.value.status, unknown.value.code) == (404, "receivable_unknown")
    town.stage.pays(town.core, Money.parse(how["amount"], CNY), how["account"], how["reference"].lower())
    assert status(town.core, path, "settled")["settled"] == row["face"]
    assert town.core.get(f"{path}/payment")["amount"] == "0.00"


def test_pledged__asked_by_the_debtor__the_lenders_account(town: World) -> None:
    how = town.core.get(f"/v1/receivables/{town.ids['receivable']}/payment")
    assert how["payee"] == town.lender.name
    assert how["account"].startswith(f"{town.lender.account}-")


def parked(boss: Client, amount: str) -> dict[str, Any]:
    """The open item of the payment of ``amount`` that names no claim."""
    items = boss.get("/v1/parked?status=open&limit=200")["items"]
    (found,) = [item for item in items if item["source"] == "unmatched_payments" and amount in item["detail"]]
    return dict(found)


def until_parked(town: World, amount: str) -> dict[str, Any]:
    boss = town.stage.operator
    town.core.until(lambda: boss.get("/v1/parked?status=open&limit=200")["items"], lambda all_: amount in str(all_))
    return parked(boss, amount)


@pytest.fixture(scope="module")
def second(town: World) -> Client:
    """The operator's other person, made at the machine."""
    stage = town.stage
    made = persons.second_of_operator(stage.installation.ctx, stage.server.signin, name="Wang Wu (invented)")
    caller = Client(stage.http)
    caller.sign_in_as(made.client.client_id, made.secret)
    return caller


def test_unmatched__allocated__by_one_person_and_another(town: World, second: Client) -> None:
    how = confirmed(town, "INV-2002")["payment"]
    path, boss = f"/v1/receivables/{how['receivable_id']}", town.stage.operator
    town.stage.pays(town.core, Money.parse("77.07", CNY), "chainfin-collection", "for the copper")
    item = until_parked(town, "77.07")
    assert item["reason"] == "remittance_unknown"
    with pytest.raises(ApiProblem) as undecided:
        boss.post(f"/v1/parked/{item['id']}/resolve", {"reason": "let it lie"})
    assert (undecided.value.status, undecided.value.code) == (409, "parked_payment_undecided")
    body = {"kind": "receivable", "id": how["receivable_id"], "reason": "the debtor's letter of today"}
    made = boss.post(f"/v1/parked/{item['id']}/allocation", body)
    assert (made["kind"], made["status"]) == ("payment_allocation", "open")
    with pytest.raises(ApiProblem) as alone:
        boss.post(f"/v1/proposals/{made['id']}/approve", {"reason": "mine"})
    assert (alone.value.status, alone.value.code) == (422, "approval_same_person")
    assert town.core.get(path)["settled"] == "0.00"
    done = second.post(f"/v1/proposals/{made['id']}/approve", {"reason": "the letter was shown to me"})
    assert done["status"] == "approved"
    town.core.until(lambda: town.core.get(path), lambda row: row["settled"] == "77.07")


def test_unmatched__sent_back__goes_to_the_payer(town: World) -> None:
    boss = town.stage.operator
    town.stage.pays(town.core, Money.parse("66.06", CNY), "chainfin-collection", "a mistake")
    item = until_parked(town, "66.06")
    with pytest.raises(ApiProblem) as foreign:
        town.lender.post(f"/v1/parked/{item['id']}/return", {"reason": "mine"})
    assert (foreign.value.status, foreign.value.code) == (403, "operator_only")
    done = boss.post(f"/v1/parked/{item['id']}/return", {"reason": "the payer asked for it"})
    assert (done["status"], done["resolution"]) == ("resolved", "sent back: the payer asked for it")
    found = town.auditor.until(lambda: town.auditor.get("/v1/audit/reconciliation"), lambda body: body["ok"])
    assert found["mismatches"] == []


def test_holder__paid_too_much__settled_and_the_excess_is_shown(town: World) -> None:
    how = confirmed(town, "INV-2011")["payment"]
    path = f"/v1/receivables/{how['receivable_id']}"
    status(town.core, path, "confirmed")
    paid = Money.parse(how["amount"], CNY) + Money(1, CNY)
    town.stage.pays(town.core, paid, how["account"], how["reference"])
    assert status(town.core, path, "settled")["settled"] == how["amount"]
    told = town.core.get(f"{path}/payment")
    assert (told["amount"], told["under_way"], told["beyond"]) == ("0.00", "0.00", "0.01")


def test_holder__paid_beside_its_pledgee__nobody_lends_on_it_until_two_persons_allocated_it(
    town: World, second: Client
) -> None:
    claim = town.ids["receivable"]
    row, how = town.core.get(f"/v1/receivables/{claim}"), town.core.get(f"/v1/receivables/{claim}/payment")
    town.stage.pays(town.core, Money.parse(row["face"], CNY), town.supplier.account, how["reference"])
    boss = town.stage.operator

    def found() -> list[dict[str, Any]]:
        items = boss.get("/v1/parked?status=open&limit=200")["items"]
        return [dict(item) for item in items if item["reason"] == "paid_beside_the_pledgee"]

    (item,) = town.core.until(found, lambda items: len(items) == 1)
    wish = {
        "product": "receivable_pledge",
        "lender_id": town.lender.id,
        "amount": {"amount": "1000.00", "currency": CNY},
        "days": 30,
        "asset_id": claim,
    }
    with pytest.raises(ApiProblem) as refused:
        town.supplier.post("/v1/applications", wish)
    assert (refused.value.status, refused.value.code) == (409, "payment_under_way")
    allocation = {"kind": "receivable", "id": claim, "reason": "it is the debtor's, for this claim"}
    made = boss.post(f"/v1/parked/{item['id']}/allocation", allocation)
    assert (made["payload"]["amount"], made["payload"]["item"]) == (row["face"], item["id"])
    second.post(f"/v1/proposals/{made['id']}/approve", {"reason": "the statement of the supplier was shown to me"})
    paid = town.core.until(lambda: town.core.get(f"/v1/receivables/{claim}"), lambda now: now["settled"] != "0.00")
    assert (paid["settled"], paid["free"]) == (row["free"], "0.00"), "what was the holder's to be paid"
    told = town.core.get(f"/v1/receivables/{claim}/payment")
    assert (told["amount"], told["beyond"]) == (row["pledged"], row["pledged"]), "the pledgee is still to be paid"
    assert town.supplier.post("/v1/applications", wish)["id"]


def test_prepayment__of_most_of_a_loan__frees_what_the_rest_does_not_need(town: World) -> None:
    """Last in this file: it changes the loan that the others look at."""
    loan = town.ids["loan"]
    before = town.supplier.get(f"/v1/receivables/{town.ids['receivable']}")
    wish = {"amount": {"amount": "450000.00", "currency": CNY}}
    how = town.supplier.post(f"/v1/loans/{loan}/repayments", wish)
    town.stage.pays(town.supplier, Money.parse("450000.00", CNY), how["account"], how["reference"])
    path = f"/v1/receivables/{town.ids['receivable']}"
    after = town.supplier.until(lambda: town.supplier.get(path), lambda row: row["pledged"] != before["pledged"])
    payoff = town.supplier.get(f"/v1/loans/{loan}/payoff")
    owed, let_off = (Money.parse(payoff[name], CNY) for name in ("total", "rebate"))
    assert owed <= Money.parse(after["pledged"], CNY) < Money.parse("70000.00", CNY)
    assert Money.parse(after["free"], CNY) > Money.parse(before["free"], CNY)
    lines = town.supplier.get(f"/v1/loans/{loan}/statement")["lines"]
    assert sum(Money.parse(line["amount"]["amount"], CNY).minor for line in lines) == (owed + let_off).minor, (
        "paid off today it would cost less"
    )
