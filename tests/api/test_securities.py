"""Over HTTP, each with its own key: recourse for a receivable, goods replaced by the receivable of their sale, and a
line on a debtor. What is sent twice happens once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chainfin import samples
from chainfin.cli.main import app
from chainfin.client.flows import confirmation
from chainfin.client.problem import ApiProblem
from chainfin.demo.member import Member
from chainfin.eth.signer import KeySigner
from chainfin.runtime import log_setup
from chainfin.values.money import Money
from tests.api.world import World, lot


@pytest.fixture(scope="module", autouse=True)
def _apart() -> None:
    """The service runs in this process: its lines would stand among the command's."""
    log_setup.configure(level="warning")


CNY = "CNY"
KEY = "one-and-the-same-request"


def amount(text: str) -> dict[str, str]:
    return {"amount": text, "currency": CNY}


@pytest.fixture(scope="module")
def fund(town: World) -> Member:
    """A lender whose key nobody holds for it."""
    member = town.stage.admit("Fund (invented)", ("LEI", "969500TESTFUND00XX15"), ["lender"])
    for kind, party in (("lender", member), ("borrower", town.stranger), ("debtor", town.core)):
        town.stage.limit(member, kind, party, "5000000.00", CNY, "A")
    town.stage.mandate(member, "5000000.00", CNY)
    town.stage.fund(member, "5000000.00", CNY)
    return member


def signed(member: Member) -> int:
    """Signs what waits for the party; how many acts."""
    return int(member.until(member.sign_waiting, bool))


@pytest.fixture(scope="module")
def on_goods(town: World, fund: Member) -> dict[str, Any]:
    """The distributor's loan from the fund on its goods, paid out; its pledge."""
    today = town.stage.today.isoformat()
    price = {"good": "nickel-cathode", "unit": "TNE", "price": amount("70000.00"), "source": "sample", "as_of": today}
    fund.post("/v1/prices", price)
    goods = {"commodity": "nickel-cathode", "commodity_class": "standard", "insured": "true"}
    stored = {"number": "WR-SOLD", "owner_id": town.stranger.id, "goods": goods, "unit": "TNE", "quantity": "12.500"}
    stored["lot"] = lot("WR-SOLD")
    receipt = town.keeper.act("/v1/warehouse-receipts", stored)["warehouse_receipt"]["id"]
    wish = {"product": "inventory_pledge", "lender_id": fund.id, "amount": amount("400000.00"), "days": 90}
    application = town.stranger.post("/v1/applications", {**wish, "asset_id": receipt})["id"]
    path = f"/v1/applications/{application}"
    offer = town.stranger.get(path)["offer"]
    town.stranger.post(f"{path}/accept", {"signature": town.stranger.signature(offer["act"]["typed_data"])})
    signed(fund)
    loan = fund.until(lambda: fund.get(path), lambda found: found["status"] == "funded")["loan_id"]
    signed(fund)  # that it was paid out
    (pledge,) = fund.get(f"/v1/loans/{loan}")["pledges"]
    fund.until(lambda: fund.get(f"/v1/pledges/{pledge['id']}"), lambda found: found["drawn"])
    return dict(pledge)


def test_receipt__lent_on__seen_by_its_lender_and_no_other(town: World, fund: Member, on_goods: dict[str, Any]) -> None:
    path = f"/v1/warehouse-receipts/{on_goods['asset_id']}"
    assert float(fund.get(path)["pledged"]) >= float(on_goods["left"])
    with pytest.raises(ApiProblem) as refused:
        town.lender.get(path)
    assert (refused.value.status, refused.value.code) == (404, "warehouse_receipt_unknown")


