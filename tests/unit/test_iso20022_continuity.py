"""A statement that doesn't go on where the last one ended is named, to the fen."""

from __future__ import annotations

from datetime import date

import pytest

from chainfin.connectors.iso20022 import Difference, camt, follows
from chainfin.connectors.iso20022.model import Statement
from tests.unit.bank_samples import ACCOUNT, balance, camt053, camt054, entry, statement


def read(data: bytes) -> Statement:
    return camt.read(data, source="b.xml").statements[0]


def first(**changes: str) -> Statement:
    return read(camt053(statement(entry(), **changes)))


def second(
    *entries: str, number: str = "62", opening: str | None = "1500.00", closing: str | None = "1400.00", **changes: str
) -> Statement:
    """The day after `first`: 100.00 went out."""
    return read(
        camt053(
            statement(
                *(entries or (entry("100.00", sign="DBIT"),)),
                name=changes.pop("name", "ST-62"),
                number=f"<ElctrncSeqNb>{number}</ElctrncSeqNb>" if number else "",
                opening=opening,
                closing=closing,
                **changes,
            )
        )
    )


def difference(previous: Statement | None, statement: Statement) -> Difference:
    found = follows(previous, statement)
    assert found is not None
    return found


def test_follows__first_and_next_that_fit__none() -> None:
    assert follows(None, first()) is None
    assert follows(first(), second()) is None


@pytest.mark.parametrize(
    ("statement", "code", "minor"),
    [
        (second(number="63"), "sequence_gap", 0),
        (second(number="60"), "sequence_back", 0),
        (second(number=""), "sequence_missing", 0),
        (second(opening="1500.01", closing="1400.01"), "opening_differs", 1),
        (second(opening="1400.00", closing="1300.00"), "opening_differs", -10_000),
        (second(opening=None), "balance_missing", 0),
        (second(closing=None), "balance_missing", 0),
        (second(closing="1399.99"), "sum_differs", 1),
        (second(entry("100.00", sign="DBIT"), entry("0.07")), "sum_differs", 7),
        (second(account=ACCOUNT.replace("6217", "6218")), "account_differs", 0),
        (
            second(
                entry("100.00", sign="DBIT", currency="USD"),
                account=ACCOUNT.replace("CNY", "USD"),
                balances=balance("OPBD", "1500", currency="USD") + balance("CLBD", "1400", currency="USD"),
            ),
            "currency_differs",
            0,
        ),
        (second(number="61"), "statement_altered", 0),
        (second(name="ST-61"), "statement_altered", 0),
        (second(name="ST-61", number=""), "statement_altered", 0),
        (read(camt054(entry())), "kind_differs", 0),
    ],
)
def test_follows__does_not_fit__named_with_the_money_in_question(statement: Statement, code: str, minor: int) -> None:
    found = difference(first(), statement)
    assert (found.code, found.minor) == (code, minor)


def test_follows__sum_differs__both_amounts_are_told() -> None:
    assert difference(None, second(closing="1399.99")).message == (
        "the entries move -100.00, the balances -100.01: 0.01 CNY"
    )


def test_follows__delivered_again_in_another_layout__the_same_one() -> None:
    again = camt053(statement(entry(), created="2026-03-03T08:00:00+08:00")).replace(b"><", b">\n  <")
    again = again.replace(b"<CdtDbtInd>", b"<CdtDbtInd><!-- sign -->")
    assert difference(first(), read(again)).code == "statement_again"


def test_follows__one_fen_in_a_text_changed__altered() -> None:
    altered = read(camt053(statement(entry("1000.01"), closing="1500.01")))
    assert difference(first(), altered).code == "statement_altered"


def test_follows__parked_entry_of_known_amount__the_sum_holds() -> None:
    assert follows(first(), second(entry("100.00", sign="DBIT", valued=""))) is None


def test_follows__parked_entry_of_unknown_amount__the_gap_is_named() -> None:
    found = difference(first(), second(entry("100.001", sign="DBIT")))
    assert (found.code, found.minor) == ("sum_differs", 10_000)
    assert "1 parked" in found.message


def test_follows__overdrawn_account__signs_hold() -> None:
    balances = balance("OPBD", "1500") + balance("CLBD", "250", sign="DBIT")
    assert follows(first(), second(entry("1750.00", sign="DBIT"), balances=balances)) is None


def test_follows__opening_stated_as_last_closing__taken() -> None:
    before = balance("PRCD", "1500", day="2026-03-02")
    taken = second(balances=before + balance("CLBD", "1400", day="2026-03-03"))
    assert follows(first(), taken) is None
    assert taken.opening is not None
    assert taken.opening.on == date(2026, 3, 3), "the end of a day is the beginning of the next"


def test_follows__interim_balances_on_a_whole_statement__stand_in_for_none() -> None:
    assert (
        difference(first(), second(balances=balance("ITBD", "1500") + balance("CLBD", "1400"))).code
        == "balance_missing"
    )
    assert (
        difference(first(), second(balances=balance("OPBD", "1500") + balance("ITBD", "1400"))).code
        == "balance_missing"
    )


def page(number: int, last: bool, balances: str, amount: str) -> Statement:
    stated = f"<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{str(last).lower()}</LastPgInd></StmtPgntn>"
    return second(entry(amount), page=stated, balances=balances)


def test_follows__pages__each_goes_on_from_the_one_before() -> None:
    one = page(1, False, balance("OPBD", "1500") + balance("ITBD", "1510"), "10")
    two = page(2, False, balance("ITBD", "1510") + balance("ITBD", "1530"), "20")
    three = page(3, True, balance("ITBD", "1530") + balance("CLBD", "1560"), "30")
    for previous, following in ((first(), one), (one, two), (two, three)):
        assert follows(previous, following) is None
    after = second(number="63", name="ST-63", opening="1560", closing="1460")
    assert follows(three, after) is None
    assert difference(one, three).code == "sequence_gap"
    assert difference(two, after).code == "sequence_gap"
    assert difference(three, two).code == "sequence_back"
    assert difference(two, two).code == "statement_again"
    assert difference(one, page(2, False, balance("ITBD", "1511") + balance("ITBD", "1531"), "20")).minor == 100


def test_follows__notifications__only_their_numbers_count() -> None:
    now = read(camt054(entry()))
    later = read(camt054(entry()).replace(b"NT-1", b"NT-2").replace(b">7<", b">8<"))
    assert follows(None, now) is None
    assert follows(now, later) is None
    assert difference(later, now).code == "sequence_back"
