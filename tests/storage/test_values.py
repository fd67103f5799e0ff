"""What goes in comes out, at the extremes, on both databases; and what the tables themselves refuse."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Session, col, func, select

from chainfin.storage.ledger_tables import EntryRow, JournalRow
from chainfin.storage.lending_tables import ApplicationRow, LimitRow
from chainfin.storage.party_tables import FactRow, PartyRow
from chainfin.storage.store import Store
from chainfin.storage.trade_tables import DocumentRow, OrderRow, ReceivableRow, WarehouseReceiptRow

NOW = datetime(2026, 11, 21, 9, 0, 0, 123456, tzinfo=UTC)
TODAY = date(2026, 11, 21)
HIGHEST = 2**63 - 1


def journal(number: int) -> JournalRow:
    return JournalRow(
        key=f"k{number}",
        kind="test",
        ref="r",
        business_date=TODAY,
        value_date=TODAY,
        number=number,
        previous_hash="0",
        hash=f"h{number}",
        created_at=NOW,
    )


def entry(debit: int, credit: int) -> EntryRow:
    return EntryRow(journal_id=1, account="1002", ref="r", currency="CNY", debit=debit, credit=credit)


def party(name: str = "p") -> PartyRow:
    return PartyRow(
        id=name,
        cell="c0",
        name="虚构（样例）",
        legal_scheme="USCC",
        legal_value=name,
        commitment=name,
        commitment_salt="s",
        roles=255,
        address=name,
        account="a",
        created_at=NOW,
    )


def limit(**more: Any) -> LimitRow:
    made: dict[str, Any] = {"id": "l", "cell": "c0", "lender_id": "p", "kind": "debtor", "key": "k", "currency": "CNY"}
    return LimitRow(**{**made, "amount": 100, "updated_at": NOW, **more})


def receivable(**more: Any) -> ReceivableRow:
    made: dict[str, Any] = {"id": "r", "cell": "c0", "number": "n", "order_id": "o", "document_id": "d"}
    who = {"seller_id": "p", "debtor_id": "p", "holder_id": "p", "currency": "CNY"}
    return ReceivableRow(**{**made, **who, "face": 100, "due_date": TODAY, "created_at": NOW, **more})


def receipt(**more: Any) -> WarehouseReceiptRow:
    made: dict[str, Any] = {"id": "w", "cell": "c0", "number": "n", "keeper_id": "p", "owner_id": "p", "goods": {}}
    return WarehouseReceiptRow(
        **{
            **made,
            "good": "copper-cathode",
            "document_root": "r",
            "unit": "KGM",
            "issued": 100,
            "created_at": NOW,
            **more,
        }
    )


def order(**more: Any) -> OrderRow:
    made: dict[str, Any] = {"id": "o", "cell": "c0", "number": "n", "buyer_id": "p", "seller_id": "p"}
    return OrderRow(**{**made, "document_id": "d", "currency": "CNY", "ordered": 9, "created_at": NOW, **more})


@pytest.fixture
def furnished(store: Store) -> Store:
    """With the rows that others point at."""
    with store.begin() as session:
        session.add(party())
        session.add(journal(1))
        session.flush()
        document = {"id": "d", "cell": "c0", "kind": "order", "number": "1", "root": "r", "secret": "s"}
        session.add(DocumentRow(**document, canonical={}, source_sha256="x", created_at=NOW))
        session.flush()
        session.add(order())
    return store


def test_money__largest_amount__exact(furnished: Store) -> None:
    with furnished.begin() as session:
        session.add_all([entry(HIGHEST, 0), entry(0, HIGHEST), entry(HIGHEST, 0)])
    with furnished.read() as session:
        assert session.exec(select(EntryRow.debit).order_by(col(EntryRow.id))).all() == [HIGHEST, 0, HIGHEST]
        assert session.exec(select(EntryRow.credit)).all() == [0, HIGHEST, 0]


def test_money__sum_of_large_amounts__exact(furnished: Store) -> None:
    part = HIGHEST // 3
    with furnished.begin() as session:
        session.add_all([entry(part, 0), entry(part, 0), entry(part, 0)])
    with furnished.read() as session:
        assert int(session.exec(select(func.sum(EntryRow.debit))).one()) == 3 * part


def test_money__beyond_64_bits__refused(furnished: Store) -> None:
    with pytest.raises((StatementError, OverflowError)), furnished.begin() as session:
        session.add(entry(HIGHEST + 1, 0))
    with furnished.read() as session:
        assert session.exec(select(EntryRow)).all() == []


MOMENTS = [
    NOW,
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 11, 21, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=8))),
    datetime(2026, 11, 21, 0, 0, 0, 1, tzinfo=timezone(-timedelta(hours=11, minutes=30))),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_time__any_zone_to_the_microsecond__same_instant_in_utc(furnished: Store, moment: datetime) -> None:
    with furnished.begin() as session:
        row = journal(2)
        row.created_at = moment
        session.add(row)
    with furnished.read() as session:
        found = session.exec(select(JournalRow.created_at).where(JournalRow.key == "k2")).one()
        assert found == moment
        assert found.utcoffset() == timedelta(0)
        # and it is compared as an instant, too
        assert session.exec(select(JournalRow.key).where(JournalRow.created_at == moment, JournalRow.key == "k2")).all()
        assert (
            session.exec(select(func.count()).where(JournalRow.created_at > moment, JournalRow.key == "k2")).one() == 0
        )


def test_time__without_zone__refused(furnished: Store) -> None:
    row = journal(2)
    row.created_at = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError, match="needs a zone"), furnished.begin() as session:
        session.add(row)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**200), 2**200) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab中"\\\0', max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.dictionaries(st.text("xyz", max_size=3), JSON, max_size=4))
def test_json__any_value__same_value(store: Store, value: dict[str, object]) -> None:
    with store.begin() as session:
        session.merge(FactRow(name="f", value=value))
    with store.read() as session:
        assert session.get_one(FactRow, "f").value == value


def test_json__changed_member__noticed_only_as_a_whole(store: Store) -> None:
    """JSON is replaced, never edited in place; the services do so, and this is why."""
    with store.begin() as session:
        session.add(FactRow(name="f", value={"a": 1}))
    with store.begin() as session:
        row = session.get_one(FactRow, "f")
        row.value = {**row.value, "b": 2**63}
        session.add(row)
    with store.read() as session:
        assert session.get_one(FactRow, "f").value == {"a": 1, "b": 2**63}


OVER = [
    (entry(0, 0), "no side"),
    (entry(5, 5), "both sides"),
    (entry(-5, 0), "negative"),
    (entry(-5, 5), "negative against positive"),
    (limit(held=101), "held above the limit"),
    (limit(held=60, used=41), "held and used above the limit"),
    (limit(held=-1), "negative hold"),
    (limit(held=101, used=-1), "negative use"),
    (receivable(pledged=101), "over-pledged"),
    (receivable(pledged=60, reserved=41), "pledged and reserved above the face"),
    (receivable(settled=60, diluted=41), "settled and diluted above the face"),
    (receivable(pledged=-1), "negative pledge"),
    (receivable(split_away=50, settled=-1), "negative settlement"),
    (receipt(pledged=60, released=41), "pledged and released above the quantity"),
    (receipt(reserved=-1), "negative reservation"),
    (receipt(liquidated=101), "liquidated more than was stored"),
]


@pytest.mark.parametrize("row", [row for row, _ in OVER], ids=[name for _, name in OVER])
def test_checks__breach__refused(furnished: Store, row: Any) -> None:
    fresh = type(row)(**row.model_dump())
    with pytest.raises(IntegrityError), furnished.begin() as session:
        session.add(fresh)


@pytest.mark.parametrize(
    "change",
    [{"invoiced": 1}, {"received": 1}, {"confirmed": 1}, {"despatched": 5, "received": 4, "invoiced": 5}],
    ids=str,
)
def test_checks__order_out_of_match__refused(furnished: Store, change: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), furnished.begin() as session:
        session.add(order(id="o2", **change))


def test_checks__at_the_edge__taken(furnished: Store) -> None:
    with furnished.begin() as session:
        session.add(limit(amount=HIGHEST, held=1, used=HIGHEST - 1))
        session.add(receivable(face=HIGHEST, pledged=HIGHEST - 1, reserved=1))
        session.add(receipt(issued=HIGHEST, released=HIGHEST))
        session.add(order(id="o2", ordered=HIGHEST, despatched=9, received=9, invoiced=9, confirmed=9))
    with furnished.read() as session:
        assert session.get_one(LimitRow, "l").used == HIGHEST - 1


def test_checks__raised_above_by_update__refused_and_rolled_back(furnished: Store) -> None:
    with furnished.begin() as session:
        session.add(limit(held=90))
    with pytest.raises(IntegrityError), furnished.begin() as session:
        _find(session).held += 11
    with furnished.read() as session:
        assert _find(session).held == 90


def _find(session: Session) -> LimitRow:
    return session.get_one(LimitRow, "l")


def test_foreign_keys__unknown_party__refused(store: Store) -> None:
    with pytest.raises(IntegrityError), store.begin() as session:
        session.add(
            ApplicationRow(
                id="a",
                cell="c0",
                product="general_310",
                borrower_id="nobody",
                lender_id="nobody",
                currency="CNY",
                requested=1,
                days=1,
                created_at=NOW,
                updated_at=NOW,
            )
        )