def traded(
    town: World, number: str, *, seller: tuple[Member, samples.Company], buyer: tuple[Member, samples.Company]
) -> Any:
    """A receivable as its debtor sees it, issued and not confirmed."""
    papers = samples.trade(town.stage.today, number, seller=seller[1], buyer=buyer[1])
    documents = {name: {"document": data.decode()} for name, data in papers.items()}
    order = buyer[0].act("/v1/orders", documents["order"])["order"]["id"]
    seller[0].act(f"/v1/orders/{order}/acknowledgement", documents["response"])
    seller[0].act(f"/v1/orders/{order}/despatches", documents["despatch"])
    buyer[0].act(f"/v1/orders/{order}/receipts", documents["receipt"])
    issued = seller[0].act("/v1/receivables", {"order_id": order, **documents["invoice"]})["receivable"]["id"]
    return buyer[0].get(f"/v1/receivables/{issued}")


@pytest.fixture(scope="module")
def sale(town: World) -> str:
    """The receivable for which the distributor has sold goods, confirmed."""
    seller, buyer = (town.stranger, samples.DISTRIBUTOR), (town.core, samples.CORE)
    known = traded(town, "INV-SALE-1", seller=seller, buyer=buyer)
    town.core.act(f"/v1/receivables/{known['id']}/confirmation", confirmation(known))
    return str(known["id"])


def test_substitution__offered_granted_and_signed_each_with_its_own_key__the_loan_has_both_pledges(
    town: World, fund: Member, on_goods: dict[str, Any], sale: str, tmp_path: Path
) -> None:
    body = {"sold_pledge_id": on_goods["id"], "quantity": "2.5", "receivable_id": sale, "amount": amount("250000.00")}
    made = fund.post("/v1/substitutions", body, key=KEY)
    assert fund.post("/v1/substitutions", body, key=KEY) == made, "asked twice, offered once"
    assert (made["status"], made["act"], made["quantity"]) == ("offered", None, "2.500")
    assert [each["id"] for each in town.stranger.get("/v1/substitutions")["items"]] == [made["id"]]
    path = f"/v1/substitutions/{made['id']}"
    with pytest.raises(ApiProblem) as refused:
        town.supplier.get(path)
    assert (refused.value.status, refused.value.code) == (404, "substitution_unknown")
    run = shell(town, tmp_path, pledgor=town.stranger, lender=fund)
    assert run("sign", "pledgor.key").exit_code == 0
    assert town.stranger.get(path)["status"] == "offered", "what waits isn't granted by the way"
    assert run("call", "pledgor.key", f"{path}/accept", "--post").exit_code == 0
    signature = town.stranger.get(path)["act"]["signature"]
    with pytest.raises(ApiProblem) as refused:
        town.stranger.post(f"{path}/accept", {"signature": signature})
    assert (refused.value.status, refused.value.code) == (409, "signature_replayed")
    fund.until(lambda: fund.get(path), lambda found: found["status"] == "pledging")
    assert run("sign", "lender.key").exit_code == 0
    fund.until(lambda: fund.get(path), lambda found: found["status"] == "done")
    pledges = {each["asset_id"]: each for each in fund.get(f"/v1/loans/{on_goods['loan_id']}")["pledges"]}
    assert (pledges[sale]["id"], pledges[sale]["left"], pledges[sale]["status"]) == (made["id"], "250000.00", "active")
    assert float(pledges[on_goods["asset_id"]]["left"]) == pytest.approx(float(on_goods["left"]) - 2.5)
    assert town.stranger.get(f"/v1/receivables/{sale}")["pledged"] == "250000.00"
    found = town.auditor.until(lambda: town.auditor.get("/v1/audit/reconciliation"), lambda body: body["ok"])
    assert found["mismatches"] == []


def shell(town: World, folder: Path, **members: Member) -> Any:
    """`chainfin …` with the key files of these members."""
    for name, member in members.items():
        assert isinstance(member.signer, KeySigner)
        (folder / f"{name}.key").write_text(member.signer.secret.hex())

    def run(*words: str) -> Any:
        spelled = [str(folder / word) if word.endswith(".key") else word for word in words]
        return CliRunner().invoke(app, spelled, env={"CHAINFIN_URL": town.stage.server.url})

    return run


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"quantity": "99"}, 422, "exceeds_pledged"),
        ({"quantity": "much"}, 422, "quantity_malformed"),
        ({"amount": amount("9999999.00")}, 422, "exceeds_free"),
        ({"amount": {"amount": "1.00", "currency": "USD"}}, 422, "currency_mismatch"),
        ({"receivable_id": "0x" + "00" * 32}, 404, "receivable_unknown"),
        ({"sold_pledge_id": "0x" + "00" * 32}, 404, "pledge_unknown"),
        ({"more": 1}, 422, "input_invalid"),
    ],
)
def test_substitution__what_cannot_be__refused_by_its_code(
    fund: Member, on_goods: dict[str, Any], sale: str, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"sold_pledge_id": on_goods["id"], "quantity": "1", "receivable_id": sale, "amount": amount("1.00")}
    with pytest.raises(ApiProblem) as refused:
        fund.post("/v1/substitutions", {**body, **change})
    assert (refused.value.status, refused.value.code) == (status, code)


