"""A keeper's count that finds less than two lenders' pledges: the younger one bears the loss, and all books agree."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import col, select

from chainfin.audit.verify import verify
from chainfin.errors import NotFound, Refused
from chainfin.services.goods import receipts
from chainfin.services.pledges import release
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow, WarehouseReceiptRow
from tests.e2e.audit_world import Town, goods, open_town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path)
    yield opened
    opened.inst.close()


def pledges(town: Town, receipt: str) -> list[PledgeRow]:
    """Oldest first."""
    with town.ctx.store.read() as session:
        query = select(PledgeRow).where(PledgeRow.asset_id == receipt).order_by(col(PledgeRow.block_number))
        return list(session.exec(query).all())


def held(town: Town, receipt: str) -> WarehouseReceiptRow:
    with town.ctx.store.read() as session:
        return session.get_one(WarehouseReceiptRow, receipt)


def test_recount__into_two_pledges__the_younger_is_lost_the_older_shrinks(town: Town) -> None:
    receipt = goods(town)
    loans = [town.funded("distributor", "inventory_pledge", receipt, amount, 60) for amount in (80_000_00, 60_000_00)]
    older, younger = (each.left for each in pledges(town, receipt))
    free = held(town, receipt).issued - older - younger
    keeper = town.actor("keeper")
    # what is free bears a small loss alone, and no pledge is named
    small = receipts.recount(town.ctx, keeper, receipt, Decimal(free // 2).scaleb(-3), "a damp corner")
    town.run()
    with town.ctx.store.read() as session:
        assert session.get_one(ActRow, small.id).params["pledgeIds"] == []
    assert (held(town, receipt).missing, held(town, receipt).pledged) == (free // 2, older + younger)
    beyond = free - free // 2 + younger + 1000
    receipts.recount(town.ctx, keeper, receipt, Decimal(beyond).scaleb(-3), "stolen at night")
    town.run()
    first, second = pledges(town, receipt)
    assert (first.status, first.lost, first.left) == ("active", 1000, older - 1000)
    assert (second.status, second.lost, second.left) == ("lost", younger, 0)
    assert [first.loan_id, second.loan_id] == loans
    now = held(town, receipt)
    assert (now.missing, now.pledged, now.status) == (free + younger + 1000, older - 1000, "issued")
    with town.ctx.store.read() as session:
        struck = session.exec(select(OutboxRow).where(OutboxRow.key == f"unregister:{second.id}")).one()
    assert (struck.status, struck.payload["reason"]) == ("done", "lost")
    assert town.reconciled().mismatches == ()
    for loan in loans:
        # the loans are owed as before, and their evidence tells of the loss
        report = _verified(town, loan)
        assert report == set(), report


def _verified(town: Town, loan: str) -> set[str]:
    report = verify(town.bundle(loan), [town.head], [town.partner_key])
    with town.ctx.store.read() as session:
        assert session.get_one(LoanRow, loan).status == "active"
    return {f"{check.name}: {check.what}" for check in report.failures}


def test_release__while_a_count_that_found_less_is_on_its_way__waits_and_releases_what_is_left(town: Town) -> None:
    receipt = goods(town)
    town.funded("distributor", "inventory_pledge", receipt, 80_000_00, 60)
    (pledge,) = pledges(town, receipt)
    free = held(town, receipt).issued - pledge.left
    receipts.recount(town.ctx, town.actor("keeper"), receipt, Decimal(free + 500).scaleb(-3), "fewer coils")
    with pytest.raises(Refused) as early:
        release.release_by_lender(town.ctx, town.actor("lender"), pledge.id)
    assert early.value.code == "count_under_way"
    town.run()
    release.release_by_lender(town.ctx, town.actor("lender"), pledge.id)
    town.run()
    with town.ctx.store.read() as session:
        made = session.exec(
            select(ActRow.status)
            .where(ActRow.subject == pledge.id, ActRow.function == "release")
            .order_by(col(ActRow.id))
        ).all()
    assert list(made) == ["final"]
    (after,) = pledges(town, receipt)
    assert (after.status, after.lost, after.released) == ("released", 500, pledge.left - 500)
    assert town.reconciled().mismatches == ()


def test_recount__more_than_is_held_or_of_another_keeper__refused(town: Town) -> None:
    receipt = goods(town)
    with pytest.raises(Refused) as refused:
        receipts.recount(town.ctx, town.actor("keeper"), receipt, Decimal("5000.001"), "all of it and more")
    assert refused.value.code == "exceeds_held"
    assert refused.value.details["held"] == "5000.000"
    with pytest.raises(NotFound) as unknown:
        receipts.recount(town.ctx, town.actor("keeper"), "0x" + "00" * 32, Decimal(1), "elsewhere")
    assert unknown.value.code == "warehouse_receipt_unknown"
