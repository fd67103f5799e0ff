"""The operator suspends, resumes and pauses over HTTP; whoever is suspended is told, and ends what is running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from chainfin.demo.member import Member
from chainfin.eth import eip712
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values.money import Money
from chainfin.values.party import Kind
from tests.api.conftest import Site
from tests.api.world import World, build

WHY = {"reason": "under investigation"}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A world of its own: here parties are suspended, and kinds paused."""
    with ExitStack() as stack:
        yield build(stack)


def post(world: World, who: str, path: str, body: Any = None, key: str | None = None) -> Any:
    return world.call("POST", who, path, json=body, key=key or uuid4().hex)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def ended(world: World, act_id: str) -> dict[str, Any]:
    """The operator's act, once the chain has decided on it."""
    look = world.core.until(
        lambda: world.call("GET", "operator", f"/v1/acts/{act_id}").json(),
        lambda act: act["status"] not in ("awaiting_signature", "signed"),
    )
    assert isinstance(look, dict)
    return look


def stand(world: World, party: Member, change: str) -> None:
    answer = post(world, "operator", f"/v1/participants/{party.id}/{change}", WHY)
    assert answer.status_code == 202, answer.text
    assert ended(world, answer.json()["id"])["status"] == "final"


def wish(world: World) -> dict[str, Any]:
    return {
        "product": "receivable_pledge",
        "lender_id": world.lender.id,
        "amount": {"amount": "1000.00", "currency": "CNY"},
        "days": 30,
        "asset_id": world.ids["receivable"],
    }


def test_suspended_core_enterprise__with_its_own_key__signs_its_exits_and_no_order(world: World) -> None:
    core, path = world.core, f"/v1/receivables/{world.ids['receivable']}"
    stand(world, core, "suspend")
    core.sign_in()
    refused = post(world, "core", "/v1/orders", {"document": world.documents["order"]})
    assert code(refused) == (403, "party_not_active")
    core.act(f"{path}/dispute", {"reason": "never came"})
    assert core.get(path)["status"] == "disputed"
    core.act(f"{path}/dispute-resolution")
    assert core.get(path)["status"] == "confirmed"
    stand(world, core, "resume")


def test_suspended_supplier__applies__refused_and_its_loan_is_paid_off_and_released(world: World) -> None:
    supplier, ids = world.supplier, world.ids
    seen = world.call("GET", "stranger", f"/v1/participants/{supplier.id}/standing").json()
    assert seen == {"participant_id": supplier.id, "status": "active", "change": None}
    stand(world, supplier, "suspend")
    supplier.sign_in()
    own = supplier.get(f"/v1/participants/{supplier.id}/standing")
    assert (own["status"], own["change"]["change"], own["change"]["status"]) == ("suspended", "suspend", "final")
    assert own["change"]["reason"] == WHY["reason"]
    assert world.call("GET", "stranger", f"/v1/participants/{supplier.id}/standing").json()["change"] is None
    assert world.call("GET", "stranger", f"/v1/participants/{supplier.id}").json()["status"] == "suspended"
    refused = post(world, "supplier", "/v1/applications", wish(world))
    assert code(refused) == (403, "party_not_active")
    assert refused.json()["details"] == {"party": supplier.id, "status": "suspended"}
    part = {"amounts": [{"amount": each, "currency": "CNY"} for each in ("1.00", "2.00")]}
    refused = post(world, "supplier", f"/v1/receivables/{ids['receivable']}/splits", part)
    assert code(refused) == (403, "party_not_active")
    how = supplier.post(f"/v1/loans/{ids['loan']}/repayments")
    world.stage.pays(
        supplier, Money.parse(how["amount"]["amount"], how["amount"]["currency"]), how["account"], how["reference"]
    )
    supplier.until(lambda: supplier.get(f"/v1/loans/{ids['loan']}"), lambda loan: loan["status"] == "repaid")
    supplier.until(lambda: supplier.get(f"/v1/pledges/{ids['pledge']}"), lambda each: each["status"] == "released")
    stand(world, supplier, "resume")
    assert post(world, "supplier", "/v1/applications", wish(world)).status_code == 202


def test_paused_pledges__application__refused_by_name_until_resumed(world: World) -> None:
    body = {"pause": ["pledge", "issue"], "reason": "a drill"}
    made = post(world, "operator", "/v1/pauses", body)
    assert made.status_code == 202
    assert (made.json()["function"], made.json()["contract"]) == ("pause", "Participants")
    assert ended(world, made.json()["id"])["status"] == "final"
    seen = world.call("GET", "operator", "/v1/pauses").json()
    assert seen["paused"] == ["issue", "pledge"]
    assert seen["open"] == ["admit", "order", "confirm", "transfer", "receipt"]
    assert (seen["change"]["paused"], seen["change"]["status"]) == (["issue", "pledge"], "final")
    assert world.call("GET", "supplier", "/v1/pauses").json() == {**seen, "change": None}
    refused = post(world, "supplier", "/v1/applications", wish(world))
    assert code(refused) == (409, "act_paused")
    assert refused.json()["details"] == {"kind": "pledge"}
    again = post(world, "operator", "/v1/pauses", {"resume": ["pledge", "issue"], "reason": "over"})
    assert ended(world, again.json()["id"])["status"] == "final"
    assert world.call("GET", "auditor", "/v1/pauses").json()["paused"] == []
    assert post(world, "supplier", "/v1/applications", wish(world)).status_code == 202


