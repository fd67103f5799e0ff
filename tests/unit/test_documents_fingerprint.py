"""The keyed identity of an invoice: the same however it is typed, another for another invoice or key."""

from dataclasses import replace
from datetime import date

import pytest

from chainfin import samples
from chainfin.documents import Party, read
from chainfin.documents.fingerprint import document_fingerprint, invoice_fingerprint
from chainfin.errors import BadInput

KEY = bytes(range(32))
SELLER = samples.SUPPLIER.uscc


@pytest.mark.parametrize(
    "typed",
    [
        "INV-2026/77", "inv-2026/77", " INV-2026/77 ", "INV - 2026/77", "#INV-2026/77", "INV–2026/77",
        "ＩＮＶ－２０２６／７７", "INV\u00a0-2026/77", "INV-\u200b2026/77", "\tINV-2026/77\n", "INV−2026/77",
        "ІNV-2026/77", "INV-2026/77.",
    ],
)  # fmt: skip
def test_invoice_fingerprint__typed_another_way__same(typed: str) -> None:
    assert invoice_fingerprint(KEY, SELLER, typed) == invoice_fingerprint(KEY, SELLER, "INV-2026/77")


def test_invoice_fingerprint__seller_typed_another_way__same() -> None:
    spaced = f" {SELLER[:6].lower()} {SELLER[6:]}"
    assert invoice_fingerprint(KEY, spaced, "1") == invoice_fingerprint(KEY, SELLER, "1")


@pytest.mark.parametrize(
    ("seller", "number", "series"),
    [(SELLER, "INV-2026/78", ""), (SELLER, "INV-20267/7", ""), (samples.CORE.uscc, "INV-2026/77", ""),
     (SELLER, "INV-2026/77", "0440"), (SELLER, "INV-202677", ""), (SELLER, "0INV-2026/77", "")],
)  # fmt: skip
def test_invoice_fingerprint__another_invoice__another(seller: str, number: str, series: str) -> None:
    one = invoice_fingerprint(KEY, SELLER, "INV-2026/77")
    assert invoice_fingerprint(KEY, seller, number, series=series) != one


def test_invoice_fingerprint__fields_run_together__another() -> None:
    assert invoice_fingerprint(KEY, "AB", "C") != invoice_fingerprint(KEY, "A", "BC")


def test_invoice_fingerprint__another_key__another() -> None:
    assert invoice_fingerprint(KEY, SELLER, "1") != invoice_fingerprint(bytes(32), SELLER, "1")


def test_invoice_fingerprint__known_vector__32_bytes_that_never_change() -> None:
    # Fingerprints are ids on a chain: a change of this value breaks the register.
    expected = "f2b7621ae56bfebf817371437ffc3962d5886a6296724cfb6643960e9c04cb43"
    assert invoice_fingerprint(KEY, "919900000000000192", "A-1").hex() == expected


def test_document_fingerprint__sample_invoice__that_of_its_seller_and_number() -> None:
    invoice = read(samples.trade(date(2026, 11, 21), "A-1")["invoice"], source="i.xml")
    assert document_fingerprint(KEY, invoice) == invoice_fingerprint(KEY, SELLER, "a-1")


@pytest.mark.parametrize(("seller", "number"), [("", "1"), (" - ", "1"), (SELLER, ""), (SELLER, "##")])
def test_invoice_fingerprint__nothing_left__invoice_identity_empty(seller: str, number: str) -> None:
    with pytest.raises(BadInput) as caught:
        invoice_fingerprint(KEY, seller, number)
    assert caught.value.code == "invoice_identity_empty"


def test_document_fingerprint__seller_without_a_legal_id__invoice_identity_empty() -> None:
    invoice = read(samples.trade(date(2026, 11, 21), "A-1")["invoice"], source="i.xml")
    with pytest.raises(BadInput) as caught:
        document_fingerprint(KEY, replace(invoice, seller=Party("Acme")))
    assert caught.value.code == "invoice_identity_empty"


def test_invoice_fingerprint__short_key__refused() -> None:
    with pytest.raises(BadInput) as caught:
        invoice_fingerprint(b"short", SELLER, "1")
    assert caught.value.code == "fingerprint_key_short"
