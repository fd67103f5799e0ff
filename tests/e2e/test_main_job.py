"""The main job through the HTTP API, letter by letter: what a newcomer is promised is what is so.

Amounts are reckoned again here, from the terms, by other means than the program's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

import pytest
from sqlmodel import select

from chainfin.risk.record import DecisionRecord
from chainfin.risk.replay import replay
from chainfin.storage.lending_tables import ApplicationRow, LimitRow
from chainfin.storage.party_tables import CustodyKeyRow
from chainfin.values import instruction, party
from tests.e2e.played import Played, playing

CONTRACTS = {"Participants", "Orders", "Receivables", "WarehouseReceipts", "Pledges"}
ROLES = {"core": 1, "supplier": 2, "distributor": 4, "lender": 8, "keeper": 16, "auditor": 32}
PLEDGED_TRAIL = ["received", "data_check", "trade_verification", "fraud_score", "credit_score", "limit_and_price"]
PLEDGED_TRAIL += ["offered", "accepted", "registration", "pledging", "disbursing", "funded"]
ACTIVE, RELEASED = 1, 2
"""Pledges.PledgeState."""
CONFIRMED, SETTLED = 2, 4
"""Receivables.ReceivableState."""
SETTLED_ACCOUNTS = ("1122", "1132.01", "1132.02", "1303", "2241.01", "2241.02")
CNY_SCALE = 100


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    with playing() as done:
        yield done


def fen(text: str) -> int:
    """Minor units of an amount as the API writes it."""
    minor = Decimal(text) * CNY_SCALE
    assert minor == int(minor), text
    return int(minor)


def up(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))


def record(played: Played, application_id: str) -> DecisionRecord:
    with played.stage.installation.store.read() as session:
        row = session.get_one(ApplicationRow, application_id)
    assert row.record is not None
    return DecisionRecord.parse(row.record.encode())


# a


def test_contracts__after_installation__five_have_code(played: Played) -> None:
    code = played.at["a"]["code"]
    assert set(code) == CONTRACTS
    assert all(len(code[name]) > 1000 for name in CONTRACTS)
    assert len(set(code.values())) == len(CONTRACTS)


@pytest.mark.parametrize("who", sorted(ROLES))
def test_participants__admitted__own_key_and_valid_id_on_chain(played: Played, who: str) -> None:
    row, chain = played.at["a"]["parties"][who], played.at["a"]["chain"][who]
    assert row["status"] == "active"
    assert row["roles"] == [who]
    assert chain["key"] == row["address"]
    assert chain["roles"] == ROLES[who]
    assert not chain["suspended"]
    legal = row["private"]
    assert party.legal_id(legal["legal_scheme"], legal["legal_value"]).value == legal["legal_value"]
    assert "0x" + bytes(chain["commitment"]).hex() == legal["commitment"]


def test_participants__all__no_key_speaks_for_two(played: Played) -> None:
    parties = played.at["a"]["parties"].values()
    assert len({each["address"] for each in parties}) == len(parties)
    held = {key.address for key in _custody(played) if key.party_id is not None}
    assert held.isdisjoint(p["address"] for p in parties if p["roles"] != ["lender"])


def _custody(played: Played) -> list[CustodyKeyRow]:
    with played.stage.installation.store.read() as session:
        return list(session.exec(select(CustodyKeyRow)).all())


# b


def test_receivable__confirmed__face_is_what_was_received_and_invoiced(played: Played) -> None:
    seen = played.at["b"]
    order, row = seen["order"], seen["row"]
    assert fen(row["face"]) == min(fen(order["received"]), fen(order["invoiced"])) == 999_767_50
    assert fen(order["confirmed"]) == fen(row["face"])
    assert row["status"] == "confirmed"


def test_receivable__confirmed__row_is_what_the_contract_says(played: Played) -> None:
    row, chain = played.at["b"]["row"], played.at["b"]["chain"]
    assert chain["state"] == CONFIRMED
    assert chain["confirmed"]
    named = {"face": "face", "free": "free", "pledged": "pledged", "settled": "settled", "diluted": "diluted"}
    assert {name: chain[ours] for name, ours in named.items()} == {name: fen(row[name]) for name in named}
    parties = played.at["a"]["parties"]
    assert chain["holder"] == parties["supplier"]["chain_party"]
    assert chain["debtor"] == parties["core"]["chain_party"]


def test_order__invoiced__row_is_what_the_contract_says(played: Played) -> None:
    row, chain = played.at["b"]["order"], played.at["b"]["order_chain"]
    for name in ("ordered", "despatched", "received", "invoiced"):
        assert chain[name] == fen(row[name]), name
    assert bytes(chain["currency"]) == b"CNY"


# c


def test_application__funded__trail_in_order_and_each_node_ended(played: Played) -> None:
    application = played.at["c"]["application"]
    assert [node["name"] for node in application["progress"]] == PLEDGED_TRAIL
    assert [node["seq"] for node in application["progress"]] == list(range(1, len(PLEDGED_TRAIL) + 1))
    for before, after in zip(application["progress"], application["progress"][1:], strict=False):
        assert before["started_at"] <= before["ended_at"] <= after["started_at"]
    assert application["status"] == "funded"


def test_events__live__every_start_and_end_once_in_order(played: Played) -> None:
    heard = [(data["node"], data["phase"]) for name, data in played.events["supplier"] if name == "node"]
    wanted = [(node, phase) for node in PLEDGED_TRAIL for phase in ("started", "ended")]
    assert heard == wanted
    ended = [data for name, data in played.events["supplier"] if name == "node" and data["phase"] == "ended"]
    took = {node["name"]: node["seconds"] for node in played.at["c"]["application"]["progress"]}
    assert {data["node"]: data["seconds"] for data in ended} == took
    assert all(Decimal(seconds) >= 0 for seconds in took.values())
    name, last = played.events["supplier"][-1]
    assert (name, last["status"], last["loan_id"]) == ("end", "funded", played.story.loans["supplier"])


def test_nodes__seconds__are_from_their_start_to_their_end(played: Played) -> None:
    took = []
    for node in played.at["c"]["application"]["progress"]:
        began, ended = (datetime.fromisoformat(node[name]) for name in ("started_at", "ended_at"))
        took.append(ended - began)
        assert Decimal(node["seconds"]) == Decimal(took[-1] // timedelta(microseconds=1)).scaleb(-6), node["name"]
    assert any(took), "the chain, the registry and the bank take their time"


def test_money__loan_funded__left_the_rail_exactly_once(played: Played) -> None:
    loan = played.at["c"]["loan"]
    assert loan["status"] == "active"
    assert played.at["c"]["payments"].count(instruction.for_loan(loan["id"])) == 1
    assert played.at["f"]["payments"].count(instruction.for_loan(loan["id"])) == 1
    disbursed = [line for line in played.at["c"]["statement"] if line["kind"] == "disburse"]
    assert [fen(line["amount"]["amount"]) for line in disbursed] == [700_000_00]


def test_pledge__loan_funded__on_chain_registered_and_named_by_its_decision(played: Played) -> None:
    seen = played.at["c"]
    pledge, chain = seen["loan"]["pledges"][0], seen["pledges"][0]
    assert pledge["status"] == "active"
    assert (chain["state"], chain["amount"]) == (ACTIVE, fen(pledge["amount"]))
    assert chain["lender"] == played.at["a"]["parties"]["lender"]["chain_party"]
    assert seen["chain"]["pledged"] == chain["amount"]
    assert seen["chain"]["free"] + seen["chain"]["pledged"] == seen["chain"]["face"]
    assert pledge["decision_hash"] == seen["application"]["decision_hash"]
    registration = next(node for node in seen["application"]["progress"] if node["name"] == "registration")
    assert pledge["registry_number"] == registration["detail"]["registry_number"]
    assert pledge["registry_number"].startswith("SB")


def test_pledge__amount__least_that_carries_the_loan_at_the_advance_rate(played: Played) -> None:
    terms = played.at["c"]["application"]["offer"]["terms"]
    pledged, rate = played.at["c"]["pledges"][0]["amount"], Decimal(terms["advance_rate"])
    assert pledged * rate >= 700_000_00 > (pledged - 1) * rate


@pytest.mark.parametrize("who", ["supplier", "distributor", "shop"])
def test_decision__replayed__gives_the_hash_that_was_pledged_on(played: Played, who: str) -> None:
    seen = played.at[{"supplier": "c", "distributor": "d", "shop": "e"}[who]]
    decided = record(played, seen["application"]["id"])
    again = replay(decided.as_dict(), expected_hash=seen["application"]["decision_hash"])
    assert again.ok, again


# d


def test_goods__part_repaid__goods_beyond_the_need_released_on_chain(played: Played) -> None:
    seen = played.at["d"]
    rate = Decimal(seen["application"]["offer"]["terms"]["advance_rate"])
    per_kg = 70 * rate
    first = up(Decimal(500_000) * 1000 / per_kg)
    paid_fee = fen(seen["loan"]["terms"]["fee"])
    owed = 500_000_00 - (200_000_00 - paid_fee)
    needed = up(Decimal(owed) * 10 / per_kg)
    pledge = seen["loan"]["pledges"][0]
    assert Decimal(pledge["amount"]) * 1000 == first
    assert fen(seen["loan"]["outstanding"]) == owed
    assert seen["receipt_chain"]["pledged"] == needed < first
    assert Decimal(seen["receipt"]["pledged"]) * 1000 == needed
    assert seen["receipt_chain"]["free"] == 20_000_000 - needed
    assert (Decimal(pledge["amount"]) - Decimal(pledge["released"])) * 1000 == needed


# e


def test_limit__general_path__parts_add_up_and_are_those_decided_on(played: Played) -> None:
    application = played.at["e"]["application"]
    decided = record(played, application["id"])
    parts = application["limit_parts"]
    assert len(parts) >= 5
    assert sum(fen(part["amount"]) for part in parts) == decided.outcome.limit_minor
    written = decided.as_dict()["outcome"]["limit_parts"]
    assert [(part["code"], fen(part["amount"])) for part in parts] == [
        (part["code"], int(part["amount_minor"])) for part in written
    ]
    assert all(part["en"] and part["zh"] for part in parts)
    assert 0 < fen(application["offer"]["amount"]) <= (decided.outcome.limit_minor or 0)


def test_general_path__funded__without_registry_or_pledge(played: Played) -> None:
    names = [node["name"] for node in played.at["e"]["application"]["progress"]]
    assert names == [name for name in PLEDGED_TRAIL if name not in ("registration", "pledging")]
    assert played.at["e"]["loan"]["pledges"] == []
    assert played.at["f"]["payments"].count(instruction.for_loan(played.story.loans["shop"])) == 1


# f


def test_waterfall__debtor_pays__lender_first_and_the_rest_to_the_holder(played: Played) -> None:
    seen = played.at["f"]
    terms, pledged = seen["loan"]["terms"], fen(seen["loan"]["pledges"][0]["amount"])
    interest = (Decimal(700_000_00) * Decimal(terms["annual_rate"]) * 90 / 360).quantize(Decimal(1), ROUND_HALF_EVEN)
    fee = fen(terms["fee"])
    line = seen["statement"][-1]
    assert {name: fen(part) for name, part in line["allocation"].items()} == {
        "fee": fee,
        "penalty": 0,
        "overdue_interest": 0,
        "interest": int(interest),
        "principal": 700_000_00,
        "to_holder": pledged - fee - int(interest) - 700_000_00,
    }
    assert -fen(line["amount"]["amount"]) == pledged - fen(line["allocation"]["to_holder"]), "what the loan had of it"


def test_holder__debtor_paid__gets_all_that_the_lender_does_not(played: Played) -> None:
    paid_out = [key for key in played.payments() if key.startswith("holder-")]
    assert len(paid_out) == 1
    part = fen(played.at["f"]["statement"][-1]["allocation"]["to_holder"])
    free = 999_767_50 - fen(played.at["f"]["loan"]["pledges"][0]["amount"])
    payable = next(x for x in played.at["f"]["trial_balance"]["lines"] if x["account"] == "2241.01")
    assert fen(payable["debit"]) == fen(payable["credit"]) == part + free


def test_pledge__repaid__released_on_chain_and_receivable_settled(played: Played) -> None:
    seen = played.at["f"]
    assert seen["loan"]["status"] == "repaid"
    assert [pledge["status"] for pledge in seen["loan"]["pledges"]] == ["released"]
    assert [chain["state"] for chain in seen["pledges"]] == [RELEASED]
    assert seen["chain"]["state"] == SETTLED
    assert (seen["chain"]["settled"], seen["chain"]["pledged"], seen["chain"]["free"]) == (999_767_50, 0, 0)
    assert fen(seen["row"]["settled"]) == 999_767_50


def test_trial_balance__all_settled__difference_and_open_accounts_are_zero(played: Played) -> None:
    book = played.at["f"]["trial_balance"]
    assert book["difference"] == {"CNY": "0.00"}
    balances = {line["account"]: fen(line["balance"]) for line in book["lines"]}
    assert {account: balances.get(account, 0) for account in SETTLED_ACCOUNTS} == dict.fromkeys(SETTLED_ACCOUNTS, 0)
    earned = sum(balance for account, balance in balances.items() if account.startswith("6"))
    assert balances["1002"] - balances["2241.03"] == earned > 0, "beside what the lender placed"


def test_limits__all_repaid__nothing_held_or_used(played: Played) -> None:
    with played.stage.installation.store.read() as session:
        taken = [(row.kind, row.held, row.used) for row in session.exec(select(LimitRow))]
    assert len(taken) == 5
    assert all(held == used == 0 for _, held, used in taken), taken


# h


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("the same invoice a second time", "invoice_already_registered"),
        ("a second pledge of the same amount", "chain_exceeds_free"),
        ("a confirmation by anybody but the debtor", "not_debtor"),
        ("an invoice above what was received", "invoice_above_received"),
        ("a replayed signature", "signature_replayed"),
    ],
)
def test_refusal__each__by_its_own_code(played: Played, what: str, code: str) -> None:
    assert played.story.refusals[what] == code


@pytest.mark.parametrize(
    "what",
    ["the same invoice a second time", "a confirmation by anybody but the debtor", "a replayed signature"],
)
def test_refusal__nothing_made_before__no_row_anywhere(played: Played, what: str) -> None:
    assert played.unchanged[what]


def test_refusals__on_chain__receivable_as_it_was(played: Played) -> None:
    assert played.at["h"]["chain"] == played.at["c"]["chain"]
