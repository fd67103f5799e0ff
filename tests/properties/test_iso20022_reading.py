"""Whatever a bank's file has become on its way: a coded refusal, or a message in which no entry is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from chainfin.connectors.iso20022 import camt, follows, status
from chainfin.connectors.iso20022.model import Message
from chainfin.connectors.iso20022.status import StatusReport
from chainfin.errors import BadInput
from chainfin.rules.bank_order import Standing
from tests.unit import bank_samples as bank
from tests.unit import test_iso20022_status as reports

PARTS = bank.transaction("600.00", refs="<EndToEndId>E-1</EndToEndId>", remittance=bank.structured("RF18539007547034"))
FULL = bank.statement(
    bank.entry(details=PARTS + bank.transaction("400.00", remittance="<Ustrd>货款</Ustrd>")),
    bank.entry("9.00", status="<Cd>PDNG</Cd>", bank_reference="B-2"),
    bank.entry("12.34", sign="DBIT", reversal="<RvslInd>true</RvslInd>", bank_reference="B-3", text="冲正"),
    bank.entry("0.34", bank_reference="B-4", valued="<ValDt><DtTm>2026-03-01T12:00:00Z</DtTm></ValDt>"),
    closing="1488.00",
)
BANK_FILES = [
    bank.camt053(FULL, bank.statement(bank.entry(), name="ST-62")),
    bank.camt054(bank.entry(details=PARTS + bank.transaction("400.00"))),
]
REPORTS = [
    reports.report(
        reports.order(
            reports.payment("ACSC"), reports.payment("RJCT", instruction="I-2", end_to_end="E-2", reason=reports.REASON)
        ),
        reports.order(reports.payment("ACSP"), name="P-2"),
        code="PART",
    ),
]
TEXTS = [
    "",
    "0",
    "-1",
    "1e9",
    "NaN",
    "1_000",
    "٣",
    "0.001",
    "9" * 30,
    "USD",
    "BTC",
    "2026-13-01",
    "0000-01-01",
    "true",
    " ",
    "x" * 600,
    "\u2028",
    "\u202e",
    "BOOK",
    "PDNG",
    "CRDT",
    "DBIT",
    "ACSC",
    "RF18539007547034",
    "9999-12-31T24:00:00",
]


@st.composite
def bytes_changed(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """A file cut short, or with some bytes overwritten, dropped or put in."""
    data = bytearray(draw(st.sampled_from(files)))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        data[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    return bytes(data)


@st.composite
def elements_changed(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """Still XML, but elements are gone, doubled, moved, or say something else."""
    root = etree.fromstring(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, 4))):
        elements = [item for item in root.iter() if item.getparent() is not None]
        if not elements:
            break
        item = draw(st.sampled_from(elements))
        parent = item.getparent()
        assert parent is not None
        match draw(st.sampled_from(["delete", "double", "move", "text", "attribute", "rename"])):
            case "delete":
                parent.remove(item)
            case "double":
                item.addnext(etree.fromstring(etree.tostring(item, with_tail=False)))
            case "move":
                parent.insert(0, item)
            case "text":
                item.text = draw(st.sampled_from(TEXTS))
            case "attribute":
                item.set("Ccy", draw(st.sampled_from(TEXTS)))
            case _:
                item.tag = f"{{{etree.QName(root).namespace}}}Other"
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


T = TypeVar("T")


def outcome(read: Callable[[bytes], T], data: bytes) -> T | BadInput:
    try:
        return read(data)
    except BadInput as error:
        return error


def check_refusal(error: BadInput) -> None:
    """One coded line that names the file."""
    assert (error.where or "").startswith("f.xml")
    assert "\n" not in str(error)


def bank_message(data: bytes) -> Message:
    return camt.read(data, source="f.xml")


def status_report(data: bytes) -> StatusReport:
    return status.read(data, source="f.xml")


def entries_in(root: etree._Element) -> int:
    """Entries that stand where entries belong: right in a statement or notification."""
    namespace = etree.QName(root).namespace
    return sum(
        len(holder.findall(f"{{{namespace}}}Ntry"))
        for name in ("Stmt", "Ntfctn")
        for holder in root.iter(f"{{{namespace}}}{name}")
    )


def check_bank(data: bytes) -> None:
    message = outcome(bank_message, data)
    if isinstance(message, BadInput):
        check_refusal(message)
        return
    read = sum(len(found.entries) + len(found.unbooked) + len(found.parked) for found in message.statements)
    read += sum(entries_in(etree.fromstring(part.raw_xml)) for part in message.parked)
    assert read == entries_in(etree.fromstring(data))
    previous = None
    for found in message.statements:
        for entry in found.entries:
            signed = sum(one.amount.minor if one.credit else -one.amount.minor for one in entry.payments)
            assert entry.amount.minor > 0
            assert signed == entry.signed.minor
            assert entry.amount.currency == found.currency
        for parked in found.parked:
            assert etree.QName(etree.fromstring(parked.raw_xml)).localname == "Ntry"
            assert parked.code
        follows(previous, found)
        previous = found


@settings(max_examples=300)
@given(st.one_of(bytes_changed(BANK_FILES), st.binary(max_size=300)))
def test_read_camt__any_bytes__refused_by_name_or_no_entry_lost(data: bytes) -> None:
    check_bank(data)


@settings(max_examples=600)
@given(elements_changed(BANK_FILES))
def test_read_camt__any_elements__refused_by_name_or_no_entry_lost(data: bytes) -> None:
    check_bank(data)


@settings(max_examples=200)
@given(st.one_of(bytes_changed(REPORTS), elements_changed(REPORTS), st.binary(max_size=300)))
def test_read_status__anything__refused_by_name_or_a_report(data: bytes) -> None:
    report = outcome(status_report, data)
    if isinstance(report, BadInput):
        check_refusal(report)
        return
    found = report.of("MSG-1", "P-1", "I-1", "E-1")
    assert found.standing is not Standing.PAID or found.code == "ACSC"


@given(st.integers(0, 3))
def test_follows__an_entry_taken_out__its_amount_is_named(place: int) -> None:
    whole = bank.camt053(FULL)
    root = etree.fromstring(whole)
    entries = [item for item in root.iter() if etree.QName(item).localname == "Ntry"]
    parent = entries[place].getparent()
    assert parent is not None
    parent.remove(entries[place])
    assert follows(None, bank_message(whole).statements[0]) is None
    found = follows(None, bank_message(etree.tostring(root)).statements[0])
    gone = [-100_000, 0, 1234, -34][place]
    assert (0 if found is None else found.minor) == gone
    assert (found is None) == (gone == 0)
