"""Files of past cases: what is read, and how a broken or hostile one is refused. All samples are invented."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainfin.errors import BadInput
from chainfin.risk.train import table as tables
from chainfin.risk.train.table import number, read_header, read_table, whole

BROKEN = {
    "empty": (b"", "data_empty"),
    "blank": (b"\n\n", "data_empty"),
    "header only": (b"a,b\n", "data_empty"),
    "ragged": (b"a,b\n1,2\n3\n", "data_malformed"),
    "two of a name": (b"a,a\n1,2\n", "data_malformed"),
    "no name": (b"a,\n1,2\n", "data_malformed"),
    "control name": (b"a,b\x1b[2J\n1,2\n", "data_malformed"),
    "zero byte": (b"a,b\n1,\x00\n", "data_malformed"),
    "not utf-8": (b"a,b\n1,\xff\xfe\n", "data_malformed"),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), "data_malformed"),
    "open quote": (b'a,b\n"1,2\n', "data_malformed"),
    "after quote": (b'a,b\n"1"x,2\n', "data_malformed"),
    "huge cell": (b"a,b\n" + b"9" * 5_000 + b",2\n", "data_malformed"),
    "endless cell": (b"a,b\n" + b"9" * 200_000 + b",2\n", "data_malformed"),
    "too wide": (",".join(f"c{n}" for n in range(2_001)).encode() + b"\n", "data_too_large"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_read_table__broken__refused_in_one_line(name: str) -> None:
    content, code = BROKEN[name]
    with pytest.raises(BadInput) as refused:
        read_table(content, "cases.csv")
    assert refused.value.code == code
    assert "\n" not in str(refused.value)
    assert "cases.csv" in str(refused.value.where)


def test_read_table__ragged__names_the_row() -> None:
    with pytest.raises(BadInput) as refused:
        read_table(b"a,b\n1,2\n3\n", "cases.csv")
    assert refused.value.where == "cases.csv, row 2"


def test_read_table__too_many_cells__refused_but_not_where_columns_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_CELLS", 5)
    content = b"a,b\n1,2\n3,4\n5,6\n"
    with pytest.raises(BadInput, match="data_too_large"):
        read_table(content, "cases.csv")
    kept = read_table(content, "cases.csv", drop={"b"})
    assert (kept.columns, kept.dropped) == ({"a": ["1", "3", "5"]}, ("b",))


def test_read_table__too_many_bytes__refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    with pytest.raises(BadInput, match="data_too_large"):
        read_table(b"a,b\n1,2\n3,4\n", "cases.csv")


def test_read_table__byte_order_mark_quotes_and_delimiter__read() -> None:
    read = read_table('\ufeffname;y\n"a; b";0\n c ;1\n'.encode(), "cases.csv", delimiter=";")
    assert read.columns == {"name": ["a; b", "c"], "y": ["0", "1"]}
    assert read_header(b"p,q\n", "cases.csv") == ["p", "q"]


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n"])
def test_read_table__delimiter_that_is_none__refused(delimiter: str) -> None:
    with pytest.raises(BadInput, match="delimiter_invalid"):
        read_table(b"a,b\n1,2\n", "cases.csv", delimiter=delimiter)


@pytest.mark.parametrize(
    "cell", ["inf", "nan", "1_000", "١٢", "0x10", "1e999999999", "1e999", "9" * 41, "1,5", "", "--1"]
)
def test_number__no_number_or_beyond_all_measure__none(cell: str) -> None:
    assert number(cell) is None


@pytest.mark.parametrize(
    ("cell", "decimals", "units"),
    [("12", 0, 12), ("-0.5", 0, -1), ("0.0882", 4, 882), ("1e-300", 9, 0), ("-1e-300", 9, -1), (".5", 1, 5)],
)
def test_whole__units__rounded_down(cell: str, decimals: int, units: int) -> None:
    value = number(cell)
    assert value is not None
    assert whole(value, decimals) == units


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**14), max_value=10**14),
    st.integers(-(10**20), 10**20),
    st.integers(0, 9),
)
def test_whole__any_value__on_the_same_side_of_any_edge(value: Decimal, edge: int, decimals: int) -> None:
    assert (whole(value, decimals) < edge) == (value < Decimal(edge).scaleb(-decimals))
