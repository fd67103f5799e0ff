"""The books over the API: months closed, trial balances by date and lender, each lender's part of the daily root."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from chainfin.eth.keys import address_of, new_private_key
from chainfin.rules import daily_root, ledger
from chainfin.rules.daily_root import Head, Step
from chainfin.rules.ledger import Journal
from chainfin.services.books import journals
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import end_of_day
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.api.conftest import Site, add_party

TODAY = datetime(2027, 2, 3, 4, 0, tzinfo=UTC)
LENDERS = ("lender_1", "lender_2")


def get(site: Site, who: str, path: str, **query: str) -> Any:
    return site.http.get(path, headers=site.as_(who), params=query)


def close(site: Site, who: str, period: str, key: str = "k") -> Any:
    return site.http.post(f"/v1/periods/{period}/close", headers=site.as_(who) | {"Idempotency-Key": key})


def posted(site: Site, key: str, lender: str, day: date, minor: int) -> None:
    amount = Money(minor, "CNY")
    entries = (ledger.debit(ledger.LOANS, amount, key), ledger.credit(ledger.CASH, amount, key))
    with site.ctx.store.begin() as session:
        journals.post(session, Journal(key, day, "test", key, entries, book=lender), now=site.ctx.clock.now())


@pytest.fixture
def books(site: Site) -> Site:
    """Two lenders, of which each lent a thing in January."""
    site.ctx.clock.move_to(TODAY)
    for number, lender in enumerate(LENDERS, 1):
        site.keys[lender] = new_private_key()
        add_party(site.ctx, lender, Role.LENDER, address_of(site.keys[lender]))
        posted(site, f"loan_{number}", lender, date(2027, 1, 10 * number), 100_00 * number)
    return site


def test_close__by_the_operator__what_comes_later_is_booked_on_the_first_open_day(books: Site) -> None:
    assert close(books, "operator", "2027-01").json()["code"] == "period_not_accrued"
    end_of_day.run(books.ctx, OPERATOR, date(2027, 2, 1))
    january = get(books, "operator", "/v1/audit/trial-balance", on="2027-01-31").json()
    assert close(books, "operator", "2027-01", "k2").status_code == 200
    assert [each["period"] for each in get(books, "core", "/v1/periods").json()["periods"]] == ["2027-01"]
    posted(books, "late", "lender_1", date(2027, 1, 15), 7_00)
    assert get(books, "operator", "/v1/audit/trial-balance", on="2027-01-31").json() == january
    by_value = get(books, "operator", "/v1/audit/trial-balance", on="2027-01-31", by="value").json()
    assert [line["balance"] for line in by_value["lines"] if line["account"] == ledger.LOANS.code] == ["307.00"]
    booked = get(books, "operator", "/v1/audit/trial-balance", on="2027-02-01").json()
    assert [line["balance"] for line in booked["lines"] if line["account"] == ledger.LOANS.code] == ["307.00"]


@pytest.mark.parametrize(
    ("who", "period", "code"),
    [
        ("lender_1", "2027-01", "operator_only"),
        ("operator", "2027-02", "period_not_over"),
        ("operator", "2027-13", "period_malformed"),
        ("operator", "january", "period_malformed"),
    ],
)
def test_close__not_to_be__refused_and_nothing_closed(books: Site, who: str, period: str, code: str) -> None:
    assert close(books, who, period).json()["code"] == code
    assert get(books, "operator", "/v1/periods").json() == {"periods": []}


def test_trial_balance__by_lender__each_sees_its_own_alone(books: Site) -> None:
    path = "/v1/audit/trial-balance"
    own = {lender: get(books, lender, path).json()["lines"][0]["balance"] for lender in LENDERS}
    assert own == {"lender_1": "-100.00", "lender_2": "-200.00"}
    assert get(books, "operator", path, lender="lender_2").json()["lines"][0]["balance"] == "-200.00"
    assert get(books, "lender_1", path, lender="lender_2").json()["code"] == "book_not_yours"
    assert get(books, "lender_1", path, on="2027-01-09").json()["lines"] == []


@pytest.mark.parametrize("day", ["0", "1.5e9", "2027-1-9", "20270109"])
def test_trial_balance__of_no_day__refused(books: Site, day: str) -> None:
    assert get(books, "operator", "/v1/audit/trial-balance", on=day).status_code == 422


def test_daily_root__each_lender__sees_its_own_head_and_can_check_it(books: Site) -> None:
    day = date(2027, 2, 3)
    assert get(books, "lender_1", f"/v1/audit/daily-roots/{day}").json()["code"] == "daily_root_missing"
    end_of_day.run(books.ctx, OPERATOR, day)
    for lender in LENDERS:
        told = get(books, lender, f"/v1/audit/daily-roots/{day}").json()
        (own,) = told["books"]
        steps = [Step(step["hash"], step["left"]) for step in own["path"]]
        head = Head(own["book"], own["number"], own["hash"])
        assert (head.book, head.number) == (lender, 1)
        assert daily_root.proved(day, told["previous"], head, steps) == told["root"]
    assert get(books, "supplier", f"/v1/audit/daily-roots/{day}").json()["books"] == []
    assert [each["book"] for each in get(books, "operator", f"/v1/audit/daily-roots/{day}").json()["books"]] == [
        *LENDERS
    ]