def test_substitution__withdrawn__cannot_be_granted(
    town: World, fund: Member, on_goods: dict[str, Any], sale: str
) -> None:
    body = {"sold_pledge_id": on_goods["id"], "quantity": "1", "receivable_id": sale, "amount": amount("1.00")}
    path = f"/v1/substitutions/{fund.post('/v1/substitutions', body)['id']}"
    grant = town.stranger.get(path)["act"]
    assert fund.post(f"{path}/withdrawal")["status"] == "withdrawn"
    with pytest.raises(ApiProblem) as refused:
        town.stranger.post(f"{path}/accept", {"signature": town.stranger.signature(grant["typed_data"])})
    assert (refused.value.status, refused.value.code) == (409, "substitution_not_offered")


def test_line__set_seen_and_used_up__a_confirmation_beyond_it_refused(town: World) -> None:
    shop = town.stage.admit(samples.SHOP.name, ("USCC", samples.SHOP.uscc), ["core", "lined"])
    path = f"/v1/debtor-lines/{shop.id}"
    body = {"debtor_id": shop.id, "limit": amount("999767.49")}
    made = town.lender.post("/v1/debtor-lines", body, key=KEY)
    assert town.lender.post("/v1/debtor-lines", body, key=KEY)["id"] == made["id"], "asked twice, set once"
    town.lender.finish(made)
    share = {"lender_id": town.lender.id, "limit": "999767.49"}
    seen = {"debtor_id": shop.id, "currency": CNY, "limit": "999767.49", "used": "0.00", "shares": [share]}
    for member in (shop, town.lender, town.auditor):
        assert member.get(path) == seen
    with pytest.raises(ApiProblem) as refused:
        town.supplier.get(path)
    assert (refused.value.status, refused.value.code) == (404, "line_unknown")
    known = traded(town, "INV-LINE-1", seller=(town.supplier, samples.SUPPLIER), buyer=(shop, samples.SHOP))
    with pytest.raises(ApiProblem) as refused:
        shop.post(f"/v1/receivables/{known['id']}/confirmation", confirmation(known))
    assert (refused.value.status, refused.value.code) == (422, "line_exceeded")
    assert refused.value.body["details"]["wanted"] == 999_767_50
    town.lender.act("/v1/debtor-lines", {**body, "limit": amount("999767.50")})
    shop.act(f"/v1/receivables/{known['id']}/confirmation", confirmation(known))
    assert shop.get(path)["used"] == shop.get(path)["limit"] == "999767.50"
    town.lender.act("/v1/debtor-lines", {**body, "limit": amount("0")})
    assert town.lender.get("/v1/debtor-lines")["items"][0]["limit"] == "0.00"


@pytest.mark.parametrize(
    ("who", "change", "status", "code"),
    [
        ("supplier", {}, 403, "role_missing"),
        ("lender", {"debtor_id": "pty_nobody"}, 404, "party_unknown"),
        ("lender", {"limit": amount("-1")}, 422, "amount_negative"),
        ("lender", {}, 422, "debtor_not_lined"),
    ],
)
def test_line__what_cannot_be_set__refused_by_its_code(
    town: World, who: str, change: dict[str, Any], status: int, code: str
) -> None:
    with pytest.raises(ApiProblem) as refused:
        getattr(town, who).post("/v1/debtor-lines", {"debtor_id": town.core.id, "limit": amount("1.00"), **change})
    assert (refused.value.status, refused.value.code) == (status, code)


