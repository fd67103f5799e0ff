"""Each party sees and does only what is its own; what is another's is as unknown as what doesn't exist."""

from __future__ import annotations

import pytest

from tests.api.world import World

_THINGS = [
    ("/v1/orders/{order}", "order_unknown"),
    ("/v1/receivables/{receivable}", "receivable_unknown"),
    ("/v1/acts/{act}", "act_unknown"),
    ("/v1/applications/{application}", "application_unknown"),
    ("/v1/applications/{application}/events", "application_unknown"),
    ("/v1/offers/{offer}", "offer_unknown"),
    ("/v1/loans/{loan}", "loan_unknown"),
    ("/v1/loans/{loan}/schedule", "loan_unknown"),
    ("/v1/loans/{loan}/statement", "loan_unknown"),
    ("/v1/loans/{loan}/payoff", "loan_unknown"),
    ("/v1/loans/{loan}/margin-calls", "loan_unknown"),
    ("/v1/receivables/{receivable}/parts", "receivable_unknown"),
    ("/v1/pledges/{pledge}", "pledge_unknown"),
    ("/v1/pledges/{pledge}/undertakings", "pledge_unknown"),
    ("/v1/pledges/{pledge}/sales", "pledge_unknown"),
    ("/v1/pledges/{pledge}/returns", "pledge_unknown"),
]


@pytest.mark.parametrize(("path", "code"), _THINGS)
def test_read__by_a_stranger__as_unknown_as_nothing(world: World, path: str, code: str) -> None:
    answer = world.call("GET", "stranger", path.format(**world.ids))
    assert (answer.status_code, answer.json()["code"]) == (404, code)


@pytest.mark.parametrize(("path", "_code"), _THINGS)
@pytest.mark.parametrize("who", ["operator", "auditor"])
def test_read__by_operator_and_auditor__seen(world: World, who: str, path: str, _code: str) -> None:
    assert world.call("GET", who, path.format(**world.ids)).status_code == 200


