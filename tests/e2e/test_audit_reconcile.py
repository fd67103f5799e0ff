"""The reconciliation of a living installation: all agrees; whatever is changed behind its back is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from chainfin.connectors.outcome import Done
from chainfin.connectors.registry import Registration
from chainfin.errors import Forbidden, Unavailable
from chainfin.services.oversight import reconcile
from chainfin.services.oversight.reconcile_registry import RegistryEntry, Standing
from chainfin.values.money import Money
from tests.e2e.audit_world import Played, played_town

played = pytest.fixture(scope="module")(played_town)


@contextmanager
def tampered(played: Played, statement: str, back: str) -> Iterator[None]:
    """Somebody with a database prompt."""
    with played.town.ctx.store.engine.begin() as connection:
        connection.execute(text(statement))
    try:
        yield
    finally:
        with played.town.ctx.store.engine.begin() as connection:
            connection.execute(text(back))


def test_reconcile__honest_installation__all_agrees(played: Played) -> None:
    found = played.town.reconciled()
    assert found.mismatches == ()
    assert found.ok
    assert found.as_json()["ok"] is True
    assert found.looked_at["loans"] == 3
    assert found.looked_at["pledges"] == found.looked_at["registry entries"] == 2
    assert {"parties", "orders", "receivables", "warehouse receipts", "journals"} <= found.looked_at.keys()
    assert "everything agrees" in found.lines()[-1]


@pytest.mark.parametrize(
    ("change", "back", "name"),
    [
        ("update receivable set settled = settled - 1", "settled = settled + 1", "receivable.settled"),
        ("update warehouse_receipt set pledged = pledged - 1", "pledged = pledged + 1", "receipt.pledged"),
        (
            "update warehouse_receipt set pledged = pledged - 1",
            "pledged = pledged + 1",
            "asset.pledged is the sum of its pledges",
        ),
        (
            "update warehouse_receipt set reserved = 1",
            "reserved = 0",
            "asset.reserved is what is promised",
        ),
        ("update purchase_order set ordered = ordered + 1", "ordered = ordered - 1", "order.ordered"),
        ("update pledge set released = released + 1", "released = released - 1", "pledge.amount"),
        (
            "update pledge set registry_number = registry_number || 'X'",
            "registry_number = substr(registry_number, 1, length(registry_number) - 1)",
            "registry.number",
        ),
        ("update party set roles = roles + 256", "roles = roles - 256", "party.roles"),
        (
            "update entry set debit = debit + 1 where debit > 0",
            "debit = debit - 1 where debit > 0",
            "ledger.hash chain",
        ),
        (
            "update entry set debit = debit + 1 where debit > 0",
            "debit = debit - 1 where debit > 0",
            "ledger.trial balance",
        ),
        (
            "update entry set credit = credit + 1 where account = '1303' and credit > 0",
            "credit = credit - 1 where account = '1303' and credit > 0",
            "ledger.loans: principal",
        ),
        ("update loan set principal = principal + 1", "principal = principal - 1", "loan.principal"),
        (
            "update entry set credit = credit + 1 where account = '2241.01' and credit > 0",
            "credit = credit - 1 where account = '2241.01' and credit > 0",
            "ledger.payable to holders",
        ),
    ],
)
def test_reconcile__changed_behind_its_back__named(played: Played, change: str, back: str, name: str) -> None:
    table = change.split()[1]
    with tampered(played, change, f"update {table} set {back}"):
        found = played.town.reconciled()
        assert name in {m.name for m in found.mismatches}
        assert not found.ok
        assert any(name in line for line in found.lines())
    assert played.town.reconciled().ok


def test_reconcile__silent_registry__named(played: Played) -> None:
    class Silent:
        def entry(self, pledge_id: str) -> RegistryEntry:
            raise Unavailable("registry_silent", "no answer")

        def standing(self, asset_hash: str) -> list[Standing]:
            raise Unavailable("registry_silent", "no answer")

    town = played.town
    found = reconcile.run(town.ctx, town.actor("auditor"), _views(played), Silent())
    assert {m.name for m in found.mismatches} == {"registry.answer"}


def test_reconcile__struck_out_behind_our_back__named(played: Played) -> None:
    class Other:
        def entry(self, pledge_id: str) -> RegistryEntry:
            return RegistryEntry("not_found", None)

        def standing(self, asset_hash: str) -> list[Standing]:
            return []

    town = played.town
    found = reconcile.run(town.ctx, town.actor("auditor"), _views(played), Other())
    assert {m.name for m in found.mismatches} == {"registry.number", "registry.status"}


@pytest.mark.parametrize(
    ("table", "name"),
    [("pledge", "pledge.in_book"), ("warehouse_receipt", "receipt.in_book"), ("pledge", "registry.in_book")],
)
def test_reconcile__row_of_what_chain_and_registry_have_is_lost__named(played: Played, table: str, name: str) -> None:
    with played.town.ctx.store.engine.begin() as connection:
        # of a pledge that has ended the registry has no standing entry
        where = "where status = 'active'" if table == "pledge" else ""
        (lost,) = connection.execute(text(f"select min(id) from {table} {where}")).one()
    other = "0xffff" + lost[6:]
    with tampered(played, f"update {table} set id = '{other}' where id = '{lost}'", _renamed(table, other, lost)):
        named = {m.name: m.subject for m in played.town.reconciled().mismatches}
        assert named.get(name) == lost
    assert played.town.reconciled().ok


def _renamed(table: str, now: str, before: str) -> str:
    return f"update {table} set id = '{before}' where id = '{now}'"


def test_reconcile__live_pledge_that_lost_its_number__named(played: Played) -> None:
    with played.town.ctx.store.engine.begin() as connection:
        (lost, number) = connection.execute(
            text("select id, registry_number from pledge where status = 'active' limit 1")
        ).one()
    back = f"update pledge set registry_number = '{number}' where id = '{lost}'"
    with tampered(played, f"update pledge set registry_number = null where id = '{lost}'", back):
        (found,) = played.town.reconciled().mismatches
        assert (found.name, found.subject, found.found) == ("registry.number", lost, number)
    assert played.town.reconciled().ok


def test_reconcile__entry_over_our_asset_that_nobody_filed_here__named(played: Played) -> None:
    """Last of its kind: the entry is struck out again."""
    town, registry = played.town, played.town.inst.partners.registry
    with town.ctx.store.engine.begin() as connection:
        (asset,) = connection.execute(text("select min(id) from receivable")).one()
    today = town.ctx.clock.today()
    filed = Registration("elsewhere", "X", "Y", "receivable", asset[2:], Money(1, "CNY"), today, today)
    entry = registry.register(filed)
    assert isinstance(entry, Done)
    (found,) = town.reconciled().mismatches
    assert (found.name, found.subject) == ("registry.in_book", "elsewhere")
    assert isinstance(registry.cancel("elsewhere", str(entry.value.registry_no), "a mistake"), Done)
    assert town.reconciled().ok


def _views(played: Played) -> Any:
    from chainfin.chain.views import ContractViews

    return ContractViews(played.town.inst.node, played.town.ctx.contracts)


@pytest.mark.parametrize("who", ["supplier", "core", "lender"])
def test_reconcile__by_a_party__forbidden(played: Played, who: str) -> None:
    with pytest.raises(Forbidden) as caught:
        played.town.reconciled(who)
    assert caught.value.code == "role_missing"