def test_recourse__given_by_another__it_pays_once_the_debtor_is_overdue(town: World) -> None:
    """Last in this file: time goes on."""
    pledge, loan = town.ids["pledge"], town.ids["loan"]
    path = f"/v1/pledges/{pledge}/undertakings"
    due = dt.date.fromisoformat(town.core.get(f"/v1/receivables/{town.ids['receivable']}")["due_date"])
    locked = town.supplier.get(f"/v1/pledges/{pledge}")["left"]
    body = {"amount": locked, "until": (due + dt.timedelta(days=20)).isoformat(), "wording": "we pay what it doesn't"}
    with pytest.raises(ApiProblem) as refused:
        town.core.post(path, body)
    assert (refused.value.status, refused.value.code) == (422, "transfer_to_debtor")
    with pytest.raises(ApiProblem) as refused:
        town.stranger.post(path, {**body, "until": due.isoformat()})
    assert (refused.value.status, refused.value.code, refused.value.body["where"]) == (
        422,
        "until_not_after_due",
        "/until",
    )
    with pytest.raises(ApiProblem) as refused:
        town.supplier.post(path, body)
    assert (refused.value.status, refused.value.code) == (422, "undertaker_is_party")
    made = town.stranger.post(path, body, key=KEY)
    assert town.stranger.post(path, body, key=KEY)["id"] == made["id"], "asked twice, undertaken once"
    town.stranger.finish(made)
    (promise,) = town.lender.get(path)["undertakings"]
    assert (promise["buyer_id"], promise["left"], promise["unit"]) == (town.stranger.id, locked, CNY)
    town.stage.move_to(due + dt.timedelta(days=1))
    owed = Money.parse(town.supplier.get(f"/v1/loans/{loan}/payoff")["total"], CNY)
    town.stage.pays(town.stranger, owed, promise["account"], promise["reference"])
    town.lender.until(lambda: town.lender.get(f"/v1/loans/{loan}"), lambda found: found["status"] == "repaid")
    parts = town.core.until(lambda: town.core.get(f"/v1/receivables/{town.ids['receivable']}/parts")["items"], bool)
    assert [(each["face"], each["holder_id"]) for each in parts] == [(str(owed), town.stranger.id)]
    found = town.auditor.until(lambda: town.auditor.get("/v1/audit/reconciliation"), lambda body: body["ok"])
    assert found["mismatches"] == []


def test_top_up__by_borrower_and_lender_with_their_own_keys__pledged_for_the_same_loan(
    town: World, fund: Member, on_goods: dict[str, Any]
) -> None:
    loan, today = f"/v1/loans/{on_goods['loan_id']}", fund.get("/v1/clock")["today"]
    price = {"good": "nickel-cathode", "unit": "TNE", "price": amount("70000.00"), "source": "sample", "as_of": today}
    fund.post("/v1/prices", price)
    assert town.stranger.get(f"{loan}/margin-calls") == {"loan_id": on_goods["loan_id"], "calls": [], "unchecked": None}
    body = {"warehouse_receipt_id": on_goods["asset_id"], "quantity": "0.250"}
    with pytest.raises(ApiProblem) as refused:
        fund.post(f"{loan}/top-ups", body)
    assert (refused.value.status, refused.value.code) == (404, "loan_unknown")
    key = f"{KEY}-for-more"
    act = town.stranger.post(f"{loan}/top-ups", body, key=key)
    assert town.stranger.post(f"{loan}/top-ups", body, key=key) == act, "sent twice it is one"
    assert (act["function"], act["status"]) == ("grant", "awaiting_signature")
    town.stranger.finish(act)
    signed(fund)

    def pledge() -> dict[str, Any]:
        return next(each for each in fund.get(loan)["pledges"] if each["id"] == act["subject"])

    added = fund.until(pledge, lambda found: found["status"] == "active")
    assert (added["asset_id"], added["amount"], added["drawn"]) == (on_goods["asset_id"], "0.250", True)
