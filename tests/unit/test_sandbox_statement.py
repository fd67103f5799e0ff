"""What the sandbox's bank shows of an account: each payment on the side on which it is, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chainfin.connectors.sandbox import Played, Sandbox, World, start_sandbox
from chainfin.errors import Conflict
from chainfin.values.money import Money

CNY = "CNY"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[World]:
    made = World(sandbox)
    yield made
    made.close()


def pay(world: World, name: str, minor: int, payer: str, payee: str) -> str:
    line = world.pays(
        name, Money(minor, CNY), payer_account=payer, payer_name="x", payee_account=payee, remittance=f"for {name}"
    )
    return line.bank_reference


def told(world: World, account: str) -> list[tuple[str, str, str, str]]:
    lines = world.statement(account).lines
    return [(line.direction, line.amount, line.other_account, line.text) for line in lines]


def test_statement__of_payer_and_payee__each_sees_its_side(world: World) -> None:
    pay(world, "rent", 12_00, "A", "B")
    pay(world, "wages", 7_50, "B", "A")
    assert told(world, "A") == [("out", "12.00", "B", "for rent"), ("in", "7.50", "B", "for wages")]
    assert told(world, "B") == [("in", "12.00", "A", "for rent"), ("out", "7.50", "A", "for wages")]
    assert told(world, "C") == []


def test_statement__paid_out_and_given_back__what_was_refused_is_not_there(sandbox: Sandbox, world: World) -> None:
    reference = pay(world, "rent", 12_00, "A", "B")
    body = {"payee_name": "x", "amount": "5.00", "currency": CNY, "purpose": "loan"}
    refund = {"bank_reference": reference, "amount": "2.00", "currency": CNY, "reason": "too much"}
    with httpx.Client(base_url=sandbox.rail_url, trust_env=False) as rail:
        for payee in ("A", "CLOSED-A"):
            assert rail.put(f"/payments/{payee}", json={**body, "payee_account": payee}).is_success
        assert rail.put("/refunds/r-1", json=refund).is_success
    assert told(world, "A") == [
        ("out", "12.00", "B", "for rent"),
        ("in", "5.00", "", "loan"),
        ("in", "2.00", "", "too much"),
    ]
    assert told(world, "CLOSED-A") == []


def test_statement__longer_than_it_may_be__the_newest_lines(world: World) -> None:
    for number in range(205):
        pay(world, f"p{number}", number + 1, "A", "B")
    lines = told(world, "A")
    assert [lines[0][3], lines[-1][3], len(lines)] == ["for p5", "for p204", 200]


def test_played__what_a_real_partner_does__refused(world: World) -> None:
    played = Played(world, ("registry", "data"))
    assert played.acting_on("data") is world
    for here in (played, Played()):
        with pytest.raises(Conflict) as refused:
            here.acting_on("bank")
        assert refused.value.code == "sandbox_only"
