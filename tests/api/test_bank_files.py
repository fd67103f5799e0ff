"""A bank's file fed by hand, over HTTP: nobody signed it, so two persons bring it in; beside a signed feed it is only
compared. Seen by whose account it is of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chainfin.client.client import Client
from chainfin.client.problem import ApiProblem
from chainfin.services.kernel.approvals import LIFETIME
from chainfin.services.parties import persons
from chainfin.storage.bank_tables import BankFileRow
from tests.api.world import World
from tests.unit import bank_samples as bank

WHY = "as the bank's client portal gave it"


@pytest.fixture
def by_hand(town: World) -> Iterator[World]:
    """Where no feed of the bank's is connected."""
    ctx = town.stage.installation.ctx
    object.__setattr__(ctx, "signed_feed", False)
    yield town
    object.__setattr__(ctx, "signed_feed", True)


@pytest.fixture(scope="module")
def colleague(town: World) -> Client:
    """The operator's second person, made at the machine."""
    stage = town.stage
    made = persons.second_of_operator(stage.installation.ctx, stage.server.signin, name="Wu Ping (invented)")
    who = Client(stage.http)
    who.sign_in_as(made.client.client_id, made.secret)
    return who


def document_of(account: str, *entries: str, closing: str, number: int = 61) -> str:
    """A statement that opens with 500.00."""
    holder = f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
    told = {"number": f"<ElctrncSeqNb>{number}</ElctrncSeqNb>", "name": f"ST-{number}", "account": holder}
    return bank.camt053(bank.statement(*entries, opening="500.00", closing=closing, **told)).decode()


def self_written(town: World, amount: str, reference: str, number: int) -> tuple[str, str]:
    """A statement that says that the loan's borrower paid, which nobody did; and the account."""
    how = town.supplier.post(f"/v1/loans/{town.ids['loan']}/repayments", None)
    paid = bank.entry(
        amount,
        bank_reference=reference,
        details=bank.transaction(remittance=f"<Ustrd>{how['reference']}</Ustrd>"),
        booked=f"<BookgDt><Dt>{town.stage.today}</Dt></BookgDt>",
        valued=f"<ValDt><Dt>{town.stage.today}</Dt></ValDt>",
    )
    closing = f"{500 + float(amount):.2f}"
    return document_of(how["account"], paid, closing=closing, number=number), how["account"]


def owed(town: World) -> Any:
    return town.supplier.get(f"/v1/loans/{town.ids['loan']}/payoff")["total"]


def proposed(who: Client, document: str, name: str = "st.xml") -> Any:
    return who.post("/v1/bank-files", {"name": name, "document": document, "reason": WHY})


def refused(call: Any, *about: Any) -> tuple[int, str]:
    with pytest.raises(ApiProblem) as problem:
        call(*about)
    return problem.value.status, problem.value.code


def test_bank_file__of_one_person__moves_nothing_until_another_approved(by_hand: World, colleague: Client) -> None:
    boss, before = by_hand.stage.operator, owed(by_hand)
    document, account = self_written(by_hand, "100.00", "SELF-WRITTEN-1", 61)
    made = proposed(boss, document)
    assert (made["kind"], made["status"]) == ("bank_file", "open")
    said = made["payload"]
    assert (said["name"], said["sha256"]) == ("st.xml", hashlib.sha256(document.encode()).hexdigest())
    (one,) = said["statements"]
    shown = {name: one[name] for name in ("account", "opening", "closing", "entries", "came_in", "went_out", "unread")}
    assert shown == {
        "account": account, "opening": "500.00", "closing": "600.00", "entries": 1, "came_in": "100.00",
        "went_out": "0.00", "unread": 0,
    }  # fmt: skip
    assert (one["from"], one["to"]) == ("2026-03-02T00:00:00+08:00", "2026-03-03T00:00:00+08:00")
    path = f"/v1/proposals/{made['id']}/approve"
    assert refused(boss.post, path, {"reason": "I say so twice"})[1] == "approval_same_person"
    assert owed(by_hand) == before, "nobody but who wrote it has seen it"
    assert boss.get(f"/v1/bank-files/{made['subject']}")["became"] is None
    assert refused(proposed, boss, document, "copy.xml") == (409, "bank_file_proposed")
    assert colleague.post(path, {"reason": "as the bank's portal shows it"})["status"] == "approved"
    file = colleague.get(f"/v1/bank-files/{made['subject']}")
    assert [each["taken"] for each in file["became"]["taken"]] == [1]
    assert file["document"] == document
    assert owed(by_hand) != before, "now it counts"
    assert refused(proposed, boss, document) == (409, "bank_file_taken")


def test_bank_file__rejected_or_too_late__nothing(by_hand: World, colleague: Client) -> None:
    boss, before = by_hand.stage.operator, owed(by_hand)
    document, _ = self_written(by_hand, "200.00", "SELF-WRITTEN-2", 62)
    first = proposed(boss, document)
    assert colleague.post(f"/v1/proposals/{first['id']}/reject", {"reason": "not the bank's"})["status"] == "rejected"
    again = proposed(boss, document)
    by_hand.stage.move_to(by_hand.stage.today + LIFETIME + timedelta(days=1))
    late = refused(colleague.post, f"/v1/proposals/{again['id']}/approve", {"reason": "so late"})
    assert late[1] in ("proposal_expired", "proposal_not_open")
    assert boss.get(f"/v1/bank-files/{again['subject']}")["became"] is None
    assert Decimal(owed(by_hand)) > Decimal(before), "there is only more interest"