# Without a chain: what is asked for wrongly, and what is under way while the operator's own key is elsewhere


@pytest.fixture
def admitted(site: Site) -> Site:
    """Its two parties have their numbers on chain."""
    with site.ctx.store.begin() as session:
        for number, name in enumerate(("core", "supplier"), 1):
            party = session.get_one(PartyRow, name)
            party.chain_party = number
            session.add(party)
    return site


def ask(site: Site, path: str, body: Any, who: str = "operator", key: str | None = None) -> Any:
    return site.http.post(path, json=body, headers={**site.as_(who), "Idempotency-Key": key or uuid4().hex})


@pytest.mark.parametrize(
    ("who", "path", "body", "status", "problem"),
    [
        ("core", "/v1/participants/supplier/suspend", WHY, 403, "operator_only"),
        ("supplier", "/v1/participants/supplier/suspend", WHY, 403, "operator_only"),
        ("core", "/v1/participants/core/resume", WHY, 403, "operator_only"),
        ("core", "/v1/pauses", {"pause": ["pledge"], **WHY}, 403, "operator_only"),
        ("operator", "/v1/participants/pty_nobody/suspend", WHY, 404, "party_unknown"),
        ("operator", "/v1/participants/operator/suspend", WHY, 404, "party_unknown"),
        ("operator", "/v1/participants/registrar/suspend", WHY, 404, "party_unknown"),
        ("operator", "/v1/participants/core/resume", WHY, 409, "party_not_suspended"),
        ("operator", "/v1/participants/core/suspend", {}, 422, "input_invalid"),
        ("operator", "/v1/participants/core/suspend", {"reason": ""}, 422, "input_invalid"),
        ("operator", "/v1/participants/core/suspend", {**WHY, "until": "May"}, 422, "input_invalid"),
        ("operator", "/v1/pauses", {"pause": ["settle"], **WHY}, 422, "input_invalid"),
        ("operator", "/v1/pauses", {"pause": ["Pledge"], **WHY}, 422, "input_invalid"),
        ("operator", "/v1/pauses", {"pause": 64, **WHY}, 422, "input_invalid"),
        ("operator", "/v1/pauses", {"pause": ["pledge"]}, 422, "input_invalid"),
        ("operator", "/v1/pauses", WHY, 409, "pauses_unchanged"),
        ("operator", "/v1/pauses", {"resume": ["pledge"], **WHY}, 409, "pauses_unchanged"),
        ("operator", "/v1/pauses", {"pause": ["pledge"], "resume": ["pledge"], **WHY}, 422, "kinds_contradict"),
    ],
)
def test_asked_for_wrongly__refused_and_nothing_is_sent(
    admitted: Site, who: str, path: str, body: Any, status: int, problem: str
) -> None:
    assert code(ask(admitted, path, body, who)) == (status, problem)
    with admitted.ctx.store.read() as session:
        assert session.exec(select(ActRow)).all() == []


def test_suspend__a_party_that_is_not_admitted_yet__refused(site: Site) -> None:
    assert code(ask(site, "/v1/participants/core/suspend", WHY)) == (409, "party_not_admitted")


def test_suspend__by_an_operator_with_its_own_key__awaits_its_signature_and_blocks_the_next(admitted: Site) -> None:
    made = ask(admitted, "/v1/participants/core/suspend", WHY, key="once")
    assert (made.status_code, made.json()["status"]) == (202, "awaiting_signature")
    assert ask(admitted, "/v1/participants/core/suspend", WHY, key="once").json()["id"] == made.json()["id"]
    for change in ("suspend", "resume"):
        refused = ask(admitted, f"/v1/participants/core/{change}", WHY)
        assert code(refused) == (409, "change_under_way")
        assert refused.json()["details"] == {"act": made.json()["id"]}
    assert ask(admitted, "/v1/participants/supplier/suspend", WHY).status_code == 202, "another's is another's"
    look = admitted.http.get("/v1/participants/core/standing", headers=admitted.as_("core")).json()
    assert (look["status"], look["change"]["status"]) == ("active", "awaiting_signature")
    signature = "0x" + eip712.sign(made.json()["typed_data"], admitted.operator_key).hex()
    signed = ask(admitted, f"/v1/acts/{made.json()['id']}/signature", {"signature": signature})
    assert (signed.status_code, signed.json()["status"]) == (202, "signed")
    assert made.json()["typed_data"]["message"]["party"] == "1"


def test_pause__names_and_bits__are_those_of_the_contract(admitted: Site) -> None:
    made = ask(admitted, "/v1/pauses", {"pause": ["pledge", "issue", "pledge"], **WHY}).json()
    assert made["typed_data"]["message"]["kinds"] == str(1 << Kind.PLEDGE | 1 << Kind.ISSUE)
    assert code(ask(admitted, "/v1/pauses", {"pause": ["order"], **WHY})) == (409, "change_under_way")


def test_change__without_an_idempotency_key__refused(admitted: Site) -> None:
    for path, body in (("/v1/participants/core/suspend", WHY), ("/v1/pauses", {"pause": ["pledge"], **WHY})):
        answer = admitted.http.post(path, json=body, headers=admitted.as_("operator"))
        assert answer.status_code == 400, answer.text
