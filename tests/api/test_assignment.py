"""Over HTTP, each with its own key: a receivable goes down two tiers, is borrowed on, falls due, and all are paid."""

from __future__ import annotations

import datetime as dt
from functools import partial

import pytest

from chainfin.client.problem import ApiProblem
from chainfin.demo.member import Member
from chainfin.values.money import Money
from tests.api.world import World

CNY = "CNY"


def amount(text: str) -> dict[str, str]:
    return {"amount": text, "currency": CNY}


@pytest.fixture(scope="module")
def second(town: World) -> Member:
    """The supplier's own supplier (the distributor of the samples, in another part), with a limit at the lender."""
    town.stage.limit(town.lender, "borrower", town.stranger, "5000000.00", CNY, "A")
    return town.stranger


@pytest.fixture(scope="module")
def part(town: World, second: Member) -> str:
    """The part that the second tier holds."""
    receivable = f"/v1/receivables/{town.ids['receivable']}"
    town.supplier.act(f"{receivable}/splits", {"amounts": [amount("250000.00"), amount("50000.00")]})
    parts = town.supplier.get(f"{receivable}/parts")["items"]
    (chosen,) = [str(each["id"]) for each in parts if each["face"] == "250000.00"]
    assert {each["parent_id"] for each in parts} == {town.ids["receivable"]}
    town.supplier.act(f"/v1/receivables/{chosen}/transfer", {"to": second.id})
    return chosen


@pytest.fixture(scope="module")
def loan(town: World, second: Member, part: str) -> str:
    """What the second tier borrowed on its part."""
    wish = {"product": "receivable_pledge", "lender_id": town.lender.id, "amount": amount("200000.00"), "days": 60}
    application = second.post("/v1/applications", {**wish, "asset_id": part})["id"]
    offer = second.get(f"/v1/applications/{application}")["offer"]
    signature = second.signature(offer["act"]["typed_data"])
    second.post(f"/v1/applications/{application}/accept", {"signature": signature})
    ended = second.until(lambda: second.get(f"/v1/applications/{application}"), lambda a: a["status"] == "funded")
    return str(ended["loan_id"])


def test_part__seen_by_its_holder_and_debtor__not_by_who_passed_it_on(town: World, second: Member, part: str) -> None:
    for member in (second, town.core):
        body = member.get(f"/v1/receivables/{part}")
        assert (body["holder_id"], body["face"], body["status"]) == (second.id, "250000.00", "confirmed")
        named = member is town.core
        assert (body["document_root"] is not None) is named, "the root of the invoice is for whom the invoice names"
    with pytest.raises(ApiProblem) as refused:
        town.supplier.get(f"/v1/receivables/{part}")
    assert (refused.value.status, refused.value.code) == (404, "receivable_unknown")
    whole = town.supplier.get(f"/v1/receivables/{town.ids['receivable']}")
    assert whole["split_away"] == "300000.00"


def test_split__of_one_part__input_invalid(town: World) -> None:
    with pytest.raises(ApiProblem) as refused:
        town.supplier.post(f"/v1/receivables/{town.ids['receivable']}/splits", {"amounts": [amount("1.00")]})
    assert (refused.value.status, refused.value.code) == (422, "input_invalid")


def test_pledge__listed_for_both_sides__enforced_by_neither_in_time(
    town: World, second: Member, part: str, loan: str
) -> None:
    for member in (second, town.lender):
        (mine,) = [each for each in member.get("/v1/pledges")["items"] if each["loan_id"] == loan]
        assert (mine["asset_id"], mine["status"], mine["left"]) == (part, "active", mine["amount"])
    assert mine["id"] not in [each["id"] for each in town.supplier.get("/v1/pledges")["items"]]
    for member, code in ((second, "not_lender"), (town.lender, "not_yet_due")):
        with pytest.raises(ApiProblem) as refused:
            member.post(f"/v1/pledges/{mine['id']}/enforcement")
        assert (refused.value.status, refused.value.code) == (422, code)
    assert town.lender.get(f"/v1/loans/{loan}/margin-calls") == {"loan_id": loan, "calls": [], "unchecked": None}


def test_dispute__withdrawn_over_the_api__confirmed_again(town: World, part: str, loan: str) -> None:
    town.core.act(f"/v1/receivables/{part}/dispute", {"reason": "scratched"})
    assert town.core.get(f"/v1/receivables/{part}")["status"] == "disputed"
    town.core.act(f"/v1/receivables/{part}/dispute-resolution")
    assert town.core.get(f"/v1/receivables/{part}")["status"] == "confirmed"


def test_due_date__one_payment_for_the_whole__each_gets_its_own(
    town: World, second: Member, part: str, loan: str
) -> None:
    """Last in this file: it ends what the others look at."""
    whole = town.core.get(f"/v1/receivables/{town.ids['receivable']}")
    due = dt.date.fromisoformat(whole["due_date"])
    town.stage.move_to(due)
    account = second.post(f"/v1/loans/{loan}/repayments")["account"]
    payment = Money.parse(whole["face"], CNY)
    town.stage.pays(town.core, payment, account, f"RECEIVABLE {whole['id']}")
    for lent in (loan, town.ids["loan"]):
        town.core.until(partial(town.lender.get, f"/v1/loans/{lent}"), lambda body: body["status"] == "repaid")
    town.core.until(lambda: town.core.get(f"/v1/receivables/{part}"), lambda body: body["status"] == "settled")
    family = [whole, *town.core.get(f"/v1/receivables/{whole['id']}/parts")["items"]]
    assert {town.core.get(f"/v1/receivables/{each['id']}")["status"] for each in family} == {"settled"}
    bank = town.stage.installation.sandbox
    assert bank is not None
    paid = {one.split("-")[0] for one in bank.payments()}
    assert "holder" in paid
    found = town.auditor.until(lambda: town.auditor.get("/v1/audit/reconciliation"), lambda body: body["ok"])
    assert found["mismatches"] == []
    assert town.auditor.get("/v1/audit/trial-balance")["difference"] == {CNY: "0.00"}