@pytest.mark.parametrize("who", ["core", "supplier", "lender"])
def test_warehouse_receipt__of_others__unknown(world: World, who: str) -> None:
    for path in ("", "/care", "/buy-back-promises"):
        answer = world.call("GET", who, f"/v1/warehouse-receipts/{world.ids['receipt']}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "warehouse_receipt_unknown")
    assert world.call("GET", who, "/v1/warehouse-receipts").json()["items"] == []


def test_warehouse_receipt__by_its_owner__free_and_issued_in_its_unit(world: World) -> None:
    body = world.call("GET", "stranger", f"/v1/warehouse-receipts/{world.ids['receipt']}").json()
    assert (body["issued"], body["free"], body["unit"]) == ("12.500", "12.500", "TNE")


@pytest.mark.parametrize(
    "noun",
    [
        "orders",
        "receivables",
        "pledges",
        "substitutions",
        "applications",
        "loans",
        "limits",
        "debtor-lines",
        "clients",
        "proposals",
    ],
)
def test_list__of_a_stranger__empty(world: World, noun: str) -> None:
    answer = world.call("GET", "stranger", f"/v1/{noun}")
    assert (answer.status_code, answer.json()["items"]) == (200, [])


def test_acts__listed__are_all_ones_own(world: World) -> None:
    for who in ("core", "supplier", "stranger", "lender"):
        mine = world.call("GET", who, "/v1/acts", params={"limit": 200}).json()["items"]
        assert {act["party_id"] for act in mine} <= {getattr(world, who).id}
    assert len(world.call("GET", "core", "/v1/acts").json()["items"]) >= 3


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/orders/{order}/acknowledgement", {}, "order_unknown"),
        ("/v1/orders/{order}/cancellation", None, "order_unknown"),
        ("/v1/receivables/{receivable}/dispute", {"reason": "mine"}, "receivable_unknown"),
        ("/v1/receivables/{receivable}/cancellation", None, "receivable_unknown"),
        ("/v1/applications/{application}/accept", {}, "application_unknown"),
        ("/v1/applications/{application}/withdrawal", None, "application_unknown"),
        ("/v1/applications/{application}/appeals", {"reason": "mine"}, "application_unknown"),
        ("/v1/loans/{loan}/repayments", {}, "loan_unknown"),
        ("/v1/receivables/{receivable}/dispute-resolution", None, "receivable_unknown"),
        ("/v1/receivables/{receivable}/transfer", {"to": "pty_1"}, "receivable_unknown"),
        ("/v1/receivables/{receivable}/default", None, "receivable_unknown"),
        ("/v1/pledges/{pledge}/releases", {}, "pledge_unknown"),
        ("/v1/pledges/{pledge}/enforcement", None, "pledge_unknown"),
        ("/v1/pledges/{pledge}/expiry", None, "pledge_unknown"),
        ("/v1/acts/{act}/signature", {"signature": "0x" + "11" * 65}, "act_unknown"),
    ],
)
def test_act__by_a_stranger__on_anothers_thing__unknown(
    world: World, path: str, body: dict[str, str] | None, code: str
) -> None:
    answer = world.call("POST", "stranger", path.format(**world.ids), json=body, key=f"stranger-{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, code)


@pytest.mark.parametrize(
    ("who", "act", "document"),
    [
        ("core", "acknowledgement", "response"),
        ("supplier", "amendment", "order"),
        ("supplier", "cancellation", None),
        ("core", "despatches", "despatch"),
        ("supplier", "receipts", "receipt"),
    ],
)
def test_act__of_the_other_side_of_an_order__refused(world: World, who: str, act: str, document: str | None) -> None:
    body = None if document is None else {"document": world.documents[document]}
    answer = world.call("POST", who, f"/v1/orders/{world.ids['order']}/{act}", json=body, key=f"other-side-{act}")
    assert (answer.status_code, answer.json()["code"]) == (422, "act_of_other_party")


def test_application__on_anothers_receivable__unknown(world: World) -> None:
    wish = {
        "product": "receivable_pledge",
        "lender_id": world.lender.id,
        "amount": {"amount": "1.00", "currency": "CNY"},
        "days": 30,
        "asset_id": world.ids["receivable"],
    }
    answer = world.call("POST", "stranger", "/v1/applications", json=wish, key="foreign-asset")
    assert (answer.status_code, answer.json()["code"]) == (404, "asset_unknown")


@pytest.mark.parametrize("who", ["operator", "auditor", "keeper", "supplier"])
def test_confirmation__by_anybody_but_the_debtor__refused(world: World, who: str) -> None:
    receivable = world.call("GET", "core", f"/v1/receivables/{world.ids['receivable']}").json()
    body = {
        "document_root": receivable["document_root"],
        "face": {"amount": receivable["face"], "currency": "CNY"},
        "due_date": receivable["due_date"],
    }
    answer = world.call(
        "POST", who, f"/v1/receivables/{receivable['id']}/confirmation", json=body, key=f"confirm-{who}"
    )
    expected = {
        "operator": (403, "role_missing"),
        "auditor": (404, "receivable_unknown"),
        "keeper": (404, "receivable_unknown"),
        "supplier": (422, "not_debtor"),
    }
    assert (answer.status_code, answer.json()["code"]) == expected[who]


def test_operator__posting_an_order_for_a_party__refused(world: World) -> None:
    answer = world.call("POST", "operator", "/v1/orders", json={"document": world.documents["order"]}, key="op-order")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")


def test_participant__bank_account_and_legal_id__only_for_itself_and_who_sees_all(world: World) -> None:
    path = f"/v1/participants/{world.supplier.id}"
    for who in ("core", "stranger", "lender"):
        assert world.call("GET", who, path).json()["private"] is None
    for who in ("supplier", "operator", "auditor"):
        assert world.call("GET", who, path).json()["private"]["account"] == world.supplier.account
    assert "consent" not in world.call("GET", "operator", path).json()["private"]["profile"]


def test_participant__admitted_by_a_party__refused(world: World) -> None:
    body = {"name": "n", "legal_scheme": "USCC", "legal_value": "x", "roles": ["core"], "account": "a"}
    answer = world.call("POST", "core", "/v1/participants", json=body, key="admit")
    assert (answer.status_code, answer.json()["code"]) == (403, "operator_only")


def test_offer__what_is_to_be_signed__only_for_the_borrower(world: World) -> None:
    path = f"/v1/offers/{world.ids['offer']}"
    assert world.call("GET", "supplier", path).json()["act"]["typed_data"]["primaryType"] == "Grant"
    assert world.call("GET", "lender", path).json()["act"] is None


def test_trial_balance__for_a_supplier__refused(world: World) -> None:
    answer = world.call("GET", "supplier", "/v1/audit/trial-balance")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
    assert world.call("GET", "auditor", "/v1/audit/trial-balance").json()["difference"] == {"CNY": "0.00"}


@pytest.mark.parametrize("who", ["stranger", "lender", "auditor", "operator"])
def test_opening__of_anothers_invoice__unknown(world: World, who: str) -> None:
    answer = world.call("GET", who, f"/v1/receivables/{world.ids['receivable']}/opening")
    assert (answer.status_code, answer.json()["code"]) == (404, "receivable_unknown")


@pytest.mark.parametrize("who", ["core", "supplier"])
def test_opening__of_ones_own_invoice__keys_of_32_bytes(world: World, who: str) -> None:
    answer = world.call("GET", who, f"/v1/receivables/{world.ids['receivable']}/opening").json()
    assert {len(answer[name]) for name in ("fingerprint_key", "document_secret")} == {66}
