"""Evidence bundles of real loans on the embedded chain: verified offline; every change of them is refused by name."""

from __future__ import annotations

import json
import random

import pytest

from chainfin.audit.bundle import seal
from chainfin.audit.cli_view import exit_code, replay_json, replay_lines, report_json, report_lines
from chainfin.audit.replay import replay_bundle
from chainfin.audit.verify import verify
from chainfin.errors import NotFound
from tests.e2e.audit_world import Played, played_town

SEED = 20261121
played = pytest.fixture(scope="module")(played_town)


@pytest.mark.parametrize("product", ["receivable_pledge", "inventory_pledge", "general_310"])
def test_bundle__honest__everything_compared_and_right(played: Played, product: str) -> None:
    report = played.report(played.bundles[product])
    assert report.failures == ()
    assert report.not_compared == ()
    assert report.ok
    assert exit_code(report) == 0
    assert len(report.checks) > 60


def test_bundle__of_a_repaid_receivable__shows_the_whole_life(played: Played) -> None:
    names = [fact["event"] for fact in json.loads(played.bundles["receivable_pledge"])["chain"]["facts"]]
    for event in (
        "Orders.Posted", "Orders.GoodsReceived", "Receivables.Issued", "Receivables.Confirmed", "Pledges.Pledged",
        "Pledges.Drawn", "Receivables.Settled",
    ):  # fmt: skip
        assert event in names
    assert {"Pledges.Released", "Pledges.Discharged"} & set(names), "a repaid loan's pledge has ended"
    assert "repaid" in played.report(played.bundles["receivable_pledge"]).facts["loan"]


def test_bundle__made_twice__same_bytes(played: Played) -> None:
    loan = played.loans["inventory_pledge"]
    assert played.town.bundle(loan) == played.town.bundle(loan)


def test_bundle__discloses_no_names_or_prices(played: Played) -> None:
    text = json.dumps(json.loads(played.bundles["receivable_pledge"])["documents"], ensure_ascii=False)
    assert "Fictitious" not in text
    assert "样例" not in text
    assert "/totals/payable" in text
    assert "/price" not in text


def test_bundle__nothing_to_compare_with__says_so(played: Played) -> None:
    report = verify(played.bundles["receivable_pledge"])
    assert report.ok
    assert {check.name for check in report.not_compared} == {
        "chain: trusted header",
        "chain: contracts are the known ones",
        "chain: code of the contracts",
        "registry: signature",
        "payment: signature",
    }
    assert any("no header was given" in line for line in report_lines(report))


def test_bundle__another_trusted_header__refused(played: Played) -> None:
    report = verify(played.bundles["receivable_pledge"], ["0x" + "11" * 32])
    assert [check.name for check in report.failures] == ["chain: trusted header"]


def test_bundle__another_partner_key__refused(played: Played) -> None:
    report = verify(played.bundles["receivable_pledge"], [played.head], ["11" * 32])
    assert {check.name for check in report.failures} == {"registry: signature", "payment: signature"}


def test_bundle__other_contracts__refused(played: Played) -> None:
    wrong = {**played.town.ctx.contracts, "Pledges": "0x" + "22" * 20}
    report = verify(played.bundles["receivable_pledge"], [played.head], [], wrong)
    assert [check.name for check in report.failures] == ["chain: contract Pledges"]
    code = {**played.town.inst.deployment.code_hashes, "Orders": "0x" + "22" * 32}
    report = verify(played.bundles["receivable_pledge"], [played.head], [], None, code)
    assert [check.name for check in report.failures] == ["chain: code of Orders"]


def test_bundle__invoiced_above_received__face_is_what_came(played: Played) -> None:
    town = played.town
    receivable = town.confirmed("INV-2", overinvoiced=True)
    data = town.bundle(town.funded("supplier", "receivable_pledge", receivable.id, 100_000_00, 60))
    report = verify(data, [town.head], [town.partner_key])
    assert report.failures == ()
    detail = {check.name: check.what for check in report.checks}
    assert detail["document invoice: payable"] == "payable 999767.50 covers the face 960810.75"
    assert "2: 4500 of 5000" in detail["documents: quantities"]


# One byte ------------------------------------------------------------------------------------------------------------


def _flipped(data: bytes, at: int, mask: int) -> bytes:
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


@pytest.mark.parametrize("product", ["receivable_pledge", "inventory_pledge", "general_310"])
def test_bundle__any_byte_changed__refused_with_a_name(played: Played, product: str) -> None:
    data = played.bundles[product]
    dice = random.Random(SEED)
    for _ in range(150):
        at, mask = dice.randrange(len(data)), 1 << dice.randrange(8)
        report = played.report(_flipped(data, at, mask))
        assert not report.ok, f"byte {at} ^ {mask} went unnoticed"
        assert report.failures[0].name


@pytest.mark.parametrize(
    "part", ["chain", "decision", "documents", "ledger", "loan", "parties", "payments", "registry"]
)
def test_bundle__one_digit_changed_in_a_part__names_the_part(played: Played, part: str) -> None:
    data = played.bundles["receivable_pledge"]
    start = data.index(f'"{part}":'.encode() + (b"{" if part in ("chain", "decision", "ledger", "loan") else b"["))
    at = next(n for n in range(start, len(data)) if data[n - 1 : n].isdigit() and data[n : n + 1] in b"1234")
    report = played.report(data[:at] + bytes([data[at] + 1]) + data[at + 1 :])
    assert f"seal of {part}" in {check.name for check in report.failures}


@pytest.mark.parametrize("change", [b" ", b"\n"])
def test_bundle__white_space__refused(played: Played, change: bytes) -> None:
    for data in (played.bundles["general_310"] + change, change + played.bundles["general_310"]):
        report = played.report(data)
        assert [check.name for check in report.failures] == ["bundle"]
        assert "canonical" in report.failures[0].what


# Replay, and who may have it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("product", ["receivable_pledge", "inventory_pledge", "general_310"])
def test_replay__honest__same_decision(played: Played, product: str) -> None:
    result = replay_bundle(played.bundles[product])
    assert result.ok
    assert replay_json(result)["hash"] == result.hash
    assert str(result.hash) in replay_lines(result)[0]


def test_replay__changed_record__says_where(played: Played) -> None:
    content = json.loads(played.bundles["receivable_pledge"])
    del content["seal"], content["schema"]
    content["decision"]["record"] = content["decision"]["record"].replace(
        '"amount_minor":"50000000"', '"amount_minor":"40000000"', 1
    )
    result = replay_bundle(seal(content))
    assert not result.ok
    assert result.code == "decision_mismatch"


def test_views__of_a_refused_bundle__name_what_is_wrong(played: Played) -> None:
    report = played.report(_flipped(played.bundles["general_310"], 5000, 1))
    body = report_json(report)
    assert body["ok"] is False
    assert body["failed"]
    assert exit_code(report) == 1
    assert "REFUSED" in report_lines(report)[-1]
    assert body["failed"][0] in report_lines(report)[-1]


@pytest.mark.parametrize("who", ["supplier", "lender", "auditor"])
def test_bundle__for_those_concerned__given(played: Played, who: str) -> None:
    loan = played.loans["receivable_pledge"]
    assert played.town.bundle(loan, who) == played.town.bundle(loan, "auditor")


@pytest.mark.parametrize("who", ["distributor", "core", "keeper", "shop"])
def test_bundle__for_others__unknown_loan(played: Played, who: str) -> None:
    with pytest.raises(NotFound) as caught:
        played.town.bundle(played.loans["receivable_pledge"], who)
    assert caught.value.code == "loan_unknown"
