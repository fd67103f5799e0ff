"""What a lender has placed, over HTTP; and how it places more."""

from __future__ import annotations

from chainfin.values import payment_reference
from chainfin.values.reference import printed
from tests.api.world import World


def test_funding__of_a_lender_that_lent__balance_committed_available(world: World) -> None:
    (account,) = world.call("GET", "lender", "/v1/funding").json()["items"]
    assert (account["lender_id"], account["currency"]) == (world.lender.id, "CNY")
    assert (account["balance"], account["committed"], account["available"]) == ("4500000.00", "0.00", "4500000.00")


def test_funding__of_others__seen_by_operator_and_auditor_alone(world: World) -> None:
    assert world.call("GET", "supplier", "/v1/funding").json()["items"] == []
    for who in ("operator", "auditor"):
        assert len(world.call("GET", who, "/v1/funding").json()["items"]) == 1


def test_instruction__names_the_lender_and_its_account(world: World) -> None:
    assert world.call("GET", "lender", "/v1/funding/instruction").json() == {
        "account": f"{world.lender.account}-0001",
        "reference": printed(payment_reference.of("funding", world.lender.id)),
        "payer_account": world.lender.account,
    }
    refused = world.call("GET", "supplier", "/v1/funding/instruction")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
