"""A bank's file over HTTP and from a terminal's side: taken in once, seen by whose account it is of."""

from __future__ import annotations

import pytest

from chainfin.client.problem import ApiProblem
from tests.api.world import World
from tests.unit import bank_samples as bank


def test_bank_file__taken_in__once_and_its_odd_entry_is_in_the_reconciliation(town: World) -> None:
    boss, account = town.stage.operator, town.lender.account
    holder = f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
    debit = bank.entry("0.01", sign="DBIT", text="account fee")
    document = bank.camt053(bank.statement(debit, opening="500.00", closing="499.99", account=holder)).decode()
    made = boss.post("/v1/bank-files", {"name": "st.xml", "document": document})
    (taken,) = made["statements"]
    assert (made["kind"], taken["odd"], taken["difference"]) == ("camt.053.001.08", 1, None)
    assert boss.post("/v1/bank-files", {"name": "copy.xml", "document": document})["again"] == 1
    (mine,) = town.lender.get("/v1/bank-statements")["items"]
    assert (mine["account"], mine["opening"], mine["closing"]) == (account, "500.00", "499.99")
    with pytest.raises(ApiProblem) as foreign:
        town.supplier.get("/v1/bank-statements")
    assert (foreign.value.status, foreign.value.code) == (403, "role_missing")
    found = town.auditor.get("/v1/audit/reconciliation")
    names = [each["name"] for each in found["mismatches"]]
    assert "bank.entry" in names
    assert "bank.cash" in names, "the loan that was paid out is on no statement"
    (entry,) = [each for each in found["mismatches"] if each["name"] == "bank.entry"]
    assert entry["found"] == "-0.01 CNY: debit_unknown"


@pytest.mark.parametrize(
    "document", ['<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "<a/>", "MT940"]
)
def test_bank_file__hostile_or_none__refused(town: World, document: str) -> None:
    with pytest.raises(ApiProblem) as refused:
        town.stage.operator.post("/v1/bank-files", {"name": "x.xml", "document": document})
    assert refused.value.status == 422
    assert refused.value.code in ("document_hostile", "document_malformed", "message_kind_unknown")


def test_bank_file__of_a_party__operator_only(town: World) -> None:
    with pytest.raises(ApiProblem) as refused:
        town.lender.post("/v1/bank-files", {"name": "x.xml", "document": "<a/>"})
    assert (refused.value.status, refused.value.code) == (403, "operator_only")
