"""A debtor makes id and root of a receivable again from its own copy of the invoice; anything else has a name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from chainfin import samples
from chainfin.documents import read
from chainfin.documents.commitment import commit
from chainfin.documents.fingerprint import invoice_fingerprint, invoice_key
from chainfin.documents.model import Document
from chainfin.documents.opening import Opening, Revealed
from chainfin.errors import BadInput, Refused
from chainfin.values.money import Money

MASTER, SECRET = bytes(range(32)), bytes(range(32, 64))
SELLER = samples.SUPPLIER.uscc
INVOICE = read(samples.trade(date(2026, 11, 21), "SAMPLE-INV-0001")["invoice"], source="sample")
KEY = invoice_key(MASTER, SELLER, INVOICE.id)
ID = "0x" + invoice_fingerprint(KEY, SELLER, INVOICE.id).hex()
ROOT = "0x" + commit(INVOICE, SECRET).root.hex()
OPENING = Opening(KEY, SECRET, SELLER)
assert INVOICE.totals is not None
assert INVOICE.due_date is not None
SAID = Revealed(ID, ROOT, INVOICE.totals.payable, INVOICE.due_date)
CENT, DAY = Money(1, INVOICE.totals.payable.currency), timedelta(days=1)


def test_check__ones_own_copy__same_id_and_root() -> None:
    OPENING.check(INVOICE, SAID)
    OPENING.check(INVOICE, replace(SAID, face=SAID.face - CENT))  # not all of the goods came


def test_check__seller_known_by_another_id__that_one_counts() -> None:
    elsewhere = "529900T8BM49AURSDO55"
    key = invoice_key(MASTER, elsewhere, INVOICE.id)
    fingerprint = "0x" + invoice_fingerprint(key, elsewhere, INVOICE.id).hex()
    opening = Opening(key, SECRET, elsewhere)
    opening.check(INVOICE, replace(SAID, fingerprint=fingerprint), seller=elsewhere)
    with pytest.raises(Refused, match="seller"):
        OPENING.check(INVOICE, SAID, seller=elsewhere)


@pytest.mark.parametrize(
    ("opening", "invoice", "code"),
    [
        (replace(OPENING, seller_legal_id=samples.CORE.uscc), INVOICE, "invoice_seller_foreign"),
        (replace(OPENING, fingerprint_key=bytes(32)), INVOICE, "invoice_fingerprint_foreign"),
        (OPENING, replace(INVOICE, id="SAMPLE-INV-0002"), "invoice_fingerprint_foreign"),
        (replace(OPENING, document_secret=bytes(32)), INVOICE, "invoice_root_foreign"),
        (OPENING, replace(INVOICE, terms="a word more"), "invoice_root_foreign"),
    ],
)
def test_check__something_else__refused_by_name(opening: Opening, invoice: Document, code: str) -> None:
    with pytest.raises(Refused) as refused:
        opening.check(invoice, SAID)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("detail", "code"),
    [
        (replace(SAID, face=SAID.face + CENT), "invoice_face_foreign"),
        (replace(SAID, face=Money(SAID.face.minor, "EUR")), "invoice_face_foreign"),
        (replace(SAID, due_date=SAID.due_date - DAY), "invoice_due_date_foreign"),
        (replace(SAID, due_date=SAID.due_date + DAY), "invoice_due_date_foreign"),
    ],
)
def test_check__another_face_or_day_than_the_invoices__refused_by_name(detail: Revealed, code: str) -> None:
    with pytest.raises(Refused) as refused:
        OPENING.check(INVOICE, detail)
    assert refused.value.code == code


def test_check__no_day_in_the_invoice__the_agreed_one_counts() -> None:
    undated = replace(INVOICE, due_date=None)
    detail = replace(SAID, root="0x" + commit(undated, SECRET).root.hex())
    OPENING.check(undated, detail, due=detail.due_date)
    for agreed in (None, detail.due_date + DAY):
        with pytest.raises(Refused) as refused:
            OPENING.check(undated, detail, due=agreed)
        assert refused.value.code == "invoice_due_date_foreign"


def test_invoice_key__of_each_invoice_its_own() -> None:
    keys = {invoice_key(MASTER, SELLER, number) for number in ("1", "2")} | {
        invoice_key(MASTER, samples.CORE.uscc, "1")
    }
    assert len(keys) == 3
    assert invoice_key(MASTER, SELLER, " 1 ") in keys, "typed another way, the same invoice"
    with pytest.raises(BadInput) as short:
        invoice_key(b"short", SELLER, "1")
    assert short.value.code == "fingerprint_key_short"
