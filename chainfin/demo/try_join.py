"""`chainfin try --join`: the companies of a folder join a running sandbox, and their lender is ready to lend.

Whatever was done before is found and left as it is, so that a run that broke off is simply begun again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from chainfin.client import operations
from chainfin.client.calls import PATIENCE_S
from chainfin.client.client import Client
from chainfin.client.operation import untyped
from chainfin.client.problem import ApiProblem
from chainfin.connectors.sandbox.world import PARTNERS
from chainfin.demo.member import Member
from chainfin.demo.try_folder import PLAYERS, Player
from chainfin.errors import Conflict, Refused, Unavailable
from chainfin.eth.signer import KeySigner
from chainfin.rules.mandate import GRADES
from chainfin.values.product import Product

PLACED = "50000000.00"
"""What the lender places, and what its mandate allows at most."""
CURRENCY = "CNY"
LIMITS = (
    ("debtor", "core", "20000000.00", "A"),
    ("borrower", "supplier", "5000000.00", "B"),
    ("borrower", "foundry", "5000000.00", "B"),
    ("borrower", "distributor", "5000000.00", "B"),
    ("lender", "lender", PLACED, "A"),
)
"""Kind, of whom, how much, grade."""
COPPER = {
    "good": "copper-cathode",
    "unit": "KGM",
    "price": {"amount": "70.00", "currency": CURRENCY},
    "source": "sample price",
}


def await_sandbox(guest: Client) -> None:
    """Wait until the service answers. Raises Unavailable service_unreachable; Conflict sandbox_only: partners of it are
    real, and invented companies have no place there."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            played = guest.call(operations.system_read_home())["sandbox"]
            break
        except (Unavailable, ApiProblem, LookupError, TypeError) as error:
            if time.monotonic() > end:
                why = f"no chainfin answers here: {error}"
                raise Unavailable("service_unreachable", why, where=str(guest.http.base_url)) from None
            time.sleep(0.1)
    real = [partner for partner in PARTNERS if partner not in played]
    if real:
        raise Conflict("sandbox_only", f"invented companies don't join real partners ({', '.join(real)})")


def business_day(operator: Client) -> date:
    """The day that it is by the service's clock."""
    return date.fromisoformat(operator.get("/v1/clock")["today"])


def join(operator: Client, keys: Mapping[str, KeySigner]) -> dict[str, str]:
    """Admit every company, let its key consent, wait until the chain knows it; then mandate, money, limits and a price.
    Returns the participants' ids by name.

    Raises Refused company_joined_elsewhere: one of them was admitted with another folder's key.
    """
    known = {row["private"]["legal_value"]: row for row in _all(operator, "/v1/participants")}
    members = {
        name: _admitted(operator, keys[name], name, player, known.get(player.company.uscc))
        for name, player in PLAYERS.items()
    }
    lender = members["lender"]
    for member in members.values():
        _await_active(operator, member)
    lender.sign_in()
    _ready_to_lend(lender, members, business_day(operator))
    return {name: member.id for name, member in members.items()}


def _admitted(operator: Client, key: KeySigner, name: str, player: Player, known: Mapping[str, Any] | None) -> Member:
    """The company as a member, its consent given."""
    member = Member(operator.http, name=name, account=player.account, signer=key, domain=operator.domain)
    if known is not None and known["address"] != key.address:
        why = f"{player.company.english} was admitted with another key: use the folder that it came from"
        raise Refused("company_joined_elsewhere", why, where=name)
    if known is not None and known["status"] != "pending":
        member.id = known["id"]
        return member
    body = {
        "name": player.company.english,
        "legal_scheme": "USCC",
        "legal_value": player.company.uscc,
        "roles": [player.role],
        "account": player.account,
        "address": key.address,
    }
    # asked again under the same key, the service says again what the company has to sign
    admitted = operator.post("/v1/participants", body, key=f"try-{key.address}")
    member.id = admitted["participant"]["id"]
    try:
        member.consent(admitted)
    except ApiProblem as problem:
        if problem.code != "party_not_pending":  # its consent is on its way already
            raise
    return member


def _await_active(operator: Client, member: Member) -> None:
    member.until(lambda: operator.get(f"/v1/participants/{member.id}"), lambda seen: seen["status"] == "active")


def _ready_to_lend(lender: Member, members: Mapping[str, Member], today: date) -> None:
    """The lender's mandate is signed, its money placed; limits are set, and goods have a price of today."""
    given = _all(lender, "/v1/mandates")
    if not any(each["status"] == "active" for each in given):
        prepared = next((each for each in given if each["status"] == "prepared"), None)
        until = datetime.combine(today + timedelta(days=365), datetime.min.time()).isoformat() + "Z"
        body = {"products": [*Product], "amount": _cny(PLACED), "grades": [*GRADES], "expires_at": until}
        lender.mandate(body) if prepared is None else lender.sign_mandate(prepared)
    if not _all(lender, "/v1/funding"):
        # with one key for all tries, so that what broke off after the bank had paid isn't paid again
        lender.post("/v1/funding/sandbox-deposits", _cny(PLACED), key=f"try-{lender.id}")
        lender.until(lambda: _all(lender, "/v1/funding"), bool)
    set_before = {(each["kind"], each["key"]) for each in _all(lender, "/v1/limits")}
    for kind, name, amount, grade in LIMITS:
        key = members[name].id
        if (kind, key) not in set_before:
            lender.post("/v1/limits", {"kind": kind, "key": key, "amount": _cny(amount), "grade": grade})
    if not any(each["as_of"] == str(today) for each in _all(lender, "/v1/prices", good="copper-cathode")):
        lender.post("/v1/prices", {**COPPER, "as_of": str(today)})


def _all(caller: Client, path: str, **query: str) -> list[dict[str, Any]]:
    """Every item of a list."""
    return caller.every(untyped("GET", path, query, None))


def _cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": CURRENCY}
