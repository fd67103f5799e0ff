"""Persons with credentials of their own, and what takes two of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chainfin.errors import BadInput
from chainfin.eth.keys import address_of, new_private_key
from chainfin.services.kernel import approvals, custody
from chainfin.services.kernel.context import Actor
from chainfin.services.reactions import approved
from chainfin.values.party import Role
from tests.api.conftest import Site, add_party
from tests.api.persons_town import COPPER, Town


@pytest.fixture
def town(site: Site) -> Town:
    return Town(site)


# persons


def test_party__from_the_beginning__has_one_person_who_administers(town: Town) -> None:
    for headers, party in ((town.lender, "lender"), (town.operator, None)):
        (only,) = town.call("GET", headers, "/v1/persons").json()["items"]
        assert (only["id"], only["party_id"]) == (f"per_{party or 'operator'}", party)
        assert (only["administrator"], only["name"], only["status"]) == (True, "", "active")


def test_person__made_by_the_administrator__has_credentials_of_its_own(town: Town) -> None:
    person = town.person(town.lender)
    second = town.client(town.lender, person)
    listed = town.call("GET", second, "/v1/persons").json()["items"]
    assert {row["id"]: row["name"] for row in listed} == {person: "Li Si (invented)", "per_lender": ""}
    assert [row["id"] for row in town.call("GET", town.rival, "/v1/persons").json()["items"]] == ["per_rival"]


def test_person__with_a_wallet_of_its_own__signs_in_with_it(town: Town) -> None:
    key = new_private_key()
    person = town.person(town.lender, address=address_of(key))
    found = town.site.signin.authenticate(town.site.token(key))
    assert (found.actor.party_id, found.actor.person_id, found.via) == ("lender", person, "wallet")
    assert town.code(town.rival, "/v1/persons", name="X", address=address_of(key)) == (409, "key_taken")
    core = address_of(town.site.keys["core"])
    assert town.code(town.rival, "/v1/persons", name="X", address=core) == (409, "key_taken")


def test_person__name__is_sealed_in_the_database(town: Town) -> None:
    town.person(town.lender, name="Zhao Liu (invented)")
    with town.site.ctx.store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM person").all()
    assert "Zhao Liu" not in str(rows)


def test_person__made_by_one_who_is_no_administrator__refused(town: Town) -> None:
    key = new_private_key()
    town.person(town.lender, address=address_of(key))
    second = {"Authorization": f"Bearer {town.site.token(key)}"}
    assert town.code(second, "/v1/persons", name="X") == (403, "administrator_needed")
    assert town.code(second, "/v1/persons/per_lender/clients") == (403, "administrator_needed")
    assert town.code(second, "/v1/persons/per_lender/suspend") == (403, "administrator_needed")


def test_person__made_by_a_client_of_a_party_with_its_own_key__refused(town: Town) -> None:
    client = town.client(town.lender, "per_lender")
    assert town.code(client, "/v1/persons", name="X") == (403, "wallet_needed")


def test_person__of_another_party__unknown(town: Town) -> None:
    for act in ("clients", "suspend"):
        assert town.code(town.rival, f"/v1/persons/per_lender/{act}") == (404, "person_unknown")
        assert town.code(town.operator, f"/v1/persons/per_lender/{act}") == (404, "person_unknown")


def test_suspend__a_person__its_tokens_and_clients_end(town: Town) -> None:
    person = town.person(town.lender)
    second = town.client(town.lender, person)
    town.post(town.lender, f"/v1/persons/{person}/suspend")
    answer = town.call("GET", second, "/v1/persons")
    assert (answer.status_code, answer.json()["code"]) == (403, "person_not_active")
    assert town.code(town.lender, f"/v1/persons/{person}/clients") == (403, "person_not_active")
    assert town.code(town.lender, f"/v1/persons/{person}/suspend") == (409, "person_not_active")


def asked_to_suspend(town: Town, by: dict[str, str], person: str) -> str:
    """The proposal to suspend an administrator, who goes on until somebody agrees."""
    made = town.post(by, f"/v1/persons/{person}/suspend")
    assert (made["status"], made["id"]) == ("active", person)
    return str(made["proposal_id"])


def wallet(town: Town, key: bytes) -> dict[str, str]:
    return {"Authorization": f"Bearer {town.site.token(key)}"}


def administrator(town: Town) -> tuple[str, bytes]:
    """A confirmed second administrator of the lender with a wallet of its own, and its key."""
    key = new_private_key()
    person = town.person(town.lender, address=address_of(key), administrator=True)
    town.confirm(town.lender, person)
    return person, key


def test_suspend__the_founder_by_the_second_administrator_alone__is_only_asked_for(town: Town) -> None:
    second, key = administrator(town)
    proposal = asked_to_suspend(town, wallet(town, key), "per_lender")
    assert town.code(wallet(town, key), f"/v1/proposals/{proposal}/approve", reason="mine")[0] in (403, 404, 422)
    assert town.site.as_("lender"), "the party's own key still signs in"
    assert town.call("GET", town.lender, "/v1/persons").status_code == 200
    assert asked_to_suspend(town, town.lender, second), "and may ask for the same"


def test_suspend__an_administrator__once_the_operator_agrees_where_the_party_has_no_third(town: Town) -> None:
    second, key = administrator(town)
    proposal = asked_to_suspend(town, town.lender, second)
    assert town.code(wallet(town, key), f"/v1/proposals/{proposal}/reject", reason="no")[0] == 404, "not its own to say"
    assert town.code(town.operator, f"/v1/proposals/{proposal}/approve", reason="they left the company")[0] == 200
    with pytest.raises(Exception, match="credentials have ended"):
        town.site.token(key)


def test_suspend__an_administrator__once_a_third_person_of_the_party_agrees(town: Town) -> None:
    third, key = town.client(town.lender, town.person(town.lender, name="Qian Ba (invented)")), new_private_key()
    made = town.post(town.lender, "/v1/persons", name="Li Si", address=address_of(key), administrator=True)
    town.post(third, f"/v1/proposals/{made['proposal_id']}/approve", reason="seen with its papers")
    second = made["id"]
    proposal = asked_to_suspend(town, town.lender, second)
    assert town.code(town.operator, f"/v1/proposals/{proposal}/approve", reason="no business of ours")[0] == 404
    assert town.code(town.lender, f"/v1/proposals/{proposal}/approve", reason="myself")[1] == "approval_same_person"
    assert town.code(third, f"/v1/proposals/{proposal}/approve", reason="they left the company")[0] == 200
    with pytest.raises(Exception, match="credentials have ended"):
        town.site.token(key)


def test_suspend__two_administrators_each_other__the_one_that_was_suspended_first_has_no_say_any_more(
    town: Town,
) -> None:
    second, key = administrator(town)
    of_second = asked_to_suspend(town, town.lender, second)
    of_founder = asked_to_suspend(town, wallet(town, key), "per_lender")
    town.post(town.operator, f"/v1/proposals/{of_second}/approve", reason="they left the company")
    assert town.code(town.operator, f"/v1/proposals/{of_founder}/approve", reason="as well")[1] in (
        "administrator_needed",
        "person_not_active",
    )
    assert town.site.as_("lender")


def test_suspend__oneself__takes_nobody_else(town: Town) -> None:
    second, key = administrator(town)
    made = town.post(wallet(town, key), f"/v1/persons/{second}/suspend")
    assert made["status"] == "suspended"


def test_suspend__the_last_administrator__refused(town: Town) -> None:
    town.person(town.lender)
    assert town.code(town.lender, "/v1/persons/per_lender/suspend") == (409, "last_administrator")


def test_idempotency_key__of_another_person__is_another_key(town: Town) -> None:
    second = town.client(town.lender, town.person(town.lender))
    first = town.post(
        town.lender, "/v1/prices", **COPPER, price={"amount": "70.00", "currency": "CNY"}, idempotency_key="one"
    )
    again = town.call(
        "POST", second, "/v1/prices", **COPPER, price={"amount": "70.00", "currency": "CNY"}, idempotency_key="one"
    )
    assert "Idempotent-Replayed" not in again.headers
    assert again.json()["counts_from"] != first["counts_from"]


# two pairs of eyes


def test_approve__by_a_second_person__takes_effect_and_both_are_kept(town: Town) -> None:
    proposal = town.proposed()
    person = town.person(town.lender)
    second = town.client(town.lender, person)
    done = town.post(second, f"/v1/proposals/{proposal}/approve", reason="the market fell")
    assert (done["status"], done["proposed_by"], done["decided_by"]) == ("approved", "per_lender", person)
    assert done["decision_reason"] == "the market fell"
    assert done["evidence_hash"].startswith("0x")
    newest = town.call("GET", town.lender, "/v1/prices").json()["items"][-1]
    assert (newest["price"], newest["counts_from"] is None) == ("35.00", False)
    assert town.code(second, f"/v1/proposals/{proposal}/approve", reason="again") == (422, "proposal_not_open")


@pytest.mark.parametrize("decision", ["approve", "reject"])
@pytest.mark.parametrize("reason", ["", " \t\n"])
def test_decision__without_a_reason__refused_and_nothing_is_decided(town: Town, decision: str, reason: str) -> None:
    proposal = town.proposed()
    second = town.client(town.lender, town.person(town.lender))
    status, code = town.code(second, f"/v1/proposals/{proposal}/{decision}", reason=reason)
    assert (status, code) == (422, "reason_missing" if reason else "input_invalid")
    shown = town.call("GET", second, f"/v1/proposals/{proposal}").json()
    assert (shown["status"], shown["decided_by"], shown["decision_reason"]) == ("open", None, None)


@pytest.mark.parametrize("decide", [approved.approve, approved.reject])
def test_decision__without_a_reason_at_the_service__refused(town: Town, decide: Callable[..., object]) -> None:
    proposal, person = town.proposed(), town.person(town.lender)
    with pytest.raises(BadInput) as refused:
        decide(town.site.ctx, Actor("party", "lender", Role.LENDER, person), proposal, "")
    assert refused.value.code == "reason_missing"
    shown = town.call("GET", town.lender, f"/v1/proposals/{proposal}").json()
    assert (shown["status"], shown["decided_by"]) == ("open", None)


def test_approve__by_the_same_person_with_another_token__refused(town: Town) -> None:
    proposal = town.proposed()
    for headers in (town.lender, town.site.as_("lender"), town.client(town.lender, "per_lender")):
        answer = town.code(headers, f"/v1/proposals/{proposal}/approve", reason="I agree with myself")
        assert answer == (422, "approval_same_person")
    newest = town.call("GET", town.lender, "/v1/prices").json()["items"][-1]
    assert newest["counts_from"] is None


@pytest.mark.parametrize("act", ["approve", "reject"])
def test_decide__by_another_party_or_the_operator__unknown(town: Town, act: str) -> None:
    proposal = town.proposed()
    for headers in (town.rival, town.operator):
        assert town.code(headers, f"/v1/proposals/{proposal}/{act}", reason="x") == (404, "proposal_unknown")
    assert town.call("GET", town.rival, "/v1/proposals").json()["items"] == []
    assert town.call("GET", town.rival, f"/v1/proposals/{proposal}").status_code == 404


def test_reject__by_who_proposed_it__never_counts(town: Town) -> None:
    proposal = town.proposed()
    done = town.post(town.lender, f"/v1/proposals/{proposal}/reject", reason="a slip of the pen")
    assert (done["status"], done["decided_by"]) == ("rejected", "per_lender")
    second = town.client(town.lender, town.person(town.lender))
    assert town.code(second, f"/v1/proposals/{proposal}/approve", reason="x") == (422, "proposal_not_open")


def test_approve__who_proposed_it_is_suspended__refused(town: Town) -> None:
    boss = town.person(town.lender, administrator=True, address=address_of(key := new_private_key()))
    town.confirm(town.lender, boss)
    second = {"Authorization": f"Bearer {town.site.token(key)}"}
    proposal = town.proposed()
    asked = asked_to_suspend(town, second, "per_lender")
    town.post(town.operator, f"/v1/proposals/{asked}/approve", reason="they left the company")
    assert town.code(second, f"/v1/proposals/{proposal}/approve", reason="x") == (422, "person_not_active")


def test_proposal__nobody_decides_in_time__expires(town: Town) -> None:
    proposal = town.proposed()
    second = town.client(town.lender, town.person(town.lender))
    ctx = town.site.ctx
    assert approvals.expire(ctx) == 0
    ctx.clock.move_to(ctx.clock.now() + approvals.LIFETIME + timedelta(seconds=1))
    assert town.code(second, f"/v1/proposals/{proposal}/approve", reason="late") == (422, "proposal_expired")
    assert approvals.expire(ctx) == 1
    shown = town.call("GET", second, f"/v1/proposals/{proposal}").json()
    assert (shown["status"], shown["decided_by"]) == ("expired", None)
    assert town.call("GET", second, "/v1/proposals?status=open").json()["items"] == []


# prices


def test_mandate__in_custody__by_one_person_alone_or_by_two(town: Town) -> None:
    site = town.site
    with site.ctx.store.begin() as session:
        address = custody.create(session, site.ctx.vault, "party", None, site.ctx.clock.now())
    add_party(site.ctx, "kept", Role.LENDER, address)
    clerk = town.client_from_operator("kept")
    asked = {
        "products": ["general_310"],
        "amount": {"amount": "1000.00", "currency": "CNY"},
        "grades": ["A"],
        "expires_at": "2027-11-01T00:00:00Z",
    }
    alone = town.post(clerk, "/v1/mandates", **asked)
    assert (alone["status"], alone["proposal_id"]) == ("active", None), "nobody else is there"

    other = town.client(clerk, town.person(clerk))
    made = town.post(clerk, "/v1/mandates", **asked)
    assert (made["status"], made["signature"]) == ("prepared", None)
    approve = f"/v1/proposals/{made['proposal_id']}/approve"
    again = town.client_from_operator("kept")
    for token in (clerk, again):
        assert town.code(token, approve, reason="I agree with myself") == (422, "approval_same_person")
    assert town.call("GET", clerk, f"/v1/mandates/{made['id']}").json()["status"] == "prepared"
    town.post(other, approve, reason="within what the board allows")
    after = town.call("GET", clerk, f"/v1/mandates/{made['id']}").json()
    assert (after["status"], after["signature"] is None) == ("active", False)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expires_at": "2020-11-01T00:00:00Z"}, "mandate_time_invalid"),
        ({"grades": ["A", "A"]}, "mandate_grades_invalid"),
    ],
)
def test_mandate__that_cannot_be_one__refused_and_not_made(town: Town, change: dict[str, Any], code: str) -> None:
    asked = {
        "products": ["general_310"],
        "amount": {"amount": "1000.00", "currency": "CNY"},
        "grades": ["A"],
        "expires_at": "2027-11-01T00:00:00Z",
    }
    assert town.code(town.lender, "/v1/mandates", **{**asked, **change}) == (422, code)
    for listed in ("mandates", "proposals"):
        assert town.call("GET", town.lender, f"/v1/{listed}").json()["items"] == []
    assert town.post(town.lender, "/v1/mandates", **asked)["status"] == "prepared"


def test_price__within_the_band__counts_at_once(town: Town) -> None:
    for amount in ("70.00", "84.00", "67.20"):
        assert town.price(town.lender, amount)["proposal_id"] is None


def test_price__many_small_steps_of_one_day__are_one_large_one(town: Town) -> None:
    ctx = town.site.ctx
    town.price(town.lender, "70.00")
    ctx.clock.move_to(ctx.clock.now() + timedelta(days=1))
    town.lender = town.site.as_("lender")
    assert town.price(town.lender, "84.00")["proposal_id"] is None
    assert town.price(town.lender, "100.00")["proposal_id"] is not None


def test_price__withdrawn__takes_a_second_person_of_whose_it_is(town: Town) -> None:
    right, wrong = town.price(town.lender, "70.00")["id"], town.price(town.lender, "60.00")["id"]
    path = f"/v1/prices/{wrong}/withdrawal"
    assert town.code(town.rival, path, reason="I like it higher") == (404, "price_unknown")
    assert town.code(town.operator, path, reason="so do we") == (404, "price_unknown")
    asked = town.post(town.lender, path, reason="another good's")
    approve = f"/v1/proposals/{asked['id']}/approve"
    assert town.code(town.lender, approve, reason="x") == (422, "approval_same_person")
    assert [each["withdrawn_at"] for each in town.call("GET", town.lender, "/v1/prices").json()["items"]] == [None] * 2
    town.post(town.client(town.lender, town.person(town.lender)), approve, reason="it is")
    seen = {each["id"]: each for each in town.call("GET", town.lender, "/v1/prices").json()["items"]}
    assert (seen[right]["withdrawn_at"], seen[wrong]["withdrawal_id"]) == (None, asked["id"])
    assert town.code(town.lender, path, reason="again") == (409, "price_not_counting")


def test_price__of_a_lender__is_hidden_from_others(town: Town) -> None:
    town.price(town.lender, "70.00")
    assert town.call("GET", town.rival, "/v1/prices").json()["items"] == []
    assert len(town.call("GET", town.operator, "/v1/prices").json()["items"]) == 1


def test_price_of_the_operator__source_not_approved__refused(town: Town) -> None:
    money = {"amount": "70.00", "currency": "CNY"}
    assert town.code(town.operator, "/v1/prices", **COPPER, price=money) == (422, "price_source_not_approved")
    asked = town.post(town.operator, "/v1/price-sources", name=COPPER["source"], reason="the exchange of the trade")
    path = f"/v1/proposals/{asked['id']}/approve"
    assert town.code(town.operator, path, reason="x") == (422, "approval_same_person")
    assert town.code(town.operator, "/v1/prices", **COPPER, price=money) == (422, "price_source_not_approved")
    town.post(town.client(town.operator, town.person(town.operator)), path, reason="known for long")
    assert town.price(town.operator, "70.00")["owner_id"] is None
    (source,) = town.call("GET", town.rival, "/v1/price-sources").json()["items"]
    assert (source["name"], source["proposal_id"]) == (COPPER["source"], asked["id"])
    assert town.code(town.lender, "/v1/price-sources", name="mine", reason="x") == (403, "operator_only")
    again = {"name": COPPER["source"], "reason": "again"}
    assert town.code(town.operator, "/v1/price-sources", **again) == (409, "price_source_exists")
