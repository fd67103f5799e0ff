"""One person makes no second pair of eyes of its own: whom it made, and what it made for others, waits for a second
person's word. On both databases, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chainfin.errors import Conflict
from chainfin.eth.keys import address_of, new_private_key
from chainfin.services.kernel import custody
from chainfin.services.parties import persons
from chainfin.storage.store import Store
from chainfin.values.party import Role
from tests.api.conftest import add_party, open_site
from tests.api.persons_town import COPPER, Town

WAITS = "person_not_confirmed"


@pytest.fixture
def town(store: Store, tmp_path: Path) -> Iterator[Town]:
    with open_site(tmp_path, store) as site:
        yield Town(site)


def approve(town: Town, headers: dict[str, str], proposal: str) -> tuple[int, str]:
    return town.code(headers, f"/v1/proposals/{proposal}/approve", reason="I agree")


def waiting(town: Town, headers: dict[str, str], subject: str) -> str:
    """The open proposal about a person or a client."""
    items = town.call("GET", headers, "/v1/proposals?status=open").json()["items"]
    (found,) = [item["id"] for item in items if item["subject"] == subject]
    return str(found)


def wallet(town: Town, key: bytes) -> dict[str, str]:
    return {"Authorization": f"Bearer {town.site.token(key)}"}


def shown(town: Town, person: str) -> dict[str, Any]:
    rows = town.call("GET", town.lender, "/v1/persons").json()["items"]
    (found,) = [row for row in rows if row["id"] == person]
    return dict(found)


def test_person__made_by_the_proposer__has_no_say_until_another_confirms_it(town: Town) -> None:
    proposal = town.proposed()
    person = town.person(town.lender)
    client, puppet = town.unconfirmed(town.lender, person)
    assert (shown(town, person)["confirmed"], shown(town, "per_lender")["confirmed"]) == (False, True)
    assert approve(town, puppet, proposal) == (422, WAITS)
    assert town.code(puppet, f"/v1/proposals/{proposal}/reject", reason="no") == (422, WAITS)
    assert town.code(puppet, "/v1/prices", **COPPER, price={"amount": "99.00", "currency": "CNY"}) == (403, WAITS)
    for subject in (person, client):  # nobody else is there yet: the operator decides, neither its maker nor itself
        asked = waiting(town, town.lender, subject)
        assert approve(town, town.lender, asked)[0] == 404
        assert approve(town, puppet, asked)[0] == 404
        assert approve(town, puppet, proposal) == (422, WAITS)
        assert approve(town, town.operator, asked)[0] == 200
    assert shown(town, person)["confirmed"]
    assert approve(town, puppet, proposal)[0] == 200


def test_person__of_a_party_with_two__is_confirmed_by_the_other_one_alone(town: Town) -> None:
    second = town.client(town.lender, town.person(town.lender))
    third = town.person(town.lender)
    asked = waiting(town, town.lender, third)
    assert approve(town, town.operator, asked) == (404, "proposal_unknown")
    assert approve(town, town.lender, asked) == (422, "approval_same_person")
    assert approve(town, second, asked)[0] == 200


def test_wallet__of_a_person_one_made__has_no_say(town: Town) -> None:
    proposal, key = town.proposed(), new_private_key()
    person = town.person(town.lender, address=address_of(key), administrator=True)
    puppet = wallet(town, key)
    assert approve(town, puppet, proposal) == (422, WAITS)
    assert town.code(puppet, "/v1/persons", name="one more") == (403, WAITS)
    assert town.code(puppet, "/v1/persons/per_lender/suspend") == (403, WAITS)
    own = town.post(puppet, "/v1/clients")
    assert approve(town, town._token(own["client_id"], own["client_secret"])[0], proposal) == (422, WAITS)
    town.confirm(town.lender, person)
    assert approve(town, puppet, proposal)[0] == 200


def test_credentials__made_for_a_confirmed_person_by_the_proposer__have_no_say(town: Town) -> None:
    person = town.person(town.lender)
    second = town.client(town.lender, person)
    proposal = town.proposed()
    client, stolen = town.unconfirmed(town.lender, person)
    assert approve(town, stolen, proposal) == (422, WAITS)
    asked = waiting(town, town.lender, client)
    assert approve(town, stolen, asked)[0] in (404, 422)
    assert approve(town, town.lender, asked)[0] in (404, 422)
    assert approve(town, second, proposal)[0] == 200, "its own still have"


def test_credentials__rotated_by_the_proposer__wait_whoever_revokes_the_old_ones(town: Town) -> None:
    person = town.person(town.lender)
    old = town.client(town.lender, person)
    proposal = town.proposed()
    clients = town.call("GET", town.lender, "/v1/clients").json()["items"]
    (gone,) = [row["client_id"] for row in clients if row["person_id"] == person]
    assert town.call("DELETE", town.lender, f"/v1/clients/{gone}").status_code == 200
    client, new = town.unconfirmed(town.lender, person)
    assert approve(town, new, proposal) == (422, WAITS)
    assert town.call("GET", old, "/v1/persons").status_code == 401
    assert approve(town, town.operator, waiting(town, town.lender, client))[0] == 200
    assert approve(town, new, proposal)[0] == 200


def test_credentials__revoked_before_the_second_word__are_not_confirmed(town: Town) -> None:
    client, _ = town.unconfirmed(town.lender, town.person(town.lender))
    asked = waiting(town, town.lender, client)
    assert town.call("DELETE", town.lender, f"/v1/clients/{client}").status_code == 200
    assert approve(town, town.operator, asked) == (409, "client_revoked")


def test_person__made_anew_under_the_same_name__is_another_one(town: Town) -> None:
    person = town.person(town.lender, name="Li Si (invented)")
    town.client(town.lender, person)
    town.post(town.lender, f"/v1/persons/{person}/suspend")
    proposal = town.proposed()
    again = town.person(town.lender, name="Li Si (invented)")
    client, puppet = town.unconfirmed(town.lender, again)
    assert approve(town, puppet, proposal) == (422, WAITS)
    town.confirm(town.lender, client)
    assert approve(town, puppet, proposal) == (422, WAITS), "its credentials are, itself is not"


def test_person__suspended_before_the_second_word__is_not_confirmed(town: Town) -> None:
    person = town.person(town.lender)
    asked = waiting(town, town.lender, person)
    town.post(town.lender, f"/v1/persons/{person}/suspend")
    assert approve(town, town.operator, asked) == (409, "person_not_active")


def test_operator__of_one_person__approves_nothing_of_its_own_by_credentials_it_makes(town: Town) -> None:
    asked = town.post(town.operator, "/v1/price-sources", name=COPPER["source"], reason="the exchange of the trade")
    person = town.person(town.operator)
    client, puppet = town.unconfirmed(town.operator, person)
    for subject in (asked["id"], waiting(town, town.operator, person), waiting(town, town.operator, client)):
        assert approve(town, puppet, subject) == (422, WAITS)
        assert approve(town, town.operator, subject) == (422, "approval_same_person")
    rotated = town.post(puppet, "/v1/clients")
    again = town._token(rotated["client_id"], rotated["client_secret"])[0]
    assert approve(town, again, asked["id"]) == (422, WAITS)
    assert approve(town, town.colleague, asked["id"])[0] == 200


def test_credentials__made_with_unconfirmed_ones__wait_for_good(town: Town) -> None:
    asked = town.post(town.operator, "/v1/price-sources", name=COPPER["source"], reason="the exchange of the trade")
    people = town.call("GET", town.colleague, "/v1/persons").json()["items"]
    (other,) = [row["id"] for row in people if row["id"] != "per_operator"]
    _, puppet = town.unconfirmed(town.operator, other)
    own = town.post(puppet, "/v1/clients")
    assert (own["person_id"], own["confirmed"]) == (other, False)
    assert approve(town, town._token(own["client_id"], own["client_secret"])[0], asked["id"]) == (422, WAITS)


def test_operator__second_person__is_made_once_at_the_machine(town: Town) -> None:
    assert town.colleague
    with pytest.raises(Conflict) as refused:
        persons.second_of_operator(town.site.ctx, town.site.signin, name="Zhou Ba (invented)")
    assert refused.value.code == "second_person_exists"
    names = [row["name"] for row in town.call("GET", town.operator, "/v1/persons").json()["items"]]
    assert names.count("Sun Qi (invented)") == 1


def test_party_in_custody__credentials_by_the_operator__approve_nothing_of_its_own(town: Town) -> None:
    ctx = town.site.ctx
    with ctx.store.begin() as session:
        address = custody.create(session, ctx.vault, "party", None, ctx.clock.now())
    add_party(ctx, "kept", Role.LENDER, address)
    asked = town.post(town.operator, "/v1/participants/kept/account", account="62280001", reason="they say so")
    made = town.post(town.operator, "/v1/clients", party_id="kept")
    puppet = town._token(made["client_id"], made["client_secret"])[0]
    assert approve(town, puppet, asked["id"]) == (422, WAITS)
    assert town.code(puppet, "/v1/persons", name="one more") == (403, WAITS)
    assert approve(town, town.operator, waiting(town, town.operator, made["client_id"])) == (
        422,
        "approval_same_person",
    )
    town.confirm(town.operator, made["client_id"])
    assert approve(town, puppet, asked["id"])[0] == 200


def test_credentials__unconfirmed_with_real_partners__only_read(town: Town) -> None:
    person = town.person(town.lender)
    _, puppet = town.unconfirmed(town.lender, person)
    limit = {"kind": "debtor", "key": "rival", "amount": {"amount": "9.00", "currency": "CNY"}, "grade": "A"}
    town.site.http.app.state.ctx = replace(town.site.http.app.state.ctx, real_money=True)  # type: ignore[attr-defined]
    assert town.code(puppet, "/v1/limits", **limit) == (403, WAITS)
    assert town.call("GET", puppet, "/v1/persons").status_code == 200
    assert town.call("POST", town.lender, "/v1/limits", **limit).is_success
