"""A lender and the operator, both with persons: what tests of two pairs of eyes ask over HTTP."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import Any

from chainfin.eth.keys import address_of, new_private_key
from chainfin.services.parties import persons
from chainfin.services.parties.signin import NewClient
from chainfin.values.party import Role
from tests.api.conftest import Site, add_party

_KEYS = itertools.count()
COPPER = {"good": "copper-cathode", "unit": "KGM", "source": "exchange (sample)", "as_of": "2026-11-01"}


class Town:
    """A lender and the operator, both with further persons; everything over HTTP."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.keys["lender"], site.keys["rival"] = new_private_key(), new_private_key()
        for name in ("lender", "rival"):
            add_party(site.ctx, name, Role.LENDER, address_of(site.keys[name]))
        self.lender, self.rival, self.operator = site.as_("lender"), site.as_("rival"), site.as_("operator")

    @cached_property
    def colleague(self) -> dict[str, str]:
        """The operator's second person, made at the machine."""
        return self.client_of(persons.second_of_operator(self.site.ctx, self.site.signin, name="Sun Qi (invented)"))

    def call(self, method: str, headers: dict[str, str], path: str, **more: Any) -> Any:
        key = {"Idempotency-Key": more.pop("idempotency_key", None) or f"k{next(_KEYS)}"}
        return self.site.http.request(method, path, headers=headers | key, json=more or None)

    def post(self, headers: dict[str, str], path: str, **body: Any) -> Any:
        answer = self.call("POST", headers, path, **body)
        assert answer.is_success, answer.text
        return answer.json()

    def code(self, headers: dict[str, str], path: str, **body: Any) -> tuple[int, str]:
        answer = self.call("POST", headers, path, **body)
        return answer.status_code, answer.json().get("code", "")

    def person(self, by: dict[str, str], name: str = "Li Si (invented)", **more: Any) -> str:
        return str(self.post(by, "/v1/persons", name=name, **more)["id"])

    def client(self, by: dict[str, str], person_id: str) -> dict[str, str]:
        """A token of new credentials of the person's, both confirmed by the operator (for its own: by its second)."""
        made, headers = self.unconfirmed(by, person_id)
        self.confirm(by, person_id)
        self.confirm(by, made)
        return headers

    def unconfirmed(self, by: dict[str, str], person_id: str) -> tuple[str, dict[str, str]]:
        """New credentials of the person's, and a token of theirs."""
        made = self.post(by, f"/v1/persons/{person_id}/clients")
        headers, who = self._token(made["client_id"], made["client_secret"])
        assert who == person_id
        return str(made["client_id"]), headers

    def confirm(self, by: dict[str, str], subject: str) -> None:
        """What waits for a word on a person or a client, where anything does."""
        for waiting in self.call("GET", by, "/v1/proposals?status=open").json()["items"]:
            if waiting["subject"] == subject:
                decides = self.colleague if by is self.operator else self.operator
                self.post(decides, f"/v1/proposals/{waiting['id']}/approve", reason="seen with its papers")

    def client_from_operator(self, party_id: str) -> dict[str, str]:
        """A token of new credentials for a party whose key is in custody, confirmed."""
        made = self.post(self.operator, "/v1/clients", party_id=party_id)
        self.confirm(self.operator, made["client_id"])
        return self._token(made["client_id"], made["client_secret"])[0]

    def client_of(self, made: NewClient) -> dict[str, str]:
        """A token of credentials that were made past the API, as the operator's are."""
        return self._token(made.client.client_id, made.secret)[0]

    def _token(self, client_id: str, secret: str) -> tuple[dict[str, str], str]:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        answer = self.site.http.post("/v1/auth/token", data=form).json()
        return {"Authorization": f"Bearer {answer['access_token']}"}, str(answer["person_id"])

    def price(self, by: dict[str, str], amount: str, **more: Any) -> Any:
        return self.post(by, "/v1/prices", **{**COPPER, "price": {"amount": amount, "currency": "CNY"}, **more})

    def proposed(self) -> str:
        """A price of half the one before: the proposal that waits for a second person."""
        self.price(self.lender, "70.00")
        return str(self.price(self.lender, "35.00")["proposal_id"])
