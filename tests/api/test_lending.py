"""A funded loan as its parties read it, the trail's stream over HTTP, pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from api.paging import decode, encode, number
from chainfin.canon import content_hash
from chainfin.errors import BadInput
from chainfin.values import payment_reference
from tests.api.world import World


def _events(world: World, last_id: str | None = None) -> list[tuple[str, str]]:
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    answer = world.call("GET", "supplier", f"/v1/applications/{world.ids['application']}/events", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    found, this = [], ""
    for line in answer.text.splitlines():
        if line.startswith("id: "):
            this = line[4:]
        elif line.startswith("event: "):
            found.append((this, line[7:]))
    return found


def test_events__of_a_finished_application__every_node_twice_and_the_end(world: World) -> None:
    nodes = world.call("GET", "supplier", f"/v1/applications/{world.ids['application']}").json()["progress"]
    expected = [(f"{node['seq']}-{phase}", "node") for node in nodes for phase in ("started", "ended")]
    assert _events(world) == [*expected, ("end", "end")]
    assert [node["name"] for node in nodes][-4:] == ["registration", "pledging", "disbursing", "funded"]


@pytest.mark.parametrize(("last", "first"), [("3-ended", "4-started"), ("3-started", "3-ended"), ("3", "4-started")])
def test_events__resumed__begin_where_they_stopped(world: World, last: str, first: str) -> None:
    assert _events(world, last)[0][0] == first


def test_events__resumed_after_the_end__no_content(world: World) -> None:
    path = f"/v1/applications/{world.ids['application']}/events"
    assert world.call("GET", "supplier", path, headers={"Last-Event-ID": "end"}).status_code == 204


@pytest.mark.parametrize("last", ["x", "0", "-1", "3-begun", "9" * 30])
def test_events__resumed_from_nonsense__refused(world: World, last: str) -> None:
    path = f"/v1/applications/{world.ids['application']}/events"
    answer = world.call("GET", "supplier", path, headers={"Last-Event-ID": last})
    assert (answer.status_code, answer.json()["code"]) == (422, "last_event_id_invalid")


def test_application__approved__offer_and_reasons_are_said(world: World) -> None:
    body = world.call("GET", "supplier", f"/v1/applications/{world.ids['application']}").json()
    assert (body["status"], body["loan_id"]) == ("funded", world.ids["loan"])
    assert body["offer"]["terms"]["decision_hash"] == body["decision_hash"]
    assert body["explanation"][0]["en"].startswith("Approved: 500000.00 CNY")


def test_loan__read_by_both_sides__same_and_pledged(world: World) -> None:
    path = f"/v1/loans/{world.ids['loan']}"
    ours, theirs = (world.call("GET", who, path).json() for who in ("supplier", "lender"))
    assert ours == theirs
    assert (ours["status"], ours["outstanding"], ours["category"]) == ("active", "500000.00", "normal")
    (pledge,) = ours["pledges"]
    assert (pledge["status"], pledge["asset_id"]) == ("active", world.ids["receivable"])
    assert pledge["registry_number"]
    receivable = world.call("GET", "supplier", f"/v1/receivables/{world.ids['receivable']}").json()
    assert receivable["pledged"] == pledge["amount"]


def test_schedule_and_payoff__principal__adds_up(world: World) -> None:
    loan = f"/v1/loans/{world.ids['loan']}"
    (instalment,) = world.call("GET", "supplier", f"{loan}/schedule").json()["instalments"]
    assert instalment["principal"] == "500000.00"
    at_the_end = world.call("GET", "supplier", f"{loan}/payoff", params={"on": instalment["due"]}).json()
    assert at_the_end["total"] == instalment["total"]
    assert at_the_end["parts"]["interest"] == instalment["interest"]


@pytest.mark.parametrize(
    ("on", "status", "code"),
    [("2020-01-01", 409, "business_date_backwards"), ("9999-12-31", 422, "date_too_far"), ("x", 422, "input_invalid")],
)
def test_payoff__on_an_impossible_day__refused(world: World, on: str, status: int, code: str) -> None:
    answer = world.call("GET", "supplier", f"/v1/loans/{world.ids['loan']}/payoff", params={"on": on})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_statement__of_a_fresh_loan__the_payout_and_the_fee(world: World) -> None:
    loan = world.call("GET", "supplier", f"/v1/loans/{world.ids['loan']}").json()
    line, fee = world.call("GET", "supplier", f"/v1/loans/{world.ids['loan']}/statement").json()["lines"]
    assert (line["kind"], line["amount"]) == ("disburse", {"amount": "500000.00", "currency": "CNY"})
    assert (fee["kind"], fee["amount"]["amount"]) == ("fee", loan["terms"]["fee"])
    due = world.call("GET", "supplier", f"/v1/loans/{loan['id']}/payoff", params={"on": loan["accrued_to"]}).json()
    owed = Decimal(due["total"]) + Decimal(due["rebate"])
    assert Decimal(fee["balance"]["amount"]) == owed, "the statement adds up to what is owed, before what is let off"


def test_repayment__without_amount__all_that_is_due_today(world: World) -> None:
    loan = f"/v1/loans/{world.ids['loan']}"
    made = world.call("POST", "supplier", f"{loan}/repayments", key="repay").json()
    due = world.call("GET", "supplier", f"{loan}/payoff").json()
    assert made["amount"]["amount"] == due["total"]
    assert payment_reference.of("loan", world.ids["loan"]) in payment_reference.named(made["reference"])
    assert (made["payee"], made["account"].startswith(world.lender.account)) == (world.lender.name, True)


def test_limit__raised_without_a_grade__keeps_the_grade(world: World) -> None:
    body = {"kind": "borrower", "key": world.auditor.id, "amount": {"amount": "1.00", "currency": "CNY"}, "grade": "C"}
    assert world.call("POST", "lender", "/v1/limits", json=body, key="graded").json()["grade"] == "C"
    more = {**body, "amount": {"amount": "2.00", "currency": "CNY"}}
    del more["grade"]
    raised = world.call("POST", "lender", "/v1/limits", json=more, key="raised").json()
    assert (raised["amount"], raised["grade"]) == ("2.00", "C")


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ({"amount": "1.001", "currency": "CNY"}, "amount_too_precise"),
        ({"amount": "0", "currency": "CNY"}, "amount_not_positive"),
        ({"amount": "-5", "currency": "CNY"}, "amount_not_positive"),
        ({"amount": "1e3", "currency": "CNY"}, "amount_malformed"),
        ({"amount": "9" * 30, "currency": "CNY"}, "amount_too_large"),
        ({"amount": "1.00", "currency": "XXX"}, "currency_unknown"),
        ({"amount": 1.0, "currency": "CNY"}, "input_invalid"),
        ({"amount": "1.00"}, "input_invalid"),
    ],
)
def test_amount__malformed__named_with_its_place(world: World, amount: dict[str, Any], code: str) -> None:
    wish = {
        "product": "receivable_pledge",
        "lender_id": "x",
        "amount": amount,
        "days": 1,
        "asset_id": world.ids["receivable"],
    }
    answer = world.call("POST", "supplier", "/v1/applications", json=wish, key=f"amount-{hash(str(amount))}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["where"].startswith("/amount/")


def test_offer__accepted_a_second_time__refused(world: World) -> None:
    path = f"/v1/applications/{world.ids['application']}"
    signature = world.call("GET", "supplier", path).json()["offer"]["act"]["signature"]
    answer = world.call("POST", "supplier", f"{path}/accept", json={"signature": signature}, key="accept-again")
    assert (answer.status_code, answer.json()["code"]) == (409, "signature_replayed")


@pytest.mark.parametrize("noun", ["acts", "participants", "limits", "prices"])
def test_pages__of_one__walk_through_all(world: World, noun: str) -> None:
    whole = world.call("GET", "operator", f"/v1/{noun}", params={"limit": 200}).json()
    assert whole["next"] is None
    walked: list[Any] = []
    cursor: str | None = None
    while True:
        params = {"limit": 1} | ({} if cursor is None else {"cursor": cursor})
        answer = world.call("GET", "operator", f"/v1/{noun}", params=params).json()
        walked += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            break
    assert walked == whole["items"]


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "?"}, {"cursor": "YQ"}])
def test_page__malformed_window__refused(world: World, params: dict[str, Any]) -> None:
    answer = world.call("GET", "operator", "/v1/acts", params=params)
    assert answer.status_code == 422
    assert answer.json()["where"].startswith("query:")


def test_cursor__round_trip__and_only_its_own_kind() -> None:
    assert decode(encode("app_0123")) == "app_0123"
    assert number(decode(encode("17"))) == 17
    with pytest.raises(BadInput) as caught:
        number("app_1")
    assert caught.value.code == "cursor_invalid"


@pytest.mark.parametrize("member", ["not_before", "expires_at"])
@pytest.mark.parametrize(
    "time",
    ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "2027"],
)
def test_mandate__of_no_time_that_a_wallet_could_sign__refused(world: World, member: str, time: str) -> None:
    asked = {
        "products": ["general_310"],
        "amount": {"amount": "1000.00", "currency": "CNY"},
        "grades": ["A"],
        "expires_at": "2100-01-01T00:00:00Z",
    }
    answer = world.call("POST", "lender", "/v1/mandates", json=asked | {member: time}, key=f"{member}-{time}")
    assert (answer.status_code, answer.json()["code"]) == (422, "input_invalid"), answer.text


def test_products__listed_with_the_hash_that_mandates_name(world: World) -> None:
    listed = world.call("GET", "lender", "/v1/products").json()["items"]
    assert {each["id"] for each in listed if each["current"]} >= {"receivable-pledge-v1", "general-310-v1"}
    one = world.call("GET", "lender", "/v1/products/receivable-pledge-v1").json()
    assert one["hash"] == content_hash(one["document"])
    unknown = world.call("GET", "lender", "/v1/products/nothing-v9")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "product_document_unknown")


def test_policies__listed_with_the_hash_that_decisions_name(world: World) -> None:
    listed = world.call("GET", "lender", "/v1/policies").json()["items"]
    assert "receivable-v2" in [each["id"] for each in listed]
    one = world.call("GET", "lender", "/v1/policies/receivable-v2").json()
    assert one["hash"] in [each["hash"] for each in listed]
    assert one["document"]["id"] == "receivable-v2"
    unknown = world.call("GET", "lender", "/v1/policies/nothing-v9")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "decision_policy_unknown")


def test_bundle__for_the_auditor__is_sealed_and_names_the_loan(world: World) -> None:
    path = f"/v1/audit/loans/{world.ids['loan']}/bundle"
    answer = world.call("GET", "auditor", path)
    assert answer.status_code == 200, answer.text
    assert world.ids["loan"] in answer.text
    stranger = world.call("GET", "stranger", path)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "loan_unknown")


def test_reconciliation__of_a_sound_world__everything_agrees(world: World) -> None:
    answer = world.call("GET", "auditor", "/v1/audit/reconciliation")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["ok"], body["mismatches"]) == (True, [])
    assert body["looked_at"]
    refused = world.call("GET", "supplier", "/v1/audit/reconciliation")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
