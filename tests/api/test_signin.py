"""Wallet sign-in, client credentials and tokens, over HTTP."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from chainfin.eth.keys import address_of, new_private_key, sign_digest
from chainfin.eth.siwe import personal_digest
from chainfin.storage.party_tables import PartyRow
from chainfin.values.party import Role
from tests.api.conftest import Site


def _sign(message: str, key: bytes) -> str:
    return "0x" + sign_digest(personal_digest(message), key).hex()


def _challenge(site: Site, who: str = "core") -> str:
    answer = site.http.post("/v1/auth/nonce", json={"address": address_of(site.keys[who])})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["message"])


def _wallet(site: Site, message: str, signature: str) -> httpx.Response:
    answer: httpx.Response = site.http.post("/v1/auth/wallet", json={"message": message, "signature": signature})
    return answer


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_wallet__signed_challenge__gives_a_token_that_works(site: Site) -> None:
    message = _challenge(site)
    answer = _wallet(site, message, _sign(message, site.keys["core"]))
    assert answer.status_code == 200
    assert answer.json()["subject"] == "core"
    assert answer.headers["Cache-Control"] == "no-store"
    assert site.http.get("/v1/clock", headers=_bearer(answer.json()["access_token"])).status_code == 200


def test_wallet__nonce_replayed__refused(site: Site) -> None:
    message = _challenge(site)
    signature = _sign(message, site.keys["core"])
    assert _wallet(site, message, signature).status_code == 200
    again = _wallet(site, message, signature)
    assert (again.status_code, again.json()["code"]) == (401, "nonce_unknown")


def test_wallet__bad_signature__uses_the_nonce_up(site: Site) -> None:
    message = _challenge(site)
    first = _wallet(site, message, _sign(message, site.keys["supplier"]))
    assert (first.status_code, first.json()["code"]) == (401, "siwe_signature_foreign")
    again = _wallet(site, message, _sign(message, site.keys["core"]))
    assert again.json()["code"] == "nonce_unknown"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("finance.example wants", "phishing.example wants", "siwe_domain_foreign"),
        ("Chain ID: 131277322940537", "Chain ID: 1", "siwe_chain_foreign"),
        ("Nonce: ", "Nonce: 00", "nonce_unknown"),
    ],
)
def test_wallet__message_for_something_else__refused(site: Site, old: str, new: str, code: str) -> None:
    message = _challenge(site).replace(old, new)
    answer = _wallet(site, message, _sign(message, site.keys["core"]))
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_wallet__nonce_too_old__refused(site: Site) -> None:
    message = _challenge(site)
    site.wall.at += timedelta(minutes=11)
    answer = _wallet(site, message, _sign(message, site.keys["core"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "nonce_unknown")


def test_wallet__key_of_nobody__refused(site: Site) -> None:
    stranger = new_private_key()
    message = site.signin.challenge(address_of(stranger)).message
    assert message is not None
    answer = _wallet(site, message, _sign(message, stranger))
    assert (answer.status_code, answer.json()["code"]) == (401, "key_unknown")


def test_wallet__malformed_message__refused(site: Site) -> None:
    answer = _wallet(site, "let me in", "0x" + "00" * 65)
    assert (answer.status_code, answer.json()["code"]) == (422, "siwe_malformed")


def test_token__absent__refused(site: Site) -> None:
    answer = site.http.get("/v1/clock")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_token__after_half_an_hour__expired(site: Site) -> None:
    headers = site.as_("core")
    site.wall.at += timedelta(minutes=29)
    assert site.http.get("/v1/clock", headers=headers).status_code == 200
    site.wall.at += timedelta(minutes=2)
    answer = site.http.get("/v1/clock", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


def test_token__business_clock_moved_by_months__still_good(site: Site) -> None:
    headers = site.as_("core")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(days=90))
    assert site.http.get("/v1/clock", headers=headers).status_code == 200


def _claims(site: Site, **changes: object) -> dict[str, object]:
    now = int(site.wall().timestamp())
    claims: dict[str, object] = {"iss": "chainfin", "aud": "finance.example", "sub": "core", "via": "wallet"}
    claims["person"] = "per_core"
    return {**claims, "iat": now, "exp": now + 600, **changes}


def test_token__made_with_our_key__is_the_control_of_the_forgeries(site: Site) -> None:
    key = OctKey.import_key(site.ctx.vault.derive("jwt"))
    good = jwt.encode({"alg": "HS256"}, _claims(site), key)
    assert site.http.get("/v1/clock", headers=_bearer(good)).status_code == 200


@pytest.mark.parametrize("changes", [{"aud": "other.example"}, {"iss": "somebody"}, {"exp": None}])
def test_token__of_another_installation__refused(site: Site, changes: dict[str, object]) -> None:
    claims = {name: value for name, value in _claims(site, **changes).items() if value is not None}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(site.ctx.vault.derive("jwt")))
    answer = site.http.get("/v1/clock", headers=_bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_token__forged_key_or_no_signature_or_garbage__refused(site: Site) -> None:
    forged = jwt.encode({"alg": "HS256"}, _claims(site), OctKey.import_key(b"x" * 32))
    unsigned = "eyJhbGciOiJub25lIn0." + forged.split(".")[1] + "."
    for token in (forged, unsigned, "garbage", "a.b.c", "é"):
        answer = site.http.get("/v1/clock", headers={"Authorization": f"Bearer {token}".encode()})
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid"), token


def _become(site: Site, party_id: str, status: str, roles: Role | None = None) -> None:
    with site.ctx.store.begin() as session:
        party = session.get_one(PartyRow, party_id)
        party.status = status
        party.roles = party.roles if roles is None else int(roles)
        session.add(party)


def test_token__party_suspended_meanwhile__still_sees_its_own_and_makes_no_clients(site: Site) -> None:
    headers = site.as_("core")
    _become(site, "core", "suspended")
    assert site.http.get("/v1/acts", headers=headers).status_code == 200
    again = site.as_("core")
    refused = site.http.post("/v1/clients", json={}, headers={**again, "Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["code"]) == (403, "party_not_active")


def test_token__party_not_admitted__refused(site: Site) -> None:
    headers = site.as_("core")
    _become(site, "core", "pending")
    answer = site.http.get("/v1/clock", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "party_not_active")


def test_token__auditor_suspended_meanwhile__loses_access_at_once(site: Site) -> None:
    _become(site, "core", "active", Role.AUDITOR)
    headers = site.as_("core")
    assert site.http.get("/v1/clock", headers=headers).status_code == 200
    _become(site, "core", "suspended")
    answer = site.http.get("/v1/clock", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "party_not_active")


def test_token__suspended_with_an_auditors_role_beside_its_own__reads_its_own_alone(site: Site) -> None:
    _become(site, "core", "active", Role.CORE | Role.AUDITOR)
    headers = site.as_("core")
    seen = site.http.get("/v1/participants/supplier", headers=headers).json()
    assert seen["private"] is not None
    _become(site, "core", "suspended")
    seen = site.http.get("/v1/participants/supplier", headers=headers).json()
    assert seen["private"] is None


def _make_client(site: Site, who: str, key: str = "k1", **body: object) -> httpx.Response:
    headers = {**site.as_(who), "Idempotency-Key": key}
    answer: httpx.Response = site.http.post("/v1/clients", json=body, headers=headers)
    return answer


@pytest.mark.parametrize("form", [True, False])
def test_client__credentials__give_a_token_until_revoked(site: Site, form: bool) -> None:
    made = _make_client(site, "core").json()
    body = {"grant_type": "client_credentials", "client_id": made["client_id"], "client_secret": made["client_secret"]}
    answer = site.http.post("/v1/auth/token", **({"data": body} if form else {"json": body}))
    assert answer.json()["subject"] == "core", answer.text
    headers = _bearer(answer.json()["access_token"])
    assert [each["client_id"] for each in site.http.get("/v1/clients", headers=headers).json()["items"]] == [
        made["client_id"]
    ]
    assert site.http.delete(f"/v1/clients/{made['client_id']}", headers=site.as_("core")).status_code == 200
    refused = site.http.get("/v1/clients", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "client_revoked")
    assert site.http.post("/v1/auth/token", json=body).json()["code"] == "client_unknown"
    twice = site.http.delete(f"/v1/clients/{made['client_id']}", headers=site.as_("core"))
    assert (twice.status_code, twice.json()["code"]) == (409, "client_revoked")


def test_client__wrong_secret_or_unknown__one_answer_for_both(site: Site) -> None:
    made = _make_client(site, "core").json()
    wrong = site.http.post("/v1/auth/token", json={"client_id": made["client_id"], "client_secret": "guess"})
    unknown = site.http.post("/v1/auth/token", json={"client_id": "cli_0", "client_secret": "guess"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


def test_client__of_another_party__neither_made_nor_seen_nor_revoked(site: Site) -> None:
    made = _make_client(site, "core").json()
    assert _make_client(site, "supplier", party_id="core").json()["code"] == "client_not_yours"
    assert site.http.get("/v1/clients", headers=site.as_("supplier")).json()["items"] == []
    gone = site.http.delete(f"/v1/clients/{made['client_id']}", headers=site.as_("supplier"))
    assert (gone.status_code, gone.json()["code"]) == (404, "client_unknown")


def test_client__made_by_the_operator_for_a_party_with_its_own_key__refused(site: Site) -> None:
    answer = _make_client(site, "operator", party_id="core")
    assert (answer.status_code, answer.json()["code"]) == (403, "client_not_yours")


def test_client__wants_to_make_another_client__refused(site: Site) -> None:
    made = _make_client(site, "core").json()
    body = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    token = site.http.post("/v1/auth/token", json=body).json()["access_token"]
    answer = site.http.post("/v1/clients", json={}, headers={**_bearer(token), "Idempotency-Key": "k9"})
    assert (answer.status_code, answer.json()["code"]) == (403, "wallet_needed")


def test_client__operators_first__made_by_who_holds_the_machine(site: Site) -> None:
    made = site.signin.bootstrap_client()
    token = site.signin.client(made.client.client_id, made.secret)
    assert token.subject == "operator"
    assert site.signin.authenticate(token.value).actor.is_operator


def test_token_request__malformed__says_where(site: Site) -> None:
    answer = site.http.post("/v1/auth/token", data={"client_id": "cli_1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "input_invalid")
    assert answer.json()["where"] == "/client_secret"
