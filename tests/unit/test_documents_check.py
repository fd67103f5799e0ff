"""`chainfin documents check`: every file of a folder is told, with what is wrong; nothing reaches the terminal raw."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chainfin import samples
from chainfin.cli.main import app
from chainfin.cli.output import as_json_text, printable
from chainfin.documents import read
from tests.documents_as import as_cii, as_factur_x
from tests.unit.test_documents_fatturapa import p7m

TRADE = samples.trade(date(2026, 11, 21), "25447000000012345678")
CII = as_cii(read(TRADE["invoice"], source="invoice.xml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    deep = tmp_path / "a" / "deeper"
    deep.mkdir(parents=True)
    (tmp_path / "order.xml").write_bytes(TRADE["order"])
    (deep / "INVOICE.XML").write_bytes(CII)
    (deep / "invoice").write_bytes(as_factur_x(CII))
    (tmp_path / ".hidden.xml").write_bytes(TRADE["receipt"])
    return tmp_path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["documents", "check", *map(str, words)])


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_check__folder__every_file_read_whatever_it_is_called(folder: Path) -> None:
    result = run(folder, "--json")
    assert result.exit_code == 0
    told = {(each["file"], each["format"], each["kind"]) for each in lines(result)}
    assert told == {
        (str(folder / "order.xml"), "ubl", "order"),
        (str(folder / ".hidden.xml"), "ubl", "receipt_advice"),
        (str(folder / "a/deeper/INVOICE.XML"), "cii", "invoice"),
        (str(folder / "a/deeper/invoice"), "pdf", "invoice"),
    }


def test_check__table__a_line_for_each_file_and_the_counts(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0
    assert result.stdout.count("invoice 25447000000012345678 999767.50 CNY") == 2
    assert "4 files, 4 read" in result.stdout


def test_check__files_that_are_none__told_and_exit_code_1(folder: Path) -> None:
    (folder / "notes.txt").write_text("bring milk")
    (folder / "bad.xml").write_bytes(CII.replace(b"DuePayableAmount>999767.50", b"DuePayableAmount>1.00"))
    os.mkfifo(folder / "pipe.xml")
    (folder / "loop").symlink_to(folder)
    result = run(folder, folder / "gone.xml", "--json")
    assert result.exit_code == 1
    refused = {Path(str(each["file"])).name: each["faults"] for each in lines(result) if not each["read"]}
    codes = {name: faults[0]["code"] for name, faults in refused.items()}
    assert codes == {
        "notes.txt": "document_malformed",
        "bad.xml": "document_inconsistent",
        "pipe.xml": "file_unreadable",
        "loop": "file_unreadable",
        "gone.xml": "file_unreadable",
    }
    (fault,) = refused["bad.xml"]
    assert fault["rule"] == "BR-CO-16"
    assert fault["where"].endswith("/ram:DuePayableAmount")


def test_check__invoice_that_makes_no_claim__read_with_flags(folder: Path) -> None:
    (folder / "proforma.xml").write_bytes(CII.replace(b"TypeCode>380<", b"TypeCode>325<"))
    result = run(folder / "proforma.xml", "--json")
    assert result.exit_code == 0
    (told,) = lines(result)
    assert [flag["code"] for flag in told["flags"]] == ["invoice_type_refused"]
    assert "not financed: BR-CL-01" in run(folder / "proforma.xml").stdout


def test_check__totals_off_by_a_rounding__read_and_told(folder: Path) -> None:
    cent = CII.replace(b"LineTotalAmount>884750.00", b"LineTotalAmount>884750.01")
    (folder / "cent.xml").write_bytes(cent)
    (told,) = lines(run(folder / "cent.xml", "--json"))
    assert [each["rule"] for each in told["breaches"]] == ["BR-CO-10", "BR-CO-13"]
    assert "breaks BR-CO-10, BR-CO-13" in run(folder / "cent.xml").stdout


def test_check__names_and_texts_that_a_terminal_obeys__escaped(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b]0;owned\x07\u202egnp.xml"
    path.write_bytes(CII.replace(b"25447000000012345678", "INV\u202e\u009b2J".encode()))
    for result in (run(path), run(path, "--json")):
        assert result.exit_code == 0
        assert [sign for sign in result.stdout if not sign.isprintable() and sign != "\n"] == []
        assert "u202e" in result.stdout


@pytest.mark.parametrize("text", ["发票", "a\x1b[2J", "\u202e", "\u009b", "\udc80", "a\nb", "\U000e0001"])
def test_printable__any_text__on_one_line_and_json_stays_what_it_is(text: str) -> None:
    assert printable(text).isprintable()
    assert json.loads(as_json_text({"a": text})) == {"a": text}
    assert as_json_text(text).isprintable()


def test_check__signatures__told_by_kind_and_as_not_verified(tmp_path: Path) -> None:
    signature = (
        b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignatureValue>MA==</ds:SignatureValue>'
        b"</ds:Signature></Invoice>"
    )
    files = {
        "signed.xml": (TRADE["invoice"].replace(b"</Invoice>", signature), ["xmldsig"]),
        "plain.xml": (TRADE["invoice"], []),
        "signed.p7m": (p7m(CII), ["cades"]),
        "signed.pdf": (as_factur_x(CII) + b"\n% /ByteRange [0 1 2 3]", ["pdf"]),
        "plain.pdf": (as_factur_x(CII), []),
    }
    for name, (data, kinds) in files.items():
        (tmp_path / name).write_bytes(data)
        (told,) = lines(run(tmp_path / name, "--json"))
        assert told["read"], told
        assert told["signatures"] == [{"kind": kind, "verified": False} for kind in kinds]