def test_bank_file__of_what_the_feed_has_told__is_the_same_payment(by_hand: World, colleague: Client) -> None:
    how = by_hand.supplier.post(f"/v1/loans/{by_hand.ids['loan']}/repayments", None)
    paid = {"account": how["account"], "reference": how["reference"], "amount": {"amount": "50.00", "currency": "CNY"}}
    told = by_hand.supplier.post("/v1/sandbox/payments", paid)
    first = owed(by_hand)
    by_hand.supplier.until(lambda: owed(by_hand), lambda now: Decimal(now) == Decimal(first) - 50 or now != first)
    before = owed(by_hand)
    document, _ = self_written(by_hand, "50.00", told["bank_reference"], 66)
    made = proposed(by_hand.stage.operator, document)
    colleague.post(f"/v1/proposals/{made['id']}/approve", {"reason": "as the bank's portal shows it"})
    (taken,) = colleague.get(f"/v1/bank-files/{made['subject']}")["became"]["taken"]
    assert (taken["taken"], taken["odd"]) == (1, 0)
    assert owed(by_hand) == before, "another payer's account and other words, and the same entry of the bank's"
    parked = by_hand.stage.operator.get("/v1/parked?status=open&limit=200")["items"]
    assert not [item for item in parked if item["reason"] == "bank_reference_reused"]


def test_bank_file__beside_a_signed_feed__compared_and_not_booked(town: World, colleague: Client) -> None:
    boss, before = town.stage.operator, owed(town)
    document, account = self_written(town, "300.00", "SELF-WRITTEN-3", 63)
    assert refused(proposed, boss, document) == (409, "account_fed_by_bank")
    found = boss.post("/v1/bank-files/comparison", {"name": "st.xml", "document": document})
    (one,) = found["compared"]
    assert found["sha256"] == hashlib.sha256(document.encode()).hexdigest()
    assert (one["account"], one["closing"], one["fits"]) == (account, "800.00", 0)
    assert one["not_in_book"] == [
        {"place": "1/1", "bank_ref": "SELF-WRITTEN-3", "amount": "300.00", "why": "payment_unknown"}
    ]
    assert owed(town) == before
    assert refused(town.lender.post, "/v1/bank-files/comparison", {"name": "x.xml", "document": document})[0] == 403


def test_bank_file__approved_after_a_feed_was_connected__refused(by_hand: World, colleague: Client) -> None:
    document, _ = self_written(by_hand, "400.00", "SELF-WRITTEN-4", 64)
    made = proposed(by_hand.stage.operator, document)
    object.__setattr__(by_hand.stage.installation.ctx, "signed_feed", True)
    path = f"/v1/proposals/{made['id']}/approve"
    assert refused(colleague.post, path, {"reason": "as shown"}) == (409, "account_fed_by_bank")
    assert colleague.get(f"/v1/proposals/{made['id']}")["status"] == "open"


def test_bank_file__kept_other_than_it_was_proposed__refused(by_hand: World, colleague: Client) -> None:
    document, _ = self_written(by_hand, "1.00", "SELF-WRITTEN-5", 65)
    made = proposed(by_hand.stage.operator, document)
    with by_hand.stage.installation.ctx.store.begin() as session:
        row = session.get_one(BankFileRow, made["subject"])
        row.document = document.replace("1.00", "9.00")
        session.add(row)
    path = f"/v1/proposals/{made['id']}/approve"
    assert refused(colleague.post, path, {"reason": "as shown"})[1] == "bank_file_altered"


def test_bank_file__taken_in__its_odd_entry_is_in_the_reconciliation(by_hand: World, colleague: Client) -> None:
    account = by_hand.lender.account
    debit = bank.entry("0.01", sign="DBIT", text="account fee")
    made = proposed(by_hand.stage.operator, document_of(account, debit, closing="499.99"))
    colleague.post(f"/v1/proposals/{made['id']}/approve", {"reason": "the bank says the same"})
    (taken,) = colleague.get(f"/v1/bank-files/{made['subject']}")["became"]["taken"]
    assert (taken["odd"], taken["difference"]) == (1, None)
    mine = [each for each in by_hand.lender.get("/v1/bank-statements")["items"] if each["account"] == account]
    assert [(each["opening"], each["closing"]) for each in mine] == [("500.00", "499.99")]
    with pytest.raises(ApiProblem) as foreign:
        by_hand.supplier.get("/v1/bank-statements")
    assert (foreign.value.status, foreign.value.code) == (403, "role_missing")
    found = by_hand.auditor.get("/v1/audit/reconciliation")
    names = [each["name"] for each in found["mismatches"]]
    assert "bank.cash" in names, "the loan that was paid out is on no statement"
    entries = [each["found"] for each in found["mismatches"] if each["name"] == "bank.entry"]
    assert "-0.01 CNY: debit_unknown" in entries


@pytest.mark.parametrize(
    "document", ['<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "<a/>", "MT940"]
)
def test_bank_file__hostile_or_none__refused(by_hand: World, document: str) -> None:
    status, code = refused(proposed, by_hand.stage.operator, document)
    assert status == 422
    assert code in ("document_hostile", "document_malformed", "message_kind_unknown")


def test_bank_file__of_a_party__operator_only(by_hand: World) -> None:
    assert refused(proposed, by_hand.lender, "<a/>") == (403, "operator_only")
    assert refused(by_hand.lender.get, "/v1/bank-files/bfl_1")[1] == "operator_only"
    assert refused(by_hand.stage.operator.get, "/v1/bank-files/bfl_1") == (404, "bank_file_unknown")
