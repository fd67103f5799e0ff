"""Bundles changed by somebody who seals them anew: what is proven, signed or follows from other facts still tells."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest

from chainfin.audit.books import journal_hash
from chainfin.audit.bundle import JournalPart
from chainfin.canon import canonical_bytes
from tests.e2e.audit_world import START, Played, played_town
from tests.e2e.forging import Change, act_of, drop_fact, fact_of, nearly, replaced, resealed

SEED = 20261121
played = pytest.fixture(scope="module")(played_town)


def forged(played: Played, change: Change, product: str = "receivable_pledge") -> set[str]:
    """The names of what is wrong with a bundle that was changed and sealed again."""
    report = played.report(resealed(played.bundles[product], change))
    assert not report.ok
    assert not {check.name for check in report.failures if check.name.startswith("seal")}
    return {check.name for check in report.failures}


def test_forged__amount_in_the_pledge_log__proof_fails(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        _, fact = fact_of(content, "Pledges.Pledged")
        nodes = content["chain"]["receipts"][fact["receipt"]]["nodes"]
        amount = int(json.loads(content["decision"]["record"])["outcome"]["pledge_minor"])
        nodes[-1] = replaced(nodes[-1], f"{amount:064x}", f"{amount + 1:064x}")

    assert "chain: proof of Pledges.Pledged" in forged(played, change)


def test_forged__header__link_fails(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        headers = content["chain"]["headers"][0]
        headers[3] = headers[3][:-1] + ("0" if headers[3][-1] != "0" else "1")

    assert "chain: headers 1 of 1" in forged(played, change)


def test_forged__loan_without_the_lenders_mandate__refused(played: Played) -> None:
    content = json.loads(played.bundles["receivable_pledge"])
    del content["mandate"], content["seal"]["mandate"]
    report = played.report(canonical_bytes(content))
    assert [check.name for check in report.failures] == ["bundle"]
    assert "/mandate" in report.failures[0].what


@pytest.mark.parametrize(
    ("member", "value", "name"),
    [("amount", "1", "mandate: allows the loan"), ("grades", ["D"], "mandate: allows the loan"),
     ("expiresAt", "1", "mandate"), ("lender", "USCC:0", "mandate: lender")],
)  # fmt: skip
def test_forged__mandate_of_other_words__named(played: Played, member: str, value: object, name: str) -> None:
    def change(content: dict[str, Any]) -> None:
        content["mandate"]["typed_data"]["message"][member] = value

    names = forged(played, change)
    assert {name, "mandate: signature"} & names
    assert "mandate: signature" in names


@pytest.mark.parametrize("digits", [12, 13, 17, 18, 20, 77])
@pytest.mark.parametrize("member", ["notBefore", "expiresAt"])
def test_forged__mandate_of_no_such_year__refused(played: Played, member: str, digits: int) -> None:
    def change(content: dict[str, Any]) -> None:
        content["mandate"]["typed_data"]["message"][member] = "9" * digits

    assert "mandate" in forged(played, change)


def test_forged__mandate_of_another_platform__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        content["mandate"]["platform"] = "another"

    assert "mandate: domain" in forged(played, change)


def test_forged__last_header__not_the_trusted_one(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        del content["chain"]["headers"][0][-1]

    assert "chain: trusted header" in forged(played, change)


def test_forged__decision_amount__hash_and_replay(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        record = json.loads(content["decision"]["record"])
        record["outcome"]["amount_minor"] = "50000001"
        content["decision"]["record"] = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    names = forged(played, change)
    assert {"decision: hash", "decision: replay outcome.amount_minor"} <= names


def test_forged__document_field__disclosure_fails(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        number, _ = fact_of(content, "Receivables.Issued")
        fields = next(d["fields"] for d in content["documents"] if d["fact"] == number)
        next(f for f in fields if f["path"] == "/totals/payable")["value"] = "1999767.50"

    assert "document invoice: disclosure /totals/payable" in forged(played, change)


def test_forged__a_field_left_out__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        number, _ = fact_of(content, "Receivables.Issued")
        document = next(d for d in content["documents"] if d["fact"] == number)
        document["fields"] = [f for f in document["fields"] if f["path"] != "/totals/payable"]

    assert "document invoice: disclosure /totals/payable" in forged(played, change)


@pytest.mark.parametrize("primary", ["Post", "ReceiveGoods", "Issue", "Attest", "Confirm", "Pledge", "Grant", "Settle"])
def test_forged__signature_of_another__named(played: Played, primary: str) -> None:
    def change(content: dict[str, Any]) -> None:
        other = "Acknowledge" if primary != "Acknowledge" else "Post"
        act_of(content, primary)["signature"] = act_of(content, other)["signature"]

    assert f"signature of {primary}" in forged(played, change)


def test_forged__message_of_a_signed_act__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        act_of(content, "Confirm")["typed_data"]["message"]["face"] = "99976751"

    assert "signature of Confirm" in forged(played, change)


def test_forged__act_left_out__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        content["acts"].remove(act_of(content, "Confirm"))

    assert forged(played, change) == {"signature of Confirm"}


def test_forged__confirmation_left_out__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        drop_fact(content, fact_of(content, "Receivables.Confirmed")[0])

    assert "receivable" in forged(played, change)


def _rehash(content: dict[str, Any]) -> None:
    previous: dict[str, str] = {}
    for journal in content["ledger"]["journals"]:
        old = journal["hash"]
        journal["previous"] = previous.get(journal["previous"], journal["previous"])
        journal["hash"] = journal_hash(JournalPart.model_validate({**journal, "hash": "0" * 64}))
        previous[old] = journal["hash"]


def test_forged__journal_amount__hash_of_the_journal(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        for entry in content["ledger"]["journals"][0]["entries"]:
            entry[2] = "50000001"

    assert any(name.startswith("journal disburse:") and name.endswith("hash") for name in forged(played, change))


def test_forged__journal_amount_hashed_again__not_what_follows(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        accrual = next(journal for journal in content["ledger"]["journals"] if journal["kind"] == "accrual")
        for entry in accrual["entries"]:
            entry[2] = str(int(entry[2]) + 1)
        for row in content["ledger"]["trial"]:
            row[1] = str(int(row[1]) + (1 if row[0] == "1132.01" else 0))
            row[2] = str(int(row[2]) + (1 if row[0] == "6011.01" else 0))
        _rehash(content)

    names = forged(played, change)
    assert names == {next(n for n in names if n.startswith("journal accrue:") and n.endswith("recomputed"))}


def test_forged__payout_amount__bank_signature(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        body = content["payments"][0]
        body["body"] = replaced(body["body"], '"amount":"500000.00"', '"amount":"400000.00"')

    assert {"payment: signature", "payout: amount is the principal"} <= forged(played, change)


def test_forged__payout_left_out__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        content["payments"] = [detail for detail in content["payments"] if '"kind":"incoming"' in detail["body"]]

    assert "payout: once" in forged(played, change)


def test_forged__date_of_the_payout__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        earlier = (START - timedelta(days=1)).date().isoformat()
        content["ledger"]["events"][0]["on"] = earlier
        content["loan"]["terms"]["start"] = earlier

    assert {"payout: date", "terms: start"} <= forged(played, change)


def test_forged__more_booked_than_the_bank_received__named(played: Played) -> None:
    written = json.loads(played.bundles["inventory_pledge"])["ledger"]
    paid = next(e for e in written["events"] if e["kind"] == "pay_borrower")

    def change(content: dict[str, Any]) -> None:
        next(e for e in content["ledger"]["events"] if e["payment"])["amount"] = str(int(paid["amount"]) + 1)

    assert f"payment {written['incoming'][paid['payment']]}" in forged(played, change, "inventory_pledge")


def test_forged__payment_called_by_another_reference__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        for name in content["ledger"]["incoming"]:
            content["ledger"]["incoming"][name] = "SBI-another"

    assert "payment SBI-another" in forged(played, change, "inventory_pledge")


def test_forged__registry_number__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        part = content["registry"][0]
        number = json.loads(part["body"])["registry_no"]
        part["body"] = replaced(part["body"], number, "SB000000000000000000")

    assert {"registry: signature", "registry: number"} <= forged(played, change)


def test_forged__legal_id_of_the_debtor__commitment_fails(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        core = played.town.parties["core"]
        part = next(p for p in content["parties"] if p["party"] == core.id)
        part["value"] = played.town.parties["keeper"].legal_value

    assert f"party {played.town.parties['core'].id}" in forged(played, change)


@pytest.mark.parametrize(
    ("term", "value", "name"),
    [
        ("annual_rate", "0.01", "terms: annual rate"),
        ("principal", "500000.01", "terms: principal"),
        ("maturity", "2026-05-02", "terms: maturity"),
        ("fee", "0.00", "terms: fee"),
        ("penalty_rate", "0.2", "terms: penalty"),
        ("yearly_cost", "0.0001", "terms: yearly cost"),
    ],
)
def test_forged__terms__named(played: Played, term: str, value: str, name: str) -> None:
    def change(content: dict[str, Any]) -> None:
        content["loan"]["terms"][term] = value

    assert name in forged(played, change)


def test_forged__another_loan_id__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        content["loan"]["id"] = played.loans["general_310"]

    assert "pledge: loan" in forged(played, change)


def test_forged__acceptance_of_a_loan_without_pledge__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        act = act_of(content, "AcceptOffer")
        act["signature"] = act["signature"][:40] + ("1" if act["signature"][40] != "1" else "2") + act["signature"][41:]

    assert "signature of AcceptOffer" in forged(played, change, "general_310")


def test_forged__quantity_of_goods__named(played: Played) -> None:
    def change(content: dict[str, Any]) -> None:
        next(f for f in content["documents"][0]["fields"] if f["path"] == "/quantity")["value"] = "9000"

    assert "document warehouse_receipt: disclosure /quantity" in forged(played, change, "inventory_pledge")


@pytest.mark.parametrize(
    ("product", "most"), [("receivable_pledge", 60), ("inventory_pledge", 40), ("general_310", 60)]
)
def test_forged__any_single_value__refused(played: Played, product: str, most: int) -> None:
    """Nothing stands in a bundle that isn't proven, signed, or follows from what is."""
    content = json.loads(played.bundles[product])
    for path, data in nearly(content, random.Random(SEED), most):
        assert not played.report(data).ok, path
